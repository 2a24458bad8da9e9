# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel score`: events against the truth of a recording."""

import argparse
import json
from dataclasses import replace

from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.matching import Tolerances
from gnuradio.sentinel.core.regions import observed_seconds, read_regions, regions_of_annotations
from gnuradio.sentinel.core.scoring import format_score, score

# A pulse event spans its whole cycle, so that overlap says little: its start and centre count. Regions
# found in a spectrogram count by area.
ROOM_TOLERANCES = {
    "pulse": Tolerances(start_s=0.016, center_hz=70.0, freq_hz=70.0, time_s=0.016),
    "radar": Tolerances(),
    "gnss": Tolerances(time_s=1.0),
    "anomaly": Tolerances(min_iou=0.1),
    "dof": Tolerances(min_iou=0.1),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel score`."""
    parser.add_argument("events", help="JSON lines as printed by --json, a .sigmf-meta file, or -")
    parser.add_argument("truth", help=".sigmf-meta file whose annotations are the truth")
    parser.add_argument("--detector", choices=sorted(ROOM_TOLERANCES), help="one room, by its tolerances")
    parser.add_argument("--time-gap", type=float, metavar="S", help="gap allowed between the times")
    parser.add_argument("--freq-gap", type=float, metavar="HZ", help="gap allowed between the bands")
    parser.add_argument("--start-error", type=float, metavar="S", help="largest difference of the starts")
    parser.add_argument("--center-error", type=float, metavar="HZ", help="largest difference of the centres")
    parser.add_argument("--min-iou", type=float, metavar="X", help="least overlap of the areas")
    parser.add_argument("--same-label", action="store_true", default=None, help="labels must agree")
    parser.add_argument("--seconds", type=float, metavar="S", help="time searched, if not the whole file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print the score and return the exit code.

    Raises
    ------
    InputError
        A file is not what it should be.
    """
    given = {
        "time_s": arguments.time_gap,
        "freq_hz": arguments.freq_gap,
        "start_s": arguments.start_error,
        "center_hz": arguments.center_error,
        "min_iou": arguments.min_iou,
        "same_label": arguments.same_label,
    }
    given = {name: value for name, value in given.items() if value is not None}
    try:
        tolerances = replace(ROOM_TOLERANCES.get(arguments.detector, Tolerances()), **given)
    except ValueError as error:
        raise InputError(str(error)) from error
    if arguments.seconds is not None and not 0 < arguments.seconds < float("inf"):
        raise InputError(f"--seconds is {arguments.seconds}; give the positive length of what was searched")
    truths = regions_of_annotations(arguments.truth, arguments.detector)
    events = read_regions(arguments.events, arguments.detector)
    seconds = arguments.seconds if arguments.seconds is not None else observed_seconds(arguments.truth)
    result = score(events, truths, tolerances, seconds)
    print(json.dumps(result.to_json(), allow_nan=False) if arguments.json else format_score(result))
    return 0
