# SPDX-License-Identifier: GPL-3.0-or-later
"""The block Sentinel Source: any input by one text."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from gnuradio import gr

from .. import kernel
from .errors import InputError
from .inputs import STALL_TIMEOUT_S, InputSpec, input_format, open_input, parse_input
from .sigmf_time import format_datetime
from .stream import Stream


class source(gr.hier_block2):
    """Samples of any input as complex floats with the stream tags of the contract.

    Live input also tells of every gap at the message port `gaps`.

    Parameters
    ----------
    input : str or InputSpec
        A recording (`x.sigmf-meta`, `x.cu8`, `x.wav`), `-`, or a receiver (`udp:HOST:PORT`).
    sample_rate, center_freq : float or str, optional
        Hz; needed where the input does not say them, compared with it where it does.
    format : str, optional
        Sample type of raw samples.
    start_s, duration_s : float
        Part of a recording, in seconds; None is up to its end.
    channel : int
        Which of several interleaved channels.
    gain : float or str, optional
        Of a radio, dB or `auto`.
    ppm : float, optional
        Correction of a radio's clock.
    stall_timeout_s : float
        Seconds without a sample after which a live input counts as lost, see `Runner`; 0 is for ever.
    fill_below_s : float
        Gaps of a live input that are shorter are filled with zeros, longer ones cut.
    gap_rule : {"sentinel", "published"}
        How gaps of a live input are found, see `gap_guard`.
    native : bool or None
        Items stay pairs of 8 or 16 bit, as the attribute `format` says: of recordings and RTL dongles.
        None is where they can, as `inputs.input_format` tells before.

    Raises
    ------
    InputError
        If the input or an option makes no sense, or it cannot be opened.
    """

    def __init__(
        self,
        input: str | InputSpec,
        sample_rate: float | str | None = None,
        center_freq: float | str | None = None,
        format: str | None = None,
        start_s: float = 0.0,
        duration_s: float | None = None,
        channel: int = 0,
        gain: float | str | None = None,
        ppm: float | None = None,
        stall_timeout_s: float = STALL_TIMEOUT_S,
        fill_below_s: float = 0.0,
        gap_rule: str = "sentinel",
        native: bool | None = False,
    ) -> None:
        spec = input
        if native is None:
            native = input_format(str(input), format) != "cf32_le"
        if not isinstance(spec, InputSpec):
            spec = parse_input(
                input,
                sample_rate=sample_rate,
                center_freq=center_freq,
                format=format,
                start_s=start_s,
                duration_s=duration_s,
                channel=channel,
                gain=gain,
                ppm=ppm,
                stall_timeout_s=stall_timeout_s,
                fill_below_s=fill_below_s,
                gap_rule=gap_rule,
                native=native,
            )
        stream = open_input(spec)  # before the base class: what fails here leaves no half-made block
        item_bytes = 8 if stream.format == "cf32_le" else kernel.bytes_per_sample(stream.format)
        gr.hier_block2.__init__(
            self, "sentinel_source", gr.io_signature(0, 0, 0), gr.io_signature(1, 1, item_bytes)
        )
        self.spec = spec
        # Also keeps the inner block: GNU Radio holds no reference that Python could rely on.
        self.stream = stream
        self._gain_db = None if stream.gain is None else stream.gain.start_db
        self._before: dict[str, Any] = {}
        self._duration_s = spec.duration_s
        self.connect(stream.block, self)
        self.message_port_register_hier_out("gaps")
        if stream.live:
            self.msg_connect(stream.block, "gaps", self, "gaps")

    def reopen(self) -> source:
        """The same input once more, as a new stream, for a flowgraph built anew; its summary goes on.

        Raises
        ------
        InputError
            If it cannot be opened now, or its duration is over.
        """
        before = self._counters()
        spec = self.spec
        if spec.duration_s is not None:
            left_s = self._duration_s - samples_passed(before) / self.sample_rate
            if left_s <= 0:
                raise InputError(f"{spec.text}: its duration is over")
            spec = replace(spec, duration_s=left_s)
        again = source(spec)
        again._before = before
        again._duration_s = self._duration_s
        return again

    @property
    def sample_rate(self) -> float:
        """Hz."""
        return self.stream.sample_rate

    @property
    def center_freq(self) -> float | None:
        """Hz, at the first sample; None if not known."""
        return self.stream.center_freq_hz

    @property
    def start_time(self) -> str | None:
        """UTC of the first sample as ISO 8601; None if the input has no clock."""
        time_ns = self.stream.start_time_ns
        return None if time_ns is None else format_datetime(time_ns)

    @property
    def accounting(self) -> str:
        """How well a loss of samples is known."""
        return self.stream.identity.accounting

    @property
    def sample_start(self) -> int:
        """Place of the first sample on the input's own timeline."""
        return self.stream.sample_start

    @property
    def sample_count(self) -> int | None:
        """Samples to come in all; None if only the end will tell."""
        return self.stream.sample_count

    @property
    def stream_id(self) -> str:
        """One per uninterrupted input; the same for the same recording."""
        return self.stream.identity.stream_id

    @property
    def identity(self) -> Stream:
        """What events found in this input say of it."""
        return self.stream.identity

    @property
    def warnings(self) -> tuple[str, ...]:
        """Faults of the input that leave it usable."""
        return self.stream.warnings

    @property
    def live(self) -> bool:
        """Whether it is received now."""
        return self.stream.live

    @property
    def format(self) -> str:
        """Type of the items: cf32_le, or the native type that was asked for."""
        return self.stream.format

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing of a live input, such as the tuning a radio granted."""
        return self.stream.notes

    def set_fill_below(self, duration_s: float) -> None:
        """Fill gaps of a live input that are shorter, cut longer ones; at any time."""
        self.stream.set_fill_below(duration_s * self.sample_rate)

    @property
    def gains_db(self) -> tuple[float, ...]:
        """Gains that a radio has, ascending; empty for other inputs and where the driver does not tell."""
        return () if self.stream.gain is None else self.stream.gain.gains_db

    @property
    def gain_db(self) -> float | None:
        """Gain of a radio in force now; None while it is automatic or not known, and for other inputs."""
        return self._gain_db

    @property
    def can_set_gain(self) -> bool:
        """Whether it is a radio."""
        return self.stream.gain is not None

    def set_gain(self, gain_db: float) -> float:
        """Set the gain of a radio while it runs and give the one granted, dB; from any thread.

        The stream says so in the tag sentinel_gain. `reopen` keeps it.

        Raises
        ------
        InputError
            If the input is no radio, or the gain is not finite.
        """
        if self.stream.gain is None:
            raise InputError(f"{self.spec.text}: is no radio whose gain can be set; leave the gain alone")
        if not math.isfinite(gain_db):
            raise InputError(f"{self.spec.text}: gain {gain_db} dB must be a finite number; give it in dB")
        granted_db = self.stream.gain.set(float(gain_db))
        self.spec = replace(self.spec, gain_db=granted_db)
        self._gain_db = granted_db
        return granted_db

    def last_data_s(self) -> float | None:
        """Monotonic time at which live data came last; None before the first."""
        return self.stream.last_data_s()

    def seconds_since_data(self) -> float:
        """Seconds since live data came last, or since it was opened."""
        return self.stream.seconds_since_data()

    def complete(self) -> bool:
        """Whether all samples of a live input's duration have come."""
        count = self.stream.sample_count
        return count is not None and samples_passed(self.stream.counters()) >= count

    def request_end(self) -> None:
        """End the stream in good order, with its last tag; from any thread."""
        self.stream.request_end()

    def failure(self) -> str:
        """Why the input ended before its time; empty while all is well."""
        return self.stream.failure()

    def summary(self) -> dict:
        """Counters so far, for the report of a run; over all streams if it was opened again."""
        counters = self._counters()
        read = counters["samples_read"]
        known = self.stream.clipping_known
        return {
            **counters,
            "clipped_share": counters["samples_clipped"] / read if known and read else None,
            "seconds_of_signal": read / self.sample_rate,
            "accounting": self.accounting,
            "warnings": len(self.warnings),
            "failure": self.failure() or None,
        }

    def _counters(self) -> dict[str, Any]:
        """Of this stream and those before it: counts add up, measured values are the last."""
        counters = self.stream.counters()
        for name, value in self._before.items():
            if isinstance(value, int):
                counters[name] = counters.get(name, 0) + value
        return counters


def samples_passed(counters: dict[str, Any]) -> int:
    """Samples of the timeline that have passed: received, filled in, and cut out."""
    return sum(counters.get(name, 0) for name in ("samples_read", "samples_filled", "samples_cut"))
