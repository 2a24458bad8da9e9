# SPDX-License-Identifier: GPL-3.0-or-later
"""A progress bar for people; nothing for files, pipes and services."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_REFRESH_S = 0.2


def _quiet() -> bool:
    stream = sys.stderr
    return stream is None or not stream.isatty() or os.environ.get("TERM", "") in ("", "dumb")


@contextmanager
def progress(total: float | None, text: str, quiet: bool = False) -> Iterator[Callable[[float], None]]:
    """Show a bar on stderr while the block runs, if that is a terminal.

    Parameters
    ----------
    total : float or None
        Amount of work, in any unit; None if unknown.
    text : str
        What is being done.
    quiet : bool
        Show nothing in any case.

    Yields
    ------
    callable
        To be told each amount done. Cheap: the bar is drawn at most five times a second, without a
        thread of its own.
    """
    if quiet or _quiet():
        yield lambda amount: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    # stdout carries results and stays as it is; log lines on stderr appear above the bar.
    bar = Progress(*columns, console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=True)
    with bar:
        task = bar.add_task(text, total=total)
        bar.refresh()
        drawn = time.monotonic()

        def advance(amount: float) -> None:
            nonlocal drawn
            bar.update(task, advance=amount)
            now = time.monotonic()
            if now - drawn >= _REFRESH_S:
                drawn = now
                bar.refresh()

        yield advance
        bar.refresh()
