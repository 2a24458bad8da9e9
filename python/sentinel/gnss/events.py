# SPDX-License-Identifier: GPL-3.0-or-later
"""From judgements and intervals to the decisions and events that the world sees."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..core import utc
from ..core.decision import Decision
from ..core.event import Event, Model
from ..core.stream import Stream
from .detector import Judgement
from .gain.power_meter import EXTRAPOLATED
from .intervals import Interval
from .naming import Tally
from .snapshots import Snapshots

#: A detected snapshot holds interference, but where in it is not known.
LABEL = "interference"


@dataclass(frozen=True)
class Sensor:
    """Where and what the detector is.

    Attributes
    ----------
    stream : Stream
    sample_rate : float
        Hz.
    center_freq : float or None
        Hz.
    snapshot_s : float
    false_alarms_per_hour : float
    threshold : float
    model : Model or None
        What detects.
    """

    stream: Stream
    sample_rate: float
    center_freq: float | None
    snapshot_s: float
    false_alarms_per_hour: float
    threshold: float
    model: Model | None = None


def decision_of(judgement: Judgement, threshold: float, snapshots: Snapshots, index: int) -> Decision:
    """The decision on one snapshot; its noise is the mean power of the input without a signal, dBFS."""
    start, count = int(snapshots.sample_start[index]), int(snapshots.sample_count[index])
    common = {
        "sample_start": start,
        "sample_count": count,
        "time": _text(snapshots.time_s[index]),
        "filled": round(float(snapshots.filled_share[index]) * count),
        "lost": int(snapshots.lost_samples[index]),
    }
    if not judgement.decided:
        return Decision(score=None, threshold=None, noise=None, decided=False, **common)
    noise = 10 * np.log10(max(float(judgement.reference_power.sum()), 1e-30))
    return Decision(score=judgement.score, threshold=threshold, noise=noise, decided=True, **common)


def opened(interval: Interval, sensor: Sensor) -> Event:
    """The event of an interval that has just opened."""
    first = interval.first
    place = _place(interval, sensor)
    time = _text(first.time_s)
    return Event.declare(
        state="open",
        # The strongest channel may differ by the last digit of a float; its start cannot.
        id_hz=sensor.center_freq or 0.0,
        detector="gnss",
        label=LABEL,
        stream_id=sensor.stream.stream_id,
        channel=0,
        source=sensor.stream.source,
        sample_start=first.sample_start,
        sample_rate=sensor.sample_rate,
        time=time,
        time_uncertainty_s=None if time is None else sensor.snapshot_s,
        false_alarms_per_hour=sensor.false_alarms_per_hour,
        threshold=sensor.threshold,
        accounting=sensor.stream.accounting,
        model=sensor.model,
        **place,
    )


def revised(event: Event, interval: Interval, sensor: Sensor, closed: bool) -> Event:
    """The next revision of an event, or its last."""
    changes = _place(interval, sensor)
    return event.close(**changes) if closed else event.update(**changes)


def _place(interval: Interval, sensor: Sensor) -> dict:
    """What changes from revision to revision."""
    last, count = interval.last, interval.detected
    offset_hz, bandwidth_hz = occupied(interval.signal_power, sensor.sample_rate)
    samples = last.sample_end - interval.first.sample_start
    flags = {sensor.stream.clipping: bool(sensor.stream.clipping)}
    flags |= {"zero_filled": interval.filled > 0, "samples_lost": interval.lost > 0}
    flags |= {EXTRAPOLATED: interval.levels.extrapolated}
    flags |= {"clipped": interval.saturated / count > 1e-3} | dict.fromkeys(sorted(interval.flags), True)
    impact = interval.impact
    ratio = interval.signal_power / np.maximum(interval.noise_power, 1e-30)
    return {
        "sample_count": samples,
        "duration_s": samples / sensor.sample_rate,
        "freq_hz": None if sensor.center_freq is None else sensor.center_freq + offset_hz,
        "offset_hz": offset_hz,
        "bandwidth_hz": bandwidth_hz,
        "score": interval.score,
        "snr_db": impact["j_n_db"],
        "flags": tuple(flag for flag, holds in flags.items() if holds and flag),
        "details": {
            "snapshots": interval.snapshots,
            "snapshots_detected": interval.detected,
            "false_alarm_probability": interval.false_alarm_probability,
            "rise_db": interval.rise_db / count,
            "saturated_share": interval.saturated / count,
            "spectrum_db": (10 * np.log10(1 + ratio)).round(3).tolist(),
            **impact,
            **interval.levels.details(),
        },
    }


def named(event: Event, tally: Tally, model: Model | None) -> Event:
    """The same revision with what the classifier makes of it."""
    mean = tally.mean
    if mean is None:
        return event
    shares = dict(zip(tally.classes, map(float, mean.mean), strict=True))
    deviations = dict(zip(tally.classes, map(float, np.sqrt(np.maximum(mean.variance, 0))), strict=True))
    details = event.details | {
        "class_probability": shares,
        "class_deviation": deviations,
        "class_uncertainty": mean.uncertainty,
        "minutes": dict(tally.minutes),
        "classifier": None if model is None else {"name": model.name, "version": model.version},
    }
    flags = (*event.flags, "low_confidence") if tally.label == "unknown" else event.flags
    return replace(
        event,
        label=tally.label,
        confidence=float(np.clip(mean.mean.max(), 0, 1)),
        flags=flags,
        details=details,
    )


def occupied(signal_power: np.ndarray, sample_rate: float, share: float = 0.98) -> tuple[float, float]:
    """Centre from the input's centre and width, Hz, of the fewest neighbouring channels that hold a share.

    Parameters
    ----------
    signal_power : ndarray, shape (N,)
        Not negative, ascending frequency.
    """
    channels = len(signal_power)
    spacing = sample_rate / channels
    total = signal_power.sum()
    if total <= 0:
        return 0.0, float(sample_rate)
    sums = np.concatenate([[0.0], np.cumsum(signal_power)]) / total
    ends = np.searchsorted(sums, sums + share - 1e-12)
    widths = np.where(ends <= channels, ends - np.arange(channels + 1), channels + 1)
    first = int(np.argmin(widths))
    last = int(ends[first])
    # Channel k reaches from (k - N / 2 - 1 / 2) to (k - N / 2 + 1 / 2) spacings.
    low, high = (first - channels / 2 - 0.5) * spacing, (last - channels / 2 - 0.5) * spacing
    return float((low + high) / 2), float(high - low)


def _text(time_s: float) -> str | None:
    if not np.isfinite(time_s):
        return None
    whole = int(np.floor(time_s))
    return utc.text_from_rx_time(whole, float(time_s - whole))
