# SPDX-License-Identifier: GPL-3.0-or-later
"""F2 and its interval."""

import math

import numpy as np
import pytest
from gnuradio.sentinel.gnss.evaluation.f2 import class_f2, confusion, f2, f2_interval, macro_f2
from hypothesis import given
from hypothesis import strategies as st

COUNTS = st.integers(0, 10_000)


def test_f2_is_the_published_formula():
    assert f2(10, 5, 3) == pytest.approx(50 / (50 + 20 + 3))
    assert f2(7, 0, 0) == 1.0
    assert f2(0, 3, 4) == 0.0
    assert math.isnan(f2(0, 0, 0))


@given(COUNTS, COUNTS, COUNTS)
def test_f2_is_the_f_measure_of_beta_2(hits, missed, false):
    if not hits:
        return
    precision, recall = hits / (hits + false), hits / (hits + missed)
    assert f2(hits, missed, false) == pytest.approx(5 * precision * recall / (4 * precision + recall))


def test_a_miss_costs_more_than_a_false_alarm():
    assert f2(90, 10, 0) < f2(90, 0, 10)


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="negative"):
        f2(1, -1, 0)


def test_confusion_counts_truth_in_rows():
    counts = confusion([0, 0, 1, 2], [0, 1, 1, 0], 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert class_f2(counts) == pytest.approx([f2(1, 1, 1), f2(1, 0, 1), f2(0, 1, 0)])


@pytest.mark.parametrize(("truth", "decided"), [([0, 1], [0]), ([0, 3], [0, 1]), ([0, -1], [0, 1])])
def test_confusion_refuses_what_does_not_fit(truth, decided):
    with pytest.raises(ValueError):
        confusion(truth, decided, 3)


def test_a_class_that_is_not_there_does_not_count():
    assert macro_f2(np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])) == pytest.approx(
        (f2(8, 2, 1) + f2(9, 1, 2)) / 2
    )


def test_balanced_errors_give_the_accuracy():
    assert macro_f2(np.array([[93, 7], [7, 93]])) == pytest.approx(0.93)


def test_interval_covers_the_true_f2_as_often_as_it_says(rng):
    true = np.array([[0.9, 0.1], [0.2, 0.8]]) * 300
    wanted = float(macro_f2(true))
    held = 0
    for trial in range(300):
        drawn = np.array([rng.multinomial(300, row / 300) for row in true])
        low, high = f2_interval(drawn, draws=400, seed=trial)
        held += low <= wanted <= high
    # 95 % of 300 is 285 with a deviation of 3.8; the bootstrap's own error adds some.
    assert 272 <= held <= 298


def test_interval_is_never_sure_of_a_row_without_errors():
    low, high = f2_interval(np.array([[50, 0], [0, 50]]))
    assert 0.95 < low < 1.0 and high == 1.0


def test_dependent_decisions_widen_the_interval():
    counts = np.array([[800, 200], [200, 800]])
    narrow, wide = f2_interval(counts), f2_interval(counts, design_effect=4.0)
    assert (wide.high - wide.low) == pytest.approx(2 * (narrow.high - narrow.low), rel=0.15)
    with pytest.raises(ValueError, match="design effect"):
        f2_interval(counts, design_effect=0.5)


def test_nothing_counted_is_anything():
    assert f2_interval(np.zeros((2, 2))) == (0.0, 1.0)
