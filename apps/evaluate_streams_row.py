# SPDX-License-Identifier: GPL-3.0-or-later
"""A row of the page: counts of sender and receiver, and what was wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Row:
    """What came of one run.

    `made` is all that the sender made between the first and the last sample it sent; `difference` is made
    - received - filled - cut - lost. `failures` are the claims that did not hold, empty if all is well.
    """

    table: str
    name: str
    kind: str
    made: int = 0
    received: int = 0
    filled: int = 0
    cut: int = 0
    lost: int = 0
    late: int = 0
    duplicate: int = 0
    gaps_made: int = 0
    gaps_told: int = 0
    found: str = ""
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def difference(self) -> int:
        """Samples that nobody accounts for."""
        return self.made - self.received - self.filled - self.cut - self.lost

    @property
    def ok(self) -> bool:
        """Whether all claims held."""
        return not self.failures

    def count(self, live: Mapping[str, Any], report: Mapping[str, Any]) -> None:
        """Take over what the receiver counted."""
        self.received = live["samples_received"]
        self.filled = live["samples_filled"]
        self.cut = live["samples_cut"]
        self.lost = live["samples_lost"]
        self.late = live["samples_late"]
        self.duplicate = live["samples_duplicate"]
        self.gaps_told = report["gaps_filled"] + report["gaps_cut"]

    def claim(self, holds: bool, what: str) -> None:
        """Note a claim that does not hold."""
        if not holds:
            self.failures.append(what)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "difference": self.difference}
