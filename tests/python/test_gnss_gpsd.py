# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of gpsd: a real gpsd fed by gpsfake, one without a receiver, one that restarts, and none."""

import json
import logging
import shutil
import subprocess
import time

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.gnss.receiver import gpsd_client
from gnuradio.sentinel.gnss.receiver.gpsd_client import GpsdClient, parse_gpsd_address
from gnuradio.sentinel.gnss.receiver.gpsd_log import read_gpsd_log
from gnuradio.sentinel.gnss.simulation.nmea_log import receiver_log, write_nmea
from gpsd_runs import gpsfake, lonely_gpsd, server
from live_runs import free_port

START = 1_782_907_200  # 2026-07-01T12:00:00Z; gpsd guesses the decade of dates far from today
TPV = {"class": "TPV", "device": "/dev/a", "mode": 3, "lat": 48.0, "lon": 11.0}
needs_gpsd = pytest.mark.skipif(
    shutil.which("gpsfake") is None or shutil.which("gpsd", path="/usr/sbin:/usr/bin") is None,
    reason="gpsd is not installed",
)


def client(port, **options):
    return GpsdClient("127.0.0.1", port, first_wait_s=0.05, longest_wait_s=0.2, **options)


@pytest.fixture(scope="module")
def truth():
    """Jammed from 8 s on at J/S 60 dB: the fix is lost."""
    js = np.where(np.arange(16) < 8, -np.inf, 70.0)
    return receiver_log(16, start_time_s=START, js_db=js)


@needs_gpsd
def test_what_gpsd_makes_of_a_log_is_its_truth(tmp_path, truth):
    write_nmea(tmp_path / "log.nmea", truth)
    port = free_port()
    with gpsfake(tmp_path / "log.nmea", port), client(port) as receiver:
        seconds = {float(START + k) for k in range(16)}
        # Twice around, so that the last of the first round are complete.
        assert receiver.wait_for(lambda c: sum(s.time_s == START + 15 for s in c.states()) >= 2, 60), (
            receiver.status
        )
        states = {state.time_s: state for state in receiver.states()}
        status = receiver.status
    assert status.connected and status.reason == "" and status.version.startswith("3.")
    assert seconds <= states.keys() and status.garbage == status.oversized == 0
    for second, epoch in enumerate(truth.epochs):
        state = states[float(START + second)]
        assert state.mode == epoch.mode and not state.stale
        got = {sat.key[:2]: sat for sat in state.satellites}
        wanted = {sat.key[:2]: sat for sat in epoch.satellites}
        # With a satellite short of one constellation gpsd would still show the others.
        assert got.keys() == wanted.keys()
        for key, sat in wanted.items():
            assert got[key].cn0_db_hz == (None if sat.cn0_db_hz is None else round(sat.cn0_db_hz))
            assert got[key].elevation_deg == round(sat.elevation_deg) and got[key].used == sat.used
        if epoch.mode == 1:
            assert state.latitude_deg is None and state.dilution.geometric is None
            assert state.satellites_used == 0 and state.range_rms_m is None
            continue
        assert state.latitude_deg == pytest.approx(epoch.latitude_deg, abs=1e-6)
        assert state.longitude_deg == pytest.approx(epoch.longitude_deg, abs=1e-6)
        assert state.altitude_msl_m == pytest.approx(epoch.altitude_m, abs=0.06)
        assert state.dilution.horizontal == pytest.approx(epoch.dilution.horizontal, abs=0.006)
        assert state.dilution.position == pytest.approx(epoch.dilution.position, abs=0.006)
        assert state.latitude_error_m == pytest.approx(epoch.errors_m[0], abs=0.06)
        assert state.range_rms_m == pytest.approx(epoch.errors_m[3], abs=0.06)
        assert state.vertical_error_m > 0  # gpsd's own estimate
    assert states[START + 15.0].mode == 1 and truth.epochs[15].mode == 1


@needs_gpsd
def test_gpspipe_writes_a_log_with_the_same_states(tmp_path, truth):
    write_nmea(tmp_path / "log.nmea", truth)
    port = free_port()
    with gpsfake(tmp_path / "log.nmea", port), client(port) as receiver:
        assert receiver.wait_for(lambda c: c.states(), 60)
        done = subprocess.run(
            ["gpspipe", "-w", "-n", "400", f"127.0.0.1:{port}"], capture_output=True, timeout=60, check=True
        )
    (tmp_path / "gpsd.json").write_bytes(done.stdout)
    log = read_gpsd_log(tmp_path / "gpsd.json")
    assert log.garbage == 0 and len(log.states) > 10
    # gpsd learns in its first seconds which sentence ends an epoch: from the second round on.
    times = [state.time_s for state in log.states]
    complete = log.states[times.index(START) : -1]
    assert len(complete) > 16
    for state in complete:
        assert state.device.startswith("/dev/")
        epoch = truth.epochs[round(state.time_s - START)]
        assert state.mode == epoch.mode and len(state.satellites) == len(epoch.satellites)


