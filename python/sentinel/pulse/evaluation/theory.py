# SPDX-License-Identifier: GPL-3.0-or-later
"""What theory allows: the non-coherent sum of K matched pulses in white noise."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import chi2, ncx2


def bound_probability(
    en0_db: ArrayLike, pulses: int, cells: float, false_alarm_probability: float
) -> np.ndarray:
    """Detection probability of the best non-coherent detector.

    The sum of K powers over noise is chi-square with 2K degrees of freedom, the largest of `cells`
    independent ones exceeds the threshold with the stated probability.

    Parameters
    ----------
    en0_db : array_like
        Energy of one pulse over noise density, dB.
    pulses : int
        K.
    cells : float
        Independent cells searched: sample rate times interval.
    false_alarm_probability : float
    """
    threshold = chi2.isf(false_alarm_probability / cells, 2 * pulses)
    energy = 10 ** (np.asarray(en0_db, dtype=float) / 10)
    return ncx2.sf(threshold, 2 * pulses, 2 * pulses * energy)


def bound_en0_db(level: float, pulses: int, cells: float, false_alarm_probability: float) -> float:
    """E/N0 in dB at which the bound reaches a detection probability."""
    return float(
        brentq(
            lambda en0: float(bound_probability(en0, pulses, cells, false_alarm_probability)) - level,
            -10.0,
            30.0,
        )
    )


def frequency_bound_hz(en0_db: float, pulses: int, width_s: float) -> float:
    """Cramer-Rao bound of the frequency of K pulses of independent phase, Hz rms."""
    energy = 10 ** (en0_db / 10)
    return math.sqrt(3 / (2 * math.pi**2 * energy * pulses)) / width_s
