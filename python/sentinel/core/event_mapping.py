# SPDX-License-Identifier: GPL-3.0-or-later
"""The event as a dict of plain values, which JSON, SigMF and the other faces share."""

from dataclasses import asdict
from typing import Any

from .errors import EventError
from .event import EVENT_KEYS, Event


def to_mapping(event: Event) -> dict[str, Any]:
    """All keys in the contract's order; flags as list, model as dict or None; all copied."""
    mapping = asdict(event)
    mapping["flags"] = list(event.flags)
    return mapping


def from_mapping(mapping: dict[str, Any]) -> Event:
    """The event of a dict that has every key and no other.

    Raises
    ------
    EventError
        If a key is missing or unknown, or a value breaks the contract.
    """
    # A newer schema explains unknown keys better than a list of them would.
    if "schema" in mapping and mapping["schema"] != 1:
        raise EventError(f"schema {mapping['schema']!r} is not known; this version reads schema 1")
    missing = [key for key in EVENT_KEYS if key not in mapping]
    if missing:
        raise EventError(f"not an event: {', '.join(missing)} missing")
    unknown = sorted(str(key) for key in mapping.keys() - set(EVENT_KEYS))
    if unknown:
        raise EventError(f"not an event of schema 1: unknown key {', '.join(unknown)}")
    return Event(**mapping)
