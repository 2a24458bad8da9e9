# SPDX-License-Identifier: GPL-3.0-or-later
"""Random forests: the published one, and one that fits into a budget of bytes and says how sure it is.

For training programs: needs scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.forest_tables import forest_bytes, forest_tables

#: Of the published forest. Leaves are pure, so the variance over trees is p (1 - p) and tells no more than p.
PUBLISHED = {
    "n_estimators": 1000,
    "criterion": "gini",
    "max_depth": None,
    "min_samples_split": 2,
    "min_samples_leaf": 1,
    "max_features": "sqrt",
    "max_leaf_nodes": None,
    "min_impurity_decrease": 0.0,
    "bootstrap": True,
}
#: Trees and rows per leaf that are tried for a forest to ship. Leaves of several rows hold shares of classes.
TREES = (50, 100, 200)
ROWS_PER_LEAF = (3, 5, 10, 20)


def published_forest(
    features: np.ndarray, labels: np.ndarray, seed: int = 1, threads: int = 1, trees: int = 1000
) -> Any:
    """Return the published forest, fitted; `out_of_bag` gives its mean and variance."""
    return _fit(features, labels, seed, threads, **(PUBLISHED | {"n_estimators": trees}))


def _fit(features: np.ndarray, labels: np.ndarray, seed: int, threads: int, **settings: Any) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(**settings, random_state=seed, n_jobs=threads)
    return forest.fit(np.asarray(features, np.float32), labels)


@dataclass(frozen=True)
class OutOfBag:
    """What the trees that did not see a row say of it.

    Attributes
    ----------
    mean, variance : float64, shape (n, classes)
        Over those trees, of the class shares in the row's leaf; NaN where every tree saw the row.
    trees : int64, shape (n,)
        How many did not see it.
    """

    mean: np.ndarray
    variance: np.ndarray
    trees: np.ndarray

    def accuracy(self, numbers: np.ndarray) -> float:
        """Return the share of rows whose largest mean is that of their class number; unseen rows left out."""
        judged = self.trees > 0
        return float(np.mean(np.argmax(self.mean[judged], axis=1) == np.asarray(numbers)[judged]))


def out_of_bag(forest: Any, features: np.ndarray) -> OutOfBag:
    """Return mean and variance over the trees that did not see each row of the training data.

    Parameters
    ----------
    forest : sklearn.ensemble.RandomForestClassifier
        Fitted with bootstrap.
    features : array, shape (n, features)
        What it was fitted on, in the same order.
    """
    features = np.asarray(features, np.float32)
    shape = (len(features), len(forest.classes_))
    total, squares, trees = np.zeros(shape), np.zeros(shape), np.zeros(len(features), int)
    for tree, seen in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        unseen = np.ones(len(features), bool)
        unseen[seen] = False
        shares = tree.predict_proba(features[unseen])
        total[unseen] += shares
        squares[unseen] += shares**2
        trees[unseen] += 1
    count = np.where(trees > 0, trees, np.nan)[:, None]
    mean = total / count
    return OutOfBag(mean, np.maximum(squares / count - mean**2, 0), trees)


@dataclass(frozen=True)
class Candidate:
    """A forest that was tried: settings, bytes in a file, score, and whether it fits the budget."""

    trees: int
    rows_per_leaf: int
    model_bytes: int
    score: float
    fits: bool


@dataclass(frozen=True)
class ShippedForest:
    """The forest chosen, and all that were tried."""

    forest: Any
    chosen: Candidate
    tried: tuple[Candidate, ...]


def shipped_forest(
    features: np.ndarray,
    labels: np.ndarray,
    budget_bytes: int,
    *,
    groups: np.ndarray | None = None,
    trees: Sequence[int] = TREES,
    rows_per_leaf: Sequence[int] = ROWS_PER_LEAF,
    folds: int = 3,
    seed: int = 1,
    threads: int = 1,
) -> ShippedForest:
    """Return the best forest within a budget of bytes.

    Parameters
    ----------
    features : array, shape (n, features)
    labels : array of int, shape (n,)
        Class numbers 0, 1, ...
    budget_bytes : int
        Of its tables in a file.
    groups : array, shape (n,), optional
        Sessions. With them the score is that of whole sessions held out; without, that of rows out of bag,
        which have neighbours of the same session in the bag and so look better than they are.
    trees, rows_per_leaf : sequences of int
        Tried in all combinations.

    Raises
    ------
    ValueError
        None of them fits.
    """
    features, labels = np.asarray(features, np.float32), np.asarray(labels)
    tried: list[Candidate] = []
    best: tuple[Candidate, Any] | None = None
    for rows in rows_per_leaf:
        for number in trees:
            settings = {"n_estimators": number, "min_samples_leaf": rows, "max_features": "sqrt"}
            forest = _fit(features, labels, seed, threads, **settings, bootstrap=True)
            size = tables_bytes(forest)
            if size > budget_bytes:
                tried.append(Candidate(number, rows, size, float("nan"), False))
                continue
            score = _score(forest, features, labels, groups, folds, seed, threads, settings)
            candidate = Candidate(number, rows, size, score, True)
            tried.append(candidate)
            if best is None or score > best[0].score:
                best = (candidate, forest)
    if best is None:
        least = min(candidate.model_bytes for candidate in tried)
        raise ValueError(f"no forest fits into {budget_bytes} bytes; the smallest tried has {least}")
    return ShippedForest(best[1], best[0], tuple(tried))


def tables_bytes(forest: Any) -> int:
    """Return about the bytes of a fitted forest in a file."""
    return forest_bytes(forest_tables(forest))


def _score(
    forest: Any,
    features: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray | None,
    folds: int,
    seed: int,
    threads: int,
    settings: dict[str, Any],
) -> float:
    if groups is None:
        return out_of_bag(forest, features).accuracy(np.searchsorted(forest.classes_, labels))
    from sklearn.model_selection import GroupKFold

    right = 0
    for kept, held in GroupKFold(folds).split(features, labels, groups):
        part = _fit(features[kept], labels[kept], seed, threads, **settings)
        right += int(np.sum(part.predict(features[held]) == labels[held]))
    return right / len(labels)
