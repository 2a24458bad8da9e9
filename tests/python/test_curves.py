# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
from gnuradio.sentinel.core.curves import curve_crossing
from scipy.stats import chi2, logistic, ncx2, norm

E_N0_DB = np.arange(5.0, 13.0)


LINKS = {"probit": norm, "logistic": logistic}


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("level", [0.5, 0.9])
def test_own_curve_is_recovered_from_exact_proportions(link, level):
    truth = 8.6 + 1.1 * LINKS[link].ppf(level)
    successes = 1e6 * LINKS[link].cdf((E_N0_DB - 8.6) / 1.1)
    found = curve_crossing(E_N0_DB, successes, np.full(8, 1e6), level, link=link, scale="linear")
    assert found.x == pytest.approx(truth, abs=1e-3)


@pytest.mark.parametrize("pulses, half, ninety", [(1, 12.47, 14.17), (3, 8.53, 10.12), (5, 6.81, 8.34)])
def test_published_bounds_of_summed_pulses(pulses, half, ninety):
    # Chi-square with 2K degrees, 7680 cells, pf 1e-4; the published figures are rounded to 0.01 dB.
    threshold = chi2.isf(1e-4 / 7680, 2 * pulses)
    x = round(half) + np.arange(-3.0, 4.0)
    detection = ncx2.sf(threshold, 2 * pulses, 2 * pulses * 10 ** (x / 10))
    for level, expected in ((0.5, half), (0.9, ninety)):
        found = curve_crossing(x, detection * 400, np.full(len(x), 400), level)
        assert found.x == pytest.approx(expected, abs=0.015)


def test_interval_covers_the_truth(rng):
    truth = {0.5: 8.5, 0.9: 8.5 + 1.2 * norm.ppf(0.9)}
    for level, crossing in truth.items():
        covered = 0
        for _ in range(60):
            successes = rng.binomial(60, norm.cdf((E_N0_DB - 8.5) / 1.2))
            found = curve_crossing(E_N0_DB, successes, np.full(8, 60), level, scale="linear")
            covered += found.interval.low <= crossing <= found.interval.high
        # 95 % of 60 is 57 +- 1.7.
        assert covered >= 51


def test_a_jump_between_two_points_gives_the_gap_as_interval():
    found = curve_crossing([6, 7, 8, 9], [0, 0, 200, 200], [200] * 4, 0.5)
    assert 7 < found.x < 8
    assert 6.9 < found.interval.low < 7.3
    assert 7.7 < found.interval.high < 8.1


def test_a_level_never_reached_is_none():
    # The published floor-interval curve: 66 % at the last point.
    x, pd = np.arange(7, 14), np.array([0, 0, 2, 11, 30, 46, 66])
    assert curve_crossing(x, pd, np.full(7, 100), 0.9) is None
    assert curve_crossing(x, pd, np.full(7, 100), 0.5).x == pytest.approx(12.2, abs=0.15)
    assert curve_crossing(x, np.full(7, 99), np.full(7, 100), 0.5) is None


def test_contradicting_input_is_refused():
    for arguments in (
        ([1, 2], [1], [2, 2], 0.5),
        ([1, 1], [1, 1], [2, 2], 0.5),
        ([1, 2], [3, 1], [2, 2], 0.5),
        ([1, 2], [0, 1], [0, 2], 0.5),
        ([1, 2], [0, 1], [2, 2], 1.0),
        ([1, 2], [0, 1], [2, 2], 0.5, 0.95, "cauchit"),
    ):
        with pytest.raises(ValueError):
            curve_crossing(*arguments)
