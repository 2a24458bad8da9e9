# SPDX-License-Identifier: GPL-3.0-or-later
"""Table of ranging: a transmitter at 3, 6 or 9 m from one sensor."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ...core.evaluation import Cell, ResultStore, markdown_table
from ...core.intervals import wilson_interval
from ..place.propagation import Assumptions, measure, path_loss_db
from ..place.ranging import CLASSES_M, class_probabilities, range_interval
from .counts import (
    Places,
    calibration_error,
    confusion_of,
    count_decisions,
    count_reliability,
    paired_generator,
    share_text,
    value_text,
)
from .f2 import f2_interval, macro_f2

TABLE = "gnss_ranging"

#: Receivers of the table: only shadowing, and with all that a session adds.
RECEIVERS = {
    "shadowing only": Assumptions(
        gain_drift_db=0.0, noise_db=0.0, floor_db=-math.inf, saturation_db=math.inf, power_sd_db=0.0
    ),
    "receiver": Assumptions(power_sd_db=0.0),
}
#: Optimal decision of a simple model, by shadowing and seconds.
THEORY = {(2, 1): 0.83, (2, 5): 0.98, (3, 1): 0.71, (3, 5): 0.93}
#: Accuracy from a 5 s mean with 2 dB shadowing: must, strong, stretch.
TARGETS = (0.93, 0.96, 0.98)
_TRIALS, _TRAINING, _INTERVALS = 15_000, 6000, 1500
_PLAIN = {"method": "likelihood", "receiver": "receiver", "power_sd_db": 0, "correlation_s": 0}


def places() -> list[dict[str, Any]]:
    """Keys of the table's rows, in order."""
    rows = [
        {**_PLAIN, "receiver": receiver, "shadowing_db": shadowing, "seconds": seconds}
        for receiver in RECEIVERS
        for shadowing, seconds in THEORY
    ]
    main = {**_PLAIN, "shadowing_db": 2, "seconds": 5}
    rows += [{**main, "shadowing_db": 2, "seconds": s, "method": "forest"} for s in (1, 5)]
    rows += [{**main, "correlation_s": 5}]
    rows += [{**main, "power_sd_db": power} for power in (3, 10)]
    return [{"table": TABLE, **row} for row in rows]


def cells(scale: float = 1.0) -> list[Cell]:
    """The table's cells; `scale` multiplies the trials."""
    return [Cell(key, max(60, round(_TRIALS * scale)), 1) for key in places()]


def assumptions_of(key: dict[str, Any]) -> Assumptions:
    """What a row assumes."""
    names = ("shadowing_db", "correlation_s", "power_sd_db")
    return replace(RECEIVERS[key["receiver"]], **{name: float(key[name]) for name in names})


def _draw(
    rng: np.random.Generator, count: int, seconds: int, assumptions: Assumptions
) -> tuple[np.ndarray, np.ndarray]:
    """Classes (B,) and levels (B, T)."""
    truth = np.arange(count) % len(CLASSES_M)
    power = assumptions.power_db + assumptions.power_sd_db * rng.standard_normal(count)
    jn = power - path_loss_db(np.asarray(CLASSES_M)[truth], assumptions.exponent)
    return truth, measure(rng, np.repeat(jn[:, None, None], seconds, axis=1), assumptions)[..., 0]


def measure_ranging(cell: Cell) -> dict[str, float]:
    """Judge the trials of one cell.

    Returns
    -------
    dict
        `n_i_j`: confusion; `reliability_...`: see `count_reliability`; `intervals`, `covered`: range
        intervals of 95 %, and those that held the distance; `ratio`: sum of their log10(high / low).
    """
    key = dict(cell.key)
    assumptions, seconds = assumptions_of(key), int(key["seconds"])
    rng = paired_generator(cell, ("receiver", "shadowing_db", "seconds", "correlation_s", "power_sd_db"))
    truth, levels = _draw(rng, cell.trials, seconds, assumptions)
    if key["method"] == "forest":
        chance = _forest(rng, cell, seconds, assumptions, levels)
    else:
        chance = class_probabilities(levels, assumptions)
    result = count_decisions("n", truth, chance.argmax(axis=1), len(CLASSES_M))
    result |= count_reliability("reliability", truth, chance)
    intervals = [range_interval(row, assumptions) for row in levels[:_INTERVALS]]
    distances = np.asarray(CLASSES_M)[truth[:_INTERVALS]]
    low, high = (np.array([getattr(i, side) for i in intervals]) for side in ("low_m", "high_m"))
    closed = (low > 0) & np.isfinite(high)
    return result | {
        "intervals": len(intervals),
        "covered": int(((low <= distances) & (distances <= high)).sum()),
        "closed": int(closed.sum()),
        "ratio": float(np.log10(high[closed] / low[closed]).sum()),
    }


