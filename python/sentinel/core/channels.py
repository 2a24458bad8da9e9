# SPDX-License-Identifier: GPL-3.0-or-later
"""Narrow channels out of a wide recording, by the same kernel as the block `channelizer`."""

from collections.abc import Sequence

import numpy as np
from gnuradio.sentinel import kernel
from scipy.fft import next_fast_len

from .channel_filter import channel_taps
from .errors import InputError

# A filter stays centred on the nearest bin. This share of the channel rate between bin and tag
# leaves +-0.40 of the +-0.42 that the prototype keeps.
WORST_RESIDUAL_SHARE = 0.02
# From here on the kernel uses an FFT, which wants a length of small factors.
MANY_CHANNELS = 6


def plan_decimation(sample_rate: float, minimum_rate: float) -> int:
    """Largest integer D for which sample_rate / D is at least minimum_rate.

    A quotient within 1e-9 of an integer counts as that integer, so that rates which are themselves
    rounded quotients give the D they were made with.

    Parameters
    ----------
    sample_rate, minimum_rate : float
        Hz, above 0.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    InputError
        If the input is slower than the channel has to be.
    """
    if not (sample_rate > 0 and minimum_rate > 0 and np.isfinite([sample_rate, minimum_rate]).all()):
        raise InputError(f"rates {sample_rate} and {minimum_rate} Hz: both must be above 0 and finite")
    if sample_rate < minimum_rate * (1 - 1e-9):
        raise InputError(
            f"input rate {sample_rate:.12g} Hz is below the channel rate {minimum_rate:.12g} Hz; "
            "give a faster input or a lower --fs"
        )
    return max(1, int(np.floor(sample_rate / minimum_rate * (1 + 1e-9))))


def choose_fft_size(sample_rate: float, decimation: int, frequencies_hz: Sequence[float]) -> int:
    """Smallest bin count M >= D whose bins lie near all channel centres.

    Near means within 0.02 of the channel rate. M need not be a multiple of D: for a single channel
    one just above D is nearly always near enough, which keeps the transform short. M = 25 D suits
    any set of channels.

    Parameters
    ----------
    sample_rate : float
        Input rate, Hz.
    decimation : int
        Input samples per output.
    frequencies_hz : sequence of float
        Channel centres, within +-sample_rate / 2.

    Returns
    -------
    int
        M, from D to the next fast FFT length from 25 D on.
    """
    positions = np.asarray(frequencies_hz, float) / sample_rate  # turns per sample
    tolerance = WORST_RESIDUAL_SHARE / decimation
    size = decimation
    while size < 25 * decimation:
        bins = positions * size
        if np.all(np.abs(bins - np.round(bins)) <= tolerance * size):
            return size
        size = size + 1 if len(positions) < MANY_CHANNELS else next_fast_len(size + 1)
    return next_fast_len(25 * decimation)


def extract_channels(
    samples: np.ndarray,
    sample_rate: float,
    decimation: int,
    frequencies_hz: Sequence[float],
    taps: np.ndarray | None = None,
    fft_size: int | None = None,
) -> np.ndarray:
    """Filter, shift to 0 Hz and decimate channels of a recording.

    Equal bit for bit to the block `channelizer` with the same taps and FFT size, in whatever chunks
    that gets the samples.

    Parameters
    ----------
    samples : numpy.ndarray
        Complex baseband, complex64 (n,).
    sample_rate : float
        Hz.
    decimation : int
        Input samples per output, D.
    frequencies_hz : sequence of float
        Centre of each channel from the centre of the input, within +-sample_rate / 2.
    taps : numpy.ndarray, optional
        Prototype, odd length; by default `channel_taps`: flat over +-0.42 of the channel rate.
    fft_size : int, optional
        Bins of the filter bank, by default `choose_fft_size`.

    Returns
    -------
    numpy.ndarray
        complex64 (ceil(n / D), C). Row i is centred on sample i D; mixing phases are zero at
        sample 0.

    Raises
    ------
    InputError
        If samples or settings do not fit.
    """
    samples = np.asarray(samples)
    if samples.ndim != 1 or samples.dtype != np.complex64:
        raise InputError(f"samples: {samples.dtype} {samples.shape}; give a one-dimensional complex64 array")
    if decimation < 1:
        raise InputError(f"decimation {decimation}: must be at least 1")
    if taps is None:
        taps = channel_taps(sample_rate, decimation)
    if len(taps) > 0 and len(taps) % 2 == 0:
        raise InputError(f"taps: {len(taps)} were given; an odd number has a centre")
    if fft_size is None:
        fft_size = choose_fft_size(sample_rate, decimation, frequencies_hz)
    try:
        tunings = [kernel.channelizer.tune(f, sample_rate, fft_size) for f in frequencies_hz]
        bank = kernel.channelizer(
            sample_rate, decimation, fft_size, taps, [k for k, _ in tunings], [r for _, r in tunings]
        )
    except ValueError as error:
        raise InputError(str(error)) from error
    whole = bank.push(np.ascontiguousarray(samples))
    return np.concatenate([whole, bank.flush()])
