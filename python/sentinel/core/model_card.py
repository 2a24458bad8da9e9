# SPDX-License-Identifier: GPL-3.0-or-later
"""The card beside a model: how it was made, and how well it does under which conditions."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .errors import EventError, InputError
from .files import write_atomic
from .values import json_value

SCHEMA = 1
#: A card is some kilobytes; anything this large is none.
MAX_BYTES = 4_000_000
_PACKAGES = ("numpy", "scipy", "scikit-learn", "onnx", "skl2onnx", "onnxruntime", "torch", "safetensors")


@dataclass(frozen=True)
class ModelCard:
    """How a model was made and what it reaches.

    Parameters
    ----------
    name, version, room, kind : str
        As in the model.
    sha256 : str
        Of the model's file.
    model_bytes : int
    data_recipe : mapping
        What makes the training data again: generator, ranges, counts, held-out parts.
    scene_ids : sequence of str
        Of every scene or recording it was trained on.
    seed : int
    commit : str or None
        Of the source tree, with `+` where it had changes; None outside of one.
    versions : mapping of str to str
        Of what took part, see `installed_versions`.
    threads : int
    seconds : float
        Training took.
    command : str
        Makes it again.
    figures : sequence of mappings
        One per condition: what was measured under which conditions, with count and interval.
    notes : str

    Raises
    ------
    InputError
        A value is of another type than said here, or has no JSON form.
    """

    name: str
    version: str
    room: str
    kind: str
    sha256: str
    model_bytes: int
    data_recipe: Mapping[str, Any]
    scene_ids: Sequence[str]
    seed: int
    commit: str | None
    versions: Mapping[str, str]
    threads: int
    seconds: float
    command: str
    figures: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    notes: str = ""

    def __post_init__(self) -> None:
        for item in fields(self):
            try:
                value = json_value(item.name, getattr(self, item.name))
            except EventError as error:
                raise InputError(f"model card: {error}; give plain values") from error
            _check(item.name, value)
            object.__setattr__(self, item.name, value)

    def write(self, model_path: str | os.PathLike) -> Path:
        """Write the card beside its model and return its path."""
        path = card_path(model_path)
        text = json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1, ensure_ascii=True, allow_nan=False)
        write_atomic(path, text + "\n")
        return path

    @classmethod
    def read(cls, model_path: str | os.PathLike) -> ModelCard:
        """Return the card beside a model.

        Raises
        ------
        InputError
            It is missing, damaged or of another release.
        """
        path = card_path(model_path)
        try:
            with open(path, "rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise InputError(
                f"{path}: the model card cannot be read ({error.strerror}); {_REMEDY}"
            ) from error
        try:
            if len(data) > MAX_BYTES:
                raise ValueError(f"larger than {MAX_BYTES} bytes")
            values = json.loads(data)
            if not isinstance(values, dict):
                raise ValueError("not an object")
            if (schema := values.pop("schema", None)) != SCHEMA:
                raise ValueError(f"schema {schema!r}, this release reads {SCHEMA}")
            names = {item.name for item in fields(cls)}
            if odd := sorted(names ^ values.keys()):
                raise ValueError(f"{odd[0]} is {'missing' if odd[0] in names else 'unknown'}")
            return cls(**values)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}: the model card is damaged ({error}); {_REMEDY}") from error


_REMEDY = "take it again from where the model came from, or train the model again"
_KINDS = {
    str: ("name", "version", "room", "kind", "sha256", "command", "notes"),
    int: ("model_bytes", "seed", "threads"),
    float: ("seconds",),
    dict: ("data_recipe", "versions"),
    list: ("scene_ids", "figures"),
}
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names}


def _check(name: str, value: Any) -> None:
    if name == "commit":
        if value is not None and not isinstance(value, str):
            raise InputError(f"model card: commit is {value!r}; it must be a text or null")
        return
    kind = _KIND_OF[name]
    allowed = (int, float) if kind is float else kind
    if not isinstance(value, allowed) or isinstance(value, bool):
        raise InputError(f"model card: {name} is {value!r}; it must be of type {kind.__name__}")
    if name == "scene_ids" and not all(isinstance(item, str) for item in value):
        raise InputError("model card: scene_ids holds what is no text")
    if name == "figures" and not all(isinstance(item, dict) for item in value):
        raise InputError("model card: figures holds what is no object")


def card_path(model_path: str | os.PathLike) -> Path:
    """Return where the card of a model lies: `x.card.json` beside `x.onnx`."""
    return Path(model_path).with_suffix(".card.json")


def installed_versions() -> dict[str, str]:
    """Return the versions of Python and of each library that takes part in training and is installed."""
    versions = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def source_commit(folder: str | os.PathLike) -> str | None:
    """Return the commit of the source tree a folder lies in, `+` behind it where files have changed."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        return commit + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: str | os.PathLike, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", os.fspath(folder), *words], capture_output=True, text=True, timeout=20, check=True
    )
    return done.stdout.strip()
