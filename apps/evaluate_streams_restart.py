# SPDX-License-Identifier: GPL-3.0-or-later
"""A sender that is killed and started again, at the same address, while the receiver goes on."""

from __future__ import annotations

from .evaluate_streams_loss import CENTER, DETECTOR, PACKET, RATE, TAG
from .evaluate_streams_row import Row
from .evaluate_streams_run import Bench, Command, new_address, received, sent
from .evaluate_streams_tap import Tap

SECONDS = 12
#: A third sender never comes; the receiver waits so long for it.
STALL_S = 5


def _sender(bench: Bench, kind: str, target: str, name: str, duration_s: float) -> Command:
    return bench.start_sender(
        *("--rate", RATE, "--center-freq", CENTER, "--tag", TAG, "--duration", duration_s),
        *(f"--{kind}", target, "--frame", PACKET[kind] + (kind == "udp")),
        name=name,
    )


def measure_restart(bench: Bench, kind: str, kill_after_cycles: int = 3, duration_s: float = SECONDS) -> Row:
    """Kill the sender (SIGKILL) when the receiver has found the tag so often, and start another."""
    row = Row("restart", "sender killed and started again", kind)
    address = new_address(kind)
    receiver = bench.start_receiver(f"{kind}:{address}", *DETECTOR, "--stall-timeout", STALL_S)
    with Tap() as tap:
        target = f"{address},{tap.port}" if kind == "udp" else address
        first = _sender(bench, kind, target, "first", duration_s)
        receiver.wait_until(
            lambda: tap.count() >= 0 and len(receiver.lines()) >= kill_after_cycles, "an event"
        )
        first.process.kill()
        first.process.wait()
        of_first = tap.count()
        second = _sender(bench, kind, target, "second", duration_s)
        receiver.wait_until(
            lambda: tap.count() >= 0 and second.process.poll() is not None, "the second sender"
        )
        counts, got = sent(second), received(receiver)
        tap.count()
    row.count(got.live, got.report)
    of_second = counts["samples_made"]
    if kind == "udp":
        _account_by_stamps(row, tap.packets, of_first, of_second)
    else:
        row.made = row.received
        whole = (row.received - of_second) % PACKET[kind] == 0 and row.received > of_second
        row.claim(whole, f"{row.received - of_second} samples of the first sender are no whole packets")
        row.claim(row.gaps_told == 0 and row.difference == 0, f"{row.gaps_told} gaps told, none made")
        row.claim(got.live["restarts"] == 1, f"{got.live['restarts']} restarts told")
        streams = {event["stream_id"] for event in got.events}
        row.claim(len(streams) == 2, f"{len(streams)} streams instead of two")
        row.notes.append("a new stream; what the killed sender sent is known by its numbers only")
    row.claim(got.code == 3, f"exit code {got.code} instead of 3, for an input that is lost in the end")
    _claim_found(row, got.events, got.decisions, kill_after_cycles + int(duration_s * RATE - 290) // 58_000)
    return row


def _claim_found(row: Row, events: list, decisions: list, least: int) -> None:
    undamaged = [decision for decision in decisions if not decision["filled"] and not decision["lost"]]
    row.found = f"{len(events)} of {len(undamaged)}"
    row.claim(len(events) == len(undamaged), f"{len(events)} events in {len(undamaged)} cycles")
    row.claim(len(undamaged) >= least, f"{len(undamaged)} cycles were judged, {least} are whole")


def _account_by_stamps(row: Row, packets: list[tuple[int, int]], of_first: int, of_second: int) -> None:
    """The stamps say how long nothing was sent; that is cut."""
    (begin_ns, _), (last_ns, last_samples) = packets[0], packets[-1]
    row.made = round((last_ns - begin_ns) * RATE / 1e9) + last_samples
    row.gaps_made = 1
    arrived = sum(samples for _, samples in packets)
    row.claim(arrived == sum(s for _, s in packets[:of_first]) + of_second, "the tap missed packets")
    row.claim(row.received == arrived, f"received {row.received}, sent {arrived}")
    row.claim(abs(row.difference) <= 1, f"{row.difference} samples are not accounted for")
    row.claim(row.gaps_told == 1, f"{row.gaps_told} gaps told, one made")
    row.notes.append(
        f"{row.cut / RATE:.2f} s without a sender, cut; made is counted by the stamps, to one sample"
    )
