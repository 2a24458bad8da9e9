# SPDX-License-Identifier: GPL-3.0-or-later
"""The learned models at run time: detection with its calibrated threshold, classes with their uncertainty."""

from __future__ import annotations

import math
import os
from functools import cached_property
from pathlib import Path

import numpy as np

from ..core.calibration import Calibration
from ..core.errors import InputError
from ..core.models import LoadedModel, load_model
from . import description, statistics
from .rules import rule_score
from .smoothing import Prediction
from .uncertainty import Moments, combined, measures

#: Changes whenever a column of statistics or description changes its meaning.
FEATURE_VERSION = 2
#: Where the shipped models lie.
FOLDER = Path(__file__).parent / "models"
DETECTOR_FILE = FOLDER / "detector.onnx"
CLASSIFIER_FILE = FOLDER / "classifier.onnx"
# Probabilities of a float32 beyond these are 0 or 1.
_LEAST_PROBABILITY = 1e-7


#: What the detector is given: the statistics, and what the rule without learning makes of them.
DETECTION_COLUMNS = (*statistics.NAMES, "rule")


def detection_columns(rows: np.ndarray) -> np.ndarray:
    """Columns `DETECTION_COLUMNS`, float32, of rows of `statistics.NAMES`."""
    rows = np.atleast_2d(rows)
    return np.column_stack([rows, rule_score(rows)]).astype(np.float32)


class DetectionModel:
    """Scores snapshots and knows how often quiet ones reach a score.

    Parameters
    ----------
    path : path, optional
        The shipped model if left out.

    Raises
    ------
    InputError
        If the file is not a detector of this room and version.
    """

    def __init__(self, path: str | os.PathLike | None = None) -> None:
        self.loaded = _load(path or DETECTOR_FILE, "detector", DETECTION_COLUMNS)
        settings = self.loaded.info.settings
        try:
            self._rule_gain, self._rule_offset = (
                float(settings[name]) for name in ("rule_gain", "rule_offset")
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{self.loaded.path}: setting {error} is missing or wrong; train it again"
            ) from error

    def score(self, columns: np.ndarray) -> np.ndarray:
        """The larger of the trees' log-odds and of the rule in the same units, shape (n,).

        Of rows of `statistics.NAMES`. So the model is never blind to what the plain rule sees plainly, also
        for signals unlike those of its training.
        """
        rows = detection_columns(columns)
        rule = self._rule_gain * rows[:, -1].astype(float) + self._rule_offset
        return np.maximum(self.log_odds(rows), rule)

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        """Of the trees alone, of rows of `DETECTION_COLUMNS`, shape (n,)."""
        chance = self.loaded.run(features=rows)["probability"][:, 1].astype(float)
        chance = np.clip(chance, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
        return np.log(chance / (1 - chance))

    @cached_property
    def calibration(self) -> Calibration:
        """Of the scores of quiet snapshots.

        Raises
        ------
        InputError
            If the file holds none.
        """
        try:
            return Calibration.from_dict(self.loaded.info.settings.get("calibration"))
        except ValueError as error:
            raise InputError(
                f"{self.loaded.path}: its calibration is damaged: {error}; train it again"
            ) from error

    def threshold(self, false_alarms_per_hour: float) -> float:
        """Score that quiet snapshots reach at most so often, with a confidence of about 95 %.

        The calibration has seen some hours only: what n expected alarms may be more than those counted, 1.645
        deviations of a Poisson variable and what few counts add, is taken off the rate.
        """
        hours = self.calibration.seconds / 3600
        expected = false_alarms_per_hour * hours
        doubt = 1 + 1.645 / math.sqrt(expected) + 2.7 / expected
        return self.calibration.threshold_per_hour(false_alarms_per_hour / doubt)

    def probability(self, score: float) -> float:
        """Probability that a quiet snapshot reaches a score."""
        return self.calibration.probability(score)


class ClassModel:
    """Names the kind of interference.

    Parameters
    ----------
    path : path, optional
        The shipped model if left out.

    Attributes
    ----------
    low, high : ndarray, shape (columns,)
        Range of each column in training.

    Raises
    ------
    InputError
        If the file is not a classifier of this room and version.
    """

    def __init__(self, path: str | os.PathLike | None = None) -> None:
        self.loaded = _load(path or CLASSIFIER_FILE, "classifier", description.NAMES)
        settings = self.loaded.info.settings
        try:
            self.low = np.array(settings["low"], float)
            self.high = np.array(settings["high"], float)
            self._weights = {str(name): float(weight) for name, weight in settings["weights"].items()}
            self._levels = np.array(settings["uncertainty_levels"], float)
            self._quantiles = np.array(settings["uncertainty_quantiles"], float)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"{self.loaded.path}: setting {error} is missing or wrong; train it again"
            ) from error

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, in the order of a prediction."""
        return self.loaded.info.classes

    def predict(self, columns: np.ndarray) -> list[Prediction]:
        """What is made of rows of `description.NAMES`."""
        rows = np.atleast_2d(np.asarray(columns, np.float32))
        out = self.loaded.run(features=rows)
        moments = Moments(out["mean"], out["mean_square"], out["mean_entropy"])
        doubt = combined(measures(moments, self.out_of_range(rows)), self._weights)
        return [
            Prediction(mean.astype(float), variance, float(value))
            for mean, variance, value in zip(moments.mean, moments.variance, doubt, strict=True)
        ]

    def out_of_range(self, rows: np.ndarray) -> np.ndarray:
        """Mean distance of the columns from what training held, in units of its range, shape (n,)."""
        width = np.maximum(self.high - self.low, 1e-9)
        beyond = np.maximum(self.low - rows, rows - self.high) / width
        return np.clip(beyond, 0, 3).mean(axis=1)

    def limit(self, unknown_share: float) -> float:
        """Uncertainty that a share of snapshots of known classes exceeds; none for a share of 0."""
        if unknown_share <= 0:
            return np.inf
        return float(np.interp(1 - unknown_share, self._levels, self._quantiles))


def _load(path: str | os.PathLike, kind: str, columns: tuple[str, ...]) -> LoadedModel:
    loaded = load_model(path, room="gnss", kind=kind, feature_version=FEATURE_VERSION)
    if tuple(loaded.info.settings.get("columns", ())) != columns:
        raise InputError(
            f"{loaded.path}: was trained on other columns than this version makes; train it again, or use "
            "the one that came with this version"
        )
    return loaded
