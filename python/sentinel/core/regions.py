# SPDX-License-Identifier: GPL-3.0-or-later
"""Regions of time and frequency, read from events or from a recording's annotations.

Time is counted in seconds from index 0 of the input's own timeline, so that events and truth of one
recording agree whatever a clock says.
"""

import json
import math
import os
import sys
from collections.abc import Iterable, Mapping
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


def region_of_event(event: Mapping[str, Any]) -> Region:
    """Return the region of an event in its JSON form.

    Raises
    ------
    ValueError, KeyError, TypeError
        A field is missing or of another type.
    """
    rate = float(event["sample_rate"])
    if not rate > 0:
        raise ValueError(f"sample_rate is {rate}")
    return Region(
        start_s=int(event["sample_start"]) / rate,
        duration_s=int(event["sample_count"]) / rate,
        freq_hz=float(event["freq_hz"]),
        bandwidth_hz=float(event["bandwidth_hz"] or 0.0),
        label=str(event.get("label") or ""),
        details=_numbers(event.get("details")),
    )


def regions_of_event_lines(lines: Iterable[str], name: str, detector: str | None = None) -> list[Region]:
    """Return the regions of events in JSON lines, the last revision of each event.

    Raises
    ------
    InputError
        A line is not an event; names the line.
    """
    latest: dict[str, Region] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            event = json.loads(line)
            if detector is None or event["detector"] == detector:
                latest[str(event.get("id") or f"line {number}")] = region_of_event(event)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else error
            raise InputError(
                f"{name}, line {number}: not an event ({what}); give the output of a command with --json"
            ) from error
    return list(latest.values())


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
    path = Path(path)
    metadata = _object(path)
    rate = _rate(metadata, path)
    regions = []
    for number, annotation in enumerate(metadata.get("annotations") or [], 1):
        try:
            if detector and annotation.get("sentinel:detector", detector) != detector:
                continue
            start = int(annotation["core:sample_start"])
            center = 0.0
            for capture in metadata.get("captures") or []:
                if capture.get("core:sample_start", 0) <= start:
                    center = float(capture.get("core:frequency", 0.0))
            low = float(annotation.get("core:freq_lower_edge", center - rate / 2))
            high = float(annotation.get("core:freq_upper_edge", center + rate / 2))
            regions.append(
                Region(
                    start_s=start / rate,
                    duration_s=int(annotation["core:sample_count"]) / rate,
                    freq_hz=(low + high) / 2,
                    bandwidth_hz=high - low,
                    label=str(annotation.get("core:label") or ""),
                    details=_numbers(annotation.get("sentinel:details")),
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else error
            remedy = "give its start and count of samples, edges in ascending order"
            raise InputError(f"{path}, annotation {number}: {what}; {remedy}") from error
    return regions


def observed_seconds(path: str | os.PathLike) -> float | None:
    """Return the length of a SigMF recording from the size of its data file, None if that is not there."""
    path = Path(path)
    metadata = _object(path)
    data = path.with_suffix(".sigmf-data")
    datatype = str(metadata["global"].get("core:datatype", ""))
    item = _ITEM_BYTES.get(datatype[1:].split("_")[0])
    if item is None or not data.is_file():
        return None
    channels = metadata["global"].get("core:num_channels", 1)
    if type(channels) is not int or channels < 1:
        raise InputError(f"{path}: core:num_channels is {channels!r}; write the number of channels there")
    item *= (2 if datatype.startswith("c") else 1) * channels
    return data.stat().st_size / item / _rate(metadata, path)


def read_regions(path: str | os.PathLike, detector: str | None = None) -> list[Region]:
    """Return the regions of a `.sigmf-meta` file, or of JSON lines (`-` is standard input)."""
    if str(path).endswith(".sigmf-meta"):
        return regions_of_annotations(path, detector)
    try:
        with nullcontext(sys.stdin) if str(path) == "-" else open(path, encoding="utf-8") as stream:
            return regions_of_event_lines(stream, str(path), detector)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give a file of JSON lines") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not text ({error.reason}); give a file of JSON lines") from error
