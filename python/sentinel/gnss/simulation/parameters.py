# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of the interference waveforms: what each may be, how it is drawn, and what is held out.

Frequencies are offsets from the centre of the band. Of each family two parameters are held out in
their upper fifth (of the logarithm where they are drawn so): ordinary sets have none of it, sets of
held-out parameters have both from there.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import InputError
from ..families import CLASSES, FAMILIES, HELD_OUT_FAMILY

SAMPLE_RATE = 2.56e6
#: Part of the range that is never in ordinary sets.
HELD_OUT_SHARE = 0.2
# Carriers stay in this part of the band, and some of them come close to its centre.
_BAND_SHARE = 0.94
_NEAR_CENTRE_PROBABILITY = 0.1
_NEAR_CENTRE_HZ = 5e3

Parameters = dict[str, float | int | str | bool]


@dataclass(frozen=True)
class Range:
    """Where a number is drawn from, and what may be given at most.

    Attributes
    ----------
    low, high : float
        Drawn uniformly between them, or in their logarithm.
    log, whole : bool
    least, most : float, optional
        What a user may give; `low` and `high` if None.
    held_out : bool
        Whether the upper fifth is kept from ordinary sets.
    unit : str
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False
    least: float | None = None
    most: float | None = None
    held_out: bool = False
    unit: str = ""

    def at(self, place: float) -> float | int:
        """The value at a place 0 .. 1 of the range."""
        if self.whole:
            return min(int(self.low + place * (self.high - self.low + 1)), int(self.high))
        if self.log:
            return math.exp(math.log(self.low) + place * math.log(self.high / self.low))
        return self.low + place * (self.high - self.low)

    @property
    def split(self) -> float:
        """Place in the range where the held-out part begins, for whole numbers between two of them."""
        if not self.whole:
            return 1.0 - HELD_OUT_SHARE
        count = self.high - self.low + 1
        return round((1.0 - HELD_OUT_SHARE) * count) / count

    def draw(self, rng: np.random.Generator, held_out: bool) -> float | int:
        """A value; of the upper fifth, or of the rest, where that is held out."""
        place = rng.random()
        if self.held_out:
            split = self.split
            place = split + (1.0 - split) * place if held_out else split * place
        return self.at(place)

    @property
    def limit(self) -> float | int:
        """The least value that is held out."""
        return self.at(self.split)


@dataclass(frozen=True)
class Offset:
    """Carrier frequency: anywhere in the band, one in ten within 5 kHz of its centre; or up to `span_hz`."""

    span_hz: float | None = None
    unit: str = "Hz"


@dataclass(frozen=True)
class Choice:
    """One of several, all alike."""

    values: tuple[Any, ...]
    unit: str = ""


Kind = Range | Offset | Choice

_HZ, _S = "Hz", "s"

RANGES: dict[str, dict[str, Kind]] = {
    "noise": {
        "offset_hz": Offset(),
        "bandwidth_hz": Range(0.2e6, 6e6, log=True, least=50e3, most=100e6, held_out=True, unit=_HZ),
        "tilt_db": Range(0.0, 6.0, least=-20.0, most=20.0, held_out=True, unit="dB"),
    },
    "cw": {
        "offset_hz": Offset(),
        "linewidth_hz": Range(0.01, 30.0, log=True, least=0.0, most=1e3, held_out=True, unit=_HZ),
        "drift_hz_per_s": Range(0.0, 2e3, least=-1e5, most=1e5, held_out=True, unit="Hz/s"),
    },
    "multitone": {
        "offset_hz": Offset(),
        "tones": Range(2, 12, whole=True, least=1, most=64, held_out=True),
        "spacing_hz": Range(1e3, 400e3, log=True, least=1.0, most=10e6, held_out=True, unit=_HZ),
        "scatter": Range(0.0, 0.3, most=0.5),
        "level_spread_db": Range(0.0, 6.0, most=30.0, unit="dB"),
    },
    "am": {
        "offset_hz": Offset(),
        "depth": Range(0.2, 1.0, least=0.0, held_out=True),
        "audio_hz": Range(300.0, 10e3, log=True, least=1.0, most=50e3, held_out=True, unit=_HZ),
        "audio_tones": Range(1, 3, whole=True, most=8),
    },
    "fm": {
        "offset_hz": Offset(),
        "deviation_hz": Range(2e3, 400e3, log=True, least=1.0, most=5e6, held_out=True, unit=_HZ),
        "audio_hz": Range(200.0, 20e3, log=True, least=1.0, most=50e3, held_out=True, unit=_HZ),
        "audio": Choice(("tone", "noise")),
    },
    "chirp": {
        "offset_hz": Offset(3e6),
        "bandwidth_hz": Range(10e6, 30e6, least=0.1e6, most=34e6, held_out=True, unit=_HZ),
        "period_s": Range(9e-6, 40e-6, least=5e-6, most=0.3e-3, held_out=True, unit=_S),
        "shape": Choice(("up", "down", "triangle")),
        "jitter": Range(0.0, 0.02, most=0.2),
        "coherent": Choice((True, False)),
    },
    "slow_chirp": {
        "offset_hz": Offset(0.4e6),
        "bandwidth_hz": Range(1.5e6, 30e6, log=True, least=0.1e6, most=34e6, held_out=True, unit=_HZ),
        "period_s": Range(0.3e-3, 2e-3, log=True, least=50e-6, most=1.0, held_out=True, unit=_S),
        "shape": Choice(("up", "down", "triangle")),
        "jitter": Range(0.0, 0.02, most=0.2),
        "coherent": Choice((True, False)),
    },
    "dme": {
        "offset_hz": Offset(),
        "pairs_per_s": Range(800.0, 5400.0, log=True, least=1.0, most=40e3, held_out=True, unit="1/s"),
        "level_spread_db": Range(0.0, 10.0, most=30.0, held_out=True, unit="dB"),
        "spacing_s": Choice((12e-6, 12e-6, 36e-6)),
        "width_s": Range(3.3e-6, 3.7e-6, least=1e-6, most=20e-6, unit=_S),
    },
    "pulsed_cw": {
        "offset_hz": Offset(),
        "period_s": Range(50e-6, 5e-3, log=True, least=5e-6, most=0.2, held_out=True, unit=_S),
        "duty": Range(0.02, 0.4, log=True, least=1e-3, most=1.0, held_out=True),
        "jitter": Range(0.0, 0.3, most=0.5),
    },
    "pulsed_noise": {
        "offset_hz": Offset(0.5e6),
        "bandwidth_hz": Range(0.8e6, 6e6, log=True, least=50e3, most=100e6, unit=_HZ),
        "period_s": Range(50e-6, 5e-3, log=True, least=5e-6, most=0.2, held_out=True, unit=_S),
        "duty": Range(0.05, 0.5, log=True, least=1e-3, most=1.0, held_out=True),
        "jitter": Range(0.0, 0.3, most=0.5),
    },
    "ofdm": {
        "offset_hz": Offset(),
        "bandwidth_hz": Range(0.6e6, 2.5e6, least=0.1e6, most=10e6, unit=_HZ),
        "spacing_hz": Range(4e3, 50e3, log=True, least=1e3, most=0.2e6, held_out=True, unit=_HZ),
        "prefix": Range(1 / 16, 1 / 4, least=0.0, most=0.5),
        "period_s": Range(0.5e-3, 10e-3, log=True, least=50e-6, most=0.2, held_out=True, unit=_S),
        "duty": Range(0.1, 0.6, least=0.01, most=1.0),
        "jitter": Range(0.0, 0.3, most=0.5),
    },
    "hopping": {
        "offset_hz": Offset(0.1e6),
        "bandwidth_hz": Range(0.5e6, 2.2e6, least=10e3, most=10e6, unit=_HZ),
        "hops_per_s": Range(500.0, 20e3, log=True, least=1.0, most=200e3, held_out=True, unit="1/s"),
        "channels": Range(4, 40, whole=True, least=2, most=1000, held_out=True),
    },
}


def known_family(family: str) -> str:
    """The name itself. Raises InputError, with what it may have meant, for one that is not known."""
    known = (*FAMILIES, HELD_OUT_FAMILY)
    if family in known:
        return family
    close = difflib.get_close_matches(str(family), (*known, CLASSES[0]), n=2)
    if family == CLASSES[0] or close == [CLASSES[0]]:
        raise InputError(f"family {family!r} is no interference; leave that interval out")
    remedy = f"did you mean {' or '.join(close)}?" if close else f"use {', '.join(known)}"
    raise InputError(f"interference family {family!r} is unknown; {remedy}")


def held_out_parameters(family: str) -> tuple[str, ...]:
    """The two parameters whose upper fifth is held out."""
    ranges = RANGES[known_family(family)]
    return tuple(name for name, kind in ranges.items() if isinstance(kind, Range) and kind.held_out)


def draw_parameters(
    family: str, rng: np.random.Generator, held_out: bool = False, sample_rate: float = SAMPLE_RATE
) -> Parameters:
    """All parameters of one waveform.

    Parameters
    ----------
    family : str
    rng : numpy.random.Generator
    held_out : bool
        Draw the two held-out parameters from their upper fifth; otherwise never from there.
    sample_rate : float
        Hz; of the band the carrier lies in.

    Raises
    ------
    InputError
        For an unknown family.
    """
    drawn: Parameters = {}
    for name, kind in RANGES[known_family(family)].items():
        if isinstance(kind, Range):
            drawn[name] = kind.draw(rng, held_out)
        elif isinstance(kind, Choice):
            drawn[name] = kind.values[rng.integers(len(kind.values))]
        else:
            drawn[name] = _draw_offset(kind, rng, sample_rate)
    return _fitted(family, drawn, sample_rate)


def _draw_offset(kind: Offset, rng: np.random.Generator, sample_rate: float) -> float:
    near, place = rng.random() < _NEAR_CENTRE_PROBABILITY, rng.uniform(-1.0, 1.0)
    if kind.span_hz is not None:
        return place * kind.span_hz
    return place * (_NEAR_CENTRE_HZ if near else _BAND_SHARE * sample_rate / 2)


def half_width_hz(family: str, parameters: Mapping[str, Any]) -> float:
    """Half the band that a waveform takes on both sides of its offset."""
    if family == "multitone":
        tones = parameters["tones"]
        return parameters["spacing_hz"] * ((tones - 1) / 2 + parameters["scatter"])
    if family == "am":
        return parameters["audio_hz"] * parameters["audio_tones"]
    if family == "fm":
        return parameters["deviation_hz"] + parameters["audio_hz"]
    if family == "dme":
        return 0.44 / parameters["width_s"]
    if family == "pulsed_cw":
        return 1.0 / (parameters["duty"] * parameters["period_s"])
    return parameters.get("bandwidth_hz", 0.0) / 2


def _fitted(family: str, drawn: Parameters, sample_rate: float) -> Parameters:
    """The same moved and, tones too far apart, pressed together so that all of it is in the band."""
    edge = _BAND_SHARE * sample_rate / 2
    if family == "multitone":
        drawn["spacing_hz"] *= min(1.0, edge / half_width_hz(family, drawn))
    if family in ("multitone", "am", "fm", "ofdm", "hopping"):
        room = max(edge - half_width_hz(family, drawn), 0.0)
        drawn["offset_hz"] = float(np.clip(drawn["offset_hz"], -room, room))
    return drawn


def check_parameters(family: str, given: Mapping[str, Any], sample_rate: float = SAMPLE_RATE) -> Parameters:
    """All parameters of a family, those given checked, the others in the middle of their ranges.

    Texts are read as numbers. Raises InputError for a name or value that is not possible.
    """
    ranges = RANGES[known_family(family)]
    for name in given:
        if name not in ranges:
            close = difflib.get_close_matches(name, ranges, n=2)
            remedy = f"did you mean {' or '.join(close)}?" if close else f"use {', '.join(ranges)}"
            raise InputError(f"{family}: parameter {name!r} is unknown; {remedy}")
    values: Parameters = {}
    for name, kind in ranges.items():
        if name in given:
            values[name] = _checked(f"{family}: {name}", kind, given[name], sample_rate)
        else:
            values[name] = _usual(kind)
    if "spacing_hz" not in given:
        values = _fitted(family, values, sample_rate) if "offset_hz" not in given else values
    _check_band(family, values, sample_rate)
    return values


def _usual(kind: Kind) -> float | int | str | bool:
    if isinstance(kind, Range):
        return kind.at(0.5)
    return kind.values[0] if isinstance(kind, Choice) else 0.0


def _checked(what: str, kind: Kind, value: Any, sample_rate: float) -> float | int | str | bool:
    if isinstance(kind, Choice):
        for possible in kind.values:
            if value == possible or str(value).lower() == str(possible).lower() or _equal(value, possible):
                return possible
        shown = ", ".join(str(v).lower() for v in dict.fromkeys(kind.values))
        raise InputError(f"{what} is {value!r}; use {shown}")
    number = _number(what, value)
    if isinstance(kind, Offset):
        most = max(sample_rate / 2, kind.span_hz or 0.0)
        least = -most
    else:
        least = kind.low if kind.least is None else kind.least
        most = kind.high if kind.most is None else kind.most
        if kind.whole and number != int(number):
            raise InputError(f"{what} is {number:g}; give a whole number")
    if not least <= number <= most:
        unit = f" {kind.unit}" if kind.unit else ""
        raise InputError(f"{what} is {number:g}; give {least:g} to {most:g}{unit}")
    return int(number) if isinstance(kind, Range) and kind.whole else number


def _equal(value: Any, possible: Any) -> bool:
    try:
        return not isinstance(possible, bool | str) and math.isclose(float(value), possible)
    except (TypeError, ValueError):
        return False


def _number(what: str, value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{what} is {value!r}; give a number such as 20e-6")
    return number


def _check_band(family: str, values: Parameters, sample_rate: float) -> None:
    """Refuse what would fold back into the band from outside."""
    if family in ("cw", "multitone", "am", "fm", "hopping", "ofdm"):
        reach = abs(values["offset_hz"]) + half_width_hz(family, values)
        if reach > sample_rate / 2:
            raise InputError(
                f"{family}: reaches {reach:g} Hz from the centre, the band ends at {sample_rate / 2:g} Hz; "
                "move it or make it narrower"
            )
