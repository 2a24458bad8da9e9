# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that run together: their lines with a prefix, their ends as one."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.sinks import silence_stdout

log = logging.getLogger("gnuradio.sentinel.pipeline")

#: The words that begin a `sentinel` command in a process of its own, under this interpreter.
SENTINEL = (
    sys.executable,
    "-P",
    "-c",
    "import sys; from gnuradio.sentinel.apps.main import main; sys.exit(main())",
)
_POLL_S = 0.05


@dataclass(frozen=True)
class Program:
    """One program.

    Attributes
    ----------
    name : str
        Prefix of its lines, in brackets.
    words : tuple of str
        Program and arguments.
    results : bool
        Its standard output is ours, without a prefix; that of all others goes to standard error then.
    """

    name: str
    words: tuple[str, ...]
    results: bool = False


class Child:
    """A program that runs; threads pass its lines on."""

    def __init__(self, program: Program, out: Callable[[str], None], err: Callable[[str], None]) -> None:
        self.program = program
        self.asked_to_end = False
        try:
            self.process = subprocess.Popen(
                program.words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
                # Ctrl-C of the terminal goes to us alone; we end them in order.
                start_new_session=True,
            )
        except OSError as error:
            raise InputError(
                f"[{program.name}] {program.words[0]}: {error.strerror}; install it or name another"
            ) from error
        self._readers = [
            threading.Thread(target=_pass_on, args=(stream, say), daemon=True)
            for stream, say in ((self.process.stdout, out), (self.process.stderr, err))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    @property
    def code(self) -> int:
        """Exit code as a shell has it: 128 and the signal's number for one that a signal ended."""
        code = self.process.returncode
        return code if code >= 0 else 128 - code

    @property
    def failed(self) -> bool:
        """Whether it has ended, and not as it was asked to."""
        fair = (0, 128 + signal.SIGTERM) if self.asked_to_end else (0,)
        return not self.running and self.code not in fair

    def end(self, grace_s: float) -> None:
        """TERM to it and what it has started; KILL to what still runs after `grace_s` seconds."""
        if self.running:
            self.asked_to_end = True
            self._signal(signal.SIGTERM)
            try:
                self.process.wait(grace_s)
            except subprocess.TimeoutExpired:
                log.warning("[%s] did not end within %g s and is killed", self.program.name, grace_s)
        self.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join(grace_s)

    def kill(self) -> None:
        """KILL it, and what it has started."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        # The group of its session outlives the program while anything it has started runs.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


class Children:
    """Programs in the order of the stream.

    Parameters
    ----------
    grace_s : float
        Seconds between TERM and KILL.
    out, err : text streams, optional
        Where lines go; standard output and error of the time if None.
    """

    def __init__(self, grace_s: float, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._grace_s = grace_s
        self._out = out
        self._err = err
        self._children: list[Child] = []
        self._lock = threading.Lock()
        self._unheard = False

    def start(self, program: Program) -> Child:
        """Start one, in front of those that run (the stream's end starts first). Raises InputError."""
        others_have_results = any(child.program.results for child in self._children)
        prefix = f"[{program.name}] "
        err = self._printer(lambda: self._err or sys.stderr, prefix)
        out = self._printer(lambda: self._out or sys.stdout, "" if program.results else prefix)
        child = Child(program, err if others_have_results else out, err)
        self._children.insert(0, child)
        return child

    def wait(self, ended: Callable[[], bool]) -> None:
        """Return when one of them has ended, when nobody reads our output any more, or when `ended()`."""
        while not ended() and not self._unheard and all(child.running for child in self._children):
            time.sleep(_POLL_S)

    def end(self) -> int:
        """End all in the order of the stream, so that what is on its way arrives; return the exit code.

        That is the code of the first that failed by itself, else that of the last program of the stream.
        """
        died = [child for child in self._children if child.failed]
        for child in died:
            log.error("[%s] ended with exit code %d; the others are ended", child.program.name, child.code)
        for child in self._children:
            child.end(self._grace_s)
        if died:
            return died[0].code
        last = self._children[-1]
        return last.code if last.failed else 0

    def kill(self) -> None:
        """End all at once."""
        for child in self._children:
            child.kill()

    def _printer(self, stream: Callable[[], TextIO], prefix: str) -> Callable[[str], None]:
        def say(line: str) -> None:
            with self._lock:
                try:
                    print(f"{prefix}{line}", file=stream(), flush=True)
                except BrokenPipeError:
                    self._unheard = True
                    silence_stdout()

        return say


def _pass_on(stream: TextIO, say: Callable[[str], None]) -> None:
    with stream:
        for line in stream:
            say(line.rstrip("\n"))
