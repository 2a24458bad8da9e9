# SPDX-License-Identifier: GPL-3.0-or-later
"""Descriptions of the seconds of unknown intervals, kept for training: some of each, bounded in all."""

from __future__ import annotations

import io
import os
import zipfile
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from ...core.errors import InputError
from ...core.files import write_atomic
from ..description import NAMES

#: Seconds of all intervals together: 6 MB.
MOST_SECONDS = 20_000
MAX_BYTES = 200_000_000


@dataclass(frozen=True)
class KeptInterval:
    """Seconds of one interval.

    Attributes
    ----------
    cluster : str
        Letters.
    event_id : str
    time : str
        UTC of its first sample; empty without a clock.
    number : int
        Which interval it was of all that were ever assigned, from 1.
    rows : float32, shape (n, columns)
    """

    cluster: str
    event_id: str
    time: str
    number: int
    rows: np.ndarray


class KeptSeconds:
    """What is kept of all intervals, oldest first.

    Parameters
    ----------
    most : int
        Seconds. When there are more, the oldest interval of the cluster that has most of them goes, so that a
        rare kind is not pushed out by a frequent one.
    """

    def __init__(self, most: int = MOST_SECONDS) -> None:
        self.most = most
        self.intervals: list[KeptInterval] = []

    def add(self, interval: KeptInterval) -> None:
        """Keep one more."""
        self.intervals.append(interval)
        while len(self.intervals) > 1 and self.count > self.most:
            seconds: Counter[str] = Counter()
            for one in self.intervals:
                seconds[one.cluster] += len(one.rows)
            largest = seconds.most_common(1)[0][0]
            place = next(k for k, one in enumerate(self.intervals) if one.cluster == largest)
            del self.intervals[place]

    @property
    def count(self) -> int:
        """Seconds kept."""
        return sum(len(one.rows) for one in self.intervals)

    def of(self, cluster: str) -> list[KeptInterval]:
        """The intervals of a cluster."""
        return [one for one in self.intervals if one.cluster == cluster]

    def restrict(self, clusters: Collection[str], assigned: int) -> None:
        """Drop what is of no cluster that there is, or of an interval that was never recorded."""
        self.intervals = [one for one in self.intervals if one.cluster in clusters and one.number <= assigned]

    def save(self, path: str | os.PathLike) -> None:
        """Write the file, whole."""
        buffer = io.BytesIO()
        lengths = [len(one.rows) for one in self.intervals]
        np.savez(
            buffer,
            columns=np.array(NAMES),
            rows=np.concatenate([np.zeros((0, len(NAMES)), np.float32), *(o.rows for o in self.intervals)]),
            lengths=np.array(lengths, np.int64),
            number=np.array([one.number for one in self.intervals], np.int64),
            **{
                name: np.array([getattr(one, name) for one in self.intervals], dtype=np.str_)
                for name in ("cluster", "event_id", "time")
            },
        )
        write_atomic(path, buffer.getvalue())

    @classmethod
    def load(cls, path: str | os.PathLike, most: int = MOST_SECONDS) -> KeptSeconds:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            The file is missing, damaged, or of other columns.
        """
        kept = cls(most)
        try:
            if os.path.getsize(path) > MAX_BYTES:
                raise ValueError(f"larger than {MAX_BYTES} bytes")
            with np.load(path, allow_pickle=False) as file:
                if tuple(file["columns"].tolist()) != NAMES:
                    raise ValueError("of other columns than this version makes")
                rows, lengths, number = (file[name] for name in ("rows", "lengths", "number"))
                texts = [file[name] for name in ("cluster", "event_id", "time")]
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(_damaged(path, error)) from error
        whole = rows.ndim == 2 and rows.shape[1] == len(NAMES) and np.isfinite(rows).all()
        fit = all(part.shape == lengths.shape for part in (number, *texts))
        if not (whole and fit and (lengths >= 0).all() and lengths.sum() == len(rows)):
            raise InputError(_damaged(path, "its arrays do not fit together"))
        parts = np.split(rows.astype(np.float32), np.cumsum(lengths)[:-1]) if len(lengths) else []
        for part, which, *words in zip(parts, number, *texts, strict=True):
            kept.intervals.append(KeptInterval(*map(str, words), int(which), part))
        return kept


def _damaged(path: str | os.PathLike, reason: object) -> str:
    return (
        f"{path}: the seconds kept of unknown intervals cannot be used ({reason}); take a copy of before, or "
        "remove the file: only the seconds for training are lost"
    )
