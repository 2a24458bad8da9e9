# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver's states beside a recording: a log of gpsd's messages, as `gpspipe -w` writes it."""

from __future__ import annotations

import itertools
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...core.errors import InputError
from .gpsd_lines import LineReader
from .receiver_data import ReceiverState
from .receiver_epochs import EpochAssembler, StateHistory

log = logging.getLogger("gnuradio.sentinel.gnss.gpsd")

_PIECE_BYTES = 1 << 20


class ReceiverLog:
    """States read from a log; has the reading side of `GpsdClient`.

    Attributes
    ----------
    states : tuple of ReceiverState
        One per epoch, in the order of the log, each with a time.
    garbage : int
        Lines that were no messages.
    """

    def __init__(self, states: tuple[ReceiverState, ...], garbage: int = 0) -> None:
        self.states = states
        self.garbage = garbage
        self._history = StateHistory(limit=None)
        for state in states:
            self._history.put(state, True)

    def state_at(self, time_s: float, length_s: float = 1.0) -> ReceiverState | None:
        """The state that belongs to the snapshot that begins at this POSIX time; see `StateHistory`."""
        return self._history.state_at(time_s, length_s)


def read_gpsd_log(path: str | Path, device: str | None = None) -> ReceiverLog:
    """Read a log of gpsd's messages, one JSON object a line.

    Epochs without a time (a receiver that has lost it) get one between those of their neighbours, or a
    second apart at the log's ends. What is no message is counted and skipped.

    Parameters
    ----------
    device : str, optional
        Receiver to read; otherwise the first that reports.

    Raises
    ------
    InputError
        If the file cannot be read, or no message in it has a time.
    """
    reader = LineReader()
    assembler: EpochAssembler | None = None
    states: list[ReceiverState] = []
    try:
        with Path(path).open("rb") as stream:
            pieces = itertools.chain(iter(lambda: stream.read(_PIECE_BYTES), b""), [b"\n"])
            for message in itertools.chain.from_iterable(map(reader.feed, pieces)):
                name = message.get("device", device)
                if assembler is None and message["class"] in ("TPV", "SKY") and device in (None, name):
                    device = name if isinstance(name, str) else None
                    assembler = EpochAssembler(device)
                if assembler is None or name != device:
                    continue
                told = assembler.add(message)
                if told is not None:
                    states[len(states) - (not told[1]) :] = [told[0]]
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; check the name of the log") from None
    if not any(state.time_s is not None for state in states):
        raise InputError(
            f"{path}: holds no report with a time ({reader.messages} messages, {reader.garbage} other "
            "lines); record it with gpspipe -w"
        )
    if reader.garbage or reader.oversized:
        log.warning("%s: %d lines are no messages of gpsd", path, reader.garbage + reader.oversized)
    return ReceiverLog(_timed(states), reader.garbage)


def _timed(states: list[ReceiverState]) -> tuple[ReceiverState, ...]:
    place = np.arange(len(states))
    times = np.array([np.nan if state.time_s is None else state.time_s for state in states])
    known = ~np.isnan(times)
    filled = np.interp(place, place[known], times[known])
    first, last = place[known][[0, -1]]
    filled[:first] = times[first] - (first - place[:first])
    filled[last + 1 :] = times[last] + (place[last + 1 :] - last)
    return tuple(replace(state, time_s=float(time_s)) for state, time_s in zip(states, filled, strict=True))
