# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured of naming, as Markdown tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.evaluation import ResultStore, markdown_table
from ...core.intervals import Interval
from ..families import CLASSES
from ..uncertainty import rejection_curve
from .bench import DESIGN, FINAL
from .classes import CLEAN, OTHER, RANGES_DB
from .counts import Places, share_text, value_text
from .grids import CLASSES as SINGLE
from .grids import LIFE

NO_RESULTS = "Not measured on this machine.\n"
#: 12-class accuracy: must, strong, stretch; share of the unseen called none.
ACCURACY_TARGETS = (0.70, 0.80, 0.88)
NONE_TARGETS = (0.10, 0.05, 0.02)
#: Of the notes: a forest of 1000 on 448 snapshots of 0.1 s.
FLOOR = 0.61
PUBLISHED = "0.949 (forest), 0.960 (ResNet18)"
_REACHED = ("none", "must", "strong", "stretch")
_TEXTS = {
    "test": "as in training",
    "unseen-family": "a family that is no class",
    "unseen-parameters": "outer fifth of two parameters",
    "unseen-receiver": "receiver of another kind",
    "unseen-background": "background of another kind",
}
Total = Mapping[str, Any]


def counts_of(total: Total, table: str) -> np.ndarray:
    """Counts by range, truth and answer, shape (5, 13, 12)."""
    counts = np.zeros((CLEAN + 1, OTHER + 1, len(CLASSES)), int)
    for name, value in total.items():
        parts = name.split("_")
        if parts[0] == table and len(parts) == 4:
            counts[tuple(map(int, parts[1:]))] = value
    return counts


def balanced(counts: np.ndarray) -> float:
    """Mean over the classes there are of the share rightly named, from truth by answer."""
    known = counts[: len(CLASSES)]
    totals = known.sum(axis=1)
    there = totals > 0
    return float(np.mean(np.diagonal(known)[there] / totals[there])) if there.any() else float("nan")


def accuracy(total: Total) -> tuple[float, Interval]:
    """12-class accuracy, each class with equal weight, and its interval by drawing sessions again."""
    right, all_of = (np.array(total[name], float).reshape(-1, len(CLASSES)) for name in ("right", "total"))
    there = all_of.sum(axis=0) > 0

    def mean(places: np.ndarray) -> np.ndarray:
        good, every = right[places].sum(axis=-2), all_of[places].sum(axis=-2)
        return np.mean(good[..., there] / np.maximum(every[..., there], 1), axis=-1)

    estimate = float(mean(np.arange(len(right))))
    if len(right) < 2:
        return estimate, Interval(0.0, 1.0)
    drawn = np.random.default_rng(1).integers(0, len(right), (2000, len(right)))
    low, high = np.quantile(mean(drawn), (0.025, 0.975))
    return estimate, Interval(min(float(low), estimate), max(float(high), estimate))


def _total(places: Places, table: str, name: str, seeds: str = DESIGN) -> Total | None:
    return places.total({"table": table, "seeds": seeds, "set": name})


def _sets() -> list[tuple[str, str, str]]:
    """Table, set and text of each, seconds alone first."""
    return [
        (table.name, name, text)
        for table, start in ((SINGLE, "classes-"), (LIFE, "life-"))
        for key, text in _TEXTS.items()
        if (name := start + key) in table.sets
    ]


def accuracy_table(store: ResultStore) -> str:
    """12-class accuracy and 11-class accuracy, beside the rule and published figures."""
    places, rows = Places(store), []
    for table, name, text in _sets():
        for seeds in (DESIGN, FINAL):
            total = _total(places, table, name, seeds)
            if total is None or name.endswith("family"):
                continue
            how = "seconds alone" if table == SINGLE.name else "as it runs"
            rule = balanced(counts_of(total, "rule").sum(axis=0))
            given = share_text(total["right_given"], total["total_given"])
            row = [how, text, seeds, sum(total["total"]), value_text(*accuracy(total)), given]
            rows.append([*row, f"{rule:.3f}"])
    header = ["", "set", "seeds", "seconds", "12 classes", "11 classes, seconds with interference"]
    return markdown_table([*header, "12 classes by the rule"], rows) if rows else NO_RESULTS


def level_table(store: ResultStore) -> str:
    """Accuracy by J/N."""
    places, rows = Places(store), []
    for table, name, text in _sets():
        total = _total(places, table, name)
        if total is None or name.endswith("family"):
            continue
        named, given = counts_of(total, "named"), counts_of(total, "given")
        clean = named[CLEAN, 0]
        cells = []
        for place in range(CLEAN):
            count = named[place].sum()
            shares = [f"{np.trace(part[place, :OTHER]) / max(count, 1):.3f}" for part in (named, given)]
            cells.append(" / ".join(shares) if count else "")
        how = "seconds alone" if table == SINGLE.name else "as it runs"
        rows.append([how, text, f"{clean[0] / clean.sum():.4f}" if clean.sum() else "", *cells])
    header = ["", "set", "clean: called none", *(f"{low:+d} to {low + 10:+d} dB" for low in RANGES_DB)]
    return markdown_table(header, rows) if rows else NO_RESULTS


