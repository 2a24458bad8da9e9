# SPDX-License-Identifier: GPL-3.0-or-later
"""Carriers: plain, several, modulated in amplitude or frequency, hopping."""

from __future__ import annotations

import math

import numpy as np
from scipy.signal import butter, lfilter

from ... import kernel
from .waveform import BLOCK_SAMPLES, Waveform

#: Samples between knots of the carrier kernel; modulation is known there.
KNOT_SAMPLES = 8
_KNOTS = BLOCK_SAMPLES // KNOT_SAMPLES
# A drifting carrier turns round after so many seconds, so that it stays where it was put.
_DRIFT_S = 10.0
# Audio tones stand at these multiples of the first, so that they have no common period.
_AUDIO_RATIOS = (1.0, 1.37, 1.81, 0.63, 0.27, 1.53, 0.81, 0.45)


class Carrier(Waveform):
    """A carrier; subclasses say how frequency and amplitude go."""

    def __init__(self, sample_rate: float, seed: int, offset_hz: float) -> None:
        super().__init__(sample_rate, seed)
        self.offset_hz = offset_hz
        self._carrier = kernel.modulated_carrier(self.rng.random())
        self._last: tuple[float, float] | None = None

    def frequency_hz(self, time_s: np.ndarray) -> np.ndarray:
        """Hz at the knots."""
        return np.full(len(time_s), self.offset_hz)

    def amplitude(self, time_s: np.ndarray) -> np.ndarray:
        """Amplitude at the knots, mean square 1."""
        return np.ones(len(time_s))

    def _block(self) -> np.ndarray:
        # Each block knows its knots but the last, which begins the next one.
        start = 0 if self._last is None else 1
        time_s = (self.position + KNOT_SAMPLES * np.arange(start, _KNOTS + 1)) / self.sample_rate
        frequency, amplitude = self.frequency_hz(time_s) / self.sample_rate, self.amplitude(time_s)
        if self._last is not None:
            frequency = np.concatenate(([self._last[0]], frequency))
            amplitude = np.concatenate(([self._last[1]], amplitude))
        self._last = frequency[-1], amplitude[-1]
        samples = np.zeros(BLOCK_SAMPLES, np.complex64)
        self._carrier.add(frequency, amplitude.astype(np.float32), samples)
        return samples


class Cw(Carrier):
    """A carrier with a Lorentzian line that drifts back and forth."""

    def __init__(
        self, sample_rate: float, seed: int, *, offset_hz: float, linewidth_hz: float, drift_hz_per_s: float
    ) -> None:
        super().__init__(sample_rate, seed, offset_hz)
        self._drift = drift_hz_per_s * self.rng.choice((-1.0, 1.0))
        # A random walk of the phase: its step between knots, as a deviation of the frequency there.
        step = math.sqrt(2 * math.pi * linewidth_hz * KNOT_SAMPLES / sample_rate)
        self._wander_hz = step / (2 * math.pi) * sample_rate / KNOT_SAMPLES

    def frequency_hz(self, time_s: np.ndarray) -> np.ndarray:
        """Offset, drift and the line's width."""
        swing = np.abs((time_s / _DRIFT_S + 0.5) % 2.0 - 1.0) - 0.5
        frequency = self.offset_hz + self._drift * _DRIFT_S * swing
        if self._wander_hz:
            frequency = frequency + self._wander_hz * self.rng.standard_normal(len(time_s))
        return frequency


