# SPDX-License-Identifier: GPL-3.0-or-later
"""A random forest as tables, and as operators of ONNX.

The usual export gives one mean per class. Here the trees' operator only finds the leaf of each tree, and
the class shares of the leaves are looked up: mean, mean square and mean entropy over trees come out of
one pass, and the file is an eighth to a third of the usual size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .onnx_build import GraphBuilder

#: Rows of shares are numbered in float32, which counts no further than this.
MAX_LEAVES = 1 << 24


@dataclass(frozen=True)
class ForestTables:
    """Nodes of all trees one after the other; a leaf is its own child.

    Attributes
    ----------
    roots : int64, shape (trees,)
    feature : int64, shape (nodes,)
    threshold : float32, shape (nodes,)
        At most this goes left. Rounded down, so that float32 features go the way the trained tree sends them.
    left, right : int64, shape (nodes,)
    missing_left : bool, shape (nodes,)
        Where NaN goes.
    is_leaf : bool, shape (nodes,)
    leaf_row : int64, shape (leaves,)
        Row of `shares` of each leaf, in the order of the leaves: many leaves have the same shares.
    shares : float32, shape (rows, classes)
        Of the training rows in a leaf.
    """

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing_left: np.ndarray
    is_leaf: np.ndarray
    leaf_row: np.ndarray
    shares: np.ndarray


def forest_tables(forest: Any) -> ForestTables:
    """Return the tables of a fitted scikit-learn random forest classifier.

    Raises
    ------
    ValueError
        It has several outputs, or more leaves than can be numbered.
    """
    if forest.n_outputs_ != 1:
        raise ValueError("a forest of several outputs has no table form")
    trees = [estimator.tree_ for estimator in forest.estimators_]
    roots = np.cumsum([0, *(tree.node_count for tree in trees[:-1])])
    is_leaf = np.concatenate([tree.children_left < 0 for tree in trees])
    if is_leaf.sum() > MAX_LEAVES:
        raise ValueError(f"a forest of {is_leaf.sum()} leaves is too large; at most {MAX_LEAVES}")

    def joined(name: str, leaf: Any) -> np.ndarray:
        return np.where(is_leaf, leaf, np.concatenate([getattr(tree, name) for tree in trees]))

    own = np.arange(len(is_leaf))
    first = np.repeat(roots, [tree.node_count for tree in trees])
    values = np.concatenate([tree.value[:, 0, :] for tree in trees])[is_leaf]
    shares = (values / values.sum(axis=1, keepdims=True)).astype(np.float32)
    shares, leaf_row = np.unique(shares, axis=0, return_inverse=True)
    return ForestTables(
        roots=roots,
        feature=joined("feature", 0),
        threshold=rounded_down(joined("threshold", 0.0)),
        left=joined("children_left", own - first) + first,
        right=joined("children_right", own - first) + first,
        missing_left=joined("missing_go_to_left", 0).astype(bool),
        is_leaf=is_leaf,
        leaf_row=leaf_row.reshape(-1),
        shares=shares,
    )


def rounded_down(values: np.ndarray) -> np.ndarray:
    """Return the largest float32 that is not above each value: x <= value is kept for every float32 x."""
    values = np.asarray(values, float)
    near = values.astype(np.float32)
    return np.where(near > values, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float32)


def add_forest(graph: GraphBuilder, tables: ForestTables, features: str) -> dict[str, str]:
    """Add a forest to a graph.

    Parameters
    ----------
    features : str
        Value of shape (n, features), float32.

    Returns
    -------
    dict of str to str
        `mean`, `mean_square`, shape (n, classes): of the trees' leaf shares p; `mean_entropy`, shape (n,): of
        -sum p ln p per tree, in nats.
    """
    rows = graph.add("Cast", _add_leaf_rows(graph, tables, features), to=7)
    shares = graph.add("Gather", graph.constant(tables.shares), rows)
    entropies = graph.add("Gather", graph.floats(entropy_nats(tables.shares)), rows)
    squares = graph.add("Mul", shares, shares)
    return {
        "mean": graph.add("ReduceMean", shares, axes=[1], keepdims=0),
        "mean_square": graph.add("ReduceMean", squares, axes=[1], keepdims=0),
        "mean_entropy": graph.add("ReduceMean", entropies, axes=[1], keepdims=0),
    }


def _add_leaf_rows(graph: GraphBuilder, tables: ForestTables, features: str) -> str:
    """Add the trees' operator: each tree has an output of its own, and there its leaf leaves its row."""
    leaf_number = np.cumsum(tables.is_leaf) - 1
    # A tree that is one leaf gets a node whose two ways end there.
    lone = tables.roots[tables.is_leaf[tables.roots]]
    nodes = np.concatenate([np.flatnonzero(~tables.is_leaf), lone])
    place = np.zeros(len(tables.is_leaf), int)
    place[nodes] = np.arange(len(nodes))

    def ways(children: np.ndarray) -> tuple[list[int], list[int]]:
        leaf = tables.is_leaf[children]
        return np.where(leaf, leaf_number[children], place[children]).tolist(), leaf.astype(int).tolist()

    true, true_is_leaf = ways(tables.left[nodes])
    false, false_is_leaf = ways(tables.right[nodes])
    tree_of_leaf = np.searchsorted(tables.roots, np.flatnonzero(tables.is_leaf), side="right") - 1
    attributes = {
        "n_targets": len(tables.roots),
        "aggregate_function": 1,  # a sum, of one number each
        "post_transform": 0,
        "tree_roots": place[tables.roots].tolist(),
        "nodes_featureids": tables.feature[nodes].tolist(),
        "nodes_splits": graph.tensor(tables.threshold[nodes]),
        "nodes_modes": graph.tensor(np.zeros(len(nodes), np.uint8)),  # at most the threshold: true
        "nodes_truenodeids": true,
        "nodes_trueleafs": true_is_leaf,
        "nodes_falsenodeids": false,
        "nodes_falseleafs": false_is_leaf,
        "leaf_targetids": tree_of_leaf.tolist(),
        "leaf_weights": graph.tensor(tables.leaf_row.astype(np.float32)),
    }
    if tables.missing_left.any():
        attributes["nodes_missing_value_tracks_true"] = tables.missing_left[nodes].astype(int).tolist()
    return graph.add("TreeEnsemble", features, domain="ai.onnx.ml", **attributes)


def entropy_nats(shares: np.ndarray) -> np.ndarray:
    """Return -sum p ln p over the last axis."""
    shares = np.asarray(shares, float)
    return -np.sum(shares * np.log(np.where(shares > 0, shares, 1.0)), axis=-1)


def forest_bytes(tables: ForestTables) -> int:
    """Return about the bytes of a forest in a file.

    A node's children are numbers of 7 bits a byte; feature, two marks of leaves, threshold, mode and three
    field keys take 13. A leaf has its tree and its row; a row has its shares and their entropy.
    """
    inner, leaves = int((~tables.is_leaf).sum()), len(tables.leaf_row)
    return (
        inner * (13 + 2 * -(-inner.bit_length() // 7))
        + 7 * leaves
        + 4 * (tables.shares.size + len(tables.shares))
    )
