# SPDX-License-Identifier: GPL-3.0-or-later
"""Trials of the false-alarm tables: how often noise crosses thresholds of stated probability."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from gnuradio.sentinel import kernel

from ...core.calibration_cache import CalibrationCache
from ...core.channels import extract_channels
from ...core.evaluation import Cell, cell_generator
from ...core.tails import fit_chi_square_max, fit_gumbel
from ..calibration import GROWTH, UPPER_SHARE, calibrate, tail_of
from ..plan import Group
from .bench import make_group
from .scenes import as_cu8, white_noise

#: Stated probabilities that are counted.
STATED = {"1e-1": 1e-1, "3e-2": 3e-2, "1e-2": 1e-2, "3e-3": 3e-3, "1e-3": 1e-3, "3e-4": 3e-4, "1e-4": 1e-4}
#: Stated probability whose threshold is calibrated again and again.
SPREAD_PF = 1e-4
_WIDE_RATE = 250e3
_WIDE_SPACING_HZ = 8000.0
_WIDE_CHANNELS = 25


@dataclass(frozen=True)
class NoiseInput:
    """What the noise goes through, and what is searched in it.

    Parameters
    ----------
    text : str
    bench : dict
        Settings for `make_group`.
    band_hz : tuple of float, optional
        Searched instead of the whole channel.
    kind : {"white", "channelizer", "cu8"}
    noise_lsb : float
        For cu8, rms steps per component.
    """

    text: str
    bench: dict[str, Any] = field(default_factory=dict)
    band_hz: tuple[float, float] | None = None
    kind: str = "white"
    noise_lsb: float = 4.0


INPUTS = {
    "white": NoiseInput("white noise at 3840 Hz, 15 ms, 2 s, K 5"),
    "K 1": NoiseInput("K 1", {"pulses": 1}),
    "K 3": NoiseInput("K 3", {"pulses": 3}),
    "K 10": NoiseInput("K 10", {"pulses": 10}),
    "hop nw/4": NoiseInput("hop nw/4", {"hop_divisor": 4}),
    "width 8 ms": NoiseInput("8 ms pulses", {"width_s": 0.008}),
    "width 50 ms": NoiseInput("50 ms pulses", {"width_s": 0.050}),
    "interval 0.7862 s": NoiseInput("interval 0.7862 s", {"interval_s": 0.7862}),
    "interval 2.09 s": NoiseInput("interval 2.09 s, between calibrated intervals", {"interval_s": 2.09}),
    "interval 4 s": NoiseInput("interval 4 s", {"interval_s": 4.0}),
    "band 1000 Hz": NoiseInput("1000 Hz of the channel searched", band_hz=(-300.0, 700.0)),
    "band 200 Hz": NoiseInput("200 Hz of the channel searched", band_hz=(500.0, 700.0)),
    "channelizer": NoiseInput("noise at 250 kS/s through the channelizer", kind="channelizer"),
    "cu8, noise 4 steps": NoiseInput("8-bit samples, noise 4 steps rms", kind="cu8", noise_lsb=4.0),
    "cu8, noise 0.5 step": NoiseInput("8-bit samples, noise half a step rms", kind="cu8", noise_lsb=0.5),
}


def noise_group(source: NoiseInput) -> Group:
    """The plan that judges this input."""
    rate = {"sample_rate": _WIDE_RATE} if source.kind == "channelizer" else {}
    group = make_group(**source.bench, **rate)
    if source.band_hz is None:
        return group
    low, high = source.band_hz
    return replace(group, watches=(replace(group.watches[0], lowest_hz=low, highest_hz=high),))


def _channel_noise(group: Group, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Cycles of noise out of the channelizer; the channels of one stream do not overlap."""
    cycle = group.geometry(group.watches[0]).cycle_samples
    centers = _WIDE_SPACING_HZ * (np.arange(_WIDE_CHANNELS) - _WIDE_CHANNELS // 2)
    # The filter's ends see half its length of silence; a few samples more keep them out.
    margin = 20
    while True:
        wide = white_noise(rng, (cycle + 2 * margin) * group.decimation)
        channels = extract_channels(wide, _WIDE_RATE, group.decimation, centers)
        for channel in channels[margin : margin + cycle].T:
            yield np.ascontiguousarray(channel)


def _cycles(source: NoiseInput, group: Group, rng: np.random.Generator) -> Iterator[np.ndarray]:
    if source.kind == "channelizer":
        yield from _channel_noise(group, rng)
    while True:
        noise = white_noise(rng, group.geometry(group.watches[0]).cycle_samples)
        yield as_cu8(noise, source.noise_lsb)


def null_maxima(source: NoiseInput, group: Group, trials: int, rng: np.random.Generator) -> np.ndarray:
    """Strongest score of each of `trials` noise cycles, float (trials,)."""
    geometry = group.geometry(group.watches[0])
    if source.kind == "white":
        return kernel.pulse_null_maxima(geometry, trials, int(rng.integers(2**63)))
    search = kernel.pulse_train_search(geometry)
    stft = kernel.wmatrix_stft(group.window, group.rows)
    cycles = _cycles(source, group, rng)
    return np.array([search.maximum(stft(next(cycles), group.hop)) for _ in range(trials)])


def measure_false_alarms(cell: Cell) -> dict[str, int]:
    """Count noise cycles above the threshold of each stated probability.

    Returns
    -------
    dict
        `above_P` for P of `STATED`; `hits` is that of 1e-2.
    """
    source = INPUTS[str(cell.key["input"])]
    group = noise_group(source)
    watch = group.watches[0]
    tail = tail_of(group, watch, calibrate(group, watch, CalibrationCache()))
    maxima = null_maxima(source, group, cell.trials, cell_generator(cell))
    counts = {f"above_{name}": int(np.sum(maxima >= tail.threshold(p))) for name, p in STATED.items()}
    return {"hits": counts["above_1e-2"], **counts}


def measure_spread(cell: Cell) -> dict[str, list[float]]:
    """Calibrate again and again with fresh noise; each trial is one calibration.

    Returns
    -------
    dict
        Thresholds for `SPREAD_PF`: `threshold` as the detector makes them, `gumbel` as published, each
        from the cell's `noise_cycles`; lists.
    """
    group = make_group()
    geometry = group.geometry(group.watches[0])
    rng = cell_generator(cell)
    noise_cycles = int(cell.key["noise_cycles"])
    thresholds, gumbels = [], []
    for _ in range(cell.trials):
        maxima = kernel.pulse_null_maxima(geometry, noise_cycles, int(rng.integers(2**63)))
        # Over the whole channel at an interval of the calibrated grid nothing is left to scale.
        tail = fit_chi_square_max(maxima, geometry.pulses, GROWTH, UPPER_SHARE)
        thresholds.append(tail.threshold(SPREAD_PF))
        gumbels.append(fit_gumbel(maxima).threshold(SPREAD_PF))
    return {"threshold": thresholds, "gumbel": gumbels}
