# SPDX-License-Identifier: GPL-3.0-or-later
"""The detector with memory of its intervals: snapshots in, decisions and revisions of events out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..core.decision import Decision
from ..core.event import Event
from .detector import Detector, Judgement
from .effect import impact
from .events import Sensor, decision_of, opened, revised
from .intervals import Interval, Second, Tracker
from .snapshots import Snapshots

#: Seconds between two updates of an event that lasts.
UPDATE_S = 10.0


@dataclass(frozen=True)
class Step:
    """What one snapshot brought.

    Attributes
    ----------
    judgement : Judgement
    decision : Decision
    second : Second or None
        Where interference was detected.
    event : Event or None
        The revision to publish.
    follows : str
        Id of the event the snapshot belongs to, empty if none is open.
    """

    judgement: Judgement
    decision: Decision
    second: Second | None
    event: Event | None
    follows: str = ""


class Monitor:
    """Follows one receiver.

    Parameters
    ----------
    detector : Detector
    sensor : Sensor
    probability : callable
        From a score to the probability that a quiet snapshot reaches it.
    hold_s : float
    cn0_db_hz : float
        Of an undisturbed receiver, for which the impact is stated.
    """

    def __init__(
        self,
        detector: Detector,
        sensor: Sensor,
        probability: Callable[[float], float],
        hold_s: float = 5.0,
        cn0_db_hz: float = 45.0,
    ) -> None:
        self.detector = detector
        self.sensor = sensor
        self.probability = probability
        self.cn0_db_hz = cn0_db_hz
        self.tracker = Tracker(round(hold_s / sensor.snapshot_s))
        self.event: Event | None = None
        self._updated = 0

    def begin_segment(self) -> Event | None:
        """A gap or a new begin of the stream; return the last revision of what was open."""
        self.detector.begin_segment()
        return self._finish(self.tracker.end())

    def end(self) -> Event | None:
        """The input has ended; return the last revision of what was open."""
        return self._finish(self.tracker.end())

    def step(self, snapshots: Snapshots, index: int) -> Step:
        """Take the next snapshot."""
        judgement = self.detector.judge(snapshots, index)
        decision = decision_of(judgement, snapshots, index)
        second = self._second(judgement, snapshots, index) if judgement.detected else None
        before = "" if self.event is None else self.event.id
        event = self._follow(self.tracker.step(second), second)
        follows = self.event.id if self.event is not None else before
        return Step(judgement, decision, second, event, follows)

    def _follow(self, news: tuple[str, Interval] | None, second: Second | None) -> Event | None:
        if news is None:
            return None
        state, interval = news
        if state == "open":
            self.event = opened(interval, self.sensor)
            self._updated = interval.snapshots
            return self.event
        if state == "closed":
            return self._finish(news)
        due = (interval.snapshots - self._updated) * self.sensor.snapshot_s >= UPDATE_S
        if second is None or not due:
            return None
        self._updated = interval.snapshots
        self.event = revised(self.event, interval, self.sensor, closed=False)
        return self.event

    def _finish(self, news: tuple[str, Interval] | None) -> Event | None:
        if news is None:
            return None
        event = revised(self.event, news[1], self.sensor, closed=True)
        self.event = None
        return event

    def _second(self, judgement: Judgement, snapshots: Snapshots, index: int) -> Second:
        signal = np.maximum(snapshots.power[index] - judgement.reference_power, 0)
        # What noise alone leaves above its mean would make every spectrum look wide.
        rows = max(float(snapshots.rows[index]), 1.0)
        signal = np.where(signal > 3 * judgement.reference_power / np.sqrt(rows), signal, 0)
        start = int(snapshots.sample_start[index])
        saturated = float(snapshots.saturated_share[index])
        known = np.isfinite(snapshots.gain_db[index]) or self.detector.gain_uncertainty_db == 0
        flags = {"provisional": judgement.provisional, "gain_unknown": not known}
        return Second(
            sample_start=start,
            sample_end=start + int(snapshots.sample_count[index]),
            time_s=float(snapshots.time_s[index]),
            score=judgement.score,
            false_alarm_probability=self.probability(judgement.score),
            signal_power=signal,
            noise_power=judgement.reference_power.astype(float),
            rise_db=judgement.comparison.rise_db,
            impact=impact(signal, judgement.reference_power, snapshots.sample_rate, self.cn0_db_hz),
            saturated_share=0.0 if np.isnan(saturated) else saturated,
            filled_share=float(snapshots.filled_share[index]),
            lost_samples=float(snapshots.lost_samples[index]),
            flags=tuple(flag for flag, holds in flags.items() if holds),
            description=judgement.description,
        )
