# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is to its clients what rtl_tcp is: 12 bytes of header, then unsigned I and Q bytes."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import struct
import time
from collections.abc import Callable

import numpy as np

from .errors import InputError
from .live_sender import IqPacket, ReceiverGone
from .quantise import dequantise, quantise
from .units import format_frequency

log = logging.getLogger("gnuradio.sentinel.simulate.rtl_tcp")

TUNER_R820T = 5
R820T_GAINS = 29
HEADER = b"RTL0" + struct.pack(">II", TUNER_R820T, R820T_GAINS)
COMMAND = struct.Struct(">BI")

#: Number of a command, its name, and how its value is shown.
COMMANDS: dict[int, tuple[str, Callable[[int], str]]] = {
    1: ("frequency", format_frequency),
    2: ("sample rate", format_frequency),
    3: ("gain mode", lambda value: "manual" if value else "automatic"),
    4: ("gain", lambda value: f"{_signed(value) / 10:g} dB"),
    5: ("frequency correction", lambda value: f"{_signed(value)} ppm"),
    6: ("intermediate gain", lambda value: f"stage {value >> 16}, {_signed(value << 16) / (10 << 16):g} dB"),
    7: ("test mode", str),
    8: ("automatic gain of the converter", lambda value: "on" if value else "off"),
    9: ("direct sampling", str),
    10: ("offset tuning", lambda value: "on" if value else "off"),
    11: ("crystal of the converter", format_frequency),
    12: ("crystal of the tuner", format_frequency),
    13: ("gain by index", str),
    14: ("bias tee", lambda value: "on" if value else "off"),
}
_FREQUENCY, _RATE, _GAIN = 1, 2, 4
_POLL_S = 0.2
_LINGER_S = 2.0


def _signed(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def command_text(number: int, value: int) -> str:
    """A command for people, as `frequency 146 MHz`."""
    name, show = COMMANDS.get(number, (f"unknown command {number}:", str))
    return f"{name} {show(value)}"


class RtlTcpServer:
    """Serves one client at a time.

    Commands are logged. A client that tunes away from the scene's centre gets it shifted; what leaves
    the band on one side comes back on the other. With `scene_gain_db` another gain makes the samples
    stronger or weaker. Whatever else it sets changes nothing; a sample rate that is not the scene's is
    warned of.

    Parameters
    ----------
    host, port : str, int
    sample_rate : float
        Of the scene, Hz.
    center_freq : float, optional
        Of the scene, Hz; None is what the client first tunes to.
    scene_gain_db : float, optional
        Gain at which the scene is sent as it is; without it the client's gain changes nothing.

    Raises
    ------
    InputError
        The port cannot be bound.
    """

    def __init__(
        self,
        host: str,
        port: int,
        sample_rate: float,
        center_freq: float | None = None,
        scene_gain_db: float | None = None,
    ) -> None:
        self.sample_rate = sample_rate
        self.center_freq = center_freq
        self.scene_gain_db = scene_gain_db
        self.shift_hz = 0.0
        self.amplitude = 1.0
        self.clients = 0
        self._ended: Callable[[], bool] = lambda: False
        self._client: socket.socket | None = None
        self._command_bytes = b""
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            self._listener = socket.create_server((host, port), family=family, backlog=1)
        except OSError as error:
            # create_server adds the address to the text; names that are not found have numbers of their own.
            reason = os.strerror(error.errno) if (error.errno or 0) > 0 else error.strerror
            raise InputError(
                f"cannot serve rtl_tcp at {host}:{port}: {reason}; "
                "end what uses that port, or choose another such as 127.0.0.1:1234"
            ) from error
        self._address = f"{host}:{port}"

    def wait_for_receiver(self, ended: Callable[[], bool]) -> bool:
        """Accept the next client and send it the header; False if `ended()` came first."""
        self._ended = ended
        self._drop_client()
        log.info("waiting for an rtl_tcp client at %s", self._address)
        while not ended():
            if not select.select([self._listener], [], [], _POLL_S)[0]:
                continue
            self._client, address = self._listener.accept()
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._client.settimeout(_POLL_S)
            self.amplitude = 1.0
            self._command_bytes = b""
            self.clients += 1
            log.info("%s", f"rtl_tcp client {address[0]}:{address[1]}")
            try:
                self._send_all(HEADER)
            except ReceiverGone:
                continue  # it only looked whether there is somebody
            return not ended()
        return False

    def send(self, packet: IqPacket, stamp_ns: int) -> bool:
        """Obey what the client has commanded, then send it these samples. Raises ReceiverGone."""
        self._read_commands()
        samples = packet.samples
        if samples.dtype == np.uint8:
            if not self.shift_hz and self.amplitude == 1.0:
                return self._send_all(samples.tobytes())
            samples = dequantise(samples.ravel(), "cu8")
        if self.shift_hz:
            turns = (packet.first + np.arange(len(samples))) * (self.shift_hz / self.sample_rate)
            samples = samples * np.exp(-2j * np.pi * (turns % 1.0))
        return self._send_all(quantise(samples * np.float32(self.amplitude), "cu8").tobytes())

    def _send_all(self, data: bytes) -> bool:
        left = memoryview(data)
        while left:
            try:
                left = left[self._client.send(left) :]
            except TimeoutError:
                # A client that does not read holds the stream up, but not the end of the server.
                if self._ended():
                    return False
            except OSError as error:
                raise ReceiverGone(error.strerror) from error
        return True

    def _read_commands(self) -> None:
        while select.select([self._client], [], [], 0)[0]:
            try:
                data = self._client.recv(4096)
            except OSError as error:
                raise ReceiverGone(error.strerror) from error
            if not data:
                raise ReceiverGone("closed by the client")
            self._command_bytes += data
        whole = len(self._command_bytes) // COMMAND.size * COMMAND.size
        commands, self._command_bytes = self._command_bytes[:whole], self._command_bytes[whole:]
        for number, value in COMMAND.iter_unpack(commands):
            self._obey(number, value)

    def _obey(self, number: int, value: int) -> None:
        # The value is part of the text, so that only equal lines are taken for repeats and held back.
        log.info(f"client sets {command_text(number, value)}")
        if number == _FREQUENCY:
            self._tune(float(value))
        elif number == _GAIN and self.scene_gain_db is not None:
            self.amplitude = 10 ** ((_signed(value) / 10 - self.scene_gain_db) / 20)
        elif number == _RATE and value != round(self.sample_rate):
            log.warning(
                f"the client wants {format_frequency(value)}, the scene has "
                f"{format_frequency(self.sample_rate)}; simulate with --rate {value}"
            )

    def _tune(self, freq_hz: float) -> None:
        if self.center_freq is None:
            self.center_freq = freq_hz
        self.shift_hz = freq_hz - self.center_freq
        if self.shift_hz:
            log.warning(
                f"the client is tuned {format_frequency(self.shift_hz)} from the scene's centre "
                f"{format_frequency(self.center_freq)}; the scene is shifted"
            )

    def _client_is_there(self) -> bool:
        try:
            return bool(self._client.recv(4096))
        except TimeoutError:
            return True

    def _drop_client(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def close(self) -> None:
        """Close the connection behind what has been sent, and the port."""
        if self._client is not None:
            # Commands left unread would reset the connection, and what is on its way with it.
            with contextlib.suppress(OSError):
                self._client.shutdown(socket.SHUT_WR)
                deadline = time.monotonic() + _LINGER_S
                while time.monotonic() < deadline and not self._ended() and self._client_is_there():
                    pass
        self._drop_client()
        self._listener.close()
