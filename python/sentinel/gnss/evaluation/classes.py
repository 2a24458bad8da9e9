# SPDX-License-Identifier: GPL-3.0-or-later
"""Trials of the classification tables: what each second of one session is called.

Sets `classes-...` hold single seconds that do not follow each other as in life: each is judged alone, the
detector's buffer emptied before it. Sets `life-...` go through the monitor as it runs.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ...core.errors import InputError
from ...core.evaluation import Cell
from ..config import GnssSettings
from ..families import CLASSES
from ..learned import ClassModel
from ..naming_rule import rule_class
from ..training.columns import make_detector
from ..training.dataset import Rendered
from .bench import RATE, Bench, watch

#: Lower ends of the ranges of J/N, dB; each is 10 dB wide. Clean seconds count in a range of their own.
RANGES_DB = (-20, -10, 0, 10)
CLEAN = len(RANGES_DB)
#: Truth of a family that is no class.
OTHER = len(CLASSES)


def measure_classes(cell: Cell, bench: Bench) -> dict[str, Any]:
    """What each second of one session is called.

    Returns
    -------
    dict
        Counts `<table>_<range>_<truth>_<answer>`, those that are not 0: `named`, the detector first, the most
        likely class then; `given`, the most likely class whether detected or not; `rule`, the same by the
        rule without learning; `unknown`, seconds of `named` that the reject rule calls unknown. `right`,
        `total` by class of this session, one row each, of `named`; `right_given`, `total_given`. For single
        seconds `doubt` and `wrong` of those detected.
    """
    rendered = bench.rendered(cell)
    alone = str(cell.key["set"]).startswith("classes")
    detected, described, judged = (_alone if alone else _followed)(rendered, bench)
    whole = (rendered.active_share == 0) | (rendered.active_share > 0.5)
    use = np.flatnonzero(judged & whole & ~rendered.baseline)
    detected, described = detected[use], described[use]
    truth = np.where(rendered.label[use] < 0, OTHER, rendered.label[use])
    place = np.where(truth == 0, CLEAN, np.clip((rendered.jn_db[use] + 20) // 10, 0, CLEAN - 1))
    place = np.nan_to_num(place, nan=CLEAN).astype(int)
    predictions = bench.classes.predict(described)
    number = class_numbers(bench.classes)
    given = np.array([number[int(np.argmax(one.mean))] for one in predictions])
    doubt = np.array([one.uncertainty for one in predictions])
    named = np.where(detected, given, 0)
    unknown = detected & (doubt > bench.classes.limit(GnssSettings().unknown_share))
    plain = np.array([CLASSES.index(rule_class(row)) for row in described])
    jammed = truth > 0
    tables = {
        "named": (named, np.ones(len(use), bool)),
        "given": (given, jammed),
        "rule": (np.where(detected, plain, 0), np.ones(len(use), bool)),
        "unknown": (named, unknown),
    }
    counts: Counter[str] = Counter()
    for name, (answer, rows) in tables.items():
        counts.update(
            f"{name}_{r}_{t}_{a}" for r, t, a in zip(place[rows], truth[rows], answer[rows], strict=True)
        )
    known = truth < OTHER
    result: dict[str, Any] = dict(counts)
    result["right"] = np.bincount(truth[known & (named == truth)], minlength=len(CLASSES)).tolist()
    result["total"] = np.bincount(truth[known], minlength=len(CLASSES)).tolist()
    result["right_given"] = int((given == truth)[jammed].sum())
    result["total_given"] = int(jammed.sum())
    if alone:
        ask = detected & jammed
        result["doubt"] = [round(float(value), 4) for value in doubt[ask]]
        result["wrong"] = [int(value) for value in (given != truth)[ask]]
    return result


def class_numbers(model: ClassModel) -> list[int]:
    """Places in `CLASSES` of what a model names.

    Raises
    ------
    InputError
        It names what is not simulated: somebody's own classes.
    """
    if others := [name for name in model.classes if name not in CLASSES]:
        raise InputError(
            f"{model.loaded.path}: names {', '.join(others)} too, and the tables are of simulated classes "
            "only; put the classifier that came with this version there"
        )
    return [CLASSES.index(name) for name in model.classes]


def _alone(rendered: Rendered, bench: Bench) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Detected, description, and whether it could be judged, for each second by itself."""
    detector = make_detector(bench.detection.score, rendered.snapshots.channels)
    threshold = bench.detection.threshold(RATE)
    detected, judged = np.zeros((2, len(rendered)), bool)
    described: list[np.ndarray | None] = []
    for index in range(len(rendered)):
        detector.begin_segment()
        judgement = detector.judge(rendered.snapshots, index)
        detector.settle(bool(rendered.active_share[index] == 0))
        judged[index], detected[index] = judgement.decided, judgement.score >= threshold
        described.append(judgement.description)
    width = max((len(one) for one in described if one is not None), default=0)
    return detected, np.array([np.zeros(width) if one is None else one for one in described]), judged


def _followed(rendered: Rendered, bench: Bench) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    seen = watch(rendered, bench.detection)
    return seen.detected, seen.description, seen.description.any(axis=1)
