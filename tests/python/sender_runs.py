# SPDX-License-Identifier: GPL-3.0-or-later
"""The command as processes on loopback ports."""

import contextlib
import os
import signal
import socket
import subprocess
import sys

COMMAND = [sys.executable, "-c", "import sys; from gnuradio.sentinel.apps.main import main; sys.exit(main())"]


def free_port(kind=socket.SOCK_STREAM):
    """A port that nobody has now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def sentinel(*words, env=None):
    """The command as a process with pipes; gone when the block is left."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def read_until(stream, text):
    """Lines up to the one that holds `text`; an error if the stream ends before it."""
    lines = []
    for line in stream:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError(f"{text!r} never came; {''.join(lines)}")


def finish(process, number=signal.SIGTERM):
    """End it by a signal if it still runs; standard output and error."""
    if number is not None and process.poll() is None:
        process.send_signal(number)
    return process.communicate(timeout=20)
