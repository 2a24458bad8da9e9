# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the block Channelizer Features: native samples in, records, tags and messages out."""

import numpy as np
import pmt
from block_runs import MessageCollector, run, stream_tags
from gnuradio import blocks, gr, sentinel
from gnuradio.sentinel.core.block import SafeBlock, drain_all
from gnuradio.sentinel.gnss.features import DTYPES, RecordReader


class RunCollector(SafeBlock, gr.sync_block):
    """Keeps what a RecordReader makes of the stream, and all tags as (offset, key, value)."""

    def __init__(self, length):
        gr.sync_block.__init__(self, "run_collector", [(np.float32, length)], None)
        self.reader, self.runs, self.tags = RecordReader(1.0, 1), [], []

    def work(self, input_items, output_items):
        tags = self.get_tags_in_window(0, 0, len(input_items[0]))
        self.runs += self.reader.read(input_items[0], tags, self.nitems_read(0))
        self.tags += [(t.offset, pmt.symbol_to_string(t.key), pmt.to_python(t.value)) for t in tags]
        return len(input_items[0])


def native_source(native, format, tags=()):
    """Source of native items: pairs of integers, or complex."""
    tags = stream_tags(tags)
    if format == "cf32_le":
        return [blocks.vector_source_c(native, False, 1, tags)]
    width = 2 * DTYPES[format]().itemsize
    return [blocks.vector_source_b(list(native.view(np.uint8)), False, width, tags)]


def run_features(native, format, tags=(), chunk=0, outputs=1, **settings):
    """Collector of records and runs, messages as Python objects, and the two vectors, (n, N) each."""
    block = sentinel.channelizer_features(format=format, **settings)
    top, collector, messages = gr.top_block(), RunCollector(block.record_length), MessageCollector()
    channels = (block.record_length - 9) // 4
    sinks = [blocks.vector_sink_f(channels) for _ in range(outputs - 1)]
    top.connect(*native_source(native, format, tags), block, collector)
    for port, sink in enumerate(sinks, 1):
        top.connect((block, port), sink)
    top.msg_connect(block, "features", messages, "in")
    run(top, chunk)
    drain_all(messages)
    assert collector.failure is None and messages.failure is None
    found = [pmt.to_python(message) for message in messages.messages]
    return collector, found, [np.array(sink.data(), np.float32).reshape(-1, channels) for sink in sinks]
