# SPDX-License-Identifier: GPL-3.0-or-later
"""Which events clipped.

An event is flagged `clipped` if any sample of its pulses lies at a rail of the recording's native type. The
samples are read a second time for that, so that the flag is the same whatever the chunks were. Standard
input cannot be read again: there an event is flagged if anything read before it was declared had clipped.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from gnuradio.sentinel import kernel
from gnuradio.sentinel.core.event import Event
from gnuradio.sentinel.core.recording import open_recording
from gnuradio.sentinel.core.source import source

FLAG = "clipped"


class ClippingCheck:
    """Flags the events of one source.

    Parameters
    ----------
    stream_source : source
        The opened input.
    """

    def __init__(self, stream_source: source) -> None:
        spec = stream_source.spec
        self._source = stream_source
        self._recording = None
        if stream_source.stream.clipping_known and not spec.live and spec.kind != "stdin":
            # Rate and centre are the source's: its own checks have passed.
            self._recording = open_recording(
                spec.target,
                sample_rate=spec.sample_rate,
                fmt=spec.format,
                center_freq=spec.center_freq_hz,
                channel=spec.channel,
                verify_checksum=False,
            )

    def __call__(self, event: Event) -> Event:
        """The event, with the flag if it clipped."""
        if not self._source.summary()["clipped_share"] or FLAG in event.flags:
            return event
        if self._recording is not None and not any(map(self._clips, *self._pulses(event))):
            return event
        return replace(event, flags=(*event.flags, FLAG))

    def _pulses(self, event: Event) -> tuple[list[int], list[int]]:
        starts = event.details["pulse_starts"]
        return starts, [round(event.details["pulse_width_s"] * event.sample_rate)] * len(starts)

    def _clips(self, start: int, count: int) -> bool:
        recording = self._recording
        frame = recording.bytes_per_frame
        place = recording.byte_offset + max(0, start) * frame
        raw = np.fromfile(recording.path, np.uint8, count * frame, offset=place)
        whole = raw[: len(raw) // frame * frame]
        _, clipped, _ = kernel.convert_samples(whole, recording.format, recording.channel, recording.channels)
        return clipped > 0
