# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripted streams of predictions: the moving average, the verdict of a minute, and `unknown`."""

import numpy as np
import pytest
from gnuradio.sentinel.gnss.naming import Tally
from gnuradio.sentinel.gnss.smoothing import STEPS, MovingAverage, Prediction, average, verdict

CLASSES = ("cw", "chirp", "noise")


def prediction(*mean, variance=0.01, uncertainty=0.1):
    return Prediction(np.array(mean, float), np.full(len(mean), variance), uncertainty)


CW, CHIRP, NOISE = (prediction(*row) for row in np.eye(3) * 0.85 + 0.05)


def test_the_moving_average_runs_over_ten_steps():
    running = MovingAverage()
    means = [running.add(prediction(float(k), 0, 0)).mean[0] for k in range(25)]
    plain = [np.mean(range(max(0, k - STEPS + 1), k + 1)) for k in range(25)]
    assert STEPS == 10 and means == pytest.approx(plain)


def test_a_single_outlier_is_smoothed_away():
    running = MovingAverage()
    script = [CW] * 9 + [CHIRP] + [CW] * 9
    assert {int(np.argmax(running.add(one).mean)) for one in script} == {0}


def test_averages_are_of_means_variances_and_uncertainties():
    mean = average(
        [prediction(1, 0, variance=0.02, uncertainty=0.2), prediction(0, 1, variance=0.04, uncertainty=0.6)]
    )
    assert mean.mean == pytest.approx([0.5, 0.5]) and mean.variance == pytest.approx([0.03, 0.03])
    assert mean.uncertainty == pytest.approx(0.4)
    with pytest.raises(ValueError, match="no predictions"):
        average([])


def test_the_verdict_of_a_minute():
    label, mean = verdict([CW] * 35 + [CHIRP] * 25, CLASSES, 0.5)
    assert label == "cw" and mean.mean[0] > mean.mean[1] > mean.mean[2]
    assert verdict([NOISE], CLASSES, 0.5)[0] == "noise"


def test_unknown_has_three_reasons():
    doubtful = [prediction(0.9, 0.05, 0.05, uncertainty=0.7)] * 60
    assert verdict(doubtful, CLASSES, 0.5)[0] == "unknown"
    assert verdict(doubtful, CLASSES, np.inf)[0] == "cw"
    flat = [prediction(0.35, 0.33, 0.32)] * 60
    assert verdict(flat, CLASSES, 0.5)[0] == "cw"
    assert verdict(flat, CLASSES, 0.5, least_score=0.5)[0] == "unknown"
    wild = [prediction(0.9, 0.05, 0.05, variance=0.16)] * 60
    assert verdict(wild, CLASSES, 0.5, largest_deviation=0.3)[0] == "unknown"
    assert verdict(wild, CLASSES, 0.5, largest_deviation=0.5)[0] == "cw"


def test_a_tally_gives_one_verdict_a_minute_and_one_for_the_rest():
    tally = Tally(CLASSES, 0.5, minute=6)
    assert tally.mean is None and tally.label == "interference"
    for one in [CW] * 6 + [CHIRP] * 6 + [prediction(0.4, 0.3, 0.3, uncertainty=0.9)] * 6 + [NOISE] * 2:
        tally.add(one)
    assert dict(tally.minutes) == {"cw": 1, "chirp": 1, "unknown": 1}
    tally.end_minute()
    tally.end_minute()
    assert dict(tally.minutes) == {"cw": 1, "chirp": 1, "unknown": 1, "noise": 1}
    assert tally.count == 20 and tally.mean.uncertainty == pytest.approx((14 * 0.1 + 6 * 0.9) / 20)


def test_a_tally_says_unknown_where_the_mean_is_doubtful():
    tally = Tally(CLASSES, 0.3, minute=60)
    tally.add(CW)
    assert tally.label == "cw"
    for _ in range(9):
        tally.add(prediction(0.9, 0.05, 0.05, uncertainty=0.5))
    assert tally.label == "unknown"
