# SPDX-License-Identifier: GPL-3.0-or-later
"""Scaling stands constant columns, missing and infinite values, and what lies far beyond training."""

import json

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.model_export import export_forest, save_model
from gnuradio.sentinel.core.models import load_model
from gnuradio.sentinel.core.onnx_build import GraphBuilder
from gnuradio.sentinel.gnss.training.scaling import MinMaxScaling
from gnuradio.sentinel.gnss.uncertainty import Moments, measures
from model_files import blobs, model_info
from sklearn.ensemble import RandomForestClassifier

NAMES = ("power", "flat", "zero")


@pytest.fixture
def scaling():
    return MinMaxScaling.fit(np.array([[0, 7, 0], [2, 7, 0], [4, 7, 0], [1, np.nan, 0]]), NAMES, margin=0.25)


def test_values(scaling):
    rows = np.array([[0, 7, 0], [4, 7, 0], [1, 8, 1], [-9, 7, 0], [9, 7, 0], [np.nan, np.nan, np.nan]])
    z = scaling.transform(rows)
    assert z.dtype == np.float32
    assert np.allclose(z[:, 0], [0, 1, 0.25, -0.25, 1.25, 1.5 / 4])  # median of 0, 2, 4, 1
    assert not z[:, 1:].any()
    assert np.allclose(scaling.excess(rows)[:, 0], [0, 0, 0, 1, 1, 0])
    # Both constant columns have moved in the third row.
    assert np.allclose(scaling.out_of_range(rows), [0, 0, 2 / 3, 1 / 3, 1 / 3, 0])
    assert scaling.excess(np.array([[5, 7, 0]]))[0, 0] == pytest.approx(0.25)


def test_infinite_and_huge_values_stay_finite(scaling):
    rows = np.array([[np.inf, -np.inf, 3e38], [-3e38, 3e38, np.inf]])
    assert np.isfinite(scaling.transform(rows)).all()
    assert np.array_equal(scaling.transform(rows)[:, 0], np.float32([1.25, -0.25]))
    assert np.allclose(scaling.out_of_range(rows), 1)


def test_the_graph_does_the_same(tmp_path, rng):
    features = rng.normal(3, 2, (200, 5)).astype(np.float32)
    features[:, 2] = 5
    features[::9, 1] = np.nan
    scaling = MinMaxScaling.fit(features, list("abcde"))
    graph = GraphBuilder()
    value = graph.input("features", ["n", 5])
    graph.output("scaled", scaling.add_to(graph, value), ["n", 5])
    graph.output("out", scaling.add_out_of_range(graph, value), ["n"])
    save_model(tmp_path / "m.onnx", graph.model_bytes(model_info()))
    new = rng.normal(3, 6, (300, 5)).astype(np.float32)
    new[0], new[1], new[2] = np.nan, np.inf, -np.inf
    new[3:100, 2] = 5
    new[100] = 3e38
    out = load_model(tmp_path / "m.onnx", room="gnss").run(features=new)
    assert np.abs(out["scaled"] - scaling.transform(new)).max() < 1e-6
    assert np.abs(out["out"] - scaling.out_of_range(new)).max() < 1e-6


def test_a_forest_takes_the_scaling_in(tmp_path):
    features, labels = blobs()
    scaling = MinMaxScaling.fit(features, list("abcdef"))
    forest = RandomForestClassifier(5, random_state=1).fit(scaling.transform(features), labels)
    also = {"out_of_range": scaling.add_out_of_range}
    save_model(tmp_path / "m.onnx", export_forest(forest, model_info(), scaling.add_to, also))
    out = load_model(tmp_path / "m.onnx", room="gnss").run(features=features)
    moved = load_model(tmp_path / "m.onnx", room="gnss").run(features=features + 100)
    assert not out["out_of_range"].any() and np.allclose(moved["out_of_range"], 1)
    found = measures(Moments.of_outputs(out), out["out_of_range"])
    assert np.allclose(
        found["one_minus_max"], 1 - forest.predict_proba(scaling.transform(features)).max(axis=1)
    )
    assert np.abs(out["mean"] - forest.predict_proba(scaling.transform(features))).max() < 1e-5


def test_it_comes_back_from_its_file(tmp_path, scaling, rng):
    scaling.save(tmp_path / "s.json")
    again = MinMaxScaling.load(tmp_path / "s.json")
    assert again.names == NAMES and again.margin == 0.25
    rows = rng.normal(0, 9, (20, 3))
    assert np.array_equal(again.transform(rows), scaling.transform(rows))


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values.pop("low"),
        lambda values: values.update(schema=2),
        lambda values: values.update(low=[1.0]),
        lambda values: values.update(low=[9.0, 9.0, 9.0]),
        lambda values: values.update(names=[1, 2, 3]),
        lambda values: values.update(margin=None),
        lambda values: values.update(fill=["x", "y", "z"]),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, scaling, change):
    values = scaling.to_dict()
    change(values)
    path = tmp_path / "s.json"
    path.write_text(json.dumps(values))
    with pytest.raises(InputError, match=r"s\.json: the scaling is damaged .*; train again") as caught:
        MinMaxScaling.load(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        MinMaxScaling.load(tmp_path / "s.json")


@pytest.mark.parametrize("rows", [np.zeros((0, 1)), [[np.nan]], [[np.inf]], np.zeros((3, 2))])
def test_what_cannot_be_fitted(rows):
    with pytest.raises(ValueError):
        MinMaxScaling.fit(rows, ["a"])
