# SPDX-License-Identifier: GPL-3.0-or-later
"""What disturbs a pulse detector on the air: clicks, impulses, noise steps, carriers, coloured noise.

Energies are dB over the scene's noise density N0 = noise power / sample rate, as for tags.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.signal import fftconvolve

from ..core.errors import InputError
from ..core.scene_stage import SceneFrame, Stage


def _require(good: bool, text: str) -> None:
    if not good:
        raise InputError(text)


def _finite(name: str, value: float) -> None:
    _require(math.isfinite(value), f"{name} is {value}; give a finite number")


def _positive(name: str, value: float) -> None:
    _require(0 < value < math.inf, f"{name} is {value}; give a positive number")


def _sparse(interval_s: float, frame: SceneFrame) -> None:
    _require(
        interval_s * frame.sample_rate >= 1,
        f"clicks every {interval_s:g} s are more than one a sample at {frame.sample_rate:g} Hz; give fewer",
    )


def _adder(starts: np.ndarray, values: np.ndarray, samples: int) -> Stage:
    """A stage that adds value k to `samples` samples from start k on; starts ascending, may overlap."""

    def add(block: np.ndarray, first: int) -> np.ndarray:
        low, high = np.searchsorted(starts, (first - samples + 1, first + len(block)))
        out = block.copy()
        for offset in range(samples):
            places = starts[low:high] + offset - first
            inside = (places >= 0) & (places < len(block))
            np.add.at(out, places[inside], values[low:high][inside])
        return out

    return add


def _click_values(frame: SceneFrame, en0_db: float, samples: int, phase: np.ndarray) -> np.ndarray:
    amplitude = frame.amplitude(en0_db, samples / frame.sample_rate)
    return (amplitude * np.exp(2j * np.pi * phase)).astype(np.complex64)


@dataclass(frozen=True)
class RandomClicks:
    """Clicks at Poisson times, `rate_hz` a second, each of `samples` samples of one random phase."""

    rate_hz: float
    en0_db: float
    samples: int = 3
    place: ClassVar[str] = "air"

    def __post_init__(self) -> None:
        _positive("rate of clicks", self.rate_hz)
        _finite("E/N0 of clicks", self.en0_db)
        _require(self.samples >= 1, f"clicks of {self.samples} samples; give at least 1")

    def stage(self, frame: SceneFrame, rng: np.random.Generator) -> Stage:
        """Return the stage."""
        _sparse(1 / self.rate_hz, frame)
        duration_s = frame.sample_count / frame.sample_rate
        times, phases, last = [], [], 0.0
        # In batches, so that a longer scene begins with the clicks of a shorter one.
        while last < duration_s:
            batch = last + np.cumsum(rng.exponential(1 / self.rate_hz, 256))
            times.append(batch)
            phases.append(rng.random(256))
            last = batch[-1]
        starts = np.ceil(np.concatenate(times) * frame.sample_rate).astype(np.int64)
        values = _click_values(frame, self.en0_db, self.samples, np.concatenate(phases))
        return _adder(starts, values, self.samples)


@dataclass(frozen=True)
class PeriodicClicks:
    """Clicks every `interval_s` from `start_s` (random within the first interval if None)."""

    interval_s: float
    en0_db: float
    samples: int = 3
    start_s: float | None = None
    place: ClassVar[str] = "air"

    def __post_init__(self) -> None:
        _positive("interval of clicks", self.interval_s)
        _finite("E/N0 of clicks", self.en0_db)
        _require(self.samples >= 1, f"clicks of {self.samples} samples; give at least 1")
        _finite("start of clicks", self.start_s or 0.0)

    def stage(self, frame: SceneFrame, rng: np.random.Generator) -> Stage:
        """Return the stage."""
        _sparse(self.interval_s, frame)
        drawn = rng.random() * self.interval_s
        start = drawn if self.start_s is None else self.start_s
        duration_s = frame.sample_count / frame.sample_rate
        number = np.arange(max(0, math.ceil((duration_s - start) / self.interval_s)))
        starts = np.ceil((start + number * self.interval_s) * frame.sample_rate).astype(np.int64)
        values = _click_values(frame, self.en0_db, self.samples, rng.random(len(number)))
        return _adder(starts, values, self.samples)


@dataclass(frozen=True)
class ImpulsiveSamples:
    """Each sample, with `probability`, comes `gain_db` stronger."""

    probability: float
    gain_db: float
    place: ClassVar[str] = "receiver"

    def __post_init__(self) -> None:
        _require(
            0 <= self.probability <= 1, f"probability of impulses is {self.probability}; give one in 0 .. 1"
        )
        _finite("gain of impulses", self.gain_db)

    def stage(self, frame: SceneFrame, rng: np.random.Generator) -> Stage:
        """Return the stage."""
        gain = np.float32(10 ** (self.gain_db / 20))
        return lambda samples, first: np.where(
            rng.random(len(samples)) < self.probability, samples * gain, samples
        )


@dataclass(frozen=True)
class NoiseStep:
    """Noise that is `db` stronger from `at_s` on (None: uniform in the middle half of the scene)."""

    db: float
    at_s: float | None = None
    place: ClassVar[str] = "noise"

    def __post_init__(self) -> None:
        _finite("noise step", self.db)
        _finite("time of the noise step", self.at_s or 0.0)

    def stage(self, frame: SceneFrame, rng: np.random.Generator) -> Stage:
        """Return the stage."""
        drawn = (0.25 + 0.5 * rng.random()) * frame.sample_count
        at = drawn if self.at_s is None else self.at_s * frame.sample_rate
        gain = np.float32(10 ** (self.db / 20))

        def step(samples: np.ndarray, first: int) -> np.ndarray:
            cut = min(max(math.ceil(at) - first, 0), len(samples))
            return np.concatenate((samples[:cut], samples[cut:] * gain))

        return step


@dataclass(frozen=True)
class Carrier:
    """A steady carrier at an offset, with amplitude modulation if `am_depth` is above 0.

    Parameters
    ----------
    freq_hz : float
        Offset from the centre.
    en0_db : float
        Its energy in `cell_s` over N0, without modulation: the level a pulse of that length would have.
    am_depth, am_freq_hz : float
        Amplitude is 1 + depth sin(2 pi f t + random phase).
    """

    freq_hz: float
    en0_db: float
    am_depth: float = 0.0
    am_freq_hz: float = 1.0
    cell_s: float = 0.015
    place: ClassVar[str] = "air"

    def __post_init__(self) -> None:
        for name, value in (("frequency", self.freq_hz), ("E/N0", self.en0_db), ("AM rate", self.am_freq_hz)):
            _finite(f"{name} of the carrier", value)
        _require(0 <= self.am_depth <= 1, f"AM depth of the carrier is {self.am_depth}; give one in 0 .. 1")
        _positive("cell of the carrier", self.cell_s)

    def stage(self, frame: SceneFrame, rng: np.random.Generator) -> Stage:
        """Return the stage."""
        half = frame.sample_rate / 2
        _require(
            abs(self.freq_hz) <= half,
            f"carrier at {self.freq_hz:g} Hz lies outside the band of +-{half:g} Hz; give an offset within",
        )
        amplitude = frame.amplitude(self.en0_db, self.cell_s)
        phase, am_phase = rng.random(2)

        def carry(samples: np.ndarray, first: int) -> np.ndarray:
            time = (first + np.arange(len(samples))) / frame.sample_rate
            level = 1 + self.am_depth * np.sin(2 * np.pi * (self.am_freq_hz * time + am_phase))
            wave = amplitude * level * np.exp(2j * np.pi * ((self.freq_hz * time) % 1.0 + phase))
            return (samples + wave).astype(np.complex64)

        return carry


@dataclass(frozen=True)
class ColouredNoise:
    """Noise whose density follows points of (offset Hz, dB over N0), linear between them.

    Beyond the outer points their level holds. Details finer than about 1/100 of the rate are smoothed.
    """

    points: tuple[tuple[float, float], ...]
    place: ClassVar[str] = "noise"
    _TAPS: ClassVar[int] = 257

    def __post_init__(self) -> None:
        _require(len(self.points) >= 1, "coloured noise has no points; give at least one (Hz, dB)")
        for freq_hz, level_db in self.points:
            _finite("frequency of coloured noise", freq_hz)
            _finite("level of coloured noise", level_db)

    @classmethod
    def slope(cls, sample_rate: float, slope_db: float) -> "ColouredNoise":
        """A straight slope through 0 dB at the centre, `slope_db` from the lower edge to the upper."""
        return cls(((-sample_rate / 2, -slope_db / 2), (sample_rate / 2, slope_db / 2)))

    def taps(self, sample_rate: float) -> np.ndarray:
        """The shaping filter, complex (257,)."""
        grid = np.fft.fftfreq(4096, 1 / sample_rate)
        freqs, levels = zip(*sorted(self.points), strict=True)
        gain = 10 ** (np.interp(grid, freqs, levels) / 20)
        response = np.roll(np.fft.ifft(gain), self._TAPS // 2)[: self._TAPS]
        return response * np.hamming(self._TAPS)

    def stage(self, frame: SceneFrame, rng: np.random.Generator) -> Stage:
        """Return the stage."""
        taps = self.taps(frame.sample_rate)
        past = rng.standard_normal((len(taps) - 1, 2)) @ np.array([1, 1j])
        history = (past * math.sqrt(frame.noise_power / 2)).astype(np.complex64)

        def shape(samples: np.ndarray, first: int) -> np.ndarray:
            nonlocal history
            joined = np.concatenate((history, samples))
            history = joined[len(samples) :]
            return fftconvolve(joined, taps, mode="valid").astype(np.complex64)

        return shape
