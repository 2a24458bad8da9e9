# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends a stream of samples as a radio would: in packets, at the pace of its clock, with damage if asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from .packet_damage import Damage, DamageCounts, Damager
from .scene_stage import rechunk
from .sender_clock import Pacer, SampleClock
from .sigmf_time import format_datetime

# Random numbers of the jitter, apart from those of the other damage.
_JITTER_STREAM = 1


@dataclass(frozen=True)
class IqPacket:
    """Samples that travel together.

    Attributes
    ----------
    number, first : int
        Of the packet, and of its first sample in the stream; both from 0.
    samples : complex64 array
        Or bytes of an 8-bit receiver, shape (count, 2), which an rtl_tcp server sends as they are.
    final : bool
        The last one of the stream.
    """

    number: int
    first: int
    samples: np.ndarray
    final: bool = False

    def __len__(self) -> int:
        return len(self.samples)


def iq_packets(
    chunks: Iterable[np.ndarray], packet_samples: int, ended: Callable[[], bool] = lambda: False
) -> Iterator[IqPacket]:
    """Cut a stream into packets of `packet_samples`; the last may be shorter.

    When `ended()` becomes true, the packet that is next is the final one.
    """
    first = number = 0
    waiting = None
    for samples in rechunk(chunks, packet_samples):
        if waiting is not None:
            final = ended()
            yield IqPacket(number, first, waiting, final)
            if final:
                return
            number, first = number + 1, first + len(waiting)
        waiting = samples
    if waiting is not None:
        yield IqPacket(number, first, waiting, True)


class ReceiverGone(ConnectionError):
    """The one receiver of a connection has left."""


class Outlet(Protocol):
    """Where packets go."""

    def wait_for_receiver(self, ended: Callable[[], bool]) -> bool:
        """Return whether sending may begin; False if `ended()` came first."""

    def send(self, packet: IqPacket, stamp_ns: int) -> bool:
        """Send one packet; False if the receiver was too slow to take it. Raises ReceiverGone."""

    def close(self) -> None:
        """Deliver what is on its way and let go of the socket."""


@dataclass
class Sent:
    """What has been sent: the account that a receiver's is compared with.

    `overrun` counts packets that were sent by the account of the damage but that the receiver was too
    slow to take.
    """

    start_ns: int | None = None
    counts: DamageCounts = field(default_factory=DamageCounts)
    packets_overrun: int = 0
    samples_overrun: int = 0
    most_behind_s: float = 0.0
    work_s: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Flat counts of packets and samples."""
        return {
            "start_time": None if self.start_ns is None else format_datetime(self.start_ns),
            **{f"packets_{kind}": count for kind, count in self.counts.packets.items()},
            **{f"samples_{kind}": count for kind, count in self.counts.samples.items()},
            "packets_overrun": self.packets_overrun,
            "samples_overrun": self.samples_overrun,
            "most_behind_s": round(self.most_behind_s, 6),
            "work_s": round(self.work_s, 6),
        }


def send_stream(
    chunks: Iterable[np.ndarray],
    packet_samples: int,
    clock: SampleClock,
    outlet: Outlet,
    sent: Sent,
    *,
    damage: Damage | None = None,
    start_ns: int | None = None,
    full_speed: bool = False,
    speed: float = 1.0,
    ended: Callable[[], bool] = lambda: False,
) -> None:
    """Send a stream to its end, or until `ended()`.

    A packet goes out when its last sample has been taken, as at a radio; its stamp is that of its first.

    Parameters
    ----------
    chunks : iterable of complex64 arrays
    packet_samples : int
    clock : SampleClock
    outlet : Outlet
    sent : Sent
        Filled in, also when an exception ends the stream.
    damage : Damage, optional
    start_ns : int, optional
        UTC of sample 0, nanoseconds since 1970; now if None.
    full_speed : bool
        As fast as the receiver takes it.
    speed : float
        Times real time, where not at full speed.
    ended : callable
        Asked before each packet and while waiting.

    Raises
    ------
    ReceiverGone
        As of `Outlet.send`.
    """
    damage = damage or Damage()
    damager = Damager(damage, sent.counts)
    jitter = np.random.default_rng((damage.seed, _JITTER_STREAM))
    pacer = Pacer(full_speed, ended=ended, speed=speed)
    sent.start_ns = time.time_ns() if start_ns is None else start_ns
    began = time.monotonic()
    moment_ns = 0

    def send(packet: IqPacket) -> None:
        nonlocal moment_ns
        taken_ns = clock.elapsed_ns(packet.first + len(packet))
        # One that was held back by the damage does not count as late of the pacing.
        moment_ns = max(moment_ns, taken_ns + int(jitter.random() * damage.jitter_s * 1e9))
        pacer.wait(moment_ns)
        if not outlet.send(packet, clock.stamp_ns(packet.first, sent.start_ns)):
            sent.packets_overrun += 1
            sent.samples_overrun += len(packet)

    try:
        for packet in iq_packets(chunks, packet_samples, ended):
            for going in damager.push(packet):
                send(going)
        for going in damager.finish():
            send(going)
    finally:
        sent.most_behind_s = pacer.most_behind_s
        sent.work_s = time.monotonic() - began
