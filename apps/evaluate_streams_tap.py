# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sender has really sent, seen by a second receiver."""

from __future__ import annotations

import socket

from gnuradio.sentinel.core.ports import free_port

_BUFFER_BYTES = 4 << 20


class Tap:
    """A second UDP receiver, which keeps stamp and length of every packet: a killed sender tells nothing."""

    def __init__(self) -> None:
        self.port = free_port("UDP")
        self.packets: list[tuple[int, int]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._socket.bind(("127.0.0.1", self.port))
        self._socket.setblocking(False)

    def count(self) -> int:
        """Packets so far."""
        try:
            while True:
                datagram = self._socket.recv(1 << 16)
                seconds, nanoseconds = (int.from_bytes(datagram[k : k + 4], "little") for k in (0, 4))
                self.packets.append((seconds * 1_000_000_000 + nanoseconds, len(datagram) // 8 - 1))
        except BlockingIOError:
            return len(self.packets)

    def __enter__(self) -> Tap:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._socket.close()
