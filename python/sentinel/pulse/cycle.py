# SPDX-License-Identifier: GPL-3.0-or-later
"""One judged cycle of one watch: what the kernels report, before it becomes events."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pmt

from ..core.stream import Stream


@dataclass(frozen=True)
class Train:
    """One pulse train above the threshold.

    Attributes
    ----------
    start : float
        First sample of its first pulse, samples of the channel from the cycle's start.
    interval : float
        From pulse to pulse as measured, samples of the channel.
    frequency : float
        Cycles per sample of the channel.
    score, traffic_score, noise : float
        See the kernel `pulse_train`.
    reason : str
        `pulses` if it is declared, else why not.
    pulse_starts, pulse_scores : tuple of float
        K of each; samples of the channel, power over noise.
    """

    start: float
    interval: float
    frequency: float
    score: float
    traffic_score: float
    noise: float
    reason: str
    pulse_starts: tuple[float, ...]
    pulse_scores: tuple[float, ...]

    @classmethod
    def from_kernel(cls, train: Any) -> Train:
        """From the kernel's `pulse_train`."""
        return cls(
            train.start,
            train.interval,
            train.frequency,
            train.score,
            train.traffic_score,
            train.noise,
            train.reason.name,
            tuple(train.pulse_starts),
            tuple(train.pulse_scores),
        )


@dataclass(frozen=True)
class Cycle:
    """One cycle of one watch on the input's own timeline.

    Attributes
    ----------
    watch, channel, cycle : int
        Index of the watch and its channel; count of its cycles from 0.
    sample_start, sample_count, step : int
        Input samples; `step` input samples per sample of the channel.
    sample_rate : float
        Hz, of the input.
    center_freq : float or None
        Hz, of the input.
    offset_hz : float
        Centre of the channel from the input's centre.
    time : tuple of (int, float) or None
        UTC seconds and fraction of sample `anchor`.
    anchor : int
    score, threshold, noise : float
        Strongest score of the cycle; noise as the power of one cell.
    work_s : float
        Seconds spent on this decision.
    trains : tuple of Train
        Above the threshold, strongest first.
    stream : Stream or None
        What the source said of the input; None if it said nothing.
    filled, lost : int
        Input samples within it that were filled in, or lost without a jump of the timeline.
    """

    watch: int
    channel: int
    cycle: int
    sample_start: int
    sample_count: int
    step: int
    sample_rate: float
    center_freq: float | None
    offset_hz: float
    time: tuple[int, float] | None
    anchor: int
    score: float
    threshold: float
    noise: float
    work_s: float
    trains: tuple[Train, ...]
    stream: Stream | None = None
    filled: int = 0
    lost: int = 0

    @property
    def decided(self) -> bool:
        """Whether the numbers mean anything: the power of samples above some 1e17 is beyond a float."""
        return math.isfinite(self.score) and math.isfinite(self.noise)

    @classmethod
    def from_pmt(cls, message: Any) -> Cycle:
        """From a message of the block K-Fold Integrator."""
        values = _values(message)
        time, frequency = values["rx_time"], values["rx_freq"]
        # A source without a centre says 0 Hz.
        center = pmt.to_double(frequency) if pmt.is_real(frequency) else 0.0
        return cls(
            watch=pmt.to_long(values["watch"]),
            channel=pmt.to_long(values["channel"]),
            cycle=pmt.to_uint64(values["cycle"]),
            sample_start=pmt.to_uint64(values["sample_start"]),
            sample_count=pmt.to_uint64(values["sample_count"]),
            step=pmt.to_uint64(values["step"]),
            sample_rate=pmt.to_double(values["rx_rate"]),
            center_freq=center or None,
            offset_hz=pmt.to_double(values["offset"]),
            time=None
            if pmt.is_null(time)
            else (pmt.to_uint64(pmt.tuple_ref(time, 0)), pmt.to_double(pmt.tuple_ref(time, 1))),
            anchor=pmt.to_uint64(values["anchor"]),
            score=pmt.to_double(values["score"]),
            threshold=pmt.to_double(values["threshold"]),
            noise=pmt.to_double(values["noise"]),
            work_s=pmt.to_double(values["work_s"]),
            trains=tuple(
                _train(pmt.vector_ref(values["trains"], i)) for i in range(pmt.length(values["trains"]))
            ),
            stream=None if pmt.is_null(values["stream"]) else Stream.from_pmt(values["stream"]),
            filled=pmt.to_uint64(values["filled"]),
            lost=pmt.to_uint64(values["lost"]),
        )


def _values(dictionary: Any) -> dict[str, Any]:
    items = pmt.dict_items(dictionary)
    pairs = (pmt.nth(i, items) for i in range(pmt.length(items)))
    return {pmt.symbol_to_string(pmt.car(pair)): pmt.cdr(pair) for pair in pairs}


def _train(message: Any) -> Train:
    values = _values(message)
    return Train(
        start=pmt.to_double(values["start"]),
        interval=pmt.to_double(values["interval"]),
        frequency=pmt.to_double(values["frequency"]),
        score=pmt.to_double(values["score"]),
        traffic_score=pmt.to_double(values["traffic_score"]),
        noise=pmt.to_double(values["noise"]),
        reason=pmt.symbol_to_string(values["reason"]),
        pulse_starts=tuple(pmt.f64vector_elements(values["pulse_starts"])),
        pulse_scores=tuple(float(x) for x in pmt.f32vector_elements(values["pulse_scores"])),
    )
