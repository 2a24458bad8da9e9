# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of place: ranging, positions, lanes. Computed, resumed and printed in some four minutes."""

from __future__ import annotations

import os
from collections.abc import Callable

from ...core.evaluation import Cell, CellFunction, GridRun, ResultStore, run_grid
from . import lanes, positions, ranging

#: Changes when the same cell would give other figures.
PLACE_VERSION = "place-1"

#: Name of each table: its cells (of a scale), what measures one, and its text from a store.
TABLES: dict[str, tuple[Callable[[float], list[Cell]], CellFunction, Callable[[ResultStore], str]]] = {
    "ranging": (ranging.cells, ranging.measure_ranging, ranging.section),
    "positions": (
        positions.cells,
        positions.measure_positions,
        positions.section,
    ),
    "lanes": (lanes.cells, lanes.measure_lanes, lanes.section),
}
_MEASURES: dict[str, CellFunction] = {
    ranging.TABLE: ranging.measure_ranging,
    positions.TABLE: positions.measure_positions,
    lanes.TABLE: lanes.measure_lanes,
}


def open_store(path: str | os.PathLike) -> ResultStore:
    """The results of this version in a file, docs/data/results-gnss-place.jsonl in the repository."""
    return ResultStore(path, PLACE_VERSION)


def cells(scale: float = 1.0) -> list[Cell]:
    """All cells of the three tables; `scale` multiplies the trials."""
    return [cell for make, _, _ in TABLES.values() for cell in make(scale)]


def measure(cell: Cell) -> dict[str, float]:
    """Compute a cell of whichever of the tables."""
    return dict(_MEASURES[str(cell.key["table"])](cell))


def run_place(
    store: ResultStore,
    max_minutes: float | None = None,
    scale: float = 1.0,
    progress: Callable[[int], None] | None = None,
) -> GridRun:
    """Compute the cells the store lacks, table after table."""
    return run_grid(cells(scale), measure, store, max_minutes, progress)


def sections(store: ResultStore) -> dict[str, str]:
    """Markdown of each table by its name."""
    return {name: section(store) for name, (_, _, section) in TABLES.items()}
