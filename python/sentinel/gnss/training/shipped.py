# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the shipped models again: boosted trees that detect, a forest that names.

Needs scikit-learn, onnx and skl2onnx. Sessions are simulated as `sets` says, and their features cached.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...core.calibration import Calibration, CalibrationKey, GumbelTail
from ...core.errors import InputError
from ...core.model_card import ModelCard, installed_versions, source_commit
from ...core.model_export import export_boosted, export_forest, save_model
from ...core.model_info import ModelInfo
from .. import description, statistics
from ..families import CLASSES
from ..learned import (
    CLASSIFIER_FILE,
    DETECTION_COLUMNS,
    DETECTOR_FILE,
    FEATURE_VERSION,
    ClassModel,
    DetectionModel,
    detection_columns,
)
from ..uncertainty import Moments, combined, measures
from .additions import Addition, TrainingTable, added_digest, extended, widened
from .columns import Columns, columns_of, join_columns
from .dataset import VERSION, Rendered, cached
from .forest import shipped_forest
from .sets import SETS

log = logging.getLogger(__name__)

SEED = 7
#: Seconds that are judged as one where quiet is counted: a burst of exceedances is one false alarm.
BLOCK_S = 6
#: Share of the quiet blocks whose scores the tail is fitted to: four in an hour. More would reach down to
#: where scores of trees, which go in steps, have no exponential tail yet.
TAIL_SHARE = 0.007
#: What of a model's doubts enters the uncertainty, with equal ranges.
WEIGHTS = {"entropy": 1.0, "out_of_range": 10.0}
CLASSIFIER_BYTES = 7_000_000
COMMAND = "sentinel train gnss"


@dataclass
class Clock:
    """Ends the work when the time is up.

    Attributes
    ----------
    max_minutes : float or None
    """

    max_minutes: float | None
    began: float

    @classmethod
    def start(cls, max_minutes: float | None) -> Clock:
        """Begin to count."""
        return cls(max_minutes, time.monotonic())

    def check(self) -> None:
        """Raise if the time is up; what was rendered stays in the cache."""
        if self.max_minutes is not None and self.seconds > 60 * self.max_minutes:
            raise InputError(
                f"--max-minutes {self.max_minutes:g} are over; the same command goes on where it stopped"
            )

    @property
    def minutes_left(self) -> float | None:
        """None without a limit."""
        return None if self.max_minutes is None else max(0.0, self.max_minutes - self.seconds / 60)

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.began


def load(
    name: str,
    cache: str | os.PathLike,
    clock: Clock | None = None,
    progress: Callable[[int], None] | None = None,
    change: Callable[[Rendered], Rendered] | None = None,
    **keys: Any,
) -> Columns:
    """Columns of all sessions of a set.

    Parameters
    ----------
    name : str
        In `sets.SETS`.
    cache : path
        Folder of rendered features.
    change : callable, optional
        Makes another session of each.
    **keys
        To `columns_of`.
    """
    parts = []
    for number, rendered in enumerate(cached(cache, name, SETS[name], progress)):
        if clock is not None:
            clock.check()
        rendered = rendered if change is None else change(rendered)
        parts.append(columns_of(rendered, number, told=name.startswith("classes"), **keys))
    return join_columns(parts)


def lift(rendered: Rendered, stretch: int = 10, share: float = 0.5) -> Rendered:
    """The same session with flat noise in a share of its clean stretches: 0.5 to 10 dB more power.

    White noise through the receiver's passband changes nothing but the level, so it need not be rendered.
    """
    snapshots = rendered.snapshots
    rng = np.random.default_rng([SEED, int(snapshots.power[0].view(np.uint32).sum())])
    power = snapshots.power.copy()
    label, jn_db, active = rendered.label.copy(), rendered.jn_db.copy(), rendered.active_share.copy()
    for first in range(0, len(rendered), stretch):
        here = slice(first, first + stretch)
        if rendered.baseline[here].any() or (rendered.active_share[here] > 0).any() or rng.random() > share:
            continue
        rise_db = rng.uniform(0.5, 10)
        power[here] *= np.float32(10 ** (rise_db / 10))
        label[here], active[here] = CLASSES.index("noise"), 1.0
        jn_db[here] = 10 * np.log10(10 ** (rise_db / 10) - 1)
    changed = replace(snapshots, power=power)
    return replace(rendered, snapshots=changed, label=label, jn_db=jn_db, active_share=active)


def only_lifted(rendered: Rendered) -> Rendered:
    """The same session with flat noise in each clean second, and no other second of a class."""
    lifted = lift(rendered, 1, 1.0)
    return replace(lifted, label=np.where(rendered.active_share == 0, lifted.label, 0))


