# SPDX-License-Identifier: GPL-3.0-or-later
"""Packet sources and sinks over real sockets of the loopback interface."""

import socket
import struct
import time

import numpy as np
import pmt
import pytest
import zmq
from block_runs import stream_of, vector_source
from gnuradio import blocks, gr, sentinel
from gnuradio.sentinel import kernel
from packet_runs import receive, times_ns, values

RATE = 3840.0
START = (4_000_000_000, 0.000000007)  # 2096, and a denormal pattern
START_NS = 4_000_000_000 * 10**9 + 7


def send_all(sink, items, tags=(), chunk=0):
    top = gr.top_block()
    top.connect(vector_source(items, tags), sink)
    top.run(chunk) if chunk else top.run()


@pytest.fixture
def items(rng):
    return rng.standard_normal((5000, 2)).astype(np.float32).view(np.complex64)[:, 0]


def expected_times(offsets, start=START_NS, rate=RATE):
    return [(offset, start + round(offset * 10**9 / rate)) for offset in offsets]


def udp_pair(host="127.0.0.1", **options):
    source = sentinel.udp_iq_source(host, 0, RATE, stream=pmt.to_pmt({"stream_id": "x"}), center_freq=146e6)
    name = f"[{host}]" if ":" in host else host
    return source, sentinel.udp_iq_sink(RATE, [f"{name}:{source.port()}"], **options)


@pytest.mark.parametrize(
    ("samples", "header_counts", "payload", "chunk"),
    [
        (1024, True, 1023, 0),
        (1024, False, 1024, 7),
        (2, True, 1, 4096),
        (77, False, 77, 1),
        (8187, False, 8187, 0),
    ],
)
def test_udp_sink_to_source(items, samples, header_counts, payload, chunk):
    items = items[:200] if payload == 1 else items
    source, sink = udp_pair(samples_per_packet=samples, header_counts=header_counts)
    tags = stream_of(len(items), rate=RATE, time=START)
    begin = time.monotonic_ns()
    got, found = receive(source, len(items), lambda: send_all(sink, items, tags, chunk), chunk)
    assert np.array_equal(got, items)
    offsets = range(0, len(items), payload)
    assert values(found, "sentinel_packet") == [(o, min(payload, len(items) - o)) for o in offsets]
    assert times_ns(found) == expected_times(offsets)
    assert values(found, "rx_rate") == [(0, RATE)] and values(found, "rx_freq") == [(0, 146e6)]
    assert values(found, "sentinel_stream") == [(0, {"stream_id": "x"})]
    arrivals = [ns for _, ns in values(found, "sentinel_arrival")]
    assert len(arrivals) == len(offsets) and arrivals == sorted(arrivals)
    assert begin <= arrivals[0] <= arrivals[-1] <= time.monotonic_ns()
    assert (source.packets_received(), sink.packets_sent()) == (len(offsets), len(offsets))
    assert source.bytes_received() == 8 * (len(items) + len(offsets))
    assert (sink.send_errors(), source.kernel_drops(), set(source.malformed().values())) == (0, 0, {0})


def test_udp_over_ipv6(items):
    try:
        source, sink = udp_pair("::1")
    except RuntimeError as error:
        pytest.skip(f"no IPv6 here: {error}")
    got, _ = receive(source, len(items), lambda: send_all(sink, items))
    assert np.array_equal(got, items)


def test_udp_fans_out(items):
    sources = [sentinel.udp_iq_source("127.0.0.1", 0, RATE) for _ in range(2)]
    sink = sentinel.udp_iq_sink(RATE, [f"127.0.0.1:{source.port()}" for source in sources])
    send_all(sink, items)
    for source in sources:
        assert np.array_equal(receive(source, len(items))[0], items)
    assert sink.packets_sent() == 10 and sink.samples_sent() == len(items)


def test_a_segment_begins_a_packet_with_its_own_time(items):
    tags = [
        *stream_of(1000, rate=RATE, time=START)[1:],
        (1000, "sentinel_start", pmt.from_uint64(3840)),
        (2000, "rx_time", pmt.make_tuple(pmt.from_uint64(5_000_000_000 - 10**9), pmt.from_double(0.5))),
        (4999, "sentinel_end", pmt.from_uint64(7840)),
    ]
    source, sink = udp_pair(samples_per_packet=600, header_counts=False)
    got, found = receive(source, len(items), lambda: send_all(sink, items, tags))
    assert np.array_equal(got, items)
    offsets = [0, 600, 1000, 1600, 2000, 2600, 3200, 3800, 4400]
    assert [offset for offset, _ in times_ns(found)] == offsets
    jumped = 4_000_000_000 * 10**9 + 500_000_000
    assert times_ns(found) == (
        expected_times(offsets[:2])
        + [(o, START_NS + 10**9 + round((o - 1000) * 10**9 / RATE)) for o in (1000, 1600)]
        + [(o, jumped + round((o - 2000) * 10**9 / RATE)) for o in offsets[4:]]
    )


