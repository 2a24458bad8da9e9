# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise of each row against the published estimate in NumPy.

The kernel's median is exact to one rank, or to 0.1 % where ranks lie closer. A larger median keeps more
cells, so that the noise must lie between those of the reference with its median one rank and 0.1 % lower
and higher. In a default cycle this moves a row by one cell at most: 10 medians in 1326 cells, 0.7 %.
"""

import numpy as np
import pulse_reference as reference
import pytest
from gnuradio import sentinel

noise_floor = sentinel.kernel.noise_floor


def check(power):
    """Compare with the reference, and return the noise."""
    noise = noise_floor(power)
    lower = reference.noise_floor(power, -1, -1e-3)
    upper = reference.noise_floor(power, +1, +1e-3)
    rounding = 1e-5  # of single-precision sums of some thousand cells
    assert (noise >= lower * (1 - rounding)).all() and (noise <= upper * (1 + rounding)).all()
    return noise


def exponential(rng, windows, rows):
    return rng.exponential(58.0, (windows, rows)).astype(np.float32)


@pytest.mark.parametrize("windows", [3, 4, 50, 1326])
@pytest.mark.parametrize("rows", [16, 17, 31, 32, 116, 128])
def test_equals_the_reference_in_noise(windows, rows, rng):
    power = exponential(rng, windows, rows)
    noise = check(power)
    if windows > 1000:
        assert noise == pytest.approx(reference.noise_floor(power), rel=0.008)
        assert np.median(noise / reference.noise_floor(power)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("gain", [1e-12, 1e-3, 1e3, 1e12])
def test_scales_with_the_power(gain, rng):
    power = exponential(rng, 300, 40)
    assert noise_floor(np.float32(gain) * power) == pytest.approx(gain * noise_floor(power), rel=1e-4)


def test_a_slope_over_frequency_and_a_carrier_are_followed(rng):
    level = np.geomspace(1, 1e4, 128)
    level[50:53] *= [30, 1000, 30]
    power = (exponential(rng, 1326, 128) * level).astype(np.float32)
    noise = check(power)
    # One row's mean of 1326 cells has a standard error of 2.7 %.
    assert noise / level == pytest.approx(58.0, rel=0.14)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3])
@pytest.mark.parametrize("strength", [1e2, 1e6])
def test_bursts_are_left_out(share, strength, rng):
    power = exponential(rng, 1326, 48)
    bursts = rng.random((1326 // 6, 48)) < share
    power[: 6 * len(bursts)] += np.repeat(bursts, 6, axis=0) * np.float32(58 * strength)
    # The mean of 930 cells or more has a standard error of 3.3 %.
    assert check(power) == pytest.approx(58.0, rel=0.17)


def test_zeros_constants_and_mostly_zeros():
    assert np.all(noise_floor(np.zeros((50, 20), np.float32)) == np.float32(1e-30))
    assert noise_floor(np.full((50, 20), 3e-7, np.float32)) == pytest.approx(3e-7)
    sparse = np.zeros((50, 20), np.float32)
    sparse[10] = 1e9
    assert np.all(noise_floor(sparse) == np.float32(1e-30))


@pytest.mark.parametrize("windows, edge", [(1001, 500), (1000, 500), (1000, 700), (1000, 300)])
def test_a_step_inside_the_cycle(windows, edge, rng):
    power = exponential(rng, windows, 32)
    power[edge:] *= 100
    check(power)


def test_shapes_and_types_are_checked():
    with pytest.raises(ValueError, match="windows, rows"):
        noise_floor(np.zeros(100, np.float32))
    with pytest.raises(ValueError, match="at least 3 windows and 16 rows"):
        noise_floor(np.zeros((2, 16), np.float32))
    with pytest.raises(TypeError):
        noise_floor(np.zeros((50, 16)))
