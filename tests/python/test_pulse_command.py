# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel pulse` as people run it: processes, files, pipes and signals."""

import csv
import json
import os
import re
import select
import signal
import subprocess
import sys

import numpy as np
import pytest
from conftest import SHARED_DATA
from gnuradio.sentinel.pulse.simulate import Scene, SimulatedTag, scene_samples

RATE = 3840
CYCLE_S = 9657 / 3840  # K 5 of 0.5 s, in whole hops of 29 samples
TAG = SimulatedTag(500, 0.5, 0.015, 18, start_s=0.2)
TIP = ("--tip", "0.5")
RAW = ("--rate", "3840")
COMMAND = (sys.executable, "-c", "import sys; from gnuradio.sentinel.apps.main import main; sys.exit(main())")
CLOCK = r"\d\d:\d\d:\d\d"
GAPS = (
    "Gap handling:\n  < 30.0 ms: zero-fill missing samples\n  ≥ 30.0 ms: discard segment and reset buffer\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pulse")


@pytest.fixture(scope="module")
def environment(folder):
    return {**os.environ, "SENTINEL_CACHE_DIR": str(folder / "cache"), "PYTHONUTF8": "1"}


@pytest.fixture(scope="module")
def samples():
    """14 s: pulses in cycles 1, 2, 4 and 5, noise in cycle 3."""
    made = scene_samples(Scene(RATE, 14.0, (TAG,), noise_power=1e-3, seed=3))
    quiet = scene_samples(Scene(RATE, 14.0, (), noise_power=1e-3, seed=3))
    first, last = round(2 * CYCLE_S * RATE), round(3 * CYCLE_S * RATE)
    made[first:last] = quiet[first:last]
    return made


@pytest.fixture(scope="module")
def recording(folder, samples):
    path = folder / "scene.cf32"
    samples.tofile(path)
    return path


def start(*words, environment, **options):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([*COMMAND, "pulse", *map(str, words)], env=environment, **pipes)


@pytest.fixture(scope="module")
def pulse(environment):
    def run(*words, env=None, **options):
        done = subprocess.run(
            [*COMMAND, "pulse", *map(str, words)],
            env={**environment, **(env or {})},
            capture_output="stdout" not in options,
            timeout=60,
            **options,
        )
        return done.returncode, (done.stdout or b"").decode(), (done.stderr or b"").decode()

    return run


def without_work(text):
    """Output lines without the milliseconds that a cycle took."""
    return re.sub(r"  \d+ ms(?=  Δ|$)", "", text, flags=re.M)


def test_lines_are_the_published_ones_in_any_locale(pulse, recording, tmp_path):
    code, plain, errors = pulse(recording, *RAW, *TIP)
    assert (code, errors) == (0, "")
    banner, _, rest = plain.partition("Waiting for data ...\n")
    assert banner.endswith(GAPS)
    assert "K 5, segment 9686 samples = 2.52 s" in banner and "window 58 / overlap 29 / hop 29" in banner
    lines = rest.splitlines()
    offset = r"[+-]\d+\.\d Hz  SNR \d+\.\d dB  \d+ ms"
    assert re.fullmatch(rf"\[   1 {CLOCK}\]  DETECTED  {offset}", lines[0])
    assert re.fullmatch(rf"\[   2 {CLOCK}\]  DETECTED  {offset}  Δt=2\.515s", lines[1])
    assert re.fullmatch(rf"\[   3 {CLOCK}\]  no detection  \d+ ms", lines[2])
    assert re.fullmatch(rf"\[   4 {CLOCK}\]  DETECTED  {offset}  Δt=5\.030s", lines[3])
    assert re.fullmatch(rf"\[   5 {CLOCK}\]  DETECTED  {offset}  Δt=2\.515s", lines[4])
    assert "\n".join(lines[5:]) == (
        "--- Detection stopped after 5 cycles (13 s) ---\n"
        "  Detections:        4\n"
        "  Zero-filled gaps:  0 (< 30.0 ms)\n"
        "  Reset gaps:        0 (≥ 30.0 ms, segments discarded)\n"
        "  Total gap events:  0"
    )
    # The second form, and a place where nothing can be kept.
    blocked = tmp_path / "file"
    blocked.touch()
    places = {"SENTINEL_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": str(blocked)}
    code, absolute, errors = pulse(recording, *RAW, *TIP, "--center-freq", "146M", env=places)
    assert code == 0 and "calibrations cannot be kept in" in errors
    line = (
        rf"\[   2 {CLOCK}\]  DETECTED  146\.000\d{{3}} MHz  \({offset.replace('  SNR', chr(92) + ')  SNR')}"
    )
    assert re.search(rf"^{line}  Δt=2\.515s$", absolute, re.M)
    # Thresholds are the same from a cold cache.
    shorter = re.sub(r"146\.000\d{3} MHz  \(([^)]*)\)", r"\1", absolute)
    shorter = shorter.replace("  Centre:     146.000000 MHz\n", "")
    assert without_work(shorter) == without_work(plain)
    for env in (
        {"LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Kathmandu"},
        {"LC_ALL": "C", "LANG": "C", "TZ": "America/St_Johns", "SENTINEL_CACHE_DIR": str(blocked)},
    ):
        code, other, _ = pulse(recording, *RAW, *TIP, env=env)
        assert code == 0 and without_work(other) == without_work(plain)


