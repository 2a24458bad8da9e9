# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that every command with an INPUT has, and what they make."""

from __future__ import annotations

import argparse
import logging

from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.inputs import GAP_RULES, KINDS, STALL_TIMEOUT_S, parse_input
from gnuradio.sentinel.core.logs import add_log_arguments
from gnuradio.sentinel.core.quiet import reserve_stdout
from gnuradio.sentinel.core.sinks import Roll
from gnuradio.sentinel.core.source import source

log = logging.getLogger("gnuradio.sentinel.core.live")


def add_input_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the input: rate, format, part of a recording, tuning of a radio."""
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
    group.add_argument("--gain", metavar="DB", help="gain of a radio, or auto (auto)")
    group.add_argument("--ppm", type=float, metavar="PPM", help="correction of a radio's clock")
    group.add_argument(
        "--stall-timeout",
        type=float,
        default=STALL_TIMEOUT_S,
        metavar="S",
        help=f"end after so long without a sample from a live input; 0 waits for ever ({STALL_TIMEOUT_S:g})",
    )
    group.add_argument(
        "--gap-rule",
        choices=GAP_RULES,
        default=GAP_RULES[0],
        help="how gaps of a live input are found: our rule, or to the letter of the published pulse detector",
    )


def open_source(
    text: str,
    arguments: argparse.Namespace,
    sample_rate: float | str | None,
    center_freq: float | str | None,
    native: bool = False,
) -> source:
    """Open the INPUT of a command and log what is worth knowing of it.

    Raises
    ------
    InputError
        If the input or an option makes no sense, or it cannot be opened.
    """
    spec = parse_input(
        text,
        sample_rate=sample_rate,
        center_freq=center_freq,
        format=arguments.format,
        start_s=arguments.start,
        duration_s=arguments.duration,
        channel=arguments.channel,
        gain=arguments.gain,
        ppm=arguments.ppm,
        stall_timeout_s=arguments.stall_timeout,
        gap_rule=arguments.gap_rule,
        native=native,
    )
    if KINDS[spec.kind].radio:
        reserve_stdout()  # their drivers print
    opened = source(spec)
    for warning in opened.warnings:
        log.warning("%s", warning)
    for note in opened.notes:
        log.info("%s", note)
    return opened


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
    group.add_argument(
        "--roll-hours",
        type=float,
        metavar="H",
        help="live: begin new output files at multiples of so many hours; 0 never (1)",
    )
    group.add_argument(
        "--roll-mib",
        type=float,
        metavar="MIB",
        help="live: begin new output files at this size; 0 never (64)",
    )
    add_log_arguments(group)


def roll_of(arguments: argparse.Namespace, live: bool) -> Roll | None:
    """How output files are completed and begun anew; a recording gives one file. Raises InputError."""
    hours, mib = arguments.roll_hours, arguments.roll_mib
    if not live:
        if hours is not None or mib is not None:
            raise InputError("--roll-hours and --roll-mib are for live input; leave them out")
        return None
    standard = Roll()
    return Roll(standard.hours if hours is None else hours, standard.mib if mib is None else mib)


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
