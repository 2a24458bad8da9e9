# SPDX-License-Identifier: GPL-3.0-or-later
"""Trials of the detection tables: one session of jammed and clean stretches, judged second by second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.evaluation import Cell
from ..training.dataset import Rendered
from .bench import DETECTORS, RATE, Bench, detections, watch

#: A stretch must be opened within this time of its begin.
IN_TIME_S = 5
NEVER = -1
#: Columns of a stretch, and of a session's clean seconds.
STRETCH = (
    "family",
    "jn_db",
    "seconds",
    *(f"{kind}_{name}" for name in DETECTORS for kind in ("after", "found")),
)
CLEAN = ("seconds", *(f"false_{name}" for name in DETECTORS))
RATES = (20.0, RATE)


def measure_detection(cell: Cell, bench: Bench) -> dict[str, Any]:
    """What each detector makes of one session.

    Returns
    -------
    dict
        `stretches`: rows of `STRETCH` one after the other; `after` counts seconds from the begin of a stretch
        to the end of the first one detected in it, NEVER where none was. `clean`: one row of `CLEAN`.
        `stretch_count` of the session, which ties its stretches to it; `in_time` of them, by the trees.
    """
    rendered = bench.rendered(cell)
    found = detections(rendered, bench)
    rows = [_stretch(rendered, found, number) for number in np.unique(rendered.waveform) if number >= 0]
    clean = (rendered.active_share == 0) & ~rendered.baseline
    trees = STRETCH.index("after_trees")
    return {
        "stretches": [value for row in rows for value in row],
        "clean": [int(clean.sum()), *(int(found[name][clean].sum()) for name in DETECTORS)],
        "stretch_count": [len(rows)],
        "in_time": sum(1 <= row[trees] <= IN_TIME_S for row in rows),
        "stretch_total": len(rows),
    }


def _stretch(rendered: Rendered, found: Mapping[str, np.ndarray], number: int) -> list[float]:
    here = np.flatnonzero((rendered.waveform == number) & (rendered.active_share > 0.5))
    row = [int(rendered.label[here[0]]), round(float(rendered.jn_db[here[0]]), 2), len(here)]
    for name in DETECTORS:
        seen = np.flatnonzero(found[name][here])
        row += [int(seen[0]) + 1 if len(seen) else NEVER, len(seen)]
    return row


def measure_quiet(cell: Cell, bench: Bench) -> dict[str, Any]:
    """Events that open in a session without interference, at each stated rate, behind its clean start.

    Returns
    -------
    dict
        `opened_20`, `opened_1`, and `seconds` watched.
    """
    rendered = bench.rendered(cell)
    counts = {
        f"opened_{rate:g}": int((watch(rendered, bench.detection, rate).opened & ~rendered.baseline).sum())
        for rate in RATES
    }
    return counts | {"seconds": int((~rendered.baseline).sum())}
