# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated receiver: level, passband, spurs, oscillator, imbalance, offset, drift, bytes.

Order of things: noise, interference (with the oscillator's phase noise), passband, spurs, gain, imbalance,
offset, bytes. Noise power is 1 before the gain, so that J/N is the power of the interference there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ... import kernel
from ...core.errors import InputError
from ...core.quantise import quantise
from .shaping import shaping_taps

_PASSBAND_TAPS = 24
# A spur's phase needs no more than one knot per call.
_KNOT = 8
#: Steps of an 8-bit component from middle to rail; a "LSB" is 1 / this of full scale in every type.
LSB_PER_FULL_SCALE = 127.5


@dataclass(frozen=True)
class Spur:
    """A carrier made inside the receiver: offset from the centre, power over that of the noise."""

    offset_hz: float
    level_db: float


@dataclass(frozen=True)
class Hump:
    """Noise of the surroundings, over the floor by `rise_db` at its top, Gaussian in frequency."""

    offset_hz: float
    width_hz: float
    rise_db: float


@dataclass(frozen=True)
class Receiver:
    """All that a receiver does to what reaches it.

    Attributes
    ----------
    noise_lsb : float
        Standard deviation of the noise in I and in Q at `gain_db`, steps of an 8-bit receiver.
    gain_db : float
        What the receiver says its gain is at the start.
    dc_i_lsb, dc_q_lsb : float
    iq_gain_db, iq_phase_deg : float
        Of Q against I.
    tilt_db : float
        Rise of the passband from its lower to its upper edge.
    ripple_db, ripple_cycles, ripple_phase : float
        Amplitude, number across the band and place (turns) of the passband's ripple.
    rolloff_db : float
        Loss at both edges of the band; it grows with the eighth power of the offset.
    linewidth_hz : float
        Of the oscillator, Lorentzian.
    spurs, humps : tuples
    drift_db, drift_period_s, drift_phase : float
        Gain that swings by +-`drift_db`, not known to anybody.
    kind : str
        "rtl", or "other": the one held out.
    """

    noise_lsb: float = 8.0
    gain_db: float = 30.0
    dc_i_lsb: float = 0.0
    dc_q_lsb: float = 0.0
    iq_gain_db: float = 0.0
    iq_phase_deg: float = 0.0
    tilt_db: float = 0.0
    ripple_db: float = 0.0
    ripple_cycles: float = 3.0
    ripple_phase: float = 0.0
    rolloff_db: float = 0.0
    linewidth_hz: float = 0.0
    spurs: tuple[Spur, ...] = ()
    humps: tuple[Hump, ...] = ()
    drift_db: float = 0.0
    drift_period_s: float = 600.0
    drift_phase: float = 0.0
    kind: str = "rtl"

    def __post_init__(self) -> None:
        for name, least, most in (
            ("noise_lsb", 0.01, 1e3),
            ("linewidth_hz", 0.0, 1e4),
            ("drift_db", 0.0, 20.0),
            ("drift_period_s", 1.0, 1e9),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise InputError(f"receiver: {name} is {value}; give {least:g} to {most:g}")

    def passband_db(self, frequency: np.ndarray, sample_rate: float) -> np.ndarray:
        """Gain at offsets in Hz, before it is scaled to keep the power of white noise."""
        place = np.asarray(frequency) / (sample_rate / 2)
        ripple = np.sin(2 * np.pi * (self.ripple_cycles * place / 2 + self.ripple_phase))
        return self.tilt_db * place / 2 + self.ripple_db * ripple - self.rolloff_db * place**8

    def passband_taps(self, sample_rate: float) -> np.ndarray:
        """The passband as a filter for noise and interference alike."""
        return shaping_taps(
            lambda frequency: 10 ** (self.passband_db(frequency, sample_rate) / 20),
            sample_rate,
            _PASSBAND_TAPS,
        )

    def noise_taps(self, sample_rate: float) -> np.ndarray | None:
        """Filter of the noise that reaches the receiver, None where it is white."""
        if not self.humps:
            return None

        def amplitude(frequency: np.ndarray) -> np.ndarray:
            power = np.ones(len(frequency))
            for hump in self.humps:
                away = (frequency - hump.offset_hz) / hump.width_hz
                power += (10 ** (hump.rise_db / 10) - 1) * np.exp(-(away**2) / 2)
            return np.sqrt(power)

        return shaping_taps(amplitude, sample_rate, 64)

    def drift_gain(self, time_s: float) -> float:
        """Amplitude of the drift at a time."""
        turns = time_s / self.drift_period_s + self.drift_phase
        return 10 ** (self.drift_db * math.sin(2 * math.pi * turns) / 20)


def draw_receiver(
    rng: np.random.Generator,
    *,
    other: bool = False,
    background: bool = False,
    sample_rate: float = 2.56e6,
) -> Receiver:
    """A receiver with random properties.

    Parameters
    ----------
    rng : numpy.random.Generator
    other : bool
        The held-out kind: wilder passband, imbalance, offset, oscillator and drift.
    background : bool
        The held-out surroundings: humps of noise and stronger spurs.
    """

    def within(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def either(low: float, high: float) -> float:
        return within(low, high) * rng.choice((-1.0, 1.0))

    edge = 0.47 * sample_rate
    wild = 3.0 if other else 1.0
    spurs = tuple(
        Spur(within(-edge, edge), within(-30.0, -18.0) if background else within(-45.0, -28.0))
        for _ in range(rng.integers(3, 7) if background else rng.integers(0, 4))
    )
    humps = tuple(
        Hump(within(-edge, edge), within(0.08e6, 0.3e6), within(1.0, 4.0))
        for _ in range(rng.integers(1, 4) if background else 0)
    )
    return Receiver(
        noise_lsb=within(0.5, 0.8) if other else math.exp(within(math.log(0.9), math.log(20.0))),
        gain_db=within(10.0, 45.0),
        dc_i_lsb=either(0.0, 2.0 * wild),
        dc_q_lsb=either(0.0, 2.0 * wild),
        iq_gain_db=either(0.5, 1.5) if other else either(0.0, 0.5),
        iq_phase_deg=either(2.0, 6.0) if other else either(0.0, 2.0),
        tilt_db=either(2.0, 4.0) if other else either(0.0, 2.0),
        ripple_db=within(0.5, 1.0) if other else within(0.0, 0.5),
        ripple_cycles=within(1.0, 5.0),
        ripple_phase=within(0.0, 1.0),
        rolloff_db=within(3.0, 8.0) if other else within(0.0, 3.0),
        linewidth_hz=within(10.0, 50.0) if other else math.exp(within(math.log(0.01), math.log(5.0))),
        spurs=spurs,
        humps=humps,
        drift_db=within(0.5, 0.8) if other else within(0.0, 0.5),
        drift_period_s=within(120.0, 300.0) if other else math.exp(within(math.log(300.0), math.log(3600.0))),
        drift_phase=within(0.0, 1.0),
        kind="other" if other else "rtl",
    )


class ReceiverChain:
    """A receiver at work: noise power 1 and interference in, samples of a file's type out.

    Parameters
    ----------
    receiver : Receiver
    sample_rate : float
        Hz.
    seed : int
        Of noise, phase noise and the phases of spurs.
    datatype : str
        cu8, ci8, ci16_le or cf32_le.
    """

    def __init__(self, receiver: Receiver, sample_rate: float, seed: int, datatype: str = "cu8") -> None:
        quantise(np.zeros(0, np.complex64), datatype)
        self.receiver = receiver
        self.sample_rate = sample_rate
        self.datatype = datatype
        self._rng = np.random.default_rng(seed)
        self._noise = kernel.gaussian_noise(int(self._rng.integers(1 << 63)))
        noise_taps = receiver.noise_taps(sample_rate)
        self._colour = None if noise_taps is None else kernel.complex_filter(noise_taps)
        self._passband = kernel.complex_filter(receiver.passband_taps(sample_rate))
        self._spurs = [
            (
                kernel.modulated_carrier(self._rng.random()),
                spur.offset_hz / sample_rate,
                10 ** (spur.level_db / 20),
            )
            for spur in receiver.spurs
        ]
        self._output = kernel.receiver_output(
            iq_gain=10 ** (receiver.iq_gain_db / 20),
            iq_phase=math.radians(receiver.iq_phase_deg),
            dc_i=receiver.dc_i_lsb / LSB_PER_FULL_SCALE,
            dc_q=receiver.dc_q_lsb / LSB_PER_FULL_SCALE,
        )
        self._amplitude = receiver.noise_lsb * math.sqrt(2) / LSB_PER_FULL_SCALE
        self._phase = 0.0
        # The filters' histories are full of noise before the first sample.
        self._passband.process(self._noise_samples(128))

    def _noise_samples(self, count: int) -> np.ndarray:
        samples = self._noise.generate(count)
        if self._colour is not None:
            self._colour.process(samples)
        return samples

    def _turned(self, samples: np.ndarray) -> np.ndarray:
        """With the phase noise of the oscillator, a random walk with a step every 8 samples."""
        steps = math.ceil(len(samples) / _KNOT)
        deviation = math.sqrt(2 * math.pi * self.receiver.linewidth_hz * _KNOT / self.sample_rate)
        if deviation == 0.0 or steps == 0:
            return samples
        phase = self._phase + np.cumsum(deviation * self._rng.standard_normal(steps))
        self._phase = float(phase[-1]) % (2 * math.pi)
        turn = np.exp(1j * phase).astype(np.complex64)
        return samples * np.repeat(turn, _KNOT)[: len(samples)]

    def _add_spurs(self, samples: np.ndarray) -> None:
        if not self._spurs:
            return
        padded = np.zeros(_KNOT * math.ceil(len(samples) / _KNOT), np.complex64)
        knots = np.ones(len(padded) // _KNOT + 1)
        for carrier, step, level in self._spurs:
            carrier.add(knots * step, (knots * level).astype(np.float32), padded)
        samples += padded[: len(samples)]

    def receive(
        self, count: int, interference: np.ndarray | None, gain_first: float, gain_last: float
    ) -> tuple[np.ndarray, int]:
        """The next samples.

        Parameters
        ----------
        count : int
            A multiple of 8 but for the last call: the oscillator's phase and spurs go in such steps.
        interference : complex64 array or None
            Shape (count,), power as J/N has it.
        gain_first, gain_last : float
            Amplitude gain over that at the start, at the first sample and at the one behind the last.

        Returns
        -------
        samples : array
            Interleaved integers, shape (2 * count,), or complex64, shape (count,).
        saturated : int
            Samples of which a component stands at a rail; 0 for types that have none.
        """
        samples = self._noise_samples(count)
        if interference is not None:
            samples += self._turned(interference)
        self._passband.process(samples)
        self._add_spurs(samples)
        gains = self._amplitude * gain_first, self._amplitude * gain_last
        if self.datatype == "cu8":
            return self._output.to_cu8(samples, *gains)
        floats = self._output.to_cf32(samples, *gains)
        if self.datatype == "cf32_le":
            return floats, 0
        native = quantise(floats, self.datatype)
        rails = np.iinfo(native.dtype)
        railed = ((native == rails.min) | (native == rails.max)).reshape(-1, 2).any(axis=1)
        return native, int(np.count_nonzero(railed))
