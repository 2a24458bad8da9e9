# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel info`: what a recording is, or whether a kind of live input works here."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.inputs import KINDS, input_kind, parse_input
from gnuradio.sentinel.core.inspection import format_info, inspect_recording
from gnuradio.sentinel.core.live_kinds import live_kind
from gnuradio.sentinel.core.progress import progress
from gnuradio.sentinel.core.recording import open_recording


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel info`."""
    parser.add_argument("input", help="a recording, or a live input such as udp:127.0.0.1:10000")
    parser.add_argument("--rate", metavar="HZ", help="sample rate of raw samples")
    parser.add_argument(
        "--center-freq", metavar="HZ", help="centre frequency, if the recording does not say it"
    )
    parser.add_argument("--format", help="sample type of raw samples")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print what the recording is and return the exit code. Raises InputError."""
    if KINDS[input_kind(arguments.input)].live:
        return _print_live(arguments)
    spec = parse_input(
        arguments.input,
        sample_rate=arguments.rate,
        center_freq=arguments.center_freq,
        format=arguments.format,
    )
    if spec.kind == "stdin":
        raise InputError(f"{arguments.input}: info reads recordings; save some seconds to a file first")
    recording = open_recording(
        spec.target, sample_rate=spec.sample_rate, fmt=spec.format, center_freq=spec.center_freq_hz
    )
    with progress(recording.sample_count, "reading", quiet=arguments.json) as advance:
        info = inspect_recording(recording, progress=advance)
    print(info.to_json() if arguments.json else format_info(info))
    return 0


def _print_live(arguments: argparse.Namespace) -> int:
    """Say whether such an input can be opened here; it is not opened, no sample is taken from it."""
    kind = live_kind(input_kind(arguments.input))
    if arguments.json:
        print(json.dumps({"input": arguments.input, **asdict(kind)}))
    else:
        print(f"{arguments.input}: live input {kind.form}")
        print(f"  {'works here' if kind.ok else 'does not work here'}: {kind.found}")
        if kind.remedy:
            print(f"  -> {kind.remedy}")
    return 0
