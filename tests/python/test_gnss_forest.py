# SPDX-License-Identifier: GPL-3.0-or-later
"""The published forest and its out-of-bag figures; a forest within a budget."""

import numpy as np
import pytest
from gnuradio.sentinel.core.model_export import export_forest
from gnuradio.sentinel.gnss.training.forest import (
    PUBLISHED,
    out_of_bag,
    published_forest,
    shipped_forest,
    tables_bytes,
)
from model_files import blobs, model_info
from sklearn.ensemble import RandomForestClassifier


def test_published_settings():
    features, labels = blobs(60)
    forest = published_forest(features, labels)
    assert len(forest.estimators_) == 1000 and forest.criterion == "gini" and forest.max_features == "sqrt"
    assert (forest.max_depth, forest.min_samples_split, forest.min_samples_leaf) == (None, 2, 1)
    assert {name: getattr(forest, name) for name in PUBLISHED} == PUBLISHED
    assert all(
        tree.tree_.impurity[tree.tree_.children_left < 0].max() == 0 for tree in forest.estimators_[:5]
    )


def test_out_of_bag_mean_is_that_of_scikit_learn():
    features, labels = blobs()
    forest = RandomForestClassifier(60, oob_score=True, random_state=1).fit(features, labels)
    bag = out_of_bag(forest, features)
    assert np.allclose(bag.mean, forest.oob_decision_function_)
    assert bag.accuracy(labels) == pytest.approx(forest.oob_score_)
    # Each tree leaves out about a share 1/e of the rows.
    assert abs(bag.trees.mean() / 60 - np.exp(-1)) < 0.02


def test_pure_leaves_have_a_variance_that_tells_nothing_new():
    features, labels = blobs()
    bag = out_of_bag(RandomForestClassifier(60, random_state=1).fit(features, labels), features)
    assert np.allclose(bag.variance, bag.mean * (1 - bag.mean))
    shares = out_of_bag(
        RandomForestClassifier(60, min_samples_leaf=10, random_state=1).fit(features, labels), features
    )
    assert np.all(shares.variance <= shares.mean * (1 - shares.mean) + 1e-12)
    assert shares.variance.mean() < 0.5 * (shares.mean * (1 - shares.mean)).mean()


def test_rows_that_every_tree_saw_are_not_judged():
    features, labels = blobs(30)
    bag = out_of_bag(RandomForestClassifier(1, random_state=1).fit(features, labels), features)
    assert np.array_equal(np.isnan(bag.mean).any(axis=1), bag.trees == 0) and (bag.trees == 0).any()
    assert 0 <= bag.accuracy(labels) <= 1


def test_the_best_forest_within_the_budget_is_taken():
    features, labels = blobs(400)
    found = shipped_forest(features, labels, 15_000, trees=(10, 40), rows_per_leaf=(2, 20))
    assert {(c.trees, c.rows_per_leaf) for c in found.tried} == {(10, 2), (10, 20), (40, 2), (40, 20)}
    fitting = [c for c in found.tried if c.fits]
    assert found.chosen in fitting and found.chosen.score == max(c.score for c in fitting)
    assert found.chosen.model_bytes == tables_bytes(found.forest) <= 15_000
    too_large = [c for c in found.tried if not c.fits]
    assert too_large and all(c.model_bytes > 15_000 for c in too_large)
    written = len(export_forest(found.forest, model_info()))
    assert written == pytest.approx(found.chosen.model_bytes, rel=0.2)


def test_sessions_give_a_lower_score_than_neighbours_in_the_bag(rng):
    # Each session has an offset of its own, and ten rows that are nearly equal.
    sessions, columns = 40, 4
    labels = np.repeat(np.arange(sessions) % 2, 10)
    offsets = np.repeat(rng.normal(0, 3, (sessions, columns)), 10, axis=0)
    features = (offsets + labels[:, None] + rng.normal(0, 0.1, offsets.shape)).astype(np.float32)
    groups = np.repeat(np.arange(sessions), 10)
    settings = {"trees": (30,), "rows_per_leaf": (2,)}
    bag = shipped_forest(features, labels, 10**6, **settings).chosen.score
    held = shipped_forest(features, labels, 10**6, groups=groups, **settings).chosen.score
    assert bag > 0.95 and held < 0.85


def test_a_budget_too_small_is_told():
    features, labels = blobs()
    with pytest.raises(ValueError, match=r"no forest fits into 10 bytes; the smallest tried has \d+"):
        shipped_forest(features, labels, 10, trees=(5,), rows_per_leaf=(20,))
