# SPDX-License-Identifier: GPL-3.0-or-later
"""The block Sentinel Source: any input by one text."""

from gnuradio import gr

from .inputs import open_input, parse_input
from .sigmf_time import format_datetime
from .stream import Stream


class source(gr.hier_block2):
    """Samples of any input as complex floats with the stream tags of the contract.

    Parameters
    ----------
    input : str
        A recording (`x.sigmf-meta`, `x.cu8`, `x.wav`), `-`, or a receiver (`udp:HOST:PORT`).
    sample_rate, center_freq : float or str, optional
        Hz; needed where the input does not say them, compared with it where it does.
    format : str, optional
        Sample type of raw samples.
    start_s, duration_s : float
        Part of a recording, in seconds; None is up to its end.
    channel : int
        Which of several interleaved channels.

    Raises
    ------
    InputError
        If the input or an option makes no sense, or it cannot be opened.
    """

    def __init__(
        self,
        input: str,
        sample_rate: float | str | None = None,
        center_freq: float | str | None = None,
        format: str | None = None,
        start_s: float = 0.0,
        duration_s: float | None = None,
        channel: int = 0,
    ) -> None:
        spec = parse_input(
            input,
            sample_rate=sample_rate,
            center_freq=center_freq,
            format=format,
            start_s=start_s,
            duration_s=duration_s,
            channel=channel,
        )
        stream = open_input(spec)  # before the base class: what fails here leaves no half-made block
        gr.hier_block2.__init__(
            self, "sentinel_source", gr.io_signature(0, 0, 0), gr.io_signature(1, 1, gr.sizeof_gr_complex)
        )
        self.spec = spec
        # Also keeps the inner block: GNU Radio holds no reference that Python could rely on.
        self.stream = stream
        self.connect(stream.block, self)

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

    def request_end(self) -> None:
        """End the stream in good order, with its last tag; from any thread."""
        self.stream.request_end()

    def failure(self) -> str:
        """Why the input ended before its time; empty while all is well."""
        return self.stream.failure()

    def summary(self) -> dict:
        """Counters so far, for the report of a run."""
        counters = self.stream.counters()
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
