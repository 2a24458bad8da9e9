# SPDX-License-Identifier: GPL-3.0-or-later
"""Frequencies and rates as people write them: 146M, 2.56e6, 3840, 150.5k, 1.2G, 146.2 MHz."""

import math
import re

from .errors import InputError

_FACTORS = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}
# ASCII digits only and no thousands separators, so that the meaning never depends on a locale.
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([kKMG]?)(?:\s*[hH][zZ])?", re.ASCII)


def parse_frequency(text: str | float, what: str = "frequency") -> float:
    """Read a frequency in Hz; it may be negative, as an offset is.

    Parameters
    ----------
    text : str or float
        A number with an optional prefix k, M or G and an optional "Hz"; a plain number is Hz.
    what : str
        How the error text calls the value, for instance the option's name.

    Raises
    ------
    InputError
        If the text is no finite number with a known prefix.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise InputError(f"{what} {text!r} is not a number; write it in Hz, for instance 146M or 2.56e6")
    if not isinstance(text, str):
        value = float(text)
    else:
        match = _NUMBER.fullmatch(text.strip())
        if match is None:
            raise InputError(f"{what} {text!r} is not understood; {_remedy(text)}")
        # Shifting the decimal exponent, not multiplying, keeps 150.3k the double nearest to 150300.
        value = _shift(match[1], _FACTORS[match[2]])
    if not math.isfinite(value):
        raise InputError(f"{what} {text!r} is not finite; write it in Hz, for instance 146M or 2.56e6")
    return value


def parse_rate(text: str | float, what: str = "rate") -> float:
    """Read a sample rate in Hz, which must be above zero. Same grammar and errors as `parse_frequency`."""
    value = parse_frequency(text, what)
    if value <= 0:
        raise InputError(f"{what} {text!r} must be above 0; write it in Hz, for instance 48k or 2.56e6")
    return value


def format_frequency(hz: float) -> str:
    """Write a frequency with the prefix that suits it and up to ten digits, readable by `parse_frequency`."""
    for prefix in ("G", "M", "k"):
        if abs(hz) >= _FACTORS[prefix]:
            return f"{hz / _FACTORS[prefix]:.10g} {prefix}Hz"
    return f"{hz:.10g} Hz"


def _shift(digits: str, factor: float) -> float:
    mantissa, _, exponent = digits.lower().partition("e")
    return float(f"{mantissa}e{int(exponent or 0) + round(math.log10(factor))}")


def _remedy(text: str) -> str:
    if "," in text:
        return "use a point, not a comma, as in 150.5k"
    if text.strip().endswith("m"):
        return "mega is a capital M, as in 146M"
    return "write a number with k, M or G, for instance 146M, 2.56e6 or 3840"
