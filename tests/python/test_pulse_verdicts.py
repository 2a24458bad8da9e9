# SPDX-License-Identifier: GPL-3.0-or-later
"""What only sums up like a pulse train is refused, for the reason that it is of."""

from collections import Counter

import numpy as np
import pulse_reference as reference
import pytest

DEFAULT = reference.make_geometry()
COUNT = DEFAULT.cycle_samples
RATE = 3840.0


def tag(rng, interval_s, e_n0_db, count=None):
    interval = interval_s * RATE
    start = rng.uniform(0, interval)
    count = int((COUNT - start) / interval) + 1 if count is None else count
    starts = reference.pulse_starts(DEFAULT, start, interval, count)
    samples = reference.noise(rng, COUNT)
    return reference.add_pulses(samples, starts, 58, rng.uniform(-0.45, 0.45), e_n0_db, rng)


def clicks(rng, e_n0_db, period_s=None):
    """Three samples of one phase, once a second at random, or periodic."""
    samples = reference.noise(rng, COUNT)
    places = (
        rng.integers(0, COUNT - 3, 10) if period_s is None else np.arange(500, COUNT - 3, period_s * RATE)
    )
    for first in places.astype(int):
        phase = np.exp(2j * np.pi * rng.random())
        samples[first : first + 3] += np.complex64(np.sqrt(10 ** (e_n0_db / 10) / 3) * phase)
    return samples


def step(rng, level_db):
    samples = reference.noise(rng, COUNT)
    samples[int(rng.uniform(0.25, 0.75) * COUNT) :] *= np.float32(10 ** (level_db / 20))
    return samples


def mostly_zeros(rng, share, at_end):
    samples = reference.noise(rng, COUNT)
    zeros = int(share * COUNT)
    samples[slice(COUNT - zeros, None) if at_end else slice(zeros)] = 0
    return samples


def lone_pulse(rng, e_n0_db):
    samples = reference.noise(rng, COUNT)
    return reference.add_pulses(
        samples, [rng.integers(100, COUNT - 100)], 58, rng.uniform(-0.4, 0.4), e_n0_db, rng
    )


