# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel gnss` as people run it: a recording in; lines, events, features and a report out."""

import json
import subprocess
import sys

import numpy as np
import pytest
from gnuradio.sentinel.gnss.detect import detect
from gnuradio.sentinel.gnss.simulation.parameters import check_parameters
from gnuradio.sentinel.gnss.simulation.receiver_model import Receiver
from gnuradio.sentinel.gnss.simulation.session import Interval, Session
from pyarrow import parquet

RATE = 256e3
SECONDS = 26
COMMAND = (sys.executable, "-c", "import sys; from gnuradio.sentinel.apps.main import main; sys.exit(main())")


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A carrier at J/N 5 dB from 14 to 19 s, and half a second at the end."""
    carrier = check_parameters("cw", {"offset_hz": 31e3}, RATE)
    session = Session(
        SECONDS + 0.5,
        Receiver(noise_lsb=8.0),
        (Interval(14, 19, "cw", carrier, 5.0, 2),),
        sample_rate=RATE,
        seed=3,
    )
    path = tmp_path_factory.mktemp("gnss") / "l1.cu8"
    np.concatenate([samples for samples, _ in session.chunks()]).tofile(path)
    return path


def run(*words):
    done = subprocess.run([*COMMAND, "gnss", *map(str, words)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def test_command_and_function_find_the_same(recording, tmp_path):
    table, report = tmp_path / "f.parquet", tmp_path / "r.json"
    code, out, _ = run(
        recording, "--rate", "256k", "--center-freq", "1575.42M", "--gain-is", "fixed", "--json",
        "--features", table, "--report", report,
    )  # fmt: skip
    assert code == 0
    (event,) = (json.loads(line) for line in out.splitlines())
    found = detect(np.fromfile(recording, np.uint8), RATE, center_freq=1575.42e6, gain_is="fixed")
    (expected,) = found.events
    assert (event["state"], event["label"], event["accounting"]) == ("closed", expected.label, "exact")
    assert (event["sample_start"], event["duration_s"]) == (expected.sample_start, expected.duration_s)
    assert event["sample_start"] == 14 * RATE and event["duration_s"] == 5
    assert event["score"] == pytest.approx(expected.score, rel=1e-5)
    assert abs(event["offset_hz"] - 31e3) < RATE / 64
    rows = parquet.read_table(table).to_pydict()
    assert [place for place, hit in enumerate(rows["detected"]) if hit] == list(range(14, 19))
    np.testing.assert_allclose(rows["power"], found.snapshots.power, rtol=1e-6)
    values = json.loads(report.read_text())
    assert values["decisions"] == len(found.decisions) == SECONDS + 1 and values["events"] == 1
    assert values["samples_read"] == round((SECONDS + 0.5) * RATE)


def test_lines_for_people(recording):
    code, out, errors = run(recording, "--rate", "256k", "--gain-is", "fixed")
    assert code == 0 and "Traceback" not in errors
    assert "[00:00:14]  OPENED  " in out and "[00:00:14]  CLOSED  " in out
    assert "Intervals of interference: 1" in out


@pytest.mark.parametrize(
    "words, says",
    [
        ((), "--rate"),
        (("--rate", "256k", "--channels", "63"), "even"),
        (("--rate", "256k", "--gain-is", "sometimes"), "gain_is"),
        (("--rate", "256k", "--model", "/nowhere.onnx"), "/nowhere.onnx"),
        (("--rate", "256k", "--gpsd", "127.0.0.1:99999"), "99999"),
    ],
)
def test_bad_input_is_one_line(recording, words, says):
    code, out, errors = run(recording, *words)
    assert (code, out) == (2, "")
    assert says in errors and len(errors.splitlines()) == 1
