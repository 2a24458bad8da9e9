# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a flowgraph to its end, whatever ends it: the data, a signal, a failure, a block that hangs.

A first Ctrl-C or SIGTERM asks the source to end, so that the graph drains and every window is judged.
After `DRAIN_S` the graph is stopped; if it has not ended `STOP_S` later, the outputs are flushed, the
source is named, and the process ends. A second signal ends the process at once.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from .block import SafeBlock, drain_all

log = logging.getLogger("gnuradio.sentinel.core.runner")

#: Seconds a graph may drain, and then stop, before harder means are taken.
DRAIN_S = 2.0
STOP_S = 3.0

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_INTERRUPTED = 130


class Runner:
    """One run of one top block.

    Parameters
    ----------
    top_block : gr.top_block
    source : object
        Has `request_end()` and `failure()`.
    blocks : sequence of SafeBlock
        In the order of the message flow; drained at the end and watched for failures.
    on_poll : callable, optional
        Called about five times a second while the graph runs.
    flush : callable, optional
        Flushes the outputs when the process must end without the graph.
    """

    def __init__(
        self,
        top_block: Any,
        source: Any,
        blocks: Sequence[SafeBlock] = (),
        on_poll: Callable[[], None] | None = None,
        flush: Callable[[], None] | None = None,
    ) -> None:
        self.top_block = top_block
        self.source = source
        self.blocks = list(blocks)
        self.on_poll = on_poll
        self.flush = flush
        self.signal: int | None = None
        self._ended = threading.Event()
        self._asked: float | None = None
        for block in self.blocks:
            block.on_failure = lambda _error: self.end()

    def end(self) -> None:
        """Ask the source to end; from any thread, more than once."""
        if self._asked is None:
            self._asked = time.monotonic()
            self.source.request_end()

    def run(self) -> int:
        """Run to the end and return the exit code. The first failure of a block is raised."""
        previous = {number: signal.signal(number, self._on_signal) for number in _signals()}
        try:
            # Before the start, so that an early signal finds a handler and no graph to stop.
            if self.signal is None:
                self.top_block.start()
                threading.Thread(target=self._wait, name="flowgraph-wait", daemon=True).start()
                self._watch()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        drain_all(*self.blocks)
        for block in self.blocks:
            if block.failure is not None:
                raise block.failure
        if self.source.failure():
            raise RuntimeError(self.source.failure())
        return EXIT_INTERRUPTED if self.signal == signal.SIGINT else EXIT_OK

    def _wait(self) -> None:
        self.top_block.wait()
        self._ended.set()

    def _watch(self) -> None:
        stopped = False
        while not self._ended.wait(0.05 if self._asked is None else 0.02):
            if self.on_poll is not None:
                self.on_poll()
            if self._asked is None:
                continue
            since = time.monotonic() - self._asked
            if since > DRAIN_S and not stopped:
                stopped = True
                threading.Thread(target=self.top_block.stop, daemon=True).start()
            if since > DRAIN_S + STOP_S:
                self._give_up()
        if self.on_poll is not None:
            self.on_poll()

    def _on_signal(self, number: int, _frame: Any) -> None:
        if self.signal is not None:
            os._exit(128 + number)
        self.signal = number
        self.end()

    def _give_up(self) -> None:
        name = getattr(self.source, "name", lambda: type(self.source).__name__)()
        log.error("the flowgraph did not end: %s still waits; outputs are flushed", name)
        drain_all(*self.blocks)
        if self.flush is not None:
            self.flush()
        os._exit({signal.SIGINT: EXIT_INTERRUPTED, signal.SIGTERM: EXIT_OK}.get(self.signal, EXIT_FAILURE))


def _signals() -> tuple[int, ...]:
    # Only the main thread may set handlers; a program that runs us elsewhere keeps its own.
    if threading.current_thread() is not threading.main_thread():
        return ()
    return (signal.SIGINT, signal.SIGTERM)
