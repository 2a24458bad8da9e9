# SPDX-License-Identifier: GPL-3.0-or-later
"""Grouping of what is unknown: clusters of feature vectors, off line and as they come.

Off line needs scikit-learn, which is loaded with the first call; assigning as they come does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NOISE = -1
METHODS = ("hdbscan", "dbscan", "kmeans")


def cluster(
    vectors: np.ndarray,
    method: str = "hdbscan",
    *,
    smallest: int = 5,
    radius: float | None = None,
    clusters: int | None = None,
    seed: int = 1,
) -> np.ndarray:
    """Return the cluster number of each vector, int64; -1 for those in none.

    Numbers go by size, the largest is 0.

    Parameters
    ----------
    vectors : array, shape (n, features)
        Finite, and scaled so that a unit means about the same in each feature.
    method : str
        `hdbscan`: needs `smallest`; `dbscan`: `radius` and `smallest`; `kmeans`: `clusters` and `seed`.
    smallest : int
        Members a cluster has at least (of `dbscan`: neighbours of a core member, itself included).
    radius : float
        Distance of neighbours.
    clusters : int
        How many there are.

    Raises
    ------
    ValueError
        An unknown method, a setting that it needs is missing or makes no sense, or vectors are not finite.
    """
    vectors = _vectors(vectors)
    if method not in METHODS:
        raise ValueError(f"method {method!r} is unknown; use {', '.join(METHODS)}")
    if smallest < 2:
        raise ValueError(f"smallest is {smallest}; a cluster has at least 2 members")
    if method == "dbscan" and (radius is None or not 0 < radius < np.inf):
        raise ValueError(f"dbscan needs a radius above 0, not {radius}")
    if method == "kmeans" and (clusters is None or clusters < 1):
        raise ValueError(f"kmeans needs a number of clusters from 1 on, not {clusters}")
    if len(vectors) < smallest and method != "kmeans":
        return np.full(len(vectors), NOISE)
    if method == "kmeans" and len(vectors) < clusters:
        raise ValueError(f"{len(vectors)} vectors are too few for {clusters} clusters")
    return _by_size(_fit(vectors, method, smallest, radius, clusters, seed))


def _fit(
    vectors: np.ndarray, method: str, smallest: int, radius: float | None, clusters: int | None, seed: int
) -> np.ndarray:
    from sklearn.cluster import DBSCAN, HDBSCAN, KMeans

    if method == "hdbscan":
        return HDBSCAN(min_cluster_size=smallest, copy=True).fit_predict(vectors)
    if method == "dbscan":
        return DBSCAN(eps=radius, min_samples=smallest).fit_predict(vectors)
    return KMeans(n_clusters=clusters, n_init=10, random_state=seed).fit_predict(vectors)


def _by_size(numbers: np.ndarray) -> np.ndarray:
    found, first, counts = np.unique(numbers[numbers >= 0], return_index=True, return_counts=True)
    renamed = np.full(int(numbers.max(initial=-1)) + 1, NOISE)
    renamed[found[np.lexsort((first, -counts))]] = np.arange(len(found))
    return np.where(numbers >= 0, renamed[np.maximum(numbers, 0)] if len(found) else NOISE, NOISE)


def _vectors(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors, float)
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise ValueError("vectors to cluster must be finite, of shape (n, features)")
    return vectors


def letters(number: int) -> str:
    """Return the name of the cluster of a number: A .. Z, AA, AB ..."""
    if number < 0:
        raise ValueError(f"there is no name for the number {number}")
    name = ""
    number += 1
    while number:
        number, place = divmod(number - 1, 26)
        name = chr(ord("A") + place) + name
    return name


@dataclass(frozen=True)
class Assignment:
    """Where a vector went.

    Attributes
    ----------
    cluster : str
        Its letters.
    distance : float
        From the centre as it was before; 0 for a new cluster.
    is_new : bool
    """

    cluster: str
    distance: float
    is_new: bool


class OnlineClusters:
    """Clusters that grow as vectors come: each joins the nearest within the radius, else begins a new one.

    A centre is the mean of its members, the newest of them weighing at least 1 / `memory`. At most
    `most` clusters are kept: the one met longest ago goes, and its letters are not given again.

    Parameters
    ----------
    features : int
    radius : float
        Euclidean distance up to which a vector joins.
    memory : int
        Members after which a centre follows slow changes.
    most : int
    """

    def __init__(self, features: int, radius: float, memory: int = 100, most: int = 1000):
        if features < 1 or memory < 1 or most < 1 or not 0 < radius < np.inf:
            raise ValueError(
                f"clusters of {features} features, radius {radius}, memory {memory}, at most {most}"
            )
        self.features, self.radius, self.memory, self.most = features, float(radius), memory, most
        self.centres = np.zeros((0, features))
        self.names: list[str] = []
        self.members: list[int] = []
        self.last_met: list[int] = []
        self.begun = 0  # clusters ever begun
        self.assigned = 0  # vectors ever assigned

    def __len__(self) -> int:
        return len(self.names)

    def nearest(self, vector: np.ndarray) -> tuple[str, float] | None:
        """Return name and distance of the nearest cluster without joining it; None if there is none yet."""
        distances = self._distances(vector)
        if not len(distances):
            return None
        place = int(np.argmin(distances))
        return self.names[place], float(distances[place])

    def assign(self, vector: np.ndarray) -> Assignment:
        """Return the cluster of a vector, which it joins or begins.

        Raises
        ------
        ValueError
            The vector is not finite or of another length.
        """
        distances = self._distances(vector)
        self.assigned += 1
        place = int(np.argmin(distances)) if len(distances) else -1
        if place < 0 or distances[place] > self.radius:
            return self._begin(np.asarray(vector, float))
        self.members[place] += 1
        self.last_met[place] = self.assigned
        weight = 1 / min(self.members[place], self.memory)
        self.centres[place] += weight * (np.asarray(vector, float) - self.centres[place])
        return Assignment(self.names[place], float(distances[place]), False)

    def _begin(self, vector: np.ndarray) -> Assignment:
        if len(self.names) == self.most:
            oldest = int(np.argmin(self.last_met))
            self.centres = np.delete(self.centres, oldest, axis=0)
            for values in (self.names, self.members, self.last_met):
                del values[oldest]
        name = letters(self.begun)
        self.begun += 1
        self.centres = np.vstack([self.centres, vector[None]])
        self.names.append(name)
        self.members.append(1)
        self.last_met.append(self.assigned)
        return Assignment(name, 0.0, True)

    def _distances(self, vector: np.ndarray) -> np.ndarray:
        vector = np.asarray(vector, float)
        if vector.shape != (self.features,) or not np.isfinite(vector).all():
            raise ValueError(f"a vector to assign must hold {self.features} finite numbers")
        return np.linalg.norm(self.centres - vector, axis=1)


@dataclass(frozen=True)
class ClusterQuality:
    """How clusters and true kinds go together.

    Attributes
    ----------
    clusters : int
        Without noise.
    clustered_share : float
        Of the vectors.
    purity : float
        Share of the clustered vectors whose kind is the commonest of their cluster.
    same_kind_agreement : float
        Of all pairs of clustered vectors, the share for which "same cluster" is "same kind" (Rand index).
    adjusted_agreement : float
        The same, corrected for chance: 0 at random, 1 perfect.
    """

    clusters: int
    clustered_share: float
    purity: float
    same_kind_agreement: float
    adjusted_agreement: float


def cluster_quality(clusters: Sequence, kinds: Sequence) -> ClusterQuality:
    """Compare clusters with true kinds, both of length n; cluster -1 or "" is noise.

    Raises
    ------
    ValueError
        The lengths differ or are 0.
    """
    clusters, kinds = np.asarray(clusters), np.asarray(kinds)
    if len(clusters) != len(kinds) or not len(kinds):
        raise ValueError(f"{len(clusters)} clusters and {len(kinds)} kinds cannot be compared")
    kept = clusters != "" if clusters.dtype.kind == "U" else clusters != NOISE
    if not kept.any():
        return ClusterQuality(0, 0.0, float("nan"), float("nan"), float("nan"))
    _, rows = np.unique(clusters[kept], return_inverse=True)
    _, columns = np.unique(kinds[kept], return_inverse=True)
    table = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(table, (rows, columns), 1)
    agreement, adjusted = _agreement(table)
    return ClusterQuality(
        clusters=len(table),
        clustered_share=float(kept.mean()),
        purity=float(table.max(axis=1).sum() / table.sum()),
        same_kind_agreement=agreement,
        adjusted_agreement=adjusted,
    )


def _agreement(table: np.ndarray) -> tuple[float, float]:
    """Rand index, and adjusted for chance, of a table of counts."""

    def pairs(counts: np.ndarray) -> float:
        return float(np.sum(counts * (counts - 1)) / 2)

    both, rows, columns = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    every = pairs(np.array([table.sum()]))
    if every == 0:
        return 1.0, 1.0
    expected, possible = rows * columns / every, (rows + columns) / 2
    adjusted = 1.0 if possible == expected else (both - expected) / (possible - expected)
    return (every + 2 * both - rows - columns) / every, adjusted
