# SPDX-License-Identifier: GPL-3.0-or-later
"""How likely measured levels are for each of many hypotheses of where a transmitter was.

J/N in dB is Gaussian around power - path loss. The power common to all readings has a Gaussian or flat prior
and is integrated out exactly, so that only differences between readings count when it is unknown. Readings at
the noise floor or in saturation enter as one-sided: given the power and the other readings they are taken as
independent of each other, which is exact for uncorrelated shadowing without drift.

A level's error counts more the weaker it is: d(J/N) / d(level) = 1 + N/J, which is 1 well above the baseline
and 5 at 1 dB over it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, logsumexp

from ..core.errors import InputError
from .propagation import Assumptions, correlation, jn_db

SEEN, FAINT, SATURATED, MISSING = range(4)

#: d(J/N) / d(level) of readings, and the levels above which each holds; a few steps, so that readings alike
#: share their matrices.
SLOPES = np.array([1.1, 1.6, 2.6, 4.8, 8.0])
_SLOPE_LEVELS_DB = (6.0, 3.0, 1.5, 0.75)

_HERMITE_NODES, _HERMITE_WEIGHTS = np.polynomial.hermite_e.hermegauss(16)


@dataclass(frozen=True)
class Readings:
    """Levels as J/N with what may be said of them.

    Attributes
    ----------
    jn_db : float64, shape (B, D)
        Of those seen; the limit for faint and saturated ones; 0 where missing.
    state : int8, shape (B, D)
        SEEN, FAINT, SATURATED or MISSING.
    slope_class : int8, shape (B, D)
        Index into `SLOPES`; 0 where it does not matter.
    """

    jn_db: np.ndarray
    state: np.ndarray
    slope_class: np.ndarray


@dataclass(frozen=True)
class ErrorModel:
    """Errors of D readings in dB: covariances (D, D) of shadowing in J/N, of drift and noise in levels."""

    shadowing: np.ndarray
    level: np.ndarray

    def covariance(self, slope: np.ndarray) -> np.ndarray:
        """Covariance of J/N in dB^2, shape (D, D), for d(J/N) / d(level), shape (D,)."""
        return self.shadowing + self.level * np.outer(slope, slope)


def read_levels(levels_db: np.ndarray, assumptions: Assumptions) -> Readings:
    """Readings of levels over the baseline in dB, shape (B, D); NaN is a missing sensor or second."""
    levels = np.atleast_2d(np.asarray(levels_db, float))
    state = np.full(levels.shape, SEEN, np.int8)
    state[levels < max(assumptions.floor_db, 0.0)] = FAINT
    state[levels >= assumptions.saturation_db] = SATURATED
    state[np.isnan(levels)] = MISSING
    low, high = max(assumptions.floor_db, 1e-6), assumptions.saturation_db
    values = np.where(np.isnan(levels), low, levels)
    slope_class = np.zeros(levels.shape, np.int8)
    if assumptions.gain_drift_db or assumptions.noise_db:
        for limit in _SLOPE_LEVELS_DB:
            slope_class += (levels < limit) & (state == SEEN)
    jn = np.where(state == MISSING, 0.0, jn_db(np.clip(values, low, high)))
    return Readings(jn, state, slope_class)


def error_model(seconds: int, sensors: int, assumptions: Assumptions) -> ErrorModel:
    """Errors of levels of some seconds and sensors, D = T S, sensors fastest; the power is not among them."""
    each = np.eye(sensors)
    shadowing = np.kron(correlation(seconds, assumptions.correlation_s), each) * assumptions.shadowing_db**2
    drift = np.kron(np.ones((seconds, seconds)), each) * assumptions.gain_sd_db**2
    return ErrorModel(shadowing, drift + np.eye(seconds * sensors) * assumptions.noise_db**2)


def log_likelihood(
    readings: Readings,
    predicted_db: np.ndarray,
    errors: ErrorModel,
    power_db: float = 0.0,
    power_sd_db: float = math.inf,
) -> np.ndarray:
    """Log likelihood of B sets of readings under H hypotheses, up to a constant of each set.

    Parameters
    ----------
    readings : Readings
        Of shape (B, D).
    predicted_db : array, shape (H, D)
        J/N of a transmitter of 0 dB at 1 m.
    errors : ErrorModel
        See `error_model`.
    power_db, power_sd_db : float
        Prior of the power; 0 is known, infinite is flat.

    Returns
    -------
    array, shape (B, H)
        0 where nothing was read.

    Raises
    ------
    InputError
        If the shapes do not go together.
    """
    predicted = np.atleast_2d(np.asarray(predicted_db, float))
    wide = readings.jn_db.shape[1]
    if predicted.shape[1] != wide or errors.level.shape != (wide, wide):
        raise InputError(
            f"{wide} readings, {predicted.shape[1]} predicted and errors of {errors.level.shape}; "
            "sensors and seconds must be as many in all"
        )
    result = np.zeros((len(readings.jn_db), len(predicted)))
    alike = np.concatenate([readings.state, readings.slope_class], axis=1)
    patterns, which = np.unique(alike, axis=0, return_inverse=True)
    which = which.ravel()
    order = np.argsort(which, kind="stable")
    bounds = np.searchsorted(which[order], np.arange(len(patterns) + 1))
    for place, pattern in enumerate(patterns):
        rows = order[bounds[place] : bounds[place + 1]]
        covariance = errors.covariance(SLOPES[pattern[wide:]])
        result[rows] = _of_pattern(
            readings.jn_db[rows], pattern[:wide], predicted, covariance, power_db, power_sd_db
        )
    return result


def _of_pattern(
    jn: np.ndarray,
    pattern: np.ndarray,
    predicted: np.ndarray,
    covariance: np.ndarray,
    power_db: float,
    power_sd_db: float,
) -> np.ndarray:
    """Log likelihood, shape (B, H), of readings whose states are the same."""
    seen = np.flatnonzero(pattern == SEEN)
    limits = np.flatnonzero((pattern == FAINT) | (pattern == SATURATED))
    if not len(seen) and (not len(limits) or math.isinf(power_sd_db)):
        return np.zeros((len(jn), len(predicted)))  # nothing, or limits of a power that may be anything
    root = np.linalg.cholesky(covariance[np.ix_(seen, seen)])
    whiten = np.linalg.inv(root) if len(seen) else np.zeros((0, 0))
    # Against the prior's mean, so that the sums of squares below do not cancel.
    value = (jn[:, seen] - power_db) @ whiten.T
    model = predicted[:, seen] @ whiten.T
    ones = whiten.sum(axis=1)
    square = np.maximum(
        np.sum(value**2, axis=1)[:, None] - 2 * value @ model.T + np.sum(model**2, axis=1), 0.0
    )
    along = (value @ ones)[:, None] - model @ ones
    if power_sd_db == 0:
        variance, power, log_z = 0.0, np.zeros_like(along), -square / 2
    else:
        precision = float(ones @ ones) + (0.0 if math.isinf(power_sd_db) else power_sd_db**-2)
        variance, power = 1 / precision, along / precision
        log_z = -square / 2 + along**2 / (2 * precision)
    if not len(limits):
        return log_z
    return log_z + _log_limits(
        jn - power_db, pattern, predicted, covariance, whiten, seen, limits, power, variance
    )


def _log_limits(
    jn: np.ndarray,
    pattern: np.ndarray,
    predicted: np.ndarray,
    covariance: np.ndarray,
    whiten: np.ndarray,
    seen: np.ndarray,
    limits: np.ndarray,
    power: np.ndarray,
    variance: float,
) -> np.ndarray:
    """Log probability, shape (B, H), that the one-sided readings lie beyond their limits, given the others.

    `power` (B, H) and `variance` are those of the power given what was seen.
    """
    gain = covariance[np.ix_(limits, seen)] @ whiten.T @ whiten
    spread = covariance[np.ix_(limits, limits)] - gain @ covariance[np.ix_(seen, limits)]
    deviation = np.sqrt(np.maximum(np.diagonal(spread), 1e-12))
    # Mean of limit k given power p: predicted + gain (seen - predicted seen) + p (1 - sum of gain).
    fixed = (jn[:, limits] - jn[:, seen] @ gain.T)[:, None] - (
        predicted[:, limits] - predicted[:, seen] @ gain.T
    )
    slope = 1 - gain.sum(axis=1)
    side = np.where(pattern[limits] == SATURATED, -1.0, 1.0)
    nodes, weights = _quadrature(math.sqrt(variance), float(deviation.min()))
    total = np.empty((*power.shape, len(nodes)))
    for place, node in enumerate(nodes):
        at = power + node * math.sqrt(variance)
        total[..., place] = log_ndtr(side * (fixed - at[..., None] * slope) / deviation).sum(axis=-1)
    return logsumexp(total, axis=-1, b=weights)


def _quadrature(spread: float, detail: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in standard deviations and weights of a Gaussian, for functions that change over `detail`.

    A Gaussian that is wide against them is cut evenly: what counts may lie far out, as for a transmitter
    that no sensor sees.
    """
    if spread == 0:
        return np.zeros(1), np.ones(1)
    if spread <= 0.8 * detail:
        return _HERMITE_NODES, _HERMITE_WEIGHTS / _HERMITE_WEIGHTS.sum()
    half = min(max(20, math.ceil(20 * spread / detail)), 400)
    nodes = np.linspace(-10, 10, 2 * half + 1)
    weights = np.exp(-(nodes**2) / 2)
    return nodes, weights / weights.sum()


def normalised(log_weights: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis of logarithms of weights."""
    return np.exp(log_weights - logsumexp(log_weights, axis=-1, keepdims=True))
