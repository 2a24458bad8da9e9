# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as annotations in a SigMF metadata file."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from .. import utc
from ..errors import InputError
from ..event import Event
from ..event_json import load_json
from ..event_sigmf import EXTENSION, to_sigmf_annotation
from .base import Sink
from .lines import open_output, raise_output_error

#: Version of SigMF that a file without a recording's own metadata follows.
VERSION = "1.2.0"


class SigmfSink(Sink):
    """Gathers annotations and writes them, sorted, when flushed or closed.

    The file is complete at any time: it is written beside and renamed into place. Of an event with several
    revisions the last one stands. SigMF wants annotations sorted, so they stay in memory until then.

    Parameters
    ----------
    path : str or Path
        The `.sigmf-meta` to write. When it is the recording's own, its other annotations are kept.
    recording : str or Path, optional
        The `.sigmf-meta` (or `.sigmf-data`) of the recording the events were found in: global object and
        captures are taken from it, and core:dataset points to its data when that lies beside `path`.
    global_info, captures : dict, list of dict, optional
        Used where there is no `recording`; what is missing is filled in from the first event.

    Raises
    ------
    InputError
        If the file cannot be written, or the recording's metadata cannot be read.
    """

    def __init__(
        self,
        path: str | Path,
        recording: str | Path | None = None,
        global_info: dict[str, Any] | None = None,
        captures: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__("all")
        self._path = Path(path)
        if not self._path.name.endswith((".sigmf-meta", ".sigmf-meta.part")):
            raise InputError(f"cannot write annotations to {path}: SigMF metadata must end in .sigmf-meta")
        self._annotations: dict[str, dict[str, Any]] = {}
        self._sizes: dict[str, int] = {}
        self._others: list[dict[str, Any]] = []
        self._first: Event | None = None
        self._global, self._captures = dict(global_info or {}), list(captures or [])
        if recording is not None:
            self._take_over(Path(recording).with_suffix(".sigmf-meta"))
        else:
            self._global.setdefault("core:metadata_only", True)
        self._written = False
        self._size = 0
        self._part = self._path.with_name(self._path.name + ".part")
        # Opened once at the start: a folder that cannot be written is told before the work, not after.
        if self._path.is_dir():
            raise InputError(f"cannot write annotations to {path}: it is a folder; choose another name")
        open_output(self._part, "annotations").close()
        self._part.unlink()

    def _take_over(self, meta: Path) -> None:
        try:
            content = load_json(meta.read_bytes(), str(meta))
        except OSError as error:
            raise InputError(f"cannot read the recording's metadata {meta}: {error.strerror}") from error
        if not isinstance(content, dict) or not isinstance(content.get("global"), dict):
            raise InputError(f"{meta}: no SigMF metadata, it has no global object")
        self._global = dict(content["global"])
        self._captures = list(content.get("captures", []))
        if meta.resolve() == self._path.resolve():
            self._others = list(content.get("annotations", []))
            return
        data = meta.parent / self._global.get("core:dataset", meta.with_suffix(".sigmf-data").name)
        self._global.pop("core:dataset", None)
        if data.exists() and data.parent.resolve() == self._path.parent.resolve():
            if data.name != self._path.with_suffix(".sigmf-data").name:
                self._global["core:dataset"] = data.name
        else:
            self._global["core:metadata_only"] = True

    def _write(self, event: Event) -> None:
        self._first = self._first or event
        annotation = to_sigmf_annotation(event)
        size = len(json.dumps(annotation, indent=2))
        self._size += size - self._sizes.get(event.id, 0)
        self._sizes[event.id] = size
        self._annotations[event.id] = annotation
        self._written = False

    @property
    def size_bytes(self) -> int:
        return self._size

    def flush(self) -> None:
        """Write the file with what was gathered so far."""
        if self._written:
            return
        text = json.dumps(self._content(), allow_nan=False, indent=2) + "\n"
        try:
            with open(self._part, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            os.replace(self._part, self._path)
        except OSError as error:
            self._part.unlink(missing_ok=True)
            raise_output_error(error, "annotations", str(self._path))
        self._written = True

    def close(self) -> None:
        self.flush()

    def _content(self) -> dict[str, Any]:
        others = [item for item in self._others if item.get("core:uuid") not in self._annotations]
        annotations = sorted(
            [*others, *self._annotations.values()], key=lambda item: item.get("core:sample_start", 0)
        )
        extensions = [
            item for item in self._global.get("core:extensions", []) if item.get("name") != EXTENSION["name"]
        ]
        found = {"core:datatype": "cf32_le", "core:version": VERSION}
        if self._first is not None:
            found["core:sample_rate"] = self._first.sample_rate
        return {
            "global": {**found, **self._global, "core:extensions": [*extensions, EXTENSION]},
            "captures": self._captures or [_capture(self._first)],
            "annotations": annotations,
        }


def _capture(event: Event | None) -> dict[str, Any]:
    """The capture that an event implies: its input's centre, and the UTC of sample 0."""
    capture: dict[str, Any] = {"core:sample_start": 0}
    if event is not None and event.freq_hz is not None:
        capture["core:frequency"] = event.freq_hz - event.offset_hz
    if event is not None and event.time is not None:
        # A clock set to 1970 may put sample 0 before it, where no time can be stated.
        with contextlib.suppress(ValueError):
            capture["core:datetime"] = utc.add_samples(event.time, -event.sample_start, event.sample_rate)
    return capture
