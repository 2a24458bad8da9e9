# SPDX-License-Identifier: GPL-3.0-or-later
"""Polyphase channelizer in plain NumPy (and SciPy's single-precision FFT, as NumPy's own is double).

All functions compute, for odd-length `taps` with delay G = (len(taps) - 1) / 2,

    y_k[n] = sum_l taps[l] x[n D + G - l] exp(-2j pi f_k (n D + G - l) / fs)

with zeros around the samples: ceil(len(x) / D) outputs, output n centred on input n D. Two ways of
folding stand here, because which one is faster depends on the geometry; a comparison has to use
the faster.
"""

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import as_strided


def _padded(samples: np.ndarray, taps: np.ndarray, decimation: int, multiple: int) -> tuple:
    """Samples between zeros so that window n starts at n * decimation; number of outputs."""
    delay = (len(taps) - 1) // 2
    outputs = -(-len(samples) // decimation)
    length = (outputs - 1) * decimation + multiple
    padded = np.zeros(max(length, delay + len(samples)), np.complex64)
    padded[delay : delay + len(samples)] = samples
    return padded, outputs


def fold_complex(windows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weight and overlap-add windows (n, P, M) in one pass without temporaries."""
    return np.einsum("npm,pm->nm", windows, weights)


def fold_real(windows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The same on real and imaginary parts side by side: half the arithmetic."""
    parts = windows.view(np.float32)
    return np.einsum("npm,pm->nm", parts, np.repeat(weights, 2, axis=1)).view(np.complex64)


def channelize_all(
    samples: np.ndarray, taps: np.ndarray, decimation: int, fft_size: int, fold=fold_real
) -> np.ndarray:
    """All `fft_size` channels, complex64 (n_out, fft_size), channel k at k * rate / fft_size."""
    branches = -(-len(taps) // fft_size)
    weights = np.zeros(branches * fft_size, np.float32)
    weights[: len(taps)] = taps[::-1]
    padded, outputs = _padded(samples, taps, decimation, branches * fft_size)
    stride = padded.strides[0]
    windows = as_strided(
        padded, (outputs, branches, fft_size), (decimation * stride, fft_size * stride, stride)
    )
    spectrum = scipy.fft.fft(fold(windows, weights.reshape(branches, fft_size)), axis=1, overwrite_x=True)
    first = decimation * np.arange(outputs) - (len(taps) - 1) // 2
    if decimation % fft_size == 0:  # every window starts at the same phase
        spectrum *= np.exp(-2j * np.pi * first[0] * np.arange(fft_size) / fft_size).astype(np.complex64)
        return spectrum
    turns = np.outer(first % fft_size, np.arange(fft_size)) % fft_size
    roots = np.exp(-2j * np.pi * np.arange(fft_size) / fft_size).astype(np.complex64)
    spectrum *= roots[turns]
    return spectrum


def channelize_one(samples: np.ndarray, taps: np.ndarray, decimation: int, frequency: float) -> np.ndarray:
    """One channel at `frequency` (cycles per sample) as one matrix product, complex64 (n_out,).

    The taps are mixed instead of the samples; rows of `decimation` samples times the branches of
    the filter go through BLAS, and the products are added along the diagonal.
    """
    branches = -(-len(taps) // decimation)
    weights = np.zeros(branches * decimation, np.complex64)
    weights[: len(taps)] = taps[::-1] * np.exp(-2j * np.pi * frequency * np.arange(len(taps)))
    padded, outputs = _padded(samples, taps, decimation, branches * decimation)
    rows = padded[: (outputs + branches - 1) * decimation].reshape(-1, decimation)
    products = rows @ weights.reshape(branches, decimation).T
    filtered = products[:outputs, 0].copy()
    for p in range(1, branches):
        filtered += products[p : p + outputs, p]
    first = decimation * np.arange(outputs) - (len(taps) - 1) // 2
    filtered *= np.exp(-2j * np.pi * ((frequency * first) % 1.0)).astype(np.complex64)
    return filtered
