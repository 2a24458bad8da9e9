# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel evaluate`: the measured figures of a room, made again."""

import argparse
import sys
from pathlib import Path

from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.progress import progress

FULL = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel evaluate`."""
    parser.add_argument(
        "room", choices=("pulse", "gnss", "streams"), help="what is evaluated; streams: live inputs"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--quick", action="store_true", help="compute a tenth of the cells again and compare; writes nothing"
    )
    how.add_argument(
        "--full",
        action="store_true",
        help="all trials (the default): about 40 minutes, gnss 3 hours, streams 5",
    )
    how.add_argument("--trials-scale", type=float, metavar="X", help="this many times the full trials")
    parser.add_argument(
        "--final", action="store_true", help="with seeds from the hash of the frozen calibration or models"
    )
    parser.add_argument("--max-minutes", type=float, metavar="M", help="begin no further cell after this")
    parser.add_argument(
        "--soak",
        type=float,
        metavar="MIN",
        help="streams: long runs in real time, memory and processor share",
    )
    parser.add_argument("--out", help="page to write (docs/results-ROOM.md); cells go to data/ beside it")
    parser.add_argument(
        "--recordings", metavar="DIR", help="folder of the real recordings; by default beside the project"
    )
    parser.add_argument("--tables", metavar="A,B", help="gnss: only these tables, for example quiet,classes")
    parser.add_argument(
        "--cache", metavar="DIR", help="gnss: where features of simulated sessions are kept (.cache/gnss)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Compute, or check, and return the exit code.

    Raises
    ------
    InputError
        An option makes no sense, or there is nothing to compare with.
    """
    if arguments.out is None:
        arguments.out = f"docs/results-{arguments.room}.md"
    if arguments.room == "streams":
        return _streams(arguments)
    if arguments.soak is not None:
        raise InputError("--soak is for streams; leave it out")
    if arguments.room == "gnss":
        return _gnss(arguments)
    _refuse(arguments, ("tables", "cache"), "gnss")
    from gnuradio.sentinel.pulse.evaluation import run as evaluate

    data = evaluate.data_path(arguments.out)
    if arguments.quick:
        return _quick(evaluate, data)
    scale = _scale(arguments)
    recordings = _recordings(arguments.recordings)
    from gnuradio.sentinel.pulse.evaluation.page import write_page

    with evaluate.open_store(data) as store:
        cells, _ = evaluate.plan_run(scale, arguments.final, recordings)
        with progress(len(cells), "evaluate pulse") as tell:
            done = evaluate.run(store, scale, arguments.final, recordings, arguments.max_minutes, tell)
        written = write_page(store, arguments.out)
    print(
        f"{done.computed} cells computed in {done.seconds:.0f} s, {done.done_before} were there, "
        f"{done.left} are left"
    )
    for path in written:
        print(f"wrote {path}")
    return 0


def _scale(arguments: argparse.Namespace) -> float:
    scale = FULL if arguments.trials_scale is None else arguments.trials_scale
    for name, value in (("--trials-scale", scale), ("--max-minutes", arguments.max_minutes)):
        if value is not None and not 0 < value < float("inf"):
            raise InputError(f"{name} is {value}; give a positive number")
    return scale


def _refuse(arguments: argparse.Namespace, options: tuple[str, ...], room: str) -> None:
    for option in options:
        if getattr(arguments, option):
            raise InputError(f"--{option.replace('_', '-')} is for evaluate {room}; leave it out")


def _gnss(arguments: argparse.Namespace) -> int:
    _refuse(arguments, ("recordings",), "pulse")
    from .evaluate_gnss import run as run_gnss

    return run_gnss(
        arguments.out,
        quick=arguments.quick,
        scale=_scale(arguments),
        final=arguments.final,
        max_minutes=arguments.max_minutes,
        cache=arguments.cache,
        tables=arguments.tables,
    )


def _streams(arguments: argparse.Namespace) -> int:
    if arguments.soak is not None:
        from .evaluate_streams_soak import run as run_soak

        return run_soak(arguments.soak, arguments.out)
    _refuse(arguments, ("trials_scale", "max_minutes", "final", "recordings"), "pulse")
    _refuse(arguments, ("tables", "cache"), "gnss")
    from . import evaluate_streams

    return evaluate_streams.run(arguments.quick, arguments.out)


def _quick(evaluate, data: Path) -> int:
    if not data.exists():
        raise InputError(f"{data}: there are no results to compare with; run `sentinel evaluate pulse` first")
    with evaluate.open_store(data) as store:
        failures, seconds = evaluate.quick_check(store)
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{'FAILED' if failures else 'ok'}: a tenth of the cells computed again in {seconds:.0f} s")
    return 1 if failures else 0


def _recordings(given: str | None) -> Path | None:
    if given is not None:
        if not Path(given).is_dir():
            raise InputError(f"--recordings {given}: no such folder")
        return Path(given)
    beside = Path.cwd().parent / "shared" / "data" / "real433"
    return beside if beside.is_dir() else None
