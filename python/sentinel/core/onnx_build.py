# SPDX-License-Identifier: GPL-3.0-or-later
"""Building an ONNX graph operator by operator, for training programs; needs the package onnx.

Names are counted, nothing depends on time, address or order of a dictionary: equal input gives equal bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .model_info import ModelInfo

#: Known to every onnxruntime of the last years; the trees' operator of ML_OPSET since 1.20.
OPSET = 17
ML_OPSET = 5
IR_VERSION = 10
FLOAT = 1
Shape = Sequence[int | str]


class GraphBuilder:
    """A graph that grows: each call adds an operator and returns the name of its output."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def input(self, name: str, shape: Shape, kind: int = FLOAT) -> str:
        """Declare an input; sizes that are left open are given as names."""
        from onnx import helper

        self._inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def output(self, name: str, value: str, shape: Shape, kind: int = FLOAT) -> None:
        """Declare a value as output of that name."""
        from onnx import helper

        self._nodes.append(helper.make_node("Identity", [value], [name], name=f"out_{name}"))
        self._outputs.append(helper.make_tensor_value_info(name, kind, list(shape)))

    def constant(self, array: np.ndarray) -> str:
        """Add a constant."""
        from onnx import numpy_helper

        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def tensor(self, array: np.ndarray) -> Any:
        """Return an array in the form in which it can be an attribute."""
        from onnx import numpy_helper

        return numpy_helper.from_array(np.ascontiguousarray(array))

    def floats(self, values: Any) -> str:
        """Add a constant of float32."""
        return self.constant(np.asarray(values, np.float32))

    def integers(self, values: Any) -> str:
        """Add a constant of int64."""
        return self.constant(np.asarray(values, np.int64))

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add an operator with one output."""
        from onnx import helper

        name = f"n{len(self._nodes)}"
        self._nodes.append(
            helper.make_node(operator, list(inputs), [name], name=name, domain=domain, **attributes)
        )
        return name

    def model_bytes(self, info: ModelInfo) -> bytes:
        """Return the file of the graph with what it says of itself.

        Raises
        ------
        ValueError
            The graph is no valid ONNX.
        """
        from onnx import helper

        graph = helper.make_graph(self._nodes, "sentinel", self._inputs, self._outputs, self._constants)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)],
            ir_version=IR_VERSION,
            producer_name="gr-sentinel",
        )
        return finish(model, info)


def finish(model: Any, info: ModelInfo) -> bytes:
    """Return the bytes of an ONNX model after a check, with the properties of `info` and no others.

    Raises
    ------
    ValueError
        It is not valid.
    """
    import onnx

    del model.metadata_props[:]
    for key, value in info.to_metadata().items():
        model.metadata_props.add(key=key, value=value)
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ValueError(f"the model made is not valid: {error}") from error
    return model.SerializeToString(deterministic=True)
