# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a flowgraph to its end, whatever ends it: the data, a signal, a failure, a block that hangs.

A first Ctrl-C or SIGTERM asks the source to end, so that the graph drains and every window is judged.
After `DRAIN_S` the graph is stopped; if it has not ended `STOP_S` later, the outputs are flushed, the
source is named, and the process ends. A second signal ends the process at once.

A live input may fall silent. That is told, and after the stall timeout the run ends in the same good
order with `EXIT_LOST`. A radio that ends or falls silent is opened again meanwhile, with growing waits, as
a new stream in a flowgraph built anew; the outputs stay open. Network inputs take up again by themselves.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from .block import SafeBlock, drain_all
from .errors import InputError
from .stall_watch import WARN_AFTER_S, StallWatch, back_off_s

log = logging.getLogger("gnuradio.sentinel.core.runner")

#: Seconds a graph may drain, and then stop, before harder means are taken.
DRAIN_S = 2.0
STOP_S = 3.0
#: Seconds a graph whose radio is silent may take to stop, before a new one is built beside it.
ABANDON_S = 0.5

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_LOST = 3
EXIT_INTERRUPTED = 130

#: A flowgraph, its source, and its Python blocks.
Graph = tuple[Any, Any, Sequence[SafeBlock]]


class Runner:
    """One run of one top block, or of several in turn where a radio has to be opened again.

    Parameters
    ----------
    top_block : gr.top_block
    source : object
        Has `request_end()` and `failure()`; if it has a `stream` that is live, the input is watched.
    blocks : sequence of SafeBlock
        In the order of the message flow; drained at the end and watched for failures.
    on_poll : callable, optional
        Called about five times a second while the graph runs.
    flush : callable, optional
        Flushes the outputs when the process must end without the graph.
    stall_timeout_s : float
        Seconds without a sample after which a live source is lost; 0 is never.
    rebuild : callable, optional
        Opens the source again and returns a new graph; raises InputError while it cannot be opened.
    """

    def __init__(
        self,
        top_block: Any,
        source: Any,
        blocks: Sequence[SafeBlock] = (),
        on_poll: Callable[[], None] | None = None,
        flush: Callable[[], None] | None = None,
        stall_timeout_s: float = 0.0,
        rebuild: Callable[[], Graph] | None = None,
    ) -> None:
        self.on_poll = on_poll
        self.flush = flush
        self.stall_timeout_s = stall_timeout_s
        self.rebuild = rebuild
        self.signal: int | None = None
        self.lost = False
        self._asked: float | None = None
        self._wake = threading.Event()
        self._watch_of: StallWatch | None = None
        self._take((top_block, source, blocks))

    def _take(self, graph: Graph) -> None:
        self.top_block, self.source, blocks = graph
        self.blocks = list(blocks)
        self._ended = threading.Event()
        for block in self.blocks:
            block.on_failure = lambda _error: self.end()

    def end(self) -> None:
        """Ask the source to end; from any thread, more than once."""
        if self._asked is None:
            self._asked = time.monotonic()
            self.source.request_end()
        self._wake.set()

    def run(self) -> int:
        """Run to the end and return the exit code. The first failure of a block is raised."""
        previous = {number: signal.signal(number, self._on_signal) for number in _signals()}
        try:
            # Before the start, so that an early signal finds a handler and no graph to stop.
            if self.signal is None:
                self._run_streams()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        self._raise_failures()
        if self.source.failure() and not self.lost:
            raise RuntimeError(self.source.failure())
        return self._code(EXIT_OK)

    def _code(self, otherwise: int) -> int:
        if self.signal == signal.SIGINT:
            return EXIT_INTERRUPTED
        if self.signal == signal.SIGTERM:
            return EXIT_OK
        return EXIT_LOST if self.lost else otherwise

    def _run_streams(self) -> None:
        """One graph after the other, until one of them ends for good."""
        if self._live():
            self._watch_of = StallWatch(self._name(), self.stall_timeout_s)
        attempt = 0
        while True:
            self.top_block.start()
            threading.Thread(target=self._wait, args=(self.top_block, self._ended), daemon=True).start()
            silent = self._watch()
            drain_all(*self.blocks)
            if not (silent or self._broke_off()):
                return
            if self.source.last_data_s() is not None:
                attempt = 0
            self._raise_failures()
            log.warning("%s %s; it is opened again", self._name(), "is silent" if silent else "ended")
            attempt = self._reopen(attempt)
            if self.lost or self._asked is not None:
                return

    def _wait(self, top_block: Any, ended: threading.Event) -> None:
        top_block.wait()
        ended.set()

    def _watch(self) -> bool:
        """Wait for the end of the graph; True if it was left because its radio is silent."""
        stopped = False
        while not self._ended.wait(0.05 if self._asked is None else 0.02):
            if self.on_poll is not None:
                self.on_poll()
            if self._asked is None:
                if self._silent():
                    self._abandon()
                    return True
                continue
            since = time.monotonic() - self._asked
            if since > DRAIN_S and not stopped:
                stopped = True
                threading.Thread(target=self.top_block.stop, daemon=True).start()
            if since > DRAIN_S + STOP_S:
                self._give_up()
        if self.on_poll is not None:
            self.on_poll()
        return False

    def _live(self) -> bool:
        stream = getattr(self.source, "stream", None)
        return stream is not None and stream.live

    def _reopens(self) -> bool:
        return self._live() and self.rebuild is not None and not self.source.stream.reconnects

    def _broke_off(self) -> bool:
        """Whether a radio ended of itself, before its time."""
        return self._asked is None and self._reopens() and not self.source.complete()

    def _silent(self) -> bool:
        """Whether a radio is to be opened again; ends the run if the source is lost."""
        if self._watch_of is None:
            return False
        self._watch_of.look(self.source.last_data_s())
        if self._check_lost():
            self.end()
            return False
        return self._reopens() and self.source.seconds_since_data() > WARN_AFTER_S

    def _check_lost(self) -> bool:
        watch = self._watch_of
        if watch.lost and not self.lost:
            self.lost = True
            log.error(
                "%s is lost: no data for %.0f s; see whether it runs, or wait longer with --stall-timeout",
                watch.name,
                watch.silent_s,
            )
        return self.lost

    def _abandon(self) -> None:
        """Let go of a graph whose radio is silent: it drains, and is kept where its driver hangs."""
        self.source.request_end()
        self._ended.wait(DRAIN_S)
        threading.Thread(target=self.top_block.stop, daemon=True).start()
        if not self._ended.wait(ABANDON_S):
            _keep_for_ever(self.top_block)
            _keep_for_ever(self.source)

    def _reopen(self, attempt: int) -> int:
        """Wait and open the radio, again and again, until there is a graph, or it is lost, or a signal."""
        watch = self._watch_of
        while True:
            self._wake.wait(max(0.0, min(back_off_s(attempt), watch.left_s())))
            attempt += 1
            watch.look(None)
            if self._asked is not None or self._check_lost():
                return attempt
            try:
                graph = self.rebuild()
            except InputError as error:
                log.warning("%s", error)
                continue
            self._take(graph)
            if self._asked is not None:  # a signal came in between and asked the one before
                self.source.request_end()
            return attempt

    def _raise_failures(self) -> None:
        drain_all(*self.blocks)
        for block in self.blocks:
            if block.failure is not None:
                raise block.failure

    def _on_signal(self, number: int, _frame: Any) -> None:
        if self.signal is not None:
            os._exit(128 + number)
        self.signal = number
        self.end()

    def _name(self) -> str:
        spec = getattr(self.source, "spec", None)
        if spec is not None:
            return spec.text
        return getattr(self.source, "name", lambda: type(self.source).__name__)()

    def _give_up(self) -> None:
        log.error("the flowgraph did not end: %s still waits; outputs are flushed", self._name())
        drain_all(*self.blocks)
        if self.flush is not None:
            self.flush()
        os._exit(self._code(EXIT_FAILURE))


def _keep_for_ever(thing: Any) -> None:
    """Keep an object from being destroyed, also at the end of the interpreter.

    The destructor of a flowgraph waits for its threads, and one of these waits for a driver that hangs.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def _signals() -> tuple[int, ...]:
    # Only the main thread may set handlers; a program that runs us elsewhere keeps its own.
    if threading.current_thread() is not threading.main_thread():
        return ()
    return (signal.SIGINT, signal.SIGTERM)
