# SPDX-License-Identifier: GPL-3.0-or-later
"""The decision: one judgement of a detector, whether it found something or not."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

import pmt

from . import utc, values
from .errors import EventError
from .pmt_values import decode, decode_dict, decode_time, encode, encode_dict, encode_time


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a detector's port `decisions` carries.

    Attributes
    ----------
    sample_start, sample_count : int
        Samples judged, on the input's own timeline.
    time : str or None
        UTC of the first of them, ISO 8601 with µs and Z; None when the source has no clock.
    score, threshold : float or None
        The statistic and its threshold; None when not decided.
    noise : float or None
        The detector's noise estimate, in its documented unit.
    filled, lost : int
        Samples of them that were filled in, and that were lost.
    decided : bool
        False when the samples were too few or too damaged to be judged.

    Raises
    ------
    EventError
        If a value breaks the contract.
    """

    sample_start: int
    sample_count: int
    time: str | None
    score: float | None
    threshold: float | None
    noise: float | None
    filled: int = 0
    lost: int = 0
    decided: bool = True

    def __post_init__(self) -> None:
        for key, check in _CHECKS.items():
            value = getattr(self, key)
            if value is not None or key not in _NULLABLE:
                object.__setattr__(self, key, check(key, value))
        if self.decided and (self.score is None or self.threshold is None):
            raise EventError("score and threshold must be given when decided is true")

    def to_pmt(self) -> Any:
        """PMT dict; time as (uint64 seconds, double fraction), as in an event."""
        items = {key: encode(value) for key, value in asdict(self).items() if key != "time"}
        known = self.time is not None
        items["time"] = encode_time(*utc.rx_time_from_text(self.time)) if known else pmt.PMT_NIL
        return encode_dict(items)

    @classmethod
    def from_pmt(cls, message: Any) -> "Decision":
        """The decision of a PMT dict. Raises EventError when it is none."""
        try:
            items = decode_dict(message)
            if items.keys() != _KEYS:
                raise EventError(f"keys {', '.join(sorted(items.keys() ^ _KEYS))} missing or unknown")
            time = items.pop("time")
            text = None if pmt.is_null(time) else utc.text_from_rx_time(*decode_time(time))
            return cls(time=text, **{key: decode(value) for key, value in items.items()})
        except (TypeError, ValueError) as error:
            raise EventError(f"message is not a decision: {error}") from error

    def to_json_line(self) -> str:
        """One JSON object without the newline, in ASCII."""
        return json.dumps(asdict(self), allow_nan=False, separators=(",", ":"))


_KEYS = {item.name for item in fields(Decision)}
_NULLABLE = frozenset(("time", "score", "threshold", "noise"))
_CHECKS = {
    "sample_start": values.integer,
    "sample_count": values.integer,
    "time": values.instant,
    "score": values.real,
    "threshold": values.real,
    "noise": values.real,
    "filled": values.integer,
    "lost": values.integer,
    "decided": values.boolean,
}
