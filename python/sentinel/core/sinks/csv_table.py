# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as a CSV table."""

import csv
import io
from pathlib import Path
from typing import TextIO

from ..event import Event
from ..event_row import COLUMNS, to_row
from .base import Sink
from .lines import LineWriter


class CsvSink(Sink):
    """One event per row under a header of the contract's keys, in UTF-8 as RFC 4180 has it.

    Flags, model and details are JSON text; None is an empty field; numbers round-trip exactly and have a
    decimal point under every locale.
    """

    def __init__(self, target: str | Path | TextIO, revisions: str = "closed") -> None:
        super().__init__(revisions)
        self._lines = LineWriter(target)
        # CR LF makes the csv module quote a lone CR too, which its reader would take for a line's end.
        self._buffer = io.StringIO(newline="")
        self._table = csv.DictWriter(self._buffer, fieldnames=list(COLUMNS), lineterminator="\r\n")
        self._table.writeheader()
        self._pass_on()

    def _write(self, event: Event) -> None:
        self._table.writerow(to_row(event))
        self._pass_on()

    def _pass_on(self) -> None:
        text = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        self._lines.write(text)

    @property
    def size_bytes(self) -> int:
        return self._lines.size_bytes

    def close(self) -> None:
        self._lines.close()
