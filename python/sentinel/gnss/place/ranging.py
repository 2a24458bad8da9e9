# SPDX-License-Identifier: GPL-3.0-or-later
"""Range of a transmitter from the level at one sensor: as classes of distance and as an interval in metres.

Both stand on a power that is known to some dB. Level alone cannot tell a weak transmitter nearby from a
strong one far away; with a power of which nothing is known the answers are the prior and (0, infinity).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from ...core.errors import InputError
from .level_likelihood import (
    FAINT,
    MISSING,
    SATURATED,
    SEEN,
    SLOPES,
    Readings,
    error_model,
    log_likelihood,
    normalised,
    read_levels,
)
from .propagation import Assumptions, path_loss_db

#: The published classes.
CLASSES_M = (3.0, 6.0, 9.0)


@dataclass(frozen=True)
class RangeInterval:
    """A range with what is known of it.

    Attributes
    ----------
    distance_m : float
        Most likely distance; NaN where there is none.
    low_m, high_m : float
        The distance lies between them with `confidence`, if the assumptions hold; 0 and infinity where open.
    error_db : float
        Standard deviation of level against path loss, the power's included.
    confidence : float
    statement : str
        The same for people.
    """

    distance_m: float
    low_m: float
    high_m: float
    error_db: float
    confidence: float
    statement: str

    def __str__(self) -> str:
        return self.statement


def with_power(assumptions: Assumptions, power_db: float, power_sd_db: float = 0.0) -> Assumptions:
    """The assumptions with a power measured or told: J/N at 1 m and its standard deviation in dB."""
    return replace(assumptions, power_db=float(power_db), power_sd_db=float(power_sd_db))


def power_at_1m_db(levels_db: Sequence[float], distance_m: float, assumptions: Assumptions) -> float:
    """Power as J/N at 1 m of a transmitter that stood at a known distance: calibrates `with_power`.

    Parameters
    ----------
    levels_db : array, shape (T,)
        Levels of consecutive seconds.

    Raises
    ------
    InputError
        If no level lies between floor and saturation, or the distance is not positive.
    """
    if not distance_m > 0:
        raise InputError(f"distance is {distance_m} m; it must be positive")
    readings = _one_sensor(levels_db, assumptions)
    seen = readings.state == SEEN
    if not seen.any():
        raise InputError(
            f"none of {seen.size} levels lies between floor and saturation; calibrate at another distance"
        )
    return float(readings.jn_db[seen].mean() + path_loss_db(distance_m, assumptions.exponent))


def error_db(assumptions: Assumptions, seconds: int = 1) -> float:
    """Standard deviation in dB of the mean of some seconds' strong levels, the power's included."""
    mean_variance = error_model(seconds, 1, assumptions).covariance(np.ones(seconds)).mean()
    return math.sqrt(mean_variance + assumptions.power_sd_db**2)


def class_probabilities(
    levels_db: np.ndarray,
    assumptions: Assumptions,
    distances_m: Sequence[float] = CLASSES_M,
    prior: Sequence[float] | None = None,
) -> np.ndarray:
    """Probability of each distance, given that the transmitter stands still at one of them.

    Parameters
    ----------
    levels_db : array, shape (..., T)
        Levels over the baseline of T consecutive seconds, dB; NaN is a missing second.
    assumptions : Assumptions
        Its power should be known (`with_power`): else neighbouring classes cannot be told apart.
    prior : sequence of float, optional
        Weights of the distances; equal ones if left out.

    Returns
    -------
    array, shape (..., C)
        The prior where all seconds are missing, or where nothing is known of the power.

    Raises
    ------
    InputError
        For distances that are not positive, or a prior that does not fit.
    """
    places = _distances(distances_m)
    weights = np.full(len(places), 1 / len(places)) if prior is None else np.asarray(prior, float)
    if weights.shape != places.shape or not (weights >= 0).all() or not weights.sum() > 0:
        raise InputError(f"prior {prior!r} must give a weight from 0 on for each of {len(places)} distances")
    levels = np.asarray(levels_db, float)
    seconds = levels.shape[-1]
    readings = read_levels(levels.reshape(-1, seconds), assumptions)
    likelihood = log_likelihood(
        readings,
        np.repeat(-path_loss_db(places, assumptions.exponent)[:, None], seconds, axis=1),
        error_model(seconds, 1, assumptions),
        assumptions.power_db,
        assumptions.power_sd_db,
    )
    with np.errstate(divide="ignore"):
        return normalised(likelihood + np.log(weights)).reshape(*levels.shape[:-1], len(places))


def classify(
    levels_db: np.ndarray, assumptions: Assumptions, distances_m: Sequence[float] = CLASSES_M
) -> np.ndarray:
    """Index of the most likely distance by maximum likelihood: shape (..., T) to (...)."""
    return class_probabilities(levels_db, assumptions, distances_m).argmax(axis=-1)


def range_interval(
    levels_db: Sequence[float], assumptions: Assumptions, confidence: float = 0.95
) -> RangeInterval:
    """Range and its interval from the mean of some seconds' levels.

    A saturated second bounds the distance from above only, one at the floor from below only.

    Parameters
    ----------
    levels_db : array, shape (T,)
        Levels over the baseline of consecutive seconds, dB; NaN is a missing second.

    Raises
    ------
    InputError
        If all seconds are missing, or the confidence is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence}; it must lie between 0 and 1")
    readings = _one_sensor(levels_db, assumptions)
    present = readings.state != MISSING
    if not present.any():
        raise InputError(f"all {present.size} levels are missing (NaN); a range needs one at least")
    places = np.flatnonzero(present)
    covariance = error_model(present.size, 1, assumptions).covariance(SLOPES[readings.slope_class[0]])
    spread = covariance[np.ix_(places, places)].mean()
    error = math.sqrt(spread + assumptions.power_sd_db**2)
    if math.isinf(error):
        return RangeInterval(
            math.nan,
            0.0,
            math.inf,
            error,
            confidence,
            "no range: nothing is known of the transmit power, and the level alone fits any distance",
        )
    loss = assumptions.power_db - float(readings.jn_db[present].mean())
    sides = float(ndtri(0.5 + confidence / 2)) * error * np.array([-1, 0, 1])
    low, distance, high = (10 ** ((loss + side) / (10 * assumptions.exponent)) for side in sides)
    said = [
        f"error {error:.1f} dB",
        "power known"
        if assumptions.power_sd_db == 0
        else f"power known to {assumptions.power_sd_db:g} dB only, which limits the range",
    ]
    if (readings.state == SATURATED).any():
        said.append("sensor saturated, so nearer is possible")
        low, distance = 0.0, math.nan
    if (readings.state == FAINT).any():
        said.append("level at the noise floor, so farther is possible")
        high, distance = math.inf, math.nan
    about = "" if math.isnan(distance) else f"{distance:.3g} m, "
    text = f"{about}{low:.3g} to {high:.3g} m with {100 * confidence:g} % ({'; '.join(said)})"
    return RangeInterval(distance, low, high, error, confidence, text)


def _distances(distances_m: Sequence[float]) -> np.ndarray:
    places = np.asarray(distances_m, float)
    if places.ndim != 1 or not len(places) or not (places > 0).all():
        raise InputError(f"distances {distances_m!r} must be a list of positive metres")
    return places


def _one_sensor(levels_db: Sequence[float], assumptions: Assumptions) -> Readings:
    levels = np.asarray(levels_db, float)
    if levels.ndim > 1:
        raise InputError(f"levels of shape {levels.shape}; one sensor's seconds are wanted")
    return read_levels(levels.reshape(1, -1), assumptions)
