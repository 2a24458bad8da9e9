# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of unknown things: off line, as they come, and how well they match true kinds."""

import numpy as np
import pytest
from gnuradio.sentinel.core.clustering import NOISE, OnlineClusters, cluster, cluster_quality, letters
from sklearn.metrics import adjusted_rand_score, rand_score

CENTRES = np.array([[0, 0], [10, 0], [0, 10]])


def scene(sizes=(40, 30, 20), noise=0, seed=1):
    """Round clusters far apart, of falling size, then lone points far away; and their kinds."""
    rng = np.random.default_rng(seed)
    kinds = np.repeat(np.arange(len(sizes)), sizes)
    vectors = CENTRES[kinds] + rng.normal(0, 0.5, (len(kinds), 2))
    lone = np.array([[100.0 * i, -100.0] for i in range(1, noise + 1)]).reshape(noise, 2)
    order = rng.permutation(len(vectors) + noise)
    return np.vstack([vectors, lone])[order], np.concatenate([kinds, np.full(noise, -1)])[order]


@pytest.mark.parametrize(
    ("method", "settings"),
    [("hdbscan", {"smallest": 5}), ("dbscan", {"smallest": 4, "radius": 1.0}), ("kmeans", {"clusters": 3})],
)
def test_clear_clusters_are_found_and_numbered_by_size(method, settings):
    vectors, kinds = scene()
    found = cluster(vectors, method, **settings)
    judged = found != NOISE
    assert judged.mean() > 0.8 and np.array_equal(found[judged], kinds[judged])
    assert np.array_equal(found, cluster(vectors, method, **settings))


@pytest.mark.parametrize(("method", "settings"), [("hdbscan", {"smallest": 5}), ("dbscan", {"radius": 1.5})])
def test_lone_points_are_in_no_cluster(method, settings):
    vectors, kinds = scene(noise=3)
    assert (cluster(vectors, method, **settings)[kinds == -1] == NOISE).all()


def test_few_vectors_make_no_cluster():
    assert cluster(np.zeros((3, 2))).tolist() == [NOISE] * 3
    assert cluster(np.zeros((0, 2)), "dbscan", radius=1).shape == (0,)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"method": "spectral"}, "hdbscan, dbscan, kmeans"),
        ({"smallest": 1}, "at least 2"),
        ({"method": "dbscan"}, "radius"),
        ({"method": "kmeans"}, "number of clusters"),
        ({"method": "kmeans", "clusters": 11}, "too few for 11"),
        ({"vectors": [[np.nan, 0]]}, "finite"),
        ({"vectors": [1, 2]}, "shape"),
    ],
)
def test_what_cannot_be_clustered(settings, words):
    with pytest.raises(ValueError, match=words):
        cluster(**({"vectors": np.zeros((10, 2))} | settings))


def test_letters():
    assert [letters(n) for n in (0, 25, 26, 27, 51, 52, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "AB",
        "AZ",
        "BA",
        "ZZ",
        "AAA",
    ]
    with pytest.raises(ValueError):
        letters(-1)


def test_as_they_come_each_kind_gets_letters_of_its_own():
    vectors, kinds = scene()
    clusters = OnlineClusters(2, radius=4)
    names = [clusters.assign(vector).cluster for vector in vectors]
    assert len(clusters) == 3 and clusters.names == ["A", "B", "C"]
    quality = cluster_quality(names, kinds)
    assert quality.purity == quality.same_kind_agreement == 1 and quality.clusters == 3
    for name, members, centre in zip(clusters.names, clusters.members, clusters.centres, strict=True):
        inside = np.array(names) == name
        assert members == inside.sum() and np.allclose(centre, vectors[inside].mean(axis=0))


def test_joining_beginning_and_looking():
    clusters = OnlineClusters(1, radius=1.0)
    assert clusters.nearest([0.0]) is None
    first, second, third = (clusters.assign([value]) for value in (0.0, 1.0, 2.6))
    assert (first.cluster, first.is_new) == ("A", True)
    assert (second.cluster, second.is_new, second.distance) == ("A", False, 1.0)  # on the edge: joins
    assert (third.cluster, third.is_new) == ("B", True)  # 2.1 from the centre at 0.5
    assert clusters.nearest([0.7]) == ("A", pytest.approx(0.2)) and clusters.members == [2, 1]
    for vector in ([np.nan], [1.0, 2.0]):
        with pytest.raises(ValueError, match="1 finite numbers"):
            clusters.assign(vector)


def test_a_centre_follows_slow_changes_and_forgets():
    clusters = OnlineClusters(1, radius=1.0, memory=10)
    for place in range(300):
        assert clusters.assign([0.05 * place]).cluster == "A"


def test_memory_is_bounded_and_letters_are_not_given_again():
    clusters = OnlineClusters(1, radius=1.0, most=2)
    names = [clusters.assign([value]).cluster for value in (0.0, 10.0, 0.1, 20.0, 10.0)]
    assert names == ["A", "B", "A", "C", "D"]
    assert clusters.names == ["C", "D"] and len(clusters.centres) == 2


@pytest.mark.parametrize("settings", [(0, 1.0), (1, 0.0), (1, np.inf), (1, 1.0, 0), (1, 1.0, 1, 0)])
def test_settings_are_checked(settings):
    with pytest.raises(ValueError):
        OnlineClusters(*settings)


def test_quality_agrees_with_scikit_learn(rng):
    clusters, kinds = rng.integers(0, 4, 60), rng.integers(0, 3, 60)
    quality = cluster_quality(clusters, kinds)
    assert quality.same_kind_agreement == pytest.approx(rand_score(kinds, clusters))
    assert quality.adjusted_agreement == pytest.approx(adjusted_rand_score(kinds, clusters))
    assert quality.clustered_share == 1


def test_quality_by_hand():
    quality = cluster_quality([0, 0, 0, 1, 1, -1], ["x", "x", "y", "y", "y", "x"])
    assert quality.purity == 4 / 5 and quality.clustered_share == 5 / 6 and quality.clusters == 2
    assert quality.same_kind_agreement == pytest.approx(6 / 10)
    assert cluster_quality(["", "A"], ["x", "x"]).clustered_share == 0.5
    assert np.isnan(cluster_quality([-1], ["x"]).purity)
    for lists in (([], []), ([1], [])):
        with pytest.raises(ValueError):
            cluster_quality(*lists)
