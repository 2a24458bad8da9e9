# SPDX-License-Identifier: GPL-3.0-or-later
"""Lane of a passing transmitter."""

import math
from dataclasses import replace

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.gnss.evaluation.f2 import confusion, macro_f2
from gnuradio.sentinel.gnss.place.lanes import (
    SENSOR_SETS,
    LaneDetector,
    Road,
    decision_variance,
    optimal_accuracy,
    sensor_columns,
    side_difference,
    simulate_passes,
)
from gnuradio.sentinel.gnss.place.lanes_learned import LearnedLanes
from gnuradio.sentinel.gnss.place.propagation import Assumptions, jn_db, level_db, received_db
from scipy.stats import multivariate_normal

ROAD = Road()
FIELD = Assumptions()
IDEAL = Assumptions(gain_drift_db=0.0, noise_db=0.0, floor_db=-math.inf, saturation_db=math.inf)
FOUR = SENSOR_SETS["four"]

#: Optimal decision of the simple model, per pass and per second, as worked out beforehand.
STATED = {
    "one (front left)": (0.84, 0.55),
    "two front": (0.989, 0.71),
    "diagonal": (0.989, 0.73),
    "same side": (0.926, 0.66),
    "three": (0.997, 0.78),
    "four": (0.9994, 0.83),
}


@pytest.fixture(scope="module")
def passes():
    return simulate_passes(np.random.default_rng(11), 1500, ROAD, FIELD)


@pytest.fixture(scope="module")
def chances(passes):
    """Probabilities per pass and per second of every set of sensors, all of the same passes."""
    found = {}
    for name, sensors in SENSOR_SETS.items():
        detector = LaneDetector(ROAD, sensors, FIELD)
        levels = passes.levels_db[..., sensor_columns(ROAD, sensors)]
        found[name] = (detector.pass_probabilities(levels), detector.second_probabilities(levels))
    return found


def f2_of(chance, lane):
    return float(macro_f2(confusion(lane, chance.argmax(axis=-1), 2)))


@pytest.mark.parametrize("name", STATED)
def test_closed_form_agrees_with_the_figures_worked_out_beforehand(name):
    by_pass, by_second = optimal_accuracy(ROAD, SENSOR_SETS[name], IDEAL)
    assert by_pass == pytest.approx(STATED[name][0], abs=0.016)
    assert by_second == pytest.approx(STATED[name][1], abs=0.006)


@pytest.mark.parametrize("name", ["two front", "same side", "four"])
def test_a_known_course_reaches_the_closed_form(name):
    passes = simulate_passes(np.random.default_rng(5), 4000, ROAD.known(), IDEAL)
    levels = passes.levels_db[..., sensor_columns(ROAD, SENSOR_SETS[name])]
    detector = LaneDetector(ROAD.known(), SENSOR_SETS[name], IDEAL)
    by_pass, by_second = optimal_accuracy(ROAD, SENSOR_SETS[name], IDEAL)
    right = (detector.pass_probabilities(levels).argmax(axis=1) == passes.lane).mean()
    assert right == pytest.approx(by_pass, abs=5 * math.sqrt(by_pass * (1 - by_pass) / 4000))
    right = (detector.second_probabilities(levels).argmax(axis=2) == passes.lane[:, None]).mean()
    assert right == pytest.approx(by_second, abs=5 * math.sqrt(0.25 / 4000))


def test_target_of_two_front_sensors(passes, chances):
    assert f2_of(chances["two front"][0], passes.lane) >= 0.965


def test_more_sensors_are_never_worse(passes, chances):
    """Wherever one set holds another, on the very same passes; a difference may come by chance only."""
    lane = passes.lane
    for small, few in SENSOR_SETS.items():
        for large, many in SENSOR_SETS.items():
            if not set(few) < set(many):
                continue
            first, second = (chances[name][0].argmax(axis=1) == lane for name in (small, large))
            lost, won = np.sum(first & ~second), np.sum(second & ~first)
            assert lost - won <= 3 * math.sqrt(lost + won), (small, large)
            by_second = [(chances[n][1].argmax(axis=2) == lane[:, None]).mean() for n in (small, large)]
            assert by_second[1] >= by_second[0], (small, large)
    scores = [f2_of(chances[name][0], lane) for name in ("one (front left)", "two front", "three", "four")]
    assert scores == sorted(scores)


