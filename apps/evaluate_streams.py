# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel evaluate streams`: live inputs measured between real processes, sample by sample."""

from __future__ import annotations

import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from gnuradio.sentinel.core.errors import InputError, OutputError
from gnuradio.sentinel.core.progress import progress

from . import evaluate_streams_same as same
from .evaluate_streams_clock import PPM, measure_clock
from .evaluate_streams_junk import measure_junk
from .evaluate_streams_loss import CASES, measure_damage
from .evaluate_streams_page import write_page
from .evaluate_streams_restart import measure_restart
from .evaluate_streams_row import Row
from .evaluate_streams_run import Bench

#: Runs at a time: most of them wait for a sender at the pace of a radio.
AT_ONCE = 3


@dataclass(frozen=True)
class Task:
    """One row to measure; those of `quick` are a tenth."""

    name: str
    measure: Callable[[Bench], Row]
    quick: bool = False


def tasks() -> list[Task]:
    """All rows, in the order of the page."""
    found = [
        Task(
            f"same {case.kind} {case.name}",
            lambda bench, case=case: same.measure_same(bench, case),
            case.packet == 1024,
        )
        for case in same.CASES
    ]
    for kind in ("zmqiq", "udp"):
        found += [
            Task(
                f"{kind} {case.name}",
                lambda bench, case=case, kind=kind: measure_damage(bench, case, kind),
                case.name == "loss 1 %",
            )
            for case in CASES
        ]
        found.append(Task(f"{kind} restart", lambda bench, kind=kind: measure_restart(bench, kind)))
    for kind in ("zmqiq", "udp"):
        found += [
            Task(
                f"{kind} clock {ppm:+g} ppm",
                lambda bench, kind=kind, ppm=ppm: measure_clock(bench, kind, ppm),
                kind == "zmqiq" and ppm == PPM[1],
            )
            for ppm in PPM
        ]
    for kind in ("zmqiq", "udp"):
        found.append(Task(f"{kind} junk", lambda bench, kind=kind: measure_junk(bench, kind)))
    return found


def run(quick: bool, out: str | Path, at_once: int = AT_ONCE) -> int:
    """Measure all rows and write the page, or a tenth of them and write nothing; return the exit code.

    Raises
    ------
    InputError
        The page cannot be written.
    """
    out = Path(out)
    if not quick and not out.parent.is_dir():
        raise InputError(f"--out {out}: no such folder")
    began = time.monotonic()
    wanted = [task for task in tasks() if task.quick or not quick]
    with progress(len(wanted), "evaluate streams") as tell:
        rows = list(_measured(wanted, at_once, tell))
    seconds = time.monotonic() - began
    failures = [f"{row.kind} {row.name}: {what}" for row in rows for what in row.failures]
    for failure in failures:
        print(failure, file=sys.stderr)
    if not quick:
        write_page(rows, out, conditions(seconds, at_once))
        print(f"wrote {out}")
    verdict = "FAILED" if failures else "ok"
    print(f"{verdict}: {len(rows)} rows in {seconds:.0f} s, {len(failures)} claims failed")
    return 1 if failures else 0


def _measured(wanted: Iterable[Task], at_once: int, tell: Callable[[int], None]) -> Iterable[Row]:
    with ThreadPoolExecutor(at_once) as pool:
        for row in pool.map(measured, wanted):
            tell(1)
            yield row


def measured(task: Task) -> Row:
    """One row, with its time; one whose processes failed is a row that says so."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sentinel-streams-") as folder, Bench(Path(folder)) as bench:
        try:
            row = task.measure(bench)
        except (OutputError, OSError) as error:
            row = Row("failed", task.name, "", failures=[str(error).replace("\n", " ")])
    row.seconds = time.monotonic() - began
    return row


def conditions(seconds: float, at_once: int) -> str:
    """How the figures came about."""
    return (
        f"Command: `sentinel evaluate streams`, {seconds:.0f} s, {at_once} rows at a time. "
        f"Python {platform.python_version()}, {platform.system()} on {platform.machine()}. Sender and "
        "receiver are processes of their own, `sentinel simulate pulse` and `sentinel pulse`, on loopback "
        "ports.\n"
    )
