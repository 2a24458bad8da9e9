# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows without damage: what every protocol finds is what a recording of the same scene gives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gnuradio.sentinel.core.sigmf_time import parse_datetime

from .evaluate_streams_check import PLACE_S, seconds
from .evaluate_streams_row import Row
from .evaluate_streams_run import Bench, Received, new_address, received, sent

CENTER = 146e6
START = "2026-07-01T12:00:00Z"
#: Two tags, the second of which is found in most cycles only.
TAGS = ("freq=600,tip=1.0,tp=0.015,en0=18,id=strong", "freq=-900,tip=0.7862,tp=0.015,en0=10.5,id=weak")
TAGS_FILE = """\
offsets: true
tags:
  - {id: strong, freq: 600, interval_s: 1.0}
  - {id: weak, freq: -900, interval_s: 0.7862}
"""
SECONDS = 60
#: What gr-osmosdr takes of a dongle; 65 input samples make one of the channel.
RTL_RATE, RTL_FS, RTL_GAIN = 250_000, "3846", 20
RATE, FS = 3840, "3840"


@dataclass(frozen=True)
class Case:
    """One way to send the scene; `stamped` where packets tell the time, `packet` samples with the header."""

    name: str
    kind: str
    packet: int | None = None
    stamped: bool = False


CASES = (
    Case("1 + 1023 samples", "udp", 1024, True),
    Case("1 + 1024 samples", "udp", 1025, True),
    Case("packets of 77 samples", "zmqiq", None, True),
    Case("plain complex64", "zmq"),
    Case("gr-osmosdr, 8 bit", "rtl_tcp"),
)


def measure_same(bench: Bench, case: Case, seconds: float = SECONDS) -> Row:
    """Send the scene at real-time pace, read its recording too, and compare what was found."""
    row = Row("same", case.name, case.kind)
    rtl = case.kind == "rtl_tcp"
    rate = RTL_RATE if rtl else RATE
    tags = bench.folder / "tags.yaml"
    tags.write_text(TAGS_FILE, encoding="utf-8")
    scene = [
        "--rate",
        rate,
        "--center-freq",
        CENTER,
        "--duration",
        seconds,
        "--seed",
        5,
        "--start-time",
        START,
    ]
    for tag in TAGS:
        scene += ["--tag", tag]
    detector = ("--tags", tags, "--fs", RTL_FS if rtl else FS)
    # A driver keeps the rest of its last buffer when the server ends: the receiver ends before.
    heard = seconds - 1 if rtl else seconds
    recording = _from_file(bench, scene, (*detector, "--duration", heard), rtl)
    address = new_address(case.kind)
    text = f"{case.kind}:{address}"
    gain = ("--gain", RTL_GAIN, "--log-level", "info") if rtl else ()
    words = (*detector, "--rate", rate, "--center-freq", CENTER, "--duration", heard, *gain)
    frame = () if case.packet is None else ("--frame", case.packet)
    send = (*scene, f"--{case.kind.replace('_', '-')}", address, *frame, "--log-level", "info")
    if rtl:
        sender = bench.start_sender(*send)
        sender.wait_until(lambda: "waiting for an rtl_tcp client" in sender.log(), "its port")
        receiver = bench.start_receiver(text, *words)
    else:
        receiver = bench.start_receiver(text, *words)
        sender = bench.start_sender(*send)
    got = received(receiver)
    if rtl:
        sender.process.terminate()  # it would wait for another client
    counts = sent(sender)
    row.count(got.live, got.report)
    row.made = round(heard * rate)
    row.claim(counts["samples_made"] >= row.made, f"only {counts['samples_made']} samples sent")
    row.claim(row.difference == 0, f"{row.difference} samples are not accounted for")
    row.claim(row.gaps_told == 0, f"{row.gaps_told} gaps told, none made")
    _compare(row, recording, got, case.stamped, relative=rtl)
    if rtl:
        _compare_commands(row, sender.log())
    return row


def _from_file(bench: Bench, scene: list, detector: tuple, rtl: bool) -> Received:
    path = bench.folder / "scene.sigmf-meta"
    datatype = ("--datatype", "cu8") if rtl else ()
    writer = bench.start("writer", "simulate", "pulse", *scene, *datatype, "--out", path)
    if writer.wait() != 0:
        raise OSError(f"the recording was not written: {writer.log()}")
    return received(bench.start_receiver(str(path), *detector, name="recording"))


def _compare(row: Row, recording: Received, got: Received, stamped: bool, relative: bool) -> None:
    """Events in the order of their places; ids are those of the stream and differ."""
    rate = float(got.events[0]["sample_rate"]) if got.events else 1.0
    mine, theirs = _ordered(got.events), _ordered(recording.events)
    names = [[(event["label"], event["details"]["cycle"]) for event in side] for side in (mine, theirs)]
    row.found = f"{len(mine)} of {len(theirs)}"
    row.claim(names[0] == names[1], f"tags and cycles differ: {names[0]} against {names[1]}")
    if names[0] != names[1] or not mine:
        return
    shift = 0
    if relative:
        shift = int(
            np.median([a["sample_start"] - b["sample_start"] for a, b in zip(mine, theirs, strict=True)])
        )
    freq = max(abs(a["freq_hz"] - b["freq_hz"]) for a, b in zip(mine, theirs, strict=True))
    place = max(abs(a["sample_start"] - shift - b["sample_start"]) for a, b in zip(mine, theirs, strict=True))
    row.claim(freq <= 5.0, f"frequencies differ by {freq:.2f} Hz")
    row.claim(place <= 1 + PLACE_S * rate, f"places differ by {place} samples")
    note = f"frequency within {freq:.3g} Hz, place within {place} samples"
    if relative:
        note += f" behind {shift} samples that the driver did not hand on"
    if stamped:
        start_s = parse_datetime(START).time_ns / 1e9
        stamp = max(abs(seconds(a["time"]) - start_s - a["sample_start"] / rate) * rate for a in mine)
        row.claim(stamp <= 1.0, f"a time is {stamp:.2f} samples off")
        note += f", time within {stamp:.2g} samples"
    row.notes.append(note)


def _ordered(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(events, key=lambda event: (event["sample_start"], event["label"]))


def _compare_commands(row: Row, log: str) -> None:
    """What the client has set, as the server logged it."""
    wanted = {"frequency": "146 MHz", "sample rate": "250 kHz", "gain": f"{RTL_GAIN:g} dB"}
    for name, value in wanted.items():
        last = re.findall(rf"client sets {name} ([^\n]+)", log)[-1:]
        near = last and _close(last[0], value)
        row.claim(bool(near), f"the client set {name} {last or 'never'}, wanted {value}")
        row.notes.append(f"{name} {last[0] if last else '?'}")


def _close(text: str, wanted: str) -> bool:
    # A tuner has steps of gain: the nearest of them is right.
    return text == wanted or (wanted.endswith(" dB") and abs(float(text[:-3]) - float(wanted[:-3])) <= 1.0)
