# SPDX-License-Identifier: GPL-3.0-or-later
"""The null statistic: reproducible, and distributed as theory says."""

import numpy as np
import pulse_reference as reference
import pytest
from gnuradio import sentinel
from scipy.special import gammaincc
from scipy.stats import binom

null_maxima = sentinel.kernel.pulse_null_maxima


@pytest.fixture(scope="module")
def maxima():
    return null_maxima(reference.make_geometry(), 1500, 1)


def test_the_seed_decides_and_more_trials_extend():
    geometry = reference.make_geometry(interval_samples=1000.0)
    few, more, other = null_maxima(geometry, 5, 7), null_maxima(geometry, 8, 7), null_maxima(geometry, 5, 8)
    assert few.dtype == np.float32 and len(few) == 5
    assert np.array_equal(few, more[:5])
    assert not np.isin(other, more).any()
    assert len(null_maxima(geometry, 0, 7)) == 0


@pytest.mark.parametrize("level", [21.0, 22.0, 23.0, 24.0, 25.0, 26.0])
def test_tail_of_the_default_geometry(maxima, level):
    """Maxima over a continuum of times and frequencies: the number of places grows with x^2.

    P(max > x) = 1 - exp(-n Q(5, x) (x/30)^2) with n = 3.8e5, from 10^5 cycles; good to 15 % over this range.
    """
    rate = 3.8e5 * gammaincc(5, level) * (level / 30) ** 2
    lower, upper = (
        binom.ppf(q, len(maxima), 1 - np.exp(-f * rate)) for q, f in [(1e-4, 0.85), (1 - 1e-4, 1.15)]
    )
    assert lower <= (maxima > level).sum() <= upper


def test_is_what_the_search_of_numpy_noise_gives(maxima, rng):
    geometry = reference.make_geometry()
    search = sentinel.kernel.pulse_train_search(geometry)
    mine = [
        search.maximum(reference.scores_of(reference.noise(rng, geometry.cycle_samples), geometry))
        for _ in range(150)
    ]
    # Standard error of a mean of 150 is 1.6 / sqrt(150) = 0.13; four of them.
    assert np.mean(mine) == pytest.approx(maxima.mean(), abs=0.55)


@pytest.mark.parametrize("pulses", [1, 3, 10])
def test_grows_as_the_exponential_sum(pulses):
    """The median lies where the count of cells times the tail of K exponentials is about ln 2."""
    geometry = reference.make_geometry(interval_samples=1000.0, pulses=pulses)
    median = np.median(null_maxima(geometry, 200, 3))
    # 1000 independent cells by time and bandwidth at least, ten times that over the continuum.
    least, most = (np.log(2) / cells for cells in (1e3, 3e4))
    assert most < gammaincc(pulses, median) < least


def test_a_template_leaves_the_noise_white(maxima):
    """Scores are over the noise of a cell: other places to look at, but a wrong scale of 1 dB would add 5."""
    template = (0.05 + 0.95 * np.sin(np.pi * (np.arange(58) + 0.5) / 58)).astype(np.complex64)
    other = null_maxima(reference.make_geometry(), 150, 5, template)
    assert np.mean(other) == pytest.approx(maxima.mean(), abs=1.5)