def fit_detector(train: Columns, seed: int = SEED) -> Any:
    """Boosted trees from columns of sessions; every statistic only ever adds evidence."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    whole = (train.active_share == 0) | (train.active_share > 0.5)
    model = HistGradientBoostingClassifier(
        max_iter=250,
        learning_rate=0.08,
        max_leaf_nodes=15,
        min_samples_leaf=40,
        l2_regularization=1.0,
        monotonic_cst=[1] * len(DETECTION_COLUMNS),
        random_state=seed,
    )
    rows = detection_columns(train.statistics[whole])
    return model.fit(rows, (train.active_share[whole] > 0).astype(int))


def quiet_maxima(columns: Columns, block_s: int = BLOCK_S) -> np.ndarray:
    """Largest score of each block of quiet seconds behind the clean start of its session."""
    maxima = []
    for session in np.unique(columns.session):
        here = (columns.session == session) & ~columns.baseline & (columns.active_share == 0)
        scores = columns.score[here]
        whole = len(scores) // block_s * block_s
        maxima.append(scores[:whole].reshape(-1, block_s).max(axis=1))
    return np.concatenate(maxima)


def calibrate(maxima: np.ndarray, recipe: str, block_s: int = BLOCK_S) -> Calibration:
    """Thresholds for a rate from the scores of quiet blocks, with an exponential tail."""
    ordered = np.sort(maxima)
    count = max(10, round(TAIL_SHARE * len(ordered)))
    level = ordered[-count - 1]
    scale = max(float((ordered[-count:] - level).mean()), 1e-3)
    share = count / len(ordered)
    tail = GumbelTail(float(level + scale * np.log(-np.log1p(-share))), scale)
    key = CalibrationKey("gnss", {"channels": 64, "block_s": block_s}, VERSION, recipe)
    return Calibration.from_trials(key, maxima, tail, decision_s=float(block_s), body="quantiles")


def train_detector(
    folder: str | os.PathLike, cache: str | os.PathLike, clock: Clock, progress: Callable | None = None
) -> Path:
    """Train, calibrate and write the detector; return its path."""
    train = load("detection-train", cache, clock, progress)
    lifted = load("detection-train", cache, clock, change=lift)
    model = fit_detector(join_columns([train, lifted]))

    path = Path(folder) / DETECTOR_FILE.name
    # The trees alone first. From here on by the file itself, much faster a row than the library that made it.
    save_model(path, export_boosted(model, _detector_info({"rule_gain": 0.0, "rule_offset": -1e9})))
    quiet = load("quiet-calibrate", cache, clock, progress)
    rule = _rule_in_log_odds(quiet, DetectionModel(path).score)
    save_model(path, export_boosted(model, _detector_info(rule)))
    score = DetectionModel(path).score
    first = calibrate(quiet_maxima(_rescored(quiet, score)), "quiet-calibrate by the rule")
    # What is learned as quiet depends on the threshold: once more with the one just found.
    quiet = load("quiet-calibrate", cache, clock, model=score, threshold=first.threshold_per_hour(1.0))
    calibration = calibrate(quiet_maxima(quiet), f"{VERSION} quiet-calibrate")
    info = _detector_info(rule | {"calibration": calibration.to_dict()})
    sha256 = save_model(path, export_boosted(model, info))
    figures = [{"set": "quiet-calibrate", "blocks": calibration.trials, "hours": calibration.seconds / 3600}]
    _write_card(path, info, sha256, ("detection-train", "quiet-calibrate"), clock, figures)
    DetectionModel(path)
    return path


def _rule_in_log_odds(quiet: Columns, score: Callable[[np.ndarray], np.ndarray]) -> dict[str, float]:
    """Scale and offset that give the rule the trees' thresholds at 20 and at 1 false alarm per hour."""
    trees, rule = (
        calibrate(quiet_maxima(columns), "quiet-calibrate")
        for columns in (_rescored(quiet, score), replace(quiet, score=quiet.rule))
    )
    (trees_20, trees_1), (rule_20, rule_1) = (
        (one.threshold_per_hour(20.0), one.threshold_per_hour(1.0)) for one in (trees, rule)
    )
    gain = (trees_1 - trees_20) / (rule_1 - rule_20)
    return {"rule_gain": float(gain), "rule_offset": float(trees_1 - gain * rule_1)}


def _detector_info(settings: dict[str, Any]) -> ModelInfo:
    return ModelInfo(
        room="gnss",
        kind="detector",
        name="gnss-detector",
        version="1",
        feature_version=FEATURE_VERSION,
        geometry={"buffer": statistics.BUFFER},
        classes=("none", "interference"),
        settings={"columns": list(DETECTION_COLUMNS)} | settings,
    )


