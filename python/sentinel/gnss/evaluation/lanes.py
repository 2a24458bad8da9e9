# SPDX-License-Identifier: GPL-3.0-or-later
"""Table of lanes: a transmitter passes 1 to 4 sensors on one of two lanes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from ...core.evaluation import Cell, ResultStore, markdown_table
from ..place.lanes import (
    SENSOR_SETS,
    LaneDetector,
    Passes,
    Road,
    decision_variance,
    optimal_accuracy,
    sensor_columns,
    side_difference,
    simulate_passes,
)
from ..place.lanes_learned import LearnedLanes
from ..place.propagation import Assumptions
from .counts import (
    Places,
    calibration_error,
    confusion_of,
    count_decisions,
    count_reliability,
    paired_generator,
    value_text,
)
from .f2 import f2_interval, macro_f2

TABLE = "gnss_lanes"
ROAD = Road()
FIELD = Assumptions()


@dataclass(frozen=True)
class Scene:
    """Road and propagation as they are, and what the detector assumes of them."""

    text: str
    road: Road
    truth: Assumptions
    assumed: Assumptions
    passes: int


_IDEAL = Assumptions(gain_drift_db=0.0, noise_db=0.0, floor_db=-math.inf, saturation_db=math.inf)


def _scene(text: str, passes: int = 6000, **changed: float) -> Scene:
    truth = replace(FIELD, **changed)
    return Scene(text, ROAD, truth, truth, passes)


SCENES = {
    "known course": Scene(
        "speed and moment known, no limits of a receiver", ROAD.known(), _IDEAL, _IDEAL, 8000
    ),
    "road": _scene("speed, moment and power unknown, receiver's limits", 8000),
    "correlated": _scene("the same, shadowing correlated over 2 s", correlation_s=2.0),
    "6 dB": _scene("the same, shadowing 6 dB", shadowing_db=6.0),
    "wrong model": Scene(
        "exponent 3 and 4 dB, detector assumes 2 and 3 dB",
        ROAD,
        replace(FIELD, exponent=3.0, shadowing_db=4.0),
        FIELD,
        6000,
    ),
}

#: Published F2 and variance, %.
PUBLISHED = {
    "one (front left)": (76.3, 7.5),
    "two front": (93.4, 7.3),
    "two back": (91.7, 6.8),
    "diagonal": (87.1, 4.8),
    "same side": (85.8, 5.7),
    "three": (81.9, 7.2),
    "four": (82.5, 6.9),
}
#: Optimal decision of a simple model, per pass and per second.
THEORY = {
    "one (front left)": (0.84, 0.55),
    "two front": (0.989, 0.71),
    "two back": (0.989, 0.71),
    "diagonal": (0.989, 0.73),
    "same side": (0.926, 0.66),
    "three": (0.997, 0.78),
    "four": (0.9994, 0.83),
}
#: F2 per pass of two front sensors: must, strong, stretch.
TARGETS = (0.93, 0.97, 0.985)
_LEARNED_PASSES, _TRAINING = 2500, 500
#: Learned methods, and how the seconds they are tested with are kept apart from those they learned; a random
#: split of seconds is the published one.
LEARNED_METHODS = ("forest, passes apart", "forest, seconds apart", "boosted, passes apart")
_RULE_SETS = tuple(name for name in SENSOR_SETS if name not in ("one (front left)", "same side"))


def places() -> Iterator[tuple[dict[str, Any], int]]:
    """Key and passes of every cell."""
    for scene in SCENES:
        for sensors in SENSOR_SETS:
            yield _key(scene, sensors, "likelihood"), SCENES[scene].passes
    for sensors in _RULE_SETS:
        yield _key("road", sensors, "rule"), SCENES["road"].passes
    for method in LEARNED_METHODS:
        for sensors in SENSOR_SETS:
            yield _key("road", sensors, method), _LEARNED_PASSES


def _key(scene: str, sensors: str, method: str) -> dict[str, Any]:
    return {"table": TABLE, "scene": scene, "sensors": sensors, "method": method}


def cells(scale: float = 1.0) -> list[Cell]:
    """The table's cells; a trial is one pass; `scale` multiplies them."""
    return [Cell(key, max(20, round(passes * scale)), 1) for key, passes in places()]


@lru_cache(maxsize=2)
def _passes(scene: str, count: int, state: tuple[int, ...]) -> Passes:
    """Passes of one scene and seed, kept as several cells judge the same."""
    return simulate_passes(np.random.default_rng(state), count, SCENES[scene].road, SCENES[scene].truth)


