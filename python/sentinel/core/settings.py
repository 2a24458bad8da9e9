# SPDX-License-Identifier: GPL-3.0-or-later
"""What the settings classes of all rooms are made of: fields that tell the command line, Companion and the
manual what they need to know, and errors in one sentence."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from .errors import InputError
from .units import parse_frequency


def _hertz(value: Any) -> Any:
    return parse_frequency(value) if isinstance(value, str) else value


#: A frequency or rate in Hz; text may carry a suffix, as in "146.2M".
Hertz = Annotated[float, BeforeValidator(_hertz)]


def setting(default: Any, description: str, unit: str = "", flag: str = "", **limits: Any) -> Any:
    """A field with what the command line, Companion and the manual need to know of it."""
    extra = {"unit": unit, "flag": flag}
    return Field(default, description=description, json_schema_extra=extra, **limits)


def build(model: type[BaseModel], values: dict[str, Any], where: str) -> Any:
    """Validate `values` as `model`.

    Raises
    ------
    InputError
        One line that names place, key, value and rule.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{where}: {describe(error, model)}") from error


def describe(error: ValidationError, model: type[BaseModel]) -> str:
    """The first fault of a validation in one sentence."""
    from difflib import get_close_matches

    fault = error.errors()[0]
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        close = get_close_matches(key, model.model_fields, 1)
        hint = f"; did you mean {close[0]}?" if close else f"; known are {', '.join(model.model_fields)}"
        return f"unknown key {key!r}{hint}"
    if fault["type"] == "missing":
        return f"{key} is missing"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{key} = {fault['input']!r}: {message}" if key else message
