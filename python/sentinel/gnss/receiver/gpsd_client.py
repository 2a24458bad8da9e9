# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of gpsd: the state of the receiver for each second, from a thread of its own.

Not through python3-gps: that blocks without a limit, keeps the values of keys that have vanished, and
does not bound what it reads.
"""

from __future__ import annotations

import logging
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ...core.errors import InputError
from .gpsd_lines import LineReader
from .receiver_data import STALE_AFTER_S, ReceiverState
from .receiver_epochs import HISTORY_STATES, Receivers

log = logging.getLogger("gnuradio.sentinel.gnss.gpsd")

DEFAULT_PORT = 2947
#: First wait before the connection is tried again, doubled each time up to the second, s.
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
CONNECT_TIMEOUT_S = 3.0
#: Silence after which gpsd is asked for its version, and after which the connection is given up, s.
ASK_AFTER_S, SILENCE_S = 10.0, 20.0
#: Lines without one message after which it is not gpsd that answers.
FOREIGN_LINES = 20
_WATCH = b'?WATCH={"enable":true,"json":true};\n'
_ASK = b"?VERSION;\n"
#: The same reason is logged again after this long, s.
_LOG_PERIOD_S = 60.0


@dataclass(frozen=True)
class ClientStatus:
    """How the connection is.

    Attributes
    ----------
    connected : bool
        To something that speaks as gpsd does.
    reason : str
        Why there is no data; empty while there is.
    version : str
        Release of gpsd, empty before it has told.
    devices : tuple of str
        Receivers that gpsd has.
    attempts, messages, garbage, oversized : int
        Connections tried; lines that were messages, that were none, and that were too long.
    retry_s : float
        Wait before the next connection is tried; 0 while there is one.
    """

    connected: bool = False
    reason: str = "not yet connected"
    version: str = ""
    devices: tuple[str, ...] = ()
    attempts: int = 0
    messages: int = 0
    garbage: int = 0
    oversized: int = 0
    retry_s: float = 0.0


def parse_gpsd_address(text: str) -> tuple[str, int]:
    """Host and port of HOST:PORT, HOST or :PORT.

    Raises
    ------
    InputError
        If it is none of these.
    """
    host, colon, port = text.strip().rpartition(":")
    if not colon or (":" in host and not host.startswith("[")) or port.endswith("]"):
        host, port = text.strip(), str(DEFAULT_PORT)
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if any(c.isspace() for c in host) or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
        raise InputError(
            f"gpsd {text!r} is no address; write HOST:PORT, for instance 127.0.0.1:{DEFAULT_PORT}"
        )
    return host, int(port)


class _GivenUp(Exception):
    """A connection that is of no use; its text is the reason."""


class GpsdClient:
    """Listens to gpsd and reconnects by itself; reads never wait.

    Parameters
    ----------
    host, port : str, int
    device : str, optional
        Path of the receiver to listen to, where gpsd has several; otherwise the first that reports.
    history : int
        States kept.
    first_wait_s, longest_wait_s : float
        Before a connection is tried again: the first wait, doubled up to the second.
    clock : callable
        POSIX time, s.

    Examples
    --------
    >>> with GpsdClient("127.0.0.1", 2947) as receiver:
    ...     state = receiver.state_at(snapshot_time_s)
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        device: str | None = None,
        history: int = HISTORY_STATES,
        first_wait_s: float = FIRST_WAIT_S,
        longest_wait_s: float = LONGEST_WAIT_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._address = (host, port)
        self._name = f"gpsd {host}:{port}"
        self._receivers = Receivers(device, history)
        self._waits_s = (first_wait_s, longest_wait_s)
        self._clock = clock
        self._lines = LineReader()
        self._condition = threading.Condition()
        self._status = ClientStatus()
        self._logged: tuple[str, float] = ("", 0.0)
        self._stopping = threading.Event()
        self._wake: tuple[socket.socket, socket.socket] | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> GpsdClient:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to listen; at once, whether gpsd is there or not."""
        if self._thread is not None:
            return
        self._stopping.clear()
        self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="gpsd-client", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and the connection."""
        if self._thread is None:
            return
        self._stopping.set()
        self._wake[1].send(b"x")
        self._thread.join(CONNECT_TIMEOUT_S + 1.0)
        if not self._thread.is_alive():  # else it still connects, and ends by itself
            for end in self._wake:
                end.close()
        self._thread = None

    @property
    def status(self) -> ClientStatus:
        """How the connection is now."""
        with self._condition:
            return self._status

    def state_at(self, time_s: float, length_s: float = 1.0) -> ReceiverState | None:
        """The state that belongs to the snapshot that begins at this POSIX time; see `StateHistory`."""
        history = self._receivers.history
        return None if history is None else history.state_at(time_s, length_s)

    def latest(self) -> ReceiverState | None:
        """The state now, stale if nothing came for 3 s; None if there was none yet."""
        history = self._receivers.history
        state = None if history is None else history.latest()
        if state is None:
            return None
        age_s = self._clock() - state.received_s
        # A clock that was set back makes states of the future; those are no fresher.
        return state.as_stale(age_s) if abs(age_s) > STALE_AFTER_S else replace(state, age_s=max(age_s, 0.0))

    def states(self) -> tuple[ReceiverState, ...]:
        """The last states, in order of arrival."""
        history = self._receivers.history
        return () if history is None else history.states()

    def wait_for(self, condition: Callable[[GpsdClient], bool], timeout_s: float) -> bool:
        """Wait until something holds, looking at each message and change; False if it does not in time."""
        with self._condition:
            return self._condition.wait_for(lambda: condition(self), timeout_s)

    def _run(self) -> None:
        wait_s = self._waits_s[0]
        while not self._stopping.is_set():
            messages_before = self._lines.messages
            try:
                self._listen()
                return
            except (OSError, _GivenUp) as error:
                reason = _reason(error)
            # A version alone is what a gpsd says that ends again at once.
            if self._lines.messages > messages_before + 3:
                wait_s = self._waits_s[0]
            self._note(connected=False, reason=reason, retry_s=wait_s)
            self._say(f"{self._name}: {reason}; tried again after {wait_s:g} s")
            self._stopping.wait(wait_s)
            wait_s = min(2 * wait_s, self._waits_s[1])

    def _listen(self) -> None:
        """One connection, until it ends; returns only when asked to stop."""
        self._note(attempts=self.status.attempts + 1)
        self._lines.restart()
        with socket.create_connection(self._address, CONNECT_TIMEOUT_S) as connection:
            connection.sendall(_WATCH)
            heard_s, asked = time.monotonic(), False
            garbage_before, messages_before = self._lines.garbage, self._lines.messages
            while True:
                ready, _, _ = select.select([connection, self._wake[0]], [], [], 1.0)
                if self._stopping.is_set():
                    return
                if not ready:
                    silent_s = time.monotonic() - heard_s
                    if silent_s > STALE_AFTER_S and not self.status.reason:
                        self._note(reason="the receiver is silent")
                    if silent_s > SILENCE_S:
                        raise _GivenUp(f"silent for {silent_s:.0f} s")
                    if silent_s > ASK_AFTER_S and not asked:
                        connection.sendall(_ASK)
                        asked = True
                    continue
                data = connection.recv(65536)
                if not data:
                    raise _GivenUp("the connection was closed")
                heard_s, asked = time.monotonic(), False
                self._take(data)
                foreign = self._lines.garbage - garbage_before
                if foreign >= FOREIGN_LINES and self._lines.messages == messages_before:
                    raise _GivenUp(f"is not gpsd, it sends {self._lines.last_garbage!r}; check host and port")

    def _take(self, data: bytes) -> None:
        for message in self._lines.feed(data):
            kind = message["class"]
            if kind == "VERSION":
                release = message.get("release")
                self._note(connected=True, version=release if isinstance(release, str) else "", retry_s=0.0)
                self._note_devices(self.status.devices)
            elif kind == "DEVICES":
                entries = message.get("devices")
                paths = [entry.get("path") for entry in entries or [] if isinstance(entry, dict)]
                self._note_devices(tuple(path for path in paths if isinstance(path, str)))
            elif self._receivers.add(message, self._clock(), time.monotonic()):
                self._note(connected=True, reason="", retry_s=0.0)
        self._note(
            messages=self._lines.messages, garbage=self._lines.garbage, oversized=self._lines.oversized
        )

    def _note_devices(self, devices: tuple[str, ...]) -> None:
        reason = "no report from the receiver yet" if devices else "gpsd has no receiver"
        self._note(devices=devices, reason=reason)

    def _note(self, **changes: object) -> None:
        with self._condition:
            was = self._status
            self._status = ClientStatus(**(was.__dict__ | changes))
            now = self._status
            self._condition.notify_all()
        if now.connected and not now.reason and (was.reason or not was.connected):
            self._logged = ("", 0.0)
            log.info("%s: reports come", self._name)

    def _say(self, text: str) -> None:
        """A warning, but the same one only once a minute."""
        reason, now_s = text.rpartition(";")[0], time.monotonic()
        if reason != self._logged[0] or now_s - self._logged[1] >= _LOG_PERIOD_S:
            log.warning("%s", text)
            self._logged = (reason, now_s)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "does not answer"
    if isinstance(error, socket.gaierror):
        return f"host is unknown: {error.strerror}"
    return (getattr(error, "strerror", None) or str(error)) or type(error).__name__
