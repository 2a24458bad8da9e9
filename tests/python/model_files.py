# SPDX-License-Identifier: GPL-3.0-or-later
"""Small trained models and their files, for tests."""

import numpy as np
from gnuradio.sentinel.core.model_info import ModelInfo
from sklearn.ensemble import RandomForestClassifier

GEOMETRY = {"sample_rate": 2.56e6, "channels": 64, "snapshot_s": 1.0}


def model_info(classes=("a", "b", "c"), **changes):
    """What a model of the gnss room says of itself."""
    values = {
        "room": "gnss",
        "kind": "classifier",
        "name": "test",
        "version": "1.2",
        "feature_version": 3,
        "geometry": GEOMETRY,
        "classes": classes,
    }
    return ModelInfo(**(values | changes))


def blobs(rows=300, columns=6, classes=3, seed=5):
    """Overlapping groups of float32 rows around centres, and their numbers."""
    rng = np.random.default_rng(seed)
    labels = np.arange(rows) % classes
    centres = rng.normal(0, 1.5, (classes, columns))
    return (centres[labels] + rng.normal(0, 1, (rows, columns))).astype(np.float32), labels


def small_forest(rows=300, trees=10, leaf=3, classes=3):
    """A fitted forest, and new rows to judge."""
    features, labels = blobs(rows, classes=classes)
    forest = RandomForestClassifier(trees, min_samples_leaf=leaf, random_state=2).fit(features, labels)
    return forest, blobs(500, classes=classes, seed=6)[0]
