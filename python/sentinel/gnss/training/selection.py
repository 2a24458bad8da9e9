# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of many features a classifier needs: impurity importance, checked by permutation, over several seeds.

For training programs: needs scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

#: Of rows held out, whole groups, to measure what a shuffled column costs.
HELD_OUT = 0.3


@dataclass(frozen=True)
class Selection:
    """The features chosen, best first.

    Attributes
    ----------
    names : tuple of str
    columns : int64, shape (count,)
        Their places among all columns.
    importance : float64, shape (count,)
        Decrease of impurity as a share of all, mean over seeds.
    permutation : float64, shape (count,)
        Accuracy lost on held-out rows when the column is shuffled, mean over seeds.
    stability : float
        Mean share that the lists of two seeds have in common (Jaccard index), 1 for a single seed.
    """

    names: tuple[str, ...]
    columns: np.ndarray
    importance: np.ndarray
    permutation: np.ndarray
    stability: float


def select_features(
    features: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    count: int = 36,
    *,
    groups: np.ndarray | None = None,
    seeds: Sequence[int] = (1, 2, 3),
    trees: int = 200,
    repeats: int = 3,
    threads: int = 1,
) -> Selection:
    """Choose features.

    Each seed fits a forest on part of the groups. The mean of its impurity importances ranks the
    columns; of the best 2 `count`, those whose shuffling costs no accuracy on the groups held out go behind
    the others. Impurity alone prefers columns with many values and divides what two equal columns know.

    Parameters
    ----------
    features : array, shape (n, columns)
        NaN allowed.
    labels : array, shape (n,)
    names : sequence of str
    count : int
        How many to keep; all columns if there are fewer.
    groups : array, shape (n,), optional
        Sessions, which are held out whole; each row by itself if left out.
    seeds, trees, repeats, threads
        Of the forests and of the shuffling.

    Raises
    ------
    ValueError
        Shapes that do not fit, fewer than two classes or groups.
    """
    from sklearn.ensemble import RandomForestClassifier

    features, labels = np.asarray(features, np.float32), np.asarray(labels)
    if features.ndim != 2 or features.shape[1] != len(names) or len(labels) != len(features):
        raise ValueError(
            f"features {features.shape}, {len(labels)} labels and {len(names)} names do not fit together"
        )
    groups = np.arange(len(labels)) if groups is None else np.asarray(groups)
    if len(np.unique(labels)) < 2 or len(np.unique(groups)) < 2 or count < 1 or not seeds:
        raise ValueError(
            "two classes, two groups, a seed and a count from 1 on are needed to choose features"
        )
    impurity = np.zeros((len(seeds), len(names)))
    permutation = np.full((len(seeds), len(names)), np.nan)
    for turn, seed in enumerate(seeds):
        held = _held_out(groups, seed)
        forest = RandomForestClassifier(trees, random_state=seed, n_jobs=threads)
        forest.fit(features[~held], labels[~held])
        impurity[turn] = forest.feature_importances_
        best = _ranking(impurity[turn])[: 2 * count]
        rng = np.random.default_rng([seed, 1])
        permutation[turn, best] = _costs(forest, features[held], labels[held], best, repeats, rng)
    lists = [_chosen(impurity[turn], permutation[turn], count) for turn in range(len(seeds))]
    known = ~np.isnan(permutation)
    cost = np.where(known, permutation, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    columns = _chosen(impurity.mean(axis=0), np.where(known.any(axis=0), cost, np.nan), count)
    return Selection(
        names=tuple(names[place] for place in columns),
        columns=columns,
        importance=impurity.mean(axis=0)[columns],
        permutation=cost[columns],
        stability=_stability(lists),
    )


def _held_out(groups: np.ndarray, seed: int) -> np.ndarray:
    every = np.unique(groups)
    shuffled = np.random.default_rng([seed, 0]).permutation(len(every))
    size = min(max(round(HELD_OUT * len(every)), 1), len(every) - 1)
    return np.isin(groups, every[shuffled[:size]])


def _ranking(values: np.ndarray) -> np.ndarray:
    """Columns by falling value; the first of equal ones first, so that the order is fixed."""
    return np.argsort(-values, kind="stable")


def _chosen(importance: np.ndarray, cost: np.ndarray, count: int) -> np.ndarray:
    """The best columns: first those whose shuffling costs accuracy, then those of which it does not."""
    behind = np.where(np.isnan(cost), 2, np.where(cost > 0, 0, 1))
    order = np.lexsort((np.arange(len(importance)), -importance, behind))
    return order[: min(count, len(order))]


def _costs(
    forest: object,
    features: np.ndarray,
    labels: np.ndarray,
    columns: np.ndarray,
    repeats: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Accuracy lost when each of the columns is shuffled."""
    before = np.mean(forest.predict(features) == labels)
    costs = np.zeros(len(columns))
    for place, column in enumerate(columns):
        for _ in range(repeats):
            shuffled = features.copy()
            shuffled[:, column] = features[rng.permutation(len(features)), column]
            costs[place] += before - np.mean(forest.predict(shuffled) == labels)
    return costs / repeats


def _stability(lists: Sequence[np.ndarray]) -> float:
    shares = [len({*a} & {*b}) / len({*a} | {*b}) for a, b in combinations([x.tolist() for x in lists], 2)]
    return float(np.mean(shares)) if shares else 1.0
