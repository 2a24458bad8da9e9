# SPDX-License-Identifier: GPL-3.0-or-later
"""The tags file: which tags to watch in one stream."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ..core.errors import InputError
from .config import WatchedTag, build

_TOP_KEYS = ("tags", "defaults", "offsets")


def read_tags(path: str | Path) -> tuple[tuple[WatchedTag, ...], bool]:
    """Read a tags file.

    ::

        offsets: false            # true: freq counts from the centre of the input
        defaults: {pulse_width_s: 0.015, pulses: 5}
        tags:
          - {id: "17", freq: 150.036M, interval_s: 0.7862}
          - {id: "18", freq: 150.120M, interval_s: 2.0, search_hz: 300}

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    tags : tuple of WatchedTag
    offsets : bool

    Raises
    ------
    InputError
        Unreadable, no YAML, unknown or missing keys, values out of range, an id used twice; with file
        and line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text file") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}{line}: not YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(content, dict) or not isinstance(content.get("tags"), list) or not content["tags"]:
        raise InputError(f"{path}: a tags file has the key `tags` with a list of tags")
    for key in content:
        if key not in _TOP_KEYS:
            raise InputError(f"{path}: unknown key {key!r}; known are {', '.join(_TOP_KEYS)}")
    defaults = content.get("defaults") or {}
    offsets = content.get("offsets", False)
    if not isinstance(defaults, dict) or not isinstance(offsets, bool):
        raise InputError(f"{path}: `defaults` is a mapping and `offsets` is true or false")
    tags = tuple(_tags(path, content["tags"], defaults, _lines(node)))
    return tags, offsets


def _tags(
    path: str | Path, entries: list[Any], defaults: dict[str, Any], lines: list[int]
) -> Iterator[WatchedTag]:
    seen: dict[str, int] = {}
    for entry, line in zip(entries, lines, strict=True):
        where = f"{path} line {line}"
        if not isinstance(entry, dict):
            raise InputError(f"{where}: a tag is a mapping with id, freq and interval_s")
        values = {**defaults, **entry}
        if isinstance(values.get("id"), int):
            values["id"] = str(values["id"])  # an id that YAML reads as a number is meant as text
        tag = build(WatchedTag, values, where)
        if tag.id in seen:
            raise InputError(f"{where}: id {tag.id!r} is also used in line {seen[tag.id]}; ids must differ")
        seen[tag.id] = line
        yield tag


def _lines(root: yaml.Node) -> list[int]:
    """First line of each entry of `tags`."""
    for key, value in root.value:
        if key.value == "tags":
            return [entry.start_mark.line + 1 for entry in value.value]
    return []
