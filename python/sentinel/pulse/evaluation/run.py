# SPDX-License-Identifier: GPL-3.0-or-later
"""The measured figures of the pulse room: computed, resumed, checked.

`sentinel evaluate pulse` runs this and writes docs/results-pulse.md; see `grids` for what is
measured, `detection`, `robustness`, `false_alarms` and `real` for how.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from ...core.calibration_cache import CalibrationCache
from ...core.canonical import digest
from ...core.evaluation import Cell, CellFunction, GridRun, QuickFailure, ResultStore, check_quick, run_grid
from ..calibration import KERNEL_VERSION, calibrate
from .bench import make_group
from .grids import DESIGN, TABLES, all_cells
from .real import burst_places, measure_burst, measure_traffic, traffic_places

__all__ = ["calibration_hash", "data_path", "open_store", "plan_run", "quick_check", "run"]


def open_store(path: str | os.PathLike) -> ResultStore:
    """The results of this version of the kernels in a file."""
    return ResultStore(path, KERNEL_VERSION)


def calibration_hash() -> str:
    """Hash of the frozen calibration: of its complete key, and of what the noise gave with it.

    Thresholds are rounded to 0.01, which is far above what differs between two machines.
    """
    group = make_group()
    calibration = calibrate(group, group.watches[0], CalibrationCache())
    thresholds = [round(calibration.threshold(p), 2) for p in (1e-1, 1e-2, 1e-4)]
    return digest([calibration.key.to_dict(), thresholds])


def run(
    store: ResultStore,
    scale: float = 1.0,
    final: bool = False,
    recordings: str | os.PathLike | None = None,
    max_minutes: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> GridRun:
    """Compute the cells the store lacks, table after table.

    Parameters
    ----------
    scale : float
        Of the trials of every cell.
    final : bool
        With seeds derived from the frozen calibration.
    recordings : path, optional
        Folder of the real recordings; their tables come last.
    """
    cells, measures = plan_run(scale, final, recordings)
    return run_grid(cells, lambda cell: measures[cell.key["table"]](cell), store, max_minutes, progress)


def plan_run(
    scale: float, final: bool, recordings: str | os.PathLike | None
) -> tuple[list[Cell], dict[str, CellFunction]]:
    """All cells of a run, and what measures those of each table."""
    measures: dict[str, CellFunction] = {table.name: table.measure for table in TABLES}
    cells = [cell for _, cell in all_cells(scale, calibration_hash() if final else None)]
    if recordings is not None:
        folder = os.fspath(recordings)
        cells += [Cell({"table": "real_burst", **key}, 1, 1) for key in burst_places()]
        cells += [Cell({"table": "real_traffic", **key}, 1, 1) for key in traffic_places(folder)]
        measures["real_burst"] = lambda cell: measure_burst(cell, folder)
        measures["real_traffic"] = lambda cell: measure_traffic(cell, folder)
    return cells, measures


def quick_check(store: ResultStore, sample: str = "quick") -> tuple[list[QuickFailure], float]:
    """Compute a tenth of the places again, with other seeds and fewer trials.

    Returns
    -------
    failures : list of QuickFailure
        Places outside the committed intervals, or without committed results.
    seconds : float
    """
    began = time.monotonic()
    failures = []
    for table in TABLES:
        if table.quick_trials:
            failures += check_quick(
                list(table.cells(DESIGN)),
                table.measure,
                store,
                table.quick_names,
                share=table.quick_share,
                trials=table.quick_trials,
                error=1e-3 / len(TABLES),
                sample=sample,
            )
    return failures, time.monotonic() - began


def data_path(out: str | os.PathLike) -> Path:
    """Where the cells of a results page are kept: in `data` beside it."""
    out = Path(out)
    return out.parent / "data" / f"{out.stem}.jsonl"
