# SPDX-License-Identifier: GPL-3.0-or-later
"""UTC instants as ISO 8601 text with microseconds and Z, and as GNU Radio's (seconds, fraction).

All arithmetic is in whole microseconds: a double of seconds since 1970 has only 0.2 µs left and
would make the last digit of a time depend on the order of additions.
"""

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_MICROSECOND = timedelta(microseconds=1)


def text_from_rx_time(seconds: int, fraction: float = 0.0) -> str:
    """Write whole seconds since 1970 and a fraction in seconds as ISO 8601, rounded to 1 µs.

    Raises
    ------
    ValueError
        If the instant lies before 1970 or after 9999.
    """
    return text_from_microseconds(int(seconds) * 1_000_000 + round(float(fraction) * 1e6))


def rx_time_from_text(text: str) -> tuple[int, float]:
    """Whole seconds since 1970 and the fraction in seconds of an ISO 8601 text. Raises ValueError."""
    microseconds = microseconds_from_text(text)
    return microseconds // 1_000_000, microseconds % 1_000_000 / 1e6


def text_from_microseconds(microseconds: int) -> str:
    """Write whole microseconds since 1970 as ISO 8601. Raises ValueError outside of 1970 to 9999."""
    if microseconds < 0:
        raise ValueError(f"{microseconds} µs is before 1970")
    try:
        instant = _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError as error:
        raise ValueError(f"{microseconds} µs after 1970 lies beyond the year 9999") from error
    return instant.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def microseconds_from_text(text: str) -> int:
    """Whole microseconds since 1970 of an ISO 8601 text such as 2026-07-01T12:00:00.000000Z.

    Raises
    ------
    ValueError
        If the text has another form, names no real date, or lies before 1970.
    """
    if not _TEXT.fullmatch(text):
        raise ValueError(f"{text!r} is not UTC as 2026-07-01T12:00:00.000000Z")
    try:
        since_epoch = datetime.fromisoformat(text[:-1] + "+00:00") - _EPOCH
    except ValueError as error:
        raise ValueError(f"{text!r} is no real instant: {error}") from error
    if since_epoch < timedelta(0):
        raise ValueError(f"{text!r} is before 1970")
    return since_epoch // _MICROSECOND


def add_samples(text: str, samples: int, rate_hz: float) -> str:
    """The instant `samples` samples after `text` at `rate_hz`, rounded to 1 µs.

    Whole seconds are taken out in integers first, so counters beyond 2^40 keep their microseconds.
    """
    seconds, rest = divmod(samples, rate_hz) if rate_hz != int(rate_hz) else divmod(samples, int(rate_hz))
    distance = int(seconds) * 1_000_000 + round(rest / rate_hz * 1e6)
    return text_from_microseconds(microseconds_from_text(text) + distance)
