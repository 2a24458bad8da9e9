# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gap guard tells of its stream, as Python objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pmt
from gnuradio import gr

from .block import SafeBlock, guarded


@dataclass(frozen=True)
class Gap:
    """One happening in a live stream, see the port `gaps` in docs/messages.md.

    Attributes
    ----------
    kind : str
        fill, cut, late, duplicate, reordered, clock_step, restart, rate_change or clock_deficit.
    place : int
        On the input's timeline, of the next sample when it happened.
    samples : int
        Missing, or of the packet dropped or reordered.
    seconds, expected_s, got_s : float
        Length of the gap or step; time from the packet before to this one as expected and by the stamps.
    """

    kind: str
    place: int
    samples: int
    seconds: float
    expected_s: float
    got_s: float


class GapReader(SafeBlock, gr.basic_block):
    """Calls `on_gap` with each `Gap` that comes to the message port `gaps`."""

    def __init__(self, on_gap: Callable[[Gap], None]) -> None:
        gr.basic_block.__init__(self, "gap_reader", None, None)
        self.on_gap = on_gap
        self.register_handler("gaps", self.handle)

    @guarded
    def handle(self, message: Any) -> None:
        """Take one message of the guard."""
        self.on_gap(Gap(**pmt.to_python(message)))
