# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliberate damage to a stream of packets, counted exactly, to test receivers with.

The first packet always arrives whole and in its place, so that sample 0 of sender and receiver is the
same one and events can be compared with the truth.
"""

import math
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from .errors import InputError

#: A reordered packet is overtaken by at most so many others, a late one by so many. A receiver that puts
#: packets in order within 4 repairs the first and must drop the second.
MOST_OVERTAKEN = 3
LATE_OVERTAKEN = 8

PacketT = TypeVar("PacketT", bound=Sized)


@dataclass(frozen=True)
class Damage:
    """What goes wrong on the way. Probabilities are per packet.

    Parameters
    ----------
    loss : float
        Of a packet alone.
    burst_loss, burst_packets : float, int
        That a burst begins which loses so many packets in a row.
    reorder : float
        That a packet is overtaken by one to three others.
    duplicate : float
        That a packet comes twice, one behind the other.
    late : float
        That a packet is overtaken by eight others.
    jitter_s : float
        Each packet is sent up to so much later than it could be; the order stays.
    seed : int
        Of all of this.
    """

    loss: float = 0.0
    burst_loss: float = 0.0
    burst_packets: int = 1
    reorder: float = 0.0
    duplicate: float = 0.0
    late: float = 0.0
    jitter_s: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("loss", "burst_loss", "reorder", "duplicate", "late"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"damage: {name} is {getattr(self, name)}; give a probability below 1")
        if self.burst_packets < 1:
            raise InputError(f"damage: a burst of {self.burst_packets} packets; give 1 or more")
        if not 0 <= self.jitter_s < math.inf:
            raise InputError(f"damage: jitter is {self.jitter_s} s; give 0 or more")


#: What is told apart: all packets of the stream; those sent, each once; those that never are, and of them
#: those behind the last one sent, of which a receiver cannot know; of those sent, the ones that come a
#: little or much too late; second copies.
KINDS = ("made", "sent", "lost", "lost_at_end", "reordered", "late", "duplicate")


@dataclass
class DamageCounts:
    """What happened to packets, and to the samples in them; made = sent + lost."""

    packets: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    samples: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    def add(self, kind: str, samples: int) -> None:
        """Count one packet as `kind`, one of `KINDS`."""
        self.packets[kind] += 1
        self.samples[kind] += samples


@dataclass
class _Held(Generic[PacketT]):
    """A packet that is sent when `overtakers` younger ones have passed it."""

    number: int
    packet: PacketT
    kind: str
    overtakers: int
    overtaken: int = 0


class Damager(Generic[PacketT]):
    """Takes packets one by one and says what to send because of each.

    Parameters
    ----------
    damage : Damage
    counts : DamageCounts, optional
        Kept up to date; complete after `finish`.
    """

    def __init__(self, damage: Damage, counts: DamageCounts | None = None) -> None:
        self.damage = damage
        self.counts = DamageCounts() if counts is None else counts
        self._rng = np.random.default_rng(damage.seed)
        self._number = -1
        self._newest_sent = -1
        self._burst_left = 0
        self._held: list[_Held[PacketT]] = []
        # Number and samples of those lost behind the newest one sent.
        self._lost: list[tuple[int, int]] = []

    def push(self, packet: PacketT) -> list[PacketT]:
        """The next packet of the stream, whose length is its number of samples; returns what to send now."""
        self._number += 1
        self.counts.add("made", len(packet))
        # As many draws for each packet, so that one kind of damage does not change where another strikes.
        burst, loss, late, reorder, duplicate, distance = self._rng.random(6)
        if self._number == 0:
            return self._send(0, packet)
        if not self._burst_left and burst < self.damage.burst_loss:
            self._burst_left = self.damage.burst_packets
        if self._burst_left or loss < self.damage.loss:
            self._burst_left = max(0, self._burst_left - 1)
            self._lose(self._number, packet)
            return []
        if late < self.damage.late:
            self._held.append(_Held(self._number, packet, "late", LATE_OVERTAKEN))
            return []
        if reorder < self.damage.reorder:
            overtakers = 1 + int(distance * MOST_OVERTAKEN)
            self._held.append(_Held(self._number, packet, "reordered", overtakers))
            return []
        sent = self._send(self._number, packet)
        if duplicate < self.damage.duplicate:
            self.counts.add("duplicate", len(packet))
            sent.insert(1, packet)
        return sent

    def finish(self) -> list[PacketT]:
        """The stream is over; returns what is still to be sent. Who should have come late is lost."""
        sent = []
        held, self._held = self._held, []
        for entry in held:
            if entry.kind == "late":
                self._lose(entry.number, entry.packet)
                continue
            if entry.overtaken:
                self.counts.add(entry.kind, len(entry.packet))
            sent += self._send(entry.number, entry.packet)
        for number, samples in self._lost:
            if number > self._newest_sent:
                self.counts.add("lost_at_end", samples)
        return sent

    def _send(self, number: int, packet: PacketT) -> list[PacketT]:
        """This packet, and those behind it that it is the last to overtake."""
        sent = []
        waiting = [_Held(number, packet, "sent", 0)]
        while waiting:
            entry = waiting.pop(0)
            sent.append(entry.packet)
            self.counts.add("sent", len(entry.packet))
            if entry.kind != "sent":
                self.counts.add(entry.kind, len(entry.packet))
            if entry.number > self._newest_sent:
                self._newest_sent = entry.number
                self._lost = [lost for lost in self._lost if lost[0] > entry.number]
            for other in self._held:
                other.overtaken += other.number < entry.number
            ready = [other for other in self._held if other.overtaken >= other.overtakers]
            self._held = [other for other in self._held if other.overtaken < other.overtakers]
            # In front of who waits already: nobody is overtaken more often than drawn.
            waiting = ready + waiting
        return sent

    def _lose(self, number: int, packet: PacketT) -> None:
        self.counts.add("lost", len(packet))
        self._lost.append((number, len(packet)))


def damaged(
    packets: Iterable[PacketT], damage: Damage, counts: DamageCounts | None = None
) -> Iterator[PacketT]:
    """The packets of a stream as they are sent; only a few are held at a time.

    Parameters
    ----------
    packets : iterable
        Of anything with a length, which is its number of samples.
    damage : Damage
    counts : DamageCounts, optional
        Brought up to date with each packet taken, complete at the end.
    """
    damager = Damager(damage, counts)
    for packet in packets:
        yield from damager.push(packet)
    yield from damager.finish()
