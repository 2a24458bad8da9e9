# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees as ONNX files give what scikit-learn gives, and the same bytes for the same model."""

import numpy as np
import pytest
from gnuradio.sentinel.core.forest_tables import entropy_nats, forest_bytes, forest_tables, rounded_down
from gnuradio.sentinel.core.model_export import export_boosted, export_forest, save_model
from gnuradio.sentinel.core.models import load_model
from model_files import blobs, model_info, small_forest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier


def loaded(tmp_path, data):
    path = tmp_path / "m.onnx"
    save_model(path, data)
    return load_model(path, room="gnss")


@pytest.mark.parametrize(("leaf", "classes"), [(1, 2), (3, 3), (40, 5)])
def test_forest_gives_mean_and_variance_over_trees(tmp_path, leaf, classes):
    forest, new = small_forest(leaf=leaf, classes=classes)
    out = loaded(tmp_path, export_forest(forest, model_info(tuple("abcde")[:classes]))).run(features=new)
    trees = np.stack([tree.predict_proba(new) for tree in forest.estimators_])
    assert np.abs(out["mean"] - forest.predict_proba(new)).max() < 1e-5
    assert np.abs(out["mean_square"] - (trees**2).mean(axis=0)).max() < 1e-5
    assert np.abs(out["mean_square"] - out["mean"] ** 2 - trees.var(axis=0)).max() < 1e-5
    assert np.abs(out["mean_entropy"] - entropy_nats(trees).mean(axis=0)).max() < 1e-5


def test_rows_exactly_on_a_threshold_go_the_same_way(tmp_path):
    # Neighbouring float32 numbers: their midpoint has no float32 of its own.
    low = np.float32(1000)
    high = np.nextafter(low, np.float32(2000))
    features = np.array([[low], [high]] * 50, np.float32)
    labels = np.array([0, 1] * 50)
    forest = RandomForestClassifier(5, random_state=1).fit(features, labels)
    boosted = HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=1).fit(features, labels)
    info = model_info(("a", "b"))
    assert np.array_equal(
        np.argmax(loaded(tmp_path, export_forest(forest, info)).run(features=features)["mean"], axis=1),
        labels,
    )
    assert np.array_equal(
        np.argmax(loaded(tmp_path, export_boosted(boosted, info)).run(features=features)["probability"], 1),
        labels,
    )


def test_thresholds_are_rounded_down():
    values = np.array([0.1, -0.1, 1e-50, -1e-50, 1.0, 16777217.0])
    low = rounded_down(values)
    assert low.dtype == np.float32 and np.all(low <= values)
    assert np.all(np.nextafter(low, np.float32(np.inf)) > values)


def test_missing_values_go_where_the_forest_sends_them(tmp_path):
    features, labels = blobs()
    features[np.arange(0, 300, 7), 2] = np.nan
    forest = RandomForestClassifier(10, random_state=2).fit(features, labels)
    out = loaded(tmp_path, export_forest(forest, model_info())).run(features=features)
    assert np.abs(out["mean"] - forest.predict_proba(features)).max() < 1e-5


def test_trees_of_a_single_leaf_are_kept(tmp_path):
    features, labels = blobs()
    forest = RandomForestClassifier(4, min_samples_leaf=290, random_state=2).fit(features, labels)
    assert max(tree.tree_.node_count for tree in forest.estimators_) == 1
    out = loaded(tmp_path, export_forest(forest, model_info())).run(features=features)
    assert np.abs(out["mean"] - forest.predict_proba(features)).max() < 1e-5
    forest.estimators_[0] = RandomForestClassifier(1, random_state=1).fit(features, labels).estimators_[0]
    out = loaded(tmp_path, export_forest(forest, model_info())).run(features=features)
    assert np.abs(out["mean"] - forest.predict_proba(features)).max() < 1e-5


@pytest.mark.parametrize("classes", [2, 3])
def test_boosted_trees(tmp_path, classes):
    features, labels = blobs(classes=classes)
    model = HistGradientBoostingClassifier(max_iter=20, random_state=1).fit(features, labels)
    out = loaded(tmp_path, export_boosted(model, model_info(tuple("abc")[:classes])))
    new = blobs(500, classes=classes, seed=6)[0]
    new[::5, 1] = np.nan
    found = out.run(features=new)["probability"]
    assert found.shape == (500, classes)
    assert np.abs(found - model.predict_proba(new)).max() < 1e-5


def test_equal_models_give_equal_bytes():
    forest, _ = small_forest()
    again, _ = small_forest()
    assert export_forest(forest, model_info()) == export_forest(again, model_info())
    features, labels = blobs()
    boosted = [HistGradientBoostingClassifier(max_iter=5, random_state=1).fit(features, labels) for _ in "12"]
    assert export_boosted(boosted[0], model_info()) == export_boosted(boosted[1], model_info())
    assert export_forest(forest, model_info()) != export_forest(forest, model_info(version="2"))


@pytest.mark.parametrize("leaf", [1, 3, 30])
def test_the_size_of_a_forest_is_known_before_it_is_written(leaf):
    forest, _ = small_forest(rows=3000, trees=30, leaf=leaf)
    expected = forest_bytes(forest_tables(forest))
    assert len(export_forest(forest, model_info())) == pytest.approx(expected, rel=0.15)


def test_leaves_of_equal_shares_have_one_row():
    tables = forest_tables(small_forest(leaf=1)[0])
    assert np.array_equal(tables.shares, np.eye(3)[::-1]) and len(tables.leaf_row) > 100


def test_classes_must_be_those_named():
    forest, _ = small_forest()
    with pytest.raises(ValueError, match="2 names"):
        export_forest(forest, model_info(("a", "b")))
    features, labels = blobs()
    odd = HistGradientBoostingClassifier(max_iter=2).fit(features, labels + 1)
    with pytest.raises(ValueError, match="3 names"):
        export_boosted(odd, model_info())


def test_categories_are_refused():
    features, labels = blobs()
    features[:, 0] = labels
    model = HistGradientBoostingClassifier(max_iter=2, categorical_features=[0]).fit(features, labels)
    with pytest.raises(ValueError, match="categorical"):
        export_boosted(model, model_info())
