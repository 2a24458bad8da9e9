# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
from channelizer_reference import complex_noise
from gnuradio.sentinel.core.channels import choose_fft_size, extract_channels, plan_decimation
from gnuradio.sentinel.core.errors import InputError


@pytest.mark.parametrize(
    "sample_rate, minimum_rate, expected",
    [
        (768e3, 3840.0, 200),
        (2.4e6, 3840.0, 625),
        (250e3, 3840.0, 65),
        (3840.0, 3840.0, 1),
        (7679.0, 3840.0, 1),
        (250e3, 250e3 / 65, 65),
        (1e6, 1e6 / 3, 3),
        (3840.0, 3840.000001, 1),
    ],
)
def test_plan_decimation(sample_rate, minimum_rate, expected):
    assert plan_decimation(sample_rate, minimum_rate) == expected


def test_too_slow_an_input_is_named():
    with pytest.raises(InputError, match="3839 Hz is below"):
        plan_decimation(3839.0, 3840.0)
    with pytest.raises(InputError, match="above 0"):
        plan_decimation(0.0, 3840.0)


@pytest.mark.parametrize("count", [1, 3, 40])
@pytest.mark.parametrize("sample_rate, decimation", [(250e3, 65), (768e3, 200), (2.4e6, 625)])
def test_fft_size_brings_bins_near_all_channels(rng, sample_rate, decimation, count):
    frequencies = rng.uniform(-0.5, 0.5, count) * sample_rate
    size = choose_fft_size(sample_rate, decimation, frequencies)
    spacing = sample_rate / size
    residual = frequencies - np.round(frequencies / spacing) * spacing
    assert np.max(np.abs(residual)) <= 0.0201 * sample_rate / decimation
    if count == 1:
        assert size < 2 * decimation
    assert choose_fft_size(sample_rate, decimation, np.arange(5) * sample_rate / decimation) == decimation


@pytest.mark.parametrize("sample_rate, decimation", [(250e3, 65), (768e3, 200), (2.4e6, 625)])
def test_tones_come_out_with_frequency_and_phase(sample_rate, decimation):
    frequencies, offset = np.array([10e3, -52_345.6, 101_010.1]), 321.0
    n = np.arange(120 * decimation)
    channel_rate = sample_rate / decimation
    for f in frequencies:
        tone = np.exp(2j * np.pi * (((f + offset) / sample_rate * n) % 1.0)).astype(np.complex64)
        out = extract_channels(tone, sample_rate, decimation, frequencies)
        c = int(np.flatnonzero(frequencies == f)[0])
        expected = np.exp(2j * np.pi * offset / channel_rate * np.arange(120))
        np.testing.assert_allclose(out[15:-15, c], expected[15:-15], atol=2e-3)  # pass-band ripple
        assert np.max(np.abs(np.delete(out[15:-15], c, axis=1))) < 1.1e-3  # 60 dB


def test_rate_already_right_only_shifts(rng):
    samples = complex_noise(rng, 5000)
    out = extract_channels(samples, 3840.0, 1, [-231.7])
    expected = samples * np.exp(2j * np.pi * 231.7 / 3840 * np.arange(5000))
    np.testing.assert_allclose(out[:, 0], expected, atol=2e-6)


def test_impossible_requests_are_named(rng):
    samples = complex_noise(rng, 100)
    with pytest.raises(InputError, match="half the sample rate"):
        extract_channels(samples, 1000.0, 10, [501.0])
    with pytest.raises(InputError, match="complex64"):
        extract_channels(samples.astype(np.complex128), 1000.0, 10, [0.0])
    with pytest.raises(InputError, match="odd"):
        extract_channels(samples, 1000.0, 10, [0.0], taps=np.ones(4))
    with pytest.raises(InputError, match="at least 1"):
        extract_channels(samples, 1000.0, 0, [0.0])