def test_a_c_locale_without_utf8_does_not_end_the_run(pulse, recording):
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    code, out, errors = pulse(recording, *RAW, *TIP, "--duration", "6", env=env)
    assert (code, errors) == (0, "") and "?t=2.515s" in out and "  Detections:        2\n" in out


def test_every_output_of_one_run(pulse, folder, samples):
    path = folder / "scene.sigmf-meta"
    scene = Scene(RATE, 14.0, (TAG,), center_freq=146e6, noise_power=1e-3, seed=3)
    write_scene(path, scene)
    out = {name: folder / f"out.{name}" for name in ("csv", "decisions", "png", "report", "sigmf-meta")}
    code, text, errors = pulse(
        *(path, *TIP, "--json", "--csv", out["csv"], "--decisions", out["decisions"], "--plot", out["png"]),
        *("--report", out["report"], "--sigmf-out", out["sigmf-meta"]),
    )
    assert (code, errors) == (0, "")
    events = [json.loads(line) for line in text.splitlines()]
    assert len(events) == 5
    for number, event in enumerate(events):
        starts = np.array(event["details"]["pulse_starts"]) / RATE
        assert np.abs((starts - 0.2 + 0.25) % 0.5 - 0.25).max() < 0.003
        assert event["details"]["cycle"] == number
        assert event["freq_hz"] == pytest.approx(146e6 + 500, abs=15)
        assert (event["flags"], event["source"]) == (["clipping_unknown"], "scene.sigmf-data")
    with open(out["csv"], newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["id"] for row in rows] == [event["id"] for event in events]
    assert [float(row["score"]) for row in rows] == [event["score"] for event in events]
    annotations = json.loads(out["sigmf-meta"].read_text())["annotations"]
    ids = [a["core:uuid"] for a in annotations if a.get("core:label") == "tag"]
    assert ids == [event["id"] for event in events]
    decisions = [json.loads(line) for line in out["decisions"].read_text().splitlines()]
    assert [d["sample_start"] for d in decisions] == [i * round(CYCLE_S * RATE) for i in range(5)]
    assert all(d["score"] > d["threshold"] for d in decisions)
    assert out["png"].read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    report = json.loads(out["report"].read_text())
    assert (report["detector"], report["accounting"]) == ("pulse", "exact")
    assert (report["samples_read"], report["decisions"], report["events"]) == (14 * RATE, 5, 5)
    last = decisions[-1]["sample_start"] + decisions[-1]["sample_count"]
    assert report["samples_unjudged"] == 14 * RATE - last
    assert report["signal_s"] == 14 and report["clipped_share"] is None
    assert report["false_alarms_per_hour"] == pytest.approx(1e-4 * 3600 / 2.5224, rel=1e-3)


def write_scene(path, scene):
    from gnuradio.sentinel.core.units import format_frequency

    words = ["--out", path, "--seed", scene.seed, "--duration", scene.duration_s]
    tag = scene.tags[0]
    words += ["--tag", f"freq={tag.freq_hz},tip=0.5,tp=0.015,en0={tag.en0_db},start={tag.start_s}"]
    words += ["--center-freq", format_frequency(scene.center_freq).replace(" ", "")]
    subprocess.run([*COMMAND, "simulate", "pulse", *map(str, words)], check=True, stdout=subprocess.DEVNULL)


