# SPDX-License-Identifier: GPL-3.0-or-later
"""Lane of a passing transmitter, from the levels of 1 to 4 sensors beside a road of two lanes.

Each lane's likelihood is integrated over speed, moment of passing and power. With an unknown power that is a
weighing of level differences between sensors (left against right) and of their course in time, by how much
each can tell. Another sensor adds information or none: the decision does not get worse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import ndtr

from ...core.errors import InputError
from .level_likelihood import ErrorModel, error_model, log_likelihood, normalised, read_levels
from .propagation import Assumptions, draw_power_db, measure, received_db

LANES = ("left", "right")

#: Sensors (x across the road, y along it, m) of the published experiment's arrangement; sizes are assumed.
SENSORS: Mapping[str, tuple[float, float]] = {
    "front left": (-5.0, 0.0),
    "front right": (5.0, 0.0),
    "back left": (-5.0, 12.0),
    "back right": (5.0, 12.0),
}

#: Rows of the published table. The published experiment speaks of 7 types with 33 subclasses, too; what they
#: are is not told, so there is nothing of them here.
SENSOR_SETS: Mapping[str, tuple[str, ...]] = {
    "one (front left)": ("front left",),
    "two front": ("front left", "front right"),
    "two back": ("back left", "back right"),
    "diagonal": ("front left", "back right"),
    "same side": ("front left", "back left"),
    "three": ("front left", "front right", "back left"),
    "four": ("front left", "front right", "back left", "back right"),
}


@dataclass(frozen=True)
class Road:
    """Geometry and what is known of a pass before it is measured.

    Parameters
    ----------
    lanes_m : pair of float
        x of the left and the right lane's middle.
    sensors_m : mapping
        Places of the sensors by name.
    seconds : int
        Length of a pass; a level each second, in the middle of the second.
    speed_m_s : pair of float
        Speeds are uniform between them; driving is towards +y.
    offset_s : float
        The vehicle is halfway between the sensors within +- this of the pass's middle, uniform.
    speeds, offsets : int
        Values tried of each.
    """

    lanes_m: tuple[float, float] = (-2.0, 2.0)
    sensors_m: Mapping[str, tuple[float, float]] = field(default_factory=lambda: dict(SENSORS))
    seconds: int = 8
    speed_m_s: tuple[float, float] = (3.0, 5.0)
    offset_s: float = 1.0
    speeds: int = 5
    offsets: int = 7

    def __post_init__(self) -> None:
        if not self.lanes_m[0] < self.lanes_m[1]:
            raise InputError(f"lanes at {self.lanes_m} m; the left one must have the smaller x")
        if not 0 < self.speed_m_s[0] <= self.speed_m_s[1] or not self.offset_s >= 0:
            raise InputError(
                f"speeds {self.speed_m_s} m/s and offset {self.offset_s} s: speeds must be positive and "
                "ascending, the offset not negative"
            )
        if min(self.seconds, self.speeds, self.offsets) < 1 or not self.sensors_m:
            raise InputError("a road needs a second, a speed, an offset and a sensor at least")

    def __str__(self) -> str:
        low, high = self.speed_m_s
        speed = f"{low:g} m/s" if low == high else f"{low:g} to {high:g} m/s, unknown"
        when = "known to the second" if self.offset_s == 0 else f"unknown within ±{self.offset_s:g} s"
        places = ", ".join(f"{name} ({x:g}, {y:g})" for name, (x, y) in self.sensors_m.items())
        return (
            f"Lanes at x = {self.lanes_m[0]:g} and {self.lanes_m[1]:g} m, sensors (x, y) in m: {places}. "
            f"Passes of {self.seconds} s, speed {speed}, moment of passing {when}; both lanes equally "
            "likely, driving towards +y."
        )

    @property
    def middle_m(self) -> float:
        """y halfway between the first and the last sensor."""
        along = [y for _, y in self.sensors_m.values()]
        return (min(along) + max(along)) / 2

    def places(self, lane: np.ndarray, speed_m_s: np.ndarray, offset_s: np.ndarray) -> np.ndarray:
        """Places of passes each second, arrays of shape (B,) to (B, T, 2) in m."""
        time_s = np.arange(self.seconds) + 0.5 - self.seconds / 2
        y = self.middle_m + np.asarray(speed_m_s)[:, None] * (time_s - np.asarray(offset_s)[:, None])
        x = np.asarray(self.lanes_m)[np.asarray(lane, int)]
        return np.stack([np.broadcast_to(x[:, None], y.shape), y], axis=-1)

    def sensors(self, names: Sequence[str]) -> np.ndarray:
        """Places of named sensors, shape (S, 2), m.

        Raises
        ------
        InputError
            For a sensor that the road has not, or none.
        """
        missing = [name for name in names if name not in self.sensors_m]
        if missing or not len(names):
            raise InputError(f"sensors {list(names)}: name one or more of {', '.join(self.sensors_m)}")
        return np.array([self.sensors_m[name] for name in names], float)

    def known(self) -> Road:
        """The same road with one known speed and moment of passing, the best case."""
        middle = sum(self.speed_m_s) / 2
        return replace(self, speed_m_s=(middle, middle), offset_s=0.0, speeds=1, offsets=1)


@dataclass(frozen=True)
class Passes:
    """Simulated passes: lane (B,), levels (B, T, S) in dB over the baseline, S in the road's order."""

    lane: np.ndarray
    levels_db: np.ndarray