@needs_gpsd
def test_gpsd_without_a_receiver_and_one_that_restarts(tmp_path, truth, caplog, monkeypatch):
    write_nmea(tmp_path / "log.nmea", truth)
    port = free_port()
    caplog.set_level(logging.INFO, "gnuradio.sentinel.gnss.gpsd")
    monkeypatch.setattr(logging.getLogger("gnuradio.sentinel"), "propagate", True)
    with client(port) as receiver:
        assert receiver.wait_for(lambda c: c.status.attempts >= 4, 60)  # it is not there at all
        assert not receiver.status.connected and "refused" in receiver.status.reason.lower()
        assert receiver.latest() is None and receiver.state_at(time.time()) is None
        with lonely_gpsd(tmp_path, port):
            assert receiver.wait_for(lambda c: c.status.connected, 60), receiver.status
            assert receiver.wait_for(lambda c: c.status.reason == "gpsd has no receiver", 60)
        assert receiver.wait_for(lambda c: not c.status.connected, 60)
        assert receiver.status.reason == "the connection was closed" or "reset" in receiver.status.reason
        with gpsfake(tmp_path / "log.nmea", port):
            assert receiver.wait_for(lambda c: c.status.reason == "" and c.states(), 60)
        assert receiver.wait_for(lambda c: not c.status.connected, 60)
        before = len(receiver.states())
        with gpsfake(tmp_path / "log.nmea", port):
            assert receiver.wait_for(lambda c: len(c.states()) > before and c.status.connected, 60)
        attempts = receiver.status.attempts
    # The same reason is logged once in each of the four outages, however often it was tried.
    refused = [r for r in caplog.records if "refused" in r.getMessage().lower()]
    assert 1 <= len(refused) <= 4 < attempts


def test_what_is_not_gpsd_is_told():
    def serve(connection):
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n" * 50)
        connection.recv(1)

    with server(serve) as port, client(port) as receiver:
        assert receiver.wait_for(lambda c: "is not gpsd" in c.status.reason, 30), receiver.status
        assert "HTTP/1.1" in receiver.status.reason and receiver.latest() is None


def test_garbage_and_endless_lines_between_messages_do_no_harm():
    good = (json.dumps(TPV) + "\n").encode()

    def serve(connection):
        connection.sendall(b'{"class":"VERSION","release":"3.22"}\n' + good)
        connection.sendall(b"\x00\xff garbage\n" + b"x" * 1_000_000 + b"\n" + good)
        connection.recv(100)
        connection.recv(1)

    with server(serve) as port, client(port) as receiver:
        assert receiver.wait_for(lambda c: c.status.messages == 3, 30), receiver.status
        status = receiver.status
        assert (status.garbage, status.oversized, status.reason) == (1, 1, "")
        assert receiver.latest().latitude_deg == 48.0


def test_waits_double_up_to_a_limit(caplog):
    """A server that ends at once, after its version, again and again."""

    def serve(connection):
        connection.sendall(b'{"class":"VERSION","release":"3.22"}\n')

    waits = []
    with server(serve) as port, client(port) as receiver:
        assert receiver.wait_for(
            lambda c: c.status.retry_s > 0 and (waits.append(c.status.retry_s) or len(set(waits)) >= 3), 30
        )
        assert receiver.wait_for(lambda c: c.status.attempts >= 6, 30)
        assert receiver.status.retry_s in (0.0, 0.2)
    assert sorted(set(waits)) == [0.05, 0.1, 0.2]


def test_a_receiver_that_falls_silent_is_stale_and_asked_for(monkeypatch):
    monkeypatch.setattr(gpsd_client, "ASK_AFTER_S", 0.0)
    monkeypatch.setattr(gpsd_client, "SILENCE_S", 1.5)  # looked at each second: asked, then given up
    heard = []

    def serve(connection):
        connection.sendall((json.dumps(TPV) + "\n").encode())
        while data := connection.recv(100):
            heard.append(data)

    now = [1000.0]
    with server(serve) as port, client(port, clock=lambda: now[0]) as receiver:
        assert receiver.wait_for(lambda c: c.states(), 30)
        assert receiver.latest().has_fix
        now[0] += 3.5
        state = receiver.latest()
        assert state.stale and not state.has_fix and state.latitude_deg is None
        assert receiver.wait_for(lambda c: c.status.reason.startswith("silent for"), 30), receiver.status
        assert receiver.wait_for(lambda c: len(c.states()) >= 1 and c.status.attempts >= 2, 30)
    assert any(b"?VERSION" in data for data in heard)


def test_stop_does_not_wait_for_the_next_attempt():
    receiver = GpsdClient("127.0.0.1", free_port(), first_wait_s=30, longest_wait_s=30)
    receiver.start()
    assert receiver.wait_for(lambda c: c.status.retry_s == 30, 30)
    began = time.monotonic()
    receiver.stop()
    receiver.stop()
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:2948", ("127.0.0.1", 2948)),
        ("pi.local", ("pi.local", 2947)),
        (":29470", ("127.0.0.1", 29470)),
        ("[::1]:2947", ("::1", 2947)),
        ("[::1]", ("::1", 2947)),
        ("::1", ("::1", 2947)),
    ],
)
def test_addresses(text, address):
    assert parse_gpsd_address(text) == address


@pytest.mark.parametrize("text", ["host:port", "host:0", "host:70000", "a b:1", "host:²"])
def test_addresses_that_are_none(text):
    with pytest.raises(InputError, match="write HOST:PORT"):
        parse_gpsd_address(text)
