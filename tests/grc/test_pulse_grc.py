# SPDX-License-Identifier: GPL-3.0-or-later
"""The flowgraphs of the pulse room: complete after grcc, and with the events of the Python function."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from gnuradio import sentinel
from gnuradio.sentinel import kernel, pulse
from gnuradio.sentinel.core.event_faces import first_difference, from_json_line
from gnuradio.sentinel.core.simulate_io import write_sigmf
from grc_programs import ROOT, SHIPPED, compile_file, run_with

sys.path.insert(0, str(ROOT / "tests" / "python"))
from conftest import SHARED_DATA

RATE = 3840.0
REAL_RATE = 250e3


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Every flowgraph we ship, compiled: name to program."""
    folder = tmp_path_factory.mktemp("programs")
    made = {path.stem: compile_file(path, folder) for path in SHIPPED}
    for done, program in made.values():
        assert done.returncode == 0 and program.exists(), done.stdout + done.stderr
    return {name: program for name, (_, program) in made.items()}


def add_pulses(samples, rate, first_s, interval_s, width_s, offset_hz, amplitude):
    """Rectangular pulses of a carrier, in place."""
    time = np.arange(len(samples)) / rate
    on = (time >= first_s) & ((time - first_s) % interval_s < width_s)
    samples[on] += (amplitude * np.exp(2j * np.pi * offset_hz * time[on])).astype(np.complex64)


@pytest.fixture(scope="module")
def scene():
    """42 s of noise with two tags, 15 ms every 2 s and 25 ms every 1.3 s, at 12 dB or more of E/N0."""
    rng = np.random.default_rng(20260701)
    count = int(42 * RATE)
    noise = rng.standard_normal((count, 2)) @ np.array([1, 1j])
    samples = (0.01 / np.sqrt(2) * noise).astype(np.complex64)
    add_pulses(samples, RATE, 1.2345, 2.0, 0.015, 312.3, 0.01 * np.sqrt(10**1.2 / 58))
    add_pulses(samples, RATE, 0.4567, 1.3, 0.025, -700.0, 0.01 * np.sqrt(10**1.2 / 96))
    return samples


def expected_events(path, samples, rate, source_options=None, **settings):
    """What `pulse.detect` finds in the array, as of this recording."""
    source = sentinel.source(str(path), sample_rate=rate, **(source_options or {}))
    return pulse.detect(
        samples,
        rate,
        stream=source.identity,
        center_freq=source.center_freq,
        start_time=source.start_time,
        **settings,
    ).events


def read_events(path):
    return [from_json_line(line) for line in path.read_text().splitlines()]


def assert_same(found, expected):
    assert len(found) == len(expected) > 0
    order = lambda event: (event.sample_start, event.label)  # noqa: E731
    for one, other in zip(sorted(found, key=order), sorted(expected, key=order), strict=True):
        assert one.id == other.id
        assert first_difference(one, other) is None


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_nothing_of_a_shipped_flowgraph_is_dropped(programs, path):
    content = yaml.safe_load(path.read_text())
    text = programs[path.stem].read_text()
    enabled = [block for block in content["blocks"] if block["states"]["state"] == "enabled"]
    assert len(enabled) > 5
    for block in enabled:
        if block["id"] == "import":
            assert block["parameters"]["imports"] in text
        else:
            assert re.search(rf"self\.{block['name']} = ", text), f"grcc dropped {block['name']}"
    assert len(re.findall(r"^        self\.(?:msg_)?connect\(", text, re.M)) == len(content["connections"])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_generated_program_never_overwrites_a_module_of_ours(path):
    # Companion writes the program beside the flowgraph.
    name = yaml.safe_load(path.read_text())["options"]["parameters"]["id"]
    assert not (path.parent / f"{name}.py").exists() or f"/{path.parent.name}/{name}.py" in (
        (ROOT / ".gitignore").read_text().split()
    )


@pytest.mark.parametrize("name", ["pulse", "pulse_by_hand"])
def test_events_of_a_compiled_program_are_those_of_the_function(programs, scene, tmp_path, name):
    scene.tofile(tmp_path / "x.cf32")
    ran = run_with(
        programs[name],
        *("--input", "x.cf32", "--rate", "3840", "--tip", "2.0", "--output", "jsonl:out.jsonl"),
        cwd=tmp_path,
    )
    assert ran.returncode == 0, ran.stderr
    assert_same(
        read_events(tmp_path / "out.jsonl"),
        expected_events(tmp_path / "x.cf32", scene, RATE, interval_s=2.0),
    )


