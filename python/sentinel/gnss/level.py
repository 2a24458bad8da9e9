# SPDX-License-Identifier: GPL-3.0-or-later
"""The level a receiver shows when nothing is there: followed with its slope, bounded by an anchor.

Receivers drift, and a mean of the last minute lags behind. A filter of level and slope (alpha-beta)
foresees the level of the snapshot at hand from those learned some seconds before. What it is wrong by is
measured as it goes: a receiver that wanders must rise further than a steady one before it counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class LevelSettings:
    """Rates and bounds, in snapshots and dB.

    Attributes
    ----------
    line : int
        Snapshots through which a straight line would be as steady as the filter.
    slope_reach : float
        Snapshots over which the slope is believed where nothing can be learned.
    least_sigma_db : float
        The level of the steadiest receiver counts as this uncertain.
    jump_db : float
        A change that is no drift: seen twice, the level is taken as it is and the slope kept. Once is a
        glitch and changes nothing.
    band_db : float
        How far the level may go from the anchor.
    anchor : float
        Time constant of the anchor.
    """

    line: int = 8
    slope_reach: float = 12.0
    least_sigma_db: float = 0.06
    jump_db: float = 0.3
    band_db: float = 1.75
    anchor: float = 7200.0


class LevelReference:
    """Level of one receiver at a reference gain, as a function of the place of a snapshot.

    Parameters
    ----------
    settings : LevelSettings, optional
    """

    def __init__(self, settings: LevelSettings | None = None) -> None:
        self.settings = settings or LevelSettings()
        self._begin(math.nan, 0)
        self._error = 0.0
        self._errors = 0

    def _begin(self, level_db: float, place: int) -> None:
        self._level_db = self._anchor_db = level_db
        self._slope = 0.0
        self._place = place
        self._count = 0
        self._learned = 0
        self._jumped = False
        self._at_bound = False

    @property
    def known(self) -> bool:
        """Whether anything was learned."""
        return self._learned > 0

    @property
    def level_db(self) -> float:
        """Of the snapshot learned last, as the filter has it; NaN where nothing was learned."""
        return self._level_db

    def expected_db(self, place: int) -> float:
        """Level to be expected at a place, the number of a snapshot; NaN where nothing was learned."""
        reach = self.settings.slope_reach
        ahead = reach * -math.expm1(-max(place - self._place, 0) / reach)
        return self._bounded(self._level_db + self._slope * ahead)

    def sigma_db(self, place: int) -> float:
        """How far the expected level may be wrong: more, the longer nothing was learned."""
        waited = min(max(place - self._place, 0) / 10, 8.0)
        return math.hypot(self.settings.least_sigma_db, math.sqrt(self._error) * max(1.0, waited))

    def restart(self, level_db: float, place: int) -> None:
        """Begin again at a level: nothing learned before compares with it."""
        self._begin(level_db, place)

    def learn(self, level_db: float, place: int, rise_db: float, steady: int, gain_told: bool) -> None:
        """Take the level of a quiet snapshot.

        Parameters
        ----------
        level_db : float
        place : int
            Not below that of the one before.
        rise_db : float
            What the snapshot was above the level expected when it came: the error that counts.
        steady : int
            Snapshots that the anchor is the plain mean of.
        gain_told : bool
            Whether a fall cannot be a change of gain.
        """
        if not self.known:
            self._begin(level_db, place)
        self._learned += 1
        step = max(place - self._place, 1)
        before_db = self._level_db
        self._level_db += self._slope * step
        error = level_db - self._level_db
        jumps = abs(error) > self.settings.jump_db and self._learned > 1
        if jumps and not self._jumped:
            self._level_db, self._jumped = before_db, True
            return
        self._jumped = False
        if jumps:
            self._level_db = level_db
            self._count = min(self._count, 3)
        else:
            self._follow(error, step)
            # Beyond the band it is the reference that stands still, not the receiver that wanders.
            if abs(rise_db) <= 2 * self.settings.jump_db and self._learned > 3 and not self._at_bound:
                self._errors += 1
                self._error += (rise_db**2 - self._error) / min(self._errors, 40)
        self._place = place
        self._hold(steady, gain_told)

    def _follow(self, error: float, step: int) -> None:
        """One step of the filter: gains of a straight line through few values, then steady ones."""
        self._count += 1
        n = min(self._count, self.settings.line)
        # What the n-th value adds to a straight line through n of them.
        gain = 2 * (2 * n - 1) / (n * (n + 1))
        slope_gain = 6 / (n * (n + 1)) if n > 1 else 0.0
        self._level_db += gain * error
        self._slope += slope_gain * error / step

    def _hold(self, steady: int, gain_told: bool) -> None:
        """Move the anchor, and keep the level within its band."""
        settings = self.settings
        rate = 1 / (self._learned if self._learned <= steady else settings.anchor)
        self._anchor_db += (self._level_db - self._anchor_db) * rate
        if self._learned <= steady:
            return
        if gain_told:
            # Nobody takes noise away: a floor that fell is the truer one, as after a start amid jamming.
            self._anchor_db = min(self._anchor_db, self._level_db + settings.band_db)
        bounded = self._bounded(self._level_db)
        self._at_bound = bounded != self._level_db
        if self._at_bound:
            self._level_db, self._slope = bounded, 0.0

    def _bounded(self, level_db: float) -> float:
        band = self.settings.band_db
        return min(max(level_db, self._anchor_db - band), self._anchor_db + band)
