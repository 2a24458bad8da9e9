# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens live inputs of every kind: what the opener of the kind gives, behind a gap guard, as one block.

    packet or driver source -> [byte map] -> gap guard -> samples with the tags of the contract

The guard decides loss, order, segments, duration and end; sources only make items. An opener loads its driver
when it is called.
"""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pmt
from gnuradio import gr

from .. import gap_guard, kernel
from .input_stream import InputStream, RadioGain
from .inputs import InputSpec
from .radio import Feed
from .stream import Stream

#: Kind to the module and function that open it, and whether its packets carry the tag sentinel_stream.
_FAMILIES = {
    "udp": ("live_packets", "open_udp", True),
    "zmqiq": ("live_packets", "open_zmqiq", True),
    "zmq": ("zmq_stream", "open_zmq", False),
    "rtl_tcp": ("radio_osmosdr", "open_osmosdr", False),
    "rtl": ("radio_osmosdr", "open_osmosdr", False),
    "osmosdr": ("radio_osmosdr", "open_osmosdr", False),
    "soapy": ("radio_soapy", "open_soapy", False),
    "rtlsdr": ("radio_rtlsdr", "open_rtlsdr", False),
}
#: Kinds whose native type shows clipping.
_CLIPPING_KNOWN = ("rtlsdr", "rtl_tcp", "rtl")


class LiveSource(gr.hier_block2):
    """The blocks of a feed and the guard behind them, as one block that keeps them alive."""

    def __init__(self, feed: Feed, guard: Any, item_bytes: int) -> None:
        gr.hier_block2.__init__(
            self, "live_source", gr.io_signature(0, 0, 0), gr.io_signature(1, 1, item_bytes)
        )
        self.feed = feed
        self.guard = guard
        self.connect(*feed.blocks, guard, self)
        self.message_port_register_hier_out("gaps")
        self.msg_connect(guard, "gaps", self, "gaps")


def open_live_stream(spec: InputSpec) -> InputStream:
    """Open a live input. Raises InputError."""
    module, name, names_stream = _FAMILIES[spec.kind]
    opener: Callable[..., Feed] = getattr(importlib.import_module(f".{module}", __package__), name)
    identity = Stream(
        stream_id=f"{spec.kind}-{uuid.uuid4().hex[:16]}",
        source=spec.text,
        accounting=spec.accounting,
        clipping="" if spec.kind in _CLIPPING_KNOWN else "clipping_unknown",
    )
    tag = identity.to_pmt()
    feed = opener(spec, tag) if names_stream else opener(spec)
    item_bytes = 8 if feed.format == "cf32_le" else kernel.bytes_per_sample(feed.format)
    max_items = 0 if spec.duration_s is None else max(1, round(spec.duration_s * feed.sample_rate))
    guard = gap_guard(
        item_size=item_bytes,
        sample_rate=feed.sample_rate,
        accounting=spec.accounting,
        fill_below=spec.fill_below_s * feed.sample_rate,
        rule=spec.gap_rule,
        fill_item=_SILENCE.get(feed.format, b""),
        center_freq=feed.center_freq_hz or 0.0,
        stream=pmt.PMT_NIL if names_stream else tag,
        max_items=max_items,
    )
    return InputStream(
        block=LiveSource(feed, guard, item_bytes),
        sample_rate=feed.sample_rate,
        center_freq_hz=feed.center_freq_hz,
        start_time_ns=None,
        identity=identity,
        sample_start=0,
        sample_count=max_items or None,
        clipping_known=feed.clipping_known,
        breaks=(),
        warnings=feed.warnings,
        request_end=guard.request_end,
        counters=lambda: _counters(feed, guard),
        failure=feed.failure,
        format=feed.format,
        live=True,
        reconnects=feed.reconnects,
        tuning=feed.tuning,
        notes=feed.notes,
        last_data_s=lambda: _last_data_s(guard),
        set_fill_below=guard.set_fill_below,
        gain=None if feed.gain is None else _tagged_gain(feed.gain, guard),
    )


def _tagged_gain(gain: RadioGain, guard: Any) -> RadioGain:
    """The same, told to the guard, which writes it into the stream."""
    if gain.start_db is not None:
        guard.set_gain(gain.start_db)

    def set_gain(gain_db: float) -> float:
        granted_db = gain.set(gain_db)
        guard.set_gain(granted_db)
        return granted_db

    return replace(gain, set=set_gain)


# The byte pair nearest to no signal.
_SILENCE = {"cu8": b"\x80\x80"}


def _last_data_s(guard: Any) -> float | None:
    last_ns = guard.counters()["last_arrival_ns"]
    return last_ns / 1e9 if last_ns else None


def _counters(feed: Feed, guard: Any) -> dict[str, Any]:
    counters = {name: value for name, value in guard.counters().items() if name != "last_arrival_ns"}
    return {
        "samples_read": counters["samples_received"],
        "samples_clipped": 0,
        "samples_nonfinite": 0,
        "bytes_left_over": 0,
        **counters,
        **feed.counters(),
    }
