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
#: Names of the columns of `detection_statistics`. All but those of the mean only ever add evidence.
NAMES = (
    *(f"{name}_now" for name in _EACH),
    "row_kurtosis_twice",
    "common_kurtosis_twice",
    "rise_now_db",
    *(f"{name}_mean" for name in _EACH),
    "row_kurtosis_second",
    "common_kurtosis_second",
    "rise_twice_db",
    "rise_mean_db",
)


def detection_statistics(
    buffer: Sequence[Comparison], doubts_db: float | Sequence[float] = 0.0
) -> np.ndarray:
    """The columns `NAMES` for the newest of up to `BUFFER` consecutive comparisons.

    Parameters
    ----------
    buffer : sequence of Comparison
        Oldest first, at least one.
    doubts_db : float or sequence of float
        What a rise of the level must exceed to count, and what is taken off it. One row for each.

    Returns
    -------
    ndarray, shape (len(NAMES),), or (len(doubts_db), len(NAMES)) for a sequence
        Signed logarithms of statistics of unit scale on noise: sign(x) ln(1 + |x|). `rise` stays in dB.
    """
    newest = buffer[-1]
    root = np.sqrt(len(buffer))
    rows = [one.row_kurtosis for one in buffer]
    commons = [one.common_kurtosis for one in buffer]
    scores = np.array(
        [
            *_statistics(newest.shape, newest.kurtosis, newest.coherence),
            _second(rows[-2:]),
            _second(commons[-2:]),
            *_statistics(
                sum(one.shape for one in buffer) / root,
                sum(one.kurtosis for one in buffer) / root,
                sum(one.coherence for one in buffer) / root,
            ),
            _second(rows),
            _second(commons),
        ]
    )
    scaled = np.sign(scores) * np.log1p(np.abs(scores))
    here = len(_EACH) + 2
    all_rises = [one.rise_db for one in buffer]
    table = np.empty((np.size(doubts_db), len(NAMES)))
    for row, doubt in zip(table, np.atleast_1d(doubts_db), strict=True):
        rises = [math.copysign(max(abs(rise) - doubt, 0.0), rise) for rise in all_rises]
        row[:here] = scaled[:here]
        row[here] = rises[-1]
        row[here + 1 : -2] = scaled[here:]
        row[-2] = _second(rises[-2:])
        row[-1] = sum(rises[-3:]) / len(rises[-3:])
    return table[0] if np.ndim(doubts_db) == 0 else table


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