def measure_lanes(cell: Cell) -> dict[str, float]:
    """Judge the passes of one cell.

    Returns
    -------
    dict
        `pass_i_j`, `second_i_j`: confusion; `pass_variance`, `second_variance`: sums of p (1 - p);
        `right`, `right_sq`: sums over passes of seconds right and of its square; `reliability_...`.
    """
    scene_name, method = str(cell.key["scene"]), str(cell.key["method"])
    names = SENSOR_SETS[str(cell.key["sensors"])]
    scene = SCENES[scene_name]
    state = tuple(int(word) for word in paired_generator(cell, ("scene",)).integers(0, 2**31, 4))
    passes = _passes(scene_name, cell.trials, state)
    levels = passes.levels_db[..., sensor_columns(scene.road, names)]
    lane = passes.lane
    if method == "likelihood":
        detector = LaneDetector(scene.road, names, scene.assumed)
        return _judge(lane, detector.pass_probabilities(levels), detector.second_probabilities(levels))
    if method == "rule":
        difference = side_difference(levels, scene.road.sensors(names))
        return _judge(lane, _certain(difference.mean(axis=1)), _certain(difference))
    kind, split = method.removesuffix(" apart").split(", ")
    learned = LearnedLanes(kind, cell.seed)
    if split == "passes":
        training = simulate_passes(np.random.default_rng([*state, 1]), _TRAINING, scene.road, scene.truth)
        known = training.levels_db[..., sensor_columns(scene.road, names)]
        learned.fit(known.reshape(-1, len(names)), np.repeat(training.lane, scene.road.seconds))
        return _judge(lane, learned.pass_probabilities(levels), learned.second_probabilities(levels))
    return _judge_random_split(learned, lane, levels, np.random.default_rng([*state, 2]))


def _certain(difference: np.ndarray) -> np.ndarray:
    """The rule's decision as probabilities: left where the difference is positive."""
    left = (np.sign(difference) + 1) / 2
    return np.stack([left, 1 - left], axis=-1)


def _decide(chance: np.ndarray) -> np.ndarray:
    """The likelier lane, shape (..., 2) to (...); a coin where both are as likely (all saturated).

    Else one lane would get all of them, which F2 punishes in any method alike.
    """
    coin = np.random.default_rng(1).integers(0, 2, chance.shape[:-1])
    even = np.isclose(chance[..., 0], 0.5, rtol=0, atol=1e-9)
    return np.where(even, coin, chance.argmax(axis=-1))


def _judge(lane: np.ndarray, by_pass: np.ndarray, by_second: np.ndarray) -> dict[str, float]:
    """Counts of probabilities per pass, (B, 2), and per second, (B, T, 2)."""
    seconds = by_second.shape[1]
    decided = _decide(by_second)
    right = (decided == lane[:, None]).sum(axis=1)
    result = count_decisions("pass", lane, _decide(by_pass), 2)
    result |= count_decisions("second", np.repeat(lane, seconds), decided, 2)
    result |= count_reliability("reliability", lane, by_pass)
    return result | {
        "pass_variance": float(decision_variance(by_pass).sum()),
        "second_variance": float(decision_variance(by_second).sum()),
        "right": int(right.sum()),
        "right_sq": int((right**2).sum()),
    }


def _judge_random_split(
    learned: LearnedLanes, lane: np.ndarray, levels: np.ndarray, rng: np.random.Generator
) -> dict[str, float]:
    """Seconds split 70/30 at random, as published: neighbours of what is tested were learned."""
    rows = levels.reshape(-1, levels.shape[-1])
    truth = np.repeat(lane, levels.shape[1])
    order = rng.permutation(len(rows))
    cut = round(0.7 * len(rows))
    learned.fit(rows[order[:cut]], truth[order[:cut]])
    chance = learned.row_probabilities(rows[order[cut:]])
    result = count_decisions("second", truth[order[cut:]], _decide(chance), 2)
    return result | {"second_variance": float(decision_variance(chance).sum())}


class _Row:
    """Figures of one place of the table."""

    def __init__(self, total: dict[str, Any]):
        self._total = total

    def f2(self, unit: str) -> float:
        """Macro F2 per `pass` or per `second`."""
        return float(macro_f2(confusion_of(self._total, unit, 2)))

    def text(self, unit: str) -> str:
        """F2 with its interval; empty where it was not judged."""
        if f"{unit}_0_0" not in self._total:
            return ""
        counts = confusion_of(self._total, unit, 2)
        effect = self._design_effect(counts) if unit == "second" else 1.0
        return value_text(float(macro_f2(counts)), f2_interval(counts, design_effect=effect))

    def _design_effect(self, counts: np.ndarray) -> float:
        """Variance of the share right against that of as many independent seconds, at least 1."""
        if "right" not in self._total:
            return 1.0
        passes = self._total["trials"]
        seconds = counts.sum() / passes
        mean = self._total["right"] / passes
        spread = self._total["right_sq"] / passes - mean**2
        alone = mean * (1 - mean / seconds)
        return max(1.0, spread / alone) if alone > 0 else 1.0

    def variance(self, unit: str) -> str:
        """Mean p (1 - p) in %."""
        if f"{unit}_0_0" not in self._total:
            return ""
        return f"{100 * self._total[f'{unit}_variance'] / confusion_of(self._total, unit, 2).sum():.1f}"

    @property
    def calibration(self) -> str:
        return f"{calibration_error(self._total, 'reliability'):.3f}"


