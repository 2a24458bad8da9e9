# SPDX-License-Identifier: GPL-3.0-or-later
"""Log lines on stderr: UTC, level, room, text; what repeats is limited and counted.

Modules log to `logging.getLogger("gnuradio.sentinel.ROOM...")`, which is what `__name__` gives. Nothing is
set up on import: a program that embeds the blocks keeps its own logging, a command calls `configure`.
"""

import argparse
import atexit
import json
import logging
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

ROOT = "gnuradio.sentinel"
LEVELS = ("debug", "info", "warning", "error")
MAX_KINDS = 512


def room_of(logger_name: str) -> str:
    """Return the room of a logger, "sentinel" for the package itself."""
    parts = logger_name.removeprefix(ROOT).strip(".").split(".")
    return parts[0] or "sentinel"


def utc_text(seconds: float) -> str:
    """Return a time as ISO 8601 UTC with milliseconds and Z, whatever zone and locale are set."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def one_line(text: str) -> str:
    """Return text with control characters escaped: names and packets from outside must not forge lines."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class TextFormatter(logging.Formatter):
    """`2026-07-01T12:00:00.000Z WARNING pulse: text`, and the traceback below if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        place = f"{utc_text(record.created)} {record.levelname} {room_of(record.name)}"
        text = one_line(record.getMessage()) + repeats_text(record)
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return f"{place}: {text}{trace}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line, ASCII only, with keys time, level, room, text, repeats and trace."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        entry = {
            "time": utc_text(record.created),
            "level": record.levelname.lower(),
            "room": room_of(record.name),
            "text": record.getMessage(),
        }
        if getattr(record, "repeats", 0):
            entry["repeats"] = record.repeats
        if record.exc_info:
            entry["trace"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def repeats_text(record: logging.LogRecord) -> str:
    """Return the note on lines like this one that were held back before it."""
    count = getattr(record, "repeats", 0)
    return f" (and {count} more like it held back)" if count else ""


class RepeatLimit(logging.Filter):
    """Lets the first lines of a kind through, then one a minute that says how many were held back.

    A kind is logger, level and message before its arguments are filled in, so that a line with a count in
    it is limited too. Memory is bounded: of more kinds than `MAX_KINDS` the longest unused are forgotten.

    Parameters
    ----------
    burst : int
        Lines of a kind let through in each period.
    period_s : float
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, burst: int = 5, period_s: float = 60.0, clock: Callable[[], float] = time.monotonic):
        super().__init__()
        self._burst = burst
        self._period_s = period_s
        self._clock = clock
        self._lock = threading.Lock()
        # Kind -> [start of its period, lines in it, lines held back, last record held back].
        self._kinds: OrderedDict[tuple, list] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record passes; sets its `repeats`."""
        if getattr(record, "is_summary", False):
            return True
        kind = (record.name, record.levelno, str(record.msg))
        now = self._clock()
        with self._lock:
            state = self._kinds.setdefault(kind, [now, 0, 0, None])
            self._kinds.move_to_end(kind)
            while len(self._kinds) > MAX_KINDS:
                self._kinds.popitem(last=False)
            held = 0
            if now - state[0] >= self._period_s:
                held = state[2]
                # After a period with lines held back one line is enough to show that it goes on.
                state[:] = [now, self._burst - 1 if held else 0, 0, None]
            if state[1] >= self._burst:
                state[2] += 1
                state[3] = record
                return False
            state[1] += 1
            record.repeats = held
        return True

    def held_back(self) -> list[logging.LogRecord]:
        """Return one record for each kind that still has lines held back, and forget them."""
        records = []
        with self._lock:
            for state in self._kinds.values():
                if state[2]:
                    record = logging.makeLogRecord(state[3].__dict__)
                    record.repeats = state[2] - 1
                    record.is_summary = True
                    state[2], state[3] = 0, None
                    records.append(record)
        return records


class StderrHandler(logging.StreamHandler):
    """Writes to what `sys.stderr` is at that moment, which a progress bar may have replaced."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.limit = RepeatLimit()
        self.addFilter(self.limit)

    @property
    def stream(self):
        """The current standard error."""
        return sys.stderr

    def flush(self) -> None:
        """Flush standard error, if there still is one."""
        stream = self.stream
        if stream is not None and not stream.closed:
            super().flush()

    def finish(self) -> None:
        """Write what was held back."""
        for record in self.limit.held_back():
            self.handle(record)


def configure(level: str = "info", json_lines: bool = False) -> StderrHandler:
    """Send the project's log lines to stderr; a second call replaces the first.

    Parameters
    ----------
    level : {"debug", "info", "warning", "error"}
    json_lines : bool
        One JSON object a line.

    Raises
    ------
    ValueError
        No such level.
    """
    if level not in LEVELS:
        raise ValueError(f"log level {level!r}; choose one of {', '.join(LEVELS)}")
    root = logging.getLogger(ROOT)
    for old in [handler for handler in root.handlers if isinstance(handler, StderrHandler)]:
        root.removeHandler(old)
        atexit.unregister(old.finish)
        old.finish()
    handler = StderrHandler()
    handler.setFormatter(JsonFormatter() if json_lines else TextFormatter())
    root.addHandler(handler)
    root.setLevel(level.upper())
    root.propagate = False
    atexit.register(handler.finish)
    return handler


def add_log_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare --log-level and --log-json."""
    parser.add_argument("--log-level", choices=LEVELS, default="info", help="least level shown on stderr")
    parser.add_argument("--log-json", action="store_true", help="log lines as JSON objects")
