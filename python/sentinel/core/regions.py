# SPDX-License-Identifier: GPL-3.0-or-later
"""Regions of time and frequency, read from events or from a recording's annotations.

Time is counted in seconds from index 0 of the input's own timeline, so that events and truth of one
recording agree whatever a clock says.
"""

import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import InputError

_ITEM_BYTES = {"f64": 8, "f32": 4, "i32": 4, "u32": 4, "i16": 2, "u16": 2, "i8": 1, "u8": 1}


@dataclass(frozen=True)
class Region:
    """Something at a place in time and frequency.

    Parameters
    ----------
    start_s, duration_s : float
        From index 0 of the input, s.
    freq_hz, bandwidth_hz : float
        Centre and width, Hz.
    label : str
    details : mapping of str to float
        Measured or true parameters; those that event and truth both name are compared.
    """

    start_s: float
    duration_s: float
    freq_hz: float
    bandwidth_hz: float
    label: str = ""
    details: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("start_s", "duration_s", "freq_hz", "bandwidth_hz"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} of a region is {getattr(self, name)}; it must be finite")
        if self.duration_s < 0 or self.bandwidth_hz < 0:
            raise ValueError("duration and bandwidth of a region must not be negative")


def _numbers(values: Any) -> dict[str, float]:
    """Return the finite numbers among the values of an object."""
    if not isinstance(values, Mapping):
        return {}
    return {
        str(name): float(value)
        for name, value in values.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    }


def region_of_event(event: Mapping[str, Any], center_hz: float = 0.0) -> Region:
    """Return the region of an event in its JSON form.

    Parameters
    ----------
    center_hz : float
        Centre of the input, for an event that knows its offset only.

    Raises
    ------
    ValueError, KeyError, TypeError
        A field is missing or of another type.
    """
    rate = float(event["sample_rate"])
    if not rate > 0:
        raise ValueError(f"sample_rate is {rate}")
    freq_hz = event["freq_hz"]
    if freq_hz is None:
        freq_hz = center_hz + float(event["offset_hz"])
    return Region(
        start_s=int(event["sample_start"]) / rate,
        duration_s=int(event["sample_count"]) / rate,
        freq_hz=float(freq_hz),
        bandwidth_hz=float(event["bandwidth_hz"] or 0.0),
        label=str(event.get("label") or ""),
        details=_numbers(event.get("details")),
    )


@dataclass(frozen=True)
class Record:
    """An event in its JSON form as it stands in a file: `where` and `remedy` are for error texts."""

    event: Any
    where: str
    remedy: str


def records_of_event_lines(lines: Iterable[str], name: str) -> list[Record]:
    """Return the events of JSON lines, the last revision of each.

    Raises
    ------
    InputError
        A line is not a JSON object; names the line.
    """
    remedy = "give the output of a command with --json"
    latest: dict[str, Record] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{name}, line {number}: not an event"
        try:
            event = json.loads(line)
        except ValueError as error:
            raise InputError(f"{where} ({error}); {remedy}") from error
        if not isinstance(event, dict):
            raise InputError(f"{where} (no JSON object); {remedy}")
        latest[str(event.get("id") or f"line {number}")] = Record(event, where, remedy)
    return list(latest.values())


def convert_records(
    records: Iterable[Record],
    detector: str | None = None,
    convert: Callable[[Mapping[str, Any]], Any] = region_of_event,
) -> list[Any]:
    """Return what `convert` makes of each event, of one detector if it is given.

    Raises
    ------
    InputError
        An event lacks a field or has one of another type; names its place.
    """
    converted = []
    for record in records:
        try:
            if detector is None or record.event["detector"] == detector:
                converted.append(convert(record.event))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else error
            raise InputError(f"{record.where} ({what}); {record.remedy}") from error
    return converted


def regions_of_event_lines(lines: Iterable[str], name: str, detector: str | None = None) -> list[Region]:
    """Return the regions of events in JSON lines, the last revision of each event.

    Raises
    ------
    InputError
        A line is not an event; names the line.
    """
    return convert_records(records_of_event_lines(lines, name), detector)


def _object(path: Path) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as stream:
            metadata = json.load(stream)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give a readable .sigmf-meta file") from error
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); give a .sigmf-meta file") from error
    if not isinstance(metadata, dict) or not isinstance(metadata.get("global"), dict):
        raise InputError(f"{path}: not SigMF metadata (no global object); give a .sigmf-meta file")
    return metadata


def _rate(metadata: Mapping[str, Any], path: Path) -> float:
    rate = metadata["global"].get("core:sample_rate")
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not rate > 0:
        raise InputError(f"{path}: core:sample_rate is {rate!r}; write the recording's sample rate there")
    return float(rate)


