# SPDX-License-Identifier: GPL-3.0-or-later
"""Live inputs over the network, each from a sender as it is used in the field."""

import socket
import subprocess
import sys

import numpy as np
import pmt
import pytest
from gnuradio import blocks, gr, sentinel
from gnuradio.sentinel.core.errors import InputError
from live_runs import command, free_port

SAMPLES = (np.arange(1, 11_001) * (0.0001 + 0.0001j)).astype(np.complex64)
# A sender of its own: what runs in one process could share more than a socket.
PUBLISHER = """
import sys
from gnuradio import blocks, gr, zeromq
top = gr.top_block()
sink = zeromq.pub_sink(8, 1, "tcp://127.0.0.1:*", 100, False, -1)
source = blocks.vector_source_c([complex(k, -k) for k in range(1000)], True)
top.connect(source, blocks.throttle(8, 200e3), sink)
top.start()
print(sink.last_endpoint(), flush=True)
sys.stdin.read()
"""


def run(source):
    """Samples and tags of a source that ends by itself."""
    top, sink = gr.top_block(), blocks.vector_sink_c()
    top.connect(source, sink)
    top.run()
    tags = {pmt.symbol_to_string(tag.key): (tag.offset, pmt.to_python(tag.value)) for tag in sink.tags()}
    return np.array(sink.data(), np.complex64), tags


@pytest.fixture
def publisher():
    process = subprocess.Popen(
        [sys.executable, "-c", PUBLISHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield process.stdout.readline().strip()
    process.kill()
    process.wait()


def test_stock_zmq_stream(publisher):
    source = sentinel.source(f"zmq:{publisher}", sample_rate="200k", center_freq="146M", duration_s=0.1)
    got, tags = run(source)
    assert len(got) == 20_000
    # A subscriber comes in between: the counter goes on from wherever it is.
    steps = np.diff(got.real) % 1000
    assert np.all(steps == 1) and np.array_equal(got.imag, -got.real)
    assert tags["sentinel_start"] == (0, 0) and tags["sentinel_end"] == (19_999, 20_000)
    assert tags["rx_freq"] == (0, 146e6) and tags["rx_rate"] == (0, 200e3)
    assert source.accounting == "clock" and "1000 messages" in source.notes[0]


def header(seconds, nanoseconds):
    return np.array([seconds, nanoseconds], np.uint32).tobytes()


def test_udp_gap_is_filled_or_cut():
    """Packets of 1000 samples at 1 kHz, one of them missing; the kernel keeps them until the graph starts."""
    for fill_below_s, count in ((1.5, 7000), (0.5, 6000)):
        port = free_port(socket.SOCK_DGRAM)
        source = sentinel.source(
            f"udp:127.0.0.1:{port}", sample_rate=1000, duration_s=7, fill_below_s=fill_below_s
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for k in (0, 1, 2, *range(4, 11)):
                payload = SAMPLES[1000 * k : 1000 * (k + 1)].tobytes()
                sender.sendto(header(1_782_907_200 + k, 0) + payload, ("127.0.0.1", port))
        got, tags = run(source)
        summary = source.summary()
        assert len(got) == count
        assert summary["samples_read"] == 6000
        assert summary["samples_filled"] == count - 6000 and summary["samples_cut"] == 7000 - count
        expected = SAMPLES[:7000].copy()
        expected[3000:4000] = 0
        assert np.array_equal(got, expected if count == 7000 else np.delete(expected, np.s_[3000:4000]))
        assert tags["sentinel_end"] == (count - 1, 7000)
        assert source.complete()


def test_udp_port_in_use_is_told():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(InputError, match="in use"):
            sentinel.source(f"udp:127.0.0.1:{taken.getsockname()[1]}", sample_rate=1000)


def test_udp_without_a_sender_is_lost_after_the_timeout():
    port = free_port(socket.SOCK_DGRAM)
    process = command("pulse", f"udp:127.0.0.1:{port}", "--tip", 0.5, "--json", "--stall-timeout", 1)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (3, ""), errors
    assert "is lost: no data for 1 s" in errors


def sent_by_zmqiq(rate):
    """A flowgraph that sends SAMPLES with the rate in each packet, and its endpoint."""
    top = gr.top_block()
    sink = sentinel.zmq_iq_sink(rate, "tcp://127.0.0.1:*")
    top.connect(blocks.vector_source_c(SAMPLES.tolist(), True), blocks.throttle(8, rate), sink)
    return top, sink


def test_zmqiq_learns_its_rate_and_checks_a_given_one():
    top, sink = sent_by_zmqiq(48_000)
    top.start()
    try:
        source = sentinel.source(f"zmqiq:{sink.endpoint()}", duration_s=0.1)
        got, tags = run(source)
        assert source.sample_rate == 48_000 and len(got) == 4800
        assert np.allclose(np.diff(got.real) % 1.1, 0.0001, atol=1e-6)
        assert tags["rx_rate"] == (0, 48e3) and tags["sentinel_end"] == (4799, 4800)
        assert sentinel.source(f"zmqiq:{sink.endpoint()}", sample_rate=48_200).sample_rate == 48_000
        with pytest.raises(InputError, match="the packets say 48 kHz"):
            sentinel.source(f"zmqiq:{sink.endpoint()}", sample_rate=96_000)
    finally:
        top.stop()
        top.wait()


def test_zmqiq_without_a_sender_does_not_know_its_rate():
    with pytest.raises(InputError, match=r"no packet came within 0\.2 s"):
        sentinel.source(f"zmqiq:tcp://127.0.0.1:{free_port()}", stall_timeout_s=0.2)
