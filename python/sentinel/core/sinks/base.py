# SPDX-License-Identifier: GPL-3.0-or-later
"""What every sink of events can do."""

from abc import ABC, abstractmethod
from typing import Self

from ..decision import Decision
from ..errors import InputError
from ..event import Event

REVISIONS = ("closed", "all")


class Sink(ABC):
    """Takes events, and decisions where it has a use for them, until it is closed.

    Parameters
    ----------
    revisions : str
        `closed` writes each event once, when it is closed, as fits a recording; `all` writes every
        revision, as fits live input.

    Raises
    ------
    InputError
        If an output cannot be opened, or a setting is unknown.
    """

    #: Whether `write_decision` writes.
    takes_decisions = False

    def __init__(self, revisions: str = "closed") -> None:
        if revisions not in REVISIONS:
            raise InputError(f"revisions {revisions!r} is unknown; use {' or '.join(REVISIONS)}")
        self._all = revisions == "all"

    def write(self, event: Event) -> None:
        """Write one event, unless it is a revision this sink leaves out.

        Raises
        ------
        OutputError
            If the output fails (disk full).
        BrokenPipeError
            If standard output was closed by its reader; see `lines.silence_stdout`.
        """
        if self._all or event.state == "closed":
            self._write(event)

    @abstractmethod
    def _write(self, event: Event) -> None:
        """Write one event."""

    def write_decision(self, decision: Decision) -> None:  # noqa: B027 (most sinks leave decisions out)
        """Write one decision, where the sink has a use for it."""

    @property
    def size_bytes(self) -> int:
        """Size of the output so far, or about what it will be; 0 where it has none."""
        return 0

    def flush(self) -> None:  # noqa: B027 (only a sink that gathers has something to do)
        """Make the output complete as it stands; more may follow."""

    @abstractmethod
    def close(self) -> None:
        """Complete and release the output; a second call does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
