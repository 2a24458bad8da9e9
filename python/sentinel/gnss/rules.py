# SPDX-License-Identifier: GPL-3.0-or-later
"""The detector without learning: the largest statistic of a snapshot, each weighed by its null scatter.

Stands beside the boosted trees in every table, and works before a model is there.
"""

from __future__ import annotations

import numpy as np

from .statistics import NAMES

_OF = {name: place for place, name in enumerate(NAMES)}
# Each statistic's level on noise that is passed about equally seldom, from which the scores are made equal:
# maxima over 64 channels of normal, and of exponential, variates; sums by the central limit.
_WEIGHTS = {
    "shape_max_now": 5.0,
    "shape_energy_now": 5.0,
    "kurtosis_low_now": 5.0,
    "kurtosis_high_now": 5.5,
    "coherence_max_now": 16.0,
    "coherence_energy_now": 5.5,
    "row_kurtosis_twice": 4.0,
    "rise_twice": 6.0,
}


def rule_score(statistics: np.ndarray) -> np.ndarray:
    """Largest of the statistics over its level, natural logarithm; shape (n,) from (n, len(NAMES))."""
    statistics = np.atleast_2d(statistics)
    columns = [statistics[:, _OF[name]] - np.log1p(level) for name, level in _WEIGHTS.items()]
    return np.max(columns, axis=0)