def test_decimated_items_are_as_far_apart_as_their_step_says(items):
    source, sink = udp_pair(samples_per_packet=1000, header_counts=False)
    tags = stream_of(len(items), start=77, step=200, rate=768e3, time=START)
    _, found = receive(source, len(items), lambda: send_all(sink, items, tags))
    assert times_ns(found) == expected_times(range(0, 5000, 1000))


def test_a_stream_without_time_has_that_of_the_clock(items):
    source, sink = udp_pair(samples_per_packet=1000, header_counts=False)
    begin = time.time_ns()
    _, found = receive(source, len(items), lambda: send_all(sink, items))
    stamps = times_ns(found)
    assert begin <= stamps[0][1] <= time.time_ns()
    assert stamps == expected_times(range(0, 5000, 1000), start=stamps[0][1])


def test_bad_datagrams_are_counted_and_bad_samples_become_zero():
    source = sentinel.udp_iq_source("127.0.0.1", 0, RATE)
    wild = np.array([np.nan, 1, complex(0, np.inf), 1e-42, 2], np.complex64)
    good = kernel.write_udp_iq_packet(START_NS, wild)
    bad = [b"", b"x", bytes(7), bytes(15), bytes(65_507), bytes(17), struct.pack("<IIff", 1, 10**9, 0, 0)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in [*bad, good]:
            sender.sendto(datagram, ("127.0.0.1", source.port()))
    got, _ = receive(source, 5)
    assert np.array_equal(got, [0, 1, 0, np.complex64(1e-42), 2])
    assert source.samples_nonfinite() == 2 and source.packets_received() == 1
    assert source.malformed() == {"too_short": 4, "length": 2, "nanoseconds": 1}


def test_what_the_kernel_drops_is_counted():
    source = sentinel.udp_iq_source("127.0.0.1", 0, RATE, buffer_bytes=1)
    packet = kernel.write_udp_iq_packet(START_NS, np.ones(100, np.complex64))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sent = 100
        for _ in range(sent):
            sender.sendto(packet, ("127.0.0.1", source.port()))

        # The count comes with a datagram that was queued after the loss.
        def feed():
            nonlocal sent
            while source.kernel_drops() == 0:
                sender.sendto(packet, ("127.0.0.1", source.port()))
                sent += 1

        receive(source, 200, feed)
    assert 0 < source.kernel_drops() <= sent - source.packets_received()
    assert source.granted_buffer_bytes() < 10_000


def test_a_source_without_data_ends_soon():
    source = sentinel.udp_iq_source("127.0.0.1", 0, RATE)
    top = gr.top_block()
    top.connect(source, blocks.null_sink(8))
    top.start()
    begin = time.monotonic()
    top.stop()
    top.wait()
    # 100 ms of waiting; the rest is for a busy machine.
    assert time.monotonic() - begin < 1.0
    assert source.granted_buffer_bytes() > 0


def test_a_source_ends_when_what_is_behind_it_ends(items):
    source, sink = udp_pair()
    send_all(sink, items)
    top = gr.top_block()
    top.connect(source, blocks.head(8, 100), blocks.null_sink(8))
    begin = time.monotonic()
    top.run()
    # Within two waits of 100 ms; the rest is for a busy machine.
    assert time.monotonic() - begin < 1.0


def zmq_pair(**options):
    sink = sentinel.zmq_iq_sink(RATE, "tcp://127.0.0.1:*", **options)
    source = sentinel.zmq_iq_source(sink.endpoint(), stream=pmt.to_pmt({"stream_id": "y"}), center_freq=1e6)
    assert sink.wait_for_subscribers(1, 10_000) and sink.subscribers() == 1
    return source, sink


@pytest.mark.parametrize(("payload", "chunk"), [(1023, 0), (1024, 4096), (77, 7), (5000, 0), (9000, 0)])
def test_zmq_sink_to_source(items, payload, chunk):
    source, sink = zmq_pair(samples_per_packet=payload)
    send_all(sink, items, stream_of(len(items), rate=RATE, time=START), chunk)
    assert source.wait_for_rate(10_000) == RATE
    got, found = receive(source, len(items), chunk=chunk)
    assert np.array_equal(got, items)
    offsets = range(0, len(items), payload)
    assert values(found, "sentinel_packet") == [(o, min(payload, len(items) - o)) for o in offsets]
    assert values(found, "sentinel_seq") == [(o, n) for n, o in enumerate(offsets)]
    stamps = [(o, (ns + 500) // 1000 * 1000) for o, ns in expected_times(offsets)]
    assert times_ns(found) == stamps
    assert values(found, "rx_rate") == [(0, RATE)] and values(found, "rx_freq") == [(0, 1e6)]
    assert values(found, "sentinel_stream") == [(0, {"stream_id": "y"})]
    assert source.final_packets() == 1 and sink.send_errors() == 0


def test_zmq_parts_damage_and_changes_of_rate():
    with zmq.Context() as context, context.socket(zmq.XPUB) as sender:
        sender.linger = 0
        port = sender.bind_to_random_port("tcp://127.0.0.1")
        source = sentinel.zmq_iq_source(f"tcp://127.0.0.1:{port}")
        assert sender.poll(10_000) and sender.recv() == b"\x01"
        ones = np.ones(3, np.complex64)
        frames = [kernel.write_zmq_iq_packet(n, n, 48_000, n * ones, 0) for n in range(1, 6)]
        faster = kernel.write_zmq_iq_packet(6, 6, 96_000, 6 * ones, 1)
        header = "<IHHQQIIII"
        bad = [b"", bytes(7), bytes(40), struct.pack(header, 0x5A514941, 9, 40, 0, 0, 1, 1, 8, 0) + bytes(8)]
        for parts in [
            *([frame] for frame in bad),
            [frames[0]],
            [frames[1][:40], frames[1][40:]],
            [frames[2][:13], frames[2][13:]],
            [frames[3][:40], frames[3][40:47], frames[3][47:]],
            [frames[4][:44], frames[4][44:]],
            [faster],
        ]:
            sender.send_multipart(parts)
        got, found = receive(source, 18)
    assert np.array_equal(got, np.repeat(np.arange(1, 7), 3))
    assert values(found, "rx_rate") == [(0, 48e3), (15, 96e3)]
    assert [value for _, value in values(found, "sentinel_seq")] == [1, 2, 3, 4, 5, 6]
    counts = {reason: count for reason, count in source.malformed().items() if count}
    assert counts == {"short_frame": 2, "magic": 1, "version": 1}
    assert source.final_packets() == 1


def test_nobody_there():
    sink = sentinel.zmq_iq_sink(RATE, "tcp://127.0.0.1:*")
    assert not sink.wait_for_subscribers(1, 0)
    send_all(sink, np.ones(3000))
    assert sink.samples_sent() == 3000 and sink.subscribers() == 0
    assert sentinel.zmq_iq_source(sink.endpoint()).wait_for_rate(1) == 0


def refusal(make, *arguments, **options):
    with pytest.raises((ValueError, RuntimeError)) as caught:
        make(*arguments, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_refusals_say_what_where_and_the_remedy():
    source = sentinel.udp_iq_source("127.0.0.1", 0, RATE)
    taken = refusal(sentinel.udp_iq_source, "127.0.0.1", source.port(), RATE)
    assert taken.startswith(f"udp:127.0.0.1:{source.port()}: cannot listen: the port is in use")
    assert "no interface of this machine" in refusal(sentinel.udp_iq_source, "192.0.2.1", 1, RATE)
    assert "sample_rate" in refusal(sentinel.udp_iq_source, "127.0.0.1", 1, 0.0)
    assert "0 to 65535" in refusal(sentinel.udp_iq_source, "127.0.0.1", 65_536, RATE)
    assert "host is empty" in refusal(sentinel.udp_iq_source, "", 1, RATE)
    assert "no such host" in refusal(sentinel.udp_iq_source, "no.such.host.invalid", 1, RATE)

    for text in ("127.0.0.1", "127.0.0.1:70000", "::1:5", ":5", "127.0.0.1:x"):
        assert f"'{text}' is not HOST:PORT" in refusal(sentinel.udp_iq_sink, RATE, [text])
    assert "no destination" in refusal(sentinel.udp_iq_sink, RATE, [])
    assert "port 0" in refusal(sentinel.udp_iq_sink, RATE, ["127.0.0.1:0"])
    assert "samples_per_packet" in refusal(sentinel.udp_iq_sink, RATE, ["127.0.0.1:1"], samples_per_packet=1)
    assert "samples_per_packet" in refusal(
        sentinel.udp_iq_sink, RATE, ["127.0.0.1:1"], samples_per_packet=8189
    )
    assert "sample_rate" in refusal(sentinel.udp_iq_sink, float("nan"), ["127.0.0.1:1"])

    sink = sentinel.zmq_iq_sink(RATE, "tcp://127.0.0.1:*")
    assert "the port is in use" in refusal(sentinel.zmq_iq_sink, RATE, sink.endpoint())
    assert "no interface of this machine" in refusal(sentinel.zmq_iq_sink, RATE, "tcp://192.0.2.1:5555")
    for text in ("udp://127.0.0.1:1", "tcp://127.0.0.1", "127.0.0.1:5555"):
        assert f"'{text}' is not tcp://HOST:PORT" in refusal(sentinel.zmq_iq_source, text)
    assert "no such host" in refusal(sentinel.zmq_iq_source, "tcp://no.such.host.invalid:5555")
    assert "port 0" in refusal(sentinel.zmq_iq_source, "tcp://127.0.0.1:0")
    assert "queue_packets" in refusal(sentinel.zmq_iq_source, sink.endpoint(), queue_packets=0)
