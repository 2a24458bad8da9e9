# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel simulate gnss --nmea`: the log of a satellite receiver that stood at the scene's antenna."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.sigmf_time import parse_datetime
from gnuradio.sentinel.core.sinks.lines import raise_output_error
from gnuradio.sentinel.gnss.simulation.nmea_log import write_nmea
from gnuradio.sentinel.gnss.simulation.scene import GnssScene
from gnuradio.sentinel.gnss.simulation.scene_receiver import scene_receiver_log


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the option."""
    parser.add_argument(
        "--nmea",
        metavar="FILE",
        help="with --out and --start-time: write what a satellite receiver there would say, for gpsfake",
    )


def check(arguments: argparse.Namespace) -> None:
    """Refuse before the work what cannot be written. Raises InputError."""
    name = arguments.nmea
    if name is None:
        return
    if arguments.out is None:
        raise InputError(
            f"--nmea {name}: a log belongs to a recording; write both with --out, and feed the log to a gpsd "
            "with gpsfake"
        )
    if arguments.start_time is None:
        raise InputError(
            f"--nmea {name}: a receiver tells the time; give that of the first sample, as "
            "--start-time 2026-07-01T12:00:00Z"
        )
    if not Path(name).parent.is_dir():
        raise InputError(f"--nmea {name}: there is no folder {Path(name).parent}; make it first")


def write(scene: GnssScene, arguments: argparse.Namespace) -> str | None:
    """Write the log that is asked for; a line on it. Raises OutputError."""
    name = arguments.nmea
    if name is None:
        return None
    truth = scene_receiver_log(scene, parse_datetime(arguments.start_time).time_ns / 1e9)
    try:
        write_nmea(name, truth)
    except OSError as error:
        raise_output_error(error, "the receiver's log", name)
    open_db = np.median(truth.cn0_db_hz[0])
    worst_db = np.median(truth.cn0_db_hz, axis=1).min()
    return (
        f"{name}: {len(truth.epochs)} s of NMEA, median C/N0 {open_db:.1f} dB-Hz at the start, "
        f"{worst_db:.1f} at worst, no fix in {int((truth.mode < 2).sum())} s"
    )
