# SPDX-License-Identifier: GPL-3.0-or-later
"""A session: one receiver, and clean and jammed intervals one after the other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ...core.errors import InputError
from ..families import CLASSES, FAMILIES
from .parameters import SAMPLE_RATE, Parameters, known_family
from .receiver_model import Receiver, ReceiverChain
from .waveform import Waveform
from .waveforms import make_waveform

#: What J/N may be, dB: beyond, there is nothing to find, or nothing but clipping.
JN_LIMITS_DB = (-60.0, 80.0)
#: C/N0 of an undisturbed satellite signal that J/S is stated for, dB-Hz.
NOMINAL_CN0_DBHZ = 45.0
# The receiver's chain works in such pieces; see ReceiverChain.receive.
_STEP = 8
_PIECE_SAMPLES = 1 << 16


def jammer_to_signal_db(
    jn_db: float, cn0_dbhz: float = NOMINAL_CN0_DBHZ, sample_rate: float = SAMPLE_RATE
) -> float:
    """J/S = J/N - C/N0 + 10 log10(sample rate), dB: both axes of a scene hang together."""
    return jn_db - cn0_dbhz + 10 * math.log10(sample_rate)


@dataclass(frozen=True)
class Interval:
    """Interference from `start_s` up to `stop_s`.

    Attributes
    ----------
    start_s, stop_s : float
        Seconds from the start of the session.
    family : str
    parameters : dict
        All that the family has.
    jn_db : float
        Mean power over that of the noise, both in the sampled band.
    seed : int
        Of the waveform.
    """

    start_s: float
    stop_s: float
    family: str
    parameters: Parameters
    jn_db: float
    seed: int = 0

    def __post_init__(self) -> None:
        known_family(self.family)
        if not (math.isfinite(self.start_s) and math.isfinite(self.stop_s) and self.start_s >= 0):
            raise InputError(f"interval: start {self.start_s} s, stop {self.stop_s} s; give times from 0 on")
        if self.stop_s <= self.start_s:
            raise InputError(
                f"interval: stop {self.stop_s:g} s is not after start {self.start_s:g} s; let it end later"
            )
        if not JN_LIMITS_DB[0] <= self.jn_db <= JN_LIMITS_DB[1]:
            raise InputError(
                f"interval: J/N is {self.jn_db:g} dB; give {JN_LIMITS_DB[0]:g} to {JN_LIMITS_DB[1]:g}"
            )


@dataclass(frozen=True)
class GainStep:
    """The receiver's gain is `change_db` over that at the start from `at_s` on."""

    at_s: float
    change_db: float

    def __post_init__(self) -> None:
        if not 0 <= self.at_s < math.inf:
            raise InputError(f"gain step at {self.at_s} s; give a time from 0 on")
        if not -60 <= self.change_db <= 60:
            raise InputError(f"gain step of {self.change_db} dB; give -60 to 60")


@dataclass(frozen=True)
class Truth:
    """What is known of one chunk, usually a second.

    Attributes
    ----------
    session, chunk : int
        Numbers; `chunk` counts from 0 within the session.
    sample_start, sample_count : int
    start_s : float
    label : str
        Family that is on for most of it, "none" without any; "hopping" is no class.
    label_index : int
        In CLASSES; -1 for a family that is no class.
    parameters : dict
        Of the interference; empty for none.
    jn_db, js_db : float
        J/N while it is on, and J/S at 45 dB-Hz; NaN for none.
    active_share : float
        Of the chunk, with interference.
    gain_db : float
        As the receiver says, at the chunk's first sample; NaN where it says nothing.
    gain_change_db : float
        The true gain step in force at the first sample.
    drift_db : float
        The unknown drift there.
    noise_lsb, saturated_share : float
    receiver : str
        Kind.
    baseline : bool
        Part of the clean start of its session.
    """

    session: int
    chunk: int
    sample_start: int
    sample_count: int
    start_s: float
    label: str
    label_index: int
    parameters: Parameters
    jn_db: float
    js_db: float
    active_share: float
    gain_db: float
    gain_change_db: float
    drift_db: float
    noise_lsb: float
    saturated_share: float
    receiver: str
    baseline: bool


