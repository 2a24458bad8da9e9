# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tables of the gnss room are measured with: models, plain detectors, sessions as features."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...core.evaluation import Cell, frozen_hash
from ...core.stream import Stream
from ..config import GnssSettings
from ..detect import make_monitor
from ..learned import CLASSIFIER_FILE, DETECTOR_FILE, ClassModel, DetectionModel
from ..rules import rule_score
from ..simulation.session import Session
from ..training.columns import columns_of
from ..training.dataset import Rendered, cached
from ..training.sets import SETS, UNTOLD
from ..training.shipped import calibrate, load, quiet_maxima

DESIGN, FINAL = "design", "final"
#: Detectors of the tables: the shipped one, and those without learning.
DETECTORS = ("trees", "rule", "energy", "kurtosis")
PLAIN = DETECTORS[1:]
TOLD, UNTOLD_GAIN = "told", "untold"
#: Stated rate of the default, per hour.
RATE = 1.0
_STREAM = Stream("evaluation", "simulated", "exact", "clipping_unknown")


@dataclass(frozen=True)
class Bench:
    """Measures cells.

    Attributes
    ----------
    cache : path or None
        Folder of rendered features; None keeps none.
    thresholds : callable
        Gives the threshold of each plain detector, by name.
    """

    cache: str | os.PathLike | None = None
    thresholds: Callable[[], dict[str, float]] = dict

    @cached_property
    def detection(self) -> DetectionModel:
        """The shipped detector."""
        return DetectionModel()

    @cached_property
    def classes(self) -> ClassModel:
        """The shipped classifier."""
        return ClassModel()

    def rendered(self, cell: Cell) -> Rendered:
        """Features of the session that a cell stands for."""
        name = str(cell.key["set"])
        folder = name if cell.key["seeds"] == DESIGN else f"{cell.key['seeds']}-{name}"
        session = session_of(cell)
        if self.cache is not None:
            return next(cached(self.cache, folder, lambda: [session]))
        with tempfile.TemporaryDirectory() as nowhere:
            return next(cached(nowhere, folder, lambda: [session]))


def models_hash() -> str:
    """Hash of the shipped models: figures belong to them, final seeds come from it."""
    return frozen_hash((DETECTOR_FILE, CLASSIFIER_FILE))


def session_of(cell: Cell) -> Session:
    """The session of a cell: of its set by number with design seeds, else one of its own."""
    recipe = SETS[str(cell.key["set"])]
    if cell.key["seeds"] == DESIGN:
        return recipe.session(cell.seed - 1)
    session = recipe.fresh(cell.seed, cell.key.get("gain") != UNTOLD_GAIN)
    limit = cell.key.get("duration_s")
    if limit is None:
        return session
    kept = tuple(part for part in session.intervals if part.start_s < limit)
    return replace(session, duration_s=float(limit), intervals=kept)


def design_seeds(name: str, gain: str | None = None) -> list[int]:
    """Seeds of the sessions of a set whose gain is told, is not, or of all."""
    places = range(SETS[name].sessions)
    if gain is not None:
        places = [place for place in places if (place % UNTOLD == UNTOLD - 1) == (gain == UNTOLD_GAIN)]
    return [place + 1 for place in places]


@dataclass(frozen=True)
class Watched:
    """What the monitor made of a session, one value per second.

    Attributes
    ----------
    detected, opened : bool, shape (T,)
        Interference was seen; an event was opened.
    description : ndarray, shape (T, columns)
        Zeros where a second could not be judged.
    """

    detected: np.ndarray
    opened: np.ndarray
    description: np.ndarray


def watch(rendered: Rendered, model: DetectionModel, false_alarms_per_hour: float = RATE) -> Watched:
    """Let the real monitor follow a session."""
    settings = GnssSettings(false_alarms_per_hour=false_alarms_per_hour)
    snapshots = rendered.snapshots
    monitor = make_monitor(settings, snapshots.sample_rate, None, _STREAM, model)
    detected, opened = np.zeros((2, len(rendered)), bool)
    descriptions = []
    for index in range(len(rendered)):
        step = monitor.step(snapshots, index)
        detected[index] = step.second is not None
        opened[index] = step.event is not None and step.event.state == "open" and step.event.revision == 0
        descriptions.append(step.judgement.description)
    width = max((len(one) for one in descriptions if one is not None), default=0)
    return Watched(
        detected, opened, np.array([np.zeros(width) if one is None else one for one in descriptions])
    )


def detections(rendered: Rendered, bench: Bench) -> dict[str, np.ndarray]:
    """Which seconds each detector calls interference, bool of shape (T,), all at the default rate.

    The plain detectors share the reference that the rule without learning lets them learn.
    """
    found = {"trees": watch(rendered, bench.detection).detected}
    thresholds = bench.thresholds()
    columns = columns_of(rendered, 0, rule_score, thresholds["rule"])
    for name in PLAIN:
        found[name] = np.zeros(len(rendered), bool)
        found[name][columns.second] = getattr(columns, name) >= thresholds[name]
    return found


def plain_thresholds(cache: str | os.PathLike, progress: Callable[[int], None] | None = None) -> dict:
    """Thresholds of the plain detectors at the default rate, found as the shipped detector's is."""
    first = load("quiet-calibrate", cache, progress=progress)
    limit = _threshold(replace(first, score=first.rule))
    columns = load("quiet-calibrate", cache, threshold=limit)
    return {name: _threshold(replace(columns, score=getattr(columns, name))) for name in PLAIN}


def _threshold(columns) -> float:
    return calibrate(quiet_maxima(columns), "quiet-calibrate").threshold_per_hour(RATE)
