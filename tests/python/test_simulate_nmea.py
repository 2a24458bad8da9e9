# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel simulate gnss --nmea`: a receiver's log beside a scene, and what the monitor makes of both."""

import json
import shutil

import numpy as np
import pytest
from gnuradio.sentinel.apps.main import main
from gnuradio.sentinel.gnss.receiver.effect import effective_cn0
from gnuradio.sentinel.gnss.receiver.gpsd_log import read_gpsd_log
from gnuradio.sentinel.gnss.simulation.parameters import check_parameters
from gnuradio.sentinel.gnss.simulation.receiver_model import Receiver
from gnuradio.sentinel.gnss.simulation.scene import GnssScene
from gnuradio.sentinel.gnss.simulation.scene_receiver import interference_by_second, scene_receiver_log
from gnuradio.sentinel.gnss.simulation.session import Interval, Session
from gpsd_runs import gpsd_json_of
from sender_runs import free_port, sentinel

RATE = 2.56e6
START = "2026-07-01T12:00:00Z"
START_S = 1_782_907_200
needs_gpsd = pytest.mark.skipif(
    shutil.which("gpsfake") is None or shutil.which("gpsd", path="/usr/sbin:/usr/bin") is None,
    reason="gpsd is not installed",
)


def session(*intervals, duration_s=20.0):
    return Session(duration_s, Receiver(), intervals)


def interval(family, start, stop, jn_db, **parameters):
    return Interval(start, stop, family, check_parameters(family, parameters, RATE), jn_db, 1)


def test_the_harm_of_a_carrier_and_of_noise_is_that_of_the_closed_forms():
    carrier = interval("cw", 4, 6, 10.0, offset_hz=0.0, drift_hz_per_s=0.0)
    noise = interval("noise", 10, 12, 10.0, bandwidth_hz=6e6)
    js_db, q = interference_by_second(session(carrier, noise), 0.0, 20)
    assert np.array_equal(np.flatnonzero(np.isfinite(js_db)), [4, 5, 10, 11])
    # 45 dB-Hz in 2.56 MHz: J/S is 19.1 dB over J/N. On the carrier Q is 0.91, spread over the band 2.5.
    assert js_db[[4, 10]] == pytest.approx(29.08, abs=0.01)
    assert q[4] == pytest.approx(0.91, abs=0.01) and q[10] == pytest.approx(2.5, abs=0.05)
    beside = interval("cw", 4, 6, 10.0, offset_hz=500e3, drift_hz_per_s=0.0)
    assert interference_by_second(session(beside), 0.0, 20)[1][4] == pytest.approx(2.15, abs=0.02)
    # Tuned 500 kHz lower, the same carrier hits the satellites in the middle.
    assert interference_by_second(session(beside), 0.0, 20, 500e3)[1][4] == pytest.approx(0.96, abs=0.06)


def test_half_a_second_counts_half():
    js_db, _ = interference_by_second(session(interval("noise", 4.5, 6.25, 10.0)), 0.0, 20)
    assert js_db[4:8] - js_db[5] == pytest.approx([-3.01, 0, -6.02, -np.inf], abs=0.01)
    shifted, _ = interference_by_second(session(interval("noise", 4.5, 6.25, 10.0)), 0.5, 19)
    assert shifted[3:7] - shifted[4] == pytest.approx([-np.inf, 0, -1.25, -np.inf], abs=0.01)


def test_epochs_are_at_whole_seconds_and_fall_as_the_effect_says():
    jammed = GnssScene(session(interval("noise", 8, 14, 15.0, bandwidth_hz=6e6)))
    truth = scene_receiver_log(jammed, START_S + 0.25)
    assert truth.epochs[0].time_s == START_S + 1 and len(truth.epochs) == 20
    quiet, loud = truth.cn0_db_hz[2], truth.cn0_db_hz[10]
    gps = slice(0, 9)  # GLONASS lies elsewhere
    js_db = 15 + 19.08 + 45 - 45
    expected = effective_cn0(quiet[gps], js_db + 45 - quiet[gps], 2.5)
    assert loud[gps] == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize(
    "words, says",
    [
        (("--nmea", "x.nmea", "--rtl-tcp", "127.0.0.1:1"), "--out"),
        (("--nmea", "x.nmea", "--out", "x.cu8"), "--start-time 2026-07-01T12:00:00Z"),
        (("--nmea", "/nowhere/x.nmea", "--out", "x.cu8", "--start-time", START), "no folder /nowhere"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(tmp_path, monkeypatch, capsys, words, says):
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", "gnss", *words]) == 2
    errors = capsys.readouterr().err
    assert says in errors and len(errors.splitlines()) == 1 and not list(tmp_path.iterdir())


@needs_gpsd
def test_a_recording_and_the_log_that_gpsd_makes_of_its_receiver(tmp_path, capsys):
    """The way of the manual: simulate, gpsfake, and the monitor with both witnesses."""
    log = tmp_path / "scene.nmea"
    scene = tmp_path / "scene.sigmf-meta"
    words = ("--out", scene, "--nmea", log, "--start-time", START, "--rate", "256k", "--seconds", 45)
    jammer = ("--family", "cw", "--param", "offset_hz=2k", "--jn", 20, "--start", 25, "--stop", 38)
    assert main(["simulate", "gnss", *map(str, (*words, *jammer))]) == 0
    assert f"{log}: 45 s of NMEA, median C/N0 44" in capsys.readouterr().out
    (tmp_path / "gpsd.json").write_bytes(gpsd_json_of(log, free_port()))
    states = read_gpsd_log(tmp_path / "gpsd.json").states
    assert {START_S + second for second in range(2, 45)} <= {state.time_s for state in states}
    with sentinel("gnss", scene, "--gpsd", tmp_path / "gpsd.json", "--json") as process:
        lines, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    (event,) = map(json.loads, lines.splitlines())
    assert event["time"].startswith("2026-07-01T12:00:25") and event["duration_s"] >= 12
    # J/N 20 dB of a carrier near the satellites' own: the receiver loses what the spectrum says, or its fix.
    assert event["details"]["receiver_cn0_drop_db"] > 8
    assert not {"no_receiver", "early_warning"} & set(event["flags"])
