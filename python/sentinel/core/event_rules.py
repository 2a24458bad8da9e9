# SPDX-License-Identifier: GPL-3.0-or-later
"""What each key of an event may hold: the table behind `event.Event`."""

import re
from dataclasses import dataclass
from typing import Any

from . import values
from .errors import EventError

SCHEMA = 1
DETECTORS = ("pulse", "gnss", "radar", "anomaly", "dof")
STATES = ("open", "update", "closed")
ACCOUNTINGS = ("exact", "timestamps", "sequence", "clock", "none")
#: Keys that may be None.
NULLABLE = frozenset(
    (
        "time",
        "time_uncertainty_s",
        "freq_hz",
        "false_alarms_per_hour",
        "snr_db",
        "confidence",
        "latitude_deg",
        "longitude_deg",
        "altitude_m",
        "model",
    )
)

_UUID5 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Model:
    """Which learned model decided: its name, version and the SHA-256 of its file in lower-case hex."""

    name: str
    version: str
    sha256: str

    def __post_init__(self) -> None:
        values.text("model.name", self.name)
        values.text("model.version", self.version)
        if not _SHA256.fullmatch(values.text("model.sha256", self.sha256)):
            raise EventError(f"model.sha256 must be 64 lower-case hex digits, not {self.sha256!r}")


def hertz(key: str, value: Any) -> float:
    """A frequency or offset in Hz, at most 500 GHz away from 0."""
    return values.real(key, value, -values.LARGEST_HZ, values.LARGEST_HZ)


def _not_negative(key: str, value: Any) -> float:
    return values.real(key, value, lower=0.0)


def _rate(key: str, value: Any) -> float:
    rate = values.real(key, value, 0.0, values.LARGEST_HZ)
    if rate == 0.0:
        raise EventError(f"{key} must be above 0")
    return rate


def _schema(key: str, value: Any) -> int:
    if values.integer(key, value) != SCHEMA:
        raise EventError(f"schema {value} is not known; this version reads schema {SCHEMA}")
    return SCHEMA


def _id(key: str, value: Any) -> str:
    if not _UUID5.fullmatch(values.text(key, value)):
        raise EventError(f"{key} must be a UUID of version 5 in lower case, not {value!r}")
    return value


def _flags(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise EventError(f"{key} must be a list of strings, not {value!r}")
    return tuple(values.text(f"{key}[{place}]", item) for place, item in enumerate(value))


def _model(key: str, value: Any) -> Model:
    if isinstance(value, Model):
        return value
    if not isinstance(value, dict) or value.keys() != {"name", "version", "sha256"}:
        raise EventError(f"{key} must have name, version and sha256, not {value!r}")
    return Model(**value)


def _details(key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EventError(f"{key} must be an object, not {value!r}")
    return values.json_value(key, value)


#: Check of each key: takes key and value, returns the plain value or raises EventError.
CHECKS = {
    "schema": _schema,
    "id": _id,
    "state": lambda key, value: values.choice(key, value, STATES),
    "revision": values.integer,
    "detector": lambda key, value: values.choice(key, value, DETECTORS),
    "label": values.text,
    "stream_id": values.text,
    "channel": values.integer,
    "source": values.text,
    "sample_start": values.integer,
    "sample_count": values.integer,
    "sample_rate": _rate,
    "time": values.instant,
    "duration_s": _not_negative,
    "time_uncertainty_s": _not_negative,
    "freq_hz": hertz,
    "offset_hz": hertz,
    "bandwidth_hz": lambda key, value: values.real(key, value, 0.0, values.LARGEST_HZ),
    "score": values.real,
    "threshold": values.real,
    "false_alarms_per_hour": _not_negative,
    "snr_db": values.real,
    "confidence": lambda key, value: values.real(key, value, 0.0, 1.0),
    "flags": _flags,
    "accounting": lambda key, value: values.choice(key, value, ACCOUNTINGS),
    "latitude_deg": lambda key, value: values.real(key, value, -90.0, 90.0),
    "longitude_deg": lambda key, value: values.real(key, value, -180.0, 180.0),
    "altitude_m": values.real,
    "model": _model,
    "details": _details,
}
