# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of unknown intervals as a table for people."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..learned import ClassModel
from .cluster_store import ClusterStore
from .kept_seconds import KeptInterval

_HEADER = ("cluster", "name", "intervals", "seconds kept", "last seen", "nearest class")


def table_lines(store: ClusterStore, model: ClassModel) -> Iterator[str]:
    """Header and one line per cluster, in the order of their letters; or one line that there are none.

    `intervals` counts all that were ever assigned. The nearest class is what the model finds likeliest in the
    mean over the seconds kept, with its share.
    """
    clusters = store.file.clusters
    rows = []
    members = dict(zip(clusters.names, clusters.members, strict=True))
    for letters in sorted({*members, *store.file.labels}, key=lambda name: (len(name), name)):
        kept = store.seconds.of(letters)
        rows.append(
            (
                letters,
                store.file.labels.get(letters, ""),
                str(members.get(letters, 0)),
                str(sum(len(one.rows) for one in kept)),
                kept[-1].time if kept else "",
                _nearest(kept, model),
            )
        )
    if not rows:
        yield "no clusters yet"
        return
    widths = [max(map(len, column)) for column in zip(_HEADER, *rows, strict=True)]
    for row in (_HEADER, *rows):
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _nearest(kept: list[KeptInterval], model: ClassModel) -> str:
    if not kept:
        return ""
    mean = np.mean([one.mean for one in model.predict(np.concatenate([part.rows for part in kept]))], axis=0)
    best = int(np.argmax(mean))
    return f"{model.classes[best]} {mean[best]:.2f}"
