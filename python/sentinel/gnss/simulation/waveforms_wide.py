# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise in a band, and sweeps."""

from __future__ import annotations

import math

import numpy as np
from scipy.signal import firwin, kaiser_beta

from ... import kernel
from ...core.errors import InputError
from .shaping import shaping_taps
from .waveform import BLOCK_SAMPLES, Waveform

# Length of the front-end filter of a sweep in output samples, and its stop band.
_SWEEP_FILTER_SAMPLES, _SWEEP_STOP_DB = 12, 55.0
_MOST_FACTOR = 1024


class Noise(Waveform):
    """Gaussian noise in a band, which rises by `tilt_db` from its lower to its upper edge.

    What of it lies outside the sampled band is not heard.
    """

    def __init__(
        self, sample_rate: float, seed: int, *, offset_hz: float, bandwidth_hz: float, tilt_db: float = 0.0
    ) -> None:
        super().__init__(sample_rate, seed)
        self._noise = kernel.gaussian_noise(self.kernel_seed())
        low, high = offset_hz - bandwidth_hz / 2, offset_hz + bandwidth_hz / 2
        self._filter = None
        if low > -sample_rate / 2 or high < sample_rate / 2 or tilt_db:

            def amplitude(frequency: np.ndarray) -> np.ndarray:
                rise = 10 ** (tilt_db * (frequency - offset_hz) / bandwidth_hz / 20)
                return np.where((frequency >= low) & (frequency <= high), rise, 0.0)

            taps = int(np.clip(16 * round(sample_rate / bandwidth_hz), 32, 256))
            self._filter = kernel.complex_filter(shaping_taps(amplitude, sample_rate, taps))
            self._filter.process(self._noise.generate(taps))

    def _block(self) -> np.ndarray:
        samples = self._noise.generate(BLOCK_SAMPLES)
        if self._filter is not None:
            self._filter.process(samples)
        return samples


class Chirp(Waveform):
    """A carrier that sweeps over more than the band, heard through the receiver's front-end filter.

    It is made at a multiple of the sample rate, 15 for the widest at 2.56 MHz; the filter has -6 dB at
    the edges of the band.

    Raises
    ------
    InputError
        If it sweeps too far for the sample rate.
    """

    def __init__(
        self,
        sample_rate: float,
        seed: int,
        *,
        offset_hz: float,
        bandwidth_hz: float,
        period_s: float,
        shape: str,
        jitter: float,
        coherent: bool,
    ) -> None:
        super().__init__(sample_rate, seed)
        low, high = offset_hz - bandwidth_hz / 2, offset_hz + bandwidth_hz / 2
        reach = max(-low, high)
        factor = max(math.ceil(reach / (0.49 * sample_rate)), 2)
        if factor > _MOST_FACTOR:
            raise InputError(
                f"chirp: it reaches {reach:g} Hz from the centre, too far to be made for a rate of "
                f"{sample_rate:g} Hz; give a narrower sweep or a higher rate"
            )
        fast_rate = factor * sample_rate
        taps = firwin(
            _SWEEP_FILTER_SAMPLES * factor,
            sample_rate / 2,
            window=("kaiser", kaiser_beta(_SWEEP_STOP_DB)),
            fs=fast_rate,
        )
        # A linear sweep spends equal times at all its frequencies.
        grid = np.fft.fftfreq(16 * len(taps), 1 / fast_rate)
        swept = (grid >= low) & (grid <= high)
        power = np.mean(np.abs(np.fft.fft(taps, len(grid))[swept]) ** 2)
        self._sweep = kernel.swept_carrier(
            low=low / fast_rate,
            high=high / fast_rate,
            period=period_s * fast_rate,
            jitter=jitter,
            shape=shape,
            coherent=bool(coherent),
            factor=factor,
            taps=list(taps / math.sqrt(power)),
            seed=self.kernel_seed(),
        )

    def _block(self) -> np.ndarray:
        return self._sweep.generate(BLOCK_SAMPLES)
