# SPDX-License-Identifier: GPL-3.0-or-later
import math

import numpy as np
import pytest
from gnuradio.sentinel.core.calibration import (
    Calibration,
    CalibrationKey,
    divide,
    fit_chi_square_max,
    fit_gumbel,
    null_quantiles,
)
from scipy.stats import chi2

KEY = CalibrationKey("pulse", {"nw": 58, "tip": 2.0, "windowed": False}, "1.0", "white noise, seed 1")


def noise_maxima(rng, trials, cells=2000, pulses=3):
    return chi2.isf(-np.expm1(np.log(rng.random(trials)) / cells), 2 * pulses) / 2


@pytest.fixture
def calibration(rng):
    values = noise_maxima(rng, 2000)
    return Calibration.from_trials(KEY, values, fit_chi_square_max(values, 3), decision_s=10.0)


def test_key_ignores_order_and_number_type_and_nothing_else():
    same = CalibrationKey("pulse", {"tip": 2, "windowed": False, "nw": np.int64(58)}, "1.0", KEY.recipe)
    assert same.digest() == KEY.digest()
    others = [
        CalibrationKey("radar", KEY.geometry, "1.0", KEY.recipe),
        CalibrationKey("pulse", {**KEY.geometry, "tip": 2.0000001}, "1.0", KEY.recipe),
        CalibrationKey("pulse", {**KEY.geometry, "extra": 0}, "1.0", KEY.recipe),
        CalibrationKey("pulse", {**KEY.geometry, "windowed": 0}, "1.0", KEY.recipe),
        CalibrationKey("pulse", KEY.geometry, "1.1", KEY.recipe),
        CalibrationKey("pulse", KEY.geometry, "1.0", "white noise, seed 2"),
    ]
    assert len({KEY.digest(), *(other.digest() for other in others)}) == len(others) + 1


def test_quantiles_are_bounded_and_keep_the_extremes(rng):
    values = rng.normal(size=20_000)
    levels, quantiles = null_quantiles(values)
    ordered = np.sort(values)
    assert len(levels) == len(quantiles) <= 257
    assert quantiles[0] == ordered[0]
    assert np.array_equal(quantiles[-64:], ordered[-64:])
    assert levels[-1] == pytest.approx(20_000 / 20_001)
    # Few trials are kept whole.
    assert np.array_equal(null_quantiles(values[:50])[1], np.sort(values[:50]))


def test_rate_and_threshold_convert_into_each_other(calibration):
    for rate in (1e-6, 0.036, 1.0, 100.0):
        x = calibration.threshold_per_hour(rate)
        assert calibration.false_alarms_per_hour(x) == pytest.approx(rate, rel=1e-9)
    # One per 27.8 hours: 1e-4 in each cycle of 10 s.
    assert calibration.threshold_per_hour(0.036) == pytest.approx(calibration.threshold(1e-4), rel=1e-12)
    with pytest.raises(ValueError, match="below 360"):
        calibration.threshold_per_hour(360)


@pytest.mark.parametrize("body", ["tail", "quantiles"])
def test_measured_rate_is_the_nominal_one(rng, body):
    values = noise_maxima(rng, 20_000)
    calibration = Calibration.from_trials(KEY, values, fit_chi_square_max(values, 3), 10.0, body=body)
    fresh = noise_maxima(rng, 200_000)
    for probability in (1e-1, 1e-2, 1e-3):
        count = np.count_nonzero(fresh > calibration.threshold(probability))
        # Four sigma of the count, and of the quantile (at least 30 exceedances, 18 %) or of ln n (0.7 %).
        slack = 0.75 if body == "quantiles" and probability == 1e-3 else 0.1
        expected = probability * len(fresh)
        assert abs(count - expected) < 4 * math.sqrt(expected) + slack * expected


def test_quantile_body_joins_its_tail_without_a_step(rng):
    values = rng.normal(50, 1, 5000)  # nothing like a Gumbel in its lower half
    calibration = Calibration.from_trials(KEY, values, fit_gumbel(values), 1.0, body="quantiles")
    probabilities = np.geomspace(0.9, 1e-9, 200)
    thresholds = [calibration.threshold(p) for p in probabilities]
    assert np.all(np.diff(thresholds) > 0)
    back = [calibration.probability(x) for x in thresholds]
    assert back == pytest.approx(probabilities, rel=1e-7)
    assert calibration.threshold(0.5) == pytest.approx(np.median(values), abs=0.01)


def test_extrapolation_begins_above_the_last_trial(calibration):
    assert not calibration.is_extrapolated(calibration.quantiles[-1])
    assert calibration.is_extrapolated(np.nextafter(calibration.quantiles[-1], np.inf))
    assert not calibration.is_extrapolated(calibration.threshold(1e-2))
    assert calibration.is_extrapolated(calibration.threshold(1e-6))


def test_division_over_pairs_keeps_the_total():
    for pairs in (1, 10, 1000):
        assert 1 - (1 - divide(1e-4, pairs)) ** pairs == pytest.approx(1e-4, rel=1e-9)
    assert divide(1e-12, 1000) == pytest.approx(1e-15, rel=1e-9)
    with pytest.raises(ValueError, match="at least one"):
        divide(0.1, 0)


def test_plain_form_is_lossless(calibration):
    assert Calibration.from_dict(calibration.to_dict()) == calibration


def test_damage_is_refused(calibration):
    good = calibration.to_dict()
    damages = [
        {"schema": 2},
        {"trials": 0},
        {"trials": True},
        {"decision_s": "10"},
        {"decision_s": float("nan")},
        {"seconds": -1.0},
        {"quantiles": good["quantiles"][:-1]},
        {"quantiles": good["quantiles"][::-1]},
        {"quantiles": [None] * len(good["quantiles"])},
        {"levels": [float("nan")] * len(good["levels"])},
        {"tail": None},
        {"geometry": {"nw": [58]}},
        {"geometry": {"nw": float("inf")}},
        {"room": 5},
        {"body": "other"},
        {"surplus": 1},
    ]
    for damage in damages:
        with pytest.raises(ValueError):
            Calibration.from_dict({**good, **damage})
    with pytest.raises(ValueError):
        Calibration.from_dict({name: value for name, value in good.items() if name != "trials"})
    with pytest.raises(ValueError):
        Calibration.from_dict([])
