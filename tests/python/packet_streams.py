# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets with tags as the packet sources write them, and runs of the gap guard."""

from dataclasses import dataclass

import numpy as np
import pmt
from block_runs import MessageCollector, run, stream_tags
from gnuradio import blocks, gr
from gnuradio.sentinel.core.block import drain_all

RATE = 3840.0
START_NS = 1_700_000_000_250_000_000


@dataclass
class Packet:
    """Items [first, first + items) of the sender, with what its header says."""

    first: int
    items: int
    seq: int | None = None
    time_ns: int | None = None
    arrival_ns: int = 0
    rate: float | None = None


def time_of(item: int, rate: float = RATE) -> int:
    """Stamp in ns of an item of an exact sender."""
    return START_NS + round(item * 1_000_000_000 / rate)


def packets_of(order, items=100, numbers=True, stamps=True):
    """Packets of constant size by their numbers, in the order given."""
    return [
        Packet(n * items, items, n if numbers else None, time_of(n * items) if stamps else None)
        for n in order
    ]


def tags_of(packets):
    """Tags of the packets, and the item each begins at in the stream received."""
    found, at = [], 0
    for packet in packets:
        values = {"sentinel_packet": pmt.from_uint64(packet.items)}
        if packet.seq is not None:
            values["sentinel_seq"] = pmt.from_uint64(packet.seq)
        if packet.time_ns is not None:
            seconds, rest = divmod(packet.time_ns, 1_000_000_000)
            values["rx_time"] = pmt.make_tuple(pmt.from_uint64(seconds), pmt.from_double(rest * 1e-9))
        if packet.arrival_ns:
            values["sentinel_arrival"] = pmt.from_uint64(packet.arrival_ns)
        if packet.rate is not None:
            values["rx_rate"] = pmt.from_double(packet.rate)
        found += [(at, key, value) for key, value in values.items()]
        at += packet.items
    return found


def values_of(packets):
    """Every item's own number at the sender, plus one, so that a filled item shows as 0."""
    return np.concatenate([np.arange(p.first, p.first + p.items) + 1 for p in packets])


def item_bytes(values, size):
    """Items of `size` bytes that bear the lowest bytes of each value, (count, size) of uint8."""
    wide = np.zeros((len(values), max(size, 8)), np.uint8)
    wide[:, :8] = values.astype("<u8").view(np.uint8).reshape(-1, 8)
    return wide[:, :size]


def run_guard(guard, packets, chunk=0, size=8):
    """Items (count, size) of bytes, tags and messages that the guard makes of the packets."""
    top, collector = gr.top_block(), MessageCollector()
    data = item_bytes(values_of(packets), size).ravel()
    source = blocks.vector_source_b(data.tolist(), False, size, stream_tags(tags_of(packets)))
    sink = blocks.vector_sink_b(size)
    top.connect(source, guard, sink)
    top.msg_connect(guard, "gaps", collector, "in")
    run(top, chunk)
    drain_all(collector)
    tags = [(tag.offset, pmt.symbol_to_string(tag.key), pmt.to_python(tag.value)) for tag in sink.tags()]
    messages = [pmt.to_python(message) for message in collector.messages]
    items = np.array(sink.data(), np.uint8).reshape(-1, size)
    return items, sorted(tags, key=lambda tag: tag[:2]), messages
