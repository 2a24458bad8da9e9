# SPDX-License-Identifier: GPL-3.0-or-later
"""Training and test parts: by session, which is honest, and at random, as published, which leaks.

Seconds next to each other are nearly equal. Divided at random, most test rows have a twin in training.
"""

from __future__ import annotations

import numpy as np

SESSION, RANDOM = "session", "random"


#: Seeded orders of the sessions that are tried to have every class on both sides.
_ORDERS = 200


def split(
    groups: np.ndarray,
    kind: str = SESSION,
    test_share: float = 0.3,
    seed: int = 1,
    labels: np.ndarray | None = None,
) -> np.ndarray:
    """Return which rows are for test, bool of shape (n,).

    Parameters
    ----------
    groups : shape (n,)
        Session of each row.
    kind : str
        `session`: whole sessions, in a seeded order, until the share is reached as nearly as it can be;
        `random`: rows.
    labels : shape (n,), optional
        With them the first of many orders that leaves every class on both sides is taken, or else the one
        that leaves most.

    Raises
    ------
    ValueError
        An unknown kind, or fewer than two sessions or rows.
    """
    groups = np.asarray(groups)
    rng = np.random.default_rng(seed)
    if not 0 < test_share < 1:
        raise ValueError(f"the share for test is {test_share}; it must lie within 0 and 1")
    if kind == RANDOM:
        if len(groups) < 2:
            raise ValueError("one row cannot be split")
        test = np.zeros(len(groups), bool)
        size = min(max(round(test_share * len(groups)), 1), len(groups) - 1)
        test[rng.permutation(len(groups))[:size]] = True
        return test
    if kind != SESSION:
        raise ValueError(f"split {kind!r} is unknown; use {SESSION} or {RANDOM}")
    names, sizes = np.unique(groups, return_counts=True)
    if len(names) < 2:
        raise ValueError("one session cannot be split without cutting it; record a second one")
    best: tuple[int, np.ndarray] | None = None
    for _ in range(1 if labels is None else _ORDERS):
        order = rng.permutation(len(names))
        sums = np.cumsum(sizes[order])[:-1]
        count = 1 + int(np.argmin(np.abs(sums - test_share * len(groups))))
        test = np.isin(groups, names[order[:count]])
        if labels is None:
            return test
        lacking = sum(len(np.unique(labels)) - len(np.unique(labels[part])) for part in (test, ~test))
        if best is None or lacking < best[0]:
            best = (lacking, test)
        if lacking == 0:
            break
    return best[1]
