# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends a flowgraph, and what is left behind then."""

import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pmt
import pytest
from gnuradio import gr
from gnuradio.sentinel.core.block import SafeBlock, guarded
from gnuradio.sentinel.core.runner import EXIT_OK, Runner


class Numbers(SafeBlock, gr.sync_block):
    """Source of rising numbers until it is asked to end, or has given `limit`."""

    def __init__(self, limit=None, complaint=""):
        gr.sync_block.__init__(self, "numbers", None, [np.complex64])
        self.given, self.limit, self.complaint = 0, limit, complaint
        self.asked = False

    def request_end(self):
        self.asked = True

    @guarded
    def work(self, _input, output_items):
        left = len(output_items[0]) if self.limit is None else self.limit - self.given
        count = min(left, len(output_items[0]), 1000)
        if self.asked or count == 0:
            return -1
        output_items[0][:count] = np.arange(self.given, self.given + count)
        self.given += count
        return count


class Reader(SafeBlock, gr.sync_block):
    """Tells of every item by a message, and fails at one of them if told to."""

    def __init__(self, fail_at=None, on_first=None):
        gr.sync_block.__init__(self, "reader", [np.complex64], None)
        self.read, self.fail_at, self.on_first = 0, fail_at, on_first
        self.message_port_register_out(pmt.intern("out"))

    @guarded
    def work(self, input_items, _output):
        if self.read == 0 and self.on_first is not None:
            self.on_first()
        self.read += len(input_items[0])
        if self.fail_at is not None and self.read > self.fail_at:
            raise ValueError("reader saw enough")
        self.message_port_pub(pmt.intern("out"), pmt.from_long(len(input_items[0])))
        return len(input_items[0])


class Collector(SafeBlock, gr.basic_block):
    """Adds up what messages say, and fails at the first if told to."""

    def __init__(self, fails=False):
        gr.basic_block.__init__(self, "collector", None, None)
        self.total, self.fails = 0, fails
        self.register_handler("in", self.handle)

    @guarded
    def handle(self, message):
        if self.fails:
            raise KeyError("collector")
        self.total += pmt.to_long(message)


class Source:
    """What a runner asks of a source; the block behind it does the work."""

    def __init__(self, block):
        self.block = block
        self.requests = 0

    def request_end(self):
        self.requests += 1
        self.block.request_end()

    def failure(self):
        return self.block.complaint


def graph(numbers, reader, collector):
    top = gr.top_block("test", catch_exceptions=False)
    top.connect(numbers, reader)
    top.msg_connect(reader, "out", collector, "in")
    return top


def test_the_end_of_the_data_ends_it_with_every_message_handled():
    numbers, reader, collector, polls = Numbers(123_456), Reader(), Collector(), []
    source = Source(numbers)
    runner = Runner(
        graph(numbers, reader, collector),
        source,
        [reader, collector],
        on_poll=lambda: polls.append(reader.read),
    )
    assert runner.run() == EXIT_OK
    assert numbers.given == reader.read == collector.total == 123_456
    assert source.requests == 0 and polls[-1] == 123_456


def test_a_request_ends_it_and_the_graph_drains():
    numbers, collector = Numbers(), Collector()
    source = Source(numbers)
    reader = Reader(on_first=lambda: (runner.end(), runner.end()))
    runner = Runner(graph(numbers, reader, collector), source, [reader, collector])
    assert runner.run() == EXIT_OK
    assert source.requests == 1
    assert numbers.given == reader.read == collector.total > 0


def test_the_failure_of_a_block_ends_it_and_is_raised():
    numbers, reader, collector = Numbers(), Reader(fail_at=50_000), Collector()
    source = Source(numbers)
    with pytest.raises(ValueError, match="reader saw enough"):
        Runner(graph(numbers, reader, collector), source, [reader, collector]).run()
    assert source.requests == 1
    # What was told before the failure has arrived.
    assert 0 < collector.total <= 50_000


def test_the_failure_of_a_message_handler_ends_it_and_is_raised():
    numbers, reader, collector = Numbers(), Reader(), Collector(fails=True)
    with pytest.raises(KeyError, match="collector"):
        Runner(graph(numbers, reader, collector), Source(numbers), [reader, collector]).run()
    assert reader.read == numbers.given


def test_a_source_that_broke_off_is_told():
    numbers, reader, collector = Numbers(1000, "device unplugged"), Reader(), Collector()
    with pytest.raises(RuntimeError, match="device unplugged"):
        Runner(graph(numbers, reader, collector), Source(numbers), [reader, collector]).run()
    assert collector.total == 1000


def test_handlers_of_signals_are_as_before():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    numbers, reader, collector = Numbers(10), Reader(), Collector()
    Runner(graph(numbers, reader, collector), Source(numbers), [reader]).run()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_an_early_signal_starts_nothing():
    numbers, reader, collector = Numbers(), Reader(), Collector()
    runner = Runner(graph(numbers, reader, collector), Source(numbers), [reader])
    runner._on_signal(signal.SIGINT, None)
    assert runner.run() == 130
    assert reader.read == 0


STUCK = """
import os, signal, sys, threading
import numpy as np
from gnuradio import blocks, gr
from gnuradio.sentinel.core import logs
from gnuradio.sentinel.core.runner import Runner

logs.configure()

class Stuck(gr.sync_block):
    def __init__(self):
        gr.sync_block.__init__(self, "stuck_receiver", None, [np.complex64])
        self.wait_for = threading.Event()
    def work(self, _, output_items):
        print("waiting", flush=True)
        self.wait_for.wait()
    def request_end(self):
        print("asked", flush=True)
    def failure(self):
        return ""

top, stuck = gr.top_block(), Stuck()
sink = blocks.null_sink(gr.sizeof_gr_complex)
top.connect(stuck, sink)
sys.exit(Runner(top, stuck, flush=lambda: print("flushed", flush=True)).run())
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_source_that_never_ends_is_given_up_and_named(number, code):
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(STUCK)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.readline() == b"waiting\n"
    began = time.monotonic()
    process.send_signal(number)
    out, errors = process.communicate(timeout=20)
    assert process.returncode == code and out == b"asked\nflushed\n"
    assert b"stuck_receiver still waits" in errors
    assert 4.5 < time.monotonic() - began < 8


def test_a_second_signal_ends_at_once():
    process = subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"waiting\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == b"asked\n"
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=20)
    assert (process.returncode, out, errors) == (130, b"", b"")
    assert time.monotonic() - began < 1.5
