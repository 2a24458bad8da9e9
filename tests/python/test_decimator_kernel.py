# SPDX-License-Identifier: GPL-3.0-or-later
"""The cascade against SciPy's own filters and against the published response."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from gnuradio.sentinel import kernel
from scipy.signal import firwin, upfirdn

PUBLISHED = [8, 5, 5]
RATE = 768e3


def noise(rng, count):
    return (rng.standard_normal((count, 2)) @ np.array([1, 1j])).astype(np.complex64)


def reference(samples, rate, factors, shift_hz, first_index=0):
    """Mixed and filtered in double precision, the group delay taken out."""
    index = first_index + np.arange(len(samples))
    values = samples * np.exp(2j * np.pi * ((shift_hz / rate * index) % 1.0))
    count = -(-len(samples) // math.prod(factors))
    delay = kernel.cascade_delay(factors)
    values = np.concatenate([np.zeros(delay), values, np.zeros(delay + math.prod(factors))])
    for factor in factors:
        taps = firwin(16 * factor + 1, 0.45 / factor, fs=1.0, window="hamming")
        values = upfirdn(taps, values, 1, factor)[-(-(len(taps) - 1) // factor) :]
    return values[:count]


def decimate(samples, decimation, shift_hz=0.0, rate=RATE, chunk=None):
    made = kernel.cascade_decimator(rate, decimation, shift_hz)
    chunk = chunk or max(1, len(samples))
    parts = [made.push(samples[i : i + chunk]) for i in range(0, len(samples), chunk)]
    return np.concatenate([*parts, made.flush()])


@pytest.mark.parametrize(
    "decimation, factors",
    [
        (200, PUBLISHED),
        (1, []),
        (2, [2]),
        (10, [10]),
        (12, [4, 3]),
        (49, [7, 7]),
        (64, [8, 8]),
        (100, [10, 10]),
        (625, [5, 5, 5, 5]),
        (1000, [10, 10, 10]),
    ],
)
def test_factors(decimation, factors):
    assert kernel.cascade_factors(decimation) == factors


@pytest.mark.parametrize("decimation, near", [(11, "10 and 12"), (130, "128 and 135"), (221, "216 and 224")])
def test_a_prime_above_ten_is_refused_with_its_neighbours(decimation, near):
    with pytest.raises(ValueError, match=f"decimation {decimation} has a prime factor.*{near}"):
        kernel.cascade_factors(decimation)


@pytest.mark.parametrize("factor", range(2, 11))
def test_taps_are_scipys(factor):
    taps = kernel.cascade_taps(factor)
    expected = firwin(16 * factor + 1, 0.45 / factor, fs=1.0, window="hamming")
    np.testing.assert_allclose(taps, expected, rtol=0, atol=1e-15)


def test_the_published_response_and_delay():
    assert kernel.cascade_delay(PUBLISHED) == 1984  # 2.58 ms at 768 kS/s
    frequencies = np.array([0, 1300, 1400, 1600, 1700, 1920, 2000, 2112])
    gain = 20 * np.log10(np.abs(kernel.cascade_gain(PUBLISHED, frequencies / RATE)))
    expected = [0, 0, -0.2, -2.3, -5.0, -17.6, -26, -48]
    assert np.all(np.abs(gain - expected) <= [1e-9, 0.05, 0.05, 0.05, 0.05, 0.05, 0.5, 0.5]), gain


@pytest.mark.parametrize("factors", [PUBLISHED, [4, 3], [10]])
def test_usable_band_against_every_image(factors):
    decimation = math.prod(factors)
    flat, clean = kernel.usable_band(factors)
    assert 0.3 < flat < clean < 0.5

    def db(values):
        return 20 * np.log10(np.abs(kernel.cascade_gain(factors, values)) + 1e-12)

    def worst_alias(at):
        images = np.arange(-(decimation // 2), decimation // 2 + 1)
        images = images[images != 0]
        return max(db((at + images) / decimation).max(), db((-at + images) / decimation).max())

    assert db(np.linspace(0, flat, 200) / decimation).min() >= -1 - 1e-6
    assert db(np.array([flat + 2e-3]) / decimation)[0] < -1
    assert max(worst_alias(at) for at in np.linspace(0, clean, 40)) <= -40 + 1e-3
    assert worst_alias(clean + 2e-3) > -40


@pytest.mark.parametrize("decimation", [1, 2, 3, 7, 12, 200])
@pytest.mark.parametrize("count", [1, 50, 20_011])
def test_outputs_are_those_of_scipy(rng, decimation, count):
    samples = noise(rng, count)
    factors = kernel.cascade_factors(decimation)
    found = decimate(samples, decimation, shift_hz=12_345.678)
    expected = reference(samples, RATE, factors, 12_345.678)
    assert len(found) == len(expected) == -(-count // decimation)
    # Sums of a few hundred products of floats, and an oscillator rounded to floats.
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 * max(1, np.abs(samples).max()))


@pytest.mark.parametrize("chunk", [1, 7, 4096])
@pytest.mark.parametrize("decimation", [1, 12, 200])
def test_chunks_do_not_matter(rng, decimation, chunk):
    samples = noise(rng, 9001)
    whole = decimate(samples, decimation, -31_234.5)
    assert np.array_equal(decimate(samples, decimation, -31_234.5, chunk=chunk), whole)


@pytest.mark.parametrize("start", [0, (1 << 31) - 3, (1 << 40) + 12_345])
def test_the_oscillator_does_not_drift(rng, start):
    """Index times step in exact arithmetic, at an index where doubles would be off by 1e-4 turn."""
    numerator, denominator = 5, 384  # 10 kHz of 768 kHz
    samples = noise(rng, 4000)
    made = kernel.cascade_decimator(RATE, 1, 10e3)
    made.reset(start)
    turns = [(start + i) * numerator % denominator / denominator for i in range(len(samples))]
    expected = samples * np.exp(2j * np.pi * np.array(turns))
    np.testing.assert_allclose(made.push(samples), expected, rtol=0, atol=2e-6)


def test_a_pulse_keeps_its_time():
    """The energy's centre of gravity of a smooth pulse, in input samples."""
    count, centre = 60_000, 30_123.4
    index = np.arange(count)
    pulse = np.exp(-0.5 * ((index - centre) / 2000) ** 2).astype(np.complex64)
    power = np.abs(decimate(pulse, 200)) ** 2
    found = 200 * np.sum(power * np.arange(len(power))) / np.sum(power)
    assert found == pytest.approx(centre, abs=0.05)


