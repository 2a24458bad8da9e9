# SPDX-License-Identifier: GPL-3.0-or-later
"""The flowgraphs of the gnss room: complete after grcc, and with the events of the Python function."""

import importlib.util
import json
import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from gnuradio import sentinel
from gnuradio.sentinel import kernel
from gnuradio.sentinel.core.event import Event
from gnuradio.sentinel.core.event_compare import first_difference
from gnuradio.sentinel.core.event_faces import from_json_line
from gnuradio.sentinel.core.simulate_io import write_sigmf
from gnuradio.sentinel.gnss.config import GnssSettings
from gnuradio.sentinel.gnss.detect import detect, detect_in
from gnuradio.sentinel.gnss.features import measure
from gnuradio.sentinel.gnss.learned import CLASSIFIER_FILE, DETECTOR_FILE
from grc_programs import ROOT, compile_file, run_with

pytestmark = pytest.mark.skipif(
    not (DETECTOR_FILE.exists() and CLASSIFIER_FILE.exists()), reason="needs the shipped models"
)
RATE = 2.56e6
CENTER = 1575.42e6
START = "2026-07-01T23:59:59.250000Z"
#: Short snapshots, so that half a second of signal gives many of them.
SETTINGS = {"snapshot_s": 0.05, "learn_s": 1.0, "hold_s": 0.2}
WORDS = ("--snapshot", "0.05", "--learn", "1", "--hold", "0.2")


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The flowgraphs, compiled: name to program."""
    folder = tmp_path_factory.mktemp("programs")
    made = {}
    for path in (*(ROOT / "apps").glob("gnss*.grc"), *(ROOT / "examples").glob("gnss*.grc")):
        done, made[path.stem] = compile_file(path, folder)
        assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture(scope="module")
def scene():
    """3.23 s of noise as pairs of bytes, with a carrier for 0.5 s and two chirps, one up to the end."""
    rng = np.random.default_rng(20260701)
    count = int(3.23 * RATE)
    time = np.arange(count) / RATE
    samples = (8 * (rng.standard_normal(count) + 1j * rng.standard_normal(count))).astype(np.complex64)
    carrier = (time >= 1.2) & (time < 1.7)
    samples[carrier] += (6 * np.exp(2j * np.pi * 310e3 * time[carrier])).astype(np.complex64)
    chirp = ((time >= 2.1) & (time < 2.6)) | (time >= 3.0)
    sweep = (time[chirp] % 20e-6) / 20e-6 - 0.5
    samples[chirp] += (25 * np.exp(1j * np.pi * 20e-6 * 2.4e6 * sweep**2)).astype(np.complex64)
    parts = np.stack([samples.real, samples.imag], -1) + 127.5
    return np.clip(np.rint(parts), 0, 255).astype(np.uint8).ravel()


def recording(folder, scene, datatype):
    """The scene as a SigMF recording of that type; returns its path and the samples as they are read."""
    path = folder / f"{datatype}.sigmf-meta"
    if datatype == "cu8":
        write_sigmf(path, scene, RATE, CENTER, START, datatype="cu8")
        return path, scene
    samples = kernel.convert_samples(scene, "cu8")[0]
    write_sigmf(path, samples, RATE, CENTER, START)
    return path, samples


def expected_events(path, samples, **settings):
    source = sentinel.source(str(path))
    return detect(
        samples,
        source.sample_rate,
        stream=source.identity,
        center_freq=source.center_freq,
        start_time=source.start_time,
        **settings,
    ).events


def read_events(path):
    return [from_json_line(line) for line in path.read_text().splitlines()]


def assert_same(found, expected):
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        assert one.id == other.id
        assert first_difference(one, other) is None


@pytest.mark.parametrize("datatype", ["cu8", "cf32_le"])
@pytest.mark.parametrize("name", ["gnss", "gnss_by_hand"])
def test_events_of_a_compiled_program_are_those_of_the_function(programs, scene, tmp_path, name, datatype):
    path, samples = recording(tmp_path, scene, datatype)
    ran = run_with(programs[name], "--input", path.name, *WORDS, "--output", "jsonl:out.jsonl", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    found = read_events(tmp_path / "out.jsonl")
    assert_same(found, expected_events(path, samples, **SETTINGS))
    contract = {field.name for field in fields(Event)}
    assert all(json.loads(line).keys() == contract for line in (tmp_path / "out.jsonl").open())
    carrier, chirp, last = found
    assert carrier.label == "cw" and chirp.label == "chirp"
    assert carrier.freq_hz == pytest.approx(CENTER + 310e3, abs=40e3)
    assert carrier.sample_start == int(1.2 * RATE) and carrier.duration_s == pytest.approx(0.5, abs=0.05)
    # The last snapshot is a short one, and what is open at the end is closed with it.
    assert last.state == "closed" and last.sample_start + last.sample_count == int(3.23 * RATE)
    assert ("clipping_unknown" in carrier.flags) == (datatype == "cf32_le")


def flowgraph_class(program: Path, name: str):
    spec = importlib.util.spec_from_file_location(name, program)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


@pytest.mark.parametrize("most", [997, 8192, 10_000_000])
def test_the_size_of_chunks_changes_nothing(programs, scene, tmp_path, most):
    path, samples = recording(tmp_path, scene, "cu8")
    expected = expected_events(path, samples, **SETTINGS)
    for name, kind in (("gnss", "sentinel_gnss"), ("gnss_by_hand", "gnss_by_hand")):
        out = tmp_path / f"{name}.jsonl"
        top = flowgraph_class(programs[name], kind)(
            input_name=str(path), snapshot=0.05, learn=1.0, hold=0.2, output=f"jsonl:{out}"
        )
        top.start(most)
        top.wait()
        assert_same(read_events(out), expected)


def test_what_each_decision_says(programs, scene, tmp_path):
    path, samples = recording(tmp_path, scene, "cu8")
    ran = run_with(
        programs["gnss"], "--input", path.name, *WORDS, "--output", "decisions:out.jsonl", cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stderr
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    starts = [decision["sample_start"] for decision in found]
    assert starts == [128_000 * number for number in range(65)]
    assert found[-1]["sample_count"] == int(3.23 * RATE) - 64 * 128_000
    sources = sentinel.source(str(path))
    decided = detect(samples, RATE, stream=sources.identity, **SETTINGS).decisions
    assert [decision["score"] for decision in found] == pytest.approx([d.score for d in decided], rel=1e-5)


def captures(path, *, gains=(), starts=()):
    """Give the recording's metadata further captures."""
    meta = json.loads(path.read_text())
    first = meta["captures"][0]
    meta["captures"] = [first]
    for sample, gain in gains:
        if sample == 0:
            first["sentinel:gain_db"] = gain
        else:
            meta["captures"].append({**first, "core:sample_start": sample, "sentinel:gain_db": gain})
    for sample, center, time in starts:
        entry = {"core:sample_start": sample, "core:frequency": center, "core:datetime": time}
        meta["captures"].append(entry)
    path.write_text(json.dumps(meta))


