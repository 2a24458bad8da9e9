# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of live input, each against the command that sends as a radio does."""

import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from grc_programs import ROOT, compile_file, run_with

sys.path.insert(0, str(ROOT / "tests" / "python"))
from sender_runs import finish, free_port, read_until, sentinel

RATE = 48_000.0
SCENE = ["--tag", "freq=500,tip=0.6,en0=16,id=a17", "--seed", "3", "--log-level", "info"]


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The compiled flowgraphs, by name."""
    folder = tmp_path_factory.mktemp("programs")
    made = {}
    for name in ("live_source", "packets_by_hand", "pulse_desk"):
        done, made[name] = compile_file(ROOT / "examples" / f"{name}.grc", folder)
        assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.mark.parametrize(
    ("kind", "option", "form"),
    [
        ("udp", "--udp", "127.0.0.1:{}"),
        ("zmqiq", "--zmqiq", "tcp://127.0.0.1:{}"),
        ("zmq", "--zmq", "tcp://127.0.0.1:{}"),
        ("rtl_tcp", "--rtl-tcp", "127.0.0.1:{}"),
    ],
)
def test_live_source_reads_what_each_sender_sends(programs, tmp_path, kind, option, form):
    rate = 240_000.0 if kind == "rtl_tcp" else RATE  # the dongle's least rate is 225 kHz
    address = form.format(free_port(socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM))
    words = ["simulate", "pulse", "--rate", rate, "--center-freq", "146M", option, address, *SCENE]
    with sentinel(*words) as sender:
        if kind == "rtl_tcp":
            read_until(sender.stderr, "waiting for an rtl_tcp client")
        ran = run_with(
            programs["live_source"],
            *("--input", f"{kind}:{address}", "--rate", str(rate), "--center-freq", "146M"),
            *("--duration", "1.5", "--output", "live.cf32"),
            cwd=tmp_path,
        )
        finish(sender)
    assert ran.returncode == 0, ran.stderr
    samples = np.fromfile(tmp_path / "live.cf32", np.complex64)
    assert len(samples) == round(1.5 * rate)
    level = np.sqrt(np.mean(np.abs(samples) ** 2))
    assert 1e-3 < level < 1  # noise of the scene, neither silence nor full scale
    for tag in ("sentinel_start", "rx_rate", "sentinel_end"):
        assert tag in ran.stdout


def test_a_receiver_that_is_not_there_is_one_line(programs, tmp_path):
    for name in ("soapy:driver=none", "rtlsdr:9"):
        ran = run_with(
            programs["live_source"],
            *("--input", name, "--rate", "1M", "--center-freq", "146M"),
            cwd=tmp_path,
        )
        assert ran.returncode == 2
        assert ran.stderr.splitlines()[-1].startswith(f"live_source.py: {name}: ")


def test_packets_by_hand_sends_one_sample_for_ten(programs, tmp_path):
    """A tone at 500 Hz of 48 kHz arrives as one of 500 Hz at 4.8 kHz, each packet on its time."""
    port = free_port(socket.SOCK_DGRAM)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind(("127.0.0.1", 0))
        out.settimeout(30)
        chain = subprocess.Popen(
            [sys.executable, programs["packets_by_hand"], "--port", str(port), "--samp-rate", str(RATE)]
            + ["--to", f"127.0.0.1:{out.getsockname()[1]}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        try:
            scene = ["--tag", "freq=500,tip=0.6,en0=60,id=a17", "--duration", "60"]
            with sentinel("simulate", "pulse", "--rate", RATE, "--udp", f"127.0.0.1:{port}", *scene):
                packets = [out.recv(65536) for _ in range(40)]
        finally:
            chain.terminate()
            chain.wait()
    assert {len(packet) for packet in packets} == {256 * 8}
    stamps = [np.frombuffer(packet, np.uint32, 2) for packet in packets]
    times = np.array([seconds + nanoseconds / 1e9 for seconds, nanoseconds in stamps.copy()], float)
    assert np.diff(times) == pytest.approx(255 / 4800.0, abs=1e-5)
    samples = np.concatenate([np.frombuffer(packet, np.complex64)[1:] for packet in packets])
    spectrum = np.abs(np.fft.fft(samples * np.hanning(len(samples))))
    peak_hz = np.fft.fftfreq(len(samples), 1 / 4800.0)[np.argmax(spectrum)]
    assert peak_hz == pytest.approx(500.0, abs=2 / 0.6)  # a line of the pulse train's comb beside it


def test_embed_live_finds_the_tag_and_ends_by_itself():
    port = free_port(socket.SOCK_DGRAM)
    words = [f"udp:127.0.0.1:{port}", "--rate", "3840", "--tip", "0.6", "--duration", "7"]
    program = subprocess.Popen(
        [sys.executable, ROOT / "examples" / "embed_live.py", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        read_until(program.stdout, "listening")
        with sentinel("simulate", "pulse", "--udp", f"127.0.0.1:{port}", *SCENE, "--frame", 96):
            said, errors = program.communicate(timeout=60)
    finally:
        program.kill()
    assert program.returncode == 0, errors
    *events, level = said.splitlines()
    assert len(events) == 2 and all("+50" in line or "+49" in line for line in events)
    assert level.startswith("26880 samples, mean level ")


DESK = """
import sys
from PyQt5 import Qt
sys.path.insert(0, {folder!r})
from pulse_desk import pulse_desk
application = Qt.QApplication([])
top = pulse_desk(input_name={input!r}, rate=3840.0)
top.start()
top.show()
top.set_tip(0.6)
print("listening", flush=True)
timer = Qt.QTimer()
board = top.events.board
timer.timeout.connect(lambda: application.quit() if board.event_count > 1 and board.filled else None)
timer.start(50)
application.exec_()
for block in (top.events, top.scores):
    block.widget._timer.timeout.emit()
table = top.events.widget.table
assert table.rowCount() == board.event_count, (table.rowCount(), board.event_count)
assert table.item(0, 2).text()[:3] in ("+49", "+50"), table.item(0, 2).text()
assert top.scores.decisions and top.grab().save("desk.png")
print(top.events.widget.status.text(), flush=True)
top.close()
"""


def test_the_desk_shows_events_and_gaps_of_a_live_input(programs, tmp_path):
    port = free_port(socket.SOCK_DGRAM)
    script = tmp_path / "desk.py"
    text = DESK.format(folder=str(Path(programs["pulse_desk"]).parent), input=f"udp:127.0.0.1:{port}")
    script.write_text(text)
    scene = [*SCENE, "--frame", 96, "--loss", 0.02]
    with sentinel("simulate", "pulse", "--udp", f"127.0.0.1:{port}", *scene) as sender:
        ran = run_with(script, cwd=tmp_path)
        assert sender.poll() is None
    assert ran.returncode == 0, ran.stderr
    assert " events. Gaps: " in ran.stdout and " filled, " in ran.stdout
    assert (tmp_path / "desk.png").stat().st_size > 5000
