# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel evaluate gnss`: figures of the interference monitor, computed, resumed, checked."""

from __future__ import annotations

import sys
from pathlib import Path

from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.progress import progress

#: Where features of simulated sessions are kept.
CACHE = ".cache/gnss"
PLACE = "place"


def run(
    out: str,
    *,
    quick: bool = False,
    scale: float = 1.0,
    final: bool = False,
    max_minutes: float | None = None,
    cache: str | None = None,
    tables: str | None = None,
) -> int:
    """Compute, or check, and return the exit code.

    Parameters
    ----------
    tables : str, optional
        Names of tables, comma-separated, without their `gnss_`; all if left out.
    """
    from gnuradio.sentinel.gnss.evaluation import place as evaluate_place
    from gnuradio.sentinel.gnss.evaluation import run as evaluate

    data = evaluate.data_path(out)
    if quick:
        return _quick(evaluate, data)
    from gnuradio.sentinel.gnss.evaluation.page import write_page

    store, place_store = evaluate.open_store(data), evaluate_place.open_store(evaluate.place_path(out))
    with store, place_store:
        cells, measures = evaluate.plan_run(store, cache or CACHE, scale, final)
        chosen = _chosen(tables, (*measures, f"gnss_{PLACE}"))
        count = sum(not chosen or cell.key["table"] in chosen for cell in cells)
        with progress(count, "evaluate gnss") as tell:
            done = evaluate.run(store, cache or CACHE, scale, final, max_minutes, tell, chosen)
        if not chosen or f"gnss_{PLACE}" in chosen:
            left = None if max_minutes is None else max(0.0, max_minutes - done.seconds / 60)
            with progress(len(evaluate_place.cells(scale)), "evaluate gnss, place") as tell:
                evaluate_place.run_place(place_store, left, scale, tell)
        written = write_page(store, place_store, out)
    print(
        f"{done.computed} cells computed in {done.seconds:.0f} s, {done.done_before} were there, "
        f"{done.left} are left"
    )
    print(f"wrote {written}")
    return 0


def _chosen(tables: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    if not tables:
        return ()
    names = tuple(f"gnss_{name.strip()}" for name in tables.split(","))
    for name in names:
        if name not in known:
            usable = ", ".join(one.removeprefix("gnss_") for one in known)
            raise InputError(f"--tables: {name.removeprefix('gnss_')!r} is unknown; use {usable}")
    return names


def _quick(evaluate, data: Path) -> int:
    if not data.exists():
        raise InputError(f"{data}: there are no results to compare with; run `sentinel evaluate gnss` first")
    with evaluate.open_store(data) as store:
        failures, seconds = evaluate.quick_check(store)
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{'FAILED' if failures else 'ok'}: a tenth of the places measured again in {seconds:.0f} s")
    return 1 if failures else 0
