# SPDX-License-Identifier: GPL-3.0-or-later
"""What events say of the input they were found in, and the tag that carries it through a flowgraph."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .errors import EventError
from .event_rules import ACCOUNTINGS
from .pmt_values import decode, encode

#: What a source may say of clipping; the word becomes a flag of the events.
CLIPPINGS = ("", "clipped", "clipping_unknown")


@dataclass(frozen=True)
class Stream:
    """An uninterrupted input.

    Attributes
    ----------
    stream_id : str
        One per uninterrupted input; part of the identity of every event.
    source : str
        Station or name of the input.
    accounting : str
        How well a loss of samples is known, one of `ACCOUNTINGS`.
    clipping : str
        Flag for events: `clipped`, `clipping_unknown`, or nothing.

    Raises
    ------
    EventError
        If a value is none of these.
    """

    stream_id: str
    source: str
    accounting: str
    clipping: str = ""

    def __post_init__(self) -> None:
        if not self.stream_id:
            raise EventError("stream_id is empty; events could not be told apart")
        for name, value, known in (
            ("accounting", self.accounting, ACCOUNTINGS),
            ("clipping", self.clipping, CLIPPINGS),
        ):
            if value not in known:
                raise EventError(f"{name} {value!r} is none of {', '.join(map(repr, known))}")

    def to_pmt(self) -> Any:
        """Value of the tag `sentinel_stream`: a dict of four strings."""
        return encode(asdict(self))

    @classmethod
    def from_pmt(cls, value: Any) -> Stream:
        """The stream that a tag names. Raises EventError when it is no such dict."""
        try:
            return cls(**decode(value))
        except TypeError as error:
            raise EventError(f"tag sentinel_stream does not name a stream: {error}") from error
