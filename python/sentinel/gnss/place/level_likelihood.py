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

from ...core.errors import InputError
from .propagation import Assumptions, correlation, jn_db

SEEN, FAINT, SATURATED, MISSING = range(4)

#: d(J/N) / d(level) of readings, and the levels above which each holds; a few steps, so that readings alike
#: share their matrices.
SLOPES = np.array([1.1, 1.6, 2.6, 4.8, 8.0])
_SLOPE_LEVELS_DB = (6.0, 3.0, 1.5, 0.75)

_HERMITE_NODES, _HERMITE_WEIGHTS = np.polynomial.hermite_e.hermegauss(12)

#: Numbers worked on at once.
_MOST_VALUES = 1 << 19


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
        group = _Pattern(pattern[:wide], errors.covariance(SLOPES[pattern[wide:]]))
        # Against the prior's mean, so that sums of squares do not cancel.
        result[rows] = group.log_likelihood(readings.jn_db[rows] - power_db, predicted, power_sd_db)
    return result


class _Pattern:
    """Readings whose states are alike, and the matrices they share.

    Parameters
    ----------
    state : int array, shape (D,)
    covariance : array, shape (D, D)
    """

    def __init__(self, state: np.ndarray, covariance: np.ndarray):
        self.seen = np.flatnonzero(state == SEEN)
        self.limits = np.flatnonzero((state == FAINT) | (state == SATURATED))
        self._side = np.where(state[self.limits] == SATURATED, -1.0, 1.0)
        root = np.linalg.cholesky(covariance[np.ix_(self.seen, self.seen)])
        self._whiten = np.linalg.inv(root) if len(self.seen) else root
        if len(self.limits):
            across = covariance[np.ix_(self.limits, self.seen)]
            #: Regression of the one-sided readings on those seen, and what it leaves.
            self._gain = across @ self._whiten.T @ self._whiten
            left = np.diagonal(covariance)[self.limits] - np.sum(self._gain * across, axis=1)
            self._deviation = np.sqrt(np.maximum(left, 1e-12))

    def log_likelihood(self, jn: np.ndarray, predicted: np.ndarray, power_sd_db: float) -> np.ndarray:
        """Log likelihood, shape (B, H), of J/N (B, D) under predictions (H, D) and a power around 0 dB."""
        if not len(self.seen) and (not len(self.limits) or math.isinf(power_sd_db)):
            return np.zeros((len(jn), len(predicted)))  # nothing, or limits of a power that may be anything
        value = jn[:, self.seen] @ self._whiten.T
        model = predicted[:, self.seen] @ self._whiten.T
        ones = self._whiten.sum(axis=1)
        square = np.sum(value**2, axis=1)[:, None] - 2 * value @ model.T + np.sum(model**2, axis=1)
        log_z = -np.maximum(square, 0.0) / 2
        along = (value @ ones)[:, None] - model @ ones
        variance, power = 0.0, np.zeros_like(along)
        if power_sd_db > 0:
            precision = float(ones @ ones) + (0.0 if math.isinf(power_sd_db) else power_sd_db**-2)
            variance, power = 1 / precision, along / precision
            log_z += along**2 / (2 * precision)
        return log_z + self._log_limits(jn, predicted, power, variance) if len(self.limits) else log_z

    def _log_limits(
        self, jn: np.ndarray, predicted: np.ndarray, power: np.ndarray, variance: float
    ) -> np.ndarray:
        """Log probability, shape (B, H), that one-sided readings lie beyond their limits, given the others.

        `power` (B, H) and `variance` are those of the power given what was seen.
        """
        # Mean of limit k given power p: predicted + gain (seen - predicted seen) + p (1 - sum of gain).
        measured = jn[:, self.limits] - jn[:, self.seen] @ self._gain.T
        expected = predicted[:, self.limits] - predicted[:, self.seen] @ self._gain.T
        slope = 1 - self._gain.sum(axis=1)
        nodes, weights = _quadrature(math.sqrt(variance), float(self._deviation.min()))
        result = np.empty_like(power)
        step = max(1, _MOST_VALUES // (power.shape[1] * len(nodes) * len(self.limits)))
        for start in range(0, len(power), step):
            part = slice(start, start + step)
            at = power[part, :, None] + nodes * math.sqrt(variance)
            above = measured[part, None, None] - expected[:, None] - at[..., None] * slope
            chance = log_ndtr(self._side * above / self._deviation).sum(axis=-1)
            most = chance.max(axis=-1)
            result[part] = most + np.log(np.exp(chance - most[..., None]) @ weights)
        return result


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
