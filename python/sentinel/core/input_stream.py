# SPDX-License-Identifier: GPL-3.0-or-later
"""An opened input: the block that gives its samples, and what is known of them."""

import hashlib
import math
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .. import kernel, recording_gain, recording_source
from .errors import InputError
from .recording import open_recording
from .recording_model import Recording
from .stream import Stream

# Enough to tell recordings apart, little enough to read before a run.
_IDENTITY_BYTES = 1 << 20

#: Types whose samples may stay as they are up to the detector: small, and in this machine's byte order.
NATIVE_FORMATS = ("cu8", "ci8", "cu16_le", "ci16_le")


@dataclass(frozen=True)
class Tuning:
    """What a radio granted.

    Attributes
    ----------
    sample_rate, center_freq_hz : float
        Hz.
    gain_db : float or None
        None where it is automatic, or the driver cannot tell.
    automatic_gain : bool
    ppm : float
        Correction of its clock.
    """

    sample_rate: float
    center_freq_hz: float
    gain_db: float | None
    automatic_gain: bool
    ppm: float = 0.0


@dataclass(frozen=True)
class RadioGain:
    """The gain of a radio that can be set while it runs.

    Attributes
    ----------
    gains_db : tuple of float
        Those it has, ascending; empty where the driver does not tell.
    start_db : float or None
        In force at the start; None while it is automatic or not known.
    set : callable
        Takes the gain wanted, dB, leaves automatic gain, and gives the one granted.
    """

    gains_db: tuple[float, ...]
    start_db: float | None
    set: Callable[[float], float]


@dataclass(frozen=True)
class InputStream:
    """An opened input of any kind.

    Attributes
    ----------
    block : gnuradio block
        One output with the stream tags of the contract; items are complex unless `format` says otherwise.
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
    format : str
        Of the items: `cf32_le`, or the native type that was asked for.
    live : bool
        Whether it is received now.
    reconnects : bool
        Whether it takes up again by itself after its sender was away. A radio does not.
    tuning : Tuning or None
        Of a radio.
    notes : tuple of str
        What is worth knowing of a live input, such as the receive buffer it was granted.
    last_data_s : callable
        Monotonic time at which data came last, None before the first; for live input.
    set_fill_below : callable
        Takes the number of samples from which on a gap is cut and no longer filled.
    gain : RadioGain or None
        Of a radio; setting it also writes the tag sentinel_gain.
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
    format: str = "cf32_le"
    live: bool = False
    reconnects: bool = True
    tuning: Tuning | None = None
    notes: tuple[str, ...] = ()
    last_data_s: Callable[[], float | None] = lambda: None
    set_fill_below: Callable[[float], None] = lambda _samples: None
    gain: RadioGain | None = None
    opened_s: float = field(default_factory=time.monotonic)

    def seconds_since_data(self) -> float:
        """Seconds since data came last; since it was opened while none has come."""
        last = self.last_data_s()
        return time.monotonic() - (self.opened_s if last is None else last)


def open_recording_stream(
    path: str, *, start_s: float = 0.0, duration_s: float | None = None, native: bool = False, **options
) -> InputStream:
    """A recording, or the part of it from `start_s` on for `duration_s`, as a stream.

    `options` are those of `open_recording`. Raises InputError.
    """
    return stream_recording(open_recording(path, **options), start_s, duration_s, native)


def stream_recording(
    recording: Recording, start_s: float = 0.0, duration_s: float | None = None, native: bool = False
) -> InputStream:
    """The same for a recording that is open already. Raises InputError for a region it does not have."""
    if native and recording.format not in NATIVE_FORMATS:
        name = "-" if recording.path is None else recording.path
        raise InputError(
            f"{name}: samples of {recording.format} cannot stay native; "
            f"that is for {', '.join(NATIVE_FORMATS)}, leave native out"
        )
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
            gains=[recording_gain(step.sample_start, step.gain_db) for step in recording.gains],
            stream=identity.to_pmt(),
            native=native,
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
        format=recording.format if native else "cf32_le",
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
