# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel gnss --gpsd` live: a port that is no gpsd, a gpsd that comes, dies, and comes again."""

import json
import shutil
import threading
import time
from contextlib import ExitStack

import pytest
from gnuradio.sentinel.apps.main import main
from gpsd_runs import gpsfake, server
from sender_runs import free_port, read_until, sentinel

START = "2026-07-01T12:00:00Z"
needs_gpsd = pytest.mark.skipif(
    shutil.which("gpsfake") is None or shutil.which("gpsd", path="/usr/sbin:/usr/bin") is None,
    reason="gpsd is not installed",
)
#: When the simulated radio is jammed, and when the scene ends, s.
JAM, END = (38, 44), 46


def nmea(folder, name, *interference):
    """The log of a satellite receiver in a scene of its own."""
    words = ("--out", folder / f"{name}.cu8", "--nmea", folder / f"{name}.nmea", "--start-time", START)
    length = ("--rate", "48k", "--seconds", 30)
    assert main(["simulate", "gnss", *map(str, (*words, *length, *interference))]) == 0
    return folder / f"{name}.nmea"


def no_gpsd(connection):
    """What a web server says."""
    connection.recv(100)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n" * 50)


def wait_for_snapshots(folder, more, process):
    """Look again and again until so many further decisions are written; their file is not yet complete."""

    def written():
        return sum(len(path.read_text().splitlines()) for path in folder.glob("*decisions*"))

    tick, deadline = threading.Event(), time.monotonic() + 60
    before = written()
    while written() < before + more:
        assert process.poll() is None and time.monotonic() < deadline
        tick.wait(0.05)


@needs_gpsd
def test_the_command_goes_on_whatever_becomes_of_gpsd(tmp_path):
    quiet = nmea(tmp_path, "quiet", "--family", "none")
    on_carrier = ("--param", "offset_hz=2k", "--jn", 15)
    jammed = nmea(tmp_path, "jammed", "--family", "cw", *on_carrier, "--start", 0, "--stop", 30)
    radio_port, port = free_port(), free_port()
    decisions, report = tmp_path / "decisions.jsonl", tmp_path / "r.json"
    scene = [
        *("simulate", "gnss", "--rate", "256k", "--seconds", END, "--rtl-tcp", f"127.0.0.1:{radio_port}"),
        *("--family", "cw", *on_carrier, "--start", JAM[0], "--stop", JAM[1]),
    ]
    monitor = [
        *("gnss", f"rtl_tcp:127.0.0.1:{radio_port}", "--rate", "256k", "--gain", 30, "--json"),
        *("--duration", END - 0.5, "--gpsd", f"127.0.0.1:{port}"),
        *("--decisions", decisions, "--report", report),
    ]
    with sentinel(*scene) as radio:
        read_until(radio.stderr, "waiting for an rtl_tcp client")
        with server(no_gpsd, port), ExitStack() as running:
            process = running.enter_context(sentinel(*monitor))
            said = read_until(process.stderr, "is not gpsd, it sends 'HTTP/1.1 400 Bad Request")
            running = running.pop_all()
        with running:
            said += read_until(process.stderr, "refused")  # nobody there
            with gpsfake(quiet, port):
                said += read_until(process.stderr, "reports come")
                wait_for_snapshots(tmp_path, 14, process)  # until the receiver's C/N0 is known
            said += read_until(process.stderr, "closed")
            with gpsfake(jammed, port):
                said += read_until(process.stderr, "reports come")
                assert process.poll() is None
                events = [json.loads(line) for line in process.stdout]
            said += process.stderr
            assert process.wait(60) == 0
    # Each state is said once, however often the connection was tried; nothing was lost meanwhile.
    about = [line for line in said if "gpsd" in line]
    for text in ("is not gpsd", "was closed"):
        assert len([line for line in about if text in line]) == 1, about
    assert len([line for line in about if "refused" in line]) <= 2
    assert len([line for line in about if "reports come" in line]) == 2 and len(about) <= 7
    assert not any("Traceback" in line for line in said)
    values = json.loads(report.read_text())
    assert values["decisions"] == END and values["samples_lost"] == 0
    closed = [event for event in events if event["state"] == "closed"]
    assert len(closed) == 1 and values["events"] == 1
    (event,) = closed
    assert JAM[0] <= event["sample_start"] / 256e3 <= JAM[0] + 1
    assert event["details"]["receiver_cn0_drop_db"] > 6
    assert "no_receiver" not in event["flags"] and "early_warning" not in event["flags"]
