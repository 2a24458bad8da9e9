# SPDX-License-Identifier: GPL-3.0-or-later
"""Places from levels of several sensors."""

import math
from dataclasses import replace

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.gnss.place.lanes import SENSORS
from gnuradio.sentinel.gnss.place.positions import (
    Area,
    LearnedPosition,
    Locator,
    error_ellipse,
    inside_ellipse,
)
from gnuradio.sentinel.gnss.place.propagation import Assumptions, jn_db, level_db, measure, received_db
from scipy.stats import norm

FOUR = np.array(list(SENSORS.values()))
AREA = Area(step_m=1.0)
FIELD = Assumptions()
QUIET = Assumptions(shadowing_db=0.5, gain_drift_db=0.0, noise_db=0.0, power_sd_db=math.inf)


def draw(rng, count, assumptions, seconds=5):
    truth = rng.uniform((-10, -6), (10, 18), (count, 2))
    jn = received_db(truth, FOUR, assumptions) + 30 + 10 * rng.standard_normal((count, 1))
    return truth, measure(rng, np.repeat(jn[:, None], seconds, axis=1), assumptions)


def test_area_is_cut_into_equal_cells():
    points = Area((0.0, 2.0), (0.0, 1.0), 0.5).points()
    assert len(points) == 8
    assert points[0].tolist() == [0.25, 0.25] and points[-1].tolist() == [1.75, 0.75]


def test_posterior_against_brute_force():
    assumptions = replace(FIELD, gain_drift_db=0.0, noise_db=0.0)
    place = Locator(FOUR[:3], assumptions, AREA)
    levels = np.array([[[14.0, 9.0, 11.0]]])
    points = AREA.points()
    power = np.linspace(-40, 100, 14_001)
    wanted = np.empty(len(points))
    for index, point in enumerate(points):
        mean = received_db(point, FOUR[:3], assumptions)
        density = norm.pdf(jn_db(levels[0, 0])[:, None], power + mean[:, None], 3.0).prod(axis=0)
        wanted[index] = np.sum(density * norm.pdf(power, 30, 10))
    assert place.posterior(levels)[0] == pytest.approx(wanted / wanted.sum(), rel=1e-5, abs=1e-12)


def test_a_still_transmitter_is_found_without_knowing_its_power():
    place = Locator(FOUR, QUIET, Area(step_m=0.25))
    truth = np.array([2.125, 4.125])
    found = place.locate(level_db(22.0 + received_db(truth, FOUR, QUIET)))
    assert found.best_m == pytest.approx(truth, abs=0.01)
    assert np.hypot(*(found.mean_m - truth)) < 0.5
    assert found.sensors_used == 4 and "from 4 sensors" in str(found)


def test_another_power_gives_the_same_place(rng):
    place = Locator(FOUR, replace(QUIET, saturation_db=math.inf), AREA)
    jn = rng.uniform(8, 15, (20, 1, 4))
    here, _, spread = place.estimate(level_db(jn))
    there, _, other = place.estimate(level_db(jn + 9.0))
    assert there == pytest.approx(here, abs=1e-6)
    assert other == pytest.approx(spread, abs=1e-6)


def test_mirrored_levels_give_the_mirrored_place(rng):
    place = Locator(FOUR, FIELD, AREA)
    levels = rng.uniform(3, 25, (20, 1, 4))
    mean, _, covariance = place.estimate(levels)
    mirrored, _, across = place.estimate(levels[..., [1, 0, 3, 2]])
    assert mirrored == pytest.approx(mean * [-1, 1], abs=1e-6)
    assert across[:, 0, 1] == pytest.approx(-covariance[:, 0, 1], abs=1e-6)


def test_ellipses_hold_and_more_sensors_are_not_worse(rng):
    truth, levels = draw(rng, 600, FIELD)
    errors = []
    for count in (1, 2, 3, 4):
        mean, _, covariance = Locator(FOUR[:count], FIELD, AREA, 5).estimate(levels[..., :count])
        errors.append(np.sqrt(np.mean(np.sum((mean - truth) ** 2, axis=1))))
        assert inside_ellipse(truth, mean, covariance).mean() > 0.92
    assert errors == sorted(errors, reverse=True)
    assert errors[3] < 4.0


def test_one_sensor_says_that_it_gives_no_place():
    found = Locator(FOUR[:1], FIELD, AREA).locate([12.0])
    assert found.sensors_used == 1
    assert str(found).startswith("one sensor gives no place")
    assert found.ellipse.semi_major_m > 10
    # A missing sensor counts as none.
    three_missing = Locator(FOUR, FIELD, AREA).locate([12.0, np.nan, np.nan, np.nan])
    assert three_missing.sensors_used == 1
    assert three_missing.mean_m == pytest.approx(found.mean_m)


def test_two_sensors_tell_of_the_mirror_image():
    assert "mirror image" in str(Locator(FOUR[:2], FIELD, AREA).locate([12.0, 9.0]))


def test_ellipse_of_a_covariance():
    ellipse = error_ellipse(np.array([[4.0, 0.0], [0.0, 1.0]]))
    radius = math.sqrt(-2 * math.log(0.05))
    assert (ellipse.semi_major_m, ellipse.semi_minor_m) == pytest.approx((2 * radius, radius))
    assert ellipse.angle_deg == pytest.approx(0.0, abs=1e-9)
    turned = error_ellipse(np.array([[2.0, 1.0], [1.0, 2.0]]))
    assert turned.angle_deg == pytest.approx(45.0)


def test_learned_regression_beats_the_middle_of_the_area_but_not_the_likelihood(rng):
    truth, levels = draw(rng, 1500, FIELD)
    forest = LearnedPosition(trees=30).fit(levels[:1000], truth[:1000])
    mean, _, _ = Locator(FOUR, FIELD, AREA, 5).estimate(levels[1000:])

    def rms(found):
        return np.sqrt(np.mean(np.sum((found - truth[1000:]) ** 2, axis=1)))

    middle = rms(np.array([[0.0, 6.0]]))
    learned = rms(forest.predict(levels[1000:]))
    assert learned < 0.6 * middle
    assert rms(mean) < 1.02 * learned


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="all levels are missing"):
        Locator(FOUR, FIELD, AREA).locate([np.nan] * 4)
    with pytest.raises(InputError, match="x and y"):
        Locator([[1.0, 2.0, 3.0]], FIELD)
    with pytest.raises(InputError, match="wanted are"):
        Locator(FOUR, FIELD, AREA).locate([1.0, 2.0])
    with pytest.raises(InputError, match="enlarge"):
        Area((1.0, 1.0))
