# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures of uncertainty, the curve of rejection, and the threshold that keeps its promise."""

import numpy as np
import pytest
from gnuradio.sentinel.gnss.uncertainty import (
    MEASURES,
    Moments,
    combined,
    decide,
    measures,
    reject_rule,
    rejection_curve,
    unseen_row,
)


def test_closed_forms():
    # Rows: all agree on one class; all undecided; half of the members sure of each of two classes.
    sure, even = [1.0, 0, 0, 0], [0.25] * 4
    members = np.array([[sure, even, [1.0, 0, 0, 0]], [sure, even, [0, 1.0, 0, 0]]])
    found = measures(Moments.of_members(members), np.array([0, 0.5, 1]))
    assert tuple(found) == MEASURES
    assert np.allclose(found["one_minus_max"], [0, 0.75, 0.5])
    assert np.allclose(found["entropy"], [0, np.log(4), np.log(2)])
    assert np.allclose(found["mutual_information"], [0, 0, np.log(2)])
    assert np.allclose(found["variance"], [0, 0, 0.25])
    assert np.allclose(found["out_of_range"], [0, 0.5, 1])


def test_the_sums_run_over_members_exactly():
    members = np.random.default_rng(1).dirichlet(np.ones(3), (7, 20))
    assert np.allclose(Moments.of_members(members).variance, members.var(axis=0))


def test_measures_are_combined_by_weight():
    values = {"entropy": np.array([1.0, 2]), "out_of_range": np.array([0.5, 0])}
    assert np.allclose(combined(values, {"entropy": 1, "out_of_range": 4}), [3, 2])
    for weights in ({}, {"nothing": 1}):
        with pytest.raises(ValueError, match="weights"):
            combined(values, weights)


def test_curve_of_a_perfect_a_useless_and_a_wrong_order():
    wrong = np.array([True, True, False, False, False, False, False, False])
    perfect = rejection_curve(wrong.astype(float), wrong)
    assert np.allclose(
        perfect.error_rate, [2 / 8, 1 / 7, 0, 0, 0, 0, 0, 0]
    ) and perfect.gain == pytest.approx(1)
    assert np.allclose(perfect.rejected, np.arange(8) / 8)
    useless = rejection_curve(np.zeros(8), wrong)
    assert np.allclose(useless.error_rate, 0.25) and useless.gain == pytest.approx(0)
    assert rejection_curve(-wrong.astype(float), wrong).gain < 0
    assert rejection_curve(np.arange(3), np.zeros(3)).gain == 1
    for values in ([], [np.nan]):
        with pytest.raises(ValueError):
            rejection_curve(values, [False] * len(values))


def test_equal_rows_do_not_profit_from_their_order():
    wrong = np.array([False, True] * 4)
    one = rejection_curve(np.zeros(8), wrong)
    other = rejection_curve(np.zeros(8), wrong[::-1])
    assert np.array_equal(one.error_rate, other.error_rate)


def test_the_rule_keeps_its_share_on_new_rows():
    # 2000 thresholds from 59 rows each; the mean share of new rows rejected is exactly 3/60.
    rng = np.random.default_rng(4)
    shares = [1 - reject_rule(rng.random(59), 0.05).threshold for _ in range(2000)]
    # A share has a standard deviation of 0.028: five deviations of the mean of 2000.
    assert abs(np.mean(shares) - 0.05) < 5 * 0.028 / np.sqrt(2000)


def test_the_rule_is_a_place_in_the_order():
    rule = reject_rule(np.arange(19), 0.05)
    assert rule.threshold == 18 and rule.rows == 19
    assert rule.rejects([18, 18.1, np.nan]).tolist() == [False, True, True]
    assert reject_rule(np.arange(99), 0.1).threshold == 89


@pytest.mark.parametrize(
    ("values", "share", "words"),
    [(np.arange(18), 0.05, "18 rows are too few to reject 0.05 of them; 19"), ([], 0.5, "too few")]
    + [([1, np.inf], 0.5, "finite"), ([1, 2], 0, "share"), ([1, 2], 1, "share")],
)
def test_a_rule_that_cannot_hold_is_refused(values, share, words):
    with pytest.raises(ValueError, match=words):
        reject_rule(values, share)


def test_answers_and_the_row_of_an_unseen_class():
    rule = reject_rule([0.1, 0.2, 0.3], 0.25)
    mean = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.1, 0.2, 0.7], [0, 0, 1], [0, 0.1, 0.9]])
    answers = decide(mean, np.array([0.3, 0.31, 0.1, np.nan, 0]), rule, ("none", "cw", "am"))
    assert answers == ("none", "unknown", "am", "unknown", "am")
    row = unseen_row(answers, "fm")
    assert row == {
        "unseen": "fm",
        "rows": 5,
        "called_none": 0.2,
        "called_unknown": 0.4,
        "most_often": "am",
        "most_often_share": 0.4,
    }
    assert unseen_row(("unknown",), "fm")["most_often"] == ""
    with pytest.raises(ValueError, match="no rows"):
        unseen_row((), "fm")
