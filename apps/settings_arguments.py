# SPDX-License-Identifier: GPL-3.0-or-later
"""Command-line options made from a settings class, so that there is one list of parameters."""

from __future__ import annotations

import argparse
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined


def add_settings(
    parser: argparse.ArgumentParser, model: type[BaseModel], title: str = "detector settings"
) -> None:
    """Add an option for each field of `model` that names a flag.

    Values stay text: the settings class parses and validates them, with one kind of error text for the
    command line, files and Python.
    """
    group = parser.add_argument_group(title)
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra or {}
        flag = extra.get("flag")
        if not flag:
            continue
        unit = extra.get("unit", "")
        known = field.default is not PydanticUndefined and field.default is not None
        default = (
            f" (default {field.default:g}{' ' + unit if unit else ''})" if _is_number(field, known) else ""
        )
        group.add_argument(
            flag, dest=name, metavar=(unit or "N").upper(), help=(field.description or "") + default
        )


def settings_values(arguments: argparse.Namespace, model: type[BaseModel]) -> dict[str, Any]:
    """The values given on the command line, by field name."""
    given = {name: getattr(arguments, name, None) for name in model.model_fields}
    return {name: value for name, value in given.items() if value is not None}


def _is_number(field: Any, known: bool) -> bool:
    return known and isinstance(field.default, int | float)
