# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a run, for --report FILE."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from .files import write_atomic

SCHEMA = 1
ACCOUNTING = ("exact", "timestamps", "sequence", "clock", "none")
#: What `live` may hold, as far as the input has it: counts, the standard deviation of the time stamps, and
#: how far the sender's sample rate is from the stated one.
LIVE_COUNTS = (
    "samples_received",
    "samples_filled",
    "samples_cut",
    "samples_lost",
    "samples_late",
    "samples_duplicate",
    "packets_received",
    "packets_late",
    "packets_duplicate",
    "packets_reordered",
    "packets_malformed",
    "kernel_drops",
    "samples_nonfinite",
    "samples_inexact",
    "clock_steps",
    "restarts",
    "rate_changes",
    "reconnects",
    "jitter_s",
    "rate_ppm",
)


def live_counts(summary: Mapping[str, Any]) -> dict[str, int | float]:
    """Those of `LIVE_COUNTS` that the summary of a source holds."""
    return {name: summary[name] for name in LIVE_COUNTS if summary.get(name) is not None}


@dataclass
class RunReport:
    """What a run read, decided and lost. Counted while it runs, written once at its end.

    Parameters
    ----------
    detector, source : str
        Room, and the input as the user named it.
    accounting : {"exact", "timestamps", "sequence", "clock", "none"}
        How well losses can be known.
    samples_read : int
        Input samples received.
    signal_s, work_s : float
        Seconds of signal in them, and seconds the run took.
    decisions, events : int
        Decisions made, events found.
    gaps_filled, gaps_cut : int
        Gaps bridged, and gaps that started a new segment.
    samples_lost, samples_unjudged : int
        Input samples that never arrived, and that arrived but were too few for a decision.
    clipped_share : float or None
        Share of samples at the end of the converter's range; None if the native type is unknown.
    false_alarms_per_hour : float or None
        Stated rate of the whole run; None if nothing was calibrated.
    live : dict or None
        What the source of a live input counted, see `LIVE_COUNTS`; None for recordings.
    """

    detector: str
    source: str
    accounting: str
    samples_read: int = 0
    signal_s: float = 0.0
    work_s: float = 0.0
    decisions: int = 0
    events: int = 0
    gaps_filled: int = 0
    gaps_cut: int = 0
    samples_lost: int = 0
    samples_unjudged: int = 0
    clipped_share: float | None = None
    false_alarms_per_hour: float | None = None
    live: dict[str, int | float] | None = None

    @property
    def real_time_factor(self) -> float | None:
        """Seconds of signal per second of work; None if no time passed."""
        return self.signal_s / self.work_s if self.work_s > 0 else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON.

        Raises
        ------
        ValueError
            A count is negative or no whole number, a share outside 0 .. 1, an unknown accounting.
        """
        if self.accounting not in ACCOUNTING:
            raise ValueError(f"accounting is {self.accounting!r}; it must be one of {', '.join(ACCOUNTING)}")
        values = {"schema": SCHEMA, **asdict(self), "real_time_factor": self.real_time_factor}
        for field in fields(self)[3:-1]:
            value = values[field.name]
            if hasattr(value, "item"):
                values[field.name] = value = value.item()  # NumPy scalars
            if field.type is int and (type(value) is not int or value < 0):
                raise ValueError(f"{field.name} of a report is {value!r}; it must be a count")
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{field.name} of a report is {value!r}; it must be finite, not negative")
        if self.clipped_share is not None and self.clipped_share > 1:
            raise ValueError(f"clipped_share of a report is {self.clipped_share}; it must lie in 0 .. 1")
        return values

    def write(self, path: str | os.PathLike) -> None:
        """Write the report as JSON; a reader sees all of it or the file that was there before.

        Raises
        ------
        OSError
            The folder cannot be written.
        """
        write_atomic(path, json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n")
