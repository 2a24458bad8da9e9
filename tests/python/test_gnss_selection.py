# SPDX-License-Identifier: GPL-3.0-or-later
"""The features that matter are found among those that do not."""

import numpy as np
import pytest
from gnuradio.sentinel.gnss.training.selection import select_features


def scene(rows=400, noise=20, seed=3):
    """Four columns that tell the class among `noise` that do not; sessions of 20 rows."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, rows)
    useful = np.stack([labels == 0, labels == 1, labels == 2, labels % 2], axis=1) + rng.normal(
        0, 0.4, (rows, 4)
    )
    features = np.concatenate([rng.normal(0, 1, (rows, noise)), useful], axis=1)
    names = [f"noise{i}" for i in range(noise)] + [f"useful{i}" for i in range(4)]
    return features, labels, names, np.arange(rows) // 20


def test_useful_columns_come_first():
    features, labels, names, groups = scene()
    chosen = select_features(features, labels, names, 4, groups=groups, trees=40)
    assert set(chosen.names) == {f"useful{i}" for i in range(4)}
    assert [names[place] for place in chosen.columns] == list(chosen.names)
    assert np.all(np.diff(chosen.importance) <= 0) and np.all(chosen.permutation > 0)
    assert chosen.stability == 1.0


def test_the_list_does_not_depend_on_the_seeds():
    features, labels, names, groups = scene()
    lists = [
        select_features(features, labels, names, 4, groups=groups, trees=40, seeds=seeds).names
        for seeds in ((1, 2), (8, 9))
    ]
    assert set(lists[0]) == set(lists[1])


def test_a_column_that_only_names_the_session_goes_behind():
    features, labels, names, groups = scene()
    # In each session a class of its own prevails: the session's number seems to tell the class.
    labels = np.where(np.random.default_rng(1).random(len(labels)) < 0.8, groups % 4, labels)
    features[:, 0] = groups + np.random.default_rng(2).normal(0, 0.1, len(groups))
    chosen = select_features(features, labels, names, 24, groups=groups, trees=40)
    place = chosen.names.index("noise0")
    assert chosen.importance[place] > np.median(chosen.importance)  # impurity alone would take it
    alone = select_features(features, labels, names, 24, trees=40)
    assert place > alone.names.index("noise0")


def test_few_columns_are_all_kept():
    features, labels, names, _ = scene(rows=80, noise=2)
    assert len(select_features(features, labels, names, 36, trees=10, seeds=(1,)).names) == 6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x, y, n, g: (x, y[:-1], n, g), "fit together"),
        (lambda x, y, n, g: (x, y, n[:-1], g), "fit together"),
        (lambda x, y, n, g: (x, 0 * y, n, g), "two classes"),
        (lambda x, y, n, g: (x, y, n, 0 * g), "two groups"),
    ],
)
def test_what_cannot_be_chosen_from(change, words):
    x, y, n, g = change(*scene(rows=40))
    with pytest.raises(ValueError, match=words):
        select_features(x, y, n, groups=g)