def keyed_carrier(rng, e_n0_db, duty):
    samples = reference.noise(rng, COUNT)
    key = np.repeat(rng.random(COUNT // 58 + 1) < duty, 58)[:COUNT]
    tone = np.exp(2j * np.pi * rng.uniform(-0.5, 0.5) * np.arange(COUNT))
    return (samples + np.sqrt(10 ** (e_n0_db / 10) / 58) * key * tone).astype(np.complex64)


def spikes(rng):
    samples = reference.noise(rng, COUNT)
    samples[rng.random(COUNT) < 1e-3] *= 10
    return samples


#: Name: scene, the verdict expected of the strongest candidate, in how many of 10 cycles at least.
REFUSED = {
    "clicks 20 dB": (lambda rng: clicks(rng, 20), "level", 0),
    "clicks 25 dB": (lambda rng: clicks(rng, 25), "level", 9),
    "clicks 40 dB": (lambda rng: clicks(rng, 40), "level", 9),
    "clicks each 0.5 s, 20 dB": (lambda rng: clicks(rng, 20, 0.5), "level", 9),
    "clicks each 2 s, 25 dB": (lambda rng: clicks(rng, 25, 2.0), "level", 9),
    "clicks each 2 s, 40 dB": (lambda rng: clicks(rng, 40, 2.0), "level", 9),
    "clicks each 2 s, 60 dB": (lambda rng: clicks(rng, 60, 2.0), "level", 9),
    "noise step 6 dB": (lambda rng: step(rng, 6), "level", 1),
    "noise step 20 dB": (lambda rng: step(rng, 20), "level", 5),
    "zeros, then noise": (lambda rng: mostly_zeros(rng, 0.6, False), "level", 10),
    "noise, then zeros": (lambda rng: mostly_zeros(rng, 0.6, True), "level", 10),
    "noise, then more zeros": (lambda rng: mostly_zeros(rng, 0.9, True), "level", 10),
    "spikes": (spikes, "level", 3),
    "tag of 4/3 s, 15 dB": (lambda rng: tag(rng, 4 / 3, 15), "traffic", 6),
    "tag of 4/3 s, 20 dB": (lambda rng: tag(rng, 4 / 3, 20), "traffic", 8),
    "tag of 4/3 s, 40 dB": (lambda rng: tag(rng, 4 / 3, 40), "traffic", 8),
    "tag of 1.0 s, 13 dB": (lambda rng: tag(rng, 1.0, 13), "faster", 4),
    "tag of 1.0 s, 40 dB": (lambda rng: tag(rng, 1.0, 40), "traffic", 8),
    "tag of 0.5 s, 20 dB": (lambda rng: tag(rng, 0.5, 20), "traffic", 8),
    "tag of 1.9 s, 40 dB": (lambda rng: tag(rng, 1.9, 40), "traffic", 8),
    "one pulse, 20 dB": (lambda rng: lone_pulse(rng, 20), "missing", 5),
    "one pulse, 40 dB": (lambda rng: lone_pulse(rng, 40), "missing", 8),
    "one pulse, 60 dB": (lambda rng: lone_pulse(rng, 60), "missing", 8),
    "keyed carrier, 20 dB": (lambda rng: keyed_carrier(rng, 20, 0.1), "traffic", 8),
    "keyed carrier, 50 dB": (lambda rng: keyed_carrier(rng, 50, 0.1), "traffic", 8),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_for_its_reason(name, rng):
    make, reason, least = REFUSED[name]
    reasons = Counter()
    for _ in range(10):
        found = reference.search(make(rng), DEFAULT, most=5)
        assert reference.declared(found) == []
        reasons.update(train.reason.name for train in found[:1])
    assert reasons[reason] >= least, reasons


def carrier(level_db, frequency=0.1234):
    return lambda rng: 10 ** (level_db / 20) * np.exp(2j * np.pi * frequency * np.arange(COUNT))


def clipped(signal):
    return np.clip(signal.real, -1, 1) + 1j * np.clip(signal.imag, -1, 1)


#: Scenes without anything like a train: no candidate at all.
NOTHING = {
    "zeros": lambda rng: np.zeros(COUNT),
    "constant": lambda rng: np.full(COUNT, 0.7 - 0.3j),
    "constant in noise": lambda rng: 1000 + reference.noise(rng, COUNT),
    "carrier": carrier(0),
    "carrier at the edge": carrier(0, 0.5),
    "carrier 20 dB over a cell": lambda rng: carrier(2.4)(rng) + reference.noise(rng, COUNT),
    "carrier 60 dB over a cell": lambda rng: carrier(42.4)(rng) + reference.noise(rng, COUNT),
    "clipped carrier": lambda rng: clipped(carrier(10)(rng)),
    "clipped carrier of 8 bits": lambda rng: np.round(127 * clipped(carrier(10)(rng))) / 127,
    "denormal noise": lambda rng: np.float32(1e-40) * reference.noise(rng, COUNT),
    "noise step 3 dB": lambda rng: step(rng, 3),
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_is_declared(name, rng):
    for _ in range(3):
        samples = NOTHING[name](rng).astype(np.complex64)
        assert reference.declared(reference.search(samples, DEFAULT, 33.0, most=5)) == []


@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e3])
def test_extreme_scenes_have_finite_scores(gain, rng):
    """`search` of the reference checks each number; here for what is all but a division by zero."""
    for make in [REFUSED["noise, then zeros"][0], REFUSED["zeros, then noise"][0]]:
        reference.search((gain * make(rng)).astype(np.complex64), DEFAULT)
    impulse = np.zeros(COUNT, np.complex64)
    impulse[5000] = gain
    assert reference.declared(reference.search(impulse, DEFAULT, most=5)) == []


def test_a_train_without_noise_is_found(rng):
    samples = np.zeros(COUNT, np.complex64)
    reference.add_pulses(samples, reference.pulse_starts(DEFAULT, 1000), 58, 0.1, 10, rng)
    (train,) = reference.search(samples, DEFAULT, most=5)
    assert train.reason.name == "pulses" and train.start == 1000
    assert train.frequency == pytest.approx(0.1, abs=1e-4)


def test_every_other_pulse_is_seldom_enough(rng):
    """One pulse may fade, so that a tag of twice the interval needs one chance peak: some 1 in 50."""
    found = [reference.search(tag(rng, 4.0, 20), DEFAULT) for _ in range(30)]
    assert sum(len(reference.declared(trains)) for trains in found) <= 3
    assert sum(trains[0].reason.name == "missing" for trains in found) >= 24


@pytest.mark.parametrize("others", ["lone", "fast"])
def test_a_tag_beside_a_refused_signal_is_declared(others, rng):
    """What is refused at one frequency hides no more than its own flanks."""
    for _ in range(5):
        samples = tag(rng, 1.0, 30) if others == "fast" else lone_pulse(rng, 40)
        found = reference.search(samples, DEFAULT)
        away = found[0].frequency + 0.3
        reference.add_pulses(samples, reference.pulse_starts(DEFAULT, 3000), 58, away, 18, rng)
        (train,) = reference.declared(reference.search(samples, DEFAULT))
        assert abs(train.start - 3000) < 10


def test_noise_alone_is_seldom_above_its_threshold(rng):
    """pf 1e-3 is near 27.9 for refined scores; 100 cycles hold 3 or more in one of 6000 cases."""
    found = [reference.search(reference.noise(rng, COUNT), DEFAULT, 27.9) for _ in range(100)]
    assert sum(len(trains) > 0 for trains in found) <= 2
