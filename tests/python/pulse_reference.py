# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain NumPy references of the pulse kernels, and the scenes they are tested on.

Power of a cell is |FFT|^2, unnormalised: white noise of variance s2 has mean cell power window * s2.
E/N0 of a pulse of amplitude A and `window` samples in noise of variance 1 is A^2 * window.
"""

import numpy as np
from gnuradio import sentinel
from numpy.lib.stride_tricks import sliding_window_view


def round_half_up(values):
    """C's llround for values that are not negative; NumPy rounds halves to even."""
    return np.floor(np.asarray(values) + 0.5).astype(int)


def stft(samples, window, hop, rows, template=None):
    """Scores (windows, rows) in double precision, rows ascending from -1/2 cycle per sample."""
    h = np.ones(window) if template is None else np.asarray(template, np.complex128)
    segments = sliding_window_view(samples.astype(np.complex128), window)[::hop]
    spectrum = np.fft.fft(segments * h.conj(), rows, axis=1)
    return np.fft.fftshift(spectrum, axes=1) * np.sqrt(window) / np.linalg.norm(h)


def noise_floor(power, rank=0, margin=0.0):
    """Noise of each row of (windows, rows): mean of what is below 10 x the median of 3-window means.

    The median may be moved by `rank` places in the sorted values, and by the share `margin`.
    """
    power = power.astype(float)
    mean3 = (power[:-2] + power[1:-1] + power[2:]) / 3
    mean3 = np.vstack([(power[0] + power[1]) / 2, mean3, (power[-2] + power[-1]) / 2])
    middle = np.median(mean3, axis=0)
    if rank:
        place = (len(mean3) - 1) / 2 + rank
        middle = np.sort(mean3, axis=0)[int(np.floor(place) if rank < 0 else np.ceil(place))]
    middle *= 1 + margin
    kept = power <= 10 * middle
    mean = (power * kept).sum(axis=0) / np.maximum(kept.sum(axis=0), 1)
    return np.maximum(np.where(kept.any(axis=0), mean, middle), 1e-30)


def pulse_windows(geometry):
    """Windows of the K pulses of a train that starts in window 0."""
    pulses = np.arange(geometry.pulses)
    return round_half_up(pulses * geometry.interval_samples / geometry.hop)


def fold(normalized, geometry, knee=15.0):
    """Folded plane (starts, rows): what a pulse has above the knee counts a thousandth."""
    limited = np.where(normalized < knee, normalized, knee + (normalized - knee) / 1000)
    return np.array([limited[s + pulse_windows(geometry)].sum(axis=0) for s in range(geometry.starts)])


def make_geometry(window=58, hop=29, rows=128, interval_samples=7680.0, pulses=5, **limits):
    return sentinel.kernel.pulse_train_geometry(window, hop, rows, interval_samples, pulses, **limits)


def noise(rng, count):
    """Circular complex noise of unit variance."""
    return rng.standard_normal(2 * count, dtype=np.float32).view(np.complex64) * np.float32(np.sqrt(0.5))


def pulse_starts(geometry, start, interval=None, count=None):
    """First samples of the pulses, from the cycle's first sample, rounded to whole samples."""
    interval = geometry.interval_samples if interval is None else interval
    return round_half_up(start + interval * np.arange(geometry.pulses if count is None else count))


def add_pulses(samples, starts, window, frequency, e_n0_db, rng):
    """Add pulses of E/N0 over noise of variance 1, each with a phase of its own; what lies outside is cut."""
    tone = np.sqrt(10 ** (e_n0_db / 10) / window) * np.exp(2j * np.pi * frequency * np.arange(window))
    for start in starts:
        first, last = max(start, 0), min(start + window, len(samples))
        if first < last:
            phase = np.exp(2j * np.pi * rng.random())
            samples[first:last] += (phase * tone[first - start : last - start]).astype(np.complex64)
    return samples


def scores_of(samples, geometry):
    """The kernel's scores of one cycle."""
    stft_kernel = sentinel.kernel.wmatrix_stft(geometry.window, geometry.rows)
    return stft_kernel(np.ascontiguousarray(samples[: geometry.cycle_samples], np.complex64), geometry.hop)


def search(samples, geometry, threshold=31.0, most=1, merge=0.25):
    """Trains found in one cycle of samples, of which all numbers are checked to be finite."""
    found = sentinel.kernel.pulse_train_search(geometry).search(
        scores_of(samples, geometry), threshold, most, merge
    )
    for train in found:
        numbers = [train.start, train.frequency, train.score, train.traffic_score, train.noise]
        assert np.isfinite([*numbers, *train.pulse_starts, *train.pulse_scores]).all()
    return found


def declared(trains):
    return [train for train in trains if train.reason == sentinel.kernel.verdict.pulses]
