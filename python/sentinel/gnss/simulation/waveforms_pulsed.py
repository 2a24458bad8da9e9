# SPDX-License-Identifier: GPL-3.0-or-later
"""Waveforms that come and go: gated carriers and noise, OFDM bursts, pulse pairs."""

from __future__ import annotations

import math

import numpy as np
import scipy.fft

from .waveform import BLOCK_SAMPLES, Waveform
from .waveforms_narrow import Carrier
from .waveforms_wide import Noise

_JITTERS = 4096
_STATIONS = 4
_SYMBOLS = 32
_QPSK = np.asarray([1 + 1j, 1 - 1j, -1 + 1j, -1 - 1j], np.complex64) / np.float32(math.sqrt(2))


class Gate:
    """On for `duty` of each period, at a place that is random within `jitter` of the rest of it."""

    def __init__(
        self, period_s: float, duty: float, jitter: float, sample_rate: float, rng: np.random.Generator
    ) -> None:
        self._period = period_s * sample_rate
        self._length = duty * self._period
        self._origin = rng.random() * self._period
        self._delays = jitter * (self._period - self._length) * rng.random(_JITTERS)

    def mask(self, first: int, count: int) -> np.ndarray:
        """Which of `count` samples from `first` on are on, shape (count,), bool."""
        index = np.arange(
            math.floor((first - self._origin) / self._period) - 1,
            math.ceil((first + count - self._origin) / self._period) + 1,
        )
        start = self._origin + index * self._period + self._delays[index % _JITTERS]
        edges = np.zeros(count + 1, np.int32)
        for place, step in ((start, 1), (start + self._length, -1)):
            np.add.at(edges, np.clip(np.rint(place).astype(np.int64) - first, 0, count), step)
        return np.cumsum(edges[:-1]) > 0


def gated(samples: np.ndarray, gate: Gate, first: int, level: np.float32) -> np.ndarray:
    """The samples, changed in place: `level` times themselves where the gate is on, else 0."""
    samples.view(np.float32).reshape(-1, 2)[:] *= (level * gate.mask(first, len(samples)))[:, None]
    return samples


class PulsedCw(Carrier):
    """A carrier that is switched on and off; its phase goes on meanwhile."""

    def __init__(
        self, sample_rate: float, seed: int, *, offset_hz: float, period_s: float, duty: float, jitter: float
    ) -> None:
        super().__init__(sample_rate, seed, offset_hz)
        self._gate = Gate(period_s, duty, jitter, sample_rate, self.rng)
        self._level = np.float32(1.0 / math.sqrt(duty))

    def _block(self) -> np.ndarray:
        return gated(super()._block(), self._gate, self.position, self._level)


class PulsedNoise(Noise):
    """Noise in a band that is switched on and off."""

    def __init__(
        self,
        sample_rate: float,
        seed: int,
        *,
        offset_hz: float,
        bandwidth_hz: float,
        period_s: float,
        duty: float,
        jitter: float,
    ) -> None:
        super().__init__(sample_rate, seed, offset_hz=offset_hz, bandwidth_hz=bandwidth_hz)
        self._gate = Gate(period_s, duty, jitter, sample_rate, self.rng)
        self._level = np.float32(1.0 / math.sqrt(duty))

    def _block(self) -> np.ndarray:
        return gated(super()._block(), self._gate, self.position, self._level)


