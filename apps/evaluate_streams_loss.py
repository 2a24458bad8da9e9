# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows with damage on the way: every sample is accounted for, and what no loss touched is found."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from gnuradio.sentinel.core.packet_damage import Damage
from gnuradio.sentinel.core.sender_clock import ClockStep, SampleClock
from gnuradio.sentinel.core.sigmf_time import parse_datetime

from .evaluate_streams_check import (
    PLACE_S,
    Cycles,
    kept,
    missing_ranges,
    quiet_seed,
    segments,
)
from .evaluate_streams_row import Row
from .evaluate_streams_run import Bench, new_address, received, sent

RATE = 38_400
CENTER = 146e6
START = "2026-07-01T12:00:00Z"
TAG = "freq=700,tip=0.5,tp=0.015,en0=20,id=A"
#: Of the detector: K 3 at 0.5 s makes a cycle of 1.52 s, begun anew each 1.51 s.
DETECTOR = ("--tip", 0.5, "-k", 3, "--fs", 3840, "--center-freq", CENTER, "--rate", RATE)
#: As the detector's source has it: a single packet of either kind is filled, two and more are cut.
FILL_BELOW = int(0.03 * RATE)
PACKET = {"udp": 1023, "zmqiq": 768}
#: UDP: as a radio sends. ZeroMQ, where a reader slows the sender down: as fast as it takes them.
SECONDS = {"udp": 30, "zmqiq": 120}
CYCLES = Cycles(58_290, 58_000)


@dataclass(frozen=True)
class Case:
    """One kind of damage."""

    name: str
    damage: Damage = field(default_factory=Damage)
    steps: tuple[ClockStep, ...] = ()


CASES = (
    Case("nothing"),
    Case("loss 0.1 %", Damage(loss=0.001)),
    Case("loss 1 %", Damage(loss=0.01)),
    Case("loss 5 %", Damage(loss=0.05)),
    Case("bursts of 5, in all 5 %", Damage(burst_loss=0.01, burst_packets=5)),
    Case("bursts of 20, in all 7 %", Damage(burst_loss=0.004, burst_packets=20)),
    Case("reordered 5 %", Damage(reorder=0.05)),
    Case("duplicates 5 %", Damage(duplicate=0.05)),
    Case("late 0.5 %", Damage(late=0.005)),
    Case("jitter 5 ms", Damage(jitter_s=0.005)),
    Case("jitter 5 ms, loss 1 %", Damage(loss=0.01, jitter_s=0.005)),
    Case("clock step +2 s", steps=(ClockStep(2.0, 12.0),)),
    Case("clock step -2 s", steps=(ClockStep(-2.0, 12.0),)),
)


def damage_words(damage: Damage) -> list[object]:
    """Options of `sentinel simulate` for it."""
    words: list[object] = ["--seed", damage.seed]
    for name in ("loss", "reorder", "duplicate", "late"):
        if getattr(damage, name):
            words += [f"--{name}", getattr(damage, name)]
    if damage.burst_loss:
        words += ["--burst-loss", f"{damage.burst_loss},{damage.burst_packets}"]
    if damage.jitter_s:
        words += ["--jitter", damage.jitter_s]
    return words


def measure_damage(bench: Bench, case: Case, kind: str, seconds: float | None = None) -> Row:
    """Send a tag with this damage, over `udp` or `zmqiq`, and compare both sides."""
    # Jitter is of no account to a sender that does not wait.
    real = kind == "udp" or bool(case.damage.jitter_s)
    seconds = seconds or SECONDS["udp" if real else kind]
    packet, count = PACKET[kind], round(seconds * RATE)
    damage = quiet_seed(replace(case.damage, seed=1), -(-count // packet))
    row = Row("damage", case.name, kind)
    address = new_address(kind)
    receiver = bench.start_receiver(f"{kind}:{address}", *DETECTOR, "--duration", seconds)
    steps = [word for step in case.steps for word in (f"--clock-step={step.step_s:g}@{step.at_s:g}",)]
    sender = bench.start_sender(
        *("--rate", RATE, "--center-freq", CENTER, "--tag", TAG, "--duration", seconds),
        *("--start-time", START, f"--{kind}", address, "--truth", bench.folder / "truth.sigmf-meta"),
        *("--frame", packet + (kind == "udp"), "--pace", "real" if real else "full"),
        *(damage_words(damage) + steps),
    )
    sender_counts, got = sent(sender), received(receiver)
    row.count(got.live, got.report)
    row.made = sender_counts["samples_made"] - sender_counts["samples_lost_at_end"]
    _compare_counts(row, sender_counts, got.live)
    missing = missing_ranges(damage, count, packet)
    row.gaps_made = len(missing)
    row.claim(row.gaps_told <= row.gaps_made, f"{row.gaps_told} gaps told, {row.gaps_made} made")
    row.claim(got.live["restarts"] == 0, f"{got.live['restarts']} restarts told, none made")
    row.claim(
        got.live["clock_steps"] == len(case.steps),
        f"{got.live['clock_steps']} steps of the clock told, {len(case.steps)} made",
    )
    clock = SampleClock(RATE, steps=case.steps)
    start_ns = parse_datetime(START).time_ns
    places = [-(-round(step.at_s * RATE) // packet) * packet for step in case.steps]
    cuts = sorted(
        [gap for gap in missing if gap[1] - gap[0] >= FILL_BELOW] + [(place, place) for place in places]
    )
    truth = [
        annotation["core:sample_start"]
        for annotation in json.loads((bench.folder / "truth.sigmf-meta").read_text())["annotations"]
    ]
    # The stamp of a packet holds for all of its samples.
    result = kept(
        got.events,
        got.decisions,
        truth,
        missing,
        CYCLES.starts(segments(count, cuts)),
        CYCLES,
        lambda sample: clock.stamp_ns(sample // packet * packet, start_ns) / 1e9 + sample % packet / RATE,
    )
    claim_kept(row, result)
    return row


def claim_kept(row: Row, result) -> None:
    """The claims on what was found in cycles that no loss touched."""
    row.found = f"{result.found} of {result.expected}"
    row.found += f"; {result.found_in_all} of {result.judged_in_all} in all"
    row.claim(
        result.found == result.judged == result.expected,
        f"{result.expected} untouched cycles, {result.judged} judged, {result.found} with the tag",
    )
    row.claim(result.place_s <= PLACE_S, f"a pulse is {1e3 * result.place_s:.1f} ms off")
    row.claim(result.stamp_samples <= 1.0, f"a time is {result.stamp_samples:.2f} samples off")
    row.notes.append(
        f"pulses within {1e3 * result.place_s:.1f} ms, times within {result.stamp_samples:.2f} samples"
    )


def _compare_counts(row: Row, sender: dict, live: dict) -> None:
    row.claim(row.difference == 0, f"{row.difference} samples are not accounted for")
    row.claim(
        row.received == sender["samples_sent"] - sender["samples_late"],
        f"received {row.received}, sent in time {sender['samples_sent'] - sender['samples_late']}",
    )
    row.claim(row.late == sender["samples_late"], f"late {row.late}, sent late {sender['samples_late']}")
    row.claim(
        row.duplicate == sender["samples_duplicate"],
        f"duplicate {row.duplicate}, sent twice {sender['samples_duplicate']}",
    )
    overrun, drops = sender["samples_overrun"], live.get("kernel_drops", 0)
    row.claim(not overrun and not drops, f"overrun {overrun} samples, kernel dropped {drops}")
