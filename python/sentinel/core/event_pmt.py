# SPDX-License-Identifier: GPL-3.0-or-later
"""The event's PMT face: a dict on the message port `events`.

Keys and types are the contract's, but two that differ in every event must not become PMT symbols,
which are never freed (see `pmt_values`): `id` is a u8vector with the 16 bytes of the UUID, and `time`
a tuple (uint64 seconds, double fraction) as in the tag rx_time.
"""

import uuid
from typing import Any

import pmt

from . import utc
from .errors import EventError
from .event import Event
from .event_mapping import from_mapping, to_mapping
from .pmt_values import decode, decode_dict, decode_time, encode, encode_dict, encode_time


def to_pmt(event: Event) -> Any:
    """PMT dict of an event."""
    mapping = to_mapping(event)
    name = uuid.UUID(mapping.pop("id")).bytes
    time = mapping.pop("time")
    items = {"id": pmt.init_u8vector(len(name), list(name))}
    items["time"] = pmt.PMT_NIL if time is None else encode_time(*utc.rx_time_from_text(time))
    items.update((key, encode(value)) for key, value in mapping.items())
    return encode_dict(items)


def from_pmt(message: Any) -> Event:
    """The event of a PMT dict.

    Raises
    ------
    EventError
        If the message is no event of this schema.
    """
    try:
        items = decode_dict(message)
        name, time = items.pop("id", None), items.pop("time", None)
        mapping = {key: decode(value) for key, value in items.items()}
        if name is not None:
            mapping["id"] = str(uuid.UUID(bytes=bytes(pmt.u8vector_elements(name))))
        if time is not None:
            mapping["time"] = None if pmt.is_null(time) else utc.text_from_rx_time(*decode_time(time))
    except (TypeError, ValueError) as error:
        raise EventError(f"message is not an event: {error}") from error
    return from_mapping(mapping)
