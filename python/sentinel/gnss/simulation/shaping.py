# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that give a band its shape, as complex taps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_GRID = 4096


def shaping_taps(amplitude: Callable[[np.ndarray], np.ndarray], sample_rate: float, taps: int) -> np.ndarray:
    """Taps of a filter with this response, scaled so that white noise keeps its power.

    Parameters
    ----------
    amplitude : callable
        Of frequencies in Hz, -sample_rate / 2 up to sample_rate / 2; returns the wanted |H|.
    sample_rate : float
        Hz.
    taps : int
        More of them follow steeper edges: a step is about 3 sample_rate / taps wide.

    Returns
    -------
    complex64 array, shape (taps,)
        sum |h|^2 = 1.
    """
    frequency = np.fft.fftfreq(_GRID, 1.0 / sample_rate)
    impulse = np.fft.ifft(amplitude(frequency))
    centred = np.roll(impulse, taps // 2)[:taps] * np.hanning(taps + 2)[1:-1]
    return (centred / np.sqrt(np.sum(np.abs(centred) ** 2))).astype(np.complex64)
