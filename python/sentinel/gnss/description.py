# SPDX-License-Identifier: GPL-3.0-or-later
"""What an interfering signal looks like in one snapshot: columns that do not depend on where it lies.

The measured moments are those of signal and noise together. With r the power of the signal over that of
the noise in a channel, K = (Ks r^2 + 4 r + 2) / (1 + r)^2 and g = (gs r + g0) / (1 + r): solved for the
signal's own kurtosis Ks and coherence gs, the same signal looks the same at every level.
"""

from __future__ import annotations

import math

import numpy as np

from .baseline import Baseline
from .comparison import DB, Comparison, Look

_RANKS = (0, 1, 2, 3, 5, 7, 11, 15, 23, 31, 47, 63)
_TOPS = (1, 2, 4, 8, 16, 64)
_LAGS = (1, 2, 3, 4, 6, 8)

#: Names of the columns of `describe`.
NAMES = (
    "j_n_db",
    "rise_db",
    "entropy_bits",
    "signal_entropy_bits",
    "channels_5_sigma",
    "channels_3_db",
    "channels_10_db",
    "runs",
    "longest_run",
    "second_run",
    "peak_distance",
    *(f"excess_rank_{rank}" for rank in _RANKS),
    *(f"share_top_{top}" for top in _TOPS[:-1]),
    *(f"kurtosis_rank_{rank}" for rank in (0, 1, 2, 3)),
    *(f"kurtosis_quantile_{q}" for q in (0, 5, 25, 50, 75, 95, 100)),
    *(f"signal_kurtosis_top_{top}" for top in _TOPS),
    *(f"coherence_rank_{rank}" for rank in (0, 1, 2, 3)),
    *(f"signal_coherence_top_{top}" for top in _TOPS),
    *(f"coherence_quantile_{q}" for q in (50, 75, 95)),
    "row_kurtosis_sigma",
    "signal_row_kurtosis",
    "common_kurtosis_sigma",
    "kurtosis_energy",
    "coherence_energy",
    "shape_energy",
    *(f"ripple_lag_{lag}" for lag in _LAGS),
    "ripple_db",
    "saturated_share",
)


