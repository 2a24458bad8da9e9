# SPDX-License-Identifier: GPL-3.0-or-later
"""From a judged cycle to the decision and the events that the world sees."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..core import utc
from ..core.decision import Decision
from ..core.event import Event
from ..core.stream import Stream
from .cycle import Cycle, Train
from .plan import Group, Watch

#: Seconds: what the estimator of a pulse's start may be off at the threshold (docs/results-pulse.md).
TIME_UNCERTAINTY_S = 0.002


def false_alarms_per_hour(probability: float, decision_s: float) -> float:
    """Mean false alarms per hour of a detector that decides every `decision_s` seconds."""
    return probability * 3600.0 / decision_s


def decision_of(cycle: Cycle) -> Decision:
    """The decision of a cycle; its score is above the threshold also where a train was refused."""
    if not cycle.decided:
        return Decision(
            sample_start=cycle.sample_start,
            sample_count=cycle.sample_count,
            time=_time(cycle, cycle.sample_start),
            score=None,
            threshold=None,
            noise=None,
            decided=False,
        )
    return Decision(
        sample_start=cycle.sample_start,
        sample_count=cycle.sample_count,
        time=_time(cycle, cycle.sample_start),
        score=cycle.score,
        threshold=cycle.threshold,
        noise=cycle.noise,
        filled=cycle.filled,
        lost=cycle.lost,
    )


def events_of(cycle: Cycle, group: Group, watches: Sequence[Watch], stream: Stream) -> list[Event]:
    """One event per tag declared in the cycle. What the source itself said goes before `stream`."""
    if not cycle.decided:
        return []
    stream = cycle.stream or stream
    watch = watches[cycle.watch]
    declared = (train for train in cycle.trains if train.reason == "pulses")
    events = (_event(train, cycle, group, watch, stream) for train in declared)
    return [e for e in events if watch.min_snr_db is None or e.snr_db >= watch.min_snr_db]


def en0_db(score: float, pulses: int) -> float:
    """E/N0 of one pulse, dB: each power over noise is 1 + E/N0 in the mean."""
    return 10 * math.log10(max(score / pulses - 1, 1e-3))


def _event(train: Train, cycle: Cycle, group: Group, watch: Watch, stream: Stream) -> Event:
    settings = watch.settings
    pulses = settings.pulses
    starts = [cycle.sample_start + round(start * cycle.step) for start in train.pulse_starts]
    width = round(settings.pulse_width_s * cycle.sample_rate)
    offset_hz = cycle.offset_hz + train.frequency * group.channel_rate
    total = sum(train.pulse_scores)
    cycle_s = cycle.sample_count / cycle.sample_rate
    time = _time(cycle, starts[0])
    # Power of a cell is nw s2, and N0 = s2 / fs.
    density = train.noise / (group.window * group.channel_rate)
    return Event.declare(
        # The detector's own row names the event: the interpolated frequency may differ in the last digit.
        id_hz=round(offset_hz / 10.0) * 10.0,
        detector="pulse",
        label=watch.tag_id,
        stream_id=stream.stream_id,
        channel=cycle.channel,
        source=stream.source,
        sample_start=max(0, starts[0]),
        sample_count=starts[-1] - max(0, starts[0]) + width,
        sample_rate=cycle.sample_rate,
        time=time,
        duration_s=(starts[-1] - starts[0] + width) / cycle.sample_rate,
        time_uncertainty_s=None if time is None else TIME_UNCERTAINTY_S,
        freq_hz=None if cycle.center_freq is None else cycle.center_freq + offset_hz,
        offset_hz=offset_hz,
        bandwidth_hz=1.0 / settings.pulse_width_s,
        score=train.score,
        threshold=cycle.threshold,
        false_alarms_per_hour=false_alarms_per_hour(watch.false_alarm_probability, cycle_s),
        snr_db=en0_db(total, pulses),
        flags=_flags(cycle, stream),
        accounting=stream.accounting,
        details={
            "cycle": cycle.cycle,
            "cycle_start": cycle.sample_start,
            "cycle_s": cycle_s,
            "pulses": pulses,
            "interval_s": settings.interval_s,
            "measured_interval_s": train.interval / group.channel_rate,
            "pulse_width_s": settings.pulse_width_s,
            "pulse_starts": starts,
            "pulse_scores": list(train.pulse_scores),
            "published_snr_db": 10 * math.log10(total / pulses),
            "noise_density_dbfs_hz": 10 * math.log10(density),
            "false_alarm_probability": watch.false_alarm_probability,
            "traffic_score": train.traffic_score,
        },
    )


def _flags(cycle: Cycle, stream: Stream) -> tuple[str, ...]:
    said = {stream.clipping: bool(stream.clipping), "zero_filled": cycle.filled, "samples_lost": cycle.lost}
    return tuple(flag for flag, holds in said.items() if holds)


def _time(cycle: Cycle, sample: int) -> str | None:
    if cycle.time is None:
        return None
    anchor = utc.text_from_rx_time(*cycle.time)
    return utc.add_samples(anchor, sample - cycle.anchor, cycle.sample_rate)
