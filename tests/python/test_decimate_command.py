# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel decimate` as people run it: a recording to sockets of other processes, and to a recording."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from gnuradio.sentinel import kernel
from gnuradio.sentinel.core.decimation import plan_rates
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.recording import open_recording
from gnuradio.sentinel.core.simulate_io import write_sigmf

RATE, COUNT, SHIFT = 768e3, 768_000, 10e3
COMMAND = (sys.executable, "-c", "import sys; from gnuradio.sentinel.apps.main import main; sys.exit(main())")
START = "2026-07-01T12:00:00.250000Z"
START_NS = 1_782_907_200_250_000_000


@pytest.fixture(scope="module")
def samples():
    made = kernel.gaussian_noise(5).generate(COUNT) * np.float32(0.01)
    made += np.exp(-2j * np.pi * (SHIFT - 500) / RATE * np.arange(COUNT)).astype(np.complex64)
    return made


@pytest.fixture(scope="module")
def recording(tmp_path_factory, samples):
    path = tmp_path_factory.mktemp("wide") / "wide.sigmf-meta"
    write_sigmf(path, samples, RATE, center_freq=148.01e6, start_time=START)
    return path


@pytest.fixture(scope="module")
def expected(samples):
    made = kernel.cascade_decimator(RATE, 200, SHIFT)
    return np.concatenate([made.push(samples), made.flush()])


def decimate(*words, **options):
    command = [*COMMAND, "decimate", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **options)
    return done.returncode, done.stdout, done.stderr


def receiver():
    """A socket of this process that hears the command's packets."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    made.bind(("127.0.0.1", 0))
    made.settimeout(20)
    return made


def address(made):
    return f"127.0.0.1:{made.getsockname()[1]}"


def datagrams(made):
    """All datagrams that wait at a socket, as (ns since 1970, samples)."""
    made.setblocking(False)
    found = []
    while True:
        try:
            data = made.recv(65536)
        except BlockingIOError:
            return found
        seconds, nanoseconds = np.frombuffer(data[:8], "<u4").astype(np.uint64)
        found.append((int(seconds) * 10**9 + int(nanoseconds), np.frombuffer(data[8:], "<c8")))


def test_a_recording_to_two_sockets_and_a_report(recording, expected, tmp_path):
    report = tmp_path / "report.json"
    with receiver() as one, receiver() as two:
        targets = f"{address(one)},{address(two)}"
        code, out, errors = decimate(recording, "--udp", targets, "--pace", "full", "--report", report)
        packets, others = datagrams(one), datagrams(two)
    assert (code, out) == (0, ""), errors
    assert [len(values) for _, values in packets] == [1023, 1023, 1023, 3840 - 3 * 1023]
    assert np.array_equal(np.concatenate([values for _, values in packets]), expected)
    for number, (time_ns, _) in enumerate(packets):
        # Centre of the packet's first sample: no group delay in it.
        assert abs(time_ns - START_NS - number * 1023 * 10**9 / 3840) <= 2
    assert all(np.array_equal(a[1], b[1]) and a[0] == b[0] for a, b in zip(packets, others, strict=True))
    assert "locked input rate 768000 Hz; 8 x 5 x 5 gives 3840 Hz; shift +10000 Hz, centre 148 MHz" in errors
    assert "usable band +-1514 Hz within 1 dB" in errors
    values = json.loads(report.read_text())
    assert (values["samples_read"], values["decimation"]) == (COUNT, 200)
    assert (values["packets_sent"], values["send_errors"]) == (8, 0)  # four to each
    assert (values["stages"], values["flat_hz"]) == ([8, 5, 5], pytest.approx(1513.85, abs=0.1))


def test_a_recording_is_sent_at_its_own_pace(recording):
    with receiver() as made:
        began = time.monotonic()
        code, _, errors = decimate(recording, "--udp", address(made), "--frame", "512")
        lasted = time.monotonic() - began
        packets = datagrams(made)
    assert code == 0, errors
    assert [len(values) for _, values in packets] == [511] * 7 + [3840 - 7 * 511]
    assert lasted > 0.95


def test_a_recording_of_the_channel(recording, expected, tmp_path):
    out = tmp_path / "narrow.sigmf-meta"
    code, text, errors = decimate(recording, "--out", out)
    assert (code, text) == (0, ""), errors
    kept = open_recording(str(out))
    assert (kept.sample_rate, kept.sample_count) == (3840.0, len(expected))
    capture = kept.capture_at(0)
    assert capture.center_freq_hz == 148e6 and kept.time_ns_at(0) == START_NS
    values = np.fromfile(out.with_suffix(".sigmf-data"), np.complex64)
    assert np.array_equal(values, expected)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["narrow.sigmf-data", "narrow.sigmf-meta"]
    # The tone that stood 500 Hz above the tag's place.
    spectrum = np.abs(np.fft.fft(values))
    assert np.fft.fftfreq(len(values), 1 / 3840)[np.argmax(spectrum)] == 500


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_it_in_good_order(recording, tmp_path, number, code):
    out = tmp_path / "narrow.sigmf-meta"
    with receiver() as made:
        words = [recording, "--udp", address(made), "--frame", "64", "--out", out]
        running = subprocess.Popen(
            [*COMMAND, "decimate", *map(str, words)], stderr=subprocess.PIPE, env=os.environ
        )
        made.recv(65536)  # it runs
        running.send_signal(number)
        _, errors = running.communicate(timeout=20)
        packets = datagrams(made)
    assert running.returncode == code, errors
    kept = open_recording(str(out))
    assert 63 <= kept.sample_count < 3840
    assert 63 + sum(len(values) for _, values in packets) == kept.sample_count


@pytest.mark.parametrize(
    "words, message",
    [
        (["--rate-out", "3000.1"], "is 255.991 times 3000.1 Hz, no whole number"),
        (["--rate-out", "59076.9"], "the nearest that can be had are 12 and 14: set --rate-out to"),
        (["--rate-out", "3841", "--strict-input-rate"], "260 ppm from 200 times 3841 Hz"),
        (["--shift", "400k"], "half the input's rate"),
        (["--shift", "x"], "--shift 'x' is not understood"),
        (["--udp", "127.0.0.1"], "must be HOST:PORT"),
        (["--udp", ","], "names no destination"),
        (["--frame", "1"], "a packet holds 2 to 8188"),
        (["--rate-tol-ppm", "-1"], "must be 0 or more"),
        (["--out", "x.cf32"], "must end in .sigmf-meta"),
    ],
)
def test_mistakes_are_one_line(recording, tmp_path, words, message):
    tolerance = ["--rate-tol-ppm", "20"] if words[1] == "3000.1" else []
    code, out, errors = decimate(recording, *words, *tolerance, cwd=tmp_path)
    assert (code, out) == (2, "")
    assert message in errors and len(errors.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_rate_within_the_tolerance_is_taken():
    plan = plan_rates(767_000.0, 3840.0)
    assert (plan.decimation, plan.factors, plan.rate_out) == (200, (8, 5, 5), 3835.0)
    with pytest.raises(InputError, match="no whole number"):
        plan_rates(767_000.0, 3840.0, tolerance_ppm=1000)
    with pytest.raises(InputError, match="--strict-input-rate"):
        plan_rates(767_000.0, 3840.0, strict=True)
