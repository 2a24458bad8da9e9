# SPDX-License-Identifier: GPL-3.0-or-later
"""When two runs gave the same event."""

import math
from typing import Any

from .event import Event
from .event_mapping import to_mapping

RELATIVE_TOLERANCE = 1e-5
#: An estimate of zero may come out as rounding noise; no unit of the contract resolves this much.
ABSOLUTE_TOLERANCE = 1e-9


def same_event(a: Event, b: Event) -> bool:
    """True when ids, integers and strings are equal and floats agree within 1e-5, details included."""
    return first_difference(a, b) is None


def first_difference(a: Event, b: Event) -> str | None:
    """The first key in which two events are not the same, with both values; None when they are the same."""
    return _difference("", to_mapping(a), to_mapping(b))


def _difference(key: str, a: Any, b: Any) -> str | None:
    if isinstance(a, float) and isinstance(b, float):
        same = math.isclose(a, b, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)
        return None if same else f"{key}: {a!r} and {b!r}"
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        pairs = ((f"{key}.{name}".lstrip("."), a[name], b[name]) for name in a)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        pairs = ((f"{key}[{place}]", *items) for place, items in enumerate(zip(a, b, strict=True)))
    else:
        return None if type(a) is type(b) and a == b else f"{key}: {a!r} and {b!r}"
    return next((found for pair in pairs if (found := _difference(*pair)) is not None), None)
