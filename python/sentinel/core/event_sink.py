# SPDX-License-Identifier: GPL-3.0-or-later
"""The block Event Sink: events and decisions of a flowgraph into files, sockets and the console."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from gnuradio import gr

from .block import SafeBlock, guarded
from .decision import Decision
from .event_pmt import from_pmt
from .sinks import Roll, Sink, make_sink


class EventSink(SafeBlock, gr.basic_block):
    """Writes what arrives at the message ports `events` and `decisions`.

    Outputs are complete whenever the flowgraph has stopped, also without `close`. A program that goes on
    afterwards calls `close` (or leaves a `with` block), which also takes messages that arrived late.

    Parameters
    ----------
    sinks : str, or sequence of str or Sink
        What to write, see `sinks.FORMS`: "console", "jsonl:events.jsonl", "csv:events.csv",
        "sigmf:x.sigmf-meta", "zmq:tcp://127.0.0.1:5556", "decisions:decisions.jsonl".
    revisions : str
        `closed` writes each event once, when it is closed (recordings); `all` writes every revision (live).
    recording : str or Path, optional
        SigMF metadata of the recording being read, for "sigmf:"; "" stands for none.
    roll : Roll, optional
        Complete files and begin new ones by time and size, as fits live input.

    Raises
    ------
    InputError
        If a string names no sink, or its output cannot be opened.
    """

    def __init__(
        self,
        sinks: str | Sequence[str | Sink] = ("console",),
        revisions: str = "closed",
        recording: str | Path | None = None,
        roll: Roll | None = None,
    ) -> None:
        gr.basic_block.__init__(self, "event_sink", None, None)
        with ExitStack() as opened:
            self._sinks = [
                opened.enter_context(
                    sink if isinstance(sink, Sink) else make_sink(sink, revisions, recording or None, roll)
                )
                for sink in ([sinks] if isinstance(sinks, str) else sinks)
            ]
            self._open = opened.pop_all()
        #: How many events (revisions included) and decisions arrived.
        self.event_count = 0
        self.decision_count = 0
        self.register_handler("events", self.handle_event)
        self.register_handler("decisions", self.handle_decision)

    @guarded
    def handle_event(self, message: Any) -> None:
        """Write one event. A message that is none is a failure: something is wired wrongly."""
        event = from_pmt(message)
        self.event_count += 1
        for sink in self._sinks:
            sink.write(event)

    @guarded
    def handle_decision(self, message: Any) -> None:
        """Write one decision."""
        decision = Decision.from_pmt(message)
        self.decision_count += 1
        for sink in self._sinks:
            sink.write_decision(decision)

    def finish(self) -> None:
        """Complete the outputs as they stand."""
        # Also after a failure: what the other outputs hold by then is worth keeping.
        for sink in self._sinks:
            try:
                sink.flush()
            except OSError as error:
                self.fail(error)

    def close(self) -> None:
        """Write what is left and release the outputs, after the flowgraph ended. Raises OutputError."""
        self.drain()
        self._sinks = []
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
