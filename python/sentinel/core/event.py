# SPDX-License-Identifier: GPL-3.0-or-later
"""The event: what a detector found, as one object on every port, file and table."""

import uuid
from dataclasses import dataclass, field, fields, replace
from typing import Any

from . import values
from .errors import EventError
from .event_rules import ACCOUNTINGS, CHECKS, DETECTORS, NULLABLE, SCHEMA, STATES, Model, hertz

__all__ = [
    "ACCOUNTINGS",
    "DETECTORS",
    "EVENT_KEYS",
    "IDENTITY",
    "SCHEMA",
    "STATES",
    "Event",
    "Model",
    "event_id",
]

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "gr-sentinel:event:1")


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing found, at one revision. Made by `declare`, followed by `update` and `close`.

    Places count on the input's own timeline at the input's rate, also where a detector decimates.

    Attributes
    ----------
    schema : int
        Version of this contract, 1.
    id : str
        UUIDv5 of stream, detector, channel, first sample and frequency as first declared.
    state, revision : str, int
        `open`, `update` or `closed`; counts from 0. Point events are published once, `closed`.
    detector, label : str
        One of `DETECTORS`; what was found.
    stream_id, channel, source : str, int, str
        One per uninterrupted input; receiver channel; station or input name.
    sample_start, sample_count, sample_rate : int, int, float
        First sample, number of samples, Hz.
    time : str or None
        UTC of the first sample, ISO 8601 with µs and Z; None only when the source has no clock.
    duration_s, time_uncertainty_s : float, float or None
        Seconds; the uncertainty is None when time is.
    freq_hz, offset_hz, bandwidth_hz : float or None, float, float
        Centre in absolute frequency (None when the input's centre is unknown) and in baseband; width.
    score, threshold, false_alarms_per_hour : float, float, float or None
        Decision statistic, what it was compared with, the calibrated rate of that threshold.
    snr_db, confidence : float or None
        As the detector documents them; confidence within 0 and 1.
    flags, accounting : tuple of str, str
        `samples_lost`, `clipped`, ...; how well the source knows its losses, one of `ACCOUNTINGS`.
    latitude_deg, longitude_deg, altitude_m : float or None
        Of the sensor.
    model : Model or None
        What decided, when it was learned.
    details : dict
        The detector's own fields: plain JSON values.

    Raises
    ------
    EventError
        If a value breaks the contract. NumPy numbers and arrays are taken and become plain ones.
    """

    schema: int = SCHEMA
    id: str
    state: str
    revision: int
    detector: str
    label: str
    stream_id: str
    channel: int
    source: str
    sample_start: int
    sample_count: int
    sample_rate: float
    time: str | None
    duration_s: float
    time_uncertainty_s: float | None
    freq_hz: float | None
    offset_hz: float
    bandwidth_hz: float
    score: float
    threshold: float
    false_alarms_per_hour: float | None = None
    snr_db: float | None = None
    confidence: float | None = None
    flags: tuple[str, ...] = ()
    accounting: str
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    altitude_m: float | None = None
    model: Model | None = None
    details: dict[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for key, check in CHECKS.items():
            value = getattr(self, key)
            if value is not None or key not in NULLABLE:
                object.__setattr__(self, key, check(key, value))
        if self.time is not None and self.time_uncertainty_s is None:
            raise EventError("time_uncertainty_s must be given with time; without a known bound state one")

    @classmethod
    def declare(cls, *, state: str = "closed", id_hz: float | None = None, **keys: Any) -> "Event":
        """First revision of an event, with its id computed.

        Parameters
        ----------
        state : str
            `closed` for a point event, `open` for one that lasts.
        id_hz : float, optional
            Frequency that names the event, rounded to 1 Hz; default is `freq_hz`, else `offset_hz`. Give
            the centre of the detector's bin where the estimate may jitter with the chunk size.
        **keys
            All other attributes but schema, id and revision.
        """
        values.choice("state", state, ("open", "closed"))
        id_hz = keys.get("freq_hz") if id_hz is None else id_hz
        try:
            if id_hz is None:
                id_hz = keys["offset_hz"]
            identity = event_id(*(keys[key] for key in IDENTITY), id_hz)
            return cls(id=identity, state=state, revision=0, **keys)
        except KeyError as error:
            raise EventError(f"{error.args[0]} is missing") from error
        except TypeError as error:
            raise EventError(f"event cannot be declared: {str(error).split('() ')[-1]}") from error

    def update(self, **changes: Any) -> "Event":
        """The next revision of a lasting event, in state `update`, with some values changed."""
        return self._revise("update", changes)

    def close(self, **changes: Any) -> "Event":
        """The last revision, in state `closed`."""
        return self._revise("closed", changes)

    def _revise(self, state: str, changes: dict[str, Any]) -> "Event":
        if self.state == "closed":
            raise EventError(f"event {self.id} is closed and can have no further revision")
        fixed = sorted(changes.keys() & _FIXED)
        unknown = sorted(changes.keys() - set(EVENT_KEYS))
        if fixed or unknown:
            raise EventError(f"a revision cannot change {', '.join(fixed + unknown)}")
        return replace(self, state=state, revision=self.revision + 1, **changes)


#: Keys of the contract, in its order.
EVENT_KEYS = tuple(item.name for item in fields(Event))
#: Keys that make the id, with the frequency as first declared.
IDENTITY = ("stream_id", "detector", "channel", "sample_start")
_FIXED = frozenset((*IDENTITY, "schema", "id", "state", "revision", "source", "sample_rate"))


def event_id(stream_id: str, detector: str, channel: int, sample_start: int, id_hz: float) -> str:
    """UUIDv5 of what makes an event the same in every run: five lines of text, frequency to 1 Hz."""
    name = (
        values.text("stream_id", stream_id),
        values.choice("detector", detector, DETECTORS),
        values.integer("channel", channel),
        values.integer("sample_start", sample_start),
        round(hertz("freq_hz or offset_hz", id_hz)),
    )
    return str(uuid.uuid5(_NAMESPACE, "\n".join(map(str, name))))
