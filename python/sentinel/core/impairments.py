# SPDX-License-Identifier: GPL-3.0-or-later
"""What a receiver does to samples. Each of these is small and composes with the others in any order."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .errors import InputError
from .quantise import dequantise, quantise
from .scene_stage import SceneFrame, Stage


def _finite(name: str, value: float) -> None:
    if not math.isfinite(value):
        raise InputError(f"{name} is {value}; give a finite number")


def apply_iq_imbalance(samples: np.ndarray, gain_db: float, phase_deg: float) -> np.ndarray:
    """Return samples whose Q branch has another gain and is not square to I.

    I stays; Q becomes g (Q cos p + I sin p), so that a tone at f gets an image at -f.
    """
    gain, phase = 10 ** (gain_db / 20), math.radians(phase_deg)
    q = gain * (samples.imag * math.cos(phase) + samples.real * math.sin(phase))
    return (samples.real + 1j * q).astype(np.complex64)


@dataclass(frozen=True)
class IqImbalance:
    """Gain in dB and phase in degrees by which Q differs from I."""

    gain_db: float = 0.0
    phase_deg: float = 0.0
    place: ClassVar[str] = "receiver"

    def __post_init__(self) -> None:
        _finite("IQ gain", self.gain_db)
        _finite("IQ phase", self.phase_deg)

    def stage(self, frame: SceneFrame, rng: np.random.Generator) -> Stage:
        """Return the stage."""
        return lambda samples, first: apply_iq_imbalance(samples, self.gain_db, self.phase_deg)


@dataclass(frozen=True)
class DcOffset:
    """A constant added to I and to Q; full scale is 1."""

    i: float = 0.0
    q: float = 0.0
    place: ClassVar[str] = "receiver"

    def __post_init__(self) -> None:
        _finite("DC offset i", self.i)
        _finite("DC offset q", self.q)

    def stage(self, frame: SceneFrame, rng: np.random.Generator) -> Stage:
        """Return the stage."""
        offset = np.complex64(complex(self.i, self.q))
        return lambda samples, first: samples + offset


@dataclass(frozen=True)
class GainDrift:
    """Gain that swings by +-`db` as a sine of `period_s` with random phase."""

    db: float
    period_s: float = 60.0
    place: ClassVar[str] = "receiver"

    def __post_init__(self) -> None:
        _finite("gain drift", self.db)
        if not 0 < self.period_s < math.inf:
            raise InputError(f"gain drift period is {self.period_s} s; give a positive number")

    def stage(self, frame: SceneFrame, rng: np.random.Generator) -> Stage:
        """Return the stage."""
        phase = rng.random()

        def swing(samples: np.ndarray, first: int) -> np.ndarray:
            turns = (first + np.arange(len(samples))) / (frame.sample_rate * self.period_s) + phase
            return (samples * 10 ** (self.db / 20 * np.sin(2 * np.pi * turns))).astype(np.complex64)

        return swing


@dataclass(frozen=True)
class PhaseNoise:
    """Oscillator with a random-walk phase: Lorentzian line, full width `linewidth_hz` at half power."""

    linewidth_hz: float
    place: ClassVar[str] = "receiver"

    def __post_init__(self) -> None:
        if not 0 <= self.linewidth_hz < math.inf:
            raise InputError(f"phase noise linewidth is {self.linewidth_hz} Hz; give 0 or more")

    def stage(self, frame: SceneFrame, rng: np.random.Generator) -> Stage:
        """Return the stage."""
        step = math.sqrt(2 * math.pi * self.linewidth_hz / frame.sample_rate)
        last = 0.0

        def walk(samples: np.ndarray, first: int) -> np.ndarray:
            nonlocal last
            phase = last + np.cumsum(step * rng.standard_normal(len(samples)))
            last = float(phase[-1]) % (2 * math.pi)
            return (samples * np.exp(1j * phase)).astype(np.complex64)

        return walk


@dataclass(frozen=True)
class Quantiser:
    """Samples as they come back from a file of this type: rounded, and clipped at full scale.

    Parameters
    ----------
    datatype : str
        cu8, ci8 or ci16_le.
    full_scale : float
        Amplitude of a component at the rails.
    """

    datatype: str = "cu8"
    full_scale: float = 1.0
    place: ClassVar[str] = "receiver"

    def __post_init__(self) -> None:
        if not 0 < self.full_scale < math.inf:
            raise InputError(f"full scale is {self.full_scale}; give a positive number")
        quantise(np.zeros(0, np.complex64), self.datatype)

    def stage(self, frame: SceneFrame, rng: np.random.Generator) -> Stage:
        """Return the stage."""
        scale = np.float32(self.full_scale)
        return lambda samples, first: (
            dequantise(quantise(samples / scale, self.datatype), self.datatype) * scale
        )
