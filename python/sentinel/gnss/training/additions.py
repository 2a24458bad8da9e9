# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds of named clusters for training: more of a class that there is, or a class of their own."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...core.errors import InputError
from ..clusters.cluster_store import ClusterStore

#: Of a name, to be trained on.
LEAST_SECONDS = 10
#: A new class counts at least this share of the mean of the others, by repeating its seconds ...
LEAST_SHARE = 0.5
#: ... but none of them more often than this: more copies name other emitters of the family too.
MOST_REPEATS = 3


@dataclass(frozen=True)
class Addition:
    """Seconds of one name.

    Attributes
    ----------
    name : str
    rows : float32, shape (n, columns)
        Of `description.NAMES`.
    interval : int64, shape (n,)
        Which of the intervals each is of.
    """

    name: str
    rows: np.ndarray
    interval: np.ndarray


@dataclass(frozen=True)
class TrainingTable:
    """What a forest is trained on.

    Attributes
    ----------
    rows : float32, shape (n, columns)
    labels, groups : int64, shape (n,)
        Places in `classes`; sessions, which are held out as wholes.
    classes : tuple of str
    """

    rows: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    classes: tuple[str, ...]


def read_additions(paths: Sequence[str | os.PathLike]) -> tuple[tuple[Addition, ...], tuple[str, ...]]:
    """Seconds of the named clusters of files, by name, and what was left out: a line per file.

    Raises
    ------
    InputError
        A file cannot be used, no cluster has a name, or a name has too few seconds.
    """
    parts: dict[str, list[np.ndarray]] = {}
    left_out = []
    for path in paths:
        store = ClusterStore(path)
        labels, unnamed = store.file.labels, set(store.file.clusters.names) - set(store.file.labels)
        for cluster, name in labels.items():
            parts.setdefault(name, []).extend(one.rows for one in store.seconds.of(cluster))
        if unnamed:
            left_out.append(f"{path}: clusters without a name, left out: {len(unnamed)}")
    where = ", ".join(map(str, paths))
    if not parts:
        raise InputError(
            f"{where}: no cluster has a name; give one with sentinel clusters FILE.json --name A NAME"
        )
    for name, rows in sorted(parts.items()):
        if (count := sum(map(len, rows))) < LEAST_SECONDS:
            raise InputError(
                f"{where}: there are {count} seconds of {name!r}, {LEAST_SECONDS} are needed; let "
                "sentinel gnss see more of it, or take the name back with --forget"
            )
    return tuple(_addition(name, rows) for name, rows in sorted(parts.items())), tuple(left_out)


def _addition(name: str, rows: list[np.ndarray]) -> Addition:
    return Addition(name, np.concatenate(rows), np.repeat(np.arange(len(rows)), [len(part) for part in rows]))


def extended(table: TrainingTable, additions: Sequence[Addition]) -> TrainingTable:
    """A table with additions, repeated so that a class of few seconds is learned."""
    mean_count = len(table.labels) / len(table.classes)
    for part in additions:
        is_new = part.name not in table.classes
        classes = (*table.classes, part.name) if is_new else table.classes
        wanted = np.ceil(LEAST_SHARE * mean_count / len(part.rows)) if is_new else 1
        times = int(np.clip(wanted, 1, MOST_REPEATS))
        count = times * len(part.rows)
        table = TrainingTable(
            np.concatenate([table.rows, np.tile(part.rows, (times, 1))]),
            np.concatenate([table.labels, np.full(count, classes.index(part.name))]),
            np.concatenate([table.groups, table.groups.max() + 1 + np.tile(part.interval, times)]),
            classes,
        )
    return table


def widened(
    low: np.ndarray, high: np.ndarray, additions: Sequence[Addition]
) -> tuple[np.ndarray, np.ndarray]:
    """Range of each column with that of nine tenths of the seconds of each addition."""
    for part in additions:
        low = np.minimum(low, np.quantile(part.rows, 0.05, axis=0))
        high = np.maximum(high, np.quantile(part.rows, 0.95, axis=0))
    return low, high


def added_digest(additions: Sequence[Addition]) -> str:
    """Eight hexadecimal digits that tell what was added."""
    state = hashlib.sha256()
    for part in additions:
        state.update(part.name.encode() + b"\0" + np.ascontiguousarray(part.rows).tobytes())
    return state.hexdigest()[:8]