def test_standard_input_and_parts_of_a_file(pulse, recording):
    def events(*words, **options):
        code, out, errors = pulse(*words, *RAW, *TIP, "--json", **options)
        assert code == 0
        found = [json.loads(line) for line in out.splitlines()]
        for event in found:
            for key in ("id", "stream_id", "source", "accounting"):  # of the input, not of what is in it
                event.pop(key)
        return found, errors

    whole, errors = events(recording)
    assert len(whole) == 4 and errors == ""
    piped, errors = events("-", "--format", "cf32", input=recording.read_bytes())
    assert piped == whole
    assert "standard input cannot tell lost samples" in errors
    # Cycles begin with the part that is read; places stay those of the file.
    part, _ = events(recording, "--start", 2 * CYCLE_S, "--duration", 3 * CYCLE_S + 0.01)
    assert [e["details"]["pulse_starts"] for e in part] == [e["details"]["pulse_starts"] for e in whole[2:]]
    assert [event["details"]["cycle"] for event in part] == [1, 2]


LONG = """\
  - {id: "slow", freq: 0, interval_s: 9}
  - {id: "wide", freq: 0, interval_s: 4, pulse_width_s: 0.03}
"""


def test_tags_too_long_for_the_recording_are_named_and_the_others_watched(pulse, folder, recording):
    herd = folder / "herd.yaml"
    herd.write_text('offsets: true\ntags:\n  - {id: "fast", freq: 500, interval_s: 0.5}\n' + LONG)
    code, out, errors = pulse(recording, *RAW, "--tags", herd, "--json")
    assert code == 0
    assert [json.loads(line)["label"] for line in out.splitlines()] == ["fast"] * 4
    told = errors.splitlines()
    assert len(told) == 2 and all(" WARNING pulse: " in line for line in told)
    for line, name, need in zip(told, ("slow", "wide"), ("45.03", "20.04"), strict=True):
        text = f"tag {name} is not watched: its cycle of 5 pulses needs {need} s, and there are 14.00 s"
        assert text in line

    herd.write_text("offsets: true\ntags:\n" + LONG)
    code, out, errors = pulse(recording, *RAW, "--tags", herd)
    assert (code, out) == (2, "") and errors.count("\n") == 1
    assert errors.startswith("sentinel: 14.00 s of samples are shorter than one cycle: 5 pulses of a 4 s tag")


def test_faults_of_samples_are_counted(pulse, folder, samples):
    faulty = samples.copy()
    faulty[100:107] = np.nan
    faulty[200] = np.inf
    path = folder / "faulty.cf32"
    path.write_bytes(faulty.tobytes() + b"abc")
    code, out, errors = pulse(path, *RAW, *TIP)
    assert code == 0 and "  Detections:        4\n" in out
    assert (
        "WARNING pulse" in errors and "8 of 53760 samples are NaN or infinite; they were taken as 0" in errors
    )
    assert "ends with 3 of the 8 bytes" in errors and len(errors.splitlines()) == 2


def test_clipping_is_flagged_where_it_is(pulse, folder, samples):
    loud = samples.copy()
    cycle = round(CYCLE_S * RATE)
    loud[:cycle] *= 20  # pulses of the first cycle clip, those of the others do not
    loud[2 * cycle + 50] = 3.0  # nor does this touch a pulse
    pairs = np.clip(np.round(loud.view(np.float32) * 127.5 + 127.5), 0, 255).astype(np.uint8)
    path = folder / "loud.cu8"
    pairs.tofile(path)
    report = folder / "loud.json"
    code, out, errors = pulse(path, *RAW, *TIP, "--json", "--report", report)
    assert code == 0 and re.search(r"\d+ of 53760 samples are clipped; lower the receiver's gain", errors)
    assert [json.loads(line)["flags"] for line in out.splitlines()] == [["clipped"], [], [], []]
    assert 0 < json.loads(report.read_text())["clipped_share"] < 0.1
    code, out, _ = pulse("-", "--format", "cu8", *RAW, *TIP, "--json", input=path.read_bytes())
    assert code == 0 and json.loads(out.splitlines()[0])["flags"] == ["clipped"]


@pytest.mark.parametrize("value", [0, 128, 255])
def test_input_without_any_noise_ends_well(pulse, folder, value):
    path = folder / f"flat{value}.cu8"
    np.full(2 * 8 * RATE, value, np.uint8).tofile(path)
    code, out, errors = pulse(path, *RAW, *TIP)
    assert code == 0 and "Traceback" not in errors
    assert "Detection stopped after 3 cycles" in out and "  Detections:        0\n" in out
    assert ("30720 of 30720 samples are clipped" in errors) == (value != 128)


