# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of single blocks in a flowgraph of their own: vectors in, items, tags and messages out."""

import numpy as np
import pmt
from gnuradio import blocks, gr
from gnuradio.sentinel.core.block import SafeBlock, drain_all, guarded

#: Chunk sizes that show state and history kept wrongly; 0 leaves the choice to the scheduler.
CHUNKS = [1, 7, 4096, 0]


class MessageCollector(SafeBlock, gr.basic_block):
    """Keeps the messages of one port, as PMT."""

    def __init__(self):
        gr.basic_block.__init__(self, "message_collector", None, None)
        self.messages = []
        self.register_handler("in", self.handle)

    @guarded
    def handle(self, message):
        self.messages.append(message)


def stream_tags(tags):
    """Tags of [(offset, key, PMT value)] as GNU Radio's."""
    made = []
    for offset, key, value in tags:
        tag = gr.tag_t()
        tag.offset, tag.key, tag.value = offset, pmt.intern(key), value
        made.append(tag)
    return made


def stream_of(count, start=0, step=1, rate=None, frequency=None, time=None):
    """Tags of the first and the last of `count` items of a stream; time is (seconds, fraction)."""
    end = pmt.from_uint64(start + step * count)
    tags = [(count - 1, "sentinel_end", end)]
    tags += [(0, "sentinel_start", pmt.from_uint64(start)), (0, "sentinel_step", pmt.from_uint64(step))]
    if rate is not None:
        tags.append((0, "rx_rate", pmt.from_double(rate)))
    if frequency is not None:
        tags.append((0, "rx_freq", pmt.from_double(frequency)))
    if time is not None:
        tags.append((0, "rx_time", pmt.make_tuple(pmt.from_uint64(time[0]), pmt.from_double(time[1]))))
    return tags


def vector_source(items, tags=()):
    """Source of complex items; those of a two-dimensional array are vectors."""
    items = np.asarray(items, np.complex64)
    length = 1 if items.ndim == 1 else items.shape[1]
    return blocks.vector_source_c(items.ravel(), False, length, stream_tags(tags))


def run(top, chunk):
    top.run(chunk) if chunk else top.run()


def run_stream(block, items, tags=(), chunk=0, length=1):
    """Items (count, length) that a block makes, and their tags as sorted (offset, key, value)."""
    top, sink = gr.top_block(), blocks.vector_sink_c(length)
    top.connect(vector_source(items, tags), block, sink)
    run(top, chunk)
    found = [(tag.offset, pmt.symbol_to_string(tag.key), pmt.to_python(tag.value)) for tag in sink.tags()]
    return np.array(sink.data(), np.complex64).reshape(-1, length), sorted(found, key=lambda tag: tag[:2])


def run_messages(chain, ports, items, tags=(), chunk=0):
    """Messages of each port of the last block of a chain, as Python objects."""
    top, collectors = gr.top_block(), [MessageCollector() for _ in ports]
    top.connect(vector_source(items, tags), *chain)
    for port, collector in zip(ports, collectors, strict=True):
        top.msg_connect(chain[-1], port, collector, "in")
    run(top, chunk)
    drain_all(*collectors)
    assert all(collector.failure is None for collector in collectors)
    return [[pmt.to_python(message) for message in collector.messages] for collector in collectors]
