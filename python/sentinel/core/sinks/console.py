# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as lines for people."""

import sys
from collections.abc import Callable
from typing import TextIO

from ..event import Event
from ..units import format_frequency
from .base import Sink
from .lines import LineWriter


def format_event(event: Event) -> str:
    """One line: when (or the sample index without a clock), who, what, where in the band, how sure."""
    when = event.time or f"sample {event.sample_start}"
    centre = event.offset_hz if event.freq_hz is None else event.freq_hz
    parts = [
        when,
        event.detector,
        event.label,
        "" if event.state == "closed" else event.state,
        format_frequency(centre),
        f"{event.duration_s:.6g} s",
        f"score {event.score:.4g} > {event.threshold:.4g}",
        "" if event.snr_db is None else f"SNR {event.snr_db:.1f} dB",
        ",".join(event.flags),
    ]
    return "  ".join(part for part in parts if part)


class ConsoleSink(Sink):
    """One line per event on a text stream, by default standard output.

    Characters the terminal cannot show are escaped. `line` makes the text, so that a detector can print
    its published format.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        revisions: str = "closed",
        line: Callable[[Event], str] = format_event,
    ) -> None:
        super().__init__(revisions)
        self._lines = LineWriter(sys.stdout if stream is None else stream)
        self._line = line

    def _write(self, event: Event) -> None:
        self._lines.write(self._line(event) + "\n")

    def close(self) -> None:
        self._lines.close()