def confusion_table(store: ResultStore) -> str:
    """Truth by answer in per cent, for each range of J/N, of seconds alone as in training."""
    total = _total(Places(store), SINGLE.name, "classes-test")
    if total is None:
        return NO_RESULTS
    named = counts_of(total, "named")
    parts = []
    for place, low in enumerate(RANGES_DB):
        rows = []
        for truth in range(1, OTHER):
            row = named[place, truth]
            shares = [f"{100 * value / row.sum():.0f}" if value else "" for value in row]
            rows.append([CLASSES[truth], row.sum(), *shares])
        parts.append(f"J/N {low:+d} to {low + 10:+d} dB:\n\n")
        parts.append(markdown_table(["is / called, %", "seconds", *CLASSES], rows) + "\n")
    return "".join(parts)


def held_out_table(store: ResultStore) -> str:
    """What is called none and unknown."""
    places, rows = Places(store), []
    for table, name, text in _sets():
        total = _total(places, table, name)
        if total is None:
            continue
        named, unknown = (counts_of(total, which)[:CLEAN].sum(axis=0) for which in ("named", "unknown"))
        count = named[1:].sum()
        none, refused = named[1:, 0].sum(), unknown[1:].sum()
        strong = counts_of(total, "named")[1:CLEAN, 1:].sum(axis=0)
        answers = (named - unknown)[OTHER, 1:]
        most = ""
        if answers.sum():
            best = int(np.argmax(answers))
            most = f"{CLASSES[best + 1]} {answers[best] / named[OTHER].sum():.3f}"
        how = "seconds alone" if table == SINGLE.name else "as it runs"
        above = share_text(strong[:, 0].sum(), strong.sum())
        rows.append([how, text, int(count), share_text(none, count), above, share_text(refused, count), most])
    header = ["", "set", "seconds with interference", "called none", "called none, J/N >= -10 dB"]
    header += ["called unknown", "the unseen family most often"]
    return markdown_table(header, rows) if rows else NO_RESULTS


def rejection_table(store: ResultStore) -> str:
    """Area of the curve of error rate against share rejected."""
    places, rows = Places(store), []
    parts: list[tuple[str, np.ndarray, np.ndarray]] = []
    for key, text in _TEXTS.items():
        total = _total(places, SINGLE.name, f"classes-{key}")
        if total is not None and total.get("doubt"):
            parts.append((text, np.array(total["doubt"]), np.array(total["wrong"], bool)))
    if len(parts) > 1:
        together = [np.concatenate([part[i] for part in parts]) for i in (1, 2)]
        parts.append(("all of these together", *together))
    for text, doubt, wrong in parts:
        # Where every answer is an error there is no order to be told from another.
        if wrong.all():
            continue
        curve = rejection_curve(doubt, wrong)
        at = [f"{curve.error_rate[int(share * len(wrong))]:.3f}" for share in (0, 0.05, 0.1, 0.2, 0.5)]
        areas = [f"{value:.3f}" for value in (curve.area, curve.area_random, curve.area_best, curve.gain)]
        rows.append([text, len(wrong), *at, *areas])
    header = ["set", "detected seconds", *(f"error, {share} % rejected" for share in (0, 5, 10, 20, 50))]
    header += ["area", "at random", "best order", "gain"]
    return markdown_table(header, rows) if rows else NO_RESULTS


def class_targets(store: ResultStore) -> list[list[str]]:
    """Rows of measured against asked for."""
    places, rows = Places(store), []
    for table, name, how in (
        (SINGLE.name, "classes-test", "seconds alone"),
        (LIFE.name, "life-test", "as it runs"),
    ):
        total = _total(places, table, name)
        if total is not None:
            value, interval = accuracy(total)
            reached = _REACHED[sum(value >= target for target in ACCURACY_TARGETS)]
            rule = balanced(counts_of(total, "rule").sum(axis=0))
            reached += "" if value > rule else "; below the rule"
            row = [f"12-class accuracy, J/N -20 to 20 dB, {how}", value_text(value, interval)]
            rows.append([*row, *(f"{target:g}" for target in ACCURACY_TARGETS), reached])
    for table, name, how in (
        (SINGLE.name, "classes-unseen-family", "seconds alone"),
        (LIFE.name, "life-unseen-family", "as it runs"),
    ):
        total = _total(places, table, name)
        if total is not None:
            named = counts_of(total, "named")[:CLEAN, OTHER].sum(axis=0)
            share = named[0] / named.sum()
            reached = _REACHED[sum(share <= target for target in NONE_TARGETS)]
            row = [f"unseen family called none, {how}", share_text(named[0], named.sum())]
            rows.append([*row, *(f"{100 * target:g} %" for target in NONE_TARGETS), reached])
    return rows
