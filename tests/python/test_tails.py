# SPDX-License-Identifier: GPL-3.0-or-later
"""Tail models against scipy, closed forms and simulated maxima."""

import math

import numpy as np
import pytest
from gnuradio.sentinel.core.tails import (
    ChiSquareMaxTail,
    GumbelTail,
    fit_chi_square_max,
    fit_gumbel,
    log_upper_gamma,
    tail_from_dict,
    tail_to_dict,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaincc
from scipy.stats import chi2, gumbel_r


def simulated_maxima(rng, trials, cells, pulses):
    """Maxima of `cells` independent sums: their distribution function to the power of `cells`, inverted."""
    share = rng.random(trials)
    return chi2.isf(-np.expm1(np.log(share) / cells), 2 * pulses) / 2


@pytest.mark.parametrize("pulses", [1, 3, 5, 20])
def test_upper_gamma_agrees_with_scipy_and_outlives_its_underflow(pulses):
    x = np.array([0.0, 0.1, 1.0, 7.5, 30.0, 300.0])
    assert np.exp(log_upper_gamma(pulses, x)) == pytest.approx(gammaincc(pulses, x), rel=1e-11)
    # Leading terms at x = 2000, where Q itself is below the smallest double.
    leading = -2000 + (pulses - 1) * math.log(2000) - math.lgamma(pulses)
    assert float(log_upper_gamma(pulses, 2000.0)) == pytest.approx(leading, abs=pulses / 1900)


def test_published_thresholds_follow_from_27600_cells():
    # Known values: chi2.isf(pf / 27600, 2K) / 2 = 22.7, 24.6, 27.3, 30.0 for five pulses.
    tail = ChiSquareMaxTail(27600, 5)
    for probability, value in ((5e-2, 22.7), (1e-2, 24.6), (1e-3, 27.3), (1e-4, 30.0)):
        assert tail.threshold(probability) == pytest.approx(value, abs=0.06)


@given(
    log_cells=st.floats(0, 16),
    pulses=st.integers(1, 20),
    growth=st.sampled_from([0.0, 0.5, 2.0]),
    exponent=st.floats(-12, -0.5),
)
@settings(deadline=None, max_examples=150)
def test_chi_square_threshold_and_exceedance_are_inverse(log_cells, pulses, growth, exponent):
    tail = ChiSquareMaxTail(math.exp(log_cells), pulses, growth, reference=2.0 * pulses)
    probability = min(10.0**exponent, 0.9 * float(tail.exceedance(0.0)))
    x = tail.threshold(probability)
    assert float(tail.exceedance(x)) == pytest.approx(probability, rel=1e-10)
    assert math.exp(float(tail.log_exceedance(x))) == pytest.approx(probability, rel=1e-10)
    higher = np.linspace(0, x + 20, 400)
    assert np.all(np.diff(tail.exceedance(higher)) < 1e-14)  # rounding where it is level


@given(location=st.floats(-100, 100), scale=st.floats(1e-2, 10), exponent=st.floats(-12, -0.1))
@settings(deadline=None)
def test_gumbel_threshold_and_exceedance_are_inverse(location, scale, exponent):
    tail = GumbelTail(location, scale)
    probability = 10.0**exponent
    x = tail.threshold(probability)
    # x carries rounding of 1e-14 of the location; in units of a 0.01 scale that is 1e-10.
    assert float(tail.exceedance(x)) == pytest.approx(probability, rel=1e-9)
    assert float(tail.exceedance(x)) == pytest.approx(gumbel_r.sf(x, location, scale), rel=1e-9)
    assert math.exp(float(tail.log_exceedance(x))) == pytest.approx(probability, rel=1e-9)


def test_gumbel_fit_is_scipys(rng):
    values = gumbel_r.rvs(12.0, 1.3, size=300, random_state=rng)
    tail = fit_gumbel(values)
    assert (tail.location, tail.scale) == pytest.approx(gumbel_r.fit(values), rel=1e-9)


@pytest.mark.parametrize("cells, pulses, trials", [(2000, 1, 100), (7680, 3, 400), (27600, 5, 100)])
def test_fitted_cells_lie_within_their_standard_error(rng, cells, pulses, trials):
    repeats = 300
    fits = [fit_chi_square_max(simulated_maxima(rng, trials, cells, pulses), pulses) for _ in range(repeats)]
    z = np.array([math.log(fit.independent_cells / cells) / fit.log_cells_error for fit in fits])
    assert fits[0].log_cells_error == pytest.approx(1 / math.sqrt(trials), rel=0.01)
    # 1 / (2 trials) is the known bias of ln n; 300 repeats: mean +- 0.058, spread +- 0.041 (4 sigma used).
    assert abs(np.mean(z) - 0.5 / math.sqrt(trials)) < 0.24
    assert abs(np.std(z) - 1) < 0.17


def test_fit_with_growth_recovers_cells(rng):
    truth = ChiSquareMaxTail(5000, 3, 0.5, 15.0)
    values = [truth.threshold(p) for p in rng.uniform(1e-6, 0.999, 500)]
    fit = fit_chi_square_max(values, 3, growth=0.5)
    cells = fit.independent_cells * (15.0 / fit.reference) ** 0.5
    assert abs(math.log(cells / 5000)) < 4 * fit.log_cells_error


def test_hundred_trials_pin_a_chi_square_threshold_down_better_than_a_gumbel_one(rng):
    cells, pulses, probability = 27600, 5, 1e-4
    exact = chi2.isf(-math.expm1(math.log1p(-probability) / cells), 2 * pulses) / 2
    gumbel, chi_square = [], []
    for _ in range(150):
        values = simulated_maxima(rng, 100, cells, pulses)
        gumbel.append(fit_gumbel(values).threshold(probability))
        chi_square.append(fit_chi_square_max(values, pulses).threshold(probability))
    # Gumbel: spread 0.92 as published; its mean is 0.27 high, since its tail is the flatter one.
    # Chi-square: ln n has an error of 0.1 and a threshold moves 1.15 per unit of ln n, so 0.115.
    assert 0.7 < np.std(gumbel) < 1.15
    assert 0.1 < np.mean(gumbel) - exact < 0.5
    assert np.std(chi_square) < 0.15
    assert abs(np.mean(chi_square) - exact) < 0.05


@pytest.mark.parametrize(
    "tail",
    [GumbelTail(20.5, 1.1), ChiSquareMaxTail(27600.25, 5, 0.5, 22.0, 0.01)],
)
def test_tails_survive_their_plain_form(tail):
    assert tail_from_dict(tail_to_dict(tail)) == tail


@pytest.mark.parametrize(
    "values",
    [
        None,
        {"kind": "normal"},
        {"kind": "gumbel", "location": 1.0},
        {"kind": "gumbel", "location": 1.0, "scale": 0.0},
        {"kind": "gumbel", "location": "1", "scale": 1.0},
        {"kind": "gumbel", "location": float("nan"), "scale": 1.0},
        {"kind": "chi-square-max", "independent_cells": 10.0, "pulses": 2.5},
        {"kind": "chi-square-max", "independent_cells": 10.0, "pulses": 2, "growth": 4.1},
        {"kind": "chi-square-max", "independent_cells": 0.0, "pulses": 2},
    ],
)
def test_what_is_no_tail_is_refused(values):
    with pytest.raises(ValueError):
        tail_from_dict(values)


def test_bad_null_values_and_probabilities_are_refused():
    with pytest.raises(ValueError, match="too few"):
        fit_gumbel([1.0, 2.0])
    with pytest.raises(ValueError, match="equal"):
        fit_gumbel(np.ones(20))
    with pytest.raises(ValueError, match="finite"):
        fit_chi_square_max([np.nan] * 20, 3)
    with pytest.raises(ValueError, match="positive"):
        fit_chi_square_max([-1.0] * 20, 3)
    with pytest.raises(ValueError, match="between 0 and 1"):
        GumbelTail(0.0, 1.0).threshold(0.0)
    # One cell exceeds zero with probability 1 - 1/e and no more.
    with pytest.raises(ValueError, match=r"allow at most 0\.63"):
        ChiSquareMaxTail(1.0, 1).threshold(0.7)


def test_fit_of_the_upper_maxima_ignores_a_wrong_body(rng):
    # The body is squeezed, the upper tenth follows the law: only a censored fit finds its n.
    tail = ChiSquareMaxTail(30_000.0, 5, 2.0, reference=22.0)
    grid = np.linspace(10, 60, 20_001)
    law = -np.expm1(-np.exp(tail.log_rate(grid)))
    values = np.interp(-rng.uniform(size=4000), -law, grid)
    upper = np.quantile(values, 0.9)
    squeezed = np.where(values < upper, upper - 0.5 * (upper - values), values)
    fit = fit_chi_square_max(squeezed, 5, 2.0, upper_share=0.1)
    # log_cells_error is 1/sqrt(400) = 5 %; three of them move the threshold by 0.15.
    assert fit.log_cells_error == pytest.approx(0.05, abs=0.001)
    assert fit.threshold(1e-4) == pytest.approx(tail.threshold(1e-4), abs=0.17)
    assert abs(fit_chi_square_max(squeezed, 5, 2.0).threshold(1e-4) - tail.threshold(1e-4)) > 0.3
    with pytest.raises(ValueError, match="upper_share"):
        fit_chi_square_max(values[:20], 5, 2.0, upper_share=0.1)
