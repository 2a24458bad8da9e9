# SPDX-License-Identifier: GPL-3.0-or-later
import io
import json
import logging
import os
import subprocess
import sys
import time

import pytest
from gnuradio.sentinel.core import logs


@pytest.fixture
def handler_of(monkeypatch):
    """Give a function that configures logging onto a text buffer, and undo it afterwards."""
    root = logging.getLogger(logs.ROOT)
    before = (root.handlers[:], root.level, root.propagate)
    stream = io.StringIO()

    def configure(*arguments, **options):
        monkeypatch.setattr(sys, "stderr", stream)  # here, since pytest sets its own after fixtures
        return logs.configure(*arguments, **options), stream

    yield configure
    root.handlers[:], root.propagate = before[0], before[2]
    root.setLevel(before[1])


def record_at(seconds, text="x"):
    record = logging.makeLogRecord({"name": f"{logs.ROOT}.pulse.block", "levelname": "INFO", "msg": text})
    record.created = seconds
    return record


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
def test_times_are_utc_in_any_zone(monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        line = logs.TextFormatter().format(record_at(1751371200.9996))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert line == "2025-07-01T12:00:00.999Z INFO pulse: x"


def test_lines_carry_level_and_room(handler_of):
    _, stream = handler_of("info")
    logging.getLogger("gnuradio.sentinel.pulse.block").warning("gap of %d samples", 59)
    logging.getLogger("gnuradio.sentinel").info("start")
    logging.getLogger("gnuradio.sentinel.core").debug("not shown")
    first, second = stream.getvalue().splitlines()
    assert first.endswith("Z WARNING pulse: gap of 59 samples")
    assert second.endswith("Z INFO sentinel: start")


def test_control_characters_cannot_forge_a_line(handler_of):
    _, stream = handler_of()
    logging.getLogger("gnuradio.sentinel.core").info("file %s", "a\n2026 ERROR pulse: \x1b[2J käse")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\\n2026" in stream.getvalue()
    assert "\\x1b[2J käse" in stream.getvalue()


def test_json_lines(handler_of):
    _, stream = handler_of("debug", json_lines=True)
    try:
        raise OSError("käse")
    except OSError:
        logging.getLogger("gnuradio.sentinel.dof").exception("no way")
    entry = json.loads(stream.getvalue())
    assert (entry["level"], entry["room"], entry["text"]) == ("error", "dof", "no way")
    assert entry["trace"].endswith("OSError: käse")
    assert stream.getvalue().isascii()


def test_second_configuration_replaces_the_first(handler_of):
    handler_of("info")
    _, stream = handler_of("error")
    logging.getLogger("gnuradio.sentinel.core").warning("hidden")
    logging.getLogger("gnuradio.sentinel.core").error("shown")
    assert len(stream.getvalue().splitlines()) == 1
    with pytest.raises(ValueError, match="choose one of"):
        logs.configure("loud")


def test_repeats_are_held_back_and_counted():
    now = [0.0]
    limit = logs.RepeatLimit(burst=2, period_s=60, clock=lambda: now[0])

    def passes(text="gap of %d", level=logging.WARNING):
        record = logging.makeLogRecord({"name": "n", "levelno": level, "msg": text, "args": (1,)})
        return record.repeats if limit.filter(record) else None

    assert [passes() for _ in range(5)] == [0, 0, None, None, None]
    # Another text and another level are kinds of their own.
    assert passes("other %d") == 0
    assert passes(level=logging.INFO) == 0
    now[0] = 61
    assert [passes() for _ in range(3)] == [3, None, None]
    now[0] = 122
    assert passes() == 2
    now[0] = 200
    assert [passes() for _ in range(3)] == [0, 0, None]
    (left,) = limit.held_back()
    assert left.repeats == 0
    assert limit.filter(left)
    assert limit.held_back() == []


def test_kinds_are_bounded():
    limit = logs.RepeatLimit(burst=1)
    records = [logging.makeLogRecord({"name": "n", "msg": f"line {index}"}) for index in range(5000)]
    assert all(limit.filter(record) for record in records)
    assert not limit.filter(records[-1])
    assert len(limit._kinds) == logs.MAX_KINDS


PROGRAM = """
import argparse, logging
from gnuradio.sentinel.core import logs
parser = argparse.ArgumentParser()
logs.add_log_arguments(parser)
options = parser.parse_args()
logs.configure(options.log_level, options.log_json)
for n in range(20):
    logging.getLogger("gnuradio.sentinel.pulse").info("k\\xe4se %d", n)
"""


@pytest.mark.parametrize("options", [[], ["--log-json"]])
def test_command_in_the_plain_locale_counts_the_rest_at_its_end(options):
    environment = {
        **os.environ,
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "TZ": "Asia/Tokyo",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--log-level", "debug", *options],
        capture_output=True,
        env=environment,
        timeout=60,
        check=True,
    )
    assert done.stdout == b""
    lines = done.stderr.decode("ascii").splitlines()
    # Five pass; the end shows the last of the 15 held back and counts the others.
    assert len(lines) == 6
    assert "19" in lines[-1]
    assert "14" in lines[-1]
