# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of unknown intervals in a file that a monitor writes and people name: each change at once.

The file is the truth. Before each change it is read again if somebody else has written it, under a lock, so
that clusters can be named while monitors run, and several monitors can share a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...core.cluster_file import ClusterFile
from ...core.errors import InputError
from ...core.event import Event
from ...core.files import locked_folder
from ...core.sinks.lines import raise_output_error
from ..description import NAMES
from ..learned import FEATURE_VERSION, ClassModel
from ..uncertainty import UNKNOWN
from .kept_seconds import KeptInterval, KeptSeconds
from .unknown_clusters import COLUMNS, IntervalRows, UnknownClusters

#: What no cluster can be called: these say that there is no name.
RESERVED = ("none", "interference", UNKNOWN)
LONGEST_NAME = 64


def seconds_path(path: str | os.PathLike) -> Path:
    """Where the seconds lie that belong to a file of clusters."""
    return Path(path).with_suffix(".seconds.npz")


class ClusterStore:
    """A file of clusters, open.

    Parameters
    ----------
    path : path
        Made with the first change if it is not there.
    model : ClassModel, optional
        Its ranges in training are the units of a new file; one that exists keeps its own.
    snapshot_s : float, optional
        That the file must be of; any if left out.

    Raises
    ------
    InputError
        The file is damaged, or of another room, feature version or length of snapshots.
    """

    def __init__(
        self, path: str | os.PathLike, model: ClassModel | None = None, snapshot_s: float | None = None
    ) -> None:
        self.path = Path(path)
        self.snapshot_s = snapshot_s
        self.seconds = KeptSeconds()
        self._model = model
        self._file: ClusterFile | None = None
        self._unknown: UnknownClusters | None = None
        self._read_as: tuple | None = None
        self._read()

    @property
    def file(self) -> ClusterFile:
        """Clusters and names as last read. Raises InputError where there are none."""
        if self._file is None:
            raise self._missing()
        return self._file

    def _missing(self) -> InputError:
        return InputError(f"{self.path}: there is no such file; sentinel gnss INPUT --clusters makes one")

    def prepare(self, channels: int, sample_rate: float) -> None:
        """Make the file if there is none, for features of this geometry.

        Raises
        ------
        InputError
            The file is of another geometry.
        OutputError
            It cannot be written.
        """
        with self._changing():
            if self._fit(channels, sample_rate):
                self._write()

    def take(self, event: Event, rows: IntervalRows) -> Event:
        """A closed event called unknown, with its cluster; the label is the cluster's name if it has one.

        Raises
        ------
        InputError
            The file was damaged meanwhile, or is of another geometry.
        OutputError
            It cannot be written.
        """
        with self._changing():
            self._fit(len(event.details["spectrum_db"]), event.sample_rate)
            found = self._unknown.assign(rows.mean)
            number = self._file.clusters.assigned
            self.seconds.add(KeptInterval(found.cluster, event.id, event.time or "", number, rows.kept))
            self._write()
        details = event.details | {
            "cluster": found.cluster,
            "cluster_new": found.is_new,
            "cluster_distance": found.distance,
        }
        name = self._file.labels.get(found.cluster)
        if name is None:
            return replace(event, details=details)
        return replace(event, label=name, details=details | {"called_unknown": True})

    def rename(self, cluster: str, name: str) -> None:
        """Give a cluster a name; an empty one takes it back.

        Raises
        ------
        InputError
            There is no such cluster, or the name cannot be one.
        """
        name = name.strip()
        if name in RESERVED or len(name) > LONGEST_NAME or not name.isprintable():
            raise InputError(
                f"{name!r} is no name for a cluster; give up to {LONGEST_NAME} printable characters, not "
                f"{', '.join(RESERVED)}"
            )
        if not self.path.exists():
            raise self._missing()
        with self._changing():
            self.file.rename(cluster, name)
            self._write()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """The file as it is now, and nobody else at it until the end of the block."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with locked_folder(self.path.parent):
                self._read()
                yield
        except OSError as error:
            raise_output_error(error, "clusters", str(self.path))

    def _fit(self, channels: int, sample_rate: float) -> bool:
        """Whether the file was begun just now."""
        key = self._wanted() | {"channels": channels, "sample_rate": sample_rate}
        begins = self._file is None
        if begins:
            model = self._model or ClassModel()
            low, high = model.low, model.high
            self._unknown = UnknownClusters(low, high)
            settings = {"low": low.tolist(), "high": high.tolist()}
            self._file = ClusterFile(key, self._unknown.clusters, settings=settings)
        self._refuse_other(key)
        return begins

    def _wanted(self) -> dict[str, str | int | float]:
        key: dict[str, str | int | float] = {"room": "gnss", "feature_version": FEATURE_VERSION}
        return key if self.snapshot_s is None else key | {"snapshot_s": self.snapshot_s}

    def _refuse_other(self, key: dict) -> None:
        for name, wanted in key.items():
            if (found := self._file.key.get(name)) != wanted:
                raise InputError(
                    f"{self.path}: these clusters are of {name} {found}, wanted is {wanted}; "
                    "give another file"
                )

    def _read(self) -> None:
        """Take what is in the file, if it is not what was read or written last."""
        try:
            seen = os.stat(self.path)
        except FileNotFoundError:
            self._file = self._unknown = self._read_as = None
            self.seconds = KeptSeconds()
            return
        except OSError as error:
            raise InputError(f"{self.path}: the clusters cannot be read ({error.strerror})") from error
        mark = (seen.st_mtime_ns, seen.st_size, seen.st_ino)
        if mark == self._read_as:
            return
        found = ClusterFile.load(self.path)
        self._file = found
        self._refuse_other(self._wanted())
        self._unknown = UnknownClusters(*_scaling(self.path, found), found.clusters)
        place = seconds_path(self.path)
        self.seconds = KeptSeconds.load(place) if place.exists() else KeptSeconds()
        # The seconds are written first: if the power failed in between, there are some of no known interval.
        self.seconds.restrict({*found.clusters.names, *found.labels}, found.clusters.assigned)
        self._read_as = mark

    def _write(self) -> None:
        self.seconds.save(seconds_path(self.path))
        self._file.save(self.path)
        seen = os.stat(self.path)
        self._read_as = (seen.st_mtime_ns, seen.st_size, seen.st_ino)


def _scaling(path: Path, file: ClusterFile) -> tuple[np.ndarray, np.ndarray]:
    """Range of each column that the vectors of a file are in."""
    try:
        low, high = (np.array(file.settings[name], float) for name in ("low", "high"))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: the file of clusters is damaged ({error} is missing or wrong)") from error
    fits = file.clusters.features == len(COLUMNS)
    if not (fits and all(part.shape == (len(NAMES),) and np.isfinite(part).all() for part in (low, high))):
        raise InputError(f"{path}: the file of clusters is damaged (not {len(NAMES)} finite ranges)")
    return low, high


def opened(
    clusters: ClusterStore | str | os.PathLike | None,
    model: ClassModel,
    snapshot_s: float,
) -> ClusterStore | None:
    """Clusters that are given as such or as a file; None of an empty name."""
    if clusters is None or isinstance(clusters, ClusterStore):
        return clusters
    return ClusterStore(clusters, model, snapshot_s) if os.fspath(clusters) else None
