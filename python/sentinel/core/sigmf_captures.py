# SPDX-License-Identifier: GPL-3.0-or-later
"""Captures and annotations of SigMF metadata on the timeline of the data file."""

import math

from .errors import InputError
from .recording_model import Capture, GainStep
from .sigmf_time import parse_datetime

#: Key of a capture that holds the receiver's gain in dB.
GAIN_KEY = "sentinel:gain_db"
_OF_A_GAIN = {"core:sample_start", GAIN_KEY}


def read_captures(
    metadata: dict,
    where: str,
    sample_rate: float,
    sample_count: int,
    first_index: int,
    center_freq: float | None,
) -> tuple[tuple[Capture, ...], list[str]]:
    """The captures at which something changes, and warnings.

    A capture that continues the one before it (same frequency, clock within a sample or the written
    resolution) is left out: it would cut the windows of a detector for nothing. Gains are read by
    `read_gains`.

    Parameters
    ----------
    first_index : int
        `core:offset`: what the metadata calls the first sample of the file.
    center_freq : float or None
        Hz, from the user; must not contradict the metadata.
    """
    notes: list[str] = []
    captures: list[Capture] = []
    shift = _index_shift(metadata["captures"], where, first_index, notes)
    for number, entry in enumerate(metadata["captures"]):
        place = f"{where}: capture {number}"
        start = whole_number(entry, "core:sample_start", place, default=None, least=0) - shift
        if start >= sample_count:
            raise InputError(
                f"{place} begins at sample {start}, but the data ends at {sample_count}; "
                "the data is cut short or another recording's"
            )
        if captures and start < captures[-1].sample_start:
            raise InputError(f"{place} begins before the one in front of it; put captures in ascending order")
        if captures and GAIN_KEY in entry and not entry.keys() - _OF_A_GAIN:
            continue  # tells nothing but a gain: the capture before it goes on
        captures.append(_capture(entry, start, place, center_freq, notes))
    if not captures or captures[0].sample_start > 0:
        captures.insert(0, Capture(center_freq_hz=center_freq))
    return tuple(_changes(captures, sample_rate)), notes


def read_gains(metadata: dict, where: str, first_index: int) -> tuple[GainStep, ...]:
    """Where the receiver's gain steps, by the key `sentinel:gain_db` of the captures.

    A capture without it keeps the gain before it. Those before the first one that tells have none.

    Raises
    ------
    InputError
        If a gain is no finite number.
    """
    shift = _index_shift(metadata["captures"], where, first_index, [])
    steps: list[GainStep] = []
    for number, entry in enumerate(metadata["captures"]):
        gain_db = entry.get(GAIN_KEY)
        if gain_db is None:
            continue
        if isinstance(gain_db, bool) or not isinstance(gain_db, int | float) or not math.isfinite(gain_db):
            raise InputError(
                f"{where}: capture {number}: {GAIN_KEY} {gain_db!r} must be a number of dB; mend the metadata"
            )
        start = entry["core:sample_start"] - shift
        if steps and start == steps[-1].sample_start:
            steps.pop()  # of two captures of one sample the later one says what holds
        if not steps or gain_db != steps[-1].gain_db:
            steps.append(GainStep(int(start), float(gain_db)))
    return tuple(steps)


def read_annotations(
    metadata: dict, where: str, sample_count: int, first_index: int
) -> tuple[tuple[dict, ...], list[str]]:
    """Annotations with `core:sample_start` as index in the data file, and warnings.

    Raises
    ------
    InputError
        If one begins behind the end of the data: then data and metadata do not belong together.
    """
    notes: list[str] = []
    shift = _index_shift(metadata["annotations"], where, first_index, notes)
    annotations = []
    overhanging = 0
    for number, entry in enumerate(metadata["annotations"]):
        place = f"{where}: annotation {number}"
        start = whole_number(entry, "core:sample_start", place, default=None, least=0) - shift
        count = whole_number(entry, "core:sample_count", place, default=0, least=0)
        if start >= sample_count:
            raise InputError(
                f"{place} begins at sample {start}, but the data ends at {sample_count}; "
                "the data is cut short or another recording's"
            )
        overhanging += start + count > sample_count
        annotations.append(entry | {"core:sample_start": start})
    if overhanging:
        notes.append(f"{where}: {overhanging} annotation(s) reach beyond the last sample {sample_count - 1}")
    return tuple(annotations), notes


def whole_number(entry: dict, key: str, place: str, default: int | None, least: int) -> int:
    """A whole number of an object in the metadata; without a default it must be there."""
    value = entry.get(key, default)
    if value is None:
        raise InputError(f"{place} has no {key}; mend the metadata")
    # Some recorders write 4096.0; booleans are whole numbers to Python only.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**63:
        raise InputError(
            f"{place}: {key} {value!r} must be a whole number from {least} on; mend the metadata"
        )
    return value


def _index_shift(entries: list[dict], where: str, first_index: int, notes: list[str]) -> int:
    """What to take from indices: `core:offset`, unless they plainly count from the file's start."""
    starts = [e["core:sample_start"] for e in entries if isinstance(e.get("core:sample_start"), int | float)]
    if first_index and starts and min(starts) < first_index:
        notes.append(
            f"{where}: indices below its core:offset {first_index}; taken as counted from the file's start"
        )
        return 0
    return first_index


def _capture(entry: dict, start: int, place: str, center_freq: float | None, notes: list[str]) -> Capture:
    freq = entry.get("core:frequency")
    if freq is not None:
        if isinstance(freq, bool) or not isinstance(freq, int | float) or not math.isfinite(freq):
            raise InputError(f"{place}: core:frequency {freq!r} must be a number of Hz; mend the metadata")
        if center_freq is not None and abs(center_freq - freq) > 0.5:
            raise InputError(
                f"{place}: --center-freq {center_freq:.12g} contradicts its core:frequency {freq:.12g}; "
                "leave --center-freq out"
            )
    freq = center_freq if freq is None else float(freq)
    text = entry.get("core:datetime")
    if text is None:
        return Capture(start, freq)
    try:
        instant = parse_datetime(text)
    except ValueError as error:
        notes.append(f"{place}: core:datetime {error}; its time is taken as unknown")
        return Capture(start, freq)
    return Capture(start, freq, instant.time_ns, instant.resolution_ns)


def _changes(captures: list[Capture], sample_rate: float) -> list[Capture]:
    kept: list[Capture] = []
    for capture in captures:
        if kept and capture.sample_start == kept[-1].sample_start:
            kept.pop()  # two captures of one sample: the later one says what holds
        if not kept or _differs(kept[-1], capture, sample_rate):
            kept.append(capture)
    return kept


def _differs(before: Capture, after: Capture, sample_rate: float) -> bool:
    if before.center_freq_hz != after.center_freq_hz:
        return True
    if before.time_ns is None or after.time_ns is None:
        return before.time_ns is not after.time_ns
    distance_ns = (after.sample_start - before.sample_start) / sample_rate * 1e9
    jump_ns = abs(after.time_ns - before.time_ns - distance_ns)
    return jump_ns > max(1e9 / sample_rate, before.time_resolution_ns, after.time_resolution_ns)
