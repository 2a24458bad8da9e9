# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions are never cut; scores by their formula; classes left out in turn."""

import numpy as np
import pytest
from gnuradio.sentinel.gnss.training.class_scores import accuracy, confusion, f2, table_scores
from gnuradio.sentinel.gnss.training.splits import split
from gnuradio.sentinel.gnss.training.unseen import leave_one_class_out


@pytest.mark.parametrize("seed", range(5))
def test_sessions_are_whole_and_the_share_is_near(seed):
    groups = np.repeat(np.arange(30), 10)
    test = split(groups, "session", 0.3, seed)
    assert not {*groups[test]} & {*groups[~test]}
    assert test.mean() == pytest.approx(0.3, abs=0.02)
    assert np.array_equal(test, split(groups, "session", 0.3, seed))


def test_every_class_is_on_both_sides_where_that_is_possible():
    groups = np.repeat(np.arange(12), 10)
    labels = groups % 4  # three sessions of each class
    for seed in range(10):
        test = split(groups, "session", 0.3, seed, labels)
        assert len(np.unique(labels[test])) == len(np.unique(labels[~test])) == 4
    assert split(groups, "session", 0.3, 1, groups).any()  # a class a session: done as well as can be


def test_a_random_split_cuts_sessions():
    groups = np.repeat(np.arange(30), 10)
    test = split(groups, "random", 0.3)
    assert test.sum() == 90 and {*groups[test]} & {*groups[~test]}


@pytest.mark.parametrize(
    ("groups", "kind", "share"),
    [([1, 1], "session", 0.3), ([1], "random", 0.3), ([1, 2], "x", 0.3), ([1, 2], "random", 1)],
)
def test_what_cannot_be_split(groups, kind, share):
    with pytest.raises(ValueError):
        split(groups, kind, share)


def test_scores_by_hand():
    table = confusion([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 2], 4)
    assert table.tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert accuracy(table) == pytest.approx(4 / 6)
    # Class 0: TP 2, FN 1, FP 1; class 1: TP 1, FN 1, FP 1.
    assert np.allclose(f2(table)[:3], [10 / (10 + 4 + 1), 5 / (5 + 4 + 1), 1]) and np.isnan(f2(table)[3])
    scores = table_scores([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 2], ("a", "b", "c", "d"))
    assert scores["f2"]["d"] is None and scores["macro_f2"] == pytest.approx((2 / 3 + 0.5 + 1) / 3)


def nearest_centre(features, numbers, classes):
    """A model as simple as can be: the uncertainty is the distance from the nearest centre."""
    centres = np.stack([features[numbers == number].mean(axis=0) for number in range(classes)])

    def predict(rows):
        distances = np.linalg.norm(rows[:, None] - centres, axis=2)
        near = np.exp(-distances)
        return near / near.sum(axis=1, keepdims=True), distances.min(axis=1)

    return predict


def test_a_class_far_from_all_others_is_called_unknown(rng):
    centres = {"none": (0, 0), "cw": (10, 0), "am": (0, 10), "fm": (0, 12)}
    labels = np.repeat(list(centres), 100)
    features = np.array([centres[name] for name in labels]) + rng.normal(0, 0.5, (400, 2))
    groups = np.arange(400) // 10
    rows = leave_one_class_out(features, labels, groups, nearest_centre, rejected_share=0.05)
    by_name = {row["unseen"]: row for row in rows}
    assert set(by_name) == {"cw", "am", "fm"}
    assert by_name["cw"]["called_unknown"] == 1 and by_name["cw"]["called_none"] == 0
    # am and fm are neighbours: what is not rejected goes to the other one.
    assert by_name["am"]["most_often"] in ("fm", "") and by_name["am"]["called_none"] == 0
    # Of about 45 known rows that took no part 5 % are expected, and 7 are five deviations more.
    assert all(
        40 <= row["known_rows"] <= 60 and row["known_rejected"] * row["known_rows"] <= 9 for row in rows
    )
    assert all(row["known_accuracy"] == 1 for row in rows)
