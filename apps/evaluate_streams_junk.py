# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets that are none, thrown at a running receiver between good ones."""

from __future__ import annotations

import json
import socket
import struct

import numpy as np

from .evaluate_streams_check import HELD, kept
from .evaluate_streams_loss import CENTER, CYCLES, DETECTOR, PACKET, RATE, START, TAG, claim_kept
from .evaluate_streams_row import Row
from .evaluate_streams_run import Bench, Command, new_address, received, sent
from .evaluate_streams_tap import Tap

SECONDS = {"udp": 20, "zmqiq": 60}
#: A bad packet behind so many good ones, and none behind so many last ones.
EVERY, QUIET = 3, 12
WAIT_MS = 60_000
_2038 = (1 << 31) - 1
_SAMPLES = np.zeros(8, np.complex64).tobytes()
_NAN = struct.pack("<2f", float("nan"), float("nan"))
_DENORMAL = np.array([1e-42 + 1e-42j], np.complex64).tobytes()

#: Name to a datagram, and whether it has the form of a good one: that is then dropped by its time.
DATAGRAMS: dict[str, tuple[bytes, bool]] = {
    "0 bytes": (b"", False),
    "1 byte": (b"\x01", False),
    "7 bytes": (bytes(7), False),
    "header alone": (struct.pack("<II", 1_782_907_200, 0), False),
    "part of a sample": (bytes(8 * 20 + 3), False),
    "65507 bytes": (bytes(65507), False),
    "a second of nanoseconds": (struct.pack("<II", 1_782_907_200, 1_000_000_000) + _SAMPLES, False),
    "NaN as header": (_NAN + _SAMPLES, False),
    "denormal as header": (_DENORMAL + _SAMPLES, True),
    "of 1970": (struct.pack("<II", 0, 0) + _SAMPLES, True),
    "of 2038": (struct.pack("<II", _2038, 0) + _SAMPLES, True),
    "of 2106": (struct.pack("<II", 0xFFFFFFFF, 999_999_999) + _SAMPLES, True),
}


#: What makes a good message of ZeroMQ wild but readable: another number, another time.
_TIME_2038 = struct.pack("<Q", _2038 * 1_000_000)


def zmq_messages(good: bytes) -> dict[str, tuple[bytes, bool]]:
    """Bad messages made of a good one, and whether each has the form of a good one.

    Lengths, magic, version, header size, rate, count and payload size are wrong in turn; those with the
    form of a good one come a second time, with a stamp of 2038 or with a number that is long over.
    """
    found = {
        "0 bytes": (b"", False),
        "1 byte": (b"\x01", False),
        "7 bytes": (bytes(7), False),
        "header cut short": (good[:39], False),
        "65507 bytes": (bytes(65507), False),
        "payload cut short": (good[:-1], False),
        "payload too long": (good + bytes(8), False),
        "NaN as header": (_NAN * 5 + good[40:], False),
        "denormal as header": (_DENORMAL * 5 + good[40:], False),
        "rate 0": (good[:24] + bytes(4) + good[28:], False),
        "count 0": (good[:28] + bytes(8) + good[36:40], False),
        "again, of 2038": (good[:16] + _TIME_2038 + good[24:], True),
    }
    for place in (0, 3, 4, 6, 28, 32):
        changed = bytearray(good)
        changed[place] ^= 0xFF
        found[f"byte {place} of the header"] = (bytes(changed), False)
    return found


class Junk:
    """Bad packets in turn, and how many of either sort have been sent."""

    def __init__(self) -> None:
        self.malformed = 0
        self.readable = 0
        self._turn = 0

    def next(self, kinds: dict[str, tuple[bytes, bool]]) -> bytes:
        """The next one."""
        packet, readable = list(kinds.values())[self._turn % len(kinds)]
        self._turn += 1
        self.readable += readable
        self.malformed += not readable
        return packet


def measure_junk(bench: Bench, kind: str, duration_s: float | None = None) -> Row:
    """Send a tag, and a bad packet behind every few good ones."""
    duration_s = duration_s or SECONDS[kind]
    row = Row("junk", "packets that are none", kind)
    address, junk = new_address(kind), Junk()
    receiver = bench.start_receiver(f"{kind}:{address}", *DETECTOR, "--duration", duration_s)
    source = new_address(kind)
    scene = ("--rate", RATE, "--center-freq", CENTER, "--tag", TAG, "--duration", duration_s)
    words = ("--start-time", START, "--frame", PACKET[kind] + (kind == "udp"))
    words += ("--truth", bench.folder / "truth.sigmf-meta")
    packets = -(-round(duration_s * RATE) // PACKET[kind])
    if kind == "udp":
        with Tap() as tap:
            sender = bench.start_sender(*scene, *words, "--udp", f"{address},{tap.port}")
            _throw_datagrams(sender, tap, int(address.rpartition(":")[2]), packets, junk)
    else:
        sender = bench.start_sender(*scene, *words, "--zmqiq", source, "--pace", "full")
        _pass_on_with_junk(source, address, packets, junk)
    counts, got = sent(sender), received(receiver)
    row.count(got.live, got.report)
    row.made = counts["samples_made"]
    row.claim(row.difference == 0 and row.received == row.made, f"received {row.received} of {row.made}")
    row.claim(row.gaps_told == 0, f"{row.gaps_told} gaps told, none made")
    row.claim(got.live["clock_steps"] == got.live["restarts"] == 0, "steps of the clock or restarts told")
    malformed = got.live["packets_malformed"]
    row.claim(malformed == junk.malformed, f"{malformed} bad packets counted, {junk.malformed} sent")
    dropped = got.live["packets_late"] + got.live["packets_duplicate"]
    # The last of them may still be held when the receiver ends.
    row.claim(
        0 <= junk.readable - dropped <= HELD, f"{dropped} packets out of time dropped, {junk.readable} sent"
    )
    row.notes.append(f"{malformed} malformed of {junk.malformed}, {dropped} out of time of {junk.readable}")
    truth = json.loads((bench.folder / "truth.sigmf-meta").read_text(encoding="utf-8"))
    pulses = [annotation["core:sample_start"] for annotation in truth["annotations"]]
    starts = CYCLES.starts([(0, row.made)])
    claim_kept(row, kept(got.events, got.decisions, pulses, (), starts, CYCLES))
    return row


def _throw_datagrams(sender: Command, tap: Tap, port: int, packets: int, junk: Junk) -> None:
    """One behind every few that the tap has seen, and none behind the last ones."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thrower:
        for good in range(EVERY, packets - QUIET, EVERY):
            sender.wait_until(lambda good=good: tap.count() >= good, "a packet")
            thrower.sendto(junk.next(DATAGRAMS), ("127.0.0.1", port))


def _pass_on_with_junk(source: str, target: str, packets: int, junk: Junk) -> None:
    """Between sender and receiver: every message goes on, and behind every few of them a bad one."""
    import zmq

    with zmq.Context() as context, context.socket(zmq.XPUB) as out, context.socket(zmq.SUB) as come:
        out.setsockopt(zmq.XPUB_NODROP, 1)
        out.sndtimeo = come.rcvtimeo = WAIT_MS
        out.rcvtimeo = WAIT_MS
        out.linger = WAIT_MS
        out.bind(target)
        out.recv()  # the receiver has subscribed
        come.connect(source)
        come.subscribe(b"")
        for number in range(1, packets + 1):
            message = come.recv()
            out.send(message)
            if number % EVERY == 0 and number < packets - QUIET:
                out.send(junk.next(zmq_messages(message)))
