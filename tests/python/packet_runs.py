# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of packet sources over the loopback interface, until so many items have come."""

import threading

import numpy as np
import pmt
from gnuradio import gr
from gnuradio.sentinel.core.block import SafeBlock, guarded


class Collector(SafeBlock, gr.sync_block):
    """Keeps items and tags (offset, key, value), and tells when there are enough."""

    def __init__(self, wanted):
        gr.sync_block.__init__(self, "collector", [np.complex64], None)
        self.wanted, self.chunks, self.tags, self.count = wanted, [], [], 0
        self.enough = threading.Event()

    @guarded
    def work(self, input_items, output_items):
        items = input_items[0]
        found = self.get_tags_in_window(0, 0, len(items))
        self.tags += [(t.offset, pmt.symbol_to_string(t.key), pmt.to_python(t.value)) for t in found]
        self.chunks.append(items.copy())
        self.count += len(items)
        if self.count >= self.wanted:
            self.enough.set()
        return len(items)


def receive(source, wanted, feed=lambda: None, chunk=0):
    """Items and sorted tags of a source that `feed` sends to; TimeoutError if they do not come."""
    top, collector = gr.top_block(), Collector(wanted)
    top.connect(source, collector)
    top.start(chunk) if chunk else top.start()
    try:
        feed()
        if not collector.enough.wait(30):
            raise TimeoutError(f"{collector.count} of {wanted} items, {source.malformed()}")
    finally:
        top.stop()
        top.wait()
    assert collector.failure is None and source.failure() == ""
    return np.concatenate(collector.chunks), sorted(collector.tags, key=lambda tag: tag[:2])


def values(tags, key):
    """(offset, value) of the tags of one key."""
    return [(offset, value) for offset, name, value in tags if name == key]


def times_ns(tags):
    """(offset, integer nanoseconds) of `rx_time`."""
    return [(offset, s * 10**9 + round(part * 1e9)) for offset, (s, part) in values(tags, "rx_time")]
