# SPDX-License-Identifier: GPL-3.0-or-later
"""What a classifier says of a kind of interference it was never shown: each class left out in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..uncertainty import decide, reject_rule, unseen_row
from .splits import SESSION, split

#: From features to mean class probabilities (n, classes) and one uncertainty per row (n,).
Predictor = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
#: From features, class numbers and the number of classes to a predictor.
Fit = Callable[[np.ndarray, np.ndarray, int], Predictor]


def leave_one_class_out(
    features: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    fit: Fit,
    *,
    classes: Sequence[str] | None = None,
    none: str = "none",
    rejected_share: float = 0.05,
    held_out: float = 0.3,
    seed: int = 1,
) -> list[dict[str, float | str | int]]:
    """Return the table of unseen classes, one row each.

    For each class but `none`: a model is fitted on the others' training sessions, the reject threshold is set
    on half of their sessions held out, what it does to known classes is counted on the other half, and the
    class left out is judged.

    Parameters
    ----------
    features : array, shape (n, ...)
    labels : array of str, shape (n,)
    groups : array, shape (n,)
        Sessions.
    fit : callable
        Makes a model.

    Returns
    -------
    list of dict
        `uncertainty.unseen_row`, and of the known classes' sessions that took no part `known_accuracy` (of
        what is not rejected), `known_rejected`, `known_rows`.

    Raises
    ------
    ValueError
        Too few sessions or rows for a split or for the reject threshold.
    """
    labels, groups = np.asarray(labels, dtype=str), np.asarray(groups)
    names = tuple(classes or np.unique(labels).tolist())
    rows = []
    for unseen in names:
        if unseen == none:
            continue
        known = tuple(name for name in names if name != unseen)
        inside = np.flatnonzero(np.isin(labels, known))
        held = split(groups[inside], SESSION, held_out, seed, labels[inside])
        numbers = np.array([known.index(name) for name in labels[inside]])
        predict = fit(features[inside[~held]], numbers[~held], len(known))
        held, answers_held = inside[held], numbers[held]
        count = split(groups[held], SESSION, 0.5, seed, labels[held])
        rule = reject_rule(predict(features[held[~count]])[1], rejected_share)
        mean, uncertainty = predict(features[held[count]])
        kept = ~rule.rejects(uncertainty)
        right = np.argmax(mean, axis=1) == answers_held[count]
        answers = decide(*predict(features[labels == unseen]), rule, known)
        rows.append(
            unseen_row(answers, unseen, none)
            | {
                "known_accuracy": float(right[kept].mean()),
                "known_rejected": float(np.mean(~kept)),
                "known_rows": len(kept),
            }
        )
    return rows
