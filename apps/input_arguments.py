# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that every command with an INPUT has, and what they make."""

from __future__ import annotations

import argparse

from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.logs import add_log_arguments


def add_input_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the input: rate, format, part of a recording."""
    group = parser.add_argument_group("input")
    group.add_argument("--rate", metavar="HZ", help="sample rate of raw samples (2.4M, 250e3)")
    group.add_argument("--format", help="sample type of raw samples: cu8, ci8, ci16_le, cf32_le, ...")
    group.add_argument(
        "--start", type=float, default=0.0, metavar="S", help="begin this far into a recording"
    )
    group.add_argument("--duration", type=float, metavar="S", help="read so many seconds")
    group.add_argument(
        "--channel", type=int, default=0, metavar="N", help="one of several interleaved channels"
    )


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the outputs: events, report, picture, log."""
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="print events as JSON lines and nothing else")
    group.add_argument("--csv", metavar="FILE", help="write events as a table")
    group.add_argument("--sigmf-out", metavar="FILE", help="write events as SigMF annotations")
    group.add_argument("--zmq", metavar="ADDRESS", help="publish events, e.g. tcp://127.0.0.1:5556")
    group.add_argument("--decisions", metavar="FILE", help="write every decision as a JSON line")
    group.add_argument("--plot", metavar="FILE.png", help="draw what was found on a spectrogram")
    group.add_argument("--report", metavar="FILE", help="write the summary of the run as JSON")
    add_log_arguments(group)


def sink_texts(arguments: argparse.Namespace) -> list[str]:
    """Texts of the sinks that the options ask for."""
    texts = []
    for name, kind in (("csv", "csv"), ("sigmf_out", "sigmf"), ("zmq", "zmq"), ("decisions", "decisions")):
        if target := getattr(arguments, name):
            texts.append(f"{kind}:{target}")
    if arguments.json:
        texts.append("jsonl:-")
    if arguments.plot and not arguments.plot.lower().endswith(".png"):
        raise InputError(f"--plot {arguments.plot}: pictures are written as PNG; let the name end in .png")
    return texts
