# SPDX-License-Identifier: GPL-3.0-or-later
"""Channelizer features in plain NumPy: single precision, SciPy's FFT, one snapshot in one piece."""

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import as_strided


def features(native: np.ndarray, taps: np.ndarray, channels: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Power and kurtosis of each channel of interleaved uint8 or of complex64 samples."""
    if native.dtype == np.uint8:
        parts = (native.astype(np.float32) - np.float32(127.5)) * np.float32(1 / 127.5)
        samples = parts.view(np.complex64)
    else:
        samples = native
    samples = samples - samples.mean()
    depth = len(taps) // channels
    rows = len(samples) // channels - depth + 1
    row = samples.strides[0] * channels
    windows = as_strided(
        samples.view(np.float32), (rows, depth, 2 * channels), (row, row, samples.strides[0] // 2)
    )
    weights = np.repeat(taps.reshape(depth, channels), 2, axis=1)
    folded = np.einsum("npm,pm->nm", windows, weights).view(np.complex64)
    spectrum = scipy.fft.fft(folded, axis=1, overwrite_x=True)
    power = spectrum.real**2
    power += spectrum.imag**2
    mean = power.mean(axis=0)
    return mean, np.einsum("nk,nk->k", power, power) / rows / mean**2
