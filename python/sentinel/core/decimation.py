# SPDX-License-Identifier: GPL-3.0-or-later
"""Which decimation leads from one rate to another, and what the cascade of it keeps."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from .. import kernel
from .errors import InputError

# Rates are stored as decimal text or rounded quotients; this is no deviation.
_EXACT_PPM = 1e-3


@dataclass(frozen=True)
class DecimationPlan:
    """An integer decimation.

    Attributes
    ----------
    rate_in : float
        Of the input, Hz.
    decimation : int
    factors : tuple of int
        Of the stages.
    """

    rate_in: float
    decimation: int
    factors: tuple[int, ...]

    @property
    def rate_out(self) -> float:
        """Hz; that of the input over the decimation."""
        return self.rate_in / self.decimation

    @functools.cached_property
    def band_hz(self) -> tuple[float, float]:
        """Half-widths: where the response is within 1 dB, and where aliases stay below -40 dB."""
        flat, clean = kernel.usable_band(list(self.factors))
        return flat * self.rate_out, clean * self.rate_out

    def check_shift(self, shift_hz: float) -> None:
        """Raise InputError for a shift beyond half the input's rate."""
        if abs(shift_hz) > self.rate_in / 2:
            raise InputError(
                f"shift {shift_hz:g} Hz lies outside +-{self.rate_in / 2:g} Hz, half the input's rate; "
                "choose one inside"
            )


def deviation_ppm(rate: float, nominal: float) -> float:
    """Distance of a rate from its nominal value, parts per million."""
    return abs(rate / nominal - 1) * 1e6


def plan_rates(
    rate_in: float, rate_out: float, tolerance_ppm: float = 5000.0, strict: bool = False
) -> DecimationPlan:
    """The integer decimation that comes nearest to `rate_out`.

    Parameters
    ----------
    rate_in, rate_out : float
        Hz.
    tolerance_ppm : float
        How far rate_in / decimation may lie from `rate_out`.
    strict : bool
        It may not lie away from it at all.

    Raises
    ------
    InputError
        If no decimation does; the text names rates that can be had.
    """
    ratio = rate_in / rate_out
    decimation = max(1, round(ratio))
    off = deviation_ppm(rate_in / decimation, rate_out)
    if off > max(tolerance_ppm, _EXACT_PPM):
        near = sorted({max(1, math.floor(ratio)), math.ceil(ratio)})
        rates = " or ".join(f"{rate_in / n:.6g}" for n in near)
        raise InputError(
            f"the rate {rate_in:.10g} Hz is {ratio:.6g} times {rate_out:.10g} Hz, no whole number "
            f"within {tolerance_ppm:g} ppm; set --rate-out to {rates}"
        )
    if strict and off > _EXACT_PPM:
        raise InputError(
            f"the rate {rate_in:.10g} Hz is {off:.0f} ppm from {decimation} times {rate_out:.10g} Hz; "
            f"leave out --strict-input-rate or set --rate-out to {rate_in / decimation:.10g}"
        )
    try:
        factors = kernel.cascade_factors(decimation)
    except ValueError as error:
        raise InputError(f"{error}: set --rate-out to {rate_in:.10g} Hz divided by one of them") from None
    return DecimationPlan(rate_in, decimation, tuple(factors))
