# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels in the direct form: mix, convolve, keep every D-th, in double precision."""

import numpy as np


def direct_channel(samples, taps, decimation, turns_per_sample, delay=None):
    """One channel, complex128 (ceil(n / D),), centred on inputs 0, D, 2 D ..."""
    delay = (len(taps) - 1) // 2 if delay is None else delay
    oscillator = np.exp(-2j * np.pi * ((turns_per_sample * np.arange(len(samples))) % 1.0))
    filtered = np.convolve(samples * oscillator, np.asarray(taps, float))
    return filtered[delay : delay + len(samples)][::decimation]


def complex_noise(rng, count):
    """Circular white noise of unit power, complex64 (count,)."""
    return ((rng.normal(size=count) + 1j * rng.normal(size=count)) / np.sqrt(2)).astype(np.complex64)