def test_probabilities_come_true(passes, chances):
    for name in ("one (front left)", "two front", "four"):
        for chance, truth in (
            (chances[name][0], passes.lane),
            (chances[name][1].reshape(-1, 2), np.repeat(passes.lane, ROAD.seconds)),
        ):
            stated = chance.max(axis=1)
            right = chance.argmax(axis=1) == truth
            for low in np.arange(0.5, 1.0, 0.1):
                inside = (stated >= low) & (stated < low + 0.1)
                if inside.sum() > 50:
                    gap = right[inside].mean() - stated[inside].mean()
                    assert abs(gap) < 0.02 + 4 * math.sqrt(0.25 / inside.sum()), (name, low)


def test_variance_tells_sure_from_unsure(passes, chances):
    chance = chances["two front"][0]
    wrong = chance.argmax(axis=1) != passes.lane
    assert decision_variance(chance)[wrong].mean() > 4 * decision_variance(chance)[~wrong].mean()
    assert decision_variance(np.array([0.5, 0.5])) == 0.25


def test_mirrored_road_gives_the_mirrored_lane(passes):
    detector = LaneDetector(ROAD, FOUR, FIELD)
    levels = passes.levels_db[:200]
    swapped = levels[..., [1, 0, 3, 2]]
    for decide in (detector.pass_probabilities, detector.second_probabilities):
        assert decide(swapped) == pytest.approx(decide(levels)[..., ::-1], abs=1e-9)


def test_louder_transmitter_on_the_same_course_changes_nothing_when_power_is_unknown(rng):
    unknown = replace(IDEAL, power_sd_db=math.inf)
    detector = LaneDetector(ROAD, FOUR, unknown)
    jn = rng.uniform(5, 20, (30, ROAD.seconds, 4))
    for decide in (detector.pass_probabilities, detector.second_probabilities):
        assert decide(level_db(jn + 8.0)) == pytest.approx(decide(level_db(jn)), abs=1e-9)


def test_pass_probability_against_brute_force(rng):
    road = replace(ROAD, seconds=3, speeds=2, offsets=3)
    names = SENSOR_SETS["three"]
    detector = LaneDetector(road, names, FIELD)
    jn = rng.uniform(9, 25, (1, 3, 3))
    sensors = road.sensors(names)
    size = 9
    covariance = 9.0 * np.eye(size) + 100.0 + 0.02**2 * 1.21 * np.eye(size)
    # All levels are far above the baseline: one slope (1.1) for errors of the level.
    same_sensor = np.equal.outer(np.arange(size) % 3, np.arange(size) % 3)
    covariance += same_sensor * (0.5**2 / 3) * 1.21
    weights = np.zeros(2)
    for lane in (0, 1):
        for speed in (3.5, 4.5):
            for offset in (-2 / 3, 0.0, 2 / 3):
                time_s = np.array([-1.0, 0.0, 1.0])
                places = np.column_stack([np.full(3, road.lanes_m[lane]), 6.0 + speed * (time_s - offset)])
                mean = 30 + received_db(places, sensors, FIELD)
                weights[lane] += multivariate_normal.pdf(jn.ravel(), mean.ravel(), covariance)
    assert jn_db(level_db(jn)) == pytest.approx(jn)
    assert detector.pass_probabilities(level_db(jn))[0] == pytest.approx(weights / weights.sum(), abs=1e-9)


