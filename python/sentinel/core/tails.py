# SPDX-License-Identifier: GPL-3.0-or-later
"""Models of the upper tail of a null statistic: what noise alone exceeds, and how often.

A tail answers two questions that are each other's inverse: `exceedance(x)`, the probability that one
noise-only decision exceeds x, and `threshold(p)`, the x that is exceeded with probability p.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import gammaln, logsumexp, polygamma
from scipy.stats import gumbel_r

MAX_GROWTH = 4.0


def _check_probability(probability: float) -> None:
    if not 0 < probability < 1:
        raise ValueError(f"probability is {probability}; it must lie between 0 and 1")


def _check_finite(tail: Any) -> None:
    for name, value in asdict(tail).items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ValueError(f"{name} of a {tail.kind} tail is {value!r}; it must be a finite number")


def log_upper_gamma(pulses: int, x: ArrayLike) -> np.ndarray:
    """Return ln Q(K, x), Q the regularised upper incomplete gamma function for a whole number K.

    Q(K, x) = exp(-x) sum_{j<K} x^j / j! is the probability that K unit-mean exponentials sum to more
    than x. The finite sum keeps full relative precision where Q itself underflows (x above 745).
    """
    x = np.asarray(x, dtype=np.float64)
    if np.any(x < 0):
        raise ValueError("a sum of powers cannot be negative")
    j = np.arange(pulses, dtype=np.float64)
    with np.errstate(divide="ignore"):
        log_x = np.log(x)[..., None]
    # 0 * ln 0 is the constant term of the sum, which is 1 whatever x is.
    powers = np.multiply(j, log_x, out=np.zeros(np.broadcast_shapes(j.shape, log_x.shape)), where=j > 0)
    return -x + logsumexp(powers - gammaln(j + 1), axis=-1)


@dataclass(frozen=True)
class GumbelTail:
    """Gumbel distribution of maxima, as the published detectors fit it: P = 1 - exp(-exp(-(x - a) / b))."""

    location: float
    scale: float
    kind: ClassVar[str] = "gumbel"

    def __post_init__(self) -> None:
        _check_finite(self)
        if not self.scale > 0:
            raise ValueError(f"scale of a gumbel tail is {self.scale}; it must be positive")

    def log_exceedance(self, x: ArrayLike) -> np.ndarray:
        """Return ln P(statistic > x)."""
        rate = np.exp(-(np.asarray(x, dtype=np.float64) - self.location) / self.scale)
        return np.log(-np.expm1(-rate))

    def exceedance(self, x: ArrayLike) -> np.ndarray | float:
        """Return P(statistic > x); a scalar gives a float."""
        rate = np.exp(-(np.asarray(x, dtype=np.float64) - self.location) / self.scale)
        return -np.expm1(-rate)[()]

    def threshold(self, probability: float) -> float:
        """Return the x that is exceeded with this probability."""
        _check_probability(probability)
        return self.location - self.scale * math.log(-math.log1p(-probability))


@dataclass(frozen=True)
class ChiSquareMaxTail:
    """Largest of many sums of K pulse powers: P = 1 - exp(-n Q(K, x) (x / x_ref)^q).

    In white noise a cell's power is exponential, so a sum of K has the survival function Q(K, x), and
    the cells of an oversampled grid act like n independent ones. On a finely sampled grid n itself
    grows with the level, by the square root of x for each continuous axis; a noise estimate that
    fluctuates makes it grow further. q says how fast.

    Parameters
    ----------
    independent_cells : float
        n at `reference`.
    pulses : int
        K, the powers summed, each of unit mean in noise.
    growth : float
        q, 0 to 4. With 0 the reference does not matter.
    reference : float
        x_ref.
    log_cells_error : float
        Standard error of ln n; 0 when n is given and not fitted.
    """

    independent_cells: float
    pulses: int
    growth: float = 0.0
    reference: float = 1.0
    log_cells_error: float = 0.0
    kind: ClassVar[str] = "chi-square-max"

    def __post_init__(self) -> None:
        _check_finite(self)
        if not self.independent_cells > 0 or not self.reference > 0 or not self.log_cells_error >= 0:
            raise ValueError(
                "cells and reference of a chi-square tail must be positive, its error not negative"
            )
        if not isinstance(self.pulses, int) or self.pulses < 1:
            raise ValueError(f"pulses is {self.pulses!r}; it must be a whole number of at least 1")
        if not 0 <= self.growth <= MAX_GROWTH:
            raise ValueError(f"growth is {self.growth}; it must lie in 0 .. {MAX_GROWTH}")

    def _lowest(self) -> float:
        """Return the x below which Q x^q falls again; the model is held constant there."""
        if self.growth == 0:
            return 0.0

        def slope(x: float) -> float:
            # d ln(Q x^q) / d ln x, times -1: x times the hazard of the gamma distribution, less q.
            k = self.pulses
            log_density = (k - 1) * math.log(x) - x - math.lgamma(k)
            return x * math.exp(log_density - float(log_upper_gamma(k, x))) - self.growth

        return brentq(slope, 1e-9, 4.0 * self.pulses + 8.0)

    def log_rate(self, x: ArrayLike) -> np.ndarray:
        """Return ln of the expected number of independent cells above x."""
        x = np.maximum(np.asarray(x, dtype=np.float64), self._lowest())
        rate = math.log(self.independent_cells) + log_upper_gamma(self.pulses, x)
        return rate + self.growth * np.log(x / self.reference) if self.growth else rate

    def log_exceedance(self, x: ArrayLike) -> np.ndarray:
        """Return ln P(statistic > x), also where P itself underflows."""
        log_rate = self.log_rate(x)
        # For a small rate r, 1 - exp(-r) = r to within r/2.
        return np.where(log_rate < -40, log_rate, np.log(-np.expm1(-np.exp(np.maximum(log_rate, -40)))))

    def exceedance(self, x: ArrayLike) -> np.ndarray | float:
        """Return P(statistic > x); a scalar gives a float."""
        return -np.expm1(-np.exp(self.log_rate(x)))[()]

    def threshold(self, probability: float) -> float:
        """Return the x that is exceeded with this probability.

        Raises
        ------
        ValueError
            Probability outside (0, 1), or so high that even the lowest x is exceeded less often.
        """
        _check_probability(probability)
        goal = math.log(-math.log1p(-probability))

        def excess(x: float) -> float:
            return float(self.log_rate(x)) - goal

        low = self._lowest()
        if excess(low) < 0:
            raise ValueError(
                f"no threshold is exceeded with probability {probability}: "
                f"{self.independent_cells:g} cells allow at most {self.exceedance(low):g}"
            )
        high = 2.0 * self.pulses + 8.0
        while excess(high) > 0:
            high *= 2
        return brentq(excess, low, high, xtol=1e-13, rtol=1e-14)


Tail = GumbelTail | ChiSquareMaxTail
_KINDS: dict[str, type] = {GumbelTail.kind: GumbelTail, ChiSquareMaxTail.kind: ChiSquareMaxTail}


def tail_to_dict(tail: Tail) -> dict[str, Any]:
    """Return the tail as plain values, its kind among them."""
    return {"kind": tail.kind, **asdict(tail)}


def tail_from_dict(values: Any) -> Tail:
    """Return the tail that `tail_to_dict` described; ValueError if it describes none."""
    if not isinstance(values, dict) or values.get("kind") not in _KINDS:
        raise ValueError(f"no known tail: {str(values)[:80]}")
    try:
        return _KINDS[values["kind"]](**{name: value for name, value in values.items() if name != "kind"})
    except TypeError as error:
        raise ValueError(f"tail of wrong fields: {error}") from error


def _maxima(values: ArrayLike, least: int) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64).ravel()
    if len(values) < least:
        raise ValueError(f"{len(values)} null values are too few for a tail; give at least {least}")
    if not np.all(np.isfinite(values)):
        raise ValueError("null values must be finite")
    return values


def fit_gumbel(maxima: ArrayLike) -> GumbelTail:
    """Fit a Gumbel tail by maximum likelihood (`scipy.stats.gumbel_r`).

    Parameters
    ----------
    maxima : array_like, shape (trials,)
        The largest statistic of each noise-only decision.
    """
    values = _maxima(maxima, 8)
    if np.ptp(values) == 0:
        raise ValueError("all null values are equal; a tail cannot be fitted")
    location, scale = gumbel_r.fit(values)
    return GumbelTail(float(location), float(scale))


def fit_chi_square_max(
    maxima: ArrayLike, pulses: int, growth: float = 0.0, upper_share: float = 1.0
) -> ChiSquareMaxTail:
    """Fit the number of independent cells by maximum likelihood.

    With g(x) = Q(K, x) (x / x_ref)^q the maxima have the density -n g' exp(-n g), so g(x) is an
    exponential of rate n. Where the model holds in the tail only, the lower maxima are censored: with
    the m largest of N kept, n = m / (sum of their g + (N - m) g of the smallest kept). ln n has the
    standard error sqrt(trigamma(m)), about 1 / sqrt(m), whatever n is.

    Parameters
    ----------
    maxima : array_like, shape (trials,)
        The largest statistic of each noise-only decision, per-pulse noise power 1.
    pulses : int
        K, the powers summed.
    growth : float
        q, held fixed; x_ref is the median of the maxima.
    upper_share : float
        Share of the maxima that is used, 0 to 1, the largest.
    """
    values = _maxima(maxima, 8)
    if not np.all(values > 0):
        raise ValueError("maxima of summed powers must be positive")
    kept = round(upper_share * len(values))
    if not 4 <= kept <= len(values):
        raise ValueError(
            f"upper_share {upper_share} of {len(values)} values leaves fewer than 4, or too many"
        )
    reference = float(np.median(values))
    shape = ChiSquareMaxTail(1.0, pulses, growth, reference)
    rates = np.sort(shape.log_rate(values))[:kept]
    censored = math.log(len(values) - kept) + rates[-1] if kept < len(values) else -math.inf
    log_cells = math.log(kept) - float(logsumexp(np.append(rates, censored)))
    error = math.sqrt(float(polygamma(1, kept)))
    return ChiSquareMaxTail(math.exp(log_cells), pulses, growth, reference, error)
