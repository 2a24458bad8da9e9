# SPDX-License-Identifier: GPL-3.0-or-later
"""Channelizer features of signals whose statistics are known in closed form.

Over M rows of noise K deviates by 2 / sqrt(M) and power by 1 / sqrt(M): 0.01 and 0.022 dB in 1 s of
40 kHz channels; limits are five deviations.
"""

import numpy as np
import pytest
from gnuradio.sentinel import kernel
from gnuradio.sentinel.core.quantise import quantise
from gnuradio.sentinel.gnss.features import measure
from gnuradio.sentinel.gnss.snapshots import Snapshots

RATE, SECOND, NOISE = 2.56e6, 2_560_000, 0.05
#: J/N dB of a carrier in a channel's middle: rise dB, K, entropy bits; 1 tap Hann, then 8 taps.
CARRIER = [
    (-30, (0.18, 1.998, 6.000), (0.30, 1.996, 6.000)),
    (-20, (1.54, 1.911, 5.998), (2.34, 1.826, 5.995)),
    (-10, (7.22, 1.344, 5.897), (9.11, 1.230, 5.806)),
    (0, (16.40, 1.045, 4.495), (18.60, 1.027, 3.776)),
    (10, (26.31, 1.005, 2.085), (28.55, 1.003, 0.889)),
]


@pytest.fixture(scope="module")
def noise():
    """One second of complex noise of power NOISE^2."""
    return (NOISE * kernel.gaussian_noise(7).generate(SECOND)).astype(np.complex64)


def carrier(frequency, amplitude, count=SECOND):
    return (amplitude * np.exp(2j * np.pi * frequency / RATE * np.arange(count))).astype(np.complex64)


@pytest.mark.parametrize("format", ["cf32_le", "cu8"])
def test_noise(noise, format):
    """K of 2 on every channel, 1/64 of the power in each, 6 bits."""
    samples = noise if format == "cf32_le" else quantise(noise, format)
    found = measure(samples)
    assert len(found) == 1 and found.rows[0] == SECOND // 64 - 7
    assert abs(found.kurtosis - 2).max() < 0.05
    mean_power = np.vdot(noise, noise).real / SECOND / 64
    grid = 0 if format == "cf32_le" else 2 / 12 / 127.5**2 / 64
    assert abs(10 * np.log10(found.power / (mean_power + grid))).max() < 0.11
    assert 6 - found.entropy[0] < 64 * 25 / SECOND * 64 / 2 / np.log(2)
    assert found.entropy[0] == pytest.approx(6, abs=1e-4)
    assert abs(found.row_kurtosis[0] - (1 + 1 / 64)) < 5e-4


@pytest.mark.parametrize("depth, column", [(1, 1), (8, 2)])
@pytest.mark.parametrize("row", range(len(CARRIER)))
def test_a_carrier_in_noise(noise, depth, column, row):
    ratio_db, expected = CARRIER[row][0], CARRIER[row][column]
    amplitude = NOISE * np.sqrt(10 ** (ratio_db / 10) * kernel_power(noise))
    found = measure(noise + carrier(10 * RATE / 64, amplitude), taps_per_channel=depth)
    floor = measure(noise, taps_per_channel=depth)
    rise, kurtosis, bits = expected
    assert 10 * np.log10(found.power[0, 42] / floor.power[0, 42]) == pytest.approx(rise, abs=0.11)
    assert found.kurtosis[0, 42] == pytest.approx(kurtosis, abs=0.05)
    assert found.entropy[0] == pytest.approx(bits, abs=0.02)
    assert abs(found.kurtosis[0, :38] - 2).max() < 0.05


def kernel_power(noise):
    return np.vdot(noise, noise).real / len(noise) / NOISE**2


@pytest.mark.parametrize("duty", [0.5, 0.1])
@pytest.mark.parametrize("kind", ["carrier", "noise"])
def test_gated_signals_follow_the_mixture(noise, duty, kind):
    """K = (Ks r^2 + 4 r + 2) / (1 + r)^2 with Ks = 1 / d, 2 / d; gates long against the filter."""
    gate = (np.arange(SECOND) % 64_000) < duty * 64_000
    if kind == "carrier":
        signal, own = carrier(-7 * RATE / 64, 0.05), 1 / duty
    else:
        signal, own = 0.1 * kernel.gaussian_noise(8).generate(SECOND).astype(np.complex64), 2 / duty
    alone, floor = measure(gate * signal), measure(noise)
    ratio = alone.power[0, 25] / floor.power[0, 25]
    found = measure(noise + gate * signal)
    expected = (own * ratio**2 + 4 * ratio + 2) / (1 + ratio) ** 2
    assert found.kurtosis[0, 25] == pytest.approx(expected, rel=0.03)


