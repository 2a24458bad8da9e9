# SPDX-License-Identifier: GPL-3.0-or-later
"""The card beside a model: complete, checked, and readable again."""

import json
import subprocess

import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.model_card import ModelCard, card_path, installed_versions, source_commit


def card(**changes):
    values = {
        "name": "test",
        "version": "1",
        "room": "gnss",
        "kind": "classifier",
        "sha256": "0" * 64,
        "model_bytes": 1000,
        "data_recipe": {"sessions": 4, "j_n_db": [-20.0, 20.0]},
        "scene_ids": ["s1", "s2"],
        "seed": 1,
        "commit": None,
        "versions": installed_versions(),
        "threads": 1,
        "seconds": 12.5,
        "command": "sentinel train gnss",
        "figures": [{"j_n_db": -10.0, "accuracy": 0.9, "rows": 100, "low": 0.82, "high": 0.95}],
        "notes": "",
    }
    return ModelCard(**(values | changes))


def test_a_card_comes_back_as_it_was(tmp_path):
    path = card().write(tmp_path / "x.onnx")
    assert path == card_path(tmp_path / "x.onnx") == tmp_path / "x.card.json"
    assert ModelCard.read(tmp_path / "x.onnx") == card()
    assert json.loads(path.read_text())["schema"] == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": "1"}, "seed"),
        ({"threads": True}, "threads"),
        ({"seconds": float("nan")}, "finite"),
        ({"commit": 5}, "commit"),
        ({"scene_ids": [1]}, "scene_ids"),
        ({"figures": [1]}, "figures"),
        ({"data_recipe": {"x": {1, 2}}}, "no form"),
    ],
)
def test_values_are_checked(changes, words):
    with pytest.raises(InputError, match=words):
        card(**changes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[:-20], "damaged"),
        (lambda text: text.replace('"schema": 1', '"schema": 9'), "schema 9"),
        (lambda text: text.replace('"seed"', '"sead"'), "sead is unknown"),
        (lambda text: "[1]", "not an object"),
        (lambda text: "[" * 100000, "damaged"),
    ],
)
def test_a_damaged_card_is_refused_in_one_line(tmp_path, change, words):
    path = card().write(tmp_path / "x.onnx")
    path.write_text(change(path.read_text()))
    with pytest.raises(InputError, match=words) as caught:
        ModelCard.read(tmp_path / "x.onnx")
    assert str(caught.value).startswith(str(path)) and "train the model again" in str(caught.value)


def test_a_missing_card_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        ModelCard.read(tmp_path / "x.onnx")


def test_versions_name_what_takes_part():
    assert {"python", "numpy", "scikit-learn", "onnx"} <= installed_versions().keys()


def test_the_commit_tells_changed_files(tmp_path):
    assert source_commit(tmp_path) is None

    def git(*words):
        names = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", str(tmp_path), *names, *words], check=True, capture_output=True)

    git("init")
    (tmp_path / "f").write_text("1")
    git("add", "f")
    git("commit", "-m", "x")
    commit = source_commit(tmp_path)
    assert len(commit) == 40
    (tmp_path / "f").write_text("2")
    assert source_commit(tmp_path) == commit + "+"
