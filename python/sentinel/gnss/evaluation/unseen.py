# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of classes left out of training, each in turn: what a forest calls what it never saw."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ...core.evaluation import Cell, ResultStore, markdown_table
from ..families import CLASSES, FAMILIES
from ..training.columns import join_columns
from ..training.shipped import load
from ..training.unseen import Predictor, leave_one_class_out
from ..uncertainty import Moments, measures
from .counts import Places, share_text

TABLE = "gnss_unseen_class"
TREES, ROWS_PER_LEAF = 60, 3
REJECTED_SHARE = 0.05


def cells() -> list[Cell]:
    """One cell: all classes in turn."""
    return [Cell({"table": TABLE}, 1, 1)]


def measure_unseen(cell: Cell, cache: str | os.PathLike) -> dict[str, Any]:
    """Counts by class left out, of seconds of the sets that the shipped classifier is trained on.

    Needs scikit-learn. "none" is a class like the others here: no detector stands in front.
    """
    columns = join_columns([load("classes-train", cache), _later(load("classes-design", cache))])
    columns = columns[(columns.label >= 0) & ~columns.baseline]
    rows = leave_one_class_out(
        columns.description.astype(np.float32),
        np.array(CLASSES)[columns.label],
        columns.session,
        _fit,
        classes=CLASSES,
        rejected_share=REJECTED_SHARE,
        seed=cell.seed,
    )
    result: dict[str, Any] = {}
    for row in rows:
        name, count = row["unseen"], int(row["rows"])
        result[f"{name}_rows"] = count
        for share in ("called_none", "called_unknown", "most_often_share"):
            result[f"{name}_{share}"] = round(row[share] * count)
        result[f"{name}_most_often"] = CLASSES.index(row["most_often"]) if row["most_often"] else 0
        known = int(row["known_rows"])
        result[f"{name}_known_rows"] = known
        result[f"{name}_known_rejected"] = round(row["known_rejected"] * known)
        result[f"{name}_known_accuracy"] = float(row["known_accuracy"])
    return result


def _later(columns):
    columns.session[:] += 100_000
    return columns


def _fit(features: np.ndarray, labels: np.ndarray, classes: int) -> Predictor:
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(TREES, min_samples_leaf=ROWS_PER_LEAF, random_state=1)
    forest.fit(features, labels)
    low, high = (np.quantile(features, q, axis=0) for q in (0.001, 0.999))

    def predict(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        moments = Moments.of_members(np.array([tree.predict_proba(rows) for tree in forest.estimators_]))
        width = np.maximum(high - low, 1e-9)
        beyond = np.clip(np.maximum(low - rows, rows - high) / width, 0, 3).mean(axis=1)
        known = measures(moments, beyond)
        return moments.mean, known["entropy"] + 10 * known["out_of_range"]

    return predict


def section(store: ResultStore) -> str:
    """The table, Markdown."""
    total = Places(store).total({"table": TABLE})
    if total is None:
        return "Not measured on this machine.\n"
    rows = []
    for name in FAMILIES:
        count, known = total[f"{name}_rows"], total[f"{name}_known_rows"]
        most = total[f"{name}_most_often_share"]
        rows.append(
            [
                name,
                count,
                share_text(total[f"{name}_called_none"], count),
                share_text(total[f"{name}_called_unknown"], count),
                f"{CLASSES[total[f'{name}_most_often']]} {most / count:.3f}" if most else "",
                f"{total[f'{name}_known_accuracy']:.3f}",
                f"{total[f'{name}_known_rejected'] / known:.3f}",
            ]
        )
    counts = [sum(total[f"{name}_{what}"] for name in FAMILIES) for what in ("called_none", "rows")]
    header = ["left out", "seconds", "called none", "called unknown", "else most often"]
    header += ["known classes: accuracy of the kept", "rejected"]
    return markdown_table(header, rows) + (
        f"\nAll classes left out together: called none {share_text(*counts)}; targets: must 0.10, strong "
        "0.05, stretch 0.02.\n"
    )