def test_a_jump_of_the_recordings_clock_closes_what_is_open(programs, scene, tmp_path):
    """Two segments, with the carrier running across their border: two events, each of its own segment."""
    path, _ = recording(tmp_path, scene, "cu8")
    border = int(1.4 * RATE)
    captures(path, starts=[(border, CENTER, "2026-07-02T00:10:00.000000Z")])
    ran = run_with(
        programs["gnss"], "--input", path.name, *WORDS, "--output", "jsonl:out.jsonl", cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stderr
    before, after, *_ = read_events(tmp_path / "out.jsonl")
    assert before.sample_start == int(1.2 * RATE) and before.sample_start + before.sample_count == border
    assert after.sample_start == border and after.time == "2026-07-02T00:10:00.000000Z"
    assert before.state == after.state == "closed" and before.id != after.id
    assert before.label == after.label == "cw"


def test_another_centre_is_another_band(programs, scene, tmp_path):
    """Events behind a retuning bear the new centre, and the receiver is learned anew."""
    path, _ = recording(tmp_path, scene, "cu8")
    border = int(1.8 * RATE)
    captures(path, starts=[(border, 1227.6e6, "2026-07-02T00:00:01.050000Z")])
    ran = run_with(
        programs["gnss"], "--input", path.name, *WORDS, "--output", "jsonl:out.jsonl", cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stderr
    first, *others = read_events(tmp_path / "out.jsonl")
    assert first.freq_hz == pytest.approx(CENTER + 310e3, abs=40e3)
    assert others and all(abs(event.freq_hz - 1227.6e6) < 1.28e6 for event in others)
    assert all("provisional" in event.flags for event in others[:1])


def test_the_gain_a_recording_tells_is_used_unless_it_is_not_to_be(programs, scene, tmp_path):
    path, samples = recording(tmp_path, scene, "cu8")
    step = int(2.0 * RATE)
    captures(path, gains=[(0, 30.0), (step, 33.0)])
    source = sentinel.source(str(path))
    quiet = measure(
        samples, RATE, snapshot_s=0.05, center_freq=CENTER, start_time_s=1782950399.25
    )  # START as POSIX time
    told = replace(quiet, gain_db=np.where(quiet.sample_start < step, 30.0, 33.0).astype(np.float32))
    for gain in ("auto", "unknown"):
        ran = run_with(
            *(programs["gnss"], "--input", path.name, *WORDS, "--gain-is", gain),
            *("--output", f"jsonl:{gain}.jsonl"),
            cwd=tmp_path,
        )
        assert ran.returncode == 0, ran.stderr
        expected = detect_in(told, GnssSettings(**SETTINGS, gain_is=gain), source.identity).events
        found = read_events(tmp_path / f"{gain}.jsonl")
        assert_same(found, expected)
        assert all(("gain_unknown" in event.flags) == (gain == "unknown") for event in found)


BAD = [
    ("none.cu8 --rate 2.56M", "none.cu8: file not found; check the name"),
    ("x.cu8", "--rate"),
    ("x.cu8 --rate 2.56M --false-alarms 0", "false_alarms_per_hour = 0"),
    ("x.cu8 --rate 2.56M --gain-is sometimes", "gain_is = 'sometimes'"),
    ("x.cu8 --rate 2.56M --snapshot 0.001", "snapshot_s = 0.001"),
    ("x.cu8 --rate 100 --snapshot 0.05", "does not hold one sample|one sample|snapshot"),
    ("x.cu8 --rate 2.56M --format-name cf99", "cf99"),
    ("x.cu8 --rate 2.56M --output csv:none/x.csv", "cannot write events to none/x.csv"),
    ("zmqiq:tcp://127.0.0.1:1", "--rate"),
]


@pytest.mark.parametrize("name", ["gnss", "gnss_by_hand"])
@pytest.mark.parametrize(("line", "text"), BAD)
def test_bad_input_of_a_compiled_program_is_one_line_and_exit_code_2(programs, tmp_path, name, line, text):
    np.zeros(4000, np.uint8).tofile(tmp_path / "x.cu8")
    given, *words = line.split()
    ran = run_with(programs[name], "--input", given, *words, cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, ""), ran.stderr
    assert ran.stderr.startswith(f"{programs[name].name}: ") and ran.stderr.count("\n") == 1, ran.stderr
    assert re.search(text, ran.stderr), ran.stderr


DESK = """
import sys, threading
from PyQt5 import Qt
sys.path.insert(0, {folder!r})
from gnss_desk import gnss_desk
application = Qt.QApplication([])
top = gnss_desk(
    input_name="cu8.sigmf-meta", speed=2.0, snapshot=0.05, learn=1.0, hold=0.2, output="jsonl:out.jsonl"
)
top.start()
top.show()
ended = threading.Thread(target=top.wait)
ended.start()
timer = Qt.QTimer()
timer.timeout.connect(lambda: None if ended.is_alive() else application.quit())
timer.start(50)
application.exec_()
views = (top.events, top.scores, top.power_raster, top.kurtosis_raster)
for block in views:
    block.widget._timer.timeout.emit()
assert all(block.failure is None for block in views)
assert top.events.widget.table.rowCount() == 3
assert len(top.scores.decisions) == len(top.power_raster.rows) == len(top.kurtosis_raster.rows) == 65
assert top.grab().save("desk.png")
"""


def test_the_desk_runs_without_a_display(programs, scene, tmp_path):
    path, samples = recording(tmp_path, scene, "cu8")
    script = tmp_path / "run_desk.py"
    script.write_text(DESK.format(folder=str(programs["gnss_desk"].parent)))
    ran = run_with(script, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert_same(read_events(tmp_path / "out.jsonl"), expected_events(path, samples, **SETTINGS))
    assert (tmp_path / "desk.png").stat().st_size > 5000


def test_bad_input_of_the_desk_too(programs, tmp_path):
    ran = run_with(programs["gnss_desk"], "--input", "none.cu8", "--rate", "2.56M", cwd=tmp_path)
    assert ran.returncode == 2
    lines = [line for line in ran.stderr.splitlines() if not line.startswith("QStandardPaths")]  # Qt's own
    assert lines == ["gnss_desk.py: none.cu8: file not found; check the name"]


def test_embed_gnss_prints_what_it_found(scene, tmp_path):
    recording(tmp_path, np.tile(scene, 4), "cu8")
    ran = run_with(ROOT / "examples" / "embed_gnss.py", "cu8.sigmf-meta", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    *events, level = ran.stdout.splitlines()
    assert "interference: " in events[0] and "dB of C/N0" in events[-1]
    assert level.startswith(f"{4 * len(scene) // 2} samples, mean level -")
