# SPDX-License-Identifier: GPL-3.0-or-later
"""The strongest narrow lines of an averaged spectrum."""

import numpy as np

_HIDDEN_BINS = 16


def hann_power(samples: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Sum of the windowed power spectra of consecutive pieces, zero frequency in the middle.

    Parameters
    ----------
    samples : complex array, shape (count,)
        A rest shorter than the window is left out.
    window : float array, shape (size,)

    Returns
    -------
    float64 array, shape (size,)
    """
    size = len(window)
    pieces = samples[: len(samples) // size * size].reshape(-1, size)
    power = np.abs(np.fft.fft(pieces * window, axis=1)) ** 2
    return np.fft.fftshift(power.sum(axis=0))


def find_lines(
    power: np.ndarray, sample_rate: float, count: int, least_db: float
) -> list[tuple[float, float]]:
    """The largest local maxima as (offset in Hz, dB over the median), strongest first.

    The offset is interpolated by a parabola through the logarithms of three bins. A line hides what
    lies within `_HIDDEN_BINS` of it: the main lobe of the window and the sidebands of keying, which would
    else fill the list with one emitter.

    Parameters
    ----------
    power : float array, shape (size,)
        Power spectrum with zero frequency at size // 2.
    count : int
        How many lines at most.
    least_db : float
        Lines below this are not reported.
    """
    size = len(power)
    median = np.median(power)
    if not median > 0:
        return []
    db = 10 * np.log10(np.maximum(power, median * 1e-30) / median)
    is_peak = (db >= np.roll(db, 1)) & (db > np.roll(db, -1)) & (db >= least_db)
    order = np.flatnonzero(is_peak)[np.argsort(-db[is_peak], kind="stable")]
    taken: list[int] = []
    for peak in order:
        if all(min(abs(peak - t), size - abs(peak - t)) > _HIDDEN_BINS for t in taken):
            taken.append(int(peak))
        if len(taken) == count:
            break
    return [(_offset_hz(db, peak, sample_rate), float(db[peak])) for peak in taken]


def _offset_hz(db: np.ndarray, peak: int, sample_rate: float) -> float:
    size = len(db)
    left, middle, right = db[peak - 1], db[peak], db[(peak + 1) % size]
    bend = left - 2 * middle + right
    fraction = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float((peak - size // 2 + fraction) * sample_rate / size)
