# SPDX-License-Identifier: GPL-3.0-or-later
"""Range from a level."""

import math
from dataclasses import replace

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.gnss.place.propagation import Assumptions, level_db, measure, path_loss_db
from gnuradio.sentinel.gnss.place.ranging import (
    CLASSES_M,
    class_probabilities,
    classify,
    error_db,
    power_at_1m_db,
    range_interval,
    with_power,
)
from scipy.stats import norm

KNOWN = with_power(Assumptions(shadowing_db=2.0), 30.0)
IDEAL = Assumptions(
    shadowing_db=2.0,
    gain_drift_db=0.0,
    noise_db=0.0,
    floor_db=-math.inf,
    saturation_db=math.inf,
    power_sd_db=0.0,
)


def draw(rng, count, seconds, assumptions):
    truth = np.arange(count) % 3
    jn = assumptions.power_db - path_loss_db(np.array(CLASSES_M)[truth])
    return truth, measure(rng, np.repeat(jn[:, None, None], seconds, axis=1), assumptions)[..., 0]


@pytest.mark.parametrize("seconds", [1, 5])
@pytest.mark.parametrize("shadowing_db", [2.0, 3.0])
def test_accuracy_is_that_of_the_optimal_decision(rng, seconds, shadowing_db):
    assumptions = replace(IDEAL, shadowing_db=shadowing_db)
    truth, levels = draw(rng, 30_000, seconds, assumptions)
    spread = shadowing_db / math.sqrt(seconds)
    near, far = norm.sf([20 * math.log10(2) / 2 / spread, 20 * math.log10(1.5) / 2 / spread])
    wanted = 1 - (near + (near + far) + far) / 3
    # Five deviations of a share of 30000.
    margin = 5 * math.sqrt(wanted * (1 - wanted) / 30_000)
    assert np.mean(classify(levels, assumptions) == truth) == pytest.approx(wanted, abs=margin)


def test_target_of_a_5_s_mean_with_the_receivers_errors(rng):
    truth, levels = draw(rng, 20_000, 5, KNOWN)
    assert np.mean(classify(levels, KNOWN) == truth) >= 0.97


def test_probabilities_come_true(rng):
    truth, levels = draw(rng, 30_000, 1, KNOWN)
    chance = class_probabilities(levels, KNOWN)
    assert chance.sum(axis=1) == pytest.approx(1.0)
    for low in np.arange(0, 1, 0.1):
        inside = (chance >= low) & (chance < low + 0.1)
        right = inside[np.arange(len(truth)), truth].sum()
        stated = chance[inside].sum()
        # Five deviations, and 1 % for drift being uniform and not Gaussian.
        assert abs(right - stated) < 5 * math.sqrt(inside.sum() / 4 + 1) + 0.01 * inside.sum()


def test_prior_decides_where_levels_do_not():
    weights = [0.7, 0.2, 0.1]
    assert class_probabilities([np.nan, np.nan], KNOWN, prior=weights) == pytest.approx(weights)
    blind = with_power(KNOWN, 0.0, math.inf)
    assert class_probabilities([20.0, 21.0], blind, prior=weights) == pytest.approx(weights)


def test_a_missing_second_changes_no_more_than_its_absence():
    assert class_probabilities([17.0, np.nan, 15.0], IDEAL) == pytest.approx(
        class_probabilities([17.0, 15.0], IDEAL)
    )


def test_interval_in_closed_form():
    level = level_db(30.0 - 20 * math.log10(6.0))
    found = range_interval([level], IDEAL)
    ratio = 10 ** (1.959964 * 2.0 / 20)
    assert found.distance_m == pytest.approx(6.0)
    assert (found.low_m, found.high_m) == pytest.approx((6 / ratio, 6 * ratio))
    assert found.error_db == pytest.approx(2.0)
    assert "error 2.0 dB" in str(found) and "power known" in str(found)


def test_interval_holds_as_often_as_it_says(rng):
    truth, levels = draw(rng, 3000, 5, KNOWN)
    held = 0
    for row, place in zip(levels, truth, strict=True):
        found = range_interval(row, KNOWN, 0.9)
        held += found.low_m <= CLASSES_M[place] <= found.high_m
    assert held / 3000 == pytest.approx(0.9, abs=0.03)


def test_a_power_known_to_some_db_widens_the_interval_and_says_so():
    sure = range_interval([15.0], KNOWN)
    unsure = range_interval([15.0], with_power(KNOWN, 30.0, 6.0))
    assert unsure.low_m < sure.low_m and unsure.high_m > sure.high_m
    assert unsure.error_db == pytest.approx(math.hypot(sure.error_db, 6.0), rel=0.01)
    assert "6 dB only, which limits the range" in str(unsure)


def test_an_unknown_power_gives_no_range_and_says_why():
    found = range_interval([15.0], with_power(KNOWN, 30.0, math.inf))
    assert (found.low_m, found.high_m) == (0.0, math.inf) and math.isnan(found.distance_m)
    assert "nothing is known of the transmit power" in str(found)


def test_saturated_and_faint_levels_bound_from_one_side():
    near, far = range_interval([30.0], KNOWN), range_interval([0.1], KNOWN)
    assert near.low_m == 0.0 and near.high_m < 3 and "nearer is possible" in str(near)
    assert math.isinf(far.high_m) and far.low_m > 20 and "farther is possible" in str(far)
    assert classify([30.0, 30.0], KNOWN) == 0
    assert classify([0.1, 0.1], KNOWN) == 2


def test_error_of_a_mean_with_and_without_correlation():
    assert error_db(replace(IDEAL, power_sd_db=0.0), 4) == pytest.approx(1.0)
    slow = replace(IDEAL, correlation_s=1e6)
    assert error_db(slow, 4) == pytest.approx(2.0, abs=1e-3)


def test_power_from_a_known_distance(rng):
    levels = level_db(24.0 - path_loss_db(np.full(5, 4.0)))
    assert power_at_1m_db(levels, 4.0, KNOWN) == pytest.approx(24.0)
    assert classify([level_db(24.0 - path_loss_db(9.0))], with_power(KNOWN, 24.0)) == 2
    with pytest.raises(InputError, match="another distance"):
        power_at_1m_db([30.0, 30.0], 4.0, KNOWN)


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="missing"):
        range_interval([np.nan], KNOWN)
    with pytest.raises(InputError, match="confidence"):
        range_interval([10.0], KNOWN, 1.0)
    with pytest.raises(InputError, match="positive"):
        class_probabilities([10.0], KNOWN, (3.0, -1.0))
    with pytest.raises(InputError, match="prior"):
        class_probabilities([10.0], KNOWN, prior=(1.0, 1.0))
    with pytest.raises(InputError, match="one sensor"):
        range_interval([[10.0, 11.0]], KNOWN)
