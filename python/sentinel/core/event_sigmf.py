# SPDX-License-Identifier: GPL-3.0-or-later
"""The event's SigMF face: an annotation, with what SigMF has no field for under `sentinel:`.

`core:` frequency edges are absolute when the event's frequency is known and relative to baseband
otherwise, as SigMF wants. `core:comment` is for people and is not read back.
"""

from typing import Any

from .errors import EventError, InputError
from .event import Event
from .event_mapping import from_mapping, to_mapping

#: The declaration that a file with these annotations carries in core:extensions.
EXTENSION = {"name": "sentinel", "version": "1.0.0", "optional": True}

_PREFIX = "sentinel:"
_CORE = {
    "sample_start": "core:sample_start",
    "sample_count": "core:sample_count",
    "label": "core:label",
    "id": "core:uuid",
}


def to_sigmf_annotation(event: Event) -> dict[str, Any]:
    """Annotation object; edges in Hz."""
    mapping = to_mapping(event)
    centre = event.offset_hz if event.freq_hz is None else event.freq_hz
    annotation = {name: mapping.pop(key) for key, name in _CORE.items()}
    annotation["core:freq_lower_edge"] = centre - event.bandwidth_hz / 2
    annotation["core:freq_upper_edge"] = centre + event.bandwidth_hz / 2
    annotation["core:generator"] = f"gr-sentinel {event.detector}"
    annotation["core:comment"] = _comment(event)
    annotation.update((_PREFIX + key, value) for key, value in mapping.items())
    return annotation


def from_sigmf_annotation(annotation: dict[str, Any], where: str = "annotation") -> Event:
    """The event of an annotation that `to_sigmf_annotation` made; `where` names it in the error.

    Raises
    ------
    InputError
        If the annotation is of another maker, or breaks the contract.
    """
    if _PREFIX + "schema" not in annotation:
        raise InputError(f"{where}: not an event of gr-sentinel, it has no sentinel:schema; skip it")
    mapping = {
        name.removeprefix(_PREFIX): value for name, value in annotation.items() if name.startswith(_PREFIX)
    }
    mapping.update((key, annotation[name]) for key, name in _CORE.items() if name in annotation)
    try:
        return from_mapping(mapping)
    except EventError as error:
        raise InputError(f"{where}: {error}") from error


def _comment(event: Event) -> str:
    parts = [f"score {event.score:.6g}, threshold {event.threshold:.6g}"]
    if event.snr_db is not None:
        parts.append(f"SNR {event.snr_db:.1f} dB")
    if event.confidence is not None:
        parts.append(f"confidence {event.confidence:.2f}")
    return ", ".join(parts + list(event.flags))
