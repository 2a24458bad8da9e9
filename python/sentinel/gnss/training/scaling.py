# SPDX-License-Identifier: GPL-3.0-or-later
"""Min-max scaling that stands what comes after training: values beyond it, constant and missing ones."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import InputError
from ...core.files import write_atomic
from ...core.onnx_build import GraphBuilder

SCHEMA = 1
#: A quarter of the range on either side: a stronger jammer than any in training stays above all of them.
MARGIN = 0.25
MAX_BYTES = 4_000_000
#: A column counts as constant if it moves less than this, relative to its size or to 1.
_CONSTANT = 1e-6


@dataclass(frozen=True)
class MinMaxScaling:
    """Scaling of each column from its range in training to 0 .. 1.

    z = clip((x - low) / (high - low), -margin, 1 + margin); NaN becomes the scaled median; a column that was
    constant in training tells nothing and becomes 0.

    Attributes
    ----------
    names : tuple of str
        Of the columns.
    low, high : float32, shape (columns,)
    fill : float32, shape (columns,)
        Median in training, in place of NaN.
    margin : float
    """

    names: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    fill: np.ndarray
    margin: float = MARGIN

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        for name in ("low", "high", "fill"):
            array = np.asarray(getattr(self, name), np.float32)
            if array.shape != (len(self.names),) or not np.isfinite(array).all():
                raise ValueError(f"{name} must hold {len(self.names)} finite numbers, one per column")
            object.__setattr__(self, name, array)
        if (self.high < self.low).any() or not 0 <= self.margin < np.inf:
            raise ValueError("high must not be below low, and margin not below 0")

    @classmethod
    def fit(cls, features: np.ndarray, names: Sequence[str], margin: float = MARGIN) -> MinMaxScaling:
        """Return the scaling of features of shape (n, columns); NaN are left out.

        Raises
        ------
        ValueError
            No rows, a name too many or too few, infinite values, or a column without any value.
        """
        features = _table(features, len(names))
        if np.isinf(features).any():
            raise ValueError("features to scale must not be infinite")
        empty = np.isnan(features).all(axis=0) if len(features) else np.ones(len(names), bool)
        if empty.any():
            raise ValueError(f"column {names[int(np.argmax(empty))]!r} has no value to scale by")
        low, high = np.nanmin(features, axis=0), np.nanmax(features, axis=0)
        return cls(tuple(names), low, high, np.nanmedian(features, axis=0), margin)

    @property
    def constant(self) -> np.ndarray:
        """Columns that did not move in training, bool, shape (columns,)."""
        return self.high - self.low <= _CONSTANT * np.maximum(1.0, np.abs(self.low))

    def _span(self) -> np.ndarray:
        """Ranges to divide by: 1 for constant columns."""
        return np.where(self.constant, np.float32(1), self.high - self.low)

    def _scale(self) -> np.ndarray:
        return np.where(self.constant, 0, 1 / self._span()).astype(np.float32)

    def transform(self, features: np.ndarray) -> np.ndarray:
        """Return scaled features, float32, same shape: finite whatever comes in."""
        features = _table(features, len(self.names))
        known = np.where(np.isnan(features), self.fill, features)
        # Infinity times 0 is NaN: clip before and after. Far values cannot overflow then either.
        span = self.high - self.low
        near = np.clip(
            known, self.low - 2 * (1 + self.margin) * span, self.high + 2 * (1 + self.margin) * span
        )
        scaled = (near - self.low) * self._scale()
        return np.clip(scaled, -self.margin, 1 + self.margin).astype(np.float32)

    def excess(self, features: np.ndarray) -> np.ndarray:
        """Return how far each value lies outside its range, in units of the range: 0 inside, at most 1.

        A column that was constant counts 1 where it has moved. NaN counts 0.
        """
        features = _table(features, len(self.names))
        beyond = np.maximum(np.maximum(self.low - features, features - self.high), 0)
        beyond = np.where(np.isnan(beyond), 0, beyond)
        moved = beyond > _CONSTANT * np.maximum(1.0, np.abs(self.low))
        return np.where(self.constant, moved, np.minimum(beyond / self._span(), 1)).astype(np.float32)

    def out_of_range(self, features: np.ndarray) -> np.ndarray:
        """Return the mean of `excess` over the columns, shape (n,): 0 where all is as in training."""
        return self.excess(features).mean(axis=1)

    def add_to(self, graph: GraphBuilder, features: str) -> str:
        """Add `transform` to an ONNX graph; takes and gives a value of shape (n, columns)."""
        span = self.high - self.low
        reach = 2 * (1 + self.margin) * span
        known = graph.add("Where", graph.add("IsNaN", features), graph.floats(self.fill), features)
        known = graph.add("Max", known, graph.floats(self.low - reach))
        known = graph.add("Min", known, graph.floats(self.high + reach))
        moved = graph.add("Sub", known, graph.floats(self.low))
        scaled = graph.add("Mul", moved, graph.floats(self._scale()))
        return graph.add("Clip", scaled, graph.floats(-self.margin), graph.floats(1 + self.margin))

    def add_out_of_range(self, graph: GraphBuilder, features: str) -> str:
        """Add `out_of_range` to an ONNX graph; gives a value of shape (n,)."""
        zero, one = graph.floats(0), graph.floats(1)
        below = graph.add("Sub", graph.floats(self.low), features)
        above = graph.add("Sub", features, graph.floats(self.high))
        # Where and not Max: what Max makes of NaN is left to the library.
        beyond = graph.add("Where", graph.add("Greater", below, zero), below, zero)
        beyond = graph.add("Where", graph.add("Greater", above, zero), above, beyond)
        limit = graph.floats(_CONSTANT * np.maximum(1.0, np.abs(self.low)))
        moved = graph.add("Where", graph.add("Greater", beyond, limit), one, zero)
        ratio = graph.add("Min", graph.add("Div", beyond, graph.floats(self._span())), one)
        excess = graph.add("Where", graph.constant(self.constant), moved, ratio)
        return graph.add("ReduceMean", excess, axes=[1], keepdims=0)

    def to_dict(self) -> dict[str, Any]:
        """Return the scaling as plain values."""
        arrays = {name: [float(value) for value in getattr(self, name)] for name in ("low", "high", "fill")}
        return {"schema": SCHEMA, "names": list(self.names), **arrays, "margin": self.margin}

    @classmethod
    def from_dict(cls, values: Any) -> MinMaxScaling:
        """Return the scaling of `to_dict`.

        Raises
        ------
        ValueError
            The values are damaged or of another schema.
        """
        keys = {"schema", "names", "low", "high", "fill", "margin"}
        if not isinstance(values, dict) or values.keys() != keys or values["schema"] != SCHEMA:
            raise ValueError(f"not a scaling of schema {SCHEMA}")
        names = values["names"]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("names of the columns must be texts")
        try:
            return cls(tuple(names), values["low"], values["high"], values["fill"], float(values["margin"]))
        except TypeError as error:
            raise ValueError(str(error)) from error

    def save(self, path: str | os.PathLike) -> None:
        """Write the scaling as JSON."""
        write_atomic(path, json.dumps(self.to_dict(), allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike) -> MinMaxScaling:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            The file is missing or damaged.
        """
        remedy = "train again, or take the file from where it was made"
        try:
            with open(path, "rb") as stream:
                data = stream.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                raise ValueError(f"larger than {MAX_BYTES} bytes")
            return cls.from_dict(json.loads(data))
        except OSError as error:
            raise InputError(f"{path}: the scaling cannot be read ({error.strerror}); {remedy}") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}: the scaling is damaged ({error}); {remedy}") from error


def _table(features: np.ndarray, columns: int) -> np.ndarray:
    features = np.asarray(features, np.float32)
    if features.ndim != 2 or features.shape[1] != columns:
        raise ValueError(f"features are of shape {features.shape}; it must be (n, {columns})")
    return features
