# SPDX-License-Identifier: GPL-3.0-or-later
"""What the detector looks at: a few numbers that say how little a buffer of snapshots resembles quiet.

Each grows with the evidence. Those of the newest snapshot tell of strong interference at once, those of
the buffer's mean of weak interference that lasts. A gain step inside a snapshot looks like wideband
pulses; it does so once, so the two statistics it moves count only when seen in two snapshots.
"""

from __future__ import annotations

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


def detection_statistics(buffer: Sequence[Comparison], doubt_db: float = 0.0) -> np.ndarray:
    """The columns `NAMES` for the newest of up to `BUFFER` consecutive comparisons.

    Parameters
    ----------
    buffer : sequence of Comparison
        Oldest first, at least one.
    doubt_db : float
        What a rise of the level must exceed to count, and what is taken off it.

    Returns
    -------
    ndarray, shape (len(NAMES),)
        Signed logarithms of statistics of unit scale on noise: sign(x) ln(1 + |x|). `rise` stays in dB.
    """
    newest = buffer[-1]
    count = len(buffer)
    mean = [
        sum(getattr(one, name) for one in buffer) / np.sqrt(count)
        for name in ("shape", "kurtosis", "coherence")
    ]
    rows = np.array([one.row_kurtosis for one in buffer])
    commons = np.array([one.common_kurtosis for one in buffer])
    rises = np.array([one.rise_db for one in buffer])
    rises = np.sign(rises) * np.maximum(np.abs(rises) - doubt_db, 0.0)
    scores = [
        *_statistics(newest.shape, newest.kurtosis, newest.coherence),
        _second(rows[-2:]),
        _second(commons[-2:]),
        *_statistics(*mean),
        _second(rows),
        _second(commons),
    ]
    scaled = [float(np.sign(x) * np.log1p(abs(x))) for x in scores]
    here = len(_EACH) + 2
    return np.array(
        [
            *scaled[:here],
            rises[-1],
            *scaled[here:],
            _second(rises[-2:]),
            float(rises[-3:].mean()),
        ]
    )


def _statistics(shape: np.ndarray, kurtosis: np.ndarray, coherence: np.ndarray) -> tuple[float, ...]:
    """The statistics `_EACH` of departures with unit variance."""
    channels = len(shape)
    ordered = np.sort(shape)
    power = np.abs(coherence) ** 2
    return (
        ordered[-1],
        ordered[-4:].sum() / 2,
        _excess(shape),
        -kurtosis.min(),
        kurtosis.max(),
        _excess(kurtosis),
        power.max(),
        (power.sum() - channels) / np.sqrt(channels),
    )


def _excess(departures: np.ndarray) -> float:
    """Sum of squares over what noise gives, in deviations."""
    count = len(departures)
    return float((np.sum(departures**2) - count) / np.sqrt(2 * count))


def _second(values: np.ndarray) -> float:
    """The second largest: what one snapshot alone cannot make. 0 where there is but one."""
    return float(np.sort(values)[-2]) if len(values) > 1 else 0.0


def energy_statistic(comparison: Comparison) -> float:
    """The plain energy detector: largest power of a channel over its reference, in deviations."""
    rows = max(comparison.rows, 1.0)
    return float(comparison.excess.max() * np.sqrt(rows))


def kurtosis_statistic(kurtosis: np.ndarray, rows: float) -> float:
    """The plain rule max |K - 2|, in deviations of noise."""
    return float(np.abs(kurtosis - 2).max() * np.sqrt(max(rows, 1.0)) / 2)
