# SPDX-License-Identifier: GPL-3.0-or-later
"""Trained scikit-learn models as ONNX files: random forests and boosted trees.

For training programs: needs scikit-learn, onnx and, for boosted trees, skl2onnx.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .files import write_atomic
from .forest_tables import add_forest, forest_tables, rounded_down
from .model_info import ModelInfo
from .onnx_build import OPSET, GraphBuilder, finish

#: Adds operators in front of a model: takes the graph and the name of its input, gives that to go on with.
Preparation = Callable[[GraphBuilder, str], str]


def save_model(path: str | os.PathLike, data: bytes) -> str:
    """Write the bytes of a model to a file, whole, and return their SHA-256."""
    write_atomic(path, data)
    return hashlib.sha256(data).hexdigest()


def export_forest(
    forest: Any,
    info: ModelInfo,
    prepare: Preparation | None = None,
    also: Mapping[str, Preparation] | None = None,
) -> bytes:
    """Return a random forest classifier as an ONNX file.

    Input `features`, shape (n, features). Outputs `mean`, `mean_square`, shape (n, classes), of the class
    shares of the trees' leaves, so that their variance over trees is mean_square - mean^2; `mean_entropy`,
    shape (n,), the mean of the leaves' entropies in nats.

    Parameters
    ----------
    forest : sklearn.ensemble.RandomForestClassifier
        Fitted on class numbers 0, 1, ...
    info : ModelInfo
        Its `classes` are the names of those numbers.
    prepare : callable, optional
        Operators in front, as `gnss.training.scaling.MinMaxScaling.add_to`.
    also : mapping of str to callable, optional
        Further outputs by name, shape (n,), made from the input as it comes, as
        `gnss.training.scaling.MinMaxScaling.add_out_of_range`.

    Raises
    ------
    ValueError
        The classes are not 0, 1, ..., or not as many as `info` names.
    """
    _check_classes(forest, info)
    graph = GraphBuilder()
    features = graph.input("features", ["n", int(forest.n_features_in_)])
    prepared = prepare(graph, features) if prepare else features
    values = add_forest(graph, forest_tables(forest), prepared)
    for name in ("mean", "mean_square"):
        graph.output(name, values[name], ["n", len(info.classes)])
    graph.output("mean_entropy", values["mean_entropy"], ["n"])
    for name, make in (also or {}).items():
        graph.output(name, make(graph, features), ["n"])
    return graph.model_bytes(info)


def export_boosted(model: Any, info: ModelInfo) -> bytes:
    """Return histogram gradient boosting, binary or of many classes, as an ONNX file.

    Input `features`, shape (n, features), NaN where missing. Output `probability`, shape (n, classes).

    Parameters
    ----------
    model : sklearn.ensemble.HistGradientBoostingClassifier
        Fitted on class numbers 0, 1, ... and float32 values; no categorical features.

    Raises
    ------
    ValueError
        As `export_forest`; categorical features.
    """
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType
    from skl2onnx.operator_converters.random_forest import convert_sklearn_random_forest_classifier

    _check_classes(model, info)
    if getattr(model, "is_categorical_", None) is not None:
        raise ValueError("boosted trees with categorical features have no ONNX form here")

    def convert(scope: Any, operator: Any, container: Any) -> None:
        convert_sklearn_random_forest_classifier(scope, operator, _PlainAttributes(container))

    converted = convert_sklearn(
        model,
        initial_types=[("features", FloatTensorType([None, int(model.n_features_in_)]))],
        target_opset={"": OPSET, "ai.onnx.ml": 3},
        options={id(model): {"zipmap": False}},
        custom_conversion_functions={type(model): convert},
    )
    _only_probability(converted)
    converted.graph.name = "sentinel"
    return finish(converted, info)


class _PlainAttributes:
    """A container of nodes that mends what boosted trees put into theirs.

    Booleans are no attribute of ONNX. Thresholds are rounded to the nearest float32, which may lie above a
    value that the trained tree sends to the right; rounded down none does.
    """

    def __init__(self, container: Any):
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def add_node(self, operator: str, inputs: Any, outputs: Any, **attributes: Any) -> Any:
        for name, value in attributes.items():
            if isinstance(value, list) and any(isinstance(item, bool | np.bool_) for item in value):
                attributes[name] = [int(item) for item in value]
        if "nodes_values" in attributes:
            attributes["nodes_values"] = rounded_down(attributes["nodes_values"])
        return self._container.add_node(operator, inputs, outputs, **attributes)


def _only_probability(converted: Any) -> None:
    """Leave the probabilities as the only output, under that name; the label follows from them."""
    from onnx import helper

    graph = converted.graph
    kept = graph.output[1]
    width = kept.type.tensor_type.shape
    graph.node.append(helper.make_node("Identity", [kept.name], ["probability"], name="out_probability"))
    kept.name = "probability"
    width.dim[0].dim_param = "n"
    graph.input[0].type.tensor_type.shape.dim[0].dim_param = "n"
    del graph.output[0]


def _check_classes(model: Any, info: ModelInfo) -> None:
    if list(model.classes_) != list(range(len(info.classes))):
        raise ValueError(
            f"the model knows the classes {list(model.classes_)}; they must be the numbers of the "
            f"{len(info.classes)} names"
        )
