# SPDX-License-Identifier: GPL-3.0-or-later
"""The tags file: which tags to watch in one stream."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from ..core.errors import InputError
from ..core.settings import build
from .config import WatchedTag

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
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InputError(f"{path}{line}: not YAML: {problem}") from error
    except RecursionError as error:
        raise InputError(f"{path}: not a tags file: nested too deeply") from error
    except ValueError as error:  # a date that is none, say
        raise InputError(f"{path}: a value cannot be read ({error}); put it in quotes") from error
    if isinstance(content, dict):
        _check_keys(path, node, _TOP_KEYS)
    if not isinstance(content, dict) or not isinstance(content.get("tags"), list) or not content["tags"]:
        raise InputError(f"{path}: a tags file has the key `tags` with a list of tags")
    defaults = content.get("defaults") or {}
    offsets = content.get("offsets", False)
    if not isinstance(defaults, dict) or not isinstance(offsets, bool):
        raise InputError(f"{path}: `defaults` is a mapping and `offsets` is true or false")
    if defaults:
        _check_keys(path, _value(node, "defaults"), tuple(WatchedTag.model_fields))
    tags = tuple(_tags(path, content["tags"], defaults, _value(node, "tags").value))
    return tags, offsets


def _tags(
    path: str | Path, entries: list[Any], defaults: dict[str, Any], nodes: list[yaml.Node]
) -> Iterator[WatchedTag]:
    seen: dict[str, int] = {}
    for entry, node in zip(entries, nodes, strict=True):
        line = node.start_mark.line + 1
        where = f"{path} line {line}"
        if not isinstance(entry, dict):
            raise InputError(f"{where}: a tag is a mapping with id, freq and interval_s")
        _check_keys(path, node, tuple(WatchedTag.model_fields))
        values = {**defaults, **entry}
        name = _value(node, "id")
        if isinstance(name, yaml.ScalarNode):
            values["id"] = name.value  # as it is written: YAML would make 15 of an id 017
        tag = build(WatchedTag, values, where)
        if tag.id in seen:
            raise InputError(f"{where}: id {tag.id!r} is also used in line {seen[tag.id]}; ids must differ")
        seen[tag.id] = line
        yield tag


def _check_keys(path: str | Path, node: yaml.Node, known: Sequence[str]) -> None:
    """Refuse a key that is not known or stands twice, with its line."""
    seen: set[str] = set()
    for key, _ in node.value:
        if key.tag == "tag:yaml.org,2002:merge":  # `<<: *other`: what it brings in may be overridden
            continue
        where = f"{path} line {key.start_mark.line + 1}"
        name = str(key.value)
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
            raise InputError(f"{where}: unknown key {name!r}; {hint}")
        if name in seen:
            raise InputError(f"{where}: key {name!r} stands there twice; keep one")
        seen.add(name)


def _value(node: yaml.Node, name: str) -> yaml.Node | None:
    """What stands behind a key of a mapping; None without it."""
    return next((value for key, value in node.value if key.value == name), None)