BAD = """
none.cf32 --rate 3840 --tip 2 | none.cf32: file not found
scene.cf32 --tip 2 | --rate
scene.cf32 --rate 3840 | --tip is missing
scene.cf32 --rate 3840 --tip 2 --tags t.yaml | --tip and --tags exclude each other
scene.cf32 --rate 3840 --tags none.yaml | none.yaml: No such file
scene.cf32 --rate 3840 --tip 2 --center-freq 146 | write 146M
scene.cf32 --rate 3840 --tip 3 | sum fewer pulses with -k, or give a longer recording
scene.cf32 --rate 3840 --tip 2 --plot x.jpg | let the name end in .png
scene.cf32 --rate 3840 --tip 2 --start 20 | --start
scene.cf32 --rate 3840 --tip 2 --csv none/x.csv | cannot write events to none/x.csv
scene.cf32 --rate 384O --tip 2 | --rate '384O' is not understood
empty.cf32 --rate 3840 --tip 2 | holds no samples
one.cf32 --rate 3840 --tip 2 | less than one cf32_le sample
thing.xyz --rate 3840 --tip 2 | the suffix '.xyz' does not say the sample type
mine.sigmf-meta --rate 4000 --tip 2 | contradicts its core:sample_rate
- --rate 3840 --tip 2 | --format
- --rate 3840 --tip 2 --format cf32 --plot x.png | --plot needs a recording
udp:127.0.0.1 --tip 2 | must be udp:HOST:PORT
""".strip().splitlines()


