# SPDX-License-Identifier: GPL-3.0-or-later
"""What `sentinel train gnss --published` has measured, beside the shipped models on the same seconds."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import InputError
from ...core.evaluation import Cell, ResultStore, markdown_table
from ..training.published import RESULTS_FILE, STAGES, TEST_SHARE
from ..training.splits import SESSION, split
from .bench import RATE, Bench
from .counts import Places, share_text
from .f2 import confusion, macro_f2

TABLE = "gnss_published"
#: Accuracy and F2 as published, of a random split.
PUBLISHED = {"forest": (0.949, 0.948), "resnet": (0.960, 0.959)}
_TEXT = {"forest": "random forest", "resnet": "ResNet18"}
_NUMBERS = ("macro_f2", "rows", "trained_rows", "training_s", "inference_ms")


#: The experiment that the shipped models are compared on, and the split whose test side counts.
COMPARED = ("classes", SESSION)
SHIPPED = Cell({"table": "gnss_published_shipped", "kind": COMPARED[0]}, 1, 1)


def measure_shipped(cell: Cell, cache: str | os.PathLike, bench: Bench) -> dict[str, Any]:
    """The shipped detector and forest on the test side of an experiment.

    Returns
    -------
    dict
        `rows`, `right`: seconds and those named rightly, `none` where the detector is silent. `forest_right`,
        `forest_rows`: the forest alone on seconds with interference. `confusion`, row by row.
    """
    from ..training.published_data import KINDS, PublishedData

    kind = str(cell.key["kind"])
    order = {name: place for place, name in enumerate(KINDS[kind].classes)}
    found = list(PublishedData(kind, cache).seconds(bench.detection.score))
    labels = np.array([one.label for one in found])
    test = split(np.array([one.group for one in found]), COMPARED[1], TEST_SHARE, 1, labels)
    kept = [one for one, chosen in zip(found, test, strict=True) if chosen]
    names = bench.classes.classes
    guesses = bench.classes.predict(np.array([one.judgement.description for one in kept]))
    named = np.array([order[names[int(np.argmax(guess.mean))]] for guess in guesses])
    truth = np.array([order[one.label] for one in kept])
    silent = np.array([one.judgement.score for one in kept]) < bench.detection.threshold(RATE)
    decided = np.where(silent, order["none"], named)
    jammed = truth != order["none"]
    return {
        "rows": len(kept),
        "right": int((decided == truth).sum()),
        "forest_rows": int(jammed.sum()),
        "forest_right": int((named == truth)[jammed].sum()),
        "confusion": confusion(truth, decided, len(order)).ravel().tolist(),
    }


def folder(cache: str | os.PathLike, kind: str) -> Path:
    """Where training of an experiment keeps its results and checkpoints."""
    return Path(cache) / f"trained-{kind}"


def adopt(store: ResultStore, cache: str | os.PathLike) -> int:
    """Take finished stages into the store that it does not have; return how many.

    Raises
    ------
    InputError
        If a file of results is damaged.
    """
    from ..training.published_data import KINDS

    taken = 0
    for kind in KINDS:
        path = folder(cache, kind) / RESULTS_FILE
        if not path.exists():
            continue
        try:
            stages: Mapping[str, Any] = json.loads(path.read_bytes())["stages"]
            results = {name: _numbers(stages[name]) for name in STAGES if name in stages}
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: the results are damaged ({error}); train again") from error
        for name, result in results.items():
            cell = Cell({"table": TABLE, "kind": kind, "stage": name}, 1, 1)
            if store.pending([cell]):
                store.append(cell, result, result["training_s"])
                taken += 1
    return taken


def _numbers(stage: Mapping[str, Any]) -> dict[str, Any]:
    return {name: stage[name] for name in _NUMBERS} | {"right": round(stage["accuracy"] * stage["rows"])}


def section(store: ResultStore) -> str:
    """The table, Markdown; what was not trained says how to."""
    from ..training.published_data import KINDS

    found = Places(store)
    rows = []
    for kind, experiment in KINDS.items():
        for stage in experiment.stages:
            method, how = stage.split("/")
            total = found.total({"table": TABLE, "kind": kind, "stage": stage})
            as_published = kind == "jammers" and how == "random"
            accuracy, score = PUBLISHED[method] if as_published else ("", "")
            row = [len(experiment.classes), _TEXT[method], {"session": "by session"}.get(how, how)]
            if total is None:
                rows.append([*row, "not run yet: `sentinel train gnss --published`", "", accuracy, score])
                rows[-1] += ["", ""]
                continue
            right = share_text(total["right"], total["rows"])
            rows.append([*row, right, f"{total['macro_f2']:.3f}", accuracy, score])
            rows[-1] += [f"{total['training_s']:.0f}", f"{total['inference_ms']:.3f}"]
    shipped = found.total(SHIPPED.key)
    if shipped is not None:
        counts = np.array(shipped["confusion"]).reshape(len(KINDS[COMPARED[0]].classes), -1)
        row = [len(counts), "shipped detector and forest", "by session, same seconds as the forest's"]
        row += [share_text(shipped["right"], shipped["rows"]), f"{macro_f2(counts):.3f}", "", "", "", ""]
        rows.append(row)
    header = ["classes", "classifier", "split", "accuracy", "F2", "published accuracy", "published F2"]
    return markdown_table([*header, "training, s", "ms a row"], rows)
