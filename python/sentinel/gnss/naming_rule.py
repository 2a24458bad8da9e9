# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of interference without learning: a few questions that a person would ask of the columns.

Stands beside the forest in every table of classes; a model that loses to it is not the default.
"""

from __future__ import annotations

import numpy as np

from .description import NAMES

_OF = {name: place for place, name in enumerate(NAMES)}
# Departure of the rows' powers from those of steady noise, signed logarithm: from here on it is on and off.
_PULSED = 1.8
# Kurtosis of the signal alone, natural logarithm: that of a constant envelope is 0.
_CONSTANT, _SWEPT = 0.03, 1.6
# Of noise the median over channels is ln 2 = 0.693.
_COMB = 0.69


def rule_class(row: np.ndarray) -> str:
    """The class of one row of `description.NAMES`."""

    def of(name: str) -> float:
        return float(row[_OF[name]])

    few_channels = of("share_top_8") > 0.5
    # A fast sweep is a comb of lines in every channel: less than noise has.
    if of("kurtosis_quantile_50") < _COMB:
        return "chirp"
    if of("row_kurtosis_sigma") > _PULSED:
        if few_channels:
            return "pulsed_cw" if of("share_top_2") > 0.68 else "dme"
        if of("signal_entropy_bits") < 5.87:
            return "ofdm"
        swept = of("signal_kurtosis_top_16") > _SWEPT and of("ripple_lag_1") > 0.7
        return "slow_chirp" if swept else "pulsed_noise"
    if of("signal_coherence_top_4") < 0.13:
        return "noise"
    if of("signal_coherence_top_64") > 0.99:
        if of("signal_kurtosis_top_2") > _CONSTANT:
            return "am"
        return "cw" if of("signal_entropy_bits") < 1 else "multitone"
    return "fm" if of("kurtosis_rank_1") > 0.77 or of("row_kurtosis_sigma") < -4 else "multitone"
