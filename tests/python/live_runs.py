# SPDX-License-Identifier: GPL-3.0-or-later
"""A server or sender as a process of its own, whose JSON lines a test reads as they come."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMMAND = "import sys; from gnuradio.sentinel.apps.main import main; sys.exit(main())"


class Server:
    """A program that tells what happens by JSON lines."""

    def __init__(self, program: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / program), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.told: list[dict] = []

    def wait_for(self, event: str) -> dict:
        """The next line of this kind. The test's own time limit ends a wait in vain."""
        for line in self.process.stdout:
            self.told.append(json.loads(line))
            if self.told[-1]["event"] == event:
                return self.told[-1]
        raise AssertionError(f"ended without {event}: {self.told}")

    def end(self) -> list[dict]:
        """Kill it and return all it told."""
        self.process.kill()
        self.told += [json.loads(line) for line in self.process.stdout]
        self.process.wait()
        return self.told


@contextlib.contextmanager
def rtl_tcp(*arguments: str) -> Iterator[tuple[Server, int]]:
    """An rtl_tcp server and its port."""
    server = Server("rtl_tcp_server.py", *map(str, arguments))
    try:
        yield server, server.wait_for("listening")["port"]
    finally:
        server.end()


def command(*words: str) -> subprocess.Popen:
    """A `sentinel` command as a process."""
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port that nothing listens on."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