def _forest(
    rng: np.random.Generator, cell: Cell, seconds: int, assumptions: Assumptions, levels: np.ndarray
) -> np.ndarray:
    from ..place.lanes_learned import make_classifier

    truth, known = _draw(rng, _TRAINING, seconds, assumptions)
    forest = make_classifier("forest", cell.seed).fit(known.mean(axis=1, keepdims=True), truth)
    return forest.predict_proba(levels.mean(axis=1, keepdims=True))


def section(store: ResultStore) -> str:
    """The table with its assumptions, Markdown; rows that were not measured are left out."""
    found = Places(store)
    rows = []
    for key in places():
        total = found.total(key)
        if total is None:
            continue
        counts = confusion_of(total, "n", len(CLASSES_M))
        theory = THEORY[key["shadowing_db"], key["seconds"]]
        same = key["correlation_s"] == key["power_sd_db"] == 0
        rows.append(
            [
                _name(key),
                key["seconds"],
                f"{key['shadowing_db']} dB",
                share_text(np.trace(counts), counts.sum()),
                f"{theory:.2f}" if same else "",
                value_text(float(macro_f2(counts)), f2_interval(counts)),
                f"{calibration_error(total, 'reliability'):.3f}",
                share_text(total["covered"], total["intervals"]),
                f"{10 ** (total['ratio'] / total['closed']):.2f}" if total["closed"] else "",
            ]
        )
    if not rows:
        return "Not measured on this machine.\n"
    header = ["", "seconds", "shadowing", "accuracy", "theory", "F2", "calibration error"]
    header += ["95 % interval holds", "its high / low"]
    assumed = "\n".join(f"- {name}: {assumptions}" for name, assumptions in RECEIVERS.items())
    return (
        f"A transmitter at {', '.join(f'{d:g}' for d in CLASSES_M)} m, equally often, at one sensor (the "
        f"rows say which shadowing):\n\n{assumed}\n\nPublished: 100 % (a forest, one fixed transmitter, one "
        "room). Theory is the optimal decision with shadowing alone. The steps between the classes are 6.02 "
        "and 3.52 dB.\n\n" + markdown_table(header, rows) + _verdict(found)
    )


def _name(key: dict[str, Any]) -> str:
    name = f"{key['method']}, {key['receiver']}"
    if key["correlation_s"]:
        name += f", shadowing correlated over {key['correlation_s']} s"
    if key["power_sd_db"]:
        name += f", power known to {key['power_sd_db']} dB only"
    return name


def _verdict(found: Places) -> str:
    total = found.total({"table": TABLE, **_PLAIN, "shadowing_db": 2, "seconds": 5})
    if total is None:
        return ""
    counts = confusion_of(total, "n", len(CLASSES_M))
    share, low = np.trace(counts) / counts.sum(), wilson_interval(np.trace(counts), counts.sum()).low
    reached = sum(share >= target for target in TARGETS)
    sure = sum(low >= target for target in TARGETS)
    names = ("none", "must", "strong", "stretch")
    return (
        f"\nTarget, 5 s mean, 2 dB, with the receiver's errors: must {TARGETS[0]}, strong {TARGETS[1]}, "
        f"stretch {TARGETS[2]}. Reached: {names[reached]} (by the interval's lower end: {names[sure]}).\n"
    )
