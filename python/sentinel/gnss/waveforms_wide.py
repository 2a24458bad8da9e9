# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise in a band, and sweeps."""

from __future__ import annotations

import math

import numpy as np
from scipy.signal import firwin, kaiser_beta

from .. import kernel
from .shaping import response, shaping_taps
from .waveform import BLOCK_SAMPLES, Waveform

# Length of the front-end filter of a sweep in output samples, and its stop band.
_SWEEP_FILTER_SAMPLES, _SWEEP_STOP_DB = 12, 55.0
_FACTORS = (2, 4, 8, 16, 32)


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

    It is made at up to 32 times the sample rate; the filter has -6 dB at the edges of the band.
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
        factor = next((f for f in _FACTORS if reach <= 0.49 * f * sample_rate), None)
        if factor is None:
            raise ValueError(f"a sweep up to {reach:g} Hz cannot be made at 32 times {sample_rate:g} Hz")
        fast_rate = factor * sample_rate
        taps = firwin(
            _SWEEP_FILTER_SAMPLES * factor,
            sample_rate / 2,
            window=("kaiser", kaiser_beta(_SWEEP_STOP_DB)),
            fs=fast_rate,
        )
        # A linear sweep spends equal times at all its frequencies.
        power = np.mean(response(taps, np.linspace(low, high, 4001), fast_rate))
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
