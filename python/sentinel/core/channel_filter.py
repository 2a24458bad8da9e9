# SPDX-License-Identifier: GPL-3.0-or-later
"""Prototype low-pass filters for the channelizer."""

import numpy as np
from scipy.fft import next_fast_len, rfft
from scipy.signal import firwin, kaiserord

from .errors import InputError

# Share of the channel rate on each side of the centre that is kept flat and free of aliases. The
# taps go with 1 / (0.5 - share): 0.42 takes 23 taps per unit of decimation, 0.45 would take 36.
KEPT_SHARE = 0.42
# Rejection of what folds into the kept band: a carrier 50 dB over the noise of its own channel
# stays 10 dB below the noise of the others.
ATTENUATION_DB = 60.0


def design_channel_filter(
    sample_rate: float,
    decimation: int,
    passband_hz: float,
    stopband_hz: float,
    attenuation_db: float = ATTENUATION_DB,
) -> np.ndarray:
    """Kaiser-window low-pass of odd length and unit gain at 0 Hz.

    Parameters
    ----------
    sample_rate : float
        Rate at which the filter runs, Hz.
    decimation : int
        Input samples per output; decides what may alias.
    passband_hz, stopband_hz : float
        One-sided edges, 0 < passband_hz < stopband_hz <= sample_rate / 2. With
        passband_hz + stopband_hz <= sample_rate / decimation nothing folds into the pass band
        above -attenuation_db.
    attenuation_db : float
        Stop-band rejection, 21 to 120 dB. The pass-band ripple is of the same size: 60 dB
        stands for +-0.009 dB.

    Returns
    -------
    numpy.ndarray
        Taps, float32 (n,), n odd, symmetric.

    Raises
    ------
    InputError
        If the edges are out of order or fold into the pass band.
    """
    if not 0 < passband_hz < stopband_hz <= sample_rate / 2:
        raise InputError(
            f"channel filter: edges {passband_hz:g} and {stopband_hz:g} Hz; "
            f"they must rise and end at half the sample rate, {sample_rate / 2:g} Hz"
        )
    if passband_hz + stopband_hz > sample_rate / decimation * (1 + 1e-9):
        raise InputError(
            f"channel filter: pass band to {passband_hz:g} Hz and stop band from {stopband_hz:g} Hz alias at "
            f"{sample_rate / decimation:g} Hz after decimation by {decimation}; "
            "lower an edge or the decimation"
        )
    if not 21 <= attenuation_db <= 120:
        raise InputError(f"channel filter: attenuation {attenuation_db:g} dB; give 21 to 120")
    length, beta = kaiserord(attenuation_db, (stopband_hz - passband_hz) / (sample_rate / 2))
    length += 1 - length % 2
    middle = (passband_hz + stopband_hz) / 2
    while True:
        taps = firwin(length, middle, window=("kaiser", beta), fs=sample_rate).astype(np.float32)
        # Kaiser's rule for the length can fall short by a dB; 0.01 is what the grid may miss.
        if _worst_gain_db(taps, stopband_hz / sample_rate) <= -attenuation_db - 0.01:
            return taps
        length += 2


def _worst_gain_db(taps: np.ndarray, from_turns: float) -> float:
    """Largest gain from a frequency (cycles per sample) up, on 64 points per lobe and at the edge."""
    size = next_fast_len(64 * len(taps), real=True)
    beyond = np.abs(rfft(taps.astype(float), size))[int(np.ceil(from_turns * size)) :]
    edge = np.abs(taps @ np.exp(-2j * np.pi * from_turns * np.arange(len(taps))))
    return 20 * np.log10(max(edge, np.max(beyond, initial=0.0)) + 1e-12)


def channel_taps(sample_rate: float, decimation: int) -> np.ndarray:
    """Prototype that keeps +-0.42 of the channel rate flat and 60 dB free of aliases.

    Parameters
    ----------
    sample_rate : float
        Input rate, Hz.
    decimation : int
        Input samples per output. With 1 no taps are returned: nothing is filtered.

    Returns
    -------
    numpy.ndarray
        Taps, float32 (n,).
    """
    if decimation == 1:
        return np.empty(0, np.float32)
    channel_rate = sample_rate / decimation
    kept = KEPT_SHARE * channel_rate
    return design_channel_filter(sample_rate, decimation, kept, channel_rate - kept)
