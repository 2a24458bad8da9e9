# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated tag and the pulses it sends."""

import math
from dataclasses import dataclass

import numpy as np

from ..core.errors import InputError

#: One pulse. `first` and `count` are its samples; `freq_hz` and `phase` (turns) hold at its start.
PULSE = np.dtype(
    [
        ("tag", np.int32),
        ("number", np.int64),
        ("first", np.int64),
        ("count", np.int64),
        ("start_s", np.float64),
        ("freq_hz", np.float64),
        ("drift_hz_per_s", np.float64),
        ("phase", np.float64),
        ("amplitude", np.float64),
        ("en0_db", np.float64),
        ("width_s", np.float64),
        ("rise_s", np.float64),
    ]
)


@dataclass(frozen=True)
class SimulatedTag:
    """A tag that sends one pulse every interval.

    Parameters
    ----------
    freq_hz : float
        Offset from the centre, at time 0 if it drifts.
    interval_s, pulse_width_s : float
    en0_db : float
        Energy of one pulse over the noise density, dB. With edges (`rise_s`) the amplitude is raised so
        that the energy stays.
    start_s : float, optional
        Start of the first pulse; uniform in the first interval if None. Pulses that do not lie wholly
        in the scene are not sent.
    tag_id : str
        Label in the truth; `tag-1`, `tag-2`, ... if empty.
    jitter_s : float
        Standard deviation of each pulse's start about its place, normal and independent.
    interval_error : float
        Relative: the tag sends every interval_s * (1 + interval_error); the truth states that.
    drift_hz_per_s : float
    fade_db : float
        Standard deviation of each pulse's energy in dB, normal and independent.
    rise_s : float
        Length of each raised-cosine edge, inside the pulse width.
    coherent : bool
        Whether one oscillator runs through all pulses; else each has a random phase.
    """

    freq_hz: float
    interval_s: float
    pulse_width_s: float
    en0_db: float
    start_s: float | None = None
    tag_id: str = ""
    jitter_s: float = 0.0
    interval_error: float = 0.0
    drift_hz_per_s: float = 0.0
    fade_db: float = 0.0
    rise_s: float = 0.0
    coherent: bool = False

    def __post_init__(self) -> None:
        who = f"tag {self.tag_id!r}" if self.tag_id else "tag"
        for name in ("freq_hz", "en0_db", "interval_error", "drift_hz_per_s"):
            if not math.isfinite(getattr(self, name)):
                raise InputError(f"{who}: {name} is {getattr(self, name)}; give a finite number")
        for name in ("interval_s", "pulse_width_s"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"{who}: {name} is {getattr(self, name)}; give a positive number of seconds")
        for name in ("jitter_s", "fade_db", "rise_s"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(f"{who}: {name} is {getattr(self, name)}; give 0 or more")
        if self.start_s is not None and not math.isfinite(self.start_s):
            raise InputError(f"{who}: start_s is {self.start_s}; give a finite number, or none for random")
        if self.pulse_width_s >= self.true_interval_s:
            raise InputError(
                f"{who}: pulse width tp of {self.pulse_width_s:g} s does not fit into the interval tip of "
                f"{self.true_interval_s:g} s; give a shorter tp or a longer tip"
            )
        if 2 * self.rise_s > self.pulse_width_s:
            raise InputError(
                f"{who}: two edges of {self.rise_s:g} s do not fit into a pulse of {self.pulse_width_s:g} s; "
                "give a shorter rise"
            )

    @property
    def true_interval_s(self) -> float:
        """The interval that is really sent, s."""
        return self.interval_s * (1 + self.interval_error)

    @property
    def bandwidth_hz(self) -> float:
        """Width that the truth states: 1 / pulse width (its half-power width is 0.886 of that)."""
        return 1 / self.pulse_width_s


def first_sample(time_s: np.ndarray, sample_rate: float) -> np.ndarray:
    """Index of the first sample at or after a time; a millionth of a sample late still counts as on it."""
    return np.ceil(np.asarray(time_s) * sample_rate - 1e-6).astype(np.int64)


def check_band(tag: SimulatedTag, sample_rate: float, duration_s: float) -> None:
    """Raise InputError if the tag leaves the band or its pulse is shorter than a sample."""
    half = sample_rate / 2
    for time_s in (0.0, duration_s):
        freq_hz = tag.freq_hz + tag.drift_hz_per_s * time_s
        if abs(freq_hz) > half:
            drifted = f" after {time_s:g} s of drift" if time_s and tag.drift_hz_per_s else ""
            raise InputError(
                f"tag {tag.tag_id!r}: frequency {freq_hz:.10g} Hz{drifted} lies outside the band of "
                f"+-{half:.10g} Hz; give an offset from the centre within it, or a higher rate"
            )
    if tag.pulse_width_s * sample_rate < 1:
        raise InputError(
            f"tag {tag.tag_id!r}: a pulse of {tag.pulse_width_s:g} s is shorter than a sample at "
            f"{sample_rate:g} Hz; give a longer pulse or a higher rate"
        )


def tag_pulses(
    tag: SimulatedTag,
    index: int,
    sample_rate: float,
    sample_count: int,
    noise_power: float,
    seed: tuple[int, ...],
) -> np.ndarray:
    """The pulses of one tag that lie wholly in the scene, in order of time.

    Times, phases and energies come from streams of their own with one draw a pulse, so that a longer
    scene begins with the pulses of a shorter one, and another energy changes no time.

    Returns
    -------
    ndarray of PULSE, shape (pulses,)
    """
    streams = [np.random.default_rng((*seed, number)) for number in range(4)]
    drawn_start, common_phase = streams[0].random(2)
    interval_s = tag.true_interval_s
    start_s = drawn_start * interval_s if tag.start_s is None else tag.start_s
    reach_s = 8 * tag.jitter_s
    duration_s = sample_count / sample_rate
    count = max(0, math.floor((duration_s + reach_s - start_s) / interval_s) + 1)
    pulses = np.zeros(count, PULSE)
    pulses["tag"], pulses["number"] = index, np.arange(count)
    time_s = start_s + interval_s * np.arange(count) + tag.jitter_s * streams[1].standard_normal(count)
    pulses["start_s"] = time_s
    pulses["first"] = first_sample(time_s, sample_rate)
    pulses["count"] = first_sample(time_s + tag.pulse_width_s, sample_rate) - pulses["first"]
    pulses["freq_hz"] = tag.freq_hz + tag.drift_hz_per_s * time_s
    pulses["drift_hz_per_s"] = tag.drift_hz_per_s
    drawn_phase = streams[2].random(count)
    running = (tag.freq_hz + tag.drift_hz_per_s * time_s / 2) * time_s + common_phase
    pulses["phase"] = running % 1.0 if tag.coherent else drawn_phase
    pulses["en0_db"] = tag.en0_db + tag.fade_db * streams[3].standard_normal(count)
    # The energy of a raised-cosine edge is 3/8 of a full one; two edges take 5/4 of a rise away.
    full_s = tag.pulse_width_s - 1.25 * tag.rise_s
    pulses["amplitude"] = np.sqrt(noise_power * 10 ** (pulses["en0_db"] / 10) / (full_s * sample_rate))
    pulses["width_s"], pulses["rise_s"] = tag.pulse_width_s, tag.rise_s
    inside = (pulses["first"] >= 0) & (pulses["first"] + pulses["count"] <= sample_count)
    return pulses[inside]


def pulse_samples(pulse: np.void, sample_rate: float, first: int, last: int) -> np.ndarray:
    """The samples first .. last-1 (of the scene) of one pulse, complex128; all must lie in the pulse."""
    time_s = np.arange(first, last) / sample_rate - pulse["start_s"]
    turns = pulse["phase"] + (pulse["freq_hz"] + pulse["drift_hz_per_s"] * time_s / 2) * time_s
    wave = pulse["amplitude"] * np.exp(2j * np.pi * turns)
    if pulse["rise_s"] > 0:
        edge_s = np.minimum(time_s, pulse["width_s"] - time_s)
        wave *= np.sin(np.pi / 2 * np.clip(edge_s / pulse["rise_s"], 0, 1)) ** 2
    return wave


def render_pulses(pulses: np.ndarray, sample_rate: float, start: int, count: int) -> np.ndarray:
    """The sum of pulses (in order of `first`) on the samples start .. start+count-1, complex128 (count,)."""
    out = np.zeros(count, np.complex128)
    if not len(pulses):
        return out
    longest = int(pulses["count"].max())
    low, high = np.searchsorted(pulses["first"], (start - longest + 1, start + count))
    for pulse in pulses[low:high]:
        first = max(start, int(pulse["first"]))
        last = min(start + count, int(pulse["first"] + pulse["count"]))
        if first < last:
            out[first - start : last - start] += pulse_samples(pulse, sample_rate, first, last)
    return out
