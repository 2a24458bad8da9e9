# SPDX-License-Identifier: GPL-3.0-or-later
"""The likelihood of levels against brute force."""

import math
from dataclasses import replace

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.gnss.place.level_likelihood import (
    FAINT,
    MISSING,
    SATURATED,
    SEEN,
    SLOPES,
    error_model,
    log_likelihood,
    normalised,
    read_levels,
)
from gnuradio.sentinel.gnss.place.propagation import Assumptions, jn_db, level_db
from scipy.stats import multivariate_normal, norm

FIELD = Assumptions(correlation_s=1.5)
ONLY_SHADOWING = Assumptions(gain_drift_db=0.0, noise_db=0.0, floor_db=1.0, saturation_db=30.0)
PREDICTED = -np.array([[10.0, 16.0, 14.0], [15.0, 12.0, 18.0], [12.0, 12.0, 12.0], [19.0, 10.0, 15.0]])


def relative(log_values):
    return log_values - log_values[..., :1]


def test_states_of_levels():
    readings = read_levels([[0.1, 12.0, 30.0, np.nan, -3.0, 35.0]], FIELD)
    assert readings.state[0].tolist() == [FAINT, SEEN, SATURATED, MISSING, FAINT, SATURATED]
    assert readings.jn_db[0] == pytest.approx(
        [
            float(jn_db(0.75)),
            float(jn_db(12.0)),
            float(jn_db(30.0)),
            0.0,
            float(jn_db(0.75)),
            float(jn_db(30.0)),
        ]
    )


def test_slopes_are_those_of_level_and_jn():
    levels = np.array([[0.8, 1.1, 2.2, 4.0, 10.0]])
    step = 1e-4
    exact = (jn_db(levels + step) - jn_db(levels - step)) / (2 * step)
    stated = SLOPES[read_levels(levels, FIELD).slope_class]
    assert stated == pytest.approx(exact, rel=0.3)
    assert (read_levels(levels, ONLY_SHADOWING).slope_class == 0).all()


@pytest.mark.parametrize("power_sd_db", [0.0, 4.0, 10.0])
def test_seen_levels_are_a_gaussian_with_a_common_power(rng, power_sd_db):
    levels = rng.uniform(8, 28, (6, 3))
    errors = error_model(3, 1, FIELD)
    got = log_likelihood(read_levels(levels, FIELD), PREDICTED, errors, 30.0, power_sd_db)
    covariance = errors.covariance(np.full(3, SLOPES[0])) + power_sd_db**2
    wanted = np.array(
        [
            [multivariate_normal.logpdf(row, 30 + mean, covariance) for mean in PREDICTED]
            for row in jn_db(levels)
        ]
    )
    assert relative(got) == pytest.approx(relative(wanted), abs=1e-8)


@pytest.mark.parametrize("power_sd_db", [3.0, 10.0])
def test_limits_against_integrating_the_power_by_hand(power_sd_db):
    levels = np.array([[30.0, 17.0, 0.4], [30.0, 30.0, 12.0], [0.2, 0.1, 0.0], [9.0, np.nan, 30.0]])
    readings = read_levels(levels, ONLY_SHADOWING)
    got = log_likelihood(
        readings, PREDICTED, error_model(1, 3, ONLY_SHADOWING), ONLY_SHADOWING.power_db, power_sd_db
    )
    # Without drift and correlation each reading stands alone once the power is given.
    power = np.linspace(-60, 120, 36_001)
    prior = norm.pdf(power, ONLY_SHADOWING.power_db, power_sd_db)
    limit = jn_db(np.array([1.0, 30.0]))
    wanted = np.empty_like(got)
    for b, row in enumerate(levels):
        for h, mean in enumerate(PREDICTED):
            product = prior.copy()
            for level, expected in zip(row, mean, strict=True):
                at = power + expected
                if level >= 30.0:
                    product *= norm.sf(limit[1], at, 3.0)
                elif level < 1.0:
                    product *= norm.cdf(limit[0], at, 3.0)
                elif not math.isnan(level):
                    product *= norm.pdf(jn_db(level), at, 3.0)
            wanted[b, h] = math.log(product.sum() * (power[1] - power[0]))
    assert relative(got) == pytest.approx(relative(wanted), abs=0.02)


def test_one_limit_among_correlated_readings_against_the_gaussian_integral():
    levels = np.array([[22.0, 30.0, 25.0]])
    errors = error_model(3, 1, FIELD)
    got = log_likelihood(read_levels(levels, FIELD), PREDICTED, errors, 30.0, 6.0)[0]
    covariance = errors.covariance(np.full(3, SLOPES[0])) + 36.0
    jn = jn_db(levels[0])
    values = np.linspace(jn[1], jn[1] + 80, 20_001)
    points = np.column_stack([np.full_like(values, jn[0]), values, np.full_like(values, jn[2])])
    wanted = np.array(
        [
            math.log(multivariate_normal.pdf(points, 30 + mean, covariance).sum() * (values[1] - values[0]))
            for mean in PREDICTED
        ]
    )
    assert relative(got) == pytest.approx(relative(wanted), abs=0.01)


def test_a_missing_reading_is_as_if_its_sensor_were_not_there(rng):
    levels = rng.uniform(8, 28, (5, 3))
    levels[:, 1] = np.nan
    whole = log_likelihood(read_levels(levels, FIELD), PREDICTED, error_model(1, 3, FIELD), 30.0, 10.0)
    rest = log_likelihood(
        read_levels(levels[:, [0, 2]], FIELD), PREDICTED[:, [0, 2]], error_model(1, 2, FIELD), 30.0, 10.0
    )
    assert relative(whole) == pytest.approx(relative(rest), abs=1e-9)


def test_nothing_read_says_nothing():
    missing = read_levels(np.full((2, 3), np.nan), FIELD)
    assert (log_likelihood(missing, PREDICTED, error_model(1, 3, FIELD), 30.0, 10.0) == 0).all()
    # Limits alone say nothing of a transmitter whose power may be anything.
    faint = read_levels(np.zeros((1, 3)), FIELD)
    assert (log_likelihood(faint, PREDICTED, error_model(1, 3, FIELD), 0.0, math.inf) == 0).all()


def test_flat_power_is_the_limit_of_a_wide_one_and_knows_differences_only(rng):
    levels = rng.uniform(12, 20, (4, 3))
    quiet = replace(ONLY_SHADOWING, floor_db=-math.inf, saturation_db=math.inf)
    errors = error_model(1, 3, quiet)
    flat = log_likelihood(read_levels(levels, quiet), PREDICTED, errors)
    wide = log_likelihood(read_levels(levels, quiet), PREDICTED, errors, 30.0, 3e3)
    assert relative(flat) == pytest.approx(relative(wide), abs=1e-4)
    louder = level_db(jn_db(levels) + 7.0)
    moved = log_likelihood(read_levels(louder, quiet), PREDICTED, errors)
    assert relative(moved) == pytest.approx(relative(flat), abs=1e-9)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="as many"):
        log_likelihood(read_levels(np.ones((1, 2)), FIELD), PREDICTED, error_model(1, 3, FIELD))


def test_probabilities_add_up_even_for_hopeless_weights():
    assert normalised(np.array([-5000.0, -5001.0])) == pytest.approx(
        [1 / (1 + math.exp(-1)), 1 / (1 + math.e)]
    )