@dataclass(frozen=True)
class Session:
    """One receiver, and what it hears.

    Attributes
    ----------
    duration_s : float
    receiver : Receiver
    intervals : tuple of Interval
        In order of time, not overlapping.
    gain_steps : tuple of GainStep
        In order of time.
    gain_known : bool
        Whether the receiver says what its gain is.
    sample_rate : float
        Hz.
    seed : int
        Of the receiver's noise.
    index : int
        Within its campaign.
    baseline_s : float
        Clean seconds at the start, for whoever learns what is usual.
    held_out : tuple of str
        What of it ordinary sets do not have: "family", "parameters", "receiver", "background".
    """

    duration_s: float
    receiver: Receiver = field(default_factory=Receiver)
    intervals: tuple[Interval, ...] = ()
    gain_steps: tuple[GainStep, ...] = ()
    gain_known: bool = True
    sample_rate: float = SAMPLE_RATE
    seed: int = 0
    index: int = 0
    baseline_s: float = 0.0
    held_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1e4 <= self.sample_rate <= 1e9:
            raise InputError(f"session: sample rate is {self.sample_rate:g} Hz; give 10k to 1G")
        if not 1 / self.sample_rate <= self.duration_s <= 1e7:
            raise InputError(f"session: duration is {self.duration_s} s; give up to 1e7")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**64:
            raise InputError(f"session: seed is {self.seed!r}; give a whole number in 0 .. 2^64 - 1")
        object.__setattr__(self, "intervals", tuple(sorted(self.intervals, key=lambda part: part.start_s)))
        object.__setattr__(self, "gain_steps", tuple(sorted(self.gain_steps, key=lambda step: step.at_s)))
        for first, second in pairwise(self.intervals):
            if second.start_s < first.stop_s:
                raise InputError(
                    f"session: {second.family} from {second.start_s:g} s begins before {first.family} "
                    f"ends at {first.stop_s:g} s; let one end before the next begins"
                )
        if self.intervals and self.intervals[-1].start_s >= self.duration_s:
            raise InputError(
                f"session: {self.intervals[-1].family} starts at {self.intervals[-1].start_s:g} s, the "
                f"session ends at {self.duration_s:g} s; start it earlier or make the session longer"
            )

    @property
    def sample_count(self) -> int:
        """Samples of all of it."""
        return round(self.duration_s * self.sample_rate)

    def sample_at(self, time_s: float) -> int:
        """The sample at a time, to whole steps of the receiver's oscillator; at most `sample_count`."""
        return min(_STEP * round(time_s * self.sample_rate / _STEP), self.sample_count)

    def gain_change_db(self, sample: int) -> float:
        """Gain step in force at a sample, dB."""
        passed = [step.change_db for step in self.gain_steps if self.sample_at(step.at_s) <= sample]
        return passed[-1] if passed else 0.0

    def chunks(self, datatype: str = "cu8", chunk_s: float = 1.0) -> Iterator[tuple[np.ndarray, Truth]]:
        """The session from its start, chunk by chunk, each a multiple of 8 samples; the last may be shorter.

        Yields
        ------
        samples : array
            cu8, ci8, ci16_le: integers, I and Q interleaved; cf32_le: complex64.
        truth : Truth
        """
        yield from render(self, datatype, _STEP * max(round(chunk_s * self.sample_rate / _STEP), 1))


def _cuts(session: Session, chunk_samples: int) -> list[int]:
    """Where pieces begin and end: at a fixed grid, intervals' edges, gain steps and chunks' ends."""
    count = session.sample_count
    cuts = set(range(0, count, _PIECE_SAMPLES)) | set(range(0, count, chunk_samples)) | {count}
    cuts |= {session.sample_at(step.at_s) for step in session.gain_steps}
    for interval in session.intervals:
        cuts |= {session.sample_at(interval.start_s), session.sample_at(interval.stop_s)}
    return sorted(cut for cut in cuts if cut <= count)


