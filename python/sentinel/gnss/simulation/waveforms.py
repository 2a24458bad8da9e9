# SPDX-License-Identifier: GPL-3.0-or-later
"""The waveform of a family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .parameters import SAMPLE_RATE, known_family
from .waveform import Waveform
from .waveforms_narrow import Am, Cw, Fm, Hopping, Multitone
from .waveforms_pulsed import Dme, Ofdm, PulsedCw, PulsedNoise
from .waveforms_wide import Chirp, Noise

_WAVEFORMS: dict[str, type[Waveform]] = {
    "noise": Noise,
    "cw": Cw,
    "multitone": Multitone,
    "am": Am,
    "fm": Fm,
    "chirp": Chirp,
    "slow_chirp": Chirp,
    "dme": Dme,
    "pulsed_cw": PulsedCw,
    "pulsed_noise": PulsedNoise,
    "ofdm": Ofdm,
    "hopping": Hopping,
}


def make_waveform(
    family: str, parameters: Mapping[str, Any], seed: int, sample_rate: float = SAMPLE_RATE
) -> Waveform:
    """A waveform of mean power 1 in the sampled band.

    Parameters
    ----------
    family : str
    parameters : mapping
        All of them, as `draw_parameters` and `check_parameters` give.
    seed : int
        Of phases, times and data: two of one seed are equal.
    sample_rate : float
        Hz.

    Raises
    ------
    InputError
        For an unknown family.
    """
    return _WAVEFORMS[known_family(family)](sample_rate, seed, **parameters)
