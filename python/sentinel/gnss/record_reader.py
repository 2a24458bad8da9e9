# SPDX-License-Identifier: GPL-3.0-or-later
"""The record stream of Channelizer Features as snapshots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pmt

from .snapshots import Snapshots


@dataclass(frozen=True)
class RecordRun:
    """Records that follow each other without a break, of one segment and one tuning.

    Attributes
    ----------
    snapshots : Snapshots
    begins, ends : bool
        Whether a segment of the input begins with the first, ends with the last of them.
    stream : dict or None
        Value of the tag `sentinel_stream`: what events say of the input.
    """

    snapshots: Snapshots
    begins: bool
    ends: bool
    stream: dict[str, str] | None


class RecordReader:
    """Follows the tags of a stream of records; for the `work` of a Python block.

    Parameters
    ----------
    sample_rate : float
        Hz, of the input; what the tag rx_rate says goes before it.
    snapshot_samples : int
        Likewise, and the tag sentinel_step.
    """

    def __init__(self, sample_rate: float, snapshot_samples: int) -> None:
        self._rate, self._step = float(sample_rate), int(snapshot_samples)
        self._place = 0
        self._center: float | None = None
        self._stream: dict[str, str] | None = None

    def read(self, records: np.ndarray, tags: Iterable[Any], first_item: int) -> list[RecordRun]:
        """Runs of consecutive records.

        Parameters
        ----------
        records : float32 (n, record_length)
            Items of the stream, copied.
        tags : iterable of gr.tag_t
            Of these items: `self.get_tags_in_window(0, 0, len(records))`.
        first_item : int
            Offset of the first item in the stream: `self.nitems_read(0)`.
        """
        at: dict[int, dict[str, Any]] = {}
        for tag in tags:
            at.setdefault(tag.offset - first_item, {})[pmt.symbol_to_string(tag.key)] = tag.value
        runs, begin, begins = [], 0, False
        starts: list[int] = []
        times: list[float] = []
        for item in range(len(records)):
            here = at.get(item, {})
            if starts and not _BREAKS.isdisjoint(here):
                runs.append(self._run(records[begin:item], starts, times, begins, None))
                begin, begins, starts, times = item, False, [], []
            begins |= "sentinel_start" in here
            self._take(here)
            starts.append(self._place)
            times.append(_posix(here.get("rx_time")))
            self._place += self._step
            if "sentinel_end" in here:
                end = pmt.to_uint64(here["sentinel_end"])
                runs.append(self._run(records[begin : item + 1], starts, times, begins, end))
                begin, begins, starts, times = item + 1, False, [], []
        if starts:
            runs.append(self._run(records[begin:], starts, times, begins, None))
        return runs

    def _take(self, tags: dict[str, Any]) -> None:
        if "sentinel_start" in tags:
            self._place = pmt.to_uint64(tags["sentinel_start"])
        if "sentinel_step" in tags:
            self._step = pmt.to_uint64(tags["sentinel_step"])
        if "rx_rate" in tags:
            self._rate = pmt.to_double(tags["rx_rate"])
        if "rx_freq" in tags:
            self._center = pmt.to_double(tags["rx_freq"]) or None  # 0 is not known
        if "sentinel_stream" in tags:
            self._stream = pmt.to_python(tags["sentinel_stream"])

    def _run(
        self, records: np.ndarray, starts: list[int], times: list[float], begins: bool, end: int | None
    ) -> RecordRun:
        counts = [self._step] * len(starts)
        if end is not None:
            counts[-1] = end - starts[-1]
        snapshots = Snapshots.from_records(
            np.array(records, np.float32),
            starts,
            counts,
            sample_rate=self._rate,
            snapshot_samples=self._step,
            center_freq=self._center,
            time_s=times,
        )
        return RecordRun(snapshots, begins, end is not None, self._stream)


#: Tags after which records are of another run.
_BREAKS = frozenset(("sentinel_start", "sentinel_step", "rx_rate", "rx_freq", "sentinel_stream"))


def _posix(time: Any) -> float:
    """Seconds since 1970 of a value of rx_time; NaN of none."""
    if time is None:
        return np.nan
    return pmt.to_uint64(pmt.tuple_ref(time, 0)) + pmt.to_double(pmt.tuple_ref(time, 1))
