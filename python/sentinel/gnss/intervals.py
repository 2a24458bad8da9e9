# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals of interference: opened at once, followed, closed when it has been quiet for a while."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .gain.power_meter import Levels, LevelSums


@dataclass(frozen=True)
class Second:
    """One detected snapshot, as an interval needs it.

    Attributes
    ----------
    sample_start, sample_end : int
        Place on the input's own timeline; the end is one past the last sample.
    time_s : float
        POSIX time of the first sample, NaN without a clock.
    score : float
    false_alarm_probability : float
        That a quiet snapshot reaches the score.
    signal_power : ndarray, shape (N,)
        Power over the reference in each channel, not negative.
    noise_power : ndarray, shape (N,)
    rise_db : float
    impact : dict of str to float
        Effect on a receiver, see `effect`.
    saturated_share, filled_share, lost_samples : float
    flags : tuple of str
    description : ndarray
        Columns of `description.NAMES`.
    levels : Levels or None
        In absolute terms.
    """

    sample_start: int
    sample_end: int
    time_s: float
    score: float
    false_alarm_probability: float
    signal_power: np.ndarray
    noise_power: np.ndarray
    rise_db: float
    impact: dict[str, float]
    saturated_share: float
    filled_share: float
    lost_samples: float
    flags: tuple[str, ...]
    description: np.ndarray
    levels: Levels | None = None


@dataclass
class Interval:
    """What is known of one interval; sums only, so that a day of jamming takes no memory.

    Attributes
    ----------
    first, last : Second
        With which it opened, and the last with a detection.
    snapshots, detected : int
        Since it opened, and those with a detection.
    score, false_alarm_probability : float
        Of the strongest.
    signal_power, noise_power : ndarray, shape (N,)
        Sums over the detected snapshots.
    impact : dict of str to float
        Of the worst, which is what a receiver suffers from.
    rise_db, saturated, filled, lost : float
        Sums.
    flags : set of str
    levels : LevelSums
    """

    first: Second
    last: Second
    snapshots: int = 0
    detected: int = 0
    score: float = -np.inf
    false_alarm_probability: float = 1.0
    signal_power: np.ndarray = field(default_factory=lambda: np.zeros(0))
    noise_power: np.ndarray = field(default_factory=lambda: np.zeros(0))
    impact: dict[str, float] = field(default_factory=dict)
    rise_db: float = 0.0
    saturated: float = 0.0
    filled: float = 0.0
    lost: float = 0.0
    flags: set[str] = field(default_factory=set)
    levels: LevelSums = field(default_factory=LevelSums)

    def add(self, second: Second) -> None:
        """One more detected snapshot."""
        self.last = second
        self.detected += 1
        if second.score > self.score:
            self.score, self.false_alarm_probability = second.score, second.false_alarm_probability
        if not len(self.signal_power):
            self.signal_power = np.zeros(len(second.signal_power))
            self.noise_power = np.zeros(len(second.noise_power))
        self.signal_power += second.signal_power
        self.noise_power += second.noise_power
        self.rise_db += second.rise_db
        self.saturated += second.saturated_share
        self.filled += second.filled_share
        self.lost += second.lost_samples
        self.flags.update(second.flags)
        if second.levels is not None:
            self.levels.add(second.levels)
        if not self.impact or second.impact["cn0_loss_db"] >= self.impact["cn0_loss_db"]:
            self.impact = dict(second.impact)


class Tracker:
    """Joins detected snapshots to intervals.

    Parameters
    ----------
    hold : int
        Snapshots without a detection after which an interval ends.
    """

    def __init__(self, hold: int) -> None:
        self.hold = hold
        self.open: Interval | None = None
        self._quiet = 0

    def step(self, second: Second | None) -> tuple[str, Interval] | None:
        """Take the next snapshot: a `Second` if it was detected, else None.

        Returns
        -------
        (`open`, `update` or `closed`, the interval), or None if nothing is open.
        """
        if self.open is None:
            if second is None:
                return None
            self.open = Interval(second, second, snapshots=1)
            self._quiet = 0
            self.open.add(second)
            return "open", self.open
        self.open.snapshots += 1
        if second is not None:
            self.open.add(second)
            self._quiet = 0
        else:
            self._quiet += 1
        return self.end() if self._quiet > self.hold else ("update", self.open)

    def end(self) -> tuple[str, Interval] | None:
        """Close what is open: at a gap, at the end of the input."""
        interval, self.open = self.open, None
        return None if interval is None else ("closed", interval)
