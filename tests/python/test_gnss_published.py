# SPDX-License-Identifier: GPL-3.0-or-later
"""The published configurations run on a tiny scene, stop and resume, and show what a random split leaks."""

import json
import re

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.training_needs import require_training
from gnuradio.sentinel.gnss.training import published
from gnuradio.sentinel.gnss.training.published import (
    ForestData,
    ImageData,
    Provider,
    PublishedSettings,
    train_published,
)

SMALL = PublishedSettings(selected=4, trees=50, max_images=24, epochs=1)
FOREST_ONLY = PublishedSettings(selected=4, trees=50, stages=("forest/session", "forest/random"))


def forest_data(sessions=24, rows=8, columns=8):
    """Three classes; each session has an offset of its own that is larger than what tells the class."""
    rng = np.random.default_rng(1)
    kinds = np.repeat(np.arange(sessions) % 3, rows)
    offsets = np.repeat(rng.normal(0, 2, (sessions, columns)), rows, axis=0)
    features = offsets + np.eye(3, columns)[kinds] + rng.normal(0, 0.1, offsets.shape)
    labels = np.array(["none", "cw", "chirp"])[kinds]
    return ForestData(
        features, labels, np.repeat(np.arange(sessions), rows), [f"f{i}" for i in range(columns)]
    )


def image_data(rows=30):
    rng = np.random.default_rng(2)
    labels = np.array(["none", "cw", "chirp"])[np.arange(rows) % 3]
    power = rng.exponential(1e-3, (rows, 5, 64))
    power[labels == "cw", :, 20] += 1
    return ImageData(power, labels, np.arange(rows) // 3 % 5)


class Counted:
    """A provider that counts how often it was asked."""

    def __init__(self):
        self.forest_calls = self.image_calls = 0
        self.provider = Provider(self.forest, self.images, "tiny 1")

    def forest(self):
        self.forest_calls += 1
        return forest_data()

    def images(self):
        self.image_calls += 1
        return image_data()


def test_both_classifiers_on_both_splits(tmp_path):
    counted = Counted()
    done = train_published(counted.provider, tmp_path, settings=SMALL, quiet=True)
    assert list(done) == ["forest/session", "forest/random", "resnet/session", "resnet/random"]
    assert (counted.forest_calls, counted.image_calls) == (1, 1)
    # Neighbours on both sides: the offset tells the session, and the session the class.
    assert done["forest/random"]["accuracy"] > 0.95 > 0.75 > done["forest/session"]["accuracy"]
    assert done["forest/session"]["oob_accuracy"] > 0.95  # rows out of bag have such neighbours, too
    for result in done.values():
        assert result["rows"] == np.sum(result["confusion"]) and 0 <= result["macro_f2"] <= 1
        assert result["training_s"] > 0 and result["inference_ms"] > 0
    assert len(done["forest/session"]["features"]) == 4
    assert len(done["resnet/random"]["losses"]) == 1 and done["resnet/random"]["start"] == "random"
    assert done["resnet/random"]["rows"] + done["resnet/random"]["trained_rows"] == 24
    again = train_published(counted.provider, tmp_path, settings=SMALL, quiet=True)
    assert again == done and (counted.forest_calls, counted.image_calls) == (1, 1)


def test_without_time_nothing_is_begun_and_later_it_goes_on(tmp_path):
    counted = Counted()
    assert train_published(counted.provider, tmp_path, settings=SMALL, max_minutes=0, quiet=True) == {}
    assert counted.forest_calls == 0
    one = PublishedSettings(selected=4, trees=50, stages=("forest/session",))
    first = train_published(counted.provider, tmp_path, settings=one, quiet=True)
    both = train_published(counted.provider, tmp_path, settings=FOREST_ONLY, quiet=True)
    assert both["forest/session"] == first["forest/session"] and len(both) == 2
    anew = train_published(counted.provider, tmp_path, settings=one, resume=False, quiet=True)
    assert anew["forest/session"]["confusion"] == first["forest/session"]["confusion"]


def test_results_of_other_data_or_damaged_ones_are_refused(tmp_path):
    one = PublishedSettings(selected=4, trees=50, stages=("forest/session",))
    train_published(Counted().provider, tmp_path, settings=one, quiet=True)
    other = Provider(forest_data, image_data, "tiny 2")
    with pytest.raises(InputError, match="of other data or settings; give another folder"):
        train_published(other, tmp_path, settings=one, quiet=True)
    path = tmp_path / published.RESULTS_FILE
    content = json.loads(path.read_text())
    for text in ("{", json.dumps({"schema": 1}), json.dumps(content | {"stages": []})):
        path.write_text(text)
        with pytest.raises(InputError, match="results are damaged"):
            train_published(Counted().provider, tmp_path, settings=one, quiet=True)


def test_a_class_without_a_session_to_train_on_is_told(tmp_path):
    data = forest_data()
    with pytest.raises(InputError, match="class 'am' has no session to train on"):
        train_published(
            Provider(lambda: data, image_data, "x"),
            tmp_path,
            settings=FOREST_ONLY,
            classes=("none", "cw", "chirp", "am"),
        )
    with pytest.raises(InputError, match="label 'chirp' is none of the classes none, cw"):
        train_published(
            Provider(lambda: data, image_data, "x"), tmp_path, settings=FOREST_ONLY, classes=("none", "cw")
        )


def test_weights_that_are_missing_are_told(tmp_path):
    with pytest.raises(InputError, match="weights cannot be read"):
        train_published(
            Counted().provider, tmp_path, settings=SMALL, weights=tmp_path / "none.safetensors", quiet=True
        )


def test_missing_packages_are_told_in_one_line(monkeypatch):
    require_training("torch", "safetensors")
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in ("torch", "sklearn") else find(name)
    )
    with pytest.raises(InputError) as caught:
        require_training()
    assert re.fullmatch(
        r"training needs scikit-learn, torch; run pip install .*requirements-train\.txt", str(caught.value)
    )
