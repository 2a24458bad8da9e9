# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of unknown things, and the names people gave them, kept in a JSON file."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .canonical import Scalar, plain_scalars
from .clustering import OnlineClusters
from .errors import InputError
from .files import write_atomic

SCHEMA = 1
MAX_BYTES = 64_000_000
_LETTERS = re.compile(r"[A-Z]{1,7}")
_REMEDY = "take a copy of before, or remove the file to begin with no clusters"


@dataclass
class ClusterFile:
    """Clusters of one kind of feature vectors, with labels.

    Attributes
    ----------
    key : mapping of str to scalar
        What the vectors are: room, feature version, geometry. Others are refused.
    clusters : OnlineClusters
    labels : dict of str to str
        Name that a person gave a cluster, by its letters; also of clusters that are no longer kept.
    settings : dict
        What else belongs to the vectors, as the scaling of their columns; plain JSON values.
    """

    key: Mapping[str, Scalar]
    clusters: OnlineClusters
    labels: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key = plain_scalars(self.key)

    def label(self, name: str) -> str:
        """Return the name of a cluster: the one given by a person, else its letters."""
        return self.labels.get(name, name)

    def rename(self, name: str, label: str) -> None:
        """Give a cluster a name; an empty one takes it back.

        Raises
        ------
        InputError
            There is no such cluster.
        """
        if name not in self.clusters.names and name not in self.labels:
            known = ", ".join(self.clusters.names[:10]) or "none"
            raise InputError(f"there is no cluster {name!r}; give one of those known: {known}")
        label = label.strip()
        if label:
            self.labels[name] = label
        else:
            self.labels.pop(name, None)

    def save(self, path: str | os.PathLike) -> None:
        """Write the file, whole."""
        clusters = self.clusters
        content = {
            "schema": SCHEMA,
            "key": self.key,
            "features": clusters.features,
            "radius": clusters.radius,
            "memory": clusters.memory,
            "most": clusters.most,
            "begun": clusters.begun,
            "assigned": clusters.assigned,
            "clusters": [
                {"name": name, "members": members, "last_met": met, "centre": [float(x) for x in centre]}
                for name, members, met, centre in zip(
                    clusters.names, clusters.members, clusters.last_met, clusters.centres, strict=True
                )
            ],
            "labels": dict(sorted(self.labels.items())),
            "settings": self.settings,
        }
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(content, allow_nan=False, indent=1) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike, key: Mapping[str, Scalar] | None = None) -> ClusterFile:
        """Read what `save` wrote.

        Parameters
        ----------
        key : mapping, optional
            What the file must be of.

        Raises
        ------
        InputError
            The file is missing, damaged, of another release, or of other vectors than `key` says.
        """
        try:
            with open(path, "rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise InputError(f"{path}: the clusters cannot be read ({error.strerror}); {_REMEDY}") from error
        try:
            if len(data) > MAX_BYTES:
                raise ValueError(f"larger than {MAX_BYTES} bytes")
            found = _from_content(json.loads(data))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            reason = f"{error} is missing" if isinstance(error, KeyError) else error
            raise InputError(f"{path}: the file of clusters is damaged ({reason}); {_REMEDY}") from error
        wanted = None if key is None else plain_scalars(key)
        if wanted is not None and found.key != wanted:
            odd = sorted(name for name in {*found.key, *wanted} if found.key.get(name) != wanted.get(name))[0]
            raise InputError(
                f"{path}: these clusters are of {odd} {found.key.get(odd)}, wanted is {wanted.get(odd)}; "
                "give another file"
            )
        return found


def _from_content(content: Any) -> ClusterFile:
    if not isinstance(content, dict):
        raise ValueError("not an object")
    if content["schema"] != SCHEMA:
        raise ValueError(f"schema {content['schema']!r}, this release reads {SCHEMA}")
    whole = {
        name: _whole(name, content[name]) for name in ("features", "memory", "most", "begun", "assigned")
    }
    clusters = OnlineClusters(whole["features"], float(content["radius"]), whole["memory"], whole["most"])
    entries = content["clusters"]
    for entry in entries:
        name, centre = entry["name"], np.asarray(entry["centre"], float)
        if not isinstance(name, str) or not _LETTERS.fullmatch(name) or name in clusters.names:
            raise ValueError(f"cluster name {name!r}")
        if centre.shape != (clusters.features,) or not np.isfinite(centre).all():
            raise ValueError(f"centre of {name} is not {clusters.features} finite numbers")
        clusters.names.append(name)
        clusters.members.append(_whole("members", entry["members"]))
        clusters.last_met.append(_whole("last_met", entry["last_met"]))
    if len(entries) > whole["begun"] or len(entries) > whole["most"]:
        raise ValueError(f"{len(entries)} clusters are more than were begun, or more than are kept")
    if entries:
        clusters.centres = np.array([entry["centre"] for entry in entries], float)
    clusters.begun, clusters.assigned = whole["begun"], whole["assigned"]
    labels = content["labels"]
    texts = isinstance(labels, dict) and all(
        isinstance(part, str) for pair in labels.items() for part in pair
    )
    if not texts:
        raise ValueError("labels are not texts")
    if not isinstance(content["key"], dict):
        raise ValueError("key is not an object")
    settings = content.get("settings", {})
    if not isinstance(settings, dict):
        raise ValueError("settings are not an object")
    return ClusterFile(content["key"], clusters, dict(labels), settings)


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} is {value!r}")
    return value
