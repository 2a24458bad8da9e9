# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a detection curve crosses a level."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq, minimize_scalar
from scipy.special import log_ndtr, ndtri
from scipy.stats import chi2

from .intervals import Interval


@dataclass(frozen=True)
class Crossing:
    """Where a fitted curve reaches a level, and the interval of that place; unit of x."""

    x: float
    interval: Interval


def _log_logistic(t: np.ndarray) -> np.ndarray:
    return -np.logaddexp(0, -t)


# Each link: logarithm of the curve, and the argument at which the curve has a given value. Both curves are
# symmetric, so the same function of -t is the logarithm of the complement.
_LINKS = {
    "probit": (log_ndtr, lambda level: float(ndtri(level))),
    "logistic": (_log_logistic, lambda level: math.log(level / (1 - level))),
}


def curve_crossing(
    x: ArrayLike,
    successes: ArrayLike,
    trials: ArrayLike,
    level: float,
    confidence: float = 0.95,
    link: str = "probit",
    scale: str = "amplitude",
) -> Crossing | None:
    """Fit a rising probit (or logistic) curve by maximum likelihood and return where it reaches a level.

    The interval is that of the profile likelihood, which is the delta-method interval for many trials
    and stays honest where the curve jumps from none to all between two points, where that one fails.

    Parameters
    ----------
    x : array_like, shape (points,)
        E/N0 in dB for a detection curve.
    successes, trials : array_like, shape (points,)
    level : float
        0.5 or 0.9.
    link : {"probit", "logistic"}
    scale : {"amplitude", "linear"}
        What the curve is symmetric in: 10^(x/20), or x itself. Detection curves of 1 to 10 summed pulses
        are a probit in amplitude to within 0.01 dB, where one in dB puts 50 and 90 % wrong by 0.1 dB.

    Returns
    -------
    Crossing or None
        None if the fitted curve does not reach the level within the points measured. An interval end
        that lies outside them is the first or last point.

    Raises
    ------
    ValueError
        Fewer than two distinct points, counts that contradict each other, or a level outside (0, 1).
    """
    x, hits, counts = (np.asarray(values, dtype=np.float64) for values in (x, successes, trials))
    if not x.shape == hits.shape == counts.shape or x.ndim != 1 or len(np.unique(x)) < 2:
        raise ValueError("a curve needs successes and trials at two or more distinct points")
    if np.any(counts < 1) or np.any(hits < 0) or np.any(hits > counts):
        raise ValueError("successes of a curve must lie between 0 and the trials of their point")
    if not 0 < level < 1 or not 0 < confidence < 1:
        raise ValueError("level and confidence of a crossing must lie between 0 and 1")
    if link not in _LINKS or scale not in ("amplitude", "linear"):
        raise ValueError(f"no curve of link {link!r} and scale {scale!r}")
    log_curve, argument = _LINKS[link]
    if scale == "amplitude":
        x = 10 ** (x / 20)
    z = argument(level)
    low, high = float(x.min()), float(x.max())
    # Narrower than this all widths look alike on these points, wider than this the curve is flat.
    widths = (math.log(0.05 * np.min(np.diff(np.unique(x)))), math.log(10 * (high - low)))

    def profile(crossing: float) -> float:
        """Return the best log-likelihood of the curves through this crossing."""

        def loss(log_width: float) -> float:
            t = z + (x - crossing) / math.exp(log_width)
            return -float(np.sum(hits * log_curve(t) + (counts - hits) * log_curve(-t)))

        # The loss need not have one valley in ln width, so the bounded search starts at the best of a scan.
        scan = np.linspace(*widths, 25)
        best = int(np.argmin([loss(value) for value in scan]))
        bounds = (scan[max(best - 1, 0)], scan[min(best + 1, len(scan) - 1)])
        found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
        return -float(found.fun)

    margin = high - low
    grid = np.linspace(low - margin, high + margin, 61)
    heights = np.array([profile(value) for value in grid])
    # Where the curve jumps between two points the likelihood is level between them: take the middle.
    level_ground = np.flatnonzero(heights > heights.max() - 1e-3)
    start = int(level_ground[len(level_ground) // 2])
    bounds = (grid[max(start - 1, 0)], grid[min(start + 1, len(grid) - 1)])
    found = minimize_scalar(
        lambda value: -profile(value), bounds=bounds, method="bounded", options={"xatol": 1e-6}
    )
    best = float(found.x)
    if not low <= best <= high:
        return None
    goal = -float(found.fun) - float(chi2.ppf(confidence, 1)) / 2

    def end(limit: float) -> float:
        if profile(limit) > goal:
            return limit
        return brentq(lambda value: profile(value) - goal, *sorted((best, limit)), xtol=1e-5)

    places = [best, end(low), end(high)]
    if scale == "amplitude":
        places = [20 * math.log10(place) for place in places]
    return Crossing(places[0], Interval(*places[1:]))
