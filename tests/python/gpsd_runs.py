# SPDX-License-Identifier: GPL-3.0-or-later
"""A real gpsd, fed by gpsfake or without a receiver, and servers that are none."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path


def _run(words: list[str], folder: Path) -> subprocess.Popen:
    return subprocess.Popen(
        words,
        cwd=folder,
        env=os.environ | {"GPSD_HOME": "/usr/sbin"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)  # gpsfake takes the gpsd it started along
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def gpsfake(log: Path, port: int, *options: str) -> Iterator[subprocess.Popen]:
    """gpsd fed with a log of NMEA, again and again."""
    process = _run(
        ["/usr/bin/python3", "/usr/bin/gpsfake", "-c", "0.01", "-P", str(port), *options, str(log)],
        log.parent,
    )
    try:
        yield process
    finally:
        _end(process)


def gpsd_json_of(log: Path, port: int) -> bytes:
    """What gpsd says while it is fed with a log of NMEA once, JSON lines; as the manual has it."""
    watch = '?WATCH={"enable":true,"json":true}'
    options = ("-1", "-q", "-p", "-c", "0.01", "-P", str(port), "-r", watch)
    process = subprocess.Popen(
        ["/usr/bin/python3", "/usr/bin/gpsfake", *options, str(log)],
        env=os.environ | {"GPSD_HOME": "/usr/sbin"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=120)[0]
    finally:
        _end(process)


@contextlib.contextmanager
def lonely_gpsd(folder: Path, port: int) -> Iterator[subprocess.Popen]:
    """gpsd without any receiver."""
    process = _run(["/usr/sbin/gpsd", "-N", "-n", "-S", str(port), "-F", str(folder / "control")], folder)
    try:
        yield process
    finally:
        _end(process)


@contextlib.contextmanager
def server(serve: Callable[[socket.socket], None], port: int = 0) -> Iterator[int]:
    """A server of one client after the other, each given to a function; its port."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        ending = threading.Event()

        def run() -> None:
            while not ending.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(10)
                    serve(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ending.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
