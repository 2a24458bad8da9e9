# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel simulate`: a scene with truth, as a recording or sent as a radio would."""

import argparse
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from gnuradio.sentinel.core.errors import InputError, OutputError
from gnuradio.sentinel.core.progress import progress
from gnuradio.sentinel.core.recording_raw import SUFFIX_FORMATS
from gnuradio.sentinel.core.sigmf_time import parse_datetime
from gnuradio.sentinel.core.simulate_io import write_sigmf

from . import simulate_live, simulate_pulse
from .simulate_rooms import ROOMS

__all__ = ["add_arguments", "run", "simulate_pulse"]

_BYTES = {"cf32_le": 8, "ci16_le": 4, "ci8": 2, "cu8": 2}

EPILOG = """\
examples:
  sentinel simulate pulse --out scene.sigmf-meta
  sentinel simulate pulse --udp 127.0.0.1:10000
  sentinel simulate gnss --out jammed.sigmf-meta
  sentinel simulate gnss --out x.cu8 --family chirp --jn 5 --start 20 --stop 40 --param period_s=20e-6
  sentinel simulate gnss --out jammed.sigmf-meta --start-time 2026-07-01T12:00:00Z --nmea jammed.nmea
  sentinel simulate gnss --rtl-tcp 127.0.0.1:1234
  sentinel simulate pulse --rate 250k --center-freq 146M --rtl-tcp 127.0.0.1:1234 --truth truth.sigmf-meta
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel simulate`."""
    rooms = parser.add_subparsers(dest="room", metavar="ROOM", required=True)
    for name, room in ROOMS.items():
        parser_of_room = rooms.add_parser(name, help=room.title)
        _add_output_arguments(parser_of_room, room.default_datatype)
        room.add_arguments(parser_of_room)


def _add_output_arguments(parser: argparse.ArgumentParser, default_datatype: str) -> None:
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="x.sigmf-meta; or raw samples by suffix (.cf32 .cs16 .cs8 .cu8) with the truth in x.sigmf-meta",
    )
    parser.add_argument(
        "--datatype",
        "--format",
        dest="datatype",
        metavar="TYPE",
        help=f"{', '.join(_BYTES)} (default {default_datatype})",
    )
    parser.add_argument(
        "--start-time", metavar="UTC", help="of the first sample, 2026-07-01T12:00:00.000000Z"
    )
    simulate_live.add_arguments(parser)


def _output(out: str, datatype: str | None, default: str) -> tuple[Path, str | None, str]:
    """Metadata file, name of the samples' file if it is not the usual one, and type of the samples."""
    path = Path(out)
    if path.suffix == ".sigmf-meta":
        return path, None, _datatype(datatype or default)
    suffix_type = SUFFIX_FORMATS.get(path.suffix.lower())
    if suffix_type is None:
        raise InputError(
            f"--out {out}: the suffix does not say what to write; use .sigmf-meta, .cf32, .cs16, .cs8 or .cu8"
        )
    if datatype is not None and _datatype(datatype) != suffix_type:
        raise InputError(f"--out {out} contradicts --datatype {datatype}; leave --datatype out")
    return path.with_suffix(".sigmf-meta"), path.name, suffix_type


def _datatype(name: str) -> str:
    known = {"cf32": "cf32_le", "ci16": "ci16_le", "cs16": "ci16_le", "cs8": "ci8"}.get(name, name)
    if known not in _BYTES:
        raise InputError(f"--datatype {name!r} is not written; use {', '.join(_BYTES)}")
    return known


def _check_time(text: str | None) -> None:
    try:
        if text is not None:
            parse_datetime(text)
    except ValueError as error:
        raise InputError(f"--start-time: {error}; write it like that") from error


def _check_space(path: Path, needed: int) -> None:
    """Refuse before the work what cannot end well."""
    if not path.parent.is_dir():
        raise InputError(f"--out {path}: there is no folder {path.parent}; make it or choose another")
    free = shutil.disk_usage(path.parent).free
    if needed > free:
        raise OutputError(
            f"{path}: the scene needs {needed / 1e6:,.1f} MB and {free / 1e6:,.1f} MB are free; "
            "give a shorter --duration, a lower --rate, a smaller --datatype or another folder"
        )


def _counted(chunks: Iterator[np.ndarray], advance: Callable[[float], None]) -> Iterator[np.ndarray]:
    for chunk in chunks:
        yield chunk
        advance(len(chunk))


def run(arguments: argparse.Namespace) -> int:
    """Write the scene, print what it holds, and return the exit code.

    Raises
    ------
    InputError
        An argument is not what it should be.
    OutputError
        The recording cannot be written; no part of it stays behind.
    """
    _check_time(arguments.start_time)
    if simulate_live.is_wanted(arguments):
        return simulate_live.run(arguments)
    if arguments.out is None:
        raise InputError(
            "--out is missing; give the file to write, as --out scene.sigmf-meta, "
            "or send the scene with --udp, --zmqiq, --zmq or --rtl-tcp"
        )
    room = ROOMS[arguments.room]
    scene = room.scene_of(arguments)
    path, data_name, datatype = _output(arguments.out, arguments.datatype, room.default_datatype)
    _check_space(path, scene.sample_count * _BYTES[datatype])
    annotations = room.annotations(scene)
    chunks = room.chunks(scene, datatype)
    with progress(scene.sample_count, f"Writing {arguments.out}") as advance:
        write_sigmf(
            path,
            _counted(chunks, advance),
            scene.sample_rate,
            scene.center_freq,
            arguments.start_time,
            annotations,
            datatype,
            data_name=data_name,
            captures=room.captures(scene),
        )
    print(room.summary(scene, annotations, arguments.out, datatype))
    if beside := room.write_beside(scene, arguments):
        print(beside)
    return 0
