# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a recording: where its samples lie, what they mean, and which part is asked for."""

import math
from dataclasses import dataclass
from pathlib import Path

from .. import kernel, recording_segment
from .errors import InputError
from .sigmf_time import format_datetime


@dataclass(frozen=True)
class Capture:
    """From one sample on, the centre frequency and the clock are these (None: not known).

    Attributes
    ----------
    sample_start : int
        Index in the data file.
    center_freq_hz : float or None
    time_ns : int or None
        UTC of `sample_start`, nanoseconds since 1970.
    time_resolution_ns : int
        How finely the metadata states the time.
    """

    sample_start: int = 0
    center_freq_hz: float | None = None
    time_ns: int | None = None
    time_resolution_ns: int = 1


@dataclass(frozen=True)
class GainStep:
    """From one sample on, the receiver's gain is this.

    Attributes
    ----------
    sample_start : int
        Index in the data file.
    gain_db : float
    """

    sample_start: int
    gain_db: float


@dataclass(frozen=True)
class Region:
    """The part of a recording to read; `sample_count` is None for all that a stream still brings."""

    sample_start: int
    sample_count: int | None


@dataclass(frozen=True)
class Recording:
    """A recording that was found to be readable.

    Attributes
    ----------
    name : str
        As the user gave it.
    path : pathlib.Path or None
        The file with the samples; None is standard input.
    format : str
        SigMF datatype, such as cu8 or ci16_le.
    byte_offset : int
        Where sample 0 begins in `path`.
    sample_rate : float
        Hz.
    sample_count : int or None
        Samples of each channel; None if only the end of the stream will tell.
    channel, channels : int
        The one to read, and how many are interleaved.
    bytes_left_over : int
        Of an incomplete sample at the end.
    captures : tuple of Capture
        At least one, ascending, the first at sample 0. Each begins a new segment: the frequency
        changes there, or the clock jumps.
    annotations : tuple of dict
        SigMF annotations with `core:sample_start` as index in the data file.
    warnings : tuple of str
        Faults that leave the recording usable, one line each.
    metadata_path : pathlib.Path or None
        The file the metadata came from.
    accounting : str
        How well a loss of samples would be known (`exact` or `none`).
    gains : tuple of GainStep
        Ascending; none where the gain is not known. A step begins no segment.
    """

    name: str
    path: Path | None
    format: str
    byte_offset: int
    sample_rate: float
    sample_count: int | None
    channel: int = 0
    channels: int = 1
    bytes_left_over: int = 0
    captures: tuple[Capture, ...] = (Capture(),)
    annotations: tuple[dict, ...] = ()
    warnings: tuple[str, ...] = ()
    metadata_path: Path | None = None
    accounting: str = "exact"
    gains: tuple[GainStep, ...] = ()

    @property
    def center_freq_hz(self) -> float | None:
        return self.captures[0].center_freq_hz

    @property
    def start_time_ns(self) -> int | None:
        return self.captures[0].time_ns

    @property
    def start_time(self) -> str | None:
        """UTC of sample 0 as ISO 8601, or None."""
        return None if self.start_time_ns is None else format_datetime(self.start_time_ns)

    @property
    def duration_s(self) -> float | None:
        return None if self.sample_count is None else self.sample_count / self.sample_rate

    @property
    def bytes_per_frame(self) -> int:
        """Bytes of one sample of every channel."""
        return kernel.bytes_per_sample(self.format) * self.channels

    def capture_at(self, sample: int) -> Capture:
        """The capture in force at an index in the data file."""
        return [c for c in self.captures if c.sample_start <= sample][-1]

    def time_ns_at(self, sample: int) -> int | None:
        """UTC of a sample in nanoseconds since 1970: the last anchor plus the distance, or None."""
        capture = self.capture_at(sample)
        if capture.time_ns is None:
            return None
        seconds, rest = divmod(sample - capture.sample_start, self.sample_rate)
        return capture.time_ns + int(seconds) * 1_000_000_000 + round(rest / self.sample_rate * 1e9)

    def segments(self) -> list[recording_segment]:
        """The captures as `recording_source` takes them; an unknown frequency is 0 there."""
        return [_segment(capture) for capture in self.captures]

    def region(self, start_s: float = 0.0, duration_s: float | None = None) -> Region:
        """The samples from `start_s` on, for `duration_s` or to the end.

        Raises
        ------
        InputError
            If a value is negative, not finite or shorter than a sample, or if the region reaches beyond
            the end.
        """
        start = _seconds_to_samples(self, start_s, "--start", at_least=0)
        count = (
            None if duration_s is None else _seconds_to_samples(self, duration_s, "--duration", at_least=1)
        )
        if self.sample_count is None:
            return Region(start, count)
        remaining = self.sample_count - start
        if remaining <= 0:
            raise InputError(
                f"{self.name}: --start {start_s:g} s lies beyond the end; "
                f"the recording is {self.duration_s:.6g} s long ({self.sample_count} samples)"
            )
        if count is not None and count > remaining:
            raise InputError(
                f"{self.name}: --duration {duration_s:g} s from {start_s:g} s on reaches beyond the end; "
                f"the recording is {self.duration_s:.6g} s long, "
                f"{remaining / self.sample_rate:.6g} s are left; leave --duration out to read them"
            )
        return Region(start, remaining if count is None else count)


def _segment(capture: Capture) -> recording_segment:
    seconds, fraction_ns = divmod(capture.time_ns or 0, 1_000_000_000)
    return recording_segment(
        sample_start=capture.sample_start,
        center_freq_hz=capture.center_freq_hz or 0.0,
        has_time=capture.time_ns is not None,
        time_s=seconds,
        time_fraction_s=fraction_ns / 1e9,
    )


def _seconds_to_samples(recording: Recording, seconds: float, option: str, at_least: int) -> int:
    if not math.isfinite(seconds) or seconds < 0:
        raise InputError(f"{recording.name}: {option} {seconds:g} s must be 0 s or more")
    samples = round(seconds * recording.sample_rate)
    if samples < at_least:
        raise InputError(
            f"{recording.name}: {option} {seconds:g} s is shorter than one sample at "
            f"{recording.sample_rate:g} Hz; give a longer time"
        )
    return samples
