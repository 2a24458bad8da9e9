# SPDX-License-Identifier: GPL-3.0-or-later
"""One spelling for a set of named values, so that equal settings have equal keys."""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

Scalar = str | int | float | bool


def plain_scalars(values: Mapping[str, Any]) -> dict[str, Scalar]:
    """Return a copy with sorted names and plain Python scalars.

    A float that is a whole number becomes an int: 2 and 2.0 seconds are one geometry.

    Raises
    ------
    ValueError
        A name is not a string, or a value is not a finite number, a string or a bool.
    """
    result: dict[str, Scalar] = {}
    for name in sorted(values):
        if not isinstance(name, str):
            raise ValueError(f"name {name!r} is not a string")
        value = values[name]
        if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
            value = value.item()  # NumPy scalars
        if not isinstance(value, (str, bool, int, float)):
            raise ValueError(f"{name} is {type(value).__name__}; only plain scalars can be part of a key")
        if isinstance(value, float):
            if not math.isfinite(value):
                raise ValueError(f"{name} is {value}; a key holds finite numbers only")
            if value.is_integer():
                value = int(value)
        result[name] = value
    return result


def canonical_json(value: Any) -> str:
    """Return the JSON text of `value` with sorted names, no spaces and ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """Return the SHA-256 (64 hex digits) of `canonical_json(value)`."""
    return hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()
