# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of a classifier from its table of truth against answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def confusion(truth: np.ndarray, answer: np.ndarray, classes: int) -> np.ndarray:
    """Return counts, int64 of shape (classes, classes): truth down, answer across; both are class numbers."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (np.asarray(truth), np.asarray(answer)), 1)
    return table


def accuracy(table: np.ndarray) -> float:
    """Return the share of right answers."""
    return float(np.trace(table) / table.sum())


def f2(table: np.ndarray) -> np.ndarray:
    """Return F2 = 5 TP / (5 TP + 4 FN + FP) of each class; NaN for one that neither is nor was answered."""
    right = np.diag(table).astype(float)
    missed, false = table.sum(axis=1) - right, table.sum(axis=0) - right
    total = 5 * right + 4 * missed + false
    return np.divide(5 * right, total, out=np.full(len(table), np.nan), where=total > 0)


def table_scores(truth: np.ndarray, answer: np.ndarray, classes: Sequence[str]) -> dict:
    """Return accuracy, mean F2 over classes, F2 by class and the table, as plain values."""
    table = confusion(truth, answer, len(classes))
    each = f2(table)
    return {
        "rows": int(table.sum()),
        "accuracy": accuracy(table),
        "macro_f2": float(np.nanmean(each)),
        "f2": {
            name: None if np.isnan(value) else float(value) for name, value in zip(classes, each, strict=True)
        },
        "confusion": table.tolist(),
    }
