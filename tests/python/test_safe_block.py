# SPDX-License-Identifier: GPL-3.0-or-later
import itertools
import subprocess
import sys

import numpy as np
import pmt
import pytest
from gnuradio import blocks, gr
from gnuradio.sentinel._sentinel import drain_messages
from gnuradio.sentinel.core.block import SafeBlock, drain_all, guarded

EVENTS = pmt.intern("events")


class Publisher(SafeBlock, gr.sync_block):
    """Publishes 0 to count - 1, `per_call` of them in each call of work, then ends."""

    def __init__(self, count, per_call):
        gr.sync_block.__init__(self, "publisher", [np.float32], None)
        self.message_port_register_out(EVENTS)
        self.pending = list(range(count))
        self.per_call = per_call

    @guarded
    def work(self, input_items, output_items):
        for number in self.pending[: self.per_call]:
            self.message_port_pub(EVENTS, pmt.from_long(number))
        self.pending = self.pending[self.per_call :]
        return 1 if self.pending else -1


class Relay(SafeBlock, gr.basic_block):
    def __init__(self):
        gr.basic_block.__init__(self, "relay", None, None)
        self.message_port_register_out(EVENTS)
        self.register_handler("events", self.handle)

    @guarded
    def handle(self, message):
        self.message_port_pub(EVENTS, message)


class Collector(SafeBlock, gr.basic_block):
    def __init__(self, fail_at=None):
        gr.basic_block.__init__(self, "collector", None, None)
        self.numbers = []
        self.fail_at = fail_at
        self.register_handler("events", self.handle)

    @guarded
    def handle(self, message):
        number = pmt.to_long(message)
        if number == self.fail_at:
            raise RuntimeError(f"cannot handle {number}")
        self.numbers.append(number)


def run(publishers, *chain):
    """Run the publishers into a chain of message blocks until all have ended."""
    top = gr.top_block()
    source = blocks.null_source(gr.sizeof_float)
    for publisher in publishers:
        top.connect(source, publisher)
        top.msg_connect(publisher, "events", chain[0], "events")
    for first, second in itertools.pairwise(chain):
        top.msg_connect(first, "events", second, "events")
    top.run()


@pytest.mark.parametrize("per_call", [1, 7, 100])
def test_no_message_is_lost_over_many_short_flowgraphs(per_call):
    for _ in range(60):
        publisher, collector = Publisher(100, per_call), Collector()
        run([publisher], collector)
        assert collector.numbers == list(range(100))


def test_no_message_is_lost_when_one_of_two_senders_ends_early():
    # The first sender to end stops the receiver: most of the 301 messages come later.
    for _ in range(60):
        early, late, collector = Publisher(1, 1), Publisher(300, 1), Collector()
        run([early, late], collector)
        assert sorted(collector.numbers) == [0, *range(300)]


def test_no_message_is_lost_on_the_way_through_other_blocks():
    for _ in range(60):
        early, late, relay, collector = Publisher(1, 1), Publisher(300, 1), Relay(), Collector()
        run([early, late], relay, collector)
        assert sorted(collector.numbers) == [0, *range(300)]


def test_outputs_are_finished_after_the_last_message():
    class Finishing(Collector):
        finished_with = 0

        def finish(self):
            self.finished_with = len(self.numbers)

    for _ in range(60):
        early, late, relay, collector = Publisher(1, 1), Publisher(300, 1), Relay(), Finishing()
        run([early, late], relay, collector)
        assert collector.finished_with == 301


def test_a_block_that_runs_again_takes_its_messages_itself():
    collector = Collector()
    for _ in range(5):
        run([Publisher(50, 7)], collector)
    assert collector.numbers == 5 * list(range(50))


def test_what_a_foreign_block_sends_late_is_taken_at_the_exit():
    program = """
import sys
sys.path.insert(0, "tests/python")
import pmt
from test_safe_block import EVENTS, Collector, Publisher, run
class Printing(Collector):
    def finish(self):
        print(len(self.numbers))
collector = Printing()
run([Publisher(3, 3)], collector)
collector.to_basic_block()._post(EVENTS, pmt.from_long(7))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3", "4"]


def test_drain_all_follows_messages_through_the_blocks():
    relay, collector = Relay(), Collector()
    top = gr.top_block()
    top.connect(blocks.null_source(gr.sizeof_float), publisher := Publisher(1, 1))
    top.msg_connect(publisher, "events", relay, "events")
    top.msg_connect(relay, "events", collector, "events")
    top.run()
    relay.to_basic_block()._post(EVENTS, pmt.from_long(7))
    assert drain_all(collector, relay) == 2
    assert collector.numbers == [0, 7]


def test_drain_takes_the_queue_in_order_and_once():
    collector = Collector()
    for number in range(5):
        collector.to_basic_block()._post(EVENTS, pmt.from_long(number))
    assert [pmt.to_long(m) for m in drain_messages(collector.to_basic_block(), "events")] == [0, 1, 2, 3, 4]
    assert collector.drain() == 0
    with pytest.raises(ValueError, match=r"collector.*no message input port 'frames'"):
        drain_messages(collector.to_basic_block(), "frames")


def test_an_exception_in_work_ends_the_flowgraph_and_is_kept():
    class Failing(Publisher):
        @guarded
        def work(self, input_items, output_items):
            raise ZeroDivisionError("first")

    failing, told = Failing(1, 1), []
    failing.on_failure = told.append
    run([failing], Collector())
    assert isinstance(failing.failure, ZeroDivisionError) and told == [failing.failure]


def test_an_exception_in_a_decimating_block_consumes_nothing_backwards():
    class Failing(SafeBlock, gr.decim_block):
        def __init__(self):
            gr.decim_block.__init__(self, "failing", [np.float32], [np.float32], 4)

        @guarded
        def work(self, input_items, output_items):
            raise ValueError("first")

    failing, end, top = Failing(), blocks.null_sink(gr.sizeof_float), gr.top_block()
    top.connect(blocks.null_source(gr.sizeof_float), failing, end)
    top.run()
    assert isinstance(failing.failure, ValueError)
    assert failing.nitems_read(0) == 0


def test_an_exception_in_a_handler_is_kept_and_later_messages_are_left():
    collector = Collector(fail_at=3)
    collector.on_failure = lambda error: None
    run([Publisher(10, 10)], collector)
    collector.drain()
    assert str(collector.failure) == "cannot handle 3"
    assert collector.numbers == [0, 1, 2]


def test_handlers_must_be_guarded():
    class Careless(SafeBlock, gr.basic_block):
        def __init__(self):
            gr.basic_block.__init__(self, "careless", None, None)
            self.register_handler("events", self.handle)

        def handle(self, message):
            raise AssertionError("never registered")

    with pytest.raises(ValueError, match="@guarded"):
        Careless()


def test_without_a_runner_the_failure_is_logged():
    program = """
import sys
sys.path.insert(0, "tests/python")
from test_safe_block import Collector, Publisher, run
run([Publisher(1, 1)], Collector(fail_at=0))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    text = done.stdout + done.stderr
    assert "Collector" in text and "cannot handle 0" in text and "Traceback" not in text
