# SPDX-License-Identifier: GPL-3.0-or-later
"""Events, or decisions, as JSON lines."""

from pathlib import Path
from typing import TextIO

from ..decision import Decision
from ..event import Event
from ..event_json import to_json_line
from .base import Sink
from .lines import LineWriter


class JsonLinesSink(Sink):
    """One event per line, to a file, to "-" (standard output) or to an open text stream."""

    def __init__(self, target: str | Path | TextIO, revisions: str = "closed") -> None:
        super().__init__(revisions)
        self._lines = LineWriter(target)

    def _write(self, event: Event) -> None:
        self._lines.write(to_json_line(event) + "\n")

    @property
    def size_bytes(self) -> int:
        return self._lines.size_bytes

    def close(self) -> None:
        self._lines.close()


class DecisionLinesSink(Sink):
    """One decision per line, and no events."""

    takes_decisions = True

    def __init__(self, target: str | Path | TextIO, revisions: str = "closed") -> None:
        super().__init__(revisions)
        self._lines = LineWriter(target, "decisions")

    def _write(self, event: Event) -> None:
        pass

    def write_decision(self, decision: Decision) -> None:
        self._lines.write(decision.to_json_line() + "\n")

    @property
    def size_bytes(self) -> int:
        return self._lines.size_bytes

    def close(self) -> None:
        self._lines.close()
