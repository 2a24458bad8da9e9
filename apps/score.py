# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel score`: events against the truth of a recording."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.matching import Tolerances
from gnuradio.sentinel.core.regions import (
    Record,
    center_frequency,
    convert_records,
    observed_seconds,
    read_records,
    records_of_annotations,
    region_of_event,
)
from gnuradio.sentinel.core.scoring import format_score, score
from gnuradio.sentinel.pulse.scoring import PULSE_TOLERANCES, format_pulse_score, score_pulses, train_of_event

# Regions found in a spectrogram count by area.
ROOM_TOLERANCES = {
    "pulse": PULSE_TOLERANCES,
    "radar": Tolerances(),
    "gnss": Tolerances(time_s=1.0),
    "anomaly": Tolerances(min_iou=0.1),
    "dof": Tolerances(min_iou=0.1),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel score`."""
    parser.add_argument("events", help="JSON lines as printed by --json, a .sigmf-meta file, or -")
    parser.add_argument("truth", help=".sigmf-meta file whose annotations are the truth")
    parser.add_argument(
        "--detector",
        choices=sorted(ROOM_TOLERANCES),
        help="one room, by its rule (default: that of the events)",
    )
    parser.add_argument("--time-gap", type=float, metavar="S", help="gap allowed between the times")
    parser.add_argument("--freq-gap", type=float, metavar="HZ", help="gap allowed between the bands")
    parser.add_argument("--start-error", type=float, metavar="S", help="largest difference of the starts")
    parser.add_argument("--center-error", type=float, metavar="HZ", help="largest difference of the centres")
    parser.add_argument("--min-iou", type=float, metavar="X", help="least overlap of the areas")
    parser.add_argument("--same-label", action="store_true", default=None, help="labels must agree")
    parser.add_argument("--seconds", type=float, metavar="S", help="time searched, if not the whole file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _detectors(records: Sequence[Record]) -> list[str]:
    names = {record.event.get("detector") for record in records}
    return sorted(name for name in names if name in ROOM_TOLERANCES)


def _detector(given: str | None, events: Sequence[Record], truths: Sequence[Record], name: str) -> str | None:
    """The detector whose rule counts: as given, else the one of the events, else the one of the truth."""
    found = _detectors(events) or _detectors(truths)
    if given is not None or not found:
        return given
    if len(found) > 1:
        raise InputError(f"{name}: events of {' and '.join(found)}; choose one with --detector")
    return found[0]


def _of_detector(records: Sequence[Record], detector: str | None) -> list[Record]:
    # Annotations may come from elsewhere and name no detector: those count for every one.
    return [r for r in records if detector is None or r.event.get("detector") in (None, detector)]


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
    if arguments.seconds is not None and not 0 < arguments.seconds < float("inf"):
        raise InputError(f"--seconds is {arguments.seconds}; give the positive length of what was searched")
    truth_records = records_of_annotations(arguments.truth)
    event_records = read_records(arguments.events)
    detector = _detector(arguments.detector, event_records, truth_records, arguments.events)
    try:
        tolerances = replace(ROOM_TOLERANCES.get(detector, Tolerances()), **given)
    except ValueError as error:
        raise InputError(str(error)) from error
    truths = convert_records(_of_detector(truth_records, detector))
    seconds = arguments.seconds if arguments.seconds is not None else observed_seconds(arguments.truth)
    center_hz = center_frequency(arguments.truth)
    if detector == "pulse":
        trains = convert_records(
            _of_detector(event_records, detector), convert=partial(train_of_event, center_hz=center_hz)
        )
        result, text = score_pulses(trains, truths, tolerances, seconds), format_pulse_score
    else:
        events = convert_records(
            _of_detector(event_records, detector), convert=partial(region_of_event, center_hz=center_hz)
        )
        result, text = score(events, truths, tolerances, seconds), format_score
    print(json.dumps(result.to_json(), allow_nan=False) if arguments.json else text(result))
    return 0
