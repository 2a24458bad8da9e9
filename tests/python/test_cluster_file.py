# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters and their names are kept whole, and a damaged file is refused in one line."""

import json

import numpy as np
import pytest
from gnuradio.sentinel.core.cluster_file import ClusterFile
from gnuradio.sentinel.core.clustering import OnlineClusters
from gnuradio.sentinel.core.errors import InputError

KEY = {"room": "gnss", "feature_version": 1, "channels": 64}


@pytest.fixture
def kept():
    clusters = OnlineClusters(2, radius=1.0, memory=7, most=5)
    for vector in ([0, 0], [0.5, 0], [9, 9], [1 / 3, 0]):
        clusters.assign(vector)
    kept = ClusterFile(KEY, clusters)
    kept.rename("B", "microwave oven")
    return kept


def test_it_goes_on_as_if_never_written(tmp_path, kept):
    path = tmp_path / "folder" / "clusters.json"
    kept.save(path)
    again = ClusterFile.load(path, KEY | {"channels": 64.0})
    assert again.labels == {"B": "microwave oven"} and again.key == KEY
    for vector in ([0.2, 0.1], [9, 8.5], [50, 50], [0, 0]):
        assert again.clusters.assign(vector) == kept.clusters.assign(vector)
    assert np.array_equal(again.clusters.centres, kept.clusters.centres)
    assert again.clusters.last_met == kept.clusters.last_met


def test_an_empty_one_too(tmp_path):
    ClusterFile(KEY, OnlineClusters(3, 1.0)).save(tmp_path / "c.json")
    again = ClusterFile.load(tmp_path / "c.json")
    assert len(again.clusters) == 0 and again.clusters.assign([1, 2, 3]).cluster == "A"


def test_names(kept):
    assert kept.label("B") == "microwave oven" and kept.label("A") == "A"
    kept.rename("B", "  ")
    assert kept.label("B") == "B"
    with pytest.raises(InputError, match="no cluster 'Q'; give one of those known: A, B"):
        kept.rename("Q", "x")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(schema=2), "schema 2, this release reads 1"),
        (lambda c: c.pop("radius"), "'radius' is missing"),
        (lambda c: c.update(radius=-1), "radius"),
        (lambda c: c.update(begun=-1), "begun is -1"),
        (lambda c: c.update(begun=1), "more than were begun"),
        (lambda c: c["clusters"][0].update(name="B"), "cluster name 'B'"),
        (lambda c: c["clusters"][0].update(name="<b>"), "cluster name"),
        (lambda c: c["clusters"][0].update(centre=[1]), "centre of A"),
        (lambda c: c["clusters"][0].update(centre=["x", "y"]), "damaged"),
        (lambda c: c["clusters"][0].update(members=True), "members is True"),
        (lambda c: c.update(labels={"A": 1}), "labels"),
        (lambda c: c.update(key=[1]), "key"),
        (lambda c: c.update(clusters={"A": 1}), "damaged"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, kept, change, words):
    path = tmp_path / "c.json"
    kept.save(path)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=words) as caught:
        ClusterFile.load(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)
    assert "remove the file" in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "[" * 200000, '{"schema": 1}'])
def test_what_is_no_such_file_is_refused(tmp_path, text):
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(InputError, match="damaged"):
        ClusterFile.load(tmp_path / "c.json")


def test_a_missing_one_and_one_of_other_vectors(tmp_path, kept):
    with pytest.raises(InputError, match="cannot be read"):
        ClusterFile.load(tmp_path / "c.json")
    kept.save(tmp_path / "c.json")
    with pytest.raises(InputError, match="are of channels 64, wanted is 32; give another file"):
        ClusterFile.load(tmp_path / "c.json", KEY | {"channels": 32})