class _Interference:
    """The waveform of the interval that a sample lies in."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting = list(session.intervals)
        self._waveform: Waveform | None = None
        self._level = np.float32(0.0)
        self._stop = 0

    def take(self, first: int, count: int) -> np.ndarray | None:
        if first >= self._stop:
            self._waveform = None
        if self._waveform is None and self._waiting:
            interval = self._waiting[0]
            if self._session.sample_at(interval.start_s) <= first:
                self._waiting.pop(0)
                self._stop = self._session.sample_at(interval.stop_s)
                if first >= self._stop:
                    return self.take(first, count)
                self._level = np.float32(10 ** (interval.jn_db / 20))
                self._waveform = make_waveform(
                    interval.family, interval.parameters, interval.seed, self._session.sample_rate
                )
        if self._waveform is None:
            return None
        samples = self._waveform.take(count)
        # As real numbers: complex products take three times as long.
        samples.view(np.float32)[:] *= self._level
        return samples


def render(
    session: Session, datatype: str = "cu8", chunk_samples: int | None = None
) -> Iterator[tuple[np.ndarray, Truth]]:
    """See `Session.chunks`; `chunk_samples` is a second's if None. Equal samples for any multiple of 8.

    Raises
    ------
    InputError
        For a type that is not written.
    """
    rate = session.sample_rate
    chunk_samples = _STEP * round(rate / _STEP) if chunk_samples is None else chunk_samples
    if chunk_samples < _STEP or (chunk_samples % _STEP and chunk_samples < session.sample_count):
        raise InputError(f"chunks of {chunk_samples} samples; give a multiple of {_STEP}")
    chain = ReceiverChain(session.receiver, rate, session.seed, datatype)
    source = _Interference(session)
    cuts = _cuts(session, chunk_samples)
    parts: list[np.ndarray] = []
    saturated = start = number = 0
    for first, last in pairwise(cuts):
        step = 10 ** (session.gain_change_db(first) / 20)
        gains = (step * session.receiver.drift_gain(place / rate) for place in (first, last))
        samples, railed = chain.receive(last - first, source.take(first, last - first), *gains)
        parts.append(samples)
        saturated += railed
        if last == min(start + chunk_samples, session.sample_count):
            yield np.concatenate(parts), _truth(session, number, start, last - start, saturated)
            parts, saturated, start, number = [], 0, last, number + 1


def _truth(session: Session, number: int, first: int, count: int, saturated: int) -> Truth:
    rate = session.sample_rate
    shares = [(_overlap(session, part, first, first + count), part) for part in session.intervals]
    shares = [(samples, part) for samples, part in shares if samples > 0]
    longest = max(shares, key=lambda share: share[0], default=(0, None))[1]
    jammed = longest is not None
    label = longest.family if jammed else CLASSES[0]
    jn_db = longest.jn_db if jammed else math.nan
    change = session.gain_change_db(first)
    start_s = first / rate
    return Truth(
        session=session.index,
        chunk=number,
        sample_start=first,
        sample_count=count,
        start_s=start_s,
        label=label,
        label_index=CLASSES.index(label) if not jammed or label in FAMILIES else -1,
        parameters=dict(longest.parameters) if jammed else {},
        jn_db=jn_db,
        js_db=jammer_to_signal_db(jn_db, sample_rate=rate),
        active_share=sum(samples for samples, _ in shares) / count,
        gain_db=session.receiver.gain_db + change if session.gain_known else math.nan,
        gain_change_db=change,
        drift_db=20 * math.log10(session.receiver.drift_gain(start_s)),
        noise_lsb=session.receiver.noise_lsb,
        saturated_share=saturated / count,
        receiver=session.receiver.kind,
        baseline=start_s + count / rate <= session.baseline_s + 1e-9,
    )


def _overlap(session: Session, part: Interval, first: int, end: int) -> int:
    """Samples of an interval within first .. end - 1."""
    return min(session.sample_at(part.stop_s), end) - max(session.sample_at(part.start_s), first)
