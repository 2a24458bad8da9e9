# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel simulate` as a radio: real processes, real sockets, every byte looked at."""

import json
import signal
import socket
import struct
import time
from collections import Counter

import numpy as np
import pytest
import zmq
from gnuradio import blocks, gr
from gnuradio import sentinel as sentinel_blocks
from gnuradio.sentinel.apps.main import main
from gnuradio.sentinel.core.packet_damage import Damage, DamageCounts, damaged
from gnuradio.sentinel.core.quantise import quantise
from gnuradio.sentinel.core.sigmf_time import parse_datetime
from gnuradio.sentinel.pulse.simulate import Scene, SimulatedTag, scene_annotations, scene_samples
from sender_runs import finish, free_port, read_until, sentinel

START = "2026-07-01T12:00:00.000000Z"
START_NS = 1_782_907_200_000_000_000
TAG = ["--tag", "freq=500,tip=1,tp=0.015,en0=15", "--seed", 5]
SCENE = {"tags": (SimulatedTag(500.0, 1.0, 0.015, 15.0),), "noise_power": 10**-2.6, "seed": 5}


@pytest.fixture
def udp():
    """A socket that hears, with room for all that a test sends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(20)
        yield receiver


def samples(rate, duration_s):
    return scene_samples(Scene(rate, duration_s, **SCENE))


def result(process):
    """The counts it prints, after it has ended by itself."""
    out, err = finish(process, None)
    assert process.returncode == 0, err
    return json.loads(out)


def received(udp):
    """Seconds, nanoseconds and samples of each datagram that is there."""
    udp.settimeout(0.2)
    try:
        while True:
            data = udp.recv(1 << 16)
            yield *struct.unpack_from("<II", data), np.frombuffer(data[8:], "<c8")
    except TimeoutError:
        return


def test_datagrams_byte_by_byte(udp):
    port = udp.getsockname()[1]
    with sentinel(
        "simulate", "pulse", *TAG, "--duration", 2, "--udp", port, "--start-time", START, "--pace", "full"
    ) as process:
        counts = result(process)
    sent = samples(3840.0, 2)
    packets = list(received(udp))
    assert [len(packet) for _, _, packet in packets] == [1023] * 7 + [7680 - 7 * 1023]
    assert np.concatenate([packet for _, _, packet in packets]).tobytes() == sent.tobytes()
    for number, (seconds, nanoseconds, _) in enumerate(packets):
        assert seconds * 10**9 + nanoseconds == START_NS + round(number * 1023 * 10**9 / 3840)
    assert (counts["packets_sent"], counts["samples_sent"], counts["start_time"]) == (8, 7680, START)
    assert counts["samples_lost"] == counts["packets_overrun"] == 0


def test_the_pace_is_that_of_the_samples_and_stamps_are_now(udp):
    port = udp.getsockname()[1]
    with sentinel(
        "simulate", "pulse", "--rate", 50_000, "--duration", 2, "--udp", f"127.0.0.1:{port}"
    ) as process:
        arrivals = []
        left = 100_000
        while left:
            data = udp.recv(1 << 16)
            arrivals.append(time.time_ns())
            seconds, nanoseconds = struct.unpack_from("<II", data)
            left -= len(data) // 8 - 1
            if len(arrivals) == 1:
                first_ns = seconds * 10**9 + nanoseconds
        counts = result(process)
    # A packet goes out when its last sample has been taken, here 20.46 ms after its first.
    due = first_ns + np.minimum(np.arange(1, len(arrivals) + 1) * 1023, 100_000) * 20_000
    lateness_s = (np.array(arrivals) - due) / 1e9
    # Wall clock against monotonic clock: none early by more than a step of the one against the other.
    assert lateness_s.min() > -0.002
    # On a machine with other work some are late, but the schedule does not slip.
    assert np.median(lateness_s) < 0.05
    assert 2.0 <= counts["work_s"] < 3.0
    assert abs(parse_datetime(counts["start_time"]).time_ns - first_ns) == 0


def test_damage_adds_up_at_the_receiver(udp, tmp_path):
    port = udp.getsockname()[1]
    report, truth = tmp_path / "report.json", tmp_path / "truth.sigmf-meta"
    damage = ["--loss", 0.05, "--burst-loss", "0.01,4", "--reorder", 0.1, "--duplicate", 0.1, "--late", 0.03]
    damage += ["--clock-step", "0.25@10", "--jitter", 0.001, "--clock-ppm", 20]
    with sentinel(
        "simulate",
        "pulse",
        *TAG,
        *["--duration", 30, "--frame", 65, "--udp", port, "--start-time", START, "--pace", "full"],
        *["--report", report, "--truth", truth, *damage],
    ) as process:
        counts = result(process)
    assert json.loads(report.read_text()) == counts
    packets = list(received(udp))
    # The number of a packet from its stamp: 64 samples at 3840 Hz and 20 ppm, a step at 10 s.
    spent_s = [seconds + nanoseconds / 1e9 - START_NS / 1e9 for seconds, nanoseconds, _ in packets]
    numbers = [round((s - 0.25 * (s > 10.2)) * 3840 * 1.00002 / 64) for s in spent_s]
    sent = samples(3840.0, 30)
    for number, (_, _, packet) in zip(numbers, packets, strict=True):
        assert np.array_equal(packet, sent[number * 64 : number * 64 + 64])
    times = Counter(numbers)
    assert counts["packets_made"] == 1800
    assert counts["packets_sent"] == len(times)
    assert counts["packets_duplicate"] == sum(times.values()) - len(times)
    assert counts["samples_lost"] == 64 * (1800 - len(times)) > 0
    assert counts["samples_sent"] + counts["samples_lost"] == counts["samples_made"] == len(sent)
    firsts = list(dict.fromkeys(numbers))
    passed = [sum(other > number for other in firsts[:place]) for place, number in enumerate(firsts)]
    assert counts["packets_late"] == sum(n == 8 for n in passed) > 0
    assert counts["packets_reordered"] == sum(0 < n < 8 for n in passed) > 0
    meta = json.loads(truth.read_text())
    assert meta["captures"] == [{"core:datetime": START, "core:sample_start": 0}]
    assert meta["annotations"] == scene_annotations(Scene(3840.0, 30, **SCENE))


def subscriber(port):
    socket_ = zmq.Context.instance().socket(zmq.SUB)
    socket_.rcvtimeo = 20_000
    socket_.linger = 0
    socket_.rcvhwm = 0
    socket_.connect(f"tcp://127.0.0.1:{port}")
    socket_.subscribe(b"")
    return socket_


def test_zmq_is_plain_samples_from_the_first_on():
    port = free_port()
    words = ["--rate", "48k", "--duration", 1, "--pace", "full", "--zmq", f"tcp://127.0.0.1:{port}"]
    with sentinel("simulate", "pulse", *TAG, *words) as process, subscriber(port) as sub:
        sent = samples(48_000.0, 1)
        got = b""
        while len(got) < sent.nbytes:
            got += sub.recv()
        assert got == sent.tobytes()
        assert result(process)["packets_sent"] == 50


def test_zmq_packets_with_their_header():
    port = free_port()
    words = ["--rate", "48k", "--duration", 0.5, "--loss", 0.2, "--zmqiq", f"tcp://127.0.0.1:{port}"]
    with (
        sentinel("simulate", "pulse", *TAG, *words, "--start-time", START, "--frame", 1000) as process,
        subscriber(port) as sub,
    ):
        sent = samples(48_000.0, 0.5)
        sequences, flags = [], []
        while not flags or not flags[-1]:
            message = sub.recv()
            header = struct.unpack_from("<IHHQQIIII", message)
            sequences.append(header[3])
            flags.append(header[8])
            stamp_us = START_NS // 1000 + header[3] * 1000 * 1_000_000 // 48_000
            count = (len(message) - 40) // 8
            assert header == (0x5A514941, 1, 40, header[3], stamp_us, 48_000, count, 8 * count, header[8])
            assert message[40:] == sent[header[3] * 1000 :][:1000].tobytes()
        counts = result(process)
    assert flags == [0] * (len(flags) - 1) + [1]
    assert sequences == sorted(sequences) and sequences[-1] == 23
    assert counts["packets_lost"] == 24 - len(sequences) > 0


def test_our_own_source_gets_what_the_damage_lets_through():
    port = free_port()
    sent = samples(48_000.0, 1)
    packets = [sent[first : first + 500] for first in range(0, len(sent), 500)]
    counts = DamageCounts()
    damage = Damage(loss=0.1, reorder=0.1, duplicate=0.1, late=0.02, seed=5)
    expected = np.concatenate(list(damaged(packets, damage, counts)))
    words = ["--rate", "48k", "--duration", 1, "--frame", 500, "--zmqiq", f"tcp://127.0.0.1:{port}"]
    words += ["--loss", 0.1, "--reorder", 0.1, "--duplicate", 0.1, "--late", 0.02]
    top = gr.top_block()
    source = sentinel_blocks.zmq_iq_source(f"tcp://127.0.0.1:{port}")
    sink = blocks.vector_sink_c()
    top.connect(source, sink)
    with sentinel("simulate", "pulse", *TAG, *words) as process:
        top.start()
        try:
            report = result(process)
            deadline = time.monotonic() + 20
            # A source without further packets does not notice that the flowgraph behind it is done.
            while len(sink.data()) < len(expected) and time.monotonic() < deadline:
                pass
        finally:
            top.stop()
            top.wait()
    assert np.array_equal(np.array(sink.data(), np.complex64), expected)
    assert {f"packets_{kind}": n for kind, n in counts.packets.items()}.items() <= report.items()
    assert source.packets_received() == counts.packets["sent"] + counts.packets["duplicate"]


def command(number, value):
    return struct.pack(">BI", number, value & 0xFFFFFFFF)


def receive(client, count):
    data = b""
    while len(data) < count:
        part = client.recv(count - len(data))
        assert part, "the server closed early"
        data += part
    return data


def test_an_rtl_tcp_client_gets_header_bytes_and_its_frequency():
    port = free_port()
    words = ["--rate", "48k", "--duration", 2, "--center-freq", "146M", "--rtl-tcp", f"127.0.0.1:{port}"]
    with sentinel("simulate", "pulse", *TAG, *words, "--log-json") as process:
        log = read_until(process.stderr, "waiting for an rtl_tcp client")
        sent = samples(48_000.0, 2)
        expected = quantise(sent, "cu8").tobytes()
        # The first only looks and goes; the next gets the scene from its first sample.
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            assert receive(client, 12) == b"RTL0" + bytes([0, 0, 0, 5, 0, 0, 0, 29])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            assert receive(client, 12 + 20_000)[12:] == expected[:20_000]
            # Two and a half commands in one piece, the rest in another.
            piece = command(1, 146_001_000) + command(2, 1_024_000) + command(3, 1) + command(4, 297)
            piece += command(5, -7)
            client.sendall(piece[:13])
            client.sendall(piece[13:])
            rest = b""
            while data := client.recv(1 << 16):
                rest += data
        counts = result_of(process, log)
    assert len(rest) == len(expected) - 20_000
    # Tuned 1 kHz up, the scene moves 1 kHz down.
    turns = np.arange(len(sent)) * (1000 / 48_000) % 1.0
    moved = quantise(sent * np.exp(-2j * np.pi * turns), "cu8").tobytes()
    assert rest[-100_000:] == moved[-100_000:]
    assert (counts["clients"], counts["samples_sent"]) == (2, 96_000)
    texts = [entry["text"] for entry in map(json.loads, log)]
    for wanted in (
        "client sets frequency 146.001 MHz",
        "client sets sample rate 1.024 MHz",
        "client sets gain mode manual",
        "client sets gain 29.7 dB",
        "client sets frequency correction -7 ppm",
    ):
        assert wanted in texts
    assert any("the client wants 1.024 MHz, the scene has 48 kHz" in text for text in texts)
    assert any("tuned 1 kHz from the scene's centre 146 MHz; the scene is shifted" in text for text in texts)


def result_of(process, log):
    out, err = finish(process, None)
    log += err.splitlines()
    return json.loads(out)


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_without_duration_it_goes_on_until_a_signal_and_tells_the_truth(udp, tmp_path, capsys, number, code):
    port = udp.getsockname()[1]
    truth = tmp_path / "truth.sigmf-meta"
    with sentinel(
        "simulate", "pulse", *TAG, "--rate", 20_000, "--udp", port, "--truth", truth, "--loss", 0.1
    ) as process:
        for _ in range(25):
            udp.recv(1 << 16)
        out, err = finish(process, number)
        assert process.returncode == code, err
    counts = json.loads(out)
    assert counts["samples_made"] == counts["samples_sent"] + counts["samples_lost"]
    meta = json.loads(truth.read_text())
    assert meta["global"]["sentinel:sample_count"] == counts["samples_made"] >= 25 * 1023
    ends = [a["core:sample_start"] + a["core:sample_count"] for a in meta["annotations"]]
    assert ends and max(ends) <= counts["samples_made"]
    assert main(["score", str(truth), str(truth), "--json"]) == 0
    score = json.loads(capsys.readouterr().out)
    assert score["observed_s"] == pytest.approx(counts["samples_made"] / 20_000)
    assert (score["right"], score["false"]) == (len(ends), 0)


def test_a_loop_repeats_its_samples(udp, tmp_path):
    port = udp.getsockname()[1]
    truth = tmp_path / "truth.sigmf-meta"
    words = ["--rate", 10_000, "--duration", 1.1, "--loop", "--frame", 501, "--udp", port, "--truth", truth]
    with sentinel("simulate", "pulse", *TAG, *words) as process:
        got = np.concatenate([np.frombuffer(udp.recv(1 << 16)[8:], "<c8") for _ in range(44)])
        finish(process)
    once = samples(10_000.0, 1.1)
    assert np.array_equal(got, np.concatenate((once, once)))
    starts = [a["core:sample_start"] for a in json.loads(truth.read_text())["annotations"]]
    assert starts[1] - starts[0] == len(once)


@pytest.mark.parametrize(
    "words, what",
    [
        (["--udp", "127.0.0.1"], "must be udp:HOST:PORT"),
        (["--udp", "10000", "--frame", "9000"], "--frame 9000: a datagram holds 2 to"),
        (["--udp", "10000", "--out", "x.cu8"], "--udp and --out exclude each other"),
        (["--out", "x.cu8", "--loss", "0.1"], "--loss is for a scene that is sent"),
        (["--udp", "10000", "--loss", "1"], "loss is 1.0; give a probability below 1"),
        (["--udp", "10000", "--burst-loss", "0.1"], "--burst-loss '0.1': write it as 0.01,5"),
        (["--udp", "10000", "--clock-step", "5"], "--clock-step '5': write it as"),
        (["--udp", "10000", "--datatype", "cu8"], "--datatype is for --out"),
        (["--udp", "10000", "--truth", "x.json"], "let the name end in .sigmf-meta"),
        (["--udp", "10000", "--report", "none/x.json"], "there is no folder none"),
        (["--udp", "10000", "--start-time", "2107-01-01T00:00:00Z"], "up to 2106"),
        (["--zmqiq", "127.0.0.1:5555"], "must be zmqiq:tcp://HOST:PORT"),
        (["--zmqiq", "tcp://127.0.0.1:5555", "--rate", "3840.5"], "whole Hz only"),
        (["--zmq", "tcp://127.0.0.1:5555", "--clock-step", "1@1"], "this stream has no time stamps"),
        (["--rtl-tcp", "127.0.0.1:1234", "--reorder", "0.1"], "TCP keeps order"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_one_line(words, what, capsys):
    assert main(["simulate", "pulse", *words]) == 2
    error = capsys.readouterr().err
    assert what in error and error.count("\n") == 1


@pytest.mark.parametrize("option, prefix", [("--rtl-tcp", ""), ("--zmq", "tcp://"), ("--zmqiq", "tcp://")])
def test_a_port_in_use_is_named(option, prefix, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"{prefix}127.0.0.1:{taken.getsockname()[1]}"
        assert main(["simulate", "pulse", option, address]) == 2
    error = capsys.readouterr().err
    assert address in error and "Address already in use; end what uses that port" in error
