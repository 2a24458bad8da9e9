# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are completed and begun anew by time and size, so that a run may last for years."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..decision import Decision
from ..errors import InputError, OutputError
from ..event import Event
from .base import Sink

_MIB = 1 << 20
#: Ending of a file that is still being written.
PART = ".part"


@dataclass(frozen=True)
class Roll:
    """When a file is complete.

    Parameters
    ----------
    hours : float
        Whole multiples of this since 1970, so that files of several runs begin alike; 0 is never.
    mib : float
        Size, MiB; 0 is any.

    Raises
    ------
    InputError
        If one is below 0 or not finite.
    """

    hours: float = 1.0
    mib: float = 64.0

    def __post_init__(self) -> None:
        for option, value in (("--roll-hours", self.hours), ("--roll-mib", self.mib)):
            if not 0 <= value < float("inf"):
                raise InputError(f"{option} {value:g} must be 0 (never) or more")

    def __bool__(self) -> bool:
        return bool(self.hours or self.mib)

    def ends_at(self, opened_s: float) -> float:
        """UTC at which a file that was begun at `opened_s` is complete, s."""
        if not self.hours:
            return float("inf")
        span_s = 3600.0 * self.hours
        return (opened_s // span_s + 1) * span_s

    def is_full(self, size_bytes: int) -> bool:
        """Whether a file of this size is complete."""
        return bool(self.mib) and size_bytes >= self.mib * _MIB


class RollingSink(Sink):
    """One sink after the other, each with a file of its own.

    `events.jsonl` becomes `events-20260701T120000Z.jsonl`, with the UTC at which it was begun. Until it is
    complete its name ends in `.part`; a run that was killed leaves that behind, and it is never
    overwritten. Files are completed when something arrives, at the latest with the next decision.

    Parameters
    ----------
    path : str or Path
        Name that the names of the files are made from.
    make : callable
        Opens a sink on the path it is given.
    roll : Roll
    clock : callable
        UTC seconds.

    Raises
    ------
    InputError
        If the first file cannot be opened.
    """

    def __init__(
        self,
        path: str | Path,
        make: Callable[[Path], Sink],
        roll: Roll,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__("all")  # the inner sink chooses
        self._path = Path(path)
        self._make = make
        self._roll = roll
        self._clock = clock
        self._sink: Sink | None = None
        # At once: a folder that cannot be written is told before the work, not after.
        self._takes_decisions = self._open().takes_decisions

    def _open(self) -> Sink:
        now = self._clock()
        self._ends_at = self._roll.ends_at(now)
        self._final = self._free_name(now)
        self._part = self._final.with_name(self._final.name + PART)
        self._sink = self._make(self._part)
        return self._sink

    def _free_name(self, now: float) -> Path:
        stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
        number = 1
        while True:
            again = "" if number == 1 else f"-{number}"
            path = self._path.with_name(f"{self._path.stem}-{stamp}{again}{self._path.suffix}")
            if not path.exists() and not path.with_name(path.name + PART).exists():
                return path
            number += 1

    def _current(self) -> Sink:
        """The sink to write to; the one before is completed if it is time."""
        self._complete_if_due()
        return self._sink or self._open()

    def _complete_if_due(self) -> None:
        if self._sink is None:
            return
        if self._clock() >= self._ends_at or self._roll.is_full(self._sink.size_bytes):
            self._complete()

    def _complete(self) -> None:
        sink, self._sink = self._sink, None
        sink.close()
        try:
            os.replace(self._part, self._final)
        except OSError as error:
            raise OutputError(
                f"cannot rename {self._part} to {self._final.name}: {error.strerror}; it is complete as it is"
            ) from error

    def _write(self, event: Event) -> None:
        self._current().write(event)

    def write_decision(self, decision: Decision) -> None:
        """Write a decision, if the sink takes them; a file whose time is over is completed."""
        self._complete_if_due()
        if self._takes_decisions:
            self._current().write_decision(decision)

    def flush(self) -> None:
        """Make the present file complete as it stands; more may follow."""
        if self._sink is not None:
            self._sink.flush()

    def close(self) -> None:
        """Complete the last file."""
        if self._sink is not None:
            self._complete()
