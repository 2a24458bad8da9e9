# SPDX-License-Identifier: GPL-3.0-or-later
"""Thresholds with a stated false-alarm rate: one mechanism for all rooms.

A room runs its detector on noise, or on held-out normal data, and hands the statistic of every decision
to `Calibration.from_trials`. What stays is small: quantiles of that null statistic, a fitted tail, and
the complete key of what was calibrated. From then on thresholds and rates convert into each other.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from .canonical import Scalar, digest, plain_scalars
from .tails import (
    ChiSquareMaxTail,
    GumbelTail,
    Tail,
    fit_chi_square_max,
    fit_gumbel,
    tail_from_dict,
    tail_to_dict,
)

__all__ = [
    "Calibration",
    "CalibrationKey",
    "ChiSquareMaxTail",
    "GumbelTail",
    "divide",
    "fit_chi_square_max",
    "fit_gumbel",
    "null_quantiles",
]

SCHEMA = 1
QUANTILES = 257
# Up there quantiles hold every single trial, since that is where thresholds lie.
EXTREME_QUANTILES = 64
# Fewer exceedances than this do not pin a quantile down to a fifth of its rate.
SPLICE_COUNT = 30


def divide(probability: float, pairs: int) -> float:
    """Return the probability that each of `pairs` simultaneous tests may have, so that all together
    have `probability`: 1 - (1 - p)^(1/n)."""
    if not 0 < probability < 1:
        raise ValueError(f"probability is {probability}; it must lie between 0 and 1")
    if pairs < 1:
        raise ValueError(f"pairs is {pairs}; there must be at least one test")
    return -math.expm1(math.log1p(-probability) / pairs)


def null_quantiles(values: ArrayLike, count: int = QUANTILES) -> tuple[np.ndarray, np.ndarray]:
    """Return at most `count` order statistics of a null statistic, the extreme ones complete.

    Parameters
    ----------
    values : array_like, shape (trials,)

    Returns
    -------
    levels, quantiles : ndarray
        Both ascending. Level i / (trials + 1) is the mean share of noise below the i-th smallest trial.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64).ravel())
    trials = len(ordered)
    if trials <= count:
        ranks = np.arange(1, trials + 1)
    else:
        extreme = min(EXTREME_QUANTILES, count // 2)
        body = np.linspace(1, trials - extreme, count - extreme).round().astype(int)
        ranks = np.concatenate([body, np.arange(trials - extreme + 1, trials + 1)])
    return ranks / (trials + 1), ordered[ranks - 1]


@dataclass(frozen=True)
class CalibrationKey:
    """What was calibrated; two calibrations with one key are interchangeable.

    Parameters
    ----------
    room : str
        Detector, as in an event.
    geometry : mapping of str to scalar
        Every setting the null statistic depends on.
    kernel_version : str
        Version of the code that computes the statistic.
    recipe : str
        How the null data came about: noise kind, resampling, trials, seed, fit.
    """

    room: str
    geometry: Mapping[str, Scalar]
    kernel_version: str
    recipe: str

    def __post_init__(self) -> None:
        for name in ("room", "kernel_version", "recipe"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} of a calibration must be text")
        if not isinstance(self.geometry, Mapping):
            raise ValueError("geometry of a calibration must be named values")
        object.__setattr__(self, "geometry", plain_scalars(self.geometry))

    def to_dict(self) -> dict[str, Any]:
        """Return the four fields as plain values."""
        return {
            "room": self.room,
            "geometry": dict(self.geometry),
            "kernel_version": self.kernel_version,
            "recipe": self.recipe,
        }

    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON text of the key, 64 hex digits."""
        return digest(self.to_dict())


@dataclass(frozen=True)
class Calibration:
    """Null quantiles and tail of one detector geometry.

    Parameters
    ----------
    room, geometry, kernel_version, recipe
        As in `CalibrationKey`.
    decision_s : float
        Seconds of input per decision, which turn a probability into a rate.
    trials : int
        Null decisions.
    seconds : float
        Seconds of null signal they came from (less than trials * decision_s when resampled).
    levels, quantiles : tuple of float
        See `null_quantiles`.
    tail : GumbelTail or ChiSquareMaxTail
    body : {"tail", "quantiles"}
        What answers inside the data: the tail, where its model holds for the whole null distribution (all
        trials then pin down the threshold), or the quantiles, where it describes the upper end only. Then
        the tail continues the quantiles from the point that 30 trials exceed.
    """

    room: str
    geometry: Mapping[str, Scalar]
    kernel_version: str
    recipe: str
    decision_s: float
    trials: int
    seconds: float
    levels: tuple[float, ...]
    quantiles: tuple[float, ...]
    tail: Tail
    body: str = "tail"

    def __post_init__(self) -> None:
        key = CalibrationKey(self.room, self.geometry, self.kernel_version, self.recipe)
        object.__setattr__(self, "geometry", key.geometry)
        for name in ("decision_s", "seconds"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"{name} of a calibration must be a number")
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} of a calibration is {value}; it must be positive and finite")
        if isinstance(self.trials, bool) or not isinstance(self.trials, int) or self.trials < 1:
            raise ValueError(
                f"trials of a calibration is {self.trials!r}; it must be a positive whole number"
            )
        if not isinstance(self.tail, (GumbelTail, ChiSquareMaxTail)):
            raise ValueError(f"tail of a calibration is {type(self.tail).__name__}")
        if self.body not in ("tail", "quantiles"):
            raise ValueError(f"body of a calibration is {self.body!r}; it must be 'tail' or 'quantiles'")
        self._check_quantiles()

    def _check_quantiles(self) -> None:
        levels = np.asarray(self.levels, dtype=np.float64)
        quantiles = np.asarray(self.quantiles, dtype=np.float64)
        if levels.ndim != 1 or levels.shape != quantiles.shape or not 1 <= len(levels) <= self.trials:
            raise ValueError("levels and quantiles of a calibration must be lists of one length")
        if not np.all(np.isfinite(quantiles)) or np.any(np.diff(quantiles) < 0):
            raise ValueError("quantiles of a calibration must be finite and ascending")
        # Negated, so that a NaN level is refused as well.
        if not (np.all(levels > 0) and np.all(levels < 1) and np.all(np.diff(levels) > 0)):
            raise ValueError("levels of a calibration must ascend between 0 and 1")
        object.__setattr__(self, "levels", tuple(levels.tolist()))
        object.__setattr__(self, "quantiles", tuple(quantiles.tolist()))

    @classmethod
    def from_trials(
        cls,
        key: CalibrationKey,
        values: ArrayLike,
        tail: Tail,
        decision_s: float,
        seconds: float | None = None,
        body: str = "tail",
    ) -> "Calibration":
        """Build a calibration from the null statistic of every trial.

        Parameters
        ----------
        values : array_like, shape (trials,)
            Statistic of each noise-only decision.
        tail
            Fitted to them, with `fit_gumbel` or `fit_chi_square_max`.
        seconds : float, optional
            Null signal used; trials * decision_s if left out.
        """
        values = np.asarray(values, dtype=np.float64).ravel()
        levels, quantiles = null_quantiles(values)
        return cls(
            **key.to_dict(),
            decision_s=decision_s,
            trials=len(values),
            seconds=len(values) * decision_s if seconds is None else seconds,
            levels=tuple(levels),
            quantiles=tuple(quantiles),
            tail=tail,
            body=body,
        )

    @property
    def key(self) -> CalibrationKey:
        """The four fields that identify what was calibrated."""
        return CalibrationKey(self.room, self.geometry, self.kernel_version, self.recipe)

    def is_extrapolated(self, x: float) -> bool:
        """Return whether x lies above everything the trials have shown, so that only the tail speaks."""
        return x > self.quantiles[-1]

    def probability(self, x: float) -> float:
        """Return the probability that a noise-only decision exceeds x."""
        if self.body == "tail":
            return float(self.tail.exceedance(x))
        splice_level, splice_x = self._splice()
        if x > splice_x:
            log_ratio = float(self.tail.log_exceedance(x)) - float(self.tail.log_exceedance(splice_x))
            return (1 - splice_level) * math.exp(log_ratio)
        return 1 - float(np.interp(x, self.quantiles, self.levels, left=0.0))

    def threshold(self, probability: float) -> float:
        """Return the threshold that a noise-only decision exceeds with this probability."""
        if self.body == "tail":
            return self.tail.threshold(probability)
        if not 0 < probability < 1:
            raise ValueError(f"probability is {probability}; it must lie between 0 and 1")
        splice_level, splice_x = self._splice()
        if probability >= 1 - splice_level:
            return float(np.interp(1 - probability, self.levels, self.quantiles))
        goal = math.log(probability / (1 - splice_level)) + float(self.tail.log_exceedance(splice_x))

        def excess(x: float) -> float:
            return float(self.tail.log_exceedance(x)) - goal

        step = max(abs(splice_x), 1.0)
        while excess(splice_x + step) > 0:
            step *= 2
        return brentq(excess, splice_x, splice_x + step, xtol=1e-13, rtol=1e-14)

    def _splice(self) -> tuple[float, float]:
        """Return level and value of the highest quantile that enough trials exceed, or of the lowest."""
        enough = 1 - SPLICE_COUNT / (self.trials + 1)
        place = max(int(np.searchsorted(self.levels, enough, side="right")) - 1, 0)
        return self.levels[place], self.quantiles[place]

    def threshold_per_hour(self, rate: float) -> float:
        """Return the threshold that noise exceeds `rate` times an hour.

        Raises
        ------
        ValueError
            The rate is not positive, or not below one alarm per decision.
        """
        probability = rate * self.decision_s / 3600
        if not 0 < probability < 1:
            limit = 3600 / self.decision_s
            raise ValueError(f"{rate} false alarms per hour; it must be above 0 and below {limit:g}")
        return self.threshold(probability)

    def false_alarms_per_hour(self, x: float) -> float:
        """Return how often an hour a noise-only decision exceeds x."""
        return self.probability(x) * 3600 / self.decision_s

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "schema": SCHEMA,
            **self.key.to_dict(),
            "decision_s": self.decision_s,
            "trials": self.trials,
            "seconds": self.seconds,
            "levels": list(self.levels),
            "quantiles": list(self.quantiles),
            "tail": tail_to_dict(self.tail),
            "body": self.body,
        }

    @classmethod
    def from_dict(cls, values: Any) -> "Calibration":
        """Return the calibration that `to_dict` described; ValueError if anything about it is wrong."""
        if not isinstance(values, dict) or values.get("schema") != SCHEMA:
            raise ValueError(f"not a calibration of schema {SCHEMA}")
        fields = {name: value for name, value in values.items() if name != "schema"}
        for name in ("levels", "quantiles"):
            row = fields.get(name)
            if not isinstance(row, list) or not all(type(value) in (int, float) for value in row):
                raise ValueError(f"{name} of a calibration must be a list of numbers")
        fields["tail"] = tail_from_dict(fields.get("tail"))
        try:
            return cls(**fields)
        except TypeError as error:
            raise ValueError(f"calibration of wrong fields: {error}") from error