def simulate_passes(rng: np.random.Generator, count: int, road: Road, assumptions: Assumptions) -> Passes:
    """Passes with powers, speeds and moments drawn as the road and the assumptions say, lanes in turn."""
    lane = np.arange(count) % 2
    speed = rng.uniform(*road.speed_m_s, count)
    offset = rng.uniform(-road.offset_s, road.offset_s, count)
    power = draw_power_db(rng, count, assumptions)
    sensors = road.sensors(list(road.sensors_m))
    jn = received_db(road.places(lane, speed, offset), sensors, assumptions) + power[:, None, None]
    return Passes(lane, measure(rng, jn, assumptions))


def sensor_columns(road: Road, names: Sequence[str]) -> list[int]:
    """Places of named sensors in the last axis of `Passes.levels_db`."""
    road.sensors(names)
    order = list(road.sensors_m)
    return [order.index(name) for name in names]


class LaneDetector:
    """Probability of each lane, per pass and per second.

    Parameters
    ----------
    road : Road
    names : sequence of str
        Sensors in use; levels come in this order.
    assumptions : Assumptions
        An infinite `power_sd_db` leaves level differences only: adding a constant changes nothing.
    """

    def __init__(self, road: Road, names: Sequence[str], assumptions: Assumptions):
        self.road = road
        self.assumptions = assumptions
        sensors = road.sensors(names)
        speeds = _middles(*road.speed_m_s, road.speeds)
        offsets = _middles(-road.offset_s, road.offset_s, road.offsets)
        lane, speed, offset = (
            part.ravel() for part in np.meshgrid(np.arange(len(LANES)), speeds, offsets, indexing="ij")
        )
        #: J/N of 0 dB at 1 m, shape (lanes * courses, T, S), lanes slowest.
        self._predicted = received_db(road.places(lane, speed, offset), sensors, assumptions)
        self._pass_errors = error_model(road.seconds, len(sensors), assumptions)
        self._second_errors = error_model(1, len(sensors), assumptions)

    def pass_probabilities(self, levels_db: np.ndarray) -> np.ndarray:
        """Probabilities of the lanes, shape (B, 2), from all levels of passes, (B, T, S); NaN is missing."""
        levels = self._checked(levels_db)
        flat = self._predicted.reshape(len(self._predicted), -1)
        return self._over_courses(levels.reshape(len(levels), -1), flat, self._pass_errors)

    def second_probabilities(self, levels_db: np.ndarray) -> np.ndarray:
        """Probabilities of the lanes, shape (B, T, 2), from the levels of that second alone, (B, T, S)."""
        levels = self._checked(levels_db)
        each = [
            self._over_courses(levels[:, t], self._predicted[:, t], self._second_errors)
            for t in range(self.road.seconds)
        ]
        return np.stack(each, axis=1)

    def _over_courses(
        self, levels_db: np.ndarray, predicted_db: np.ndarray, errors: ErrorModel
    ) -> np.ndarray:
        chance = normalised(
            log_likelihood(
                read_levels(levels_db, self.assumptions),
                predicted_db,
                errors,
                self.assumptions.power_db,
                self.assumptions.power_sd_db,
            )
        )
        return chance.reshape(len(chance), len(LANES), -1).sum(axis=-1)

    def _checked(self, levels_db: np.ndarray) -> np.ndarray:
        levels = np.asarray(levels_db, float)
        if levels.ndim != 3 or levels.shape[1:] != self._predicted.shape[1:]:
            _, seconds, sensors = self._predicted.shape
            raise InputError(
                f"levels of shape {levels.shape}; wanted are (passes, {seconds} seconds, {sensors} sensors), "
                "NaN for what is missing"
            )
        return levels


