# SPDX-License-Identifier: GPL-3.0-or-later
"""Lane classifiers in the published style, a forest or boosted trees on raw levels: the comparison."""

from __future__ import annotations

import numpy as np

LEARNED = ("forest", "boosted")


def make_classifier(kind: str, seed: int, trees: int = 100):
    """A scikit-learn classifier: `forest` as published but for the number of trees, or `boosted` trees.

    Raises
    ------
    ValueError
        For another kind.
    """
    # Loaded here: the rest of the room must not need scikit-learn.
    if kind == "forest":
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(trees, max_features="sqrt", random_state=seed, n_jobs=1)
    if kind == "boosted":
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(random_state=seed)
    raise ValueError(f"classifier {kind!r}; known are {', '.join(LEARNED)}")


class LearnedLanes:
    """Lane of each second from its raw levels; a pass is decided by the mean over its seconds.

    Parameters
    ----------
    kind : str
        `forest` or `boosted`.
    seed, trees : int
    """

    def __init__(self, kind: str, seed: int = 1, trees: int = 100):
        self._classifier = make_classifier(kind, seed, trees)

    def fit(self, rows_db: np.ndarray, lane: np.ndarray) -> LearnedLanes:
        """Learn from seconds: levels (R, S), lane (R,) of 0 and 1."""
        self._classifier.fit(rows_db, lane)
        return self

    def row_probabilities(self, rows_db: np.ndarray) -> np.ndarray:
        """Probabilities of the lanes, shape (R, 2), of seconds (R, S)."""
        return self._classifier.predict_proba(rows_db)

    def second_probabilities(self, levels_db: np.ndarray) -> np.ndarray:
        """Probabilities of the lanes, shape (B, T, 2), of levels (B, T, S)."""
        passes, seconds, sensors = levels_db.shape
        return self.row_probabilities(levels_db.reshape(-1, sensors)).reshape(passes, seconds, 2)

    def pass_probabilities(self, levels_db: np.ndarray) -> np.ndarray:
        """Probabilities of the lanes, shape (B, 2): the mean over the seconds."""
        return self.second_probabilities(levels_db).mean(axis=1)
