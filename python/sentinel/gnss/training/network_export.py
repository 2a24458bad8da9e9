# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of torch as operators of ONNX, and a network with dropout as one file for Monte Carlo passes.

Batch normalisation is folded into the convolution before it: at run time it is always in its fixed state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from ...core.model_export import Preparation
from ...core.model_info import ModelInfo
from ...core.onnx_build import GraphBuilder


class DropoutNetwork(Protocol):
    """What can be exported: a backbone, dropout, and one linear layer."""

    width: int
    dropout: float
    fc: Any
    input_shape: tuple[int, ...]

    def add_backbone(self, graph: GraphBuilder, value: str) -> str:
        """Add the operators from an input (n, *input_shape) to features (n, width)."""
        ...


def export_network(
    network: DropoutNetwork,
    info: ModelInfo,
    prepare: Preparation | None = None,
    also: Mapping[str, Preparation] | None = None,
) -> bytes:
    """Return a trained network as an ONNX file.

    Inputs: `input`, shape (n, *input_shape); `masks`, shape (passes, width), 1 where a feature is kept and 0
    where it is dropped. The backbone runs once, the last layer once per pass. Outputs: `passes`, shape
    (passes, n, classes), probabilities of each pass; `probability`, shape (n, classes), without dropout.
    `prepare` and `also` as in `core.model_export.export_forest`.

    Raises
    ------
    ValueError
        `info` names another number of classes.
    """
    weight, bias = array(network.fc.weight), array(network.fc.bias)
    if len(bias) != len(info.classes):
        raise ValueError(
            f"the network has {len(bias)} outputs, the names of the classes are {len(info.classes)}"
        )
    graph = GraphBuilder()
    value = graph.input("input", ["n", *network.input_shape])
    masks = graph.input("masks", ["passes", network.width])
    features = network.add_backbone(graph, prepare(graph, value) if prepare else value)
    last, offset = graph.constant(weight.T), graph.constant(bias)

    def probability(masked: str) -> str:
        return graph.add("Softmax", graph.add("Add", graph.add("MatMul", masked, last), offset), axis=-1)

    # What is kept is made larger, so that the mean over masks stays what it was in training.
    kept = graph.add("Mul", masks, graph.floats(1 / (1 - network.dropout)))
    axis = graph.integers([1])
    each = graph.add("Mul", graph.add("Unsqueeze", kept, axis), features)
    graph.output("passes", probability(each), ["passes", "n", len(bias)])
    graph.output("probability", probability(features), ["n", len(bias)])
    for name, make in (also or {}).items():
        graph.output(name, make(graph, value), ["n"])
    return graph.model_bytes(info)


def array(tensor: Any) -> np.ndarray:
    """Return a tensor's numbers, float32."""
    return tensor.detach().numpy().astype(np.float32)


def add_convolution(graph: GraphBuilder, value: str, convolution: Any, norm: Any) -> str:
    """Add a 2-D convolution without bias and the batch normalisation behind it as one operator."""
    scale = array(norm.weight) / np.sqrt(array(norm.running_var) + np.float32(norm.eps))
    weight = array(convolution.weight) * scale[:, None, None, None]
    bias = array(norm.bias) - array(norm.running_mean) * scale
    down, right = convolution.padding
    return graph.add(
        "Conv",
        value,
        graph.constant(weight),
        graph.constant(bias),
        kernel_shape=list(convolution.kernel_size),
        strides=list(convolution.stride),
        pads=[down, right, down, right],
    )


def add_linear(graph: GraphBuilder, value: str, linear: Any, norm: Any = None) -> str:
    """Add a linear layer, with the batch normalisation behind it if there is one."""
    weight, bias = array(linear.weight), array(linear.bias)
    if norm is not None:
        scale = array(norm.weight) / np.sqrt(array(norm.running_var) + np.float32(norm.eps))
        weight = weight * scale[:, None]
        bias = (bias - array(norm.running_mean)) * scale + array(norm.bias)
    return graph.add("Gemm", value, graph.constant(weight), graph.constant(bias), transB=1)