def test_coherence_tells_where_a_carrier_is():
    for offset in (-0.4, 0.0, 0.25):
        found = measure(carrier((12 + offset) * RATE / 64, 0.3, 200_000))
        value = found.coherence[0, 44]
        assert abs(value) == pytest.approx(1, abs=1e-3)
        assert np.angle(value) / (2 * np.pi) == pytest.approx(offset, abs=1e-3)


def test_channels_ascend_in_frequency():
    for k in range(-32, 32, 5):
        found = measure(carrier((k + 0.1) * RATE / 64, 0.5, 100_000))
        assert found.power[0].argmax() == 32 + k


@pytest.mark.parametrize("frequency", [5e3, -1e3])
def test_a_carrier_near_the_centre_keeps_its_power(noise, frequency):
    """The moving mean is no dc blocker: one of 32 samples takes 26 dB at 10 kHz."""
    tone = carrier(frequency, 0.2)
    taps = kernel.channelizer_prototype(64, 8)
    plain = kernel.channelizer_features(RATE, "cf32_le", 64, taps, SECOND, dc_window_s=0.0)
    kept = np.concatenate([plain.process(tone), plain.finish()])[0, 32]
    found = measure(tone)
    assert 10 * np.log10(found.power[0, 32] / kept) == pytest.approx(0, abs=0.05)
    assert abs(found.dc_i[0]) < 2e-3 and abs(found.dc_q[0]) < 2e-3


@pytest.mark.parametrize("format, lsb", [("cu8", 1 / 127.5), ("ci8", 1 / 127), ("ci16_le", 1 / 32767)])
def test_an_offset_leaves_nothing(noise, format, lsb):
    """3 LSB of DC: K of 2 and no power in the middle channel beyond its neighbours'."""
    offset = 3 * lsb * (1 - 1j)
    found = measure(quantise(noise + np.complex64(offset), format))
    assert abs(found.kurtosis[0] - 2).max() < 0.05
    near = 10 * np.log10(found.power[0, 32] / found.power[0, [20, 28, 36, 44]].mean())
    assert abs(near) < 0.11
    assert found.dc_i[0] == pytest.approx(offset.real, abs=2e-4)
    assert found.dc_q[0] == pytest.approx(offset.imag, abs=2e-4)
    constant = np.full(200_000, 131, np.uint8)
    assert 10 * np.log10(max(measure(constant).power.max(), 1e-30)) < -140


def test_no_signal_at_all():
    found = measure(np.zeros(100_000, np.complex64))
    assert not found.power.any() and np.isnan(found.kurtosis).all() and np.isnan(found.entropy).all()


def test_measure_says_where_and_when(noise):
    found = measure(noise[:400_000], snapshot_s=0.1, center_freq=1575.42e6, start_time_s=1e9)
    assert isinstance(found, Snapshots) and found.snapshot_samples == 256_000
    assert list(found.sample_start) == [0, 256_000] and list(found.sample_count) == [256_000, 144_000]
    assert list(found.time_s) == [1e9, 1e9 + 0.1] and found.center_freq == 1575.42e6
    np.testing.assert_array_equal(measure(noise[:400_000].astype(complex), snapshot_s=0.1).power, found.power)


@pytest.mark.parametrize(
    "samples, settings, message",
    [
        (np.zeros(4, np.float32), {}, "float32"),
        (np.zeros(5, np.uint8), {}, "even number"),
        (np.zeros(4, np.uint8), {"format": "ci8"}, "cu8 and not ci8"),
        (np.zeros(4, np.uint8), {"channels": 7}, "even"),
        (np.zeros(4, np.uint8), {"taps_per_channel": 99}, "1..64"),
        (np.zeros(4, np.uint8), {"snapshot_s": 1e-6}, "longer"),
        (np.zeros(4, np.uint8), {"snapshot_s": np.inf}, "longer"),
        (np.zeros(4, np.uint8), {"sample_rate": -1.0}, "longer"),
        (np.zeros((2, 2), np.uint8), {}, "one-dimensional"),
    ],
)
def test_bad_input_is_named(samples, settings, message):
    with pytest.raises(ValueError, match=message):
        measure(samples, **settings)
