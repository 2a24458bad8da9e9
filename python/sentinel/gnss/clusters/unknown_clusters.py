# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals that no class fits, put together by what they look like: arrays in, letters out."""

from __future__ import annotations

import numpy as np

from ...core.clustering import Assignment, OnlineClusters
from ..description import NAMES

#: Columns that tell of the signal alone. The others move with its level: of the same waveform at another
#: level half of the seconds would be taken for another kind, docs/gnss.md has the figures.
COLUMNS = tuple(name for name in NAMES if name.startswith(("signal_", "share_top_", "ripple_lag_")))
#: Distance, root mean square over columns in ranges of training, up to which intervals are of one cluster.
RADIUS = 0.09
#: How far beyond its range in training a column counts, in ranges: one odd column must not decide alone.
MARGIN = 0.25
#: Seconds of an interval that are kept for training.
KEPT_SECONDS = 60
_PLACES = [NAMES.index(name) for name in COLUMNS]


class IntervalRows:
    """Descriptions of the detected seconds of one interval: their mean, and some of them.

    Takes no more memory for a day of jamming than for two minutes: when there are twice as many as wanted,
    every second one goes, and of those to come only as many are taken.

    Parameters
    ----------
    most : int
        That `kept` gives.
    """

    def __init__(self, most: int = KEPT_SECONDS) -> None:
        self.most = most
        self.count = 0
        self._sum: np.ndarray | float = 0.0
        self._every = 1
        self._rows: list[np.ndarray] = []

    def add(self, row: np.ndarray) -> None:
        """Take one more."""
        row = np.asarray(row, float)
        self._sum = self._sum + row
        if self.count % self._every == 0:
            self._rows.append(row)
            if len(self._rows) == 2 * self.most:
                self._rows = self._rows[::2]
                self._every *= 2
        self.count += 1

    @property
    def mean(self) -> np.ndarray:
        """Over all of them, shape (columns,)."""
        return np.asarray(self._sum) / self.count

    @property
    def kept(self) -> np.ndarray:
        """At most `most` of them, evenly spread, float32 of shape (n, columns)."""
        places = np.arange(len(self._rows))
        if len(places) > self.most:
            places = np.linspace(0, len(places) - 1, self.most).round().astype(int)
        return np.array([self._rows[place] for place in places], np.float32)


def vector_of(description: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The vector that an interval is clustered by.

    Parameters
    ----------
    description : ndarray, shape (len(description.NAMES),)
        Mean of the rows of its seconds.
    low, high : ndarray, shape (len(description.NAMES),)
        Range of each column in training; one that was constant tells nothing.

    Returns
    -------
    ndarray, shape (len(COLUMNS),)
        Such that a distance is the root mean square over the columns, in ranges.
    """
    low, high, description = (np.asarray(part, float)[_PLACES] for part in (low, high, description))
    width = high - low
    moves = width > 1e-9
    place = np.where(moves, (description - low) / np.where(moves, width, 1.0), 0.0)
    return np.clip(place, -MARGIN, 1 + MARGIN) / np.sqrt(len(place))


class UnknownClusters:
    """Clusters of intervals, in the units of one class model's training.

    Parameters
    ----------
    low, high : ndarray, shape (len(description.NAMES),)
        Range of each column in training.
    clusters : OnlineClusters, optional
        Those to go on with; else none yet.
    radius : float
        Of new clusters.
    """

    def __init__(
        self,
        low: np.ndarray,
        high: np.ndarray,
        clusters: OnlineClusters | None = None,
        radius: float = RADIUS,
    ) -> None:
        self.low, self.high = np.asarray(low, float), np.asarray(high, float)
        self.clusters = OnlineClusters(len(COLUMNS), radius) if clusters is None else clusters

    def assign(self, description: np.ndarray) -> Assignment:
        """The cluster of an interval, which it joins or begins.

        Parameters
        ----------
        description : ndarray, shape (len(description.NAMES),)
            Mean over its detected seconds.
        """
        return self.clusters.assign(vector_of(description, self.low, self.high))
