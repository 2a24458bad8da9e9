# SPDX-License-Identifier: GPL-3.0-or-later
"""Trials of the robustness table: cycles that hold no 2 s tag, and what is declared in them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...core.evaluation import Cell, cell_generator
from .bench import PUBLISHED_RATE, make_bench
from .detection import CARRIER_SPAN_HZ
from .scenes import (
    TagSignal,
    add_carrier,
    add_clicks,
    add_tag,
    impulsive,
    noise_step,
    periodic_click_starts,
    random_click_starts,
    white_noise,
)

#: Why a train is refused, see the kernel `verdict`.
REASONS = ("level", "traffic", "missing", "faster")

Disturb = Callable[[np.ndarray, np.random.Generator], None]
_RATE = PUBLISHED_RATE
_WIDTH_S = 0.015


def _random_clicks(en0_db: float) -> Disturb:
    def disturb(samples, rng):
        add_clicks(samples, random_click_starts(len(samples), _RATE, 1.0, rng), en0_db, rng)

    return disturb


def _periodic_clicks(interval_s: float, en0_db: float) -> Disturb:
    def disturb(samples, rng):
        add_clicks(samples, periodic_click_starts(len(samples), _RATE, interval_s, rng), en0_db, rng)

    return disturb


def _tag(interval_s: float, en0_db: float, width_s: float = _WIDTH_S) -> Disturb:
    def disturb(samples, rng):
        freq_hz = rng.uniform(-CARRIER_SPAN_HZ, CARRIER_SPAN_HZ)
        add_tag(
            samples,
            _RATE,
            TagSignal(freq_hz, rng.random() * interval_s, interval_s, width_s, en0_db),
            rng,
        )

    return disturb


def _single_burst(en0_db: float) -> Disturb:
    def disturb(samples, rng):
        first_s = rng.uniform(0.0, len(samples) / _RATE - _WIDTH_S)
        freq_hz = rng.uniform(-CARRIER_SPAN_HZ, CARRIER_SPAN_HZ)
        add_tag(samples, _RATE, TagSignal(freq_hz, first_s, 1e3, _WIDTH_S, en0_db), rng)

    return disturb


def _carrier(cell_db: float, am_depth: float = 0.0, am_hz: float = 1.0) -> Disturb:
    def disturb(samples, rng):
        freq_hz = rng.uniform(-CARRIER_SPAN_HZ, CARRIER_SPAN_HZ)
        add_carrier(samples, _RATE, freq_hz, cell_db, _WIDTH_S, rng, am_depth, am_hz)

    return disturb


def _scenes() -> dict[str, Disturb]:
    scenes: dict[str, Disturb] = {"noise alone": lambda samples, rng: None}
    for level in (15, 20, 25, 35):
        scenes[f"random 1 ms clicks, 1/s, {level} dB"] = _random_clicks(level)
    for interval in (0.2, 0.5, 0.7):
        for level in (20, 25):
            scenes[f"clicks every {interval} s, {level} dB"] = _periodic_clicks(interval, level)
    scenes["0.1 % of samples +20 dB"] = lambda samples, rng: impulsive(samples, 1e-3, 20.0, rng)
    scenes["1 % of samples +10 dB"] = lambda samples, rng: impulsive(samples, 1e-2, 10.0, rng)
    for step in (1, 3, 6, 10):
        scenes[f"noise step +{step} dB"] = lambda samples, rng, step=step: noise_step(samples, step, rng)
    for interval, name in ((4 / 3, "4/3 s"), (1.0, "1.0 s")):
        for level in (13, 16, 20, 25):
            scenes[f"tag at {name}, {level} dB"] = _tag(interval, level)
    for interval in (0.5, 0.8, 1.5, 1.7, 2.3, 3.0, 4.0):
        for level in (16, 20):
            scenes[f"tag at {interval} s, {level} dB"] = _tag(interval, level)
    for level in (16, 25, 40):
        scenes[f"one 15 ms burst, {level} dB"] = _single_burst(level)
    for level in (0, 10, 20, 30, 40):
        scenes[f"steady carrier, {level} dB in a cell"] = _carrier(level)
    for rate in (0.3, 1.0, 3.0):
        scenes[f"20 dB carrier, 90 % AM at {rate} Hz"] = _carrier(20.0, 0.9, rate)
    return scenes


SCENES = _scenes()


def measure_robustness(cell: Cell) -> dict[str, int]:
    """Run the trials of one scene.

    Returns
    -------
    dict
        `hits`: cycles with a false declaration; `plain`: cycles with a train above the threshold, what a
        detector without tests would declare; `refused_REASON`: cycles whose strongest train was refused
        for it.
    """
    bench = make_bench()
    rng = cell_generator(cell)
    disturb = SCENES[str(cell.key["scene"])]
    counts = dict.fromkeys(("hits", "plain", *(f"refused_{reason}" for reason in REASONS)), 0)
    for _ in range(cell.trials):
        samples = white_noise(rng, bench.cycle_samples)
        disturb(samples, rng)
        trains = bench.trains(samples)
        counts["hits"] += any(train.reason.name == "pulses" for train in trains)
        counts["plain"] += bool(trains)
        if trains and trains[0].reason.name in REASONS:
            counts[f"refused_{trains[0].reason.name}"] += 1
    return counts
