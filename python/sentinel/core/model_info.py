# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model says of itself, inside its own file: the properties of an ONNX model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .canonical import Scalar, canonical_json, plain_scalars

#: Version of the properties themselves.
FORMAT = "1"
PREFIX = "sentinel."
_TEXTS = ("room", "kind", "name", "version")
_KEYS = (*_TEXTS, "format", "feature_version", "geometry", "classes", "settings")


@dataclass(frozen=True)
class ModelInfo:
    """What a model is for. Stands in the file, so that a model can never be taken for another.

    Parameters
    ----------
    room : str
        `gnss`, ...
    kind : str
        What it does in that room, as `detector` or `classifier`; the room's own word.
    name, version : str
        As they stand in events.
    feature_version : int
        Of the room's features: changed whenever a feature changes its meaning.
    geometry : mapping of str to scalar
        What the features depend on: sample rate, channels, length of a snapshot.
    classes : sequence of str
        Names of the outputs, in order; empty for what has none.
    settings : mapping
        What belongs to the model and was found with it, as thresholds; plain JSON values.

    Raises
    ------
    ValueError
        A text is empty, a class comes twice, or a value has no JSON form.
    """

    room: str
    kind: str
    name: str
    version: str
    feature_version: int
    geometry: Mapping[str, Scalar] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in _TEXTS:
            value = getattr(self, name)
            if not isinstance(value, str) or not value:
                raise ValueError(f"{name} of a model is {value!r}; it must be a text")
        version = self.feature_version
        if isinstance(version, bool) or not isinstance(version, int) or version < 0:
            raise ValueError(
                f"feature_version of a model is {version!r}; it must be a whole number from 0 on"
            )
        classes = tuple(self.classes)
        if any(not isinstance(name, str) or not name for name in classes) or len(set(classes)) < len(classes):
            raise ValueError(f"classes of a model are {list(classes)!r}; they must be different texts")
        if not isinstance(self.settings, Mapping):
            raise ValueError(f"settings of a model are {self.settings!r}; they must be named values")
        object.__setattr__(self, "classes", classes)
        object.__setattr__(self, "geometry", plain_scalars(self.geometry))
        object.__setattr__(self, "settings", json.loads(_json(self.settings)))

    def to_metadata(self) -> dict[str, str]:
        """Return the properties of the file, sorted by name."""
        values = {name: getattr(self, name) for name in _TEXTS}
        values |= {
            "format": FORMAT,
            "feature_version": str(self.feature_version),
            "geometry": canonical_json(dict(self.geometry)),
            "classes": canonical_json(list(self.classes)),
            "settings": _json(self.settings),
        }
        return {PREFIX + name: values[name] for name in sorted(values)}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> ModelInfo:
        """Return what the properties of a file say.

        Raises
        ------
        ValueError
            Properties are missing or damaged, or of another format. The text completes "this file ...".
        """
        missing = [name for name in _KEYS if PREFIX + name not in metadata]
        if len(missing) == len(_KEYS):
            raise ValueError("is an ONNX model, but none of ours")
        if missing:
            raise ValueError(f"does not say its {', '.join(missing)}; it is damaged")
        values = {name: metadata[PREFIX + name] for name in _KEYS}
        if values["format"] != FORMAT:
            raise ValueError(f"is of format {values['format']!r}, this release reads {FORMAT!r}")
        try:
            return cls(
                **{name: values[name] for name in _TEXTS},
                feature_version=int(values["feature_version"]),
                geometry=_object(values["geometry"]),
                classes=tuple(json.loads(values["classes"])),
                settings=_object(values["settings"]),
            )
        except (ValueError, TypeError, RecursionError) as error:
            raise ValueError(f"has damaged properties ({error})") from error


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), sort_keys=True, separators=(",", ":"), allow_nan=False)


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(f"{text!r} is not an object")
    return value
