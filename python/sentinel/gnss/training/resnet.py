# SPDX-License-Identifier: GPL-3.0-or-later
"""ResNet18 with dropout before its last layer. Layers are named as usual, so that weights made elsewhere fit.

For training programs: needs torch and safetensors.
"""

from __future__ import annotations

import os

import torch
from torch import nn

from ...core.errors import InputError
from ...core.onnx_build import GraphBuilder
from .images import HEIGHT, WIDTH
from .network_export import add_convolution

STAGES = (64, 128, 256, 512)
DROPOUT = 0.5
#: ResNet18 has 45 MB, or half or twice that in other number formats.
MAX_WEIGHT_BYTES = 200_000_000


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions with a way around them."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of shape (n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        around = x if self.downsample is None else self.downsample(x)
        x = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(x)) + around)

    def add_to(self, graph: GraphBuilder, value: str) -> str:
        """Add the block to an ONNX graph."""
        around = value if self.downsample is None else add_convolution(graph, value, *self.downsample)
        value = graph.add("Relu", add_convolution(graph, value, self.conv1, self.bn1))
        return graph.add(
            "Relu", graph.add("Add", add_convolution(graph, value, self.conv2, self.bn2), around)
        )


class ResNet18(nn.Module):
    """Picture to class.

    Parameters
    ----------
    classes : int
    dropout : float
        Of the 512 features before the last layer.
    seed : int
        Of the random start.
    """

    width = STAGES[-1]
    input_shape = (3, HEIGHT, WIDTH)

    def __init__(self, classes: int, dropout: float = DROPOUT, seed: int = 1):
        super().__init__()
        self.dropout = dropout
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._build(classes)

    def _build(self, classes: int) -> None:
        self.conv1 = nn.Conv2d(3, STAGES[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(STAGES[0])
        inputs = STAGES[0]
        for number, outputs in enumerate(STAGES, 1):
            stride = 1 if number == 1 else 2
            pair = (BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs, 1))
            setattr(self, f"layer{number}", nn.Sequential(*pair))
            inputs = outputs
        self.fc = nn.Linear(self.width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    @property
    def blocks(self) -> list[BasicBlock]:
        """The eight blocks in order."""
        return [block for number in range(1, len(STAGES) + 1) for block in getattr(self, f"layer{number}")]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Pictures (n, 3, h, w) to logits (n, classes)."""
        x = torch.relu(self.bn1(self.conv1(x)))
        x = nn.functional.max_pool2d(x, 3, 2, 1)
        for block in self.blocks:
            x = block(x)
        x = nn.functional.dropout(x.mean(dim=(2, 3)), self.dropout, self.training)
        return self.fc(x)

    def add_backbone(self, graph: GraphBuilder, value: str) -> str:
        """Add all up to the features before dropout to an ONNX graph."""
        value = graph.add("Relu", add_convolution(graph, value, self.conv1, self.bn1))
        value = graph.add("MaxPool", value, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
        for block in self.blocks:
            value = block.add_to(graph, value)
        return graph.add("Flatten", graph.add("GlobalAveragePool", value), axis=1)


def load_weights(network: ResNet18, path: str | os.PathLike) -> bool:
    """Start a network from a file of weights, as those of ImageNet. Return whether its last layer fitted too.

    Parameters
    ----------
    path : path
        A safetensors file with the usual names of ResNet18; a last layer for other classes is left out.

    Raises
    ------
    InputError
        The file is missing, too large, no safetensors file, or of another network.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    remedy = "give the weights of ResNet18 as a safetensors file, or leave the option out for a random start"
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_WEIGHT_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: the weights cannot be read ({error.strerror}); {remedy}") from error
    if len(data) > MAX_WEIGHT_BYTES:
        raise InputError(f"{path}: the weights have more than {MAX_WEIGHT_BYTES} bytes; {remedy}")
    try:
        given = load(data)
    except SafetensorError as error:
        raise InputError(
            f"{path}: this is no safetensors file, or it is damaged ({error}); {remedy}"
        ) from error
    wanted = network.state_dict()
    fits = all(
        f"fc.{name}" in given and given[f"fc.{name}"].shape == wanted[f"fc.{name}"].shape for name in _FC
    )
    chosen = {}
    for name, tensor in wanted.items():
        if name.startswith("fc.") and not fits:
            chosen[name] = tensor
        elif name in given and given[name].shape == tensor.shape:
            chosen[name] = given[name].to(tensor.dtype)
        elif name.endswith("num_batches_tracked"):
            chosen[name] = tensor  # older files lack it, and nothing depends on it
        else:
            what = f"has shape {list(given[name].shape)}" if name in given else "is missing"
            raise InputError(f"{path}: {name} {what}; this is another network; {remedy}")
    network.load_state_dict(chosen)
    return fits


_FC = ("weight", "bias")