def describe(seen: Look, comparison: Comparison, baseline: Baseline, saturated_share: float) -> np.ndarray:
    """The columns `NAMES` of one snapshot.

    Parameters
    ----------
    seen : Look
    comparison : Comparison
        Of the same snapshot with its receiver's reference.
    baseline : Baseline
        The reference.
    saturated_share : float
        NaN counts as 0.

    Returns
    -------
    ndarray, shape (len(NAMES),), finite
    """
    channels = len(seen.shape_db)
    ratio = comparison.excess
    order = np.argsort(-ratio, kind="stable")
    noise = _noise_shape(seen, comparison)
    strength = np.maximum(ratio, 0)
    signal = strength * noise
    total = signal.sum() / channels
    lines = comparison.shape > 5
    runs = _runs(lines)
    ranks = [min(rank * channels // 64, channels - 1) for rank in _RANKS]
    tops = np.array([max(1, top * channels // 64) if top > 4 else min(top, channels) for top in _TOPS])
    first = [order[min(rank, channels - 1)] for rank in range(4)]
    departure = comparison.coherence.real**2 + comparison.coherence.imag**2
    columns = np.concatenate(
        [
            [
                DB * math.log(max(total, 1e-4)),
                min(max(comparison.rise_db, -20), 60),
                _entropy(noise * (1 + np.maximum(ratio, -0.9))),
                _entropy(signal),
                np.count_nonzero(lines) / channels,
                np.count_nonzero(ratio > 1) / channels,
                np.count_nonzero(ratio > 9) / channels,
                len(runs),
                (runs[0] if runs else 0) / channels,
                (runs[1] if len(runs) > 1 else 0) / channels,
                min(abs(int(order[0]) - int(order[1])), 8),
            ],
            DB * np.log(np.maximum(ratio[order[ranks]], 1e-4)),
            np.cumsum(signal[order])[tops[:-1] - 1] / max(signal.sum(), 1e-12),
            _bounded_log(seen.kurtosis[first]),
            _bounded_log(_quantiles(seen.kurtosis, (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1))),
            _signal_kurtosis(seen.kurtosis[order], strength[order], seen.rows, tops),
            np.abs(seen.coherence[first]),
            _signal_coherence(
                np.abs(seen.coherence * (1 + strength) - baseline.coherence)[order],
                strength[order],
                seen.rows,
                tops,
            ),
            _quantiles(np.sqrt(departure / seen.rows), (0.5, 0.75, 0.95)),
            [
                _signed_log(comparison.row_kurtosis),
                _signal_row_kurtosis(seen.row_excess - baseline.row_excess, total),
                _signed_log(comparison.common_kurtosis),
                _signed_log((_mean_square(comparison.kurtosis) - 1) * math.sqrt(channels / 2)),
                _signed_log((departure.sum() / channels - 1) * math.sqrt(channels)),
                _signed_log((_mean_square(comparison.shape) - 1) * math.sqrt(channels / 2)),
            ],
            _ripple(comparison.shape),
            [
                np.std(DB * np.log(np.maximum(1 + ratio, 1e-3))),
                0.0 if math.isnan(saturated_share) else saturated_share,
            ],
        ]
    )
    return np.nan_to_num(columns, copy=False, nan=0.0, posinf=60.0, neginf=-60.0)


def _noise_shape(seen: Look, comparison: Comparison) -> np.ndarray:
    """Relative power of the receiver's noise in each channel, mean 1."""
    noise = 10 ** (seen.shape_db / 10) / np.maximum(1 + comparison.excess, 1e-3)
    return noise / noise.mean()


def _entropy(power: np.ndarray) -> float:
    """Entropy of a spectrum in bits, as if it had 64 channels; all of them where there is no power."""
    total = power.sum()
    if total <= 0:
        return 6.0
    q = power / total
    return float(-(q[q > 0] * np.log2(q[q > 0])).sum() - np.log2(len(power)) + 6.0)


def _runs(raised: np.ndarray) -> list[int]:
    """Lengths of contiguous raised channels, longest first."""
    padded = np.zeros(len(raised) + 2, np.int8)
    padded[1:-1] = raised
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return sorted((edges[1::2] - edges[::2]).tolist(), reverse=True)


def _signal_kurtosis(kurtosis: np.ndarray, r: np.ndarray, rows: float, tops: np.ndarray) -> np.ndarray:
    """Logarithm of the signal's own kurtosis, pooled over the first channels with the weight r^2 it has in K.

    Where the signal is too weak to tell, it tends to that of noise. One value for each of `tops`.
    """
    moment = np.cumsum(kurtosis * (1 + r) ** 2 - 2 - 4 * r)[tops - 1]
    weight = np.cumsum(r**2)[tops - 1]
    doubt = 3 * 2 * np.sqrt(tops / max(rows, 1.0))
    return _bounded_log((moment + 2 * doubt) / (weight + doubt))


def _signal_coherence(own: np.ndarray, r: np.ndarray, rows: float, tops: np.ndarray) -> np.ndarray:
    """Modulus of the signal's own coherence, pooled over the first channels; 0 where it is too weak to tell.

    Parameters
    ----------
    own : ndarray, shape (N,)
        Modulus of what the signal adds to the coherence, times 1 + r.
    """
    doubt = np.sqrt(tops / max(rows, 1.0))
    # The modulus of what is but scatter is taken off.
    evidence = np.cumsum(own * r)[tops - 1] - doubt * np.cumsum(r)[tops - 1]
    return np.minimum(np.maximum(evidence / (np.cumsum(r**2)[tops - 1] + doubt), 0), 1.5)


def _signal_row_kurtosis(excess: float, total: float) -> float:
    """Logarithm of 1 + the row excess that the signal alone would have."""
    variance = excess * (1 + total) ** 2 / (total**2 + 1e-4)
    return math.log1p(min(max(variance, 0.0), 1e4))


def _ripple(shape: np.ndarray) -> list[float]:
    """Correlation of the spectrum's departures with themselves some channels on: combs repeat."""
    limited = np.minimum(np.maximum(shape, -10), 30)
    centred = limited - limited.sum() / len(limited)
    energy = max(float(centred @ centred), 1e-9)
    return [float(centred[lag:] @ centred[:-lag]) / energy if lag < len(shape) else 0.0 for lag in _LAGS]


def _quantiles(values: np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    """Quantiles with straight lines between the values, as numpy.quantile."""
    place = np.array(shares) * (len(values) - 1)
    return np.interp(place, np.arange(len(values)), np.sort(values))


def _mean_square(values: np.ndarray) -> float:
    return float(values @ values) / len(values)


def _bounded_log(kurtosis: np.ndarray) -> np.ndarray:
    return np.log(np.minimum(np.maximum(kurtosis, 0.5), 200))


def _signed_log(value: float) -> float:
    return math.copysign(math.log1p(abs(value)), value)
