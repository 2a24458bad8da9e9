# SPDX-License-Identifier: GPL-3.0-or-later
"""The event's JSON face: one object per line.

Lines are pure ASCII (other characters are escaped), so they are the same under every locale and
terminal; numbers round-trip exactly.
"""

import json
from typing import Any

from .errors import EventError, InputError
from .event import Event
from .event_mapping import from_mapping, to_mapping


def to_json_line(event: Event) -> str:
    """One line without the newline, keys in the contract's order."""
    return json.dumps(to_mapping(event), allow_nan=False, separators=(",", ":"))


def from_json_line(line: str | bytes, where: str = "event line") -> Event:
    """The event of one line; `where` names file and line in the error.

    Raises
    ------
    InputError
        If the line is no JSON object or no event of this schema.
    """
    mapping = load_json(line, where)
    if not isinstance(mapping, dict):
        raise InputError(f"{where}: not a JSON object; each line must hold one event")
    try:
        return from_mapping(mapping)
    except EventError as error:
        raise InputError(f"{where}: {error}") from error


def load_json(text: str | bytes, where: str) -> Any:
    """Parse JSON; NaN and Infinity, which JSON does not know, are refused. Raises InputError."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON ({error}); was the file cut short?") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")
