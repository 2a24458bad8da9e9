# SPDX-License-Identifier: GPL-3.0-or-later
"""An hour of a sender whose crystal is off: no gap is told that none made, and the error is found."""

from __future__ import annotations

from gnuradio.sentinel.core.sender_clock import SampleClock
from gnuradio.sentinel.core.sigmf_time import parse_datetime

from .evaluate_streams_check import seconds
from .evaluate_streams_row import Row
from .evaluate_streams_run import Bench, new_address, received, sent

RATE = 3840
START = "2026-07-01T12:00:00Z"
HOUR_S = 3600
#: Over UDP nothing slows a sender down; at this many times real time packets come 300 a second.
PACE = {"udp": 80, "zmqiq": "full"}
PPM = (5.0, 50.0, -50.0)
#: The guard says anew which time it is once a second; a cycle of 10 s counts from the one in its middle.
ANCHOR_S = 6
#: How well the rate must be known in the end, ppm.
RATE_ERROR_PPM = 0.5


def measure_clock(bench: Bench, kind: str, ppm: float, duration_s: float = HOUR_S) -> Row:
    """Send so many seconds of a tag, faster than real time, with stamps that are true."""
    row = Row("clock", f"clock {ppm:+g} ppm, {duration_s:g} s", kind)
    address = new_address(kind)
    receiver = bench.start_receiver(
        *(f"{kind}:{address}", "--rate", RATE, "--tip", 2, "--fs", RATE),
        *("--center-freq", "146M", "--duration", duration_s),
    )
    sender = bench.start_sender(
        *("--rate", RATE, "--duration", duration_s, "--tag", "freq=500,tip=2,tp=0.015,en0=16,id=A"),
        *("--center-freq", "146M", "--start-time", START, f"--{kind}", address),
        *(f"--clock-ppm={ppm:g}", "--pace", PACE[kind]),
    )
    counts, got = sent(sender), received(receiver)
    row.count(got.live, got.report)
    row.made = counts["samples_made"]
    row.claim(row.difference == 0 and row.received == row.made, f"received {row.received} of {row.made}")
    row.claim(row.gaps_told == 0, f"{row.gaps_told} gaps told, none made")
    row.claim(got.live["clock_steps"] == 0, f"{got.live['clock_steps']} steps of the clock told, none made")
    row.found = f"{len(got.events)} of {len(got.decisions)}"
    row.claim(len(got.events) == len(got.decisions) > 0, f"the tag is found in {row.found} cycles")
    error = abs(got.live["rate_ppm"] - ppm)
    row.claim(error <= RATE_ERROR_PPM, f"rate {got.live['rate_ppm']:.3f} ppm off, {ppm:g} made")
    clock, start_ns = SampleClock(RATE, ppm), parse_datetime(START).time_ns
    stamp = max(
        abs(seconds(event["time"]) - clock.stamp_ns(event["sample_start"], start_ns) / 1e9) * RATE
        for event in got.events
    )
    allowed = 1.0 + abs(ppm) * 1e-6 * ANCHOR_S * RATE
    row.claim(stamp <= allowed, f"a time is {stamp:.2f} samples off, {allowed:.2f} allowed")
    row.notes.append(f"{got.live['rate_ppm']:+.3f} ppm found, times within {stamp:.2f} samples")
    return row
