# SPDX-License-Identifier: GPL-3.0-or-later
import subprocess
import sys

import numpy as np
import pmt
import pytest
from event_strategies import an_event
from gnuradio import blocks, gr, sentinel
from gnuradio.sentinel.core.block import SafeBlock, guarded
from gnuradio.sentinel.core.decision import Decision
from gnuradio.sentinel.core.errors import EventError, InputError, OutputError
from gnuradio.sentinel.core.event_faces import from_json_line, to_pmt

DECISION = Decision(sample_start=0, sample_count=16, time=None, score=1.0, threshold=2.0, noise=0.5)


class Detector(SafeBlock, gr.sync_block):
    """Publishes the given messages in its only call of work."""

    def __init__(self, events, decisions=()):
        gr.sync_block.__init__(self, "detector", [np.float32], None)
        self.messages = {"events": events, "decisions": decisions}
        for port in self.messages:
            self.message_port_register_out(pmt.intern(port))

    @guarded
    def work(self, input_items, output_items):
        for port, messages in self.messages.items():
            for message in messages:
                self.message_port_pub(pmt.intern(port), message)
        return -1


def run(sink, events, decisions=()):
    top, detector = gr.top_block(), Detector(events, decisions)
    top.connect(blocks.null_source(gr.sizeof_float), detector)
    for port in ("events", "decisions"):
        top.msg_connect(detector, port, sink, port)
    top.run()


def test_events_and_decisions_reach_every_sink(tmp_path):
    written = [an_event(sample_start=start) for start in range(200)]
    names = [f"jsonl:{tmp_path}/e.jsonl", f"csv:{tmp_path}/e.csv", f"decisions:{tmp_path}/d.jsonl"]
    with sentinel.event_sink(names) as sink:
        run(sink, map(to_pmt, written), [DECISION.to_pmt()] * 50)
    assert sink.failure is None
    assert (sink.event_count, sink.decision_count) == (200, 50)
    assert [from_json_line(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()] == written
    assert (tmp_path / "e.csv").read_bytes().count(b"\r\n") == 201
    assert (tmp_path / "d.jsonl").read_text().count("\n") == 50


def test_files_are_complete_without_close(tmp_path):
    path = tmp_path / "e.sigmf-meta"
    sink = sentinel.event_sink(f"sigmf:{path}")
    run(sink, [to_pmt(an_event())])
    assert an_event().id in path.read_text()


def test_a_failure_of_one_output_leaves_the_others_complete(tmp_path):
    path = tmp_path / "e.sigmf-meta"
    sink = sentinel.event_sink([f"sigmf:{path}", "jsonl:/dev/full"])
    sink.on_failure = lambda error: None
    run(sink, [to_pmt(an_event())])
    assert isinstance(sink.failure, OutputError)
    assert an_event().id in path.read_text()


def test_importing_the_package_opens_no_network_library():
    program = "import sys; from gnuradio import sentinel; print({'zmq', 'sigmf', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(("revisions", "lines"), [("closed", 1), ("all", 2)])
def test_revisions_are_an_option(tmp_path, revisions, lines):
    first = an_event(state="open")
    with sentinel.event_sink(f"jsonl:{tmp_path}/e.jsonl", revisions) as sink:
        run(sink, [to_pmt(first), to_pmt(first.close())])
    assert (tmp_path / "e.jsonl").read_text().count("\n") == lines


def test_a_wrong_message_is_a_stored_failure(tmp_path):
    sink = sentinel.event_sink(f"jsonl:{tmp_path}/e.jsonl")
    sink.on_failure = lambda error: None
    run(sink, [to_pmt(an_event()), pmt.intern("hello")])
    assert isinstance(sink.failure, EventError)
    assert (tmp_path / "e.jsonl").read_text().count("\n") == 1


def test_a_full_disk_is_a_stored_failure():
    sink = sentinel.event_sink("jsonl:/dev/full")
    sink.on_failure = lambda error: None
    run(sink, [to_pmt(an_event())])
    assert isinstance(sink.failure, OutputError) and "/dev/full" in str(sink.failure)


def test_an_unusable_sink_is_refused_and_the_others_are_released(tmp_path):
    with pytest.raises(InputError, match="teapot"):
        sentinel.event_sink([f"jsonl:{tmp_path}/e.jsonl", "zmq:tcp://127.0.0.1:*", "teapot"])


def test_a_reader_that_goes_away_ends_quietly():
    program = """
import sys
sys.path.insert(0, "tests/python")
from event_strategies import an_event
from test_event_sink import run, to_pmt
from gnuradio import sentinel
from gnuradio.sentinel.core.sinks import silence_stdout
sink = sentinel.event_sink("jsonl:-")
run(sink, [to_pmt(an_event())] * 500)
if isinstance(sink.failure, BrokenPipeError):
    silence_stdout()
    sys.exit(7)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )
    process.stdout.read(1)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 7