def _event_of_annotation(annotation: Mapping[str, Any], rate: float, captures: Any) -> dict[str, Any]:
    """The annotation in the form of an event; without frequency edges it spans the band of its capture."""
    start = int(annotation["core:sample_start"])
    center = 0.0
    for capture in captures or []:
        if capture.get("core:sample_start", 0) <= start:
            center = float(capture.get("core:frequency", 0.0))
    low = float(annotation.get("core:freq_lower_edge", center - rate / 2))
    high = float(annotation.get("core:freq_upper_edge", center + rate / 2))
    return {
        "detector": annotation.get("sentinel:detector"),
        "label": annotation.get("core:label"),
        "sample_start": start,
        "sample_count": annotation["core:sample_count"],
        "sample_rate": rate,
        "freq_hz": (low + high) / 2,
        "bandwidth_hz": high - low,
        "snr_db": annotation.get("sentinel:snr_db"),
        "details": annotation.get("sentinel:details"),
    }


def records_of_annotations(path: str | os.PathLike) -> list[Record]:
    """Return the annotations of a SigMF recording in the form of events.

    Raises
    ------
    InputError
        The file is not SigMF metadata or an annotation lacks its place; names the annotation.
    """
    path = Path(path)
    metadata = _object(path)
    rate = _rate(metadata, path)
    remedy = "give its start and count of samples, edges in ascending order"
    records = []
    for number, annotation in enumerate(metadata.get("annotations") or [], 1):
        where = f"{path}, annotation {number}: not a region"
        try:
            event = _event_of_annotation(annotation, rate, metadata.get("captures"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else error
            raise InputError(f"{where} ({what}); {remedy}") from error
        records.append(Record(event, where, remedy))
    return records


def regions_of_annotations(path: str | os.PathLike, detector: str | None = None) -> list[Region]:
    """Return the regions that a SigMF recording's annotations mark.

    Without frequency edges an annotation spans the whole band of its capture.

    Parameters
    ----------
    detector : str, optional
        Leave out annotations that name another detector (`sentinel:detector`).

    Raises
    ------
    InputError
        The file is not SigMF metadata or an annotation lacks its place; names the annotation.
    """
    records = records_of_annotations(path)
    return convert_records(
        record for record in records if not detector or record.event["detector"] in (None, detector)
    )


def center_frequency(path: str | os.PathLike) -> float:
    """Return the centre of a SigMF recording's first capture, 0 Hz if it states none."""
    captures = _object(Path(path)).get("captures")
    first = captures[0] if isinstance(captures, list) and captures else {}
    center = first.get("core:frequency") if isinstance(first, dict) else None
    return float(center) if isinstance(center, (int, float)) else 0.0


def observed_seconds(path: str | os.PathLike) -> float | None:
    """Return the length of a SigMF recording from the size of its data file, None if that is not there.

    Metadata of samples that were sent and not kept say in `sentinel:sample_count` how many there were.
    """
    path = Path(path)
    metadata = _object(path)
    sent = metadata["global"].get("sentinel:sample_count")
    if type(sent) is int and sent > 0:
        return sent / _rate(metadata, path)
    named = metadata["global"].get("core:dataset")
    data = path.with_name(Path(named).name) if isinstance(named, str) else path.with_suffix(".sigmf-data")
    datatype = str(metadata["global"].get("core:datatype", ""))
    item = _ITEM_BYTES.get(datatype[1:].split("_")[0])
    if item is None or not data.is_file():
        return None
    channels = metadata["global"].get("core:num_channels", 1)
    if type(channels) is not int or channels < 1:
        raise InputError(f"{path}: core:num_channels is {channels!r}; write the number of channels there")
    item *= (2 if datatype.startswith("c") else 1) * channels
    return data.stat().st_size / item / _rate(metadata, path)


def read_records(path: str | os.PathLike) -> list[Record]:
    """Return the events of a `.sigmf-meta` file, or of JSON lines (`-` is standard input).

    Raises
    ------
    InputError
        The file cannot be read or holds something else; names the place.
    """
    if str(path).endswith(".sigmf-meta"):
        return records_of_annotations(path)
    try:
        with nullcontext(sys.stdin) if str(path) == "-" else open(path, encoding="utf-8") as stream:
            return records_of_event_lines(stream, str(path))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give a file of JSON lines") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not text ({error.reason}); give a file of JSON lines") from error


def read_regions(path: str | os.PathLike, detector: str | None = None) -> list[Region]:
    """Return the regions of a `.sigmf-meta` file, or of JSON lines (`-` is standard input)."""
    if str(path).endswith(".sigmf-meta"):
        return regions_of_annotations(path, detector)
    return convert_records(read_records(path), detector)
