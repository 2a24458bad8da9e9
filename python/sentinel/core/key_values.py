# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings in one argument: `freq=500,tip=2,tp=0.015`."""

import difflib
from collections.abc import Iterable

from .errors import InputError


def parse_key_values(text: str, keys: Iterable[str], what: str) -> dict[str, str]:
    """Read `key=value` pairs separated by commas; blanks around them do not count.

    Parameters
    ----------
    keys : iterable of str
        Those that are known.
    what : str
        How the error text calls the argument, for instance the option's name.

    Raises
    ------
    InputError
        A pair has no `=` or no value, a key is unknown or comes twice.
    """
    known = list(keys)
    found: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key or not value:
            example = ",".join(f"{name}=.." for name in known[:2])
            raise InputError(f"{what} {text!r}: {part.strip()!r} is not key=value; write it as {example}")
        if key not in known:
            raise InputError(f"{what} {text!r}: key {key!r} is unknown; {_remedy(key, known)}")
        if key in found:
            raise InputError(f"{what} {text!r}: key {key!r} comes twice; give it once")
        found[key] = value
    return found


def _remedy(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=2)
    return f"did you mean {' or '.join(close)}?" if close else f"use {', '.join(known)}"