def optimal_accuracy(road: Road, names: Sequence[str], assumptions: Assumptions) -> tuple[float, float]:
    """Share of right decisions, per pass and per second, of the best decision on unlimited levels.

    Closed form for a known course (`Road.known`), levels without floor or saturation and a Gaussian power:
    Phi(d / 2), d^2 = difference of the lanes' levels in the metric of their covariance; seconds are averaged.
    """
    sensors = road.sensors(names)
    known = road.known()
    middle, zero = np.full(2, known.speed_m_s[0]), np.zeros(2)
    levels = received_db(known.places(np.arange(2), middle, zero), sensors, assumptions)
    difference = levels[0] - levels[1]
    return (
        _separation(difference.reshape(1, -1), road.seconds, len(sensors), assumptions),
        _separation(difference, 1, len(sensors), assumptions),
    )


def _separation(differences: np.ndarray, seconds: int, sensors: int, assumptions: Assumptions) -> float:
    covariance = error_model(seconds, sensors, assumptions).covariance(np.ones(seconds * sensors))
    # A flat prior takes all there is in the common level.
    power_sd_db = min(assumptions.power_sd_db, 1e4)
    solved = np.linalg.solve(covariance + power_sd_db**2, differences.T).T
    return float(np.mean(ndtr(np.sqrt(np.maximum(np.sum(differences * solved, axis=1), 0.0)) / 2)))


def side_difference(levels_db: np.ndarray, sensors_m: np.ndarray) -> np.ndarray:
    """The plain rule's statistic: mean level of the left sensors less the right ones', (..., S) to (...).

    Above 0 says left. NaN where one side has no level.
    """
    levels, x = np.asarray(levels_db, float), np.asarray(sensors_m, float)[:, 0]
    return _mean_of_seen(levels[..., x < 0]) - _mean_of_seen(levels[..., x > 0])


def _mean_of_seen(levels: np.ndarray) -> np.ndarray:
    there = ~np.isnan(levels)
    count = there.sum(axis=-1)
    return np.divide(
        np.where(there, levels, 0.0).sum(axis=-1), count, out=np.full(count.shape, np.nan), where=count > 0
    )


def decision_variance(probabilities: np.ndarray) -> np.ndarray:
    """p (1 - p) of a two-way decision, shape (..., 2) to (...): 0 sure, 0.25 a coin."""
    return probabilities[..., 0] * probabilities[..., 1]


def _middles(low: float, high: float, count: int) -> np.ndarray:
    """Middles of `count` equal parts of an interval."""
    return low + (np.arange(count) + 0.5) * (high - low) / count if math.isfinite(high - low) else np.zeros(0)
