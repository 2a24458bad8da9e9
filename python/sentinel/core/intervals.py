# SPDX-License-Identifier: GPL-3.0-or-later
"""Confidence intervals of counted things."""

import math
from typing import NamedTuple

from scipy.special import ndtri
from scipy.stats import chi2


class Interval(NamedTuple):
    """Lower and upper end, in the unit of the estimate."""

    low: float
    high: float


def _check(count: float, confidence: float) -> None:
    if not count >= 0:
        raise ValueError(f"count is {count}; it must not be negative")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it must lie between 0 and 1")


def wilson_interval(successes: float, trials: float, confidence: float = 0.95) -> Interval:
    """Return the two-sided Wilson score interval of a proportion; without trials it is (0, 1).

    Raises
    ------
    ValueError
        Negative counts, more successes than trials, or a confidence outside (0, 1).
    """
    _check(successes, confidence)
    if successes > trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    if trials == 0:
        return Interval(0.0, 1.0)
    z2 = float(ndtri(0.5 + confidence / 2)) ** 2
    share = successes / trials
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = math.sqrt(z2 * (share * (1 - share) + z2 / (4 * trials)) / trials) / (1 + z2 / trials)
    # The ends are exact here; the formula leaves them a rounding error away.
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == trials else middle + half
    return Interval(low, high)


def poisson_interval(count: int, exposure: float = 1.0, confidence: float = 0.95) -> Interval:
    """Return the exact two-sided interval (Garwood) of the rate of a Poisson count.

    Parameters
    ----------
    count : int
        Events counted.
    exposure : float
        What was watched, in hours for a rate per hour.
    """
    _check(count, confidence)
    if not exposure > 0:
        raise ValueError(f"exposure is {exposure}; it must be positive")
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else float(chi2.ppf(tail, 2 * count)) / 2
    high = float(chi2.isf(tail, 2 * count + 2)) / 2
    return Interval(low / exposure, high / exposure)


def rate_claim_holds(count: int, exposure: float, limit: float, confidence: float = 0.95) -> bool:
    """Return whether "at most `limit`" may be said of a rate: its upper bound is at most 1.5 times that."""
    return poisson_upper_bound(count, exposure, confidence) <= 1.5 * limit


def poisson_upper_bound(count: int, exposure: float = 1.0, confidence: float = 0.95) -> float:
    """Return the exact one-sided upper bound of the rate of a Poisson count (3.0 for none seen)."""
    _check(count, confidence)
    if not exposure > 0:
        raise ValueError(f"exposure is {exposure}; it must be positive")
    return float(chi2.isf(1 - confidence, 2 * count + 2)) / 2 / exposure