def test_bad_input_is_one_line_and_exit_code_2(folder, recording, environment):
    """One process for all of them: each would spend a second and a half on loading."""
    (folder / "empty.cf32").touch()
    (folder / "one.cf32").write_bytes(b"abc")
    (folder / "thing.xyz").write_bytes(b"abc")
    meta = {
        "global": {"core:datatype": "cf32_le", "core:version": "1.2.0", "core:sample_rate": 3840},
        "captures": [{"core:sample_start": 0}],
        "annotations": [],
    }
    (folder / "mine.sigmf-meta").write_text(json.dumps(meta))
    (folder / "mine.sigmf-data").write_bytes(recording.read_bytes())
    code = (
        "import sys; from gnuradio.sentinel.apps.main import main\n"
        "for line in sys.argv[1:]: print(line, '=>', main(['pulse', *line.split()]), file=sys.stderr)"
    )
    lines, expected = zip(*(line.split(" | ") for line in BAD), strict=True)
    done = subprocess.run(
        [sys.executable, "-c", code, *lines], env=environment, cwd=folder, capture_output=True, timeout=60
    )
    told = done.stderr.decode().splitlines()
    assert done.stdout == b""
    said = {after.removesuffix(" => 2"): before for before, after in zip(told[::2], told[1::2], strict=True)}
    assert list(said) == list(lines)
    for line, text in zip(lines, expected, strict=True):
        assert said[line].startswith("sentinel: ") and text in said[line], (line, said[line])


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=f"no recordings in {SHARED_DATA}")
def test_real_recordings_are_too_short_and_say_so(environment):
    paths = sorted((SHARED_DATA / "real433").glob("*.cu8"))
    assert len(paths) == 26
    code = (
        "import sys; from gnuradio.sentinel.apps.main import main\n"
        "for p in sys.argv[1:]: print(main(['pulse', p, '--rate', '250k', '--tip', '2']), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *paths], env=environment, capture_output=True, timeout=120
    )
    told = [line for line in done.stderr.decode().splitlines() if " WARNING " not in line]
    assert done.stdout == b"" and told[1::2] == ["2"] * 26
    for line in told[::2]:
        assert re.fullmatch(
            r"sentinel: \d+\.\d\d s of samples are shorter than one cycle: "
            r"5 pulses of a 2 s tag need 10\.0\d s; "
            "sum fewer pulses with -k, or give a longer recording",
            line,
        )


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ((), "lines to standard output"),
        (("--json",), "events to <stdout>"),
        (("--csv", "/dev/full"), "events to /dev/full"),
        (("--decisions", "/dev/full"), "decisions to /dev/full"),
        (("--report", "/dev/full"), "the report to /dev/full"),
    ],
)
def test_a_full_disk_is_exit_code_1(pulse, recording, words, what):
    name = os.devnull if words[-1:] == ("/dev/full",) else "/dev/full"
    with open(name, "wb") as stdout:
        code, _, errors = pulse(recording, *RAW, *TIP, *words, stdout=stdout, stderr=subprocess.PIPE)
    assert code == 1 and errors.count("\n") == 1
    assert errors.startswith(f"sentinel: cannot write {what}: No space left on device")


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_closed_pipe_ends_quietly(recording, environment, words):
    process = start(recording, *RAW, *TIP, *words, environment=environment)
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def fed(samples, *words, environment):
    """The command on a standard input that gives 11 s and then stalls, after its fourth cycle."""
    words = ("-", "--format", "cf32", *RAW, *TIP, *words)
    process = start(*words, environment=environment, stdin=subprocess.PIPE, bufsize=0)
    process.stdin.write(samples[: 11 * RATE].tobytes())
    text = b""
    mark = b'"cycle": 3' if "--json" in words else b"[   4 "
    while mark not in text.replace(b'"cycle":3', b'"cycle": 3'):
        assert select.select([process.stdout], [], [], 60)[0], "no fourth cycle"
        piece = os.read(process.stdout.fileno(), 65536)
        assert piece, process.stderr.read()
        text += piece
    return process, text


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [(signal.SIGINT, 130, ()), (signal.SIGINT, 130, ("--json",)), (signal.SIGTERM, 0, ())],
)
def test_a_signal_ends_a_stalled_input_in_good_order(samples, environment, number, code, words):
    process, text = fed(samples, *words, environment=environment)
    process.send_signal(number)
    rest, errors = process.communicate(timeout=8)
    text = (text + rest).decode()
    assert process.returncode == code and b"Traceback" not in errors
    if words:
        assert [json.loads(line)["details"]["cycle"] for line in text.splitlines()] == [0, 1, 3]
    else:
        assert "--- Detection stopped after 4 cycles (10 s) ---\n  Detections:        3\n" in text
        assert text.endswith("  Total gap events:  0\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_a_calibration(recording, environment, tmp_path, number, code):
    # 20 pulses of 30 s: minutes of calibration. The warning of standard input comes just before it.
    cold = {**environment, "SENTINEL_CACHE_DIR": str(tmp_path)}
    words = ("-", "--format", "cf32", *RAW, "--tip", "30", "-k", "20")
    process = start(*words, environment=cold, stdin=subprocess.PIPE)
    assert b"standard input" in process.stderr.readline()
    process.send_signal(number)
    out, errors = process.communicate(timeout=8)
    assert (process.returncode, out, errors) == (code, b"", b"")
    assert list(tmp_path.iterdir()) == []


def test_cycles_begin_anew_where_the_clock_of_a_recording_jumps(folder, environment, samples):
    """An hour is missing after 7.3 s: no cycle runs across, and times and places are right behind it."""
    jump = round(7.3 * RATE)
    meta = {
        "global": {"core:datatype": "cf32_le", "core:sample_rate": RATE, "core:version": "1.0.0"},
        "captures": [
            {"core:sample_start": 0, "core:frequency": 146e6, "core:datetime": "2026-07-01T12:00:00Z"},
            {"core:sample_start": jump, "core:frequency": 147e6, "core:datetime": "2026-07-01T13:00:00Z"},
        ],
        "annotations": [],
    }
    (folder / "jump.sigmf-meta").write_text(json.dumps(meta))
    samples.tofile(folder / "jump.sigmf-data")
    words = (folder / "jump.sigmf-meta", *TIP, "--json")
    process = start(*words, environment=environment)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and b"jumps 1 times, first 7.300 s" in errors
    events = [json.loads(line) for line in out.splitlines()]
    after = [event for event in events if event["sample_start"] >= jump]
    assert [e["details"]["cycle_start"] for e in after] == [jump, jump + 9657]
    for event in after:
        assert event["freq_hz"] == pytest.approx(147e6 + 500, abs=10)
        since = (event["sample_start"] - jump) / RATE
        seconds = 60 * int(event["time"][14:16]) + float(event["time"][17:-1])
        assert event["time"].startswith("2026-07-01T13:") and seconds == pytest.approx(since, abs=2e-6)
    before = [event for event in events if event["sample_start"] < jump]
    assert [event["freq_hz"] for event in before] == pytest.approx(2 * [146e6 + 500], abs=10)
