# SPDX-License-Identifier: GPL-3.0-or-later
"""One detection cycle in plain NumPy: what the C++ kernels are compared with.

Two variants. `PublishedCycle` follows the published single-tag detector step by step, with its three
defects repaired (threshold scale, interval rounded instead of floored, frequency axis), in double
precision with the explicit W matrix. `FastCycle` is the fastest form of the same steps that we found
in plain NumPy: single precision, zero-padded FFT of a friendly length, shifted slices for the fold.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def geometry(sample_rate: float, pulse_width_s: float, interval_s: float, pulses: int):
    """Return (window, hop, interval in windows, windows, samples) of the published cycle."""
    window = int(np.ceil(pulse_width_s * sample_rate))
    overlap = window // 2
    hop = window - overlap
    interval = round(interval_s * sample_rate / hop)
    samples = hop * (pulses * interval + 1) + overlap
    return window, hop, interval, (samples - overlap) // hop, samples


def w_matrix(window: int) -> np.ndarray:
    """The W matrix (window x 2 window) for zeta = 0 and 0.5, rectangular template, sorted by frequency."""
    n = np.arange(window)
    blocks = []
    for zeta in (0.0, 0.5):
        column = np.fft.fft(np.exp(2j * np.pi * zeta * n / window))
        column /= np.linalg.norm(column)
        blocks.append(np.stack([np.roll(column, k) for k in range(window)], axis=1))
    interleaved = np.stack(blocks, axis=2).reshape(window, 2 * window)
    return np.fft.fftshift(interleaved, axes=1)


class PublishedCycle:
    """Double-precision STFT, W product, noise, index-gather fold and row maxima of one cycle."""

    def __init__(self, sample_rate=3840.0, pulse_width_s=0.015, interval_s=2.0, pulses=5):
        self.window, self.hop, self.interval, self.windows, self.samples = geometry(
            sample_rate, pulse_width_s, interval_s, pulses
        )
        self.pulses = pulses
        self.w_conjugate = w_matrix(self.window).conj().T
        self.starts = np.arange(min(self.interval, self.windows - (pulses - 1) * self.interval))
        self.gather = self.starts[:, None] + self.interval * np.arange(pulses)

    def power(self, samples: np.ndarray) -> np.ndarray:
        segments = sliding_window_view(samples, self.window)[:: self.hop][: self.windows]
        spectrum = np.fft.fft(segments.astype(np.complex128), axis=1)
        return np.abs(self.w_conjugate @ spectrum.T) ** 2

    @staticmethod
    def noise(power: np.ndarray) -> np.ndarray:
        padded = np.pad(power, ((0, 0), (1, 1)), mode="edge")
        mean3 = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3
        median = np.median(mean3, axis=1)
        kept = power <= 10 * median[:, None]
        count = kept.sum(axis=1)
        mean = (power * kept).sum(axis=1) / np.maximum(count, 1)
        return np.maximum(np.where(count > 0, mean, median), 1e-30)

    def scores(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the best score of each row over its noise, and the start window it has."""
        power = self.power(samples)
        folded = power[:, self.gather].sum(axis=2)
        best = folded.argmax(axis=1)
        return folded[np.arange(len(best)), best] / self.noise(power), best

    def calibrate(self, trials: int, rng: np.random.Generator) -> np.ndarray:
        """Maxima over rows and starts of `trials` cycles of white noise."""
        maxima = np.empty(trials)
        for i in range(trials):
            noise = rng.standard_normal((self.samples, 2)) @ (np.array([1, 1j]) / np.sqrt(2))
            maxima[i] = self.scores(noise)[0].max()
        return maxima


class FastCycle(PublishedCycle):
    """The same cycle in single precision with a zero-padded FFT and shifted slices."""

    def __init__(self, *args, fft_size: int = 128, **kwargs):
        super().__init__(*args, **kwargs)
        self.fft_size = fft_size

    def power(self, samples: np.ndarray) -> np.ndarray:
        segments = sliding_window_view(samples.astype(np.complex64), self.window)[:: self.hop][: self.windows]
        # NumPy 1.24 transforms in double whatever comes in; SciPy's pocketfft keeps single precision.
        from scipy.fft import fft

        spectrum = fft(segments, self.fft_size, axis=1)
        return np.ascontiguousarray((spectrum.real**2 + spectrum.imag**2).T)

    def scores(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        power = self.power(samples)
        count = len(self.starts)
        folded = power[:, :count].copy()
        for k in range(1, self.pulses):
            folded += power[:, k * self.interval : k * self.interval + count]
        best = folded.argmax(axis=1)
        return folded[np.arange(len(best)), best] / self.noise(power), best