class Multitone(Waveform):
    """Carriers side by side."""

    def __init__(
        self,
        sample_rate: float,
        seed: int,
        *,
        offset_hz: float,
        tones: int,
        spacing_hz: float,
        scatter: float,
        level_spread_db: float,
    ) -> None:
        super().__init__(sample_rate, seed)
        places = np.arange(tones) - (tones - 1) / 2 + scatter * self.rng.uniform(-1.0, 1.0, tones)
        levels = 10 ** (-level_spread_db * self.rng.random(tones) / 20)
        levels /= np.sqrt(np.sum(levels**2))
        knots = np.ones(_KNOTS + 1)
        self._frequencies = [knots * (offset_hz + spacing_hz * place) / sample_rate for place in places]
        self._levels = [(knots * level).astype(np.float32) for level in levels]
        self._carriers = [kernel.modulated_carrier(phase) for phase in self.rng.random(tones)]

    def _block(self) -> np.ndarray:
        samples = np.zeros(BLOCK_SAMPLES, np.complex64)
        for carrier, frequency, level in zip(self._carriers, self._frequencies, self._levels, strict=True):
            carrier.add(frequency, level, samples)
        return samples


class Am(Carrier):
    """A carrier whose amplitude follows audio tones; `depth` is that of all of them together."""

    def __init__(
        self,
        sample_rate: float,
        seed: int,
        *,
        offset_hz: float,
        depth: float,
        audio_hz: float,
        audio_tones: int,
    ) -> None:
        super().__init__(sample_rate, seed, offset_hz)
        self._audio_hz = audio_hz * np.asarray(_AUDIO_RATIOS[:audio_tones])
        self._phases = self.rng.random(audio_tones)
        self._depth = depth / audio_tones
        self._scale = 1.0 / math.sqrt(1.0 + audio_tones * self._depth**2 / 2)

    def amplitude(self, time_s: np.ndarray) -> np.ndarray:
        """The envelope."""
        audio = sum(
            np.sin(2 * np.pi * ((frequency * time_s + phase) % 1.0))
            for frequency, phase in zip(self._audio_hz, self._phases, strict=True)
        )
        return self._scale * (1.0 + self._depth * audio)


class Fm(Carrier):
    """A carrier whose frequency follows a tone, or noise below `audio_hz`, within the deviation."""

    def __init__(
        self,
        sample_rate: float,
        seed: int,
        *,
        offset_hz: float,
        deviation_hz: float,
        audio_hz: float,
        audio: str,
    ) -> None:
        super().__init__(sample_rate, seed, offset_hz)
        self._deviation_hz = deviation_hz
        self._audio_hz = audio_hz
        self._phase = self.rng.random()
        self._filter = None
        if audio == "noise":
            knot_rate = sample_rate / KNOT_SAMPLES
            b, a = butter(2, audio_hz, fs=knot_rate)
            # Noise bandwidth of a second-order Butterworth filter; half the deviation is one sigma.
            power = audio_hz * math.pi / (2 * math.sqrt(2)) / (knot_rate / 2)
            self._filter = b * (0.5 / math.sqrt(power)), a
            self._state = np.zeros(2)

    def frequency_hz(self, time_s: np.ndarray) -> np.ndarray:
        """Offset and modulation."""
        if self._filter is None:
            audio = np.sin(2 * np.pi * ((self._audio_hz * time_s + self._phase) % 1.0))
        else:
            white = self.rng.standard_normal(len(time_s))
            audio, self._state = lfilter(*self._filter, white, zi=self._state)
            audio = np.clip(audio, -1.0, 1.0)
        return self.offset_hz + self._deviation_hz * audio


class Hopping(Carrier):
    """A carrier that jumps among channels at a steady rate, in random order, its phase going on."""

    def __init__(
        self,
        sample_rate: float,
        seed: int,
        *,
        offset_hz: float,
        bandwidth_hz: float,
        hops_per_s: float,
        channels: int,
    ) -> None:
        super().__init__(sample_rate, seed, offset_hz)
        self._grid_hz = offset_hz + bandwidth_hz * (np.arange(channels) / max(channels - 1, 1) - 0.5)
        self._hops_per_s = hops_per_s
        # Long enough not to come round within what anybody looks at.
        self._order = self.rng.integers(channels, size=1 << 14)

    def frequency_hz(self, time_s: np.ndarray) -> np.ndarray:
        """That of the hop which the knot lies in."""
        hop = (time_s * self._hops_per_s).astype(np.int64) % len(self._order)
        return self._grid_hz[self._order[hop]]
