# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of single values of the message contract; each returns the value in its plain Python type.

NumPy scalars and arrays become Python numbers and lists here, once, because neither PMT nor JSON
takes them. Every check raises `EventError` that names the key, the value and the rule.
"""

import math
from typing import Any

import numpy as np

from . import utc
from .errors import EventError

#: SQLite, PMT and SigMF all hold signed 64-bit integers and no more.
LARGEST_INTEGER = 2**63 - 1
#: SigMF allows edges up to 1 THz; half of it leaves room for centre plus half the bandwidth.
LARGEST_HZ = 5e11


def real(key: str, value: Any, lower: float = -math.inf, upper: float = math.inf) -> float:
    """A finite float within [lower, upper]."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise EventError(f"{key} must be a number, not {value!r}")
    try:
        number = float(value)
    except OverflowError as error:
        raise EventError(f"{key} must be a finite number, not {value!r}") from error
    if not math.isfinite(number):
        raise EventError(f"{key} must be finite, not {value!r}")
    if not lower <= number <= upper:
        raise EventError(f"{key} must lie within {lower:g} and {upper:g}, not {value!r}")
    # SQLite forgets the sign of zero; adding 0.0 makes -0.0 plain zero on every face alike.
    return number + 0.0


def integer(key: str, value: Any, lower: int = 0, upper: int = LARGEST_INTEGER) -> int:
    """A whole number within [lower, upper]; floats are refused even when whole, since they lose counts."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise EventError(f"{key} must be a whole number, not {value!r}")
    number = int(value)
    if not lower <= number <= upper:
        raise EventError(f"{key} must lie within {lower} and {upper}, not {number}")
    return number


def boolean(key: str, value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool | np.bool_):
        raise EventError(f"{key} must be true or false, not {value!r}")
    return bool(value)


def text(key: str, value: Any, empty: bool = False) -> str:
    """A string that UTF-8 can hold."""
    if not isinstance(value, str):
        raise EventError(f"{key} must be a string, not {value!r}")
    if not value and not empty:
        raise EventError(f"{key} must not be empty")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise EventError(f"{key} {value!r} holds half a surrogate pair, which UTF-8 cannot hold") from error
    return str(value)


def choice(key: str, value: Any, allowed: tuple[str, ...]) -> str:
    """One of the allowed strings."""
    if not isinstance(value, str) or value not in allowed:
        raise EventError(f"{key} must be one of {', '.join(allowed)}, not {value!r}")
    return str(value)


def instant(key: str, value: Any) -> str:
    """An ISO 8601 UTC text with microseconds and Z, from 1970 on."""
    try:
        utc.microseconds_from_text(text(key, value))
    except EventError:
        raise
    except ValueError as error:
        raise EventError(f"{key}: {error}") from error
    return value


def json_value(key: str, value: Any) -> Any:
    """A deep copy of plain values: None, bool, int, finite float, str, list, dict with string keys."""
    if value is None:
        return None
    if isinstance(value, str):
        return text(key, value, empty=True)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return integer(key, value, lower=-LARGEST_INTEGER - 1)
    if isinstance(value, float | np.floating):
        return real(key, value)
    if isinstance(value, np.ndarray):
        return json_value(key, value.tolist())
    if isinstance(value, list | tuple):
        return [json_value(f"{key}[{place}]", item) for place, item in enumerate(value)]
    if isinstance(value, dict):
        return {
            text(f"{key} key", name, empty=True): json_value(f"{key}.{name}", item)
            for name, item in value.items()
        }
    raise EventError(f"{key} holds {type(value).__name__}, which JSON has no form for")
