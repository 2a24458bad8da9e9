# SPDX-License-Identifier: GPL-3.0-or-later
"""What a desk shows of a running flowgraph, without any window: the last events, and counts."""

from __future__ import annotations

import threading
from collections import OrderedDict

from .errors import InputError
from .event import Event
from .gap_reader import Gap

#: Column heads of `cells`.
HEADS = ("Time (UTC)", "Label", "Frequency", "SNR (dB)", "Score", "Threshold", "Flags")

_CUTS = ("cut", "clock_step", "restart")


class DeskBoard:
    """The last events of a run and how it goes; written by one thread, read by another.

    Parameters
    ----------
    rows : int
        Events that are kept; an older one leaves as a newer one comes.

    Raises
    ------
    InputError
        If it is not a whole number from 1 to 10000.
    """

    def __init__(self, rows: int = 200) -> None:
        if isinstance(rows, bool) or not isinstance(rows, int) or not 1 <= rows <= 10_000:
            raise InputError(f"rows {rows!r} must be a whole number from 1 to 10000")
        self._rows = rows
        self._events: OrderedDict[str, Event] = OrderedDict()
        self._lock = threading.Lock()
        self._last_gap = ""
        #: Grows with each change, so that a reader sees whether there is anything new.
        self.version = 0
        self.event_count = 0
        self.decision_count = 0
        self.filled = 0
        self.cut = 0
        self.samples_missing = 0

    def add_event(self, event: Event) -> None:
        """Take an event; a further revision of one that is still kept takes its place."""
        with self._lock:
            if event.id not in self._events:
                self.event_count += 1
            self._events[event.id] = event
            while len(self._events) > self._rows:
                self._events.popitem(last=False)
            self.version += 1

    def add_decision(self) -> None:
        """Count a judgement."""
        with self._lock:
            self.decision_count += 1
            self.version += 1

    def add_gap(self, gap: Gap) -> None:
        """Count what a gap guard tells of; packets that were only late or out of order are not gaps."""
        with self._lock:
            if gap.kind == "fill":
                self.filled += 1
            elif gap.kind in _CUTS:
                self.cut += 1
            elif gap.kind != "clock_deficit":
                return
            self.samples_missing += gap.samples
            self._last_gap = f"{_GAP_WORDS[gap.kind]} {gap.seconds * 1e3:.1f} ms"
            self.version += 1

    def events(self) -> list[Event]:
        """The events that are kept, newest first."""
        with self._lock:
            return list(reversed(self._events.values()))

    def status(self) -> str:
        """One line: decisions, events, gaps."""
        with self._lock:
            line = f"{self.decision_count} decisions, {self.event_count} events. Gaps: "
            if not self._last_gap:
                return f"{line}none"
            return (
                f"{line}{self.filled} filled, {self.cut} cut, {self.samples_missing} samples missing; "
                f"last: {self._last_gap}"
            )


_GAP_WORDS = {
    "fill": "filled",
    "cut": "cut",
    "clock_step": "step of the sender's clock",
    "restart": "sender restarted, step",
    "clock_deficit": "lost by the clock",
}


def cells(event: Event) -> tuple[str, ...]:
    """The texts of one row, in the order of `HEADS`.

    Without a clock the time is the place in the input; without a centre the frequency is an offset.
    """
    place = f"{event.sample_start / event.sample_rate:.1f} s"
    time = place if event.time is None else event.time[11:21]  # to tenths of a second
    frequency = f"{event.offset_hz:+.1f} Hz" if event.freq_hz is None else f"{event.freq_hz / 1e6:.6f} MHz"
    snr = "" if event.snr_db is None else f"{event.snr_db:.1f}"
    return (
        time,
        event.label,
        frequency,
        snr,
        f"{event.score:.1f}",
        f"{event.threshold:.1f}",
        ", ".join(flag for flag in event.flags if flag != "clipping_unknown"),
    )