class Ofdm(Carrier):
    """Bursts of OFDM: QPSK on neighbouring subcarriers, a cyclic prefix, no pilots."""

    def __init__(
        self,
        sample_rate: float,
        seed: int,
        *,
        offset_hz: float,
        bandwidth_hz: float,
        spacing_hz: float,
        prefix: float,
        period_s: float,
        duty: float,
        jitter: float,
    ) -> None:
        super().__init__(sample_rate, seed, offset_hz)
        self._points = max(round(sample_rate / spacing_hz), 4)
        used = int(np.clip(round(bandwidth_hz / sample_rate * self._points), 2, self._points))
        self._bins = (np.arange(used) - used // 2) % self._points
        self._prefix = round(prefix * self._points)
        self._gate = Gate(period_s, duty, jitter, sample_rate, self.rng)
        self._level = np.float32(1.0 / math.sqrt(duty * used))
        self._symbols = np.zeros(0, np.complex64)

    def _more_symbols(self) -> np.ndarray:
        spectrum = np.zeros((_SYMBOLS, self._points), np.complex64)
        spectrum[:, self._bins] = _QPSK[self.rng.integers(4, size=(_SYMBOLS, len(self._bins)))]
        symbols = scipy.fft.ifft(spectrum, axis=1, norm="forward")
        return np.concatenate((symbols[:, self._points - self._prefix :], symbols), axis=1).ravel()

    def _block(self) -> np.ndarray:
        parts, count = [self._symbols], len(self._symbols)
        while count < BLOCK_SAMPLES:
            parts.append(self._more_symbols())
            count += len(parts[-1])
        samples = np.concatenate(parts)
        self._symbols = samples[BLOCK_SAMPLES:]
        samples = samples[:BLOCK_SAMPLES] * super()._block()
        return gated(samples, self._gate, self.position, self._level)


class Dme(Waveform):
    """Pairs of Gaussian pulses at random times, from four stations of different strength.

    `width_s` is between half amplitudes, `spacing_s` within a pair.
    """

    def __init__(
        self,
        sample_rate: float,
        seed: int,
        *,
        offset_hz: float,
        pairs_per_s: float,
        level_spread_db: float,
        spacing_s: float,
        width_s: float,
    ) -> None:
        super().__init__(sample_rate, seed)
        self._step = offset_hz / sample_rate
        self._mean_wait = sample_rate / pairs_per_s
        self._spacing = spacing_s * sample_rate
        self._bend = 4 * math.log(2) / (width_s * sample_rate) ** 2
        # Beyond 1.6 widths a pulse is 60 dB down.
        self._reach = math.ceil(1.6 * width_s * sample_rate)
        levels = 10 ** (-level_spread_db * self.rng.random(_STATIONS) / 20)
        pulse_energy = math.sqrt(math.pi / (2 * self._bend))
        power = 2 * pulse_energy * np.mean(levels**2) / self._mean_wait
        self._levels = levels / math.sqrt(power)
        self._next = self.rng.exponential(self._mean_wait)
        self._tail = np.zeros(0, np.complex64)

    def _starts(self) -> np.ndarray:
        """Times of the pairs that begin in this block."""
        end = self.position + BLOCK_SAMPLES
        starts: list[float] = []
        while self._next < end:
            starts.append(self._next)
            self._next += self.rng.exponential(self._mean_wait)
        return np.asarray(starts)

    def _block(self) -> np.ndarray:
        starts = self._starts()
        level = self._levels[self.rng.integers(_STATIONS, size=len(starts))]
        level = level * np.exp(2j * np.pi * self.rng.random(len(starts)))
        length = BLOCK_SAMPLES + 2 * self._reach + math.ceil(self._spacing) + 2
        samples = np.zeros(length, np.complex128)
        samples[: len(self._tail)] = self._tail
        for delay in (0.0, self._spacing):
            middle = starts - self.position + delay + self._reach
            index = np.rint(middle).astype(np.int64)[:, None] + np.arange(-self._reach, self._reach + 1)
            away = index - middle[:, None]
            # The carrier goes on from the first pulse to the second.
            turns = self._step * (away + delay)
            pulse = np.exp(-self._bend * away**2) * np.exp(2j * np.pi * turns)
            np.add.at(samples, index.ravel(), (level[:, None] * pulse).ravel())
        self._tail = samples[BLOCK_SAMPLES:].astype(np.complex64)
        return samples[:BLOCK_SAMPLES].astype(np.complex64)
