# SPDX-License-Identifier: GPL-3.0-or-later
"""Instants of SigMF metadata as whole nanoseconds since 1970.

Recorders write from zero to twelve decimals of a second, so the resolution of the text is kept with
the instant: a jump smaller than that is rounding, not a gap.
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|z|[+-]\d\d:\d\d)?", re.ASCII)


class Instant(NamedTuple):
    """Nanoseconds since 1970 (UTC) and how fine the text was, in nanoseconds."""

    time_ns: int
    resolution_ns: int


def parse_datetime(text: str) -> Instant:
    """Read ISO 8601 with any number of decimals; without a zone it is UTC.

    Raises
    ------
    ValueError
        If the text has another form, names no real instant, or lies before 1970.
    """
    match = _TEXT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is not a time such as 2026-07-01T12:00:00.000000Z")
    whole, digits, zone = match[1], match[2] or "", match[3] or "Z"
    instant = datetime.fromisoformat(whole + ("+00:00" if zone in "Zz" else zone))
    since = instant - _EPOCH
    seconds = since.days * 86_400 + since.seconds
    if seconds < 0:
        raise ValueError(f"{text!r} is before 1970")
    fraction_ns = round(int(digits or "0") * 10 ** (9 - len(digits)))
    return Instant(seconds * 1_000_000_000 + fraction_ns, max(1, 10 ** (9 - min(len(digits), 9))))


def format_datetime(time_ns: int) -> str:
    """ISO 8601 with Z: six decimals, or nine where the instant is finer than a microsecond."""
    seconds, fraction_ns = divmod(time_ns, 1_000_000_000)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if fraction_ns % 1000:
        return f"{whole}.{fraction_ns:09d}Z"
    return f"{whole}.{fraction_ns // 1000:06d}Z"