@pytest.mark.parametrize("shift, tone", [(10e3, -10e3), (-25e3, 25e3)])
def test_the_shift_brings_its_opposite_to_zero(shift, tone):
    """A radio tuned 10 kHz above the tag hears it at -10 kHz; mixing by +10 kHz brings it to 0 Hz."""
    samples = np.exp(2j * np.pi * tone / RATE * np.arange(40_000)).astype(np.complex64)
    inner = decimate(samples, 200, shift)[20:-20]
    np.testing.assert_allclose(inner, 1.0, rtol=0, atol=1e-4)
    mirrored = decimate(samples.conj(), 200, shift)[20:-20]
    assert np.abs(mirrored).max() < 1e-3


def test_tuning_holds_from_the_next_sample_on(rng):
    samples = noise(rng, 8000)
    made = kernel.cascade_decimator(RATE, 8, 1e3)
    found = np.concatenate([made.push(samples[:3000]), made.tune(-5e3, RATE) or made.push(samples[3000:])])
    index = np.arange(8000)
    turned = samples * np.exp(2j * np.pi * np.where(index < 3000, 1e3, -5e3) / RATE * index)
    expected = reference(turned, RATE, [8], 0.0)
    np.testing.assert_allclose(found, expected[: len(found)], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(sample_rate=0.0), "sample_rate"),
        (dict(sample_rate=math.nan), "sample_rate"),
        (dict(shift_hz=400e3), "half the sample rate"),
        (dict(shift_hz=math.nan), "half the sample rate"),
        (dict(decimation=0), "from 1 to"),
        (dict(decimation=13), "prime factor"),
    ],
)
def test_bad_settings_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        kernel.cascade_decimator(**(dict(sample_rate=RATE, decimation=200, shift_hz=0.0) | change))


def test_after_a_flush_only_a_reset_goes_on(rng):
    made = kernel.cascade_decimator(RATE, 200, 0.0)
    samples = noise(rng, 3000)
    first = np.concatenate([made.push(samples), made.flush()])
    assert len(made.flush()) == 0
    with pytest.raises(RuntimeError, match="reset"):
        made.push(samples)
    made.reset()
    assert np.array_equal(np.concatenate([made.push(samples), made.flush()]), first)


def test_the_manual_has_these_figures():
    page = (Path(__file__).resolve().parents[2] / "docs" / "decimate.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (-?[\d.]+) \| (-?[\d.]+)? ?\|$", page, re.M)
    assert len(rows) == 12
    images = np.concatenate([np.arange(-100, 0), np.arange(1, 101)]) * 3840.0

    def db(frequencies):
        return 20 * np.log10(np.abs(kernel.cascade_gain(PUBLISHED, np.asarray(frequencies) / RATE)))

    for frequency, gain, alias in rows:
        assert float(gain) == pytest.approx(db([float(frequency)])[0], abs=0.051)
        if alias:
            assert float(alias) == pytest.approx(db(float(frequency) + images).max(), abs=0.051)
    flat, clean = kernel.usable_band(PUBLISHED)
    assert f"+-{3840 * flat:.0f} Hz within 1 dB" in page and f"within +-{3840 * clean:.0f} Hz" in page
