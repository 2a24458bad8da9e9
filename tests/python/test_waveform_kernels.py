# SPDX-License-Identifier: GPL-3.0-or-later
"""Oscillators, filter and bytes of simulated signals against NumPy."""

import numpy as np
import pytest
from gnuradio.sentinel import kernel
from gnuradio.sentinel.core.quantise import quantise
from scipy.signal import lfilter


def test_a_modulated_carrier_is_the_running_sum_of_its_frequency(rng):
    frequency = rng.uniform(-0.5, 0.5, 501)
    amplitude = rng.uniform(0, 2, 501).astype(np.float32)
    out = np.zeros(4000, np.complex64)
    kernel.modulated_carrier(0.3).add(frequency, amplitude, out)
    place = np.arange(4000) / 8
    step = np.interp(place, np.arange(501), frequency)
    turns = 0.3 + np.concatenate(([0.0], np.cumsum(step[:-1])))
    expected = np.interp(place, np.arange(501), amplitude) * np.exp(2j * np.pi * turns)
    # Lanes of a knot add their steps in 2^-32 of a turn; sine and cosine are good to 2e-7.
    assert np.max(np.abs(out - expected)) < 3e-6


def test_a_carrier_keeps_its_phase_over_an_hour():
    carrier, ones = kernel.modulated_carrier(), np.ones(8193)
    frequency = 0.1234567890123
    out = np.zeros(65536, np.complex64)
    for _ in range(200):
        out[:] = 0
        carrier.add(ones * frequency, ones.astype(np.float32), out)
    # Whole turns in integers: frequency * n exactly.
    n = 199 * 65536 + np.arange(65536)
    turns = np.asarray([(int(k) * 1234567890123 % 10**13) / 1e13 for k in n[::4096]])
    assert np.max(np.abs(out[::4096] - np.exp(2j * np.pi * turns))) < 1e-5


def test_knots_that_do_not_fit_are_refused():
    carrier = kernel.modulated_carrier()
    with pytest.raises(ValueError, match="one knot per 8 samples"):
        carrier.add(np.ones(3), np.ones(3, np.float32), np.zeros(17, np.complex64))
    with pytest.raises(TypeError):
        carrier.add(np.ones(3, np.float32), np.ones(3, np.float32), np.zeros(16, np.complex64))


@pytest.mark.parametrize("taps", [1, 7, 24, 65])
@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_the_filter_is_lfilter_in_any_pieces(rng, taps, piece):
    h = (rng.standard_normal(taps) + 1j * rng.standard_normal(taps)).astype(np.complex64)
    x = kernel.gaussian_noise(3).generate(6000 if piece > 1 else 500)
    expected = lfilter(h.astype(complex), 1.0, x.astype(complex))
    filtering = kernel.complex_filter(list(h))
    parts = [x[first : first + piece].copy() for first in range(0, len(x), piece)]
    for part in parts:
        filtering.process(part)
    assert np.max(np.abs(np.concatenate(parts) - expected)) < 1e-5 * np.sqrt(taps) * 2


def test_bytes_are_those_of_quantise(rng):
    x = (0.5 * kernel.gaussian_noise(1).generate(50_000)).astype(np.complex64)
    bytes_, railed = kernel.receiver_output().to_cu8(x, 1.0, 1.0)
    expected = quantise(x, "cu8")
    # Single precision may round the other way where the value lies half way.
    assert np.mean(bytes_ != expected) < 1e-4
    at_rail = ((bytes_ == 0) | (bytes_ == 255)).reshape(-1, 2).any(axis=1)
    assert railed == np.count_nonzero(at_rail) > 100


def test_gain_goes_in_a_line_through_imbalance_and_offset():
    x = kernel.gaussian_noise(2).generate(10_001)
    output = kernel.receiver_output(iq_gain=1.2, iq_phase=0.1, dc_i=0.3, dc_q=-0.2)
    y = output.to_cf32(x, 0.5, 2.0)
    gain = 0.5 + 1.5 * np.arange(10_001) / 10_001
    i, q = gain * x.real, gain * x.imag
    expected = i + 0.3 + 1j * (1.2 * (q * np.cos(0.1) + i * np.sin(0.1)) - 0.2)
    assert np.max(np.abs(y - expected)) < 1e-5


def test_a_sweep_is_filtered_and_decimated_as_numpy_would():
    taps = np.hanning(34)[1:-1] / 16
    arguments = {"low": -0.11, "high": 0.13, "period": 500.0, "jitter": 0.0, "shape": "up", "coherent": True}
    # A filter of as many taps that passes the newest sample shows the fast samples themselves.
    bare = kernel.swept_carrier(**arguments, factor=1, taps=[1.0] + [0.0] * 31, seed=4).generate(20_000)
    slow = kernel.swept_carrier(**arguments, factor=4, taps=list(taps), seed=4).generate(5_000)
    expected = lfilter(taps, 1.0, bare.astype(complex))[::4]
    assert np.max(np.abs(slow[8:] - expected[8:])) < 1e-5
    bend = np.diff(np.unwrap(np.angle(bare.astype(complex))), 2) / (2 * np.pi)
    assert np.median(bend) == pytest.approx(0.24 / 500, rel=1e-3)


def test_shapes_are_known():
    with pytest.raises(ValueError, match="up, down or triangle"):
        kernel.swept_carrier(0.0, 0.1, 100.0, 0.0, "sideways", True, 1, [1.0], 0)
