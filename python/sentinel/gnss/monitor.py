# SPDX-License-Identifier: GPL-3.0-or-later
"""The detector with memory of its intervals: snapshots in, decisions and revisions of events out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..core.decision import Decision
from ..core.event import Event
from .detector import Detector, Judgement
from .events import Sensor, decision_of, opened, revised
from .gain.power_meter import Levels, PowerMeter
from .intervals import Interval, Second, Tracker
from .receiver import evidence
from .receiver.effect import impact
from .receiver.receiver_data import ReceiverState
from .snapshots import Snapshots

#: Seconds between two updates of an event that lasts.
UPDATE_S = 10.0
#: Beyond this J/N the estimate tells of saturation; and what stands for no J/N at all.
_JN_LIMIT_DB = 99.0


@dataclass(frozen=True)
class Step:
    """What one snapshot brought.

    Attributes
    ----------
    judgement : Judgement
        By the spectrum alone.
    verdict : evidence.Judgement
        Together with the receiver.
    decision : Decision
    second : Second or None
        Where interference was detected.
    event : Event or None
        The revision to publish.
    follows : Event or None
        The event that the snapshot belongs to, as last revised.
    receiver : ReceiverState or None
        What the satellite receiver told of the same second.
    levels : Levels or None
        In absolute terms.
    """

    judgement: Judgement
    verdict: evidence.Judgement
    decision: Decision
    second: Second | None
    event: Event | None
    follows: Event | None
    receiver: ReceiverState | None = None
    levels: Levels | None = None


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
    meter : PowerMeter, optional
        With a calibration, if there is to be power in dBm.
    """

    def __init__(
        self,
        detector: Detector,
        sensor: Sensor,
        probability: Callable[[float], float],
        hold_s: float = 5.0,
        cn0_db_hz: float = 45.0,
        meter: PowerMeter | None = None,
    ) -> None:
        self.detector = detector
        self.sensor = sensor
        self.probability = probability
        self.cn0_db_hz = cn0_db_hz
        self.meter = meter or PowerMeter()
        self.tracker = Tracker(round(hold_s / sensor.snapshot_s))
        self.event: Event | None = None
        settings = evidence.EvidenceSettings(alarm_exponent=self._exponent(sensor.threshold))
        self._evidence = settings
        self._reference = evidence.ReceiverReference(settings)
        self._updated = 0
        self._asked = False

    def begin_segment(self) -> Event | None:
        """A gap or a new begin of the stream; return the last revision of what was open."""
        self.detector.begin_segment()
        return self._finish(self.tracker.end())

    def end(self) -> Event | None:
        """The input has ended; return the last revision of what was open."""
        return self._finish(self.tracker.end())

    def step(
        self, snapshots: Snapshots, index: int, receiver: ReceiverState | None = None, judge: bool = True
    ) -> Step:
        """Take the next snapshot.

        Parameters
        ----------
        receiver : ReceiverState, optional
            What the satellite receiver told of the same second.
        judge : bool
            False for a snapshot that is known to hold two gains: it is not decided.
        """
        judgement = self.detector.judge(snapshots, index) if judge else Judgement(False)
        self._asked |= receiver is not None
        suffering = self._reference.compare(receiver)
        verdict = evidence.judge(self._spectrum(judgement), suffering, self._evidence)
        detected = verdict.kind == evidence.INTERFERENCE
        self.detector.settle(quiet=not detected)
        self._reference.learn(receiver, _moment_s(snapshots, index), frozen=verdict.kind != evidence.NONE)
        second = self._second(judgement, verdict, suffering, snapshots, index) if detected else None
        before = self.event
        event = self._follow(self.tracker.step(second), second)
        return Step(
            judgement,
            verdict,
            decision_of(judgement, self.sensor.threshold, snapshots, index),
            second,
            event,
            self.event or event or before,
            receiver,
            second.levels if detected else self.meter.levels(snapshots, index),
        )

    def _exponent(self, score: float) -> float:
        return -math.log10(max(self.probability(score), 1e-12))

    def _spectrum(self, judgement: Judgement) -> evidence.SpectrumEvidence:
        if not judgement.decided:
            return evidence.SpectrumEvidence(None)
        threshold = self.sensor.threshold
        # What is doubtful of the level was taken off the score already: what is left of it counts.
        counts = judgement.gain_known or judgement.score >= threshold
        level = judgement.score if counts else judgement.level_score
        return evidence.SpectrumEvidence(
            shape_exponent=self._exponent(judgement.shape_score),
            level_exponent=self._exponent(level),
            level_rise_db=judgement.comparison.rise_db,
            gain_known=counts,
        )

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

    def _second(
        self,
        judgement: Judgement,
        verdict: evidence.Judgement,
        suffering: evidence.ReceiverEvidence,
        snapshots: Snapshots,
        index: int,
    ) -> Second:
        reference = judgement.reference_power.astype(float)
        # What noise alone leaves above its mean would make every spectrum look wide.
        rows = max(float(snapshots.rows[index]), 1.0)
        signal = np.maximum(snapshots.power[index] - reference, 0)
        signal = np.where(signal > 3 * reference / np.sqrt(rows), signal, 0)
        start = int(snapshots.sample_start[index])
        saturated = float(snapshots.saturated_share[index])
        said = {"provisional": judgement.provisional, "gain_unknown": not judgement.gain_known}
        # Where nobody asked a receiver there is none to miss.
        witnesses = verdict.flags if self._asked else ()
        flags = (*(flag for flag, holds in said.items() if holds), *witnesses)
        effect = impact(reference + signal, reference, snapshots.sample_rate, cn0_db_hz=self.cn0_db_hz)
        return Second(
            sample_start=start,
            sample_end=start + int(snapshots.sample_count[index]),
            time_s=float(snapshots.time_s[index]),
            score=max(judgement.score, judgement.shape_score),
            false_alarm_probability=self.probability(judgement.score),
            signal_power=signal,
            noise_power=reference,
            rise_db=judgement.comparison.rise_db,
            impact={
                "j_n_db": float(np.clip(np.nan_to_num(effect.jn_db, neginf=-_JN_LIMIT_DB), -99, 99)),
                "spectral_separation": float(min(effect.q, 1e6)),
                "effective_cn0_db_hz": float(effect.cn0_db_hz),
                "cn0_loss_db": float(effect.loss_db),
                "receiver_cn0_drop_db": suffering.drop_db,
            },
            saturated_share=0.0 if np.isnan(saturated) else saturated,
            filled_share=float(snapshots.filled_share[index]),
            lost_samples=float(snapshots.lost_samples[index]),
            flags=flags,
            description=judgement.description,
            levels=self.meter.levels(snapshots, index, float(signal.sum())),
        )


def _moment_s(snapshots: Snapshots, index: int) -> float:
    """A time that goes on from snapshot to snapshot, also where the source has no clock."""
    time_s = float(snapshots.time_s[index])
    return time_s if np.isfinite(time_s) else float(snapshots.sample_start[index] / snapshots.sample_rate)
