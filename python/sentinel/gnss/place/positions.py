# SPDX-License-Identifier: GPL-3.0-or-later
"""Place of a transmitter that stands still, from the levels at 1 to 4 sensors.

The posterior over a grid of places, with the power integrated out, gives the mean, the most likely place and
an error ellipse. With one sensor and an unknown power it is the area that was searched, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...core.errors import InputError
from .level_likelihood import MISSING, error_model, log_likelihood, normalised, read_levels
from .propagation import Assumptions, received_db

#: Squared radius of a Gaussian ellipse that holds 95 %, in squared deviations.
_RADIUS2_95 = -2 * math.log(0.05)
_CHUNK = 256


@dataclass(frozen=True)
class Area:
    """Where a transmitter may be: a rectangle, equally likely everywhere, searched every `step_m`."""

    x_m: tuple[float, float] = (-10.0, 10.0)
    y_m: tuple[float, float] = (-6.0, 18.0)
    step_m: float = 0.5

    def __post_init__(self) -> None:
        sides = [self.x_m[1] - self.x_m[0], self.y_m[1] - self.y_m[0]]
        if not (min(sides) > 0 and 0 < self.step_m <= min(sides)):
            raise InputError(
                f"area {self.x_m} x {self.y_m} m with steps of {self.step_m} m is empty; enlarge it"
            )

    def points(self) -> np.ndarray:
        """Centres of the cells, shape (H, 2), y slowest."""
        axes = []
        for low, high in (self.x_m, self.y_m):
            count = max(1, round((high - low) / self.step_m))
            axes.append(low + (np.arange(count) + 0.5) * (high - low) / count)
        x, y = np.meshgrid(*axes)
        return np.column_stack([x.ravel(), y.ravel()])


@dataclass(frozen=True)
class Ellipse:
    """Semi-axes in m and the longer one's direction in degrees from +x towards +y, 0 to 180."""

    semi_major_m: float
    semi_minor_m: float
    angle_deg: float


@dataclass(frozen=True)
class Position:
    """A place with what is known of it.

    Attributes
    ----------
    mean_m : array, shape (2,)
        Posterior mean (x, y): least mean square error.
    best_m : array, shape (2,)
        Cell of the largest likelihood.
    covariance_m2 : array, shape (2, 2)
    ellipse : Ellipse
        Holds 95 % if the posterior is Gaussian.
    sensors_used : int
        Sensors that measured anything.
    statement : str
        The same for people.
    """

    mean_m: np.ndarray
    best_m: np.ndarray
    covariance_m2: np.ndarray
    ellipse: Ellipse
    sensors_used: int
    statement: str

    def __str__(self) -> str:
        return self.statement


