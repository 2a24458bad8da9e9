# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes of one cycle for the tables: noise, a tag, and what disturbs.

Pure functions on complex64 arrays whose noise has unit variance, so that N0 = 1 / sample_rate. They are
kept this small because a table takes a hundred thousand of them; `pulse.simulate` makes long scenes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from gnuradio.sentinel import kernel


def white_noise(rng: np.random.Generator, count: int) -> np.ndarray:
    """Complex white noise of unit variance, complex64 (count,)."""
    return kernel.gaussian_noise(int(rng.integers(2**63))).generate(count)


@dataclass(frozen=True)
class TagSignal:
    """A tag on the air throughout the cycle.

    Parameters
    ----------
    freq_hz : float
        Carrier at the cycle's start.
    first_s : float
        Start of a pulse; the others follow and precede it by whole intervals.
    interval_s, width_s : float
    en0_db : float
        Energy of one pulse over the noise density.
    jitter_s : float
        Standard deviation of each pulse's start.
    drift_hz_per_s : float
    fade_db : float
        Standard deviation of each pulse's energy in dB.
    rise_s : float
        Length of each raised-cosine edge within the width; the energy stays.
    """

    freq_hz: float
    first_s: float
    interval_s: float
    width_s: float
    en0_db: float
    jitter_s: float = 0.0
    drift_hz_per_s: float = 0.0
    fade_db: float = 0.0
    rise_s: float = 0.0


def _envelope(time_s: np.ndarray, width_s: float, rise_s: float) -> np.ndarray:
    """Raised-cosine edges, of unit mean square over a long pulse."""
    if rise_s == 0.0:
        return np.ones(len(time_s))
    edge = np.clip(np.minimum(time_s, width_s - time_s) / rise_s, 0.0, 1.0)
    # The mean square of a raised-cosine edge is 3/8.
    return np.sin(0.5 * np.pi * edge) ** 2 / math.sqrt(1 - 2 * rise_s / width_s * (1 - 3 / 8))


def add_tag(samples: np.ndarray, sample_rate: float, tag: TagSignal, rng: np.random.Generator) -> None:
    """Add all pulses of a tag, each of random phase, in place; a pulse at the edge is cut there."""
    before = math.ceil(tag.first_s / tag.interval_s) + 1
    number = -before
    amplitude = math.sqrt(10 ** (tag.en0_db / 10) / (tag.width_s * sample_rate))
    while (start_s := tag.first_s + number * tag.interval_s) < len(samples) / sample_rate:
        number += 1
        start_s += tag.jitter_s * rng.standard_normal() if tag.jitter_s else 0.0
        fade = 10 ** (tag.fade_db * rng.standard_normal() / 20) if tag.fade_db else 1.0
        first = max(0, math.ceil(start_s * sample_rate))
        last = min(len(samples), math.ceil((start_s + tag.width_s) * sample_rate))
        phase = rng.random()
        if last <= first:
            continue
        time_s = np.arange(first, last) / sample_rate
        turns = phase + tag.freq_hz * time_s + 0.5 * tag.drift_hz_per_s * time_s**2
        shape = _envelope(time_s - start_s, tag.width_s, tag.rise_s)
        samples[first:last] += (amplitude * fade * shape * np.exp(2j * np.pi * turns)).astype(np.complex64)


def add_clicks(
    samples: np.ndarray, starts: np.ndarray, en0_db: float, rng: np.random.Generator, width: int = 3
) -> None:
    """Add clicks of `width` samples of one random phase in place; `en0_db` is energy over N0."""
    amplitude = math.sqrt(10 ** (en0_db / 10) / width)
    for start in starts:
        samples[start : start + width] += np.complex64(amplitude * np.exp(2j * np.pi * rng.random()))


def random_click_starts(
    count: int, sample_rate: float, rate_hz: float, rng: np.random.Generator
) -> np.ndarray:
    """First samples of clicks at Poisson times."""
    return rng.integers(0, count, rng.poisson(rate_hz * count / sample_rate))


def periodic_click_starts(
    count: int, sample_rate: float, interval_s: float, rng: np.random.Generator
) -> np.ndarray:
    """First samples of clicks every `interval_s`, the first at a random time."""
    times = np.arange(rng.random() * interval_s, count / sample_rate, interval_s)
    return np.ceil(times * sample_rate).astype(int)


def impulsive(samples: np.ndarray, probability: float, gain_db: float, rng: np.random.Generator) -> None:
    """Make each sample `gain_db` stronger with this probability, in place."""
    hit = rng.random(len(samples)) < probability
    samples[hit] *= np.float32(10 ** (gain_db / 20))


def noise_step(samples: np.ndarray, gain_db: float, rng: np.random.Generator) -> None:
    """Make the noise `gain_db` stronger from a uniform time in the middle half on, in place."""
    at = int((0.25 + 0.5 * rng.random()) * len(samples))
    samples[at:] *= np.float32(10 ** (gain_db / 20))


def add_carrier(
    samples: np.ndarray,
    sample_rate: float,
    freq_hz: float,
    cell_db: float,
    width_s: float,
    rng: np.random.Generator,
    am_depth: float = 0.0,
    am_hz: float = 1.0,
) -> None:
    """Add a steady carrier in place; `cell_db` is the energy in one pulse width over N0, before the AM."""
    time_s = np.arange(len(samples)) / sample_rate
    amplitude = math.sqrt(10 ** (cell_db / 10) / (width_s * sample_rate))
    phase, am_phase = rng.random(2)
    level = 1 + am_depth * np.sin(2 * np.pi * (am_hz * time_s + am_phase)) if am_depth else 1.0
    samples += (amplitude * level * np.exp(2j * np.pi * (freq_hz * time_s + phase))).astype(np.complex64)


def as_cu8(samples: np.ndarray, noise_lsb: float) -> np.ndarray:
    """Samples as an 8-bit recording holds them, noise of `noise_lsb` rms steps per component; scale kept."""
    scale = noise_lsb * math.sqrt(2.0)  # a component of unit-variance complex noise has variance 1/2
    parts = samples.view(np.float32) * np.float32(scale) + np.float32(127.5)
    codes = np.clip(np.rint(parts), 0, 255)
    return ((codes - 127.5) / scale).astype(np.float32).view(np.complex64)


def with_iq_imbalance(samples: np.ndarray, gain_db: float, phase_deg: float) -> np.ndarray:
    """Samples whose Q branch is `gain_db` stronger and `phase_deg` off square."""
    gain, phase = 10 ** (gain_db / 20), math.radians(phase_deg)
    q = gain * (samples.imag * math.cos(phase) + samples.real * math.sin(phase))
    return (samples.real + 1j * q).astype(np.complex64)


def with_phase_noise(
    samples: np.ndarray, sample_rate: float, linewidth_hz: float, rng: np.random.Generator
) -> np.ndarray:
    """Samples through an oscillator of Lorentzian line, full width at half power."""
    step = math.sqrt(2 * math.pi * linewidth_hz / sample_rate)
    phase = np.cumsum(step * rng.standard_normal(len(samples)))
    return (samples * np.exp(1j * phase)).astype(np.complex64)
