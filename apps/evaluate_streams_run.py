# SPDX-License-Identifier: GPL-3.0-or-later
"""A sender and a receiver as processes of their own on loopback ports, and what both said of a run."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gnuradio.sentinel.core.errors import OutputError
from gnuradio.sentinel.core.ports import free_port, udp_port_is_bound

from .children import SENTINEL

#: Longest that any process of a row may take, s.
LIMIT_S = 240.0
#: After so long without a sample a receiver ends by itself, s.
STALL_S = 8
_POLL_S = 0.02


class Command:
    """A `sentinel` command as a process whose output goes to files."""

    def __init__(self, folder: Path, name: str, *words: object) -> None:
        self.folder, self.name = folder, name
        self.out, self.err = folder / f"{name}.out", folder / f"{name}.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                [*SENTINEL, *map(str, words)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def wait(self, limit_s: float = LIMIT_S) -> int:
        """Exit code. Raises OutputError if it does not end in time."""
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired as error:
            raise OutputError(f"{self.name} did not end within {limit_s:g} s: {self.log()[-400:]}") from error

    def wait_until(self, condition: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
        """Return when it holds. Raises OutputError if the process ends before it, or the time is up."""
        end = time.monotonic() + limit_s
        while not condition():
            if self.process.poll() is not None or time.monotonic() > end:
                raise OutputError(f"{self.name}: {what} never came: {self.log()[-400:]}")
            time.sleep(_POLL_S)

    def log(self) -> str:
        """Standard error so far."""
        return self.err.read_text(encoding="utf-8", errors="replace")

    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines of standard output so far; the last may not be whole yet."""
        text = self.out.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def json_file(self, suffix: str) -> Any:
        """A JSON file that it wrote, by the suffix behind its name."""
        return json.loads((self.folder / f"{self.name}.{suffix}").read_text(encoding="utf-8"))

    def json_lines(self, suffix: str) -> list[dict[str, Any]]:
        """The same of a file of JSON lines."""
        text = (self.folder / f"{self.name}.{suffix}").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]


@dataclass(frozen=True)
class Received:
    """What a receiver said: exit code, events, decisions, report, log."""

    code: int
    events: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    report: dict[str, Any]
    log: str

    @property
    def live(self) -> dict[str, Any]:
        """What source and gap guard counted."""
        return self.report["live"] or {}


class Bench:
    """The processes of one row, in a folder of their own; none is left when it is closed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._commands: list[Command] = []

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_exception: object) -> None:
        for command in self._commands:
            if command.process.poll() is None:
                command.process.kill()
            command.process.wait()

    def start(self, name: str, *words: object) -> Command:
        """Start a command."""
        self._commands.append(Command(self.folder, name, *words))
        return self._commands[-1]

    def start_receiver(self, text: str, *words: object, name: str = "receiver") -> Command:
        """`sentinel pulse` on an input; returns when it listens, if that can be seen."""
        outputs = (
            "--report",
            self.folder / f"{name}.report",
            "--decisions",
            self.folder / f"{name}.decisions",
        )
        live = () if "sigmf" in text else ("--stall-timeout", STALL_S, "--roll-hours", 0, "--roll-mib", 0)
        receiver = self.start(name, "pulse", text, "--json", *outputs, *live, *words)
        if text.startswith("udp:"):
            port = int(text.rpartition(":")[2])
            receiver.wait_until(lambda: udp_port_is_bound(port), "its port")
        return receiver

    def start_sender(self, *words: object, name: str = "sender") -> Command:
        """`sentinel simulate pulse`, with its report."""
        return self.start(name, "simulate", "pulse", "--report", self.folder / f"{name}.report", *words)


def received(receiver: Command) -> Received:
    """Wait for its end and read what it wrote. Raises OutputError if it failed."""
    code = receiver.wait()
    if code not in (0, 3):
        raise OutputError(f"{receiver.name} ended with exit code {code}: {receiver.log()[-400:]}")
    return Received(
        code, receiver.lines(), receiver.json_lines("decisions"), receiver.json_file("report"), receiver.log()
    )


def sent(sender: Command) -> dict[str, Any]:
    """Wait for its end and read its counts. Raises OutputError if it failed."""
    code = sender.wait()
    if code != 0:
        raise OutputError(f"{sender.name} ended with exit code {code}: {sender.log()[-400:]}")
    return sender.json_file("report")


def new_address(kind: str) -> str:
    """A free loopback address as the options of sender and receiver take it."""
    port = free_port("UDP" if kind == "udp" else "TCP")
    return f"tcp://127.0.0.1:{port}" if kind.startswith("zmq") else f"127.0.0.1:{port}"
