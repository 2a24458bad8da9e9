# SPDX-License-Identifier: GPL-3.0-or-later
"""The measured figures of the gnss room: computed, resumed, checked.

`sentinel evaluate gnss` runs this and writes docs/results-gnss.md; see `grids` for what is
measured, `detection`, `classes`, `unseen`, `closed_forms`,
`place` for how.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path

from ...core.canonical import digest
from ...core.errors import InputError
from ...core.evaluation import (
    Cell,
    CellFunction,
    GridRun,
    QuickFailure,
    ResultStore,
    compare_proportions,
    named_seed,
    run_grid,
)
from ..training.dataset import VERSION
from . import closed_forms, published, unseen
from .bench import FINAL, Bench, models_hash, plain_thresholds
from .grids import DETECTION, POINTS, TABLES

#: Changes when the same cell would give other figures.
RESULTS_VERSION = f"{VERSION}-evaluation-1"
THRESHOLDS = Cell({"table": "gnss_thresholds"}, 1, 1)


def open_store(path: str | os.PathLike) -> ResultStore:
    """The results of this version and of the shipped models in a file."""
    return ResultStore(path, RESULTS_VERSION, models_hash())


def data_path(out: str | os.PathLike) -> Path:
    """Where the cells of a results page are kept: in `data` beside it."""
    out = Path(out)
    return out.parent / "data" / f"{out.stem}.jsonl"


def place_path(out: str | os.PathLike) -> Path:
    """Where the cells of the tables of place are kept."""
    out = Path(out)
    return out.parent / "data" / f"{out.stem}-place.jsonl"


def make_bench(store: ResultStore, cache: str | os.PathLike | None) -> Bench:
    """A bench whose plain detectors have the thresholds that the store holds."""
    known: dict[str, float] = {}

    def thresholds() -> dict[str, float]:
        if not known:
            total = store.total(THRESHOLDS.key)
            if total["trials"]:
                known.update(total)
            elif cache is None:
                raise InputError(f"{store.path}: thresholds are missing; run `sentinel evaluate gnss` first")
            else:
                # Another worker has the cell and is not done with it: the same comes out here.
                known.update(plain_thresholds(cache))
        return known

    return Bench(cache, thresholds)


def plan_run(
    store: ResultStore,
    cache: str | os.PathLike,
    scale: float = 1.0,
    final: bool = False,
) -> tuple[list[Cell], dict[str, CellFunction]]:
    """All cells of a run, and what measures those of each table. What costs little comes first."""
    bench = make_bench(store, cache)
    frozen = models_hash() if final else None
    cells = [*closed_forms.cells(scale), THRESHOLDS]
    measures: dict[str, CellFunction] = {
        closed_forms.TABLE: closed_forms.measure_closed_forms,
        str(THRESHOLDS.key["table"]): lambda cell: plain_thresholds(cache),
        unseen.TABLE: lambda cell: unseen.measure_unseen(cell, cache),
        str(published.SHIPPED.key["table"]): lambda cell: published.measure_shipped(cell, cache, bench),
    }
    for table in TABLES:
        cells += table.cells(frozen, scale)
        measures[table.name] = lambda cell, measure=table.measure: measure(cell, bench)
    return [*cells, *unseen.cells(), published.SHIPPED], measures


def run(
    store: ResultStore,
    cache: str | os.PathLike,
    scale: float = 1.0,
    final: bool = False,
    max_minutes: float | None = None,
    progress: Callable[[int], None] | None = None,
    tables: tuple[str, ...] = (),
) -> GridRun:
    """Compute the cells the store lacks, table after table.

    Parameters
    ----------
    cache : path
        Folder of rendered features.
    scale : float
        Of the number of sessions.
    final : bool
        With sessions whose seeds come from the hash of the shipped models.
    tables : tuple of str
        Only these and what they need; all if left out.
    """
    cells, measures = plan_run(store, cache, scale, final)
    if tables:
        wanted = {*tables}
        if wanted & {DETECTION.name, POINTS.name}:
            wanted.add(str(THRESHOLDS.key["table"]))
        cells = [cell for cell in cells if cell.key["table"] in wanted]
    done = run_grid(cells, lambda cell: measures[str(cell.key["table"])](cell), store, max_minutes, progress)
    published.adopt(store, cache)
    return done


def quick_check(store: ResultStore, sample: str = "quick") -> tuple[list[QuickFailure], float]:
    """Measure a session of each tenth place again, with other seeds, rendered for it.

    Returns
    -------
    failures : list of QuickFailure
        Places outside the committed figures, or without any.
    seconds : float
    """
    began = time.monotonic()
    failures, comparisons = [], []
    bench = make_bench(store, None)
    closed = closed_forms.cells()
    for cell in _tenth(closed, sample):
        failures += _closed_form_failures(cell, store, sample)
    for table in TABLES:
        for key, _ in _tenth(list(table.places()), sample):
            good, all_of, weight = table.compared
            committed = store.total(key)
            if good not in committed:
                failures.append(QuickFailure(key, good, (0, 0), (0, 0), None))
                continue
            seed = named_seed(f"check:{sample}", key)
            again = table.measure(Cell({**key, "seeds": FINAL, **(table.quick or {})}, 1, seed), bench)
            counts = [
                round(result[name] / weight) for result in (committed, again) for name in (good, all_of)
            ]
            a, b = (counts[0], counts[1]), (counts[2], counts[3])
            comparisons.append(QuickFailure(key, good, a, b, compare_proportions(*a, *b)))
    limit = 1e-3 / max(1, len(comparisons))
    failures += [one for one in comparisons if one.p_value < limit]
    return failures, time.monotonic() - began


def _tenth(places: list, sample: str) -> list:
    def order(place: object) -> str:
        key = dict(place.key) if isinstance(place, Cell) else place[0]
        return digest([sample, key])

    return sorted(places, key=order)[: math.ceil(0.1 * len(places))]


def _closed_form_failures(cell: Cell, store: ResultStore, sample: str) -> list[QuickFailure]:
    """A mean of K that is not what is committed within 0.05: five deviations of one channel in 1 s."""
    committed = store.total(cell.key)
    if "kurtosis" not in committed:
        return [QuickFailure(cell.key, "kurtosis", (0, 0), (0, 0), None)]
    again = closed_forms.measure_closed_forms(Cell(cell.key, 1, named_seed(f"check:{sample}", cell.key)))
    was, now = committed["kurtosis"] / committed["trials"], again["kurtosis"]
    if abs(was - now) <= 0.05 * max(1.0, was / 2) ** 2:
        return []
    thousandths = (round(1000 * was), 1000), (round(1000 * now), 1000)
    return [QuickFailure(cell.key, "kurtosis", *thousandths, 0.0)]