def test_rate_centre_and_time_come_from_the_metadata(programs, scene, tmp_path):
    path = write_sigmf(tmp_path / "x.sigmf-meta", scene, RATE, 150.1e6, "2026-07-01T12:00:00.250000Z")
    ran = run_with(programs["pulse"], "--input", str(path), "--output", "jsonl:out.jsonl", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    found = read_events(tmp_path / "out.jsonl")
    assert_same(found, expected_events(path, scene, RATE, interval_s=2.0))
    assert found[0].source == "x.sigmf-data" and found[0].accounting == "exact"
    assert found[0].freq_hz == pytest.approx(150.1e6 + 312.3, abs=20)
    assert found[0].time.startswith("2026-07-01T12:00:01.48")


def load(pattern: str) -> np.ndarray:
    (path,) = (SHARED_DATA / "real433").glob(pattern)
    return kernel.convert_samples(np.fromfile(path, np.uint8), "cu8")[0]


@pytest.fixture(scope="module")
def real_scene():
    """A remote control's burst every 2 s in 21 s of another device's traffic; all received, none made."""
    first, length = 522_500, 3750  # 15 ms of nearly unbroken carrier, 3.4 kHz below the centre
    burst = load("cardin_01_S466-TX2_01*")[first : first + length]
    samples = np.resize(load("waveman_01*"), int(21 * REAL_RATE)).copy()
    starts = [round((0.5 + 2.0 * number) * REAL_RATE) for number in range(10)]
    for start in starts:
        samples[start : start + length] += np.float32(0.05) * burst
    return samples, starts


@pytest.mark.parametrize("name", ["pulse", "pulse_by_hand"])
def test_a_real_burst_in_a_real_background(programs, real_scene, tmp_path, name):
    samples, starts = real_scene
    samples.tofile(tmp_path / "x.cf32")
    words = ["--input", "x.cf32", "--rate", "250k", "--offset=-3400"]
    ran = run_with(programs[name], *words, "--tip", "2", "--output", "jsonl:out.jsonl", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    found = read_events(tmp_path / "out.jsonl")
    expected = expected_events(tmp_path / "x.cf32", samples, REAL_RATE, interval_s=2.0, offset_hz=-3400.0)
    assert_same(found, expected)
    assert [event.offset_hz for event in found] == pytest.approx([-3400, -3400], abs=20)
    # The burst's energy is not spread evenly over its 15 ms, so its place is good to a ms or so.
    places = [start for event in found for start in event.details["pulse_starts"]]
    assert np.abs(np.subtract(places, starts)).max() < 0.002 * REAL_RATE

    ran = run_with(programs[name], *words, "--tip", "1.7", "--output", "jsonl:no.jsonl", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "no.jsonl").read_text() == ""


def flowgraph_class(program: Path):
    spec = importlib.util.spec_from_file_location(program.stem, program)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, program.stem)


def test_no_event_is_lost_in_many_runs(programs, scene, tmp_path):
    scene.tofile(tmp_path / "x.cf32")
    expected = [event.id for event in expected_events(tmp_path / "x.cf32", scene, RATE, interval_s=2.0)]
    flowgraph = flowgraph_class(programs["pulse"])
    for number in range(60):
        out = tmp_path / f"{number}.jsonl"
        top = flowgraph(input_name=str(tmp_path / "x.cf32"), rate=RATE, tip=2.0, output=f"jsonl:{out}")
        top.start()
        top.wait()  # as the generated main() does
        assert [event.id for event in read_events(out)] == expected


def test_no_event_is_lost_where_one_of_two_detectors_ends_first(programs, scene, tmp_path):
    # Two pulse widths make two chains into one sink, which stops as soon as the first chain has ended.
    scene.tofile(tmp_path / "x.cf32")
    (tmp_path / "tags.yaml").write_text(
        "offsets: true\ntags:\n"
        '  - {id: "17", freq: 312, interval_s: 2.0, pulse_width_s: 0.015}\n'
        '  - {id: "18", freq: -700, interval_s: 1.3, pulse_width_s: 0.025}\n'
    )
    tags, offsets = pulse.read_tags(tmp_path / "tags.yaml")
    expected = expected_events(tmp_path / "x.cf32", scene, RATE, tags=tags, offsets=offsets)
    assert {event.label for event in expected} == {"17", "18"}
    flowgraph = flowgraph_class(programs["pulse"])
    for number in range(60):
        out = tmp_path / f"{number}.jsonl"
        top = flowgraph(
            input_name=str(tmp_path / "x.cf32"),
            rate=RATE,
            tags=str(tmp_path / "tags.yaml"),
            output=f"jsonl:{out}",
        )
        top.run()
        assert_same(read_events(out), expected)


DESK = """
import sys, threading
from PyQt5 import Qt
sys.path.insert(0, {folder!r})
from pulse_desk import pulse_desk
application = Qt.QApplication([])
top = pulse_desk(input_name="x.cf32", rate=3840.0, speed=50.0, output="jsonl:out.jsonl")
top.start()
top.show()
top.set_k(top.k)  # a knob that is touched and left as it was
top.set_tip(0.001)  # what does not fit must not end the program
ended = threading.Thread(target=top.wait)
ended.start()
timer = Qt.QTimer()
timer.timeout.connect(lambda: None if ended.is_alive() else application.quit())
timer.start(50)
application.exec_()
assert top.grab().save("desk.png")
"""


def test_the_desk_runs_without_a_display(programs, scene, tmp_path):
    scene.tofile(tmp_path / "x.cf32")
    script = tmp_path / "run_desk.py"
    script.write_text(DESK.format(folder=str(programs["pulse_desk"].parent)))
    ran = run_with(script, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "interval_s stays as it was" in ran.stdout + ran.stderr
    assert_same(
        read_events(tmp_path / "out.jsonl"),
        expected_events(tmp_path / "x.cf32", scene, RATE, interval_s=2.0),
    )
    assert (tmp_path / "desk.png").stat().st_size > 5000


#: What is said and done wrongly on the command line of a compiled program, and what it says.
BAD_INPUTS = [
    ("none.cf32 --rate 3840", "none.cf32: file not found; check the name"),
    ("none.sigmf-meta", r"none\.sigmf-meta: .*not found"),
    ("x.xyz --rate 3840", "the suffix '.xyz' does not say the sample type"),
    ("x.cf32", "--rate"),
    ("x.cf32 --rate 3840 --offset 3k", "the channel is the whole input|--offset: 3000"),
    ("x.cf32 --rate=-1", "--rate"),
    ("x.cf32 --rate 3840 --output csv:none/x.csv", "cannot write events to none/x.csv"),
    ("x.cf32 --rate 3840 --tags none.yaml", "none.yaml: No such file"),
    ("udp:10000 --rate 3840", "must be udp:HOST:PORT"),
]


@pytest.mark.parametrize(("line", "text"), BAD_INPUTS)
def test_bad_input_of_a_compiled_program_is_one_line_and_exit_code_2(programs, tmp_path, line, text):
    for name in ("x.cf32", "x.xyz"):
        np.zeros(4000, np.complex64).tofile(tmp_path / name)
    given, *words = line.split()
    ran = run_with(programs["pulse"], "--input", given, *words, cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, ""), ran.stderr
    assert ran.stderr.startswith("sentinel_pulse.py: ") and ran.stderr.count("\n") == 1
    assert re.search(text, ran.stderr), ran.stderr


@pytest.mark.parametrize("name", ["pulse_by_hand", "pulse_desk"])
def test_bad_input_of_the_examples_too(programs, tmp_path, name):
    ran = run_with(programs[name], "--input", "none.cf32", "--rate", "3840", cwd=tmp_path)
    assert ran.returncode == 2
    lines = [line for line in ran.stderr.splitlines() if not line.startswith("QStandardPaths")]  # Qt's own
    assert lines == [f"{programs[name].name}: none.cf32: file not found; check the name"]


def test_errors_that_are_not_of_input_are_told_as_ever():
    """Our hook for errors of input stands only once there was one, and passes on all other errors."""
    script = (
        "import sys; from gnuradio import sentinel; from gnuradio.sentinel.core.errors import InputError\n"
        "before = sys.excepthook\n"
        "sentinel.flowgraph.event_sink([])\n"
        "assert sys.excepthook is before\n"
        "for _ in range(2):\n"
        "    try: sentinel.flowgraph.source('none.cf32', sample_rate=1e3)\n"
        "    except InputError: pass\n"
        "1 / 0\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith("Traceback") and "ZeroDivisionError" in done.stderr
