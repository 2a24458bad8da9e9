# SPDX-License-Identifier: GPL-3.0-or-later
"""Trials of the detection tables: one tag in one cycle, by variant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.evaluation import Cell, cell_generator
from ..events import en0_db
from .bench import PUBLISHED_RATE, Bench, make_bench, match
from .scenes import TagSignal, add_tag, as_cu8, white_noise, with_iq_imbalance, with_phase_noise

#: Carriers are uniform within this of the centre.
CARRIER_SPAN_HZ = 1700.0

Receiver = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Variant:
    """How a scene differs from the nominal one.

    Parameters
    ----------
    text : str
        What the table says of it.
    bench : dict
        Settings of the detector, for `make_bench`.
    tag : dict
        Fields of `TagSignal` that the detector is not told.
    receiver : callable, optional
    """

    text: str
    bench: dict[str, Any] = field(default_factory=dict)
    tag: dict[str, Any] = field(default_factory=dict)
    interval_error: float = 0.0
    receiver: Receiver | None = None


VARIANTS = {
    "nominal": Variant("15 ms rectangular pulses every 2 s, K 5, half overlap"),
    "K 1": Variant("K 1", {"pulses": 1}),
    "K 3": Variant("K 3", {"pulses": 3}),
    "K 10": Variant("K 10", {"pulses": 10}),
    "hop nw/4": Variant("windows overlap by three quarters (hop nw/4)", {"hop_divisor": 4}),
    "edges 3 ms": Variant("raised-cosine edges of 3 ms, same energy", tag={"rise_s": 0.003}),
    "edges 7.5 ms": Variant("raised-cosine pulse without a flat top, same energy", tag={"rise_s": 0.0075}),
    "tag 12.8 ms": Variant("tag of 12.8 ms, 15 ms searched", tag={"width_s": 0.0128}),
    "tag 20 ms": Variant("tag of 20 ms, 15 ms searched", tag={"width_s": 0.020}),
    "width 8 ms": Variant("8 ms pulses, told so", {"width_s": 0.008}),
    "width 20 ms": Variant("20 ms pulses, told so", {"width_s": 0.020}),
    "width 50 ms": Variant("50 ms pulses, told so", {"width_s": 0.050}),
    "interval 0.7862 s": Variant("interval 0.7862 s, told so", {"interval_s": 0.7862}),
    "interval 4 s": Variant("interval 4 s, told so", {"interval_s": 4.0}),
    "interval +0.1 %": Variant("tag 0.1 % slower than told", interval_error=1e-3),
    "interval +0.5 %": Variant("tag 0.5 % slower than told", interval_error=5e-3),
    "jitter 5 ms": Variant("each pulse displaced, sd 5 ms", tag={"jitter_s": 0.005}),
    "drift 2 Hz/s": Variant("carrier drifts 2 Hz/s, 20 Hz in a cycle", tag={"drift_hz_per_s": 2.0}),
    "drift 10 Hz/s": Variant("carrier drifts 10 Hz/s, 100 Hz in a cycle", tag={"drift_hz_per_s": 10.0}),
    "fading 6 dB": Variant("energy of each pulse varies, sd 6 dB", tag={"fade_db": 6.0}),
    "cu8, noise 4 steps": Variant(
        "8-bit samples, noise 4 steps rms", receiver=lambda samples, rng: as_cu8(samples, 4.0)
    ),
    "cu8, noise 0.5 step": Variant(
        "8-bit samples, noise half a step rms", receiver=lambda samples, rng: as_cu8(samples, 0.5)
    ),
    "IQ imbalance": Variant(
        "IQ imbalance 1 dB and 5 degrees",
        receiver=lambda samples, rng: with_iq_imbalance(samples, 1.0, 5.0),
    ),
    "phase noise": Variant(
        "oscillator line 5 Hz wide",
        receiver=lambda samples, rng: with_phase_noise(samples, PUBLISHED_RATE, 5.0, rng),
    ),
}


def draw_tag(bench: Bench, variant: Variant, en0: float, rng: np.random.Generator) -> TagSignal:
    """A tag of uniform carrier and arrival."""
    settings = bench.watch.settings
    fields = {
        "freq_hz": rng.uniform(-CARRIER_SPAN_HZ, CARRIER_SPAN_HZ),
        "first_s": rng.random() * settings.interval_s,
        "interval_s": settings.interval_s * (1 + variant.interval_error),
        "width_s": settings.pulse_width_s,
        "en0_db": en0,
        **variant.tag,
    }
    return TagSignal(**fields)


def measure_detection(cell: Cell) -> dict[str, float]:
    """Run the trials of one point of a detection curve.

    Returns
    -------
    dict
        `hits`: cycles with a correct declaration; `plain`: with a correct train above the threshold,
        whatever the tests say of it; `frequency_sq`, `time_sq` (Hz^2, s^2) and `snr_error`, `snr_error_sq`
        (dB) summed over the hits; `extra`: cycles with a wrong declaration.
    """
    variant = VARIANTS[str(cell.key["variant"])]
    bench = make_bench(**variant.bench)
    rng = cell_generator(cell)
    rate = bench.group.channel_rate
    half_cycle_s = bench.cycle_samples / rate / 2
    en0 = float(cell.key["en0_db"])
    sums = dict.fromkeys(
        ("hits", "plain", "extra", "frequency_sq", "time_sq", "snr_error", "snr_error_sq"), 0
    )
    for _ in range(cell.trials):
        tag = draw_tag(bench, variant, en0, rng)
        samples = white_noise(rng, bench.cycle_samples)
        add_tag(samples, rate, tag, rng)
        if variant.receiver is not None:
            samples = variant.receiver(samples, rng)
        middle_hz = tag.freq_hz + tag.drift_hz_per_s * half_cycle_s
        judged = [
            (train, match(train, rate, middle_hz, tag.first_s, tag.interval_s))
            for train in bench.trains(samples)
        ]
        sums["plain"] += any(m.correct for _, m in judged)
        declared = [(train, m) for train, m in judged if train.reason.name == "pulses"]
        sums["extra"] += any(not m.correct for _, m in declared)
        correct = [(train, m) for train, m in declared if m.correct]
        if not correct:
            continue
        train, found = correct[0]
        error_db = en0_db(sum(train.pulse_scores), bench.watch.settings.pulses) - en0
        sums["hits"] += 1
        sums["frequency_sq"] += found.frequency_hz**2
        sums["time_sq"] += found.time_s**2
        sums["snr_error"] += error_db
        sums["snr_error_sq"] += error_db**2
    return sums
