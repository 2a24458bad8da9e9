# SPDX-License-Identifier: GPL-3.0-or-later
import os
import pty
import subprocess
import sys

import pytest

PROGRAM = """
import logging, sys
from gnuradio.sentinel.core import logs
from gnuradio.sentinel.core.progress import progress
logs.configure()
with progress(10, "reading [x]") as advance:
    for turn in range(10):
        advance(1)
        if turn == 5:
            logging.getLogger("gnuradio.sentinel.pulse").warning("in between")
print("result")
"""


def run_on_terminal(**variables):
    """Run the program with a pseudo-terminal as stderr; return its stdout and what the terminal saw."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", **variables}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=slave, env=environment
    )
    os.close(slave)
    seen = b""
    try:
        while part := os.read(master, 65536):
            seen += part
    except OSError:
        pass  # Linux reports the closed far end of a pseudo-terminal as EIO
    finally:
        os.close(master)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return out.decode(), seen.decode()


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_terminal_shows_a_bar_and_log_lines_whole(locale):
    out, seen = run_on_terminal(LC_ALL=locale, PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert out == "result\n"
    assert "reading [x]" in seen
    assert "100%" in seen
    assert "WARNING pulse: in between" in seen


def test_dumb_terminal_shows_none():
    out, seen = run_on_terminal(TERM="dumb")
    assert out == "result\n"
    assert "reading" not in seen
    assert "in between" in seen


def test_pipe_shows_none():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, timeout=60, check=True)
    assert done.stdout == b"result\n"
    assert b"reading" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
