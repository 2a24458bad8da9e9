# SPDX-License-Identifier: GPL-3.0-or-later
"""An opened input: the block that gives its samples, and what is known of them."""

import hashlib
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import kernel, recording_source
from .errors import InputError
from .recording import open_recording
from .recording_model import Recording
from .stream import Stream

# Enough to tell recordings apart, little enough to read before a run.
_IDENTITY_BYTES = 1 << 20


@dataclass(frozen=True)
class InputStream:
    """An opened input of any kind.

    Attributes
    ----------
    block : gnuradio block
        One complex output with the stream tags of the contract.
    sample_rate : float
        Hz.
    center_freq_hz, start_time_ns : float, int or None
        At the first sample that will be read; None if not known.
    identity : Stream
        What events say of the input; `block` says it in the tag sentinel_stream.
    sample_start : int
        Place of the first sample on the input's own timeline.
    sample_count : int or None
        Samples to come; None if only the end will tell.
    clipping_known : bool
        Whether the native type shows clipping.
    breaks : tuple of int
        Samples within it at which the frequency or the clock jumps, from the recording's captures.
    warnings : tuple of str
    request_end : callable
        Ends the stream in good order; from any thread.
    counters : callable
        Samples read, clipped, non-finite, and so on so far.
    failure : callable
        Why the input ended before its time; empty while all is well.
    """

    block: Any
    sample_rate: float
    center_freq_hz: float | None
    start_time_ns: int | None
    identity: Stream
    sample_start: int
    sample_count: int | None
    clipping_known: bool
    breaks: tuple[int, ...]
    warnings: tuple[str, ...]
    request_end: Callable[[], None]
    counters: Callable[[], dict[str, int]]
    failure: Callable[[], str]


def open_recording_stream(
    path: str, *, start_s: float = 0.0, duration_s: float | None = None, **options
) -> InputStream:
    """A recording, or the part of it from `start_s` on for `duration_s`, as a stream.

    `options` are those of `open_recording`. Raises InputError.
    """
    return stream_recording(open_recording(path, **options), start_s, duration_s)


def stream_recording(
    recording: Recording, start_s: float = 0.0, duration_s: float | None = None
) -> InputStream:
    """The same for a recording that is open already. Raises InputError for a region it does not have."""
    region = recording.region(start_s, duration_s)
    clipping_known = kernel.clipping_is_known(recording.format)
    identity = Stream(
        stream_id=stream_id(recording),
        # Without its folders: the same recording gives the same events wherever it lies.
        source="stdin" if recording.path is None else recording.path.name,
        accounting=recording.accounting,
        clipping="" if clipping_known else "clipping_unknown",
    )
    try:
        block = recording_source(
            path="-" if recording.path is None else str(recording.path),
            format=recording.format,
            sample_rate=recording.sample_rate,
            byte_offset=recording.byte_offset,
            channel=recording.channel,
            channel_count=recording.channels,
            sample_start=region.sample_start,
            sample_count=-1 if region.sample_count is None else region.sample_count,
            segments=recording.segments(),
            stream=identity.to_pmt(),
        )
    except RuntimeError as error:
        raise InputError(f"{error}; check the file and its permissions") from None
    # The block reads whole samples only; what a file has behind them was seen when it was opened.
    to_the_end = region.sample_count == (recording.sample_count or 0) - region.sample_start
    left_over = recording.bytes_left_over if to_the_end else 0
    end = math.inf if region.sample_count is None else region.sample_start + region.sample_count
    places = (capture.sample_start for capture in recording.captures)
    return InputStream(
        block=block,
        sample_rate=recording.sample_rate,
        center_freq_hz=recording.capture_at(region.sample_start).center_freq_hz,
        start_time_ns=recording.time_ns_at(region.sample_start),
        identity=identity,
        sample_start=region.sample_start,
        sample_count=region.sample_count,
        clipping_known=clipping_known,
        breaks=tuple(place for place in places if region.sample_start < place < end),
        warnings=recording.warnings,
        request_end=block.request_end,
        counters=lambda: {
            "samples_read": block.samples_read(),
            "samples_clipped": block.samples_clipped(),
            "samples_nonfinite": block.samples_nonfinite(),
            "bytes_left_over": block.bytes_left_over() + left_over,
        },
        failure=block.failure,
    )


def stream_id(recording: Recording) -> str:
    """The same text for the same recording, wherever it lies; a new one for each standard input.

    SHA-256 over the file's name without folders, its samples of each channel, and the first MiB of its
    data, 16 hex digits. The region and the channel do not enter: they are places on one timeline.
    """
    if recording.path is None:
        return f"stdin-{uuid.uuid4().hex[:16]}"
    digest = hashlib.sha256(f"{recording.path.name}\n{recording.sample_count}\n".encode())
    with recording.path.open("rb") as stream:
        stream.seek(recording.byte_offset)
        digest.update(stream.read(_IDENTITY_BYTES))
    return f"file-{digest.hexdigest()[:16]}"