_Find = Callable[..., "_Row | None"]


def section(store: ResultStore) -> str:
    """The tables with their assumptions, Markdown; rows that were not measured are left out."""
    found = Places(store)

    def row(scene: str, sensors: str, method: str = "likelihood") -> _Row | None:
        total = found.total(_key(scene, sensors, method))
        return None if total is None else _Row(total)

    if not any(row("road", sensors) for sensors in SENSOR_SETS):
        return "Not measured on this machine.\n"
    return "\n".join([_main_table(row), _method_table(row), _condition_table(row)])


def _main_table(row: _Find) -> str:
    rows = [_main_row(sensors, row) for sensors in SENSOR_SETS if row("road", sensors)]
    header = ["sensors", "published F2, %", "published variance, %", "simple model: pass / second"]
    header += ["closed form: pass / second", "known course: pass", "known course: second"]
    header += ["road: pass", "variance, %", "road: second", "variance, %"]
    text = (
        f"{ROAD}\n\nRoad: {FIELD} Known course: the same shadowing and power, speed and "
        "moment known, no drift, floor or saturation. Figures are macro F2 of the two lanes by likelihood. "
        "Variance is the mean p (1 - p) of the decisions; how the published one is computed is not said. The "
        "simple model's figures and the closed form are shares of right decisions on a known course.\n\n"
    )
    return text + markdown_table(header, rows) + _verdict(row)


def _method_table(row: _Find) -> str:
    methods = ["likelihood", "rule", *LEARNED_METHODS]
    rows = []
    for unit in ("pass", "second"):
        for method in methods:
            each = [row("road", sensors, method) for sensors in SENSOR_SETS]
            texts = [one.text(unit) if one else "" for one in each]
            if any(texts):
                rows.append([f"per {unit}: {method}", *texts])
    text = (
        "Methods on the same road, F2. A learned method knows raw levels of 500 passes (per pass: mean over "
        "seconds); with seconds apart, 70 % of the very seconds, split at random as published. The rule "
        "names the side whose sensors' mean level is the higher.\n\n"
    )
    return text + markdown_table(["", *SENSOR_SETS], rows)


def _condition_table(row: _Find) -> str:
    rows = []
    for name, scene in SCENES.items():
        each = [row(name, sensors) for sensors in SENSOR_SETS]
        front = row(name, "two front")
        if any(each):
            texts = [one.text("pass") if one else "" for one in each]
            rows.append([scene.text, *texts, front.calibration if front else ""])
    text = (
        "Other conditions, likelihood, F2 per pass, and the calibration error of its probabilities with two "
        "front sensors:\n\n"
    )
    return text + markdown_table(["", *SENSOR_SETS, "calibration error"], rows)


def _main_row(sensors: str, row: _Find) -> list[str]:
    known, road = row("known course", sensors), row("road", sensors)
    closed = optimal_accuracy(ROAD, SENSOR_SETS[sensors], _IDEAL)
    published, variance = PUBLISHED[sensors]
    return [
        sensors,
        f"{published}",
        f"{variance}",
        " / ".join(f"{value:g}" for value in THEORY[sensors]),
        f"{closed[0]:.4f} / {closed[1]:.3f}",
        *([known.text("pass"), known.text("second")] if known else ["", ""]),
        road.text("pass"),
        road.variance("pass"),
        road.text("second"),
        road.variance("second"),
    ]


def _verdict(row: _Find) -> str:
    front = row("road", "two front")
    if front is None:
        return ""
    names = ("none", "must", "strong", "stretch")
    value = front.f2("pass")
    reached = names[sum(value >= target for target in TARGETS)]
    more = [row("road", sensors) for sensors in ("three", "four")]
    lower = [one for one in more if one is not None and one.f2("pass") < value]
    kept = "higher with three and with four" if all(more) and not lower else "lower with more sensors"
    return (
        f"\nTarget, two front sensors, 3 dB shadowing, per pass: must {TARGETS[0]}, strong {TARGETS[1]}, "
        f"stretch {TARGETS[2]} and never lower with more sensors. Measured "
        f"{front.text('pass')}: {reached}; {kept}.\n"
    )