class Locator:
    """Places from levels of T seconds at S sensors.

    Parameters
    ----------
    sensors_m : array, shape (S, 2)
    assumptions : Assumptions
        An infinite `power_sd_db` uses level differences only.
    area : Area
    seconds : int
        T.

    Raises
    ------
    InputError
        For no sensors, or sensors without two coordinates.
    """

    def __init__(
        self,
        sensors_m: Sequence[Sequence[float]],
        assumptions: Assumptions,
        area: Area | None = None,
        seconds: int = 1,
    ):
        self.sensors_m = np.asarray(sensors_m, float)
        if self.sensors_m.ndim != 2 or self.sensors_m.shape[1] != 2 or not len(self.sensors_m):
            raise InputError(
                f"sensors of shape {self.sensors_m.shape}; give x and y in metres for one at least"
            )
        self.assumptions = assumptions
        self.points_m = (area or Area()).points()
        self.seconds = seconds
        self._predicted = np.tile(received_db(self.points_m, self.sensors_m, assumptions), seconds)
        self._errors = error_model(seconds, len(self.sensors_m), assumptions)

    def posterior(self, levels_db: np.ndarray) -> np.ndarray:
        """Probability of each point of the area, shape (B, H), from levels (B, T, S) in dB or NaN."""
        return normalised(self._log_likelihood(levels_db))

    def estimate(self, levels_db: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Many places at once from levels (B, T, S).

        Returns
        -------
        mean : array, shape (B, 2)
        best : array, shape (B, 2)
        covariance : array, shape (B, 2, 2)
        """
        levels = np.asarray(levels_db, float)
        means, bests, covariances = [], [], []
        for start in range(0, len(levels), _CHUNK):
            chance = self.posterior(levels[start : start + _CHUNK])
            mean = chance @ self.points_m
            x, y = self.points_m.T
            second = chance @ np.column_stack([x * x, x * y, x * y, y * y])
            outer = mean[:, :, None] * mean[:, None, :]
            means.append(mean)
            bests.append(self.points_m[chance.argmax(axis=1)])
            covariances.append(second.reshape(-1, 2, 2) - outer)
        return np.concatenate(means), np.concatenate(bests), np.concatenate(covariances)

    def locate(self, levels_db: np.ndarray) -> Position:
        """One place from levels (T, S) in dB; NaN is a missing sensor or second.

        Raises
        ------
        InputError
            If the shape does not fit, or all levels are missing.
        """
        levels = np.atleast_2d(np.asarray(levels_db, float))
        readings = read_levels(levels, self.assumptions)
        used = int((readings.state != MISSING).any(axis=0).sum())
        if not used:
            raise InputError("all levels are missing (NaN); a place needs levels of two sensors at least")
        mean, best, covariance = (part[0] for part in self.estimate(levels[None]))
        ellipse = error_ellipse(covariance)
        text = (
            f"x {mean[0]:.1f} m, y {mean[1]:.1f} m, 95 % ellipse {ellipse.semi_major_m:.1f} x "
            f"{ellipse.semi_minor_m:.1f} m at {ellipse.angle_deg:.0f} degrees, from {used} sensors"
        )
        if used == 1:
            text = (
                "one sensor gives no place: its level is that of a ring if the power is known, and of the "
                f"whole area if not; use a range, or a second sensor. Middle of what is possible: {text}"
            ).replace("from 1 sensors", "from 1 sensor")
        elif used == 2:
            text += "; two sensors leave the mirror image about their line possible where it lies in the area"
        return Position(mean, best, covariance, ellipse, used, text)

    def _log_likelihood(self, levels_db: np.ndarray) -> np.ndarray:
        levels = np.asarray(levels_db, float)
        if levels.ndim != 3 or levels.shape[1:] != (self.seconds, len(self.sensors_m)):
            raise InputError(
                f"levels of shape {levels.shape}; wanted are (transmitters, {self.seconds} seconds, "
                f"{len(self.sensors_m)} sensors)"
            )
        return log_likelihood(
            read_levels(levels.reshape(len(levels), -1), self.assumptions),
            self._predicted,
            self._errors,
            self.assumptions.power_db,
            self.assumptions.power_sd_db,
        )


def error_ellipse(covariance_m2: np.ndarray) -> Ellipse:
    """Ellipse that holds 95 % of a Gaussian of this covariance, shape (2, 2), m^2."""
    values, vectors = np.linalg.eigh(covariance_m2)
    minor, major = np.sqrt(np.maximum(values, 0.0) * _RADIUS2_95)
    angle = math.degrees(math.atan2(vectors[1, 1], vectors[0, 1])) % 180
    return Ellipse(float(major), float(minor), angle)


def inside_ellipse(places_m: np.ndarray, means_m: np.ndarray, covariances_m2: np.ndarray) -> np.ndarray:
    """Whether places lie in the 95 % ellipses: shapes (B, 2), (B, 2), (B, 2, 2) to (B,)."""
    off = np.asarray(places_m) - means_m
    # A cell's worth of spread is left where the posterior has shrunk to one point.
    solved = np.linalg.solve(covariances_m2 + 1e-9 * np.eye(2), off[..., None])[..., 0]
    return np.sum(off * solved, axis=-1) <= _RADIUS2_95


class LearnedPosition:
    """A forest that regresses (x, y) on the mean levels: the comparison, not the default.

    Parameters
    ----------
    trees : int
    seed : int
    """

    def __init__(self, trees: int = 100, seed: int = 1):
        # Loaded here: the rest of the room must not need scikit-learn.
        from sklearn.ensemble import RandomForestRegressor

        self._forest = RandomForestRegressor(trees, min_samples_leaf=5, random_state=seed, n_jobs=1)

    @staticmethod
    def _inputs(levels_db: np.ndarray) -> np.ndarray:
        return np.mean(np.asarray(levels_db, float), axis=1)

    def fit(self, levels_db: np.ndarray, places_m: np.ndarray) -> LearnedPosition:
        """Learn from levels (B, T, S) and places (B, 2)."""
        self._forest.fit(self._inputs(levels_db), places_m)
        return self

    def predict(self, levels_db: np.ndarray) -> np.ndarray:
        """Places (B, 2) of levels (B, T, S)."""
        return self._forest.predict(self._inputs(levels_db))
