# SPDX-License-Identifier: GPL-3.0-or-later
"""What the detector looks at: a few numbers that say how little a buffer of snapshots resembles quiet.

Each grows with the evidence. Those of the newest snapshot tell of strong interference at once, those of
the buffer's mean of weak interference that lasts. A gain step inside a snapshot looks like wideband
pulses; it does so once, so the two statistics it moves count only when seen in two snapshots.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .comparison import Comparison

#: Snapshots that the detector looks back on, the newest included.
BUFFER = 5

_EACH = (
    "shape_max",
    "shape_top4",
    "shape_energy",
    "kurtosis_low",
    "kurtosis_high",
    "kurtosis_energy",
    "coherence_max",
    "coherence_energy",
)
#: Names of the columns of `detection_statistics`. Each only ever adds evidence.
NAMES = (
    *(f"{name}_now" for name in _EACH),
    "row_kurtosis_twice",
    "common_kurtosis_twice",
    "rise_now",
    *(f"{name}_mean" for name in _EACH),
    "row_kurtosis_second",
    "common_kurtosis_second",
    "rise_twice",
    "rise_mean",
)


def detection_statistics(
    recent: Sequence[Comparison],
    weak: Sequence[Comparison],
    doubts_db: float | Sequence[float] = 0.0,
) -> np.ndarray:
    """The columns `NAMES` for the newest of consecutive comparisons.

    Parameters
    ----------
    recent : sequence of Comparison
        The newest two, or fewer, oldest first.
    weak : sequence of Comparison
        What the mean is taken of: the newest, and those of the last `BUFFER` that were not evident by
        themselves. One that was would keep the mean high for seconds after its end, and adds nothing where
        the newest is as strong.
    doubts_db : float or sequence of float
        What a rise of the level must exceed to count, and what is taken off it. One row for each.

    Returns
    -------
    ndarray, shape (len(NAMES),), or (len(doubts_db), len(NAMES)) for a sequence
        Signed logarithms of statistics of unit scale on noise: sign(x) ln(1 + |x|).
    """
    newest = recent[-1]
    # The error of the reference does not average out.
    root = math.sqrt(len(weak) * (1 + (len(weak) - 1) * newest.reference_share))
    table = np.empty((np.size(doubts_db), len(NAMES)))
    here = len(_EACH) + 2
    table[:, :here] = [
        *_statistics(newest.shape, newest.kurtosis, newest.coherence),
        _second([one.row_kurtosis for one in recent]),
        _second([one.common_kurtosis for one in recent]),
    ]
    table[:, here + 1 : -2] = [
        *_statistics(
            sum(one.shape for one in weak) / root,
            sum(one.kurtosis for one in weak) / root,
            sum(one.coherence for one in weak) / root,
        ),
        _second([one.row_kurtosis for one in weak]),
        _second([one.common_kurtosis for one in weak]),
    ]
    for row, doubt in zip(table, np.atleast_1d(doubts_db), strict=True):
        row[here] = _rise(newest, doubt)
        row[-2] = _second([_rise(one, doubt) for one in recent])
        row[-1] = np.mean([_rise(one, doubt) for one in weak[-3:]])
    table = np.sign(table) * np.log1p(np.abs(table))
    return table[0] if np.ndim(doubts_db) == 0 else table


def _rise(one: Comparison, doubt_db: float) -> float:
    """Rise of the level beyond a doubt, in what the receiver's own level scatters by."""
    return math.copysign(max(abs(one.rise_db) - doubt_db, 0.0), one.rise_db) / one.rise_sigma_db


def _statistics(shape: np.ndarray, kurtosis: np.ndarray, coherence: np.ndarray) -> tuple[float, ...]:
    """The statistics `_EACH` of departures with unit variance."""
    channels = len(shape)
    ordered = np.sort(shape)
    power = coherence.real**2 + coherence.imag**2
    return (
        ordered[-1],
        ordered[-4:].sum() / 2,
        _excess(shape),
        -kurtosis.min(),
        kurtosis.max(),
        _excess(kurtosis),
        power.max(),
        (power.sum() - channels) / math.sqrt(channels),
    )


def _excess(departures: np.ndarray) -> float:
    """Sum of squares over what noise gives, in deviations."""
    count = len(departures)
    return (float(departures @ departures) - count) / math.sqrt(2 * count)


def _second(values: Sequence[float]) -> float:
    """The second largest: what one snapshot alone cannot make. 0 where there is but one."""
    return sorted(values)[-2] if len(values) > 1 else 0.0


def energy_statistic(comparison: Comparison) -> float:
    """The plain energy detector: largest power of a channel over its reference, in deviations."""
    rows = max(comparison.rows, 1.0)
    return float(comparison.excess.max() * np.sqrt(rows))


def kurtosis_statistic(kurtosis: np.ndarray, rows: float) -> float:
    """The plain rule max |K - 2|, in deviations of noise."""
    return float(np.abs(kurtosis - 2).max() * np.sqrt(max(rows, 1.0)) / 2)
