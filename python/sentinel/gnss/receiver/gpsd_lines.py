# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of gpsd out of a stream of bytes: lines of JSON, bounded, with what is no message counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

#: Longest line taken. gpsd itself keeps below 10 KiB; a longer one is skipped up to its end.
MAX_LINE_BYTES = 1 << 16


class LineReader:
    """Messages from pieces of bytes in which they come.

    Attributes
    ----------
    messages, garbage, oversized : int
        Lines that were messages; that were not; and that were too long.
    last_garbage : str
        The begin of the last line that was none, for a person to see what is sent there.
    """

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._limit = max_line_bytes
        self._left = b""
        self._skipping = False
        self.messages = 0
        self.garbage = 0
        self.oversized = 0
        self.last_garbage = ""

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The messages that are complete with these bytes."""
        *lines, rest = (self._left + data).split(b"\n")
        self._left = b""
        for line in lines:
            if self._skipping or len(line) > self._limit:
                self.oversized += not self._skipping
                self._skipping = False
                continue
            message = self._read(line)
            if message is not None:
                yield message
        if self._skipping or len(rest) > self._limit:
            self.oversized += not self._skipping
            self._skipping = True
        else:
            self._left = rest

    def restart(self) -> None:
        """Forget a line that was cut off."""
        self._left = b""
        self._skipping = False

    def _read(self, line: bytes) -> dict[str, Any] | None:
        # gpspipe -t puts a time before each message.
        begin = line.find(b"{")
        text = line[begin:] if begin >= 0 else line
        if not line.strip():
            return None
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):  # also what is no UTF-8
            message = None
        if isinstance(message, dict) and isinstance(message.get("class"), str):
            self.messages += 1
            return message
        self.garbage += 1
        self.last_garbage = line[:60].decode("ascii", "backslashreplace")
        return None
