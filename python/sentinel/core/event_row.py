# SPDX-License-Identifier: GPL-3.0-or-later
"""The event's row face: a flat dict for SQLite or CSV, scalars plus JSON text columns."""

import json
from typing import Any

from .errors import EventError, InputError
from .event import EVENT_KEYS, Event
from .event_json import load_json
from .event_mapping import from_mapping, to_mapping
from .event_rules import NULLABLE

#: Keys whose column holds JSON text; a model of None is a null column.
JSON_COLUMNS = ("flags", "model", "details")

_INTEGERS = frozenset(("schema", "revision", "channel", "sample_start", "sample_count"))
_TEXTS = frozenset(("id", "state", "detector", "label", "stream_id", "source", "time", "accounting"))


def _declaration(key: str) -> str:
    kind = "INTEGER" if key in _INTEGERS else "TEXT" if key in _TEXTS.union(JSON_COLUMNS) else "REAL"
    return kind if key in NULLABLE else f"{kind} NOT NULL"


#: SQLite type of each column, in the contract's order: {"schema": "INTEGER NOT NULL", ...}.
COLUMNS = {key: _declaration(key) for key in EVENT_KEYS}


def to_row(event: Event) -> dict[str, str | int | float | None]:
    """One value per column of `COLUMNS`."""
    row = to_mapping(event)
    for key in JSON_COLUMNS:
        if row[key] is not None:
            row[key] = json.dumps(row[key], allow_nan=False, separators=(",", ":"))
    return row


def from_row(row: dict[str, Any], where: str = "row") -> Event:
    """The event of a row; `where` names it in the error.

    Raises
    ------
    InputError
        If a column is missing or unknown, holds no JSON, or breaks the contract.
    """
    mapping = dict(row)
    for key in JSON_COLUMNS:
        if isinstance(mapping.get(key), str):
            mapping[key] = load_json(mapping[key], f"{where}, column {key}")
    try:
        return from_mapping(mapping)
    except EventError as error:
        raise InputError(f"{where}: {error}") from error
