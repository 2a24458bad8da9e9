# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of simulated sessions as features: rendered once, kept in a cache, never as samples."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ... import kernel
from ...core.canonical import digest
from ...core.files import write_atomic
from ..families import CLASSES
from ..simulation.session import Session
from ..snapshots import RECORD_SCALARS, Snapshots

#: Changes whenever sessions or features come out differently.
VERSION = "gnss-1"


@dataclass(frozen=True)
class Rendered:
    """A session's features with their truth, one row per second.

    Attributes
    ----------
    snapshots : Snapshots
    label : int64, shape (T,)
        In CLASSES; -1 for a family that is no class.
    jn_db : float64, shape (T,)
        NaN without interference.
    active_share : float64, shape (T,)
        Of the second, with interference.
    baseline : bool, shape (T,)
        Part of the clean start.
    waveform : int64, shape (T,)
        Counts the stretches of interference; -1 without.
    """

    snapshots: Snapshots
    label: np.ndarray
    jn_db: np.ndarray
    active_share: np.ndarray
    baseline: np.ndarray
    waveform: np.ndarray

    def __len__(self) -> int:
        return len(self.label)


def render_features(session: Session, channels: int = 64, taps_per_channel: int = 8) -> Rendered:
    """Render a session and measure each of its seconds, without ever holding its samples."""
    rate = session.sample_rate
    length = round(rate)
    bank = kernel.channelizer_features(
        sample_rate=rate,
        format="cu8",
        channels=channels,
        taps=kernel.channelizer_prototype(channels, taps_per_channel),
        snapshot_samples=length,
    )
    records, truths = [], []
    for samples, truth in session.chunks("cu8"):
        records.append(bank.process(samples))
        truths.append(truth)
    records.append(bank.finish())
    table = np.concatenate([np.asarray(part) for part in records])[: len(truths)]
    starts = [truth.sample_start for truth in truths]
    snapshots = Snapshots.from_records(
        table,
        starts,
        [truth.sample_count for truth in truths],
        sample_rate=rate,
        snapshot_samples=length,
        time_s=[start / rate for start in starts],
    )
    gains = np.array([truth.gain_db for truth in truths])
    # A record has the gain in force at its end.
    snapshots.gain_db[:] = np.append(gains[1:], gains[-1:])
    edges = [session.sample_at(part.start_s) for part in session.intervals]
    return Rendered(
        snapshots,
        np.array([truth.label_index for truth in truths]),
        np.array([truth.jn_db for truth in truths]),
        np.array([truth.active_share for truth in truths]),
        np.array([truth.baseline for truth in truths]),
        np.array(
            [
                -1
                if truth.label == CLASSES[0]
                else int(np.searchsorted(edges, truth.sample_start + truth.sample_count)) - 1
                for truth in truths
            ]
        ),
    )


def cached(
    folder: str | os.PathLike,
    name: str,
    sessions: Callable[[], Iterable[Session]],
    progress: Callable[[int], None] | None = None,
) -> Iterator[Rendered]:
    """Features of the sessions of a set, rendered where the cache lacks them.

    Several processes may fill one cache: files appear whole.

    Parameters
    ----------
    folder : path
        E.g. `.cache/gnss`.
    name : str
        Of the set, for people; what is in a file is told apart by the session itself.
    sessions : callable
        Gives the sessions in order.
    """
    place = Path(folder) / name
    for session in sessions():
        path = place / f"{session.index:05d}-{digest([VERSION, repr(session)])[:16]}.npz"
        rendered = _read(path)
        if rendered is None:
            rendered = render_features(session)
            _write(path, rendered)
        if progress:
            progress(1)
        yield rendered


_TRUTH = ("label", "jn_db", "active_share", "baseline", "waveform")


def _write(path: Path, rendered: Rendered) -> None:
    s = rendered.snapshots
    buffer = io.BytesIO()
    np.savez(
        buffer,
        records=np.column_stack(
            [s.power, s.kurtosis, s.coherence.real, s.coherence.imag]
            + [getattr(s, name) for name in RECORD_SCALARS]
        ),
        sample_start=s.sample_start,
        sample_count=s.sample_count,
        place=np.array([s.sample_rate, s.snapshot_samples]),
        **{name: getattr(rendered, name) for name in _TRUTH},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, buffer.getvalue())


def _read(path: Path) -> Rendered | None:
    """A session of the cache; None where it is not there or damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            rate, length = file["place"]
            start = file["sample_start"]
            snapshots = Snapshots.from_records(
                file["records"],
                start,
                file["sample_count"],
                sample_rate=float(rate),
                snapshot_samples=int(length),
                time_s=start / rate,
            )
            return Rendered(snapshots, *(file[name] for name in _TRUTH))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
