# SPDX-License-Identifier: GPL-3.0-or-later
"""Thresholds of the pulse search, from noise cycles through the same kernels.

The null statistic, the strongest score of a noise cycle, follows P(max > x) = 1 - exp(-n Q(K, x) (x/x0)^q):
the chance of one cell, times n independent cells. Only n depends on the geometry, and it is all that
the Monte Carlo has to learn. A Gumbel law, as published, is the limit of this form for very many cells;
at 10^5 cells it still puts a threshold for 1e-4 half a unit too high and needs ten times the trials.

q = 2 is measured, on 200 000 cycles of the default geometry (docs/results-pulse.md): one half for each
of the two axes that are searched below the grid, the rest from the fluctuation of the noise estimate. The
law holds in the upper tenth of the maxima, which alone are fitted.
"""

from __future__ import annotations

import math
from dataclasses import replace

from gnuradio.sentinel import kernel

from ..core.calibration import Calibration, CalibrationKey
from ..core.calibration_cache import CalibrationCache
from ..core.tails import ChiSquareMaxTail, fit_chi_square_max
from .plan import Group, Watch

#: Changes whenever the kernels' statistic does; part of every key.
KERNEL_VERSION = "pulse-3"
TRIALS = 1000
GROWTH = 2.0
UPPER_SHARE = 0.1
SEED = 20260701

# Intervals are calibrated on a grid of 10 % steps through 2 s: n is proportional to the interval, and
# hundreds of tags must not need hundreds of Monte Carlo runs.
_GRID_STEP = math.log(1.1)
_GRID_ORIGIN_S = 2.0


def reference_interval_s(interval_s: float) -> float:
    """The interval of the grid next to this one, s."""
    return _GRID_ORIGIN_S * math.exp(_GRID_STEP * round(math.log(interval_s / _GRID_ORIGIN_S) / _GRID_STEP))


def calibrate(
    group: Group, watch: Watch, cache: CalibrationCache | None = None, trials: int = TRIALS, seed: int = SEED
) -> Calibration:
    """Null distribution of a watch over its whole channel at the reference interval.

    Parameters
    ----------
    group, watch
        See `plan`.
    cache : CalibrationCache, optional
        Where it is looked up and kept.
    trials : int
        Noise cycles; the threshold's standard error is about 1 / sqrt(trials / 10).
    seed : int
    """
    interval_s = reference_interval_s(watch.settings.interval_s)
    geometry = kernel.pulse_train_geometry(
        window=group.window,
        hop=group.hop,
        rows=group.rows,
        interval_samples=interval_s * group.channel_rate,
        pulses=watch.settings.pulses,
    )
    key = CalibrationKey(
        room="pulse",
        geometry={
            "window": group.window,
            "hop": group.hop,
            "rows": group.rows,
            "interval_samples": geometry.interval_samples,
            "pulses": geometry.pulses,
            "template": "rectangular",
        },
        kernel_version=KERNEL_VERSION,
        recipe=f"{trials} cycles of white noise, seed {seed}; chi-square tail q={GROWTH}, top {UPPER_SHARE}",
    )
    decision_s = geometry.cycle_samples / group.channel_rate

    def make() -> Calibration:
        maxima = kernel.pulse_null_maxima(geometry, trials, seed)
        tail = fit_chi_square_max(maxima, geometry.pulses, GROWTH, UPPER_SHARE)
        return Calibration.from_trials(key, maxima, tail, decision_s)

    return cache.get_or_make(key, make) if cache is not None else make()


def tail_of(group: Group, watch: Watch, calibration: Calibration) -> ChiSquareMaxTail:
    """The null tail of a watch: the calibration's, scaled to the cells this watch searches."""
    geometry = group.geometry(watch)
    rows = geometry.highest - geometry.lowest  # share of the channel
    # Half a resolution cell on either side belongs to the band's edges.
    rows = min(1.0, rows + 1.0 / group.window)
    starts = watch.settings.interval_s / reference_interval_s(watch.settings.interval_s)
    cells = calibration.tail.independent_cells * rows * starts
    return replace(calibration.tail, independent_cells=cells)


def threshold_of(group: Group, watch: Watch, cache: CalibrationCache | None = None) -> float:
    """Score from which on a watch declares."""
    return tail_of(group, watch, calibrate(group, watch, cache)).threshold(watch.false_alarm_probability)
