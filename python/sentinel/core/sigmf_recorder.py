# SPDX-License-Identifier: GPL-3.0-or-later
"""A sink that keeps a tagged stream as a SigMF recording of complex floats."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

import numpy as np
import pmt
import sigmf
from gnuradio import gr
from jsonschema.exceptions import ValidationError

from .block import SafeBlock, guarded
from .errors import InputError, OutputError
from .sigmf_time import format_datetime


class SigmfRecorder(SafeBlock, gr.sync_block):
    """Writes samples as they come; `close` completes the recording under its name.

    Each segment of the stream (tag `sentinel_start`) and each change of `rx_freq` begins a capture with its
    frequency and, from `rx_time`, its time. A reader sees the whole recording or none.

    Parameters
    ----------
    path_meta : path
        `x.sigmf-meta`; the samples go beside it to `x.sigmf-data`.
    sample_rate : float
        Hz; taken until the stream says another, `rx_rate` / `sentinel_step`.

    Raises
    ------
    InputError
        If the name is no SigMF metadata's or the folder cannot be written.
    """

    def __init__(self, path_meta: str | os.PathLike, sample_rate: float) -> None:
        self.path = Path(path_meta)
        if self.path.suffix != ".sigmf-meta":
            raise InputError(f"{self.path}: the name must end in .sigmf-meta")
        gr.sync_block.__init__(self, "sigmf_recorder", [np.complex64], None)
        self.sample_rate = sample_rate
        self.captures: list[dict[str, Any]] = []
        self.sample_count = 0
        self._digest = hashlib.sha512()
        self._partial = self.path.with_name(f".partial-{secrets.token_hex(6)}-{self.path.stem}")
        try:
            self._file = self._partial.open("xb")
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be written: {error.strerror}; choose another folder"
            ) from None

    @guarded
    def work(self, input_items: list[np.ndarray], output_items: list[np.ndarray]) -> int:
        """Keep what came."""
        samples = input_items[0]
        self._note_tags(self.get_tags_in_window(0, 0, len(samples)))
        raw = samples.astype("<c8", copy=False).tobytes()
        try:
            self._file.write(raw)
        except OSError as error:
            raise self._output_error(error) from error
        self._digest.update(raw)
        self.sample_count += len(samples)
        return len(samples)

    def close(self) -> None:
        """Complete the recording; without samples nothing is left behind.

        Raises
        ------
        InputError
            If there were no samples.
        OutputError
            If it cannot be written.
        """
        if self._file.closed:
            return
        try:
            if self.sample_count == 0:
                raise InputError(f"{self.path}: there were no samples to write; the input was empty")
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            text = self._metadata()
            # The data first: a reader that finds the metadata finds its samples.
            os.replace(self._partial, self.path.with_suffix(".sigmf-data"))
            partial_meta = self._partial.with_suffix(".partial-meta")
            partial_meta.write_text(text, encoding="utf-8")
            os.replace(partial_meta, self.path)
        except OSError as error:
            raise self._output_error(error) from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Close and remove what is not complete."""
        self._file.close()
        self._partial.unlink(missing_ok=True)

    def _note_tags(self, tags: list) -> None:
        by_item: dict[int, dict[str, Any]] = {}
        for tag in tags:
            by_item.setdefault(tag.offset, {})[pmt.symbol_to_string(tag.key)] = pmt.to_python(tag.value)
        for item, values in sorted(by_item.items()):
            if "rx_rate" in values and "sentinel_step" in values and not self.captures:
                self.sample_rate = values["rx_rate"] / values["sentinel_step"]
            if not {"sentinel_start", "rx_freq"} & values.keys():
                continue
            capture: dict[str, Any] = {"core:sample_start": item}
            frequency = values.get("rx_freq")
            if frequency:
                capture["core:frequency"] = float(frequency)
            if "rx_time" in values:
                seconds, fraction = values["rx_time"]
                capture["core:datetime"] = format_datetime(seconds * 1_000_000_000 + round(fraction * 1e9))
            self.captures.append(capture)

    def _metadata(self) -> str:
        info = {
            "core:datatype": "cf32_le",
            "core:sample_rate": float(self.sample_rate),
            "core:sha512": self._digest.hexdigest(),
            "core:recorder": "gr-sentinel",
        }
        captures = self.captures or [{"core:sample_start": 0}]
        recording = sigmf.SigMFFile(metadata={"global": info, "captures": captures, "annotations": []})
        try:
            recording.validate()
        except ValidationError as error:
            raise InputError(f"{self.path}: not allowed in SigMF: {error.message[:200]}") from None
        return recording.dumps() + "\n"

    def _output_error(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self.path}: cannot be written: {error.strerror}; free some space or choose another folder"
        )
