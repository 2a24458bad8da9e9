# SPDX-License-Identifier: GPL-3.0-or-later
"""What a receiver should have found, from what is known of the sender; pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from gnuradio.sentinel.core.packet_damage import Damage, damaged

#: Packets that a receiver holds; one that is overtaken by more is too late.
HELD = 4
#: Stated error of a pulse's place, s: four times the rms of the results page of the pulse room.
PLACE_S = 0.0035

Range = tuple[int, int]


def missing_ranges(damage: Damage, sample_count: int, packet_samples: int) -> list[Range]:
    """Where samples never come, or come too late: [begin, end) in samples, in order, neighbours joined.

    What lies behind the last packet that comes is left out: no receiver can know of it.
    """
    packets = [
        range(first, min(first + packet_samples, sample_count))
        for first in range(0, sample_count, packet_samples)
    ]
    came: list[int] = []
    in_time: set[int] = set()
    for packet in damaged(packets, damage):
        number = packet.start // packet_samples
        if sum(other > number for other in set(came[-4 * HELD :])) <= HELD:
            in_time.add(number)
        came.append(number)
    ranges: list[Range] = []
    for number in range(max(in_time)):
        if number in in_time:
            continue
        begin, end = packets[number].start, packets[number].stop
        if ranges and ranges[-1][1] == begin:
            begin = ranges.pop()[0]
        ranges.append((begin, end))
    return ranges


def quiet_seed(damage: Damage, packets: int, quiet: int = 12) -> Damage:
    """The same damage with the first seed from its own on that does any and spares the last packets.

    Without that, whether a loss at the very end is known would depend on when a receiver ends.
    """
    while True:
        order = [packet.start for packet in damaged([range(k, k + 1) for k in range(packets)], damage)]
        happened = order != list(range(packets)) or damage == Damage(
            jitter_s=damage.jitter_s, seed=damage.seed
        )
        if happened and order[-quiet:] == list(range(packets - quiet, packets)):
            return damage
        damage = replace(damage, seed=damage.seed + 1)


def overlaps(begin: int, end: int, ranges: Iterable[Range]) -> bool:
    """Whether [begin, end) touches one of the ranges."""
    return any(begin < other_end and other_begin < end for other_begin, other_end in ranges)


def segments(sample_count: int, cuts: Sequence[Range]) -> list[Range]:
    """What is left between cuts, which are in order; an empty cut only parts."""
    edges = [0, *(place for cut in cuts for place in cut), sample_count]
    return [(begin, end) for begin, end in zip(edges[::2], edges[1::2], strict=True) if end > begin]


@dataclass(frozen=True)
class Cycles:
    """Length of a cycle and from one's begin to the next's, in input samples."""

    length: int
    stride: int

    @classmethod
    def of(cls, decisions: Sequence[Mapping[str, Any]]) -> Cycles:
        """As a run without damage shows them."""
        return cls(decisions[0]["sample_count"], decisions[1]["sample_start"] - decisions[0]["sample_start"])

    def starts(self, parts: Iterable[Range]) -> list[int]:
        """Where cycles begin, those that are whole."""
        return [start for begin, end in parts for start in range(begin, end - self.length + 1, self.stride)]


@dataclass(frozen=True)
class Kept:
    """Cycles that no loss touched: how many there should be, were judged, and had their tag.

    `place_s` is the largest distance of a pulse from the truth's, `stamp_samples` of an event's UTC from
    that of the sender's clock, in input samples. The last two count all cycles, touched ones too.
    """

    expected: int
    judged: int
    found: int
    place_s: float
    stamp_samples: float
    judged_in_all: int = 0
    found_in_all: int = 0


def kept(
    events: Sequence[Mapping[str, Any]],
    decisions: Sequence[Mapping[str, Any]],
    truth: Sequence[int],
    damage: Sequence[Range],
    expected_starts: Sequence[int],
    cycle: Cycles,
    clock: Any = None,
) -> Kept:
    """Judge what was found in the cycles that no loss touched.

    Parameters
    ----------
    truth : sequence of int
        First samples of the tag's pulses.
    damage : sequence of (int, int)
    expected_starts : sequence of int
        Where whole cycles begin.
    clock : callable, optional
        UTC in seconds that belongs to a sample.
    """
    clean = [
        d for d in decisions if not overlaps(d["sample_start"], d["sample_start"] + d["sample_count"], damage)
    ]
    expected = sum(not overlaps(start, start + cycle.length, damage) for start in expected_starts)
    by_cycle = {event["details"]["cycle_start"]: event for event in events}
    found = [by_cycle[d["sample_start"]] for d in clean if d["sample_start"] in by_cycle]
    pulses = np.sort(np.asarray(truth))
    place, stamp = 0.0, 0.0
    for event in found:
        starts = np.asarray(event["details"]["pulse_starts"])
        for start in starts:
            nearest = int(pulses[np.argmin(np.abs(pulses - start))])
            # Of a pulse across the begin of its cycle only the rest is seen: up to 5 ms off, loss or not.
            if nearest >= event["details"]["cycle_start"]:
                place = max(place, float(abs(start - nearest)))
        if clock is not None:
            stamp = max(
                stamp, abs(seconds(event["time"]) - clock(event["sample_start"])) * event["sample_rate"]
            )
    rate = events[0]["sample_rate"] if events else math.nan
    return Kept(expected, len(clean), len(found), place / rate, stamp, len(decisions), len(by_cycle))


def seconds(time: str) -> float:
    """Seconds since 1970 of an ISO time; good to a microsecond."""
    return datetime.fromisoformat(time).timestamp()
