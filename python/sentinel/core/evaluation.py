# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of measured figures: a grid of seeded cells that can be resumed, shared, extended and checked.

Nothing here knows what is measured. A room gives a function from cell to counts; `run_grid` computes what
the store lacks, and `check_quick` computes a tenth again and compares.
"""

import hashlib
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import fisher_exact

from .calibration import divide
from .canonical import Scalar, digest, plain_scalars
from .curves import Crossing, curve_crossing
from .markdown import markdown_table, replace_section
from .result_store import Cell, ResultStore

__all__ = [
    "Cell",
    "Crossing",
    "GridRun",
    "QuickFailure",
    "ResultStore",
    "cell_generator",
    "check_quick",
    "compare_proportions",
    "curve_crossing",
    "final_seed",
    "frozen_hash",
    "grid",
    "markdown_table",
    "named_seed",
    "replace_section",
    "run_grid",
]

CellFunction = Callable[[Cell], Mapping[str, Any]]


def named_seed(name: str, cell_key: Mapping[str, Scalar]) -> int:
    """Return a seed (63 bits) of its own for this name and place of the grid."""
    return int(digest([name, plain_scalars(cell_key)])[:16], 16) >> 1


def final_seed(frozen_hash: str, cell_key: Mapping[str, Scalar]) -> int:
    """Return the seed of a final figure: nobody knew it before the model and calibration were frozen.

    Parameters
    ----------
    frozen_hash : str
        SHA-256 of the frozen model and calibration files.
    """
    return named_seed(f"final:{frozen_hash.lower()}", cell_key)


def frozen_hash(paths: Iterable[str | os.PathLike]) -> str:
    """Return one SHA-256 (64 hex digits) of the contents of files, whatever their order, names and place."""
    digests = sorted(hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths)
    return digest(digests)


def cell_generator(cell: Cell) -> np.random.Generator:
    """Return the cell's generator: cells of one seed in different places do not share their noise."""
    return np.random.default_rng([cell.seed, int(digest(dict(cell.key))[:16], 16)])


def grid(
    axes: Mapping[str, Sequence[Scalar]], trials: int, seed: int | Callable[[dict[str, Scalar]], int]
) -> list[Cell]:
    """Return the cells of all combinations of the axes' values, the last axis fastest.

    Parameters
    ----------
    seed : int or function of the cell's key
        E.g. `lambda key: final_seed(model_hash, key)`.
    """
    cells = []
    for values in product(*axes.values()):
        key = dict(zip(axes, values, strict=True))
        cells.append(Cell(key, trials, seed(key) if callable(seed) else seed))
    return cells


@dataclass(frozen=True)
class GridRun:
    """What a run did: cells computed, found done, and left (time was up, or another worker has them)."""

    computed: int
    done_before: int
    left: int
    seconds: float


def run_grid(
    cells: Iterable[Cell],
    function: CellFunction,
    store: ResultStore,
    max_minutes: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> GridRun:
    """Compute the cells the store lacks.

    Several processes may run the same grid on one store at once: each takes cells no other has claimed.
    When the time is up no further cell is begun; the same call resumes later.

    Parameters
    ----------
    function : callable
        From cell to named numbers that may be added up (counts, sums, sums of squares) and lists.
    progress : callable, optional
        Told the number of cells finished since it was last called.
    """
    cells = list(cells)
    began = time.monotonic()
    pending = store.pending(cells)
    before = len(cells) - len(pending)
    if progress and before:
        progress(before)
    computed = 0
    for cell in pending:
        if max_minutes is not None and time.monotonic() - began >= 60 * max_minutes:
            break
        with store.claim(cell) as mine:
            # Another worker may have finished it since we looked.
            if not mine or not store.pending([cell]):
                continue
            cell_began = time.monotonic()
            result = function(cell)
            store.append(cell, result, time.monotonic() - cell_began)
        computed += 1
        if progress:
            progress(1)
    return GridRun(computed, before, len(store.pending(cells)), time.monotonic() - began)


def compare_proportions(successes_a: int, trials_a: int, successes_b: int, trials_b: int) -> float:
    """Return the two-sided p-value of Fisher's exact test that two proportions are equal."""
    table = [[successes_a, trials_a - successes_a], [successes_b, trials_b - successes_b]]
    return float(fisher_exact(table)[1])


@dataclass(frozen=True)
class QuickFailure:
    """A cell that did not come out as committed; `p_value` is None if nothing is committed for it."""

    key: Mapping[str, Scalar]
    name: str
    committed: tuple[int, int]
    recomputed: tuple[int, int]
    p_value: float | None

    def __str__(self) -> str:
        place = ", ".join(f"{name} {value}" for name, value in self.key.items())
        if self.p_value is None:
            return f"{place}: no committed {self.name} for this kernel and model; run the full evaluation"
        (a, n), (b, m) = self.committed, self.recomputed
        return f"{place}: {self.name} was {a}/{n}, is {b}/{m} (p {self.p_value:.1e})"


def check_quick(
    cells: Sequence[Cell],
    function: CellFunction,
    store: ResultStore,
    names: Sequence[str],
    share: float = 0.1,
    trials: int | None = None,
    error: float = 1e-3,
    sample: str = "quick",
) -> list[QuickFailure]:
    """Recompute a tenth of the cells with seeds of their own and return what differs from the store.

    Parameters
    ----------
    names : sequence of str
        Results that count successes among the cell's trials; each is compared by Fisher's exact test.
    share : float
        Part of the places to recompute, at least one. Which ones depends on `sample` alone.
    trials : int, optional
        Trials of each recomputed cell; as many as the cell has if left out.
    error : float
        Probability that the whole check fails although nothing has changed.
    """
    places = {cell.key_text: cell for cell in cells}
    chosen = sorted(places.values(), key=lambda cell: digest([sample, cell.key_text]))
    chosen = chosen[: max(1, math.ceil(share * len(places)))] if places else []
    failures: list[QuickFailure] = []
    comparisons: list[QuickFailure] = []
    for cell in chosen:
        committed = store.total(cell.key)
        again = Cell(cell.key, trials or cell.trials, named_seed(f"check:{sample}", cell.key))
        missing = [name for name in names if name not in committed]
        failures += [QuickFailure(cell.key, name, (0, 0), (0, 0), None) for name in missing]
        if len(missing) == len(names):
            continue
        result = function(again)
        for name in names:
            if name in committed:
                a, b = (committed[name], committed["trials"]), (result[name], again.trials)
                comparisons.append(QuickFailure(cell.key, name, a, b, compare_proportions(*a, *b)))
    if comparisons:
        limit = divide(error, len(comparisons))
        failures += [comparison for comparison in comparisons if comparison.p_value < limit]
    return failures