def _rescored(columns: Columns, score: Callable[[np.ndarray], np.ndarray]) -> Columns:
    return replace(columns, score=score(columns.statistics))


def train_classifier(
    folder: str | os.PathLike,
    cache: str | os.PathLike,
    clock: Clock,
    progress: Callable | None = None,
    additions: Sequence[Addition] = (),
) -> Path:
    """Train the forest on detected snapshots of each class and write it; return its path.

    Parameters
    ----------
    additions : sequence of Addition
        Seconds of named clusters: of classes that there are, or of new ones.
    """
    train, held_out = (
        join_columns(
            [
                jammed(load(name, cache, clock, progress)),
                jammed(load(name, cache, clock, change=only_lifted)),
            ]
        )
        for name in ("classes-train", "classes-design")
    )
    return write_classifier(folder, train, held_out, clock, additions)


def write_classifier(
    folder: str | os.PathLike,
    train: Columns,
    held_out: Columns,
    clock: Clock,
    additions: Sequence[Addition] = (),
    trees: Sequence[int] = (100, 200),
    rows_per_leaf: Sequence[int] = (2, 3, 5),
) -> Path:
    """The same of columns at hand: of jammed seconds of known classes.

    Parameters
    ----------
    held_out : Columns
        Of other sessions, for the figures and for what is unknown.
    trees, rows_per_leaf : sequences of int
        Tried in all combinations.
    """
    table = extended(
        TrainingTable(train.description.astype(np.float32), train.label - 1, train.session, CLASSES[1:]),
        additions,
    )
    shipped = shipped_forest(
        table.rows,
        table.labels,
        CLASSIFIER_BYTES,
        groups=table.groups,
        trees=trees,
        rows_per_leaf=rows_per_leaf,
        seed=SEED,
    )
    forest = shipped.forest
    low, high = widened(*(np.quantile(train.description, q, axis=0) for q in (0.001, 0.999)), additions)
    doubt = _uncertainty(forest, held_out.description, low, high)
    right = forest.predict(held_out.description.astype(np.float32)) == held_out.label - 1
    levels = np.linspace(0, 1, 201)
    info = ModelInfo(
        room="gnss",
        kind="classifier",
        name="gnss-classifier",
        version=f"1+{added_digest(additions)}" if additions else "1",
        feature_version=FEATURE_VERSION,
        classes=table.classes,
        settings={
            "columns": list(description.NAMES),
            "low": low.tolist(),
            "high": high.tolist(),
            "weights": WEIGHTS,
            "uncertainty_levels": levels.tolist(),
            "uncertainty_quantiles": np.quantile(doubt, levels).tolist(),
        },
    )
    path = Path(folder) / CLASSIFIER_FILE.name
    sha256 = save_model(path, export_forest(forest, info))
    figures = [
        {
            "set": "classes-design",
            "snapshots": len(right),
            "accuracy": float(right.mean()),
            "trees": shipped.chosen.trees,
            "rows_per_leaf": shipped.chosen.rows_per_leaf,
        },
    ]
    _write_card(path, info, sha256, ("classes-train", "classes-design"), clock, figures, additions)
    ClassModel(path)
    return path


def jammed(columns: Columns) -> Columns:
    """Seconds with interference of a known class."""
    return columns[columns.label > 0]


def _uncertainty(forest: Any, rows: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    members = np.array([tree.predict_proba(rows.astype(np.float32)) for tree in forest.estimators_])
    width = np.maximum(high - low, 1e-9)
    beyond = np.clip(np.maximum(low - rows, rows - high) / width, 0, 3).mean(axis=1)
    return combined(measures(Moments.of_members(members), beyond), WEIGHTS)


def _write_card(
    path: Path,
    info: ModelInfo,
    sha256: str,
    sets: tuple[str, ...],
    clock: Clock,
    figures: list[dict],
    additions: Sequence[Addition] = (),
) -> None:
    recipe = {"generator": "gnss.sets", "version": VERSION, "sets": list(sets)}
    if additions:
        recipe["added_seconds"] = {part.name: len(part.rows) for part in additions}
    ModelCard(
        name=info.name,
        version=info.version,
        room=info.room,
        kind=info.kind,
        sha256=sha256,
        model_bytes=path.stat().st_size,
        data_recipe=recipe,
        scene_ids=[f"{name}/{session.index}" for name in sets for session in SETS[name]()],
        seed=SEED,
        commit=source_commit(Path.cwd()),
        versions=installed_versions(),
        threads=1,
        seconds=clock.seconds,
        command=f"{COMMAND} --only classifier --add FILE.json" if additions else COMMAND,
        figures=figures,
    ).write(path.with_suffix(".json"))