def test_missing_sensor_is_as_if_it_were_not_there(passes):
    levels = passes.levels_db[:100].copy()
    levels[..., 3] = np.nan
    rest = sensor_columns(ROAD, SENSOR_SETS["three"])
    whole = LaneDetector(ROAD, FOUR, FIELD).pass_probabilities(levels)
    three = LaneDetector(ROAD, SENSOR_SETS["three"], FIELD).pass_probabilities(levels[..., rest])
    assert whole == pytest.approx(three, abs=1e-8)


def test_nothing_measured_is_a_coin():
    detector = LaneDetector(ROAD, FOUR, FIELD)
    missing = np.full((1, ROAD.seconds, 4), np.nan)
    assert detector.pass_probabilities(missing)[0] == pytest.approx([0.5, 0.5])
    assert detector.second_probabilities(missing)[0] == pytest.approx(0.5)


def test_plain_rule_names_the_louder_side():
    sensors = ROAD.sensors(FOUR)
    difference = side_difference(
        np.array([[9.0, 5.0, 7.0, 4.0], [np.nan, 5.0, 7.0, 4.0], [np.nan, 5.0, np.nan, 4.0]]), sensors
    )
    assert difference[:2] == pytest.approx([3.5, 2.5]) and np.isnan(difference[2])


@pytest.mark.parametrize("name", ["two front", "four"])
def test_likelihood_is_better_than_the_plain_rule(passes, chances, name):
    sensors = SENSOR_SETS[name]
    levels = passes.levels_db[..., sensor_columns(ROAD, sensors)]
    rule = (side_difference(levels, ROAD.sensors(sensors)).mean(axis=1) < 0).astype(int)
    likelihood = chances[name][0].argmax(axis=1) == passes.lane
    plain = rule == passes.lane
    assert np.sum(likelihood & ~plain) > np.sum(plain & ~likelihood)


@pytest.mark.parametrize("kind", ["forest", "boosted"])
def test_learned_lanes_are_better_than_chance_and_not_than_the_likelihood(passes, chances, kind):
    train, test = slice(0, 600), slice(600, 1500)
    learned = LearnedLanes(kind, trees=40)
    rows = passes.levels_db[train].reshape(-1, 4)
    learned.fit(rows, np.repeat(passes.lane[train], ROAD.seconds))
    chance = learned.pass_probabilities(passes.levels_db[test])
    assert chance.sum(axis=1) == pytest.approx(1.0)
    score = f2_of(chance, passes.lane[test])
    assert 0.85 < score <= f2_of(chances["four"][0][test], passes.lane[test])


def test_simulated_course_is_that_of_the_road(rng):
    places = ROAD.places(np.array([0, 1]), np.array([4.0, 4.0]), np.array([0.0, 1.0]))
    assert places[0, :, 0].tolist() == [-2.0] * 8 and places[1, 0, 0] == 2.0
    assert np.diff(places[0, :, 1]) == pytest.approx(np.full(7, 4.0))
    assert places[0, :, 1].mean() == pytest.approx(6.0)
    assert places[1, :, 1] == pytest.approx(places[0, :, 1] - 4.0)


def test_the_text_tells_geometry_and_priors():
    for part in ("-2 and 2 m", "front left (-5, 0)", "8 s", "3 to 5 m/s", "±1 s"):
        assert part in str(ROAD)
    assert "known to the second" in str(ROAD.known())


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: LaneDetector(ROAD, ["middle"], FIELD), "name one or more of front left"),
        (lambda: LaneDetector(ROAD, [], FIELD), "name one or more"),
        (lambda: LaneDetector(ROAD, FOUR, FIELD).pass_probabilities(np.zeros((1, 8, 3))), "wanted are"),
        (lambda: Road(lanes_m=(2.0, -2.0)), "smaller x"),
        (lambda: Road(speed_m_s=(0.0, 5.0)), "positive"),
        (lambda: Road(seconds=0), "at least"),
    ],
)
def test_bad_input_is_refused(make, text):
    with pytest.raises(InputError, match=text):
        make()


def test_unknown_classifier_is_refused():
    with pytest.raises(ValueError, match="known are forest, boosted"):
        LearnedLanes("oracle")
