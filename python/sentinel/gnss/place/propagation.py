# SPDX-License-Identifier: GPL-3.0-or-later
"""Levels that sensors measure of a transmitter some metres away: path loss, shadowing, receiver.

A level is `sum(power)` of a snapshot over that of the baseline, in dB: 10 log10(1 + J/N). Powers are stated
as the J/N that the transmitter would cause at 1 m. Nothing here stands for a real room: reflections enter as
log-normal shadowing only, antennas are the same in all directions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...core.errors import InputError


@dataclass(frozen=True)
class Assumptions:
    """What is assumed of propagation, transmitter and sensors; `str()` of it stands above each table.

    Parameters
    ----------
    exponent : float
        Path loss is 10 n log10(distance); 2 in free space.
    shadowing_db : float
        Standard deviation of the log-normal shadowing, independent from sensor to sensor.
    correlation_s : float
        Time in which the shadowing's correlation falls to 1/e; 0 is independent each second.
    gain_drift_db : float
        Each sensor's level is off by a constant within +- this for a session, as its gain and noise drift.
    noise_db : float
        Standard deviation of a level of 1 s without any of this.
    floor_db : float
        Levels below say no more than that; 0.75 dB is safely more than the drift alone.
    saturation_db : float
        Levels from here on say no more than that; 30 dB leaves noise some 3 steps of 8 bits.
    power_db, power_sd_db : float
        Mean and standard deviation of the transmitter's power as J/N at 1 m. 30 dB is a jammer that is just
        seen (-11 dB) at the 110 m of the published system. 0 is a known power, infinite one of which
        nothing is known.
    closest_m : float
        Distances are not taken shorter than this.

    Raises
    ------
    InputError
        For values that make no sense.
    """

    exponent: float = 2.0
    shadowing_db: float = 3.0
    correlation_s: float = 0.0
    gain_drift_db: float = 0.5
    noise_db: float = 0.02
    floor_db: float = 0.75
    saturation_db: float = 30.0
    power_db: float = 30.0
    power_sd_db: float = 10.0
    closest_m: float = 0.5

    def __post_init__(self) -> None:
        for name in ("shadowing_db", "correlation_s", "gain_drift_db", "noise_db", "power_sd_db"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name} is {getattr(self, name)}; it must not be negative")
        for name in ("exponent", "closest_m"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"{name} is {getattr(self, name)}; it must be positive and finite")
        if not math.isfinite(self.power_db):
            raise InputError(f"power_db is {self.power_db}; it must be a number of dB")
        if not self.floor_db < self.saturation_db:
            raise InputError(
                f"floor_db is {self.floor_db}, saturation_db {self.saturation_db}; the floor must be below"
            )
        if self.shadowing_db == self.gain_drift_db == self.noise_db == 0:
            raise InputError(
                "levels without any error are assumed; give shadowing_db, gain_drift_db or noise_db"
            )

    def __str__(self) -> str:
        power = f"J/N at 1 m {self.power_db:g} dB"
        if self.power_sd_db == 0:
            power += ", known"
        elif math.isinf(self.power_sd_db):
            power = "J/N at 1 m not known at all"
        else:
            power += f", unknown with sd {self.power_sd_db:g} dB"
        since = "independent each second"
        if self.correlation_s:
            since = f"correlated over {self.correlation_s:g} s"
        limits = []
        if math.isfinite(self.floor_db):
            limits.append(f"below {self.floor_db:g} dB over the baseline only known to be below")
        if math.isfinite(self.saturation_db):
            limits.append(f"saturated from {self.saturation_db:g} dB on")
        return (
            f"Path loss {10 * self.exponent:g} log10(distance); shadowing sd {self.shadowing_db:g} dB, "
            f"{since}, independent between sensors; {power}; levels of 1 s with sd {self.noise_db:g} dB, "
            f"each sensor off by up to ±{self.gain_drift_db:g} dB for a session"
            f"{''.join('; ' + limit for limit in limits)}."
        )

    @property
    def gain_sd_db(self) -> float:
        """Standard deviation of a sensor's constant error."""
        return self.gain_drift_db / math.sqrt(3)


def path_loss_db(distance_m: np.ndarray, exponent: float = 2.0) -> np.ndarray:
    """Loss against 1 m: 10 n log10(distance)."""
    return 10 * exponent * np.log10(distance_m)


def distances_m(places: np.ndarray, sensors: np.ndarray, closest_m: float = 0.0) -> np.ndarray:
    """Distances of places, shape (..., 2), from sensors, shape (S, 2), in m: shape (..., S)."""
    difference = np.asarray(places, float)[..., None, :] - np.asarray(sensors, float)
    return np.maximum(np.hypot(difference[..., 0], difference[..., 1]), closest_m)


def received_db(places: np.ndarray, sensors: np.ndarray, assumptions: Assumptions) -> np.ndarray:
    """J/N at sensors of a transmitter of 0 dB at 1 m, without shadowing: shape (..., S)."""
    return -path_loss_db(distances_m(places, sensors, assumptions.closest_m), assumptions.exponent)


def level_db(jn_db: np.ndarray) -> np.ndarray:
    """Level over the baseline of a J/N: 10 log10(1 + J/N)."""
    return np.logaddexp(0.0, np.asarray(jn_db, float) * math.log(10) / 10) * 10 / math.log(10)


def jn_db(level_db: np.ndarray) -> np.ndarray:
    """J/N of a level over the baseline, the inverse of `level_db`; NaN for levels of 0 dB or less."""
    level = np.asarray(level_db, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(level > 0, 10 * np.log10(np.expm1(level * math.log(10) / 10)), np.nan)


def correlation(seconds: int, correlation_s: float) -> np.ndarray:
    """Correlation of the shadowing between seconds, exp(-|difference| / correlation_s): shape (T, T)."""
    gaps = np.abs(np.subtract.outer(np.arange(seconds), np.arange(seconds)))
    return np.exp(-gaps / correlation_s) if correlation_s > 0 else (gaps == 0).astype(float)


def shadowing_db(rng: np.random.Generator, shape: tuple[int, ...], assumptions: Assumptions) -> np.ndarray:
    """Shadowing in dB of shape (..., T, S): correlated over T as assumed, else independent."""
    root = np.linalg.cholesky(correlation(shape[-2], assumptions.correlation_s))
    return assumptions.shadowing_db * (root @ rng.standard_normal(shape))


def measure(rng: np.random.Generator, jn_db: np.ndarray, assumptions: Assumptions) -> np.ndarray:
    """Levels that sensors show of a J/N without shadowing, both of shape (..., T, S): one session each.

    Returns
    -------
    array
        dB over the baseline; no more than `saturation_db`.
    """
    jn = np.asarray(jn_db, float)
    drift = rng.uniform(-1, 1, (*jn.shape[:-2], 1, jn.shape[-1])) * assumptions.gain_drift_db
    noise = assumptions.noise_db * rng.standard_normal(jn.shape)
    levels = level_db(jn + shadowing_db(rng, jn.shape, assumptions)) + drift + noise
    return np.minimum(levels, assumptions.saturation_db)


def draw_power_db(rng: np.random.Generator, count: int, assumptions: Assumptions) -> np.ndarray:
    """Powers of transmitters as assumed, J/N at 1 m.

    Raises
    ------
    InputError
        If nothing is assumed of the power: nothing can be drawn then.
    """
    if math.isinf(assumptions.power_sd_db):
        raise InputError("power_sd_db is infinite; give a finite one to draw transmitters")
    return assumptions.power_db + assumptions.power_sd_db * rng.standard_normal(count)
