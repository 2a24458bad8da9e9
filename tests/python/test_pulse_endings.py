# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel pulse` ended by Ctrl-C in states of its run, and on inputs that hold nothing to detect."""

import json
import os
import select
import signal
import subprocess
import sys

import numpy as np
import pytest

RATE = 3840
COMMAND = (sys.executable, "-c", "import sys; from gnuradio.sentinel.apps.main import main; sys.exit(main())")
WORDS = ("--rate", "3840", "--tip", "0.5")


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    cache = str(tmp_path_factory.mktemp("cache"))
    return {**os.environ, "SENTINEL_CACHE_DIR": cache, "PYTHONUTF8": "1"}


def start(environment, *words, **options):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([*COMMAND, "pulse", *words, *WORDS], env=environment, bufsize=0, **pipes)


def read_until(process, mark):
    text = b""
    while mark not in text:
        assert select.select([process.stdout], [], [], 60)[0], text
        piece = os.read(process.stdout.fileno(), 65536)
        assert piece, process.stderr.read()
        text += piece
    return text


def end_of(process):
    """What is still said, and the errors but for the one warning of standard input."""
    out, errors = process.communicate(timeout=20)
    lines = [line for line in errors.decode().splitlines() if "standard input cannot tell" not in line]
    return out.decode(), lines


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_before_the_first_sample(environment, number, code):
    process = start(environment, "-", "--format", "cf32", stdin=subprocess.PIPE)
    read_until(process, b"Waiting for data ...\n")
    process.send_signal(number)
    out, errors = end_of(process)
    assert (process.returncode, errors) == (code, [])
    assert "--- Detection stopped after 0 cycles (0 s) ---\n  Detections:        0\n" in out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_in_the_midst_of_work(environment, number, code):
    with open("/dev/zero", "rb") as endless:
        process = start(environment, "-", "--format", "cs16", stdin=endless)
        text = read_until(process, b"[   9 ").decode()
        process.send_signal(number)
        rest, errors = end_of(process)
    assert (process.returncode, errors) == (code, [])
    lines = (text + rest).partition("Waiting for data ...\n")[2].splitlines()
    cycles = [line for line in lines if line.startswith("[")]
    # All that was judged is told, in order, and counted.
    assert [int(line[1:5]) for line in cycles] == list(range(1, len(cycles) + 1))
    assert lines[len(cycles)].startswith(f"--- Detection stopped after {len(cycles)} cycles")


def test_a_second_signal_while_the_first_one_drains(environment):
    with open("/dev/zero", "rb") as endless:
        process = start(environment, "-", "--format", "cs16", stdin=endless)
        read_until(process, b"[   9 ")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        _, errors = end_of(process)
    assert (process.returncode, errors) == (130, [])


SAMPLES = {
    "zeros": np.zeros(8 * RATE, np.complex64),
    "constant": np.full(8 * RATE, 0.25 - 0.5j, np.complex64),
    "denormal": np.full(8 * RATE, 1e-42 + 1e-42j, np.complex64),
    "huge": np.full(8 * RATE, 3e38, np.complex64),
    "all NaN": np.full(8 * RATE, np.nan, np.complex64),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_without_a_signal_end_well(environment, tmp_path, name):
    SAMPLES[name].tofile(tmp_path / "x.cf32")
    process = start(environment, str(tmp_path / "x.cf32"))
    out, errors = end_of(process)
    assert process.returncode == 0
    assert "Detection stopped after 3 cycles" in out and "  Detections:        0\n" in out
    counted = {
        "all NaN": ["30720 of 30720 samples are NaN or infinite; they were taken as 0"],
        "huge": ["3 of 3 cycles hold samples too large to judge"],
    }.get(name, [])
    assert len(errors) == len(counted)
    assert all(text in line for text, line in zip(counted, errors, strict=True))


def test_a_cycle_of_senseless_samples_spares_the_others(environment, tmp_path):
    """As where bytes of another type stand in a file: that cycle is not decided, the next one is."""
    samples = np.random.default_rng(5).standard_normal(2 * 8 * RATE).astype(np.float32).view(np.complex64)
    samples[5000:5100] = 1e30
    samples.tofile(tmp_path / "x.cf32")
    process = start(environment, str(tmp_path / "x.cf32"), "--decisions", str(tmp_path / "d.jsonl"))
    out, (line,) = end_of(process)
    assert process.returncode == 0 and "Detection stopped after 3 cycles" in out
    assert "1 of 3 cycles hold samples too large to judge" in line
    decisions = [json.loads(line) for line in (tmp_path / "d.jsonl").read_text().splitlines()]
    assert [decision["decided"] for decision in decisions] == [False, True, True]
    assert decisions[0]["score"] is None and decisions[1]["score"] > 0


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--tp", "0.0005"), "a pulse of 0.5 ms has 2 samples at 3840 Hz; at least 4 are needed: raise --fs"),
        (("--tp", "0.4"), "must be at least three pulse widths"),
        (("--fs", "8k"), "input rate 3840 Hz is below the channel rate 8000 Hz"),
    ],
)
def test_a_width_or_interval_that_does_not_fit_the_rate(environment, tmp_path, words, text):
    SAMPLES["zeros"].tofile(tmp_path / "x.cf32")
    process = start(environment, str(tmp_path / "x.cf32"), *words)
    out, (line,) = end_of(process)
    assert (process.returncode, out) == (2, "")
    assert line.startswith("sentinel: ") and text in line
