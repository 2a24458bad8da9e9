# SPDX-License-Identifier: GPL-3.0-or-later
"""Small networks for the numbers themselves: seconds by channels, or one row of features.

For training programs: needs torch.
"""

from __future__ import annotations

import torch
from torch import nn

from ...core.onnx_build import GraphBuilder
from .network_export import add_convolution, add_linear

DROPOUT = 0.3


class GridNetwork(nn.Module):
    """Planes of seconds by channels to class: power, kurtosis or whatever stands on that grid.

    Three convolutions along frequency, the last two over neighbouring seconds too, then mean and maximum
    over the whole grid: what is found does not depend on where in the band it is, and a narrow line is not
    lost in a mean.

    Parameters
    ----------
    planes, seconds, channels : int
        The input is (n, planes, seconds, channels).
    classes : int
    widths : three ints
        Filters of the convolutions.
    hidden : int
        Features before dropout and the last layer.
    dropout : float
    seed : int
        Of the random start.
    """

    def __init__(
        self,
        planes: int,
        seconds: int,
        channels: int,
        classes: int,
        widths: tuple[int, int, int] = (32, 64, 96),
        hidden: int = 96,
        dropout: float = DROPOUT,
        seed: int = 1,
    ):
        super().__init__()
        self.input_shape = (planes, seconds, channels)
        self.width, self.dropout = hidden, dropout
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            first, second, third = widths
            self.conv1 = nn.Conv2d(planes, first, (1, 5), padding=(0, 2), bias=False)
            self.conv2 = nn.Conv2d(first, second, (3, 5), (1, 2), padding=(1, 2), bias=False)
            self.conv3 = nn.Conv2d(second, third, (3, 3), (1, 2), padding=(1, 1), bias=False)
            self.norms = nn.ModuleList(nn.BatchNorm2d(size) for size in widths)
            self.hidden = nn.Linear(2 * third, hidden)
            self.fc = nn.Linear(hidden, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Grids (n, planes, seconds, channels) to logits (n, classes)."""
        for convolution, norm in zip((self.conv1, self.conv2, self.conv3), self.norms, strict=True):
            x = torch.relu(norm(convolution(x)))
        x = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)
        x = torch.relu(self.hidden(x))
        return self.fc(nn.functional.dropout(x, self.dropout, self.training))

    def add_backbone(self, graph: GraphBuilder, value: str) -> str:
        """Add all up to the features before dropout to an ONNX graph."""
        for convolution, norm in zip((self.conv1, self.conv2, self.conv3), self.norms, strict=True):
            value = graph.add("Relu", add_convolution(graph, value, convolution, norm))
        parts = [graph.add(operator, value) for operator in ("GlobalAveragePool", "GlobalMaxPool")]
        pooled = graph.add("Flatten", graph.add("Concat", *parts, axis=1), axis=1)
        return graph.add("Relu", add_linear(graph, pooled, self.hidden))


class VectorNetwork(nn.Module):
    """A row of features to class: two layers with batch normalisation.

    Parameters
    ----------
    features, classes : int
        The input is (n, features), scaled to about 0 .. 1.
    widths : two ints
    dropout : float
    seed : int
        Of the random start.
    """

    def __init__(
        self,
        features: int,
        classes: int,
        widths: tuple[int, int] = (256, 128),
        dropout: float = DROPOUT,
        seed: int = 1,
    ):
        super().__init__()
        self.input_shape = (features,)
        self.width, self.dropout = widths[1], dropout
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.first = nn.Linear(features, widths[0])
            self.second = nn.Linear(*widths)
            self.norms = nn.ModuleList(nn.BatchNorm1d(size) for size in widths)
            self.fc = nn.Linear(widths[1], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Rows (n, features) to logits (n, classes)."""
        for layer, norm in zip((self.first, self.second), self.norms, strict=True):
            x = torch.relu(norm(layer(x)))
        return self.fc(nn.functional.dropout(x, self.dropout, self.training))

    def add_backbone(self, graph: GraphBuilder, value: str) -> str:
        """Add all up to the features before dropout to an ONNX graph."""
        for layer, norm in zip((self.first, self.second), self.norms, strict=True):
            value = graph.add("Relu", add_linear(graph, value, layer, norm))
        return value
