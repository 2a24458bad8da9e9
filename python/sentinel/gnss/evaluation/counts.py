# SPDX-License-Identifier: GPL-3.0-or-later
"""Countable results of decisions in a table's cells, and their way back into shares with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...core.canonical import canonical_json, digest, plain_scalars
from ...core.evaluation import Cell, ResultStore
from ...core.intervals import Interval, wilson_interval
from .f2 import confusion

BINS = 10


def paired_generator(cell: Cell, names: Sequence[str]) -> np.random.Generator:
    """Random numbers of a cell that are those of every other one alike in its seed and the named values.

    Cells that differ in method or sensors then judge the very same trials.
    """
    shared = {name: cell.key[name] for name in names}
    return np.random.default_rng([cell.seed, int(digest(shared)[:16], 16)])


def count_decisions(prefix: str, truth: np.ndarray, decided: np.ndarray, classes: int) -> dict[str, int]:
    """Confusion matrix as named counts, `<prefix>_<truth>_<decided>`."""
    counts = confusion(truth, decided, classes)
    return {f"{prefix}_{i}_{j}": int(counts[i, j]) for i in range(classes) for j in range(classes)}


def confusion_of(total: Mapping[str, Any], prefix: str, classes: int) -> np.ndarray:
    """The matrix behind `count_decisions`, shape (C, C)."""
    return np.array([[total[f"{prefix}_{i}_{j}"] for j in range(classes)] for i in range(classes)])


def count_reliability(prefix: str, truth: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Probability of the class named, and how often it was right, in bins of that probability.

    Parameters
    ----------
    truth : array, shape (B,)
    probabilities : array, shape (B, C)
    """
    stated = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    place = np.minimum((stated * BINS).astype(int), BINS - 1)
    counts: dict[str, float] = {}
    for index in range(BINS):
        inside = place == index
        counts[f"{prefix}_{index}_count"] = int(inside.sum())
        counts[f"{prefix}_{index}_stated"] = float(stated[inside].sum())
        counts[f"{prefix}_{index}_right"] = int(right[inside].sum())
    return counts


def calibration_error(total: Mapping[str, Any], prefix: str) -> float:
    """Mean over decisions of |stated probability - share right| of their bin."""
    bins = [
        [total[f"{prefix}_{index}_{name}"] for name in ("count", "stated", "right")] for index in range(BINS)
    ]
    count = sum(row[0] for row in bins)
    return sum(abs(stated - right) for _, stated, right in bins) / count if count else 0.0


def share_text(successes: float, trials: float, digits: int = 3) -> str:
    """Share with its Wilson interval of 95 %."""
    return value_text(successes / trials, wilson_interval(successes, trials), digits) if trials else ""


def value_text(value: float, interval: Interval, digits: int = 3) -> str:
    """Value and interval."""
    return f"{value:.{digits}f} ({interval.low:.{digits}f} – {interval.high:.{digits}f})"


class Places:
    """Totals of a store by key."""

    def __init__(self, store: ResultStore):
        self._totals = {canonical_json(key): total for key, total in store.totals()}

    def total(self, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """Sums of one place, None if it has not been measured."""
        return self._totals.get(canonical_json(plain_scalars(key)))
