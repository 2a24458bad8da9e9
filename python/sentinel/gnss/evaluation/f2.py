# SPDX-License-Identifier: GPL-3.0-or-later
"""The score of the gnss room, F2 = 5 TP / (5 TP + 4 FN + FP): a miss weighs as four false alarms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...core.intervals import Interval


def f2(true_positives: float, false_negatives: float, false_positives: float) -> float:
    """F2 of one class; NaN where the class neither occurs nor is named.

    Raises
    ------
    ValueError
        For negative counts.
    """
    counts = (true_positives, false_negatives, false_positives)
    if not min(counts) >= 0:
        raise ValueError(f"counts of F2 are {counts}; none may be negative")
    whole = 5 * true_positives + 4 * false_negatives + false_positives
    return 5 * true_positives / whole if whole else math.nan


def confusion(truth: Sequence[int], decided: Sequence[int], classes: int) -> np.ndarray:
    """Counts, shape (classes, classes): row is the truth, column what was decided.

    Raises
    ------
    ValueError
        For different lengths, or a class outside 0 .. classes - 1.
    """
    rows, columns = np.asarray(truth, int).ravel(), np.asarray(decided, int).ravel()
    if rows.shape != columns.shape:
        raise ValueError(f"{rows.size} truths and {columns.size} decisions; they must be as many")
    both = np.concatenate([rows, columns])
    if both.size and (both.min() < 0 or both.max() >= classes):
        raise ValueError(f"class {both.min()} .. {both.max()} among {classes} classes, numbered from 0")
    return np.bincount(rows * classes + columns, minlength=classes**2).reshape(classes, classes)


def class_f2(counts: np.ndarray) -> np.ndarray:
    """F2 of each class of confusion matrices, shape (..., C, C) to (..., C); NaN as in `f2`."""
    counts = np.asarray(counts, float)
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    missed = counts.sum(axis=-1) - hits
    false = counts.sum(axis=-2) - hits
    whole = 5 * hits + 4 * missed + false
    return np.divide(5 * hits, whole, out=np.full_like(whole, np.nan), where=whole > 0)


def macro_f2(counts: np.ndarray) -> np.ndarray:
    """Mean F2 over the classes that occur or are named, shape (..., C, C) to (...)."""
    each = class_f2(counts)
    there = np.isfinite(each)
    return np.where(there, each, 0.0).sum(axis=-1) / np.maximum(there.sum(axis=-1), 1)


def f2_interval(
    counts: np.ndarray,
    confidence: float = 0.95,
    design_effect: float = 1.0,
    draws: int = 2000,
    seed: int = 1,
) -> Interval:
    """Bootstrap interval of the macro F2 of one confusion matrix, shape (C, C).

    Each truth's row is drawn again with its own total: how often a class occurs belongs to the
    experiment, not to chance. Half a count is spread over each row first, so that a row without errors
    does not claim to know that there are none.

    Parameters
    ----------
    design_effect : float
        Variance of the decisions' mean over that of as many independent ones, from 1 on: the seconds of
        one pass are not independent.
    draws : int
        Repetitions.
    seed : int

    Raises
    ------
    ValueError
        For a confidence outside (0, 1) or a design effect below 1.
    """
    if not 0 < confidence < 1 or not design_effect >= 1:
        raise ValueError(
            f"confidence {confidence} must lie between 0 and 1, design effect {design_effect} from 1 on"
        )
    counts = np.asarray(counts, float)
    rng = np.random.default_rng(seed)
    drawn = np.zeros((draws, *counts.shape))
    for place, row in enumerate(counts):
        total = round(row.sum() / design_effect)
        if total:
            share = row + 0.5 / len(row)
            # Back to the counts given: rows of unlike totals must keep their weight as false positives.
            drawn[:, place] = rng.multinomial(total, share / share.sum(), size=draws) * row.sum() / total
    if not drawn.any():
        return Interval(0.0, 1.0)
    low, high = np.quantile(macro_f2(drawn), [0.5 - confidence / 2, 0.5 + confidence / 2])
    estimate = float(macro_f2(counts))
    return Interval(min(float(low), estimate), max(float(high), estimate))


def sessions_f2(
    counts: np.ndarray, confidence: float = 0.95, draws: int = 2000, seed: int = 1
) -> tuple[float, Interval]:
    """F2 of interference over sessions and its bootstrap interval: whole sessions are drawn again.

    Half a miss and half a false alarm are added to each draw's lower end, so that sessions without errors do
    not claim to know that there are none.

    Parameters
    ----------
    counts : ndarray, shape (S, 3)
        True positives, false negatives and false positives of each session.
    """
    counts = np.asarray(counts, float)
    estimate = f2(*counts.sum(axis=0))
    if len(counts) < 2:
        return estimate, Interval(0.0, 1.0)
    drawn = np.random.default_rng(seed).integers(0, len(counts), (draws, len(counts)))
    sums = counts[drawn].sum(axis=1)
    with np.errstate(invalid="ignore"):
        low, high = (
            5 * sums[:, 0] / (5 * sums[:, 0] + 4 * (sums[:, 1] + more) + sums[:, 2] + more)
            for more in (0.5, 0.0)
        )
    tail = 0.5 - confidence / 2
    ends = float(np.nanquantile(low, tail)), float(np.nanquantile(high, 1 - tail))
    return estimate, Interval(min(ends[0], estimate), max(ends[1], estimate))
