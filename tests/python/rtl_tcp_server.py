# SPDX-License-Identifier: GPL-3.0-or-later
"""An rtl_tcp server without a dongle, to be run as a process of its own.

It speaks rtl_tcp byte for byte: 12 bytes of header (`RTL0`, tuner type and number of gains as big-endian
uint32), then interleaved unsigned 8-bit I and Q; from the client commands of 5 bytes, an opcode and a
big-endian uint32. What happens is told on its standard output as JSON lines: `listening` with the port,
`client` with its number (only once it has read a sample command), `command`, `stalled`, `closed`.

Clients come one after the other, as with the real server. A client that sends no command is a probe: it
gets the header, and does not count. Every client gets the samples from the start.

In a thread of the client's Python it would not do: the constructor of the driver blocks while it holds the
interpreter.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import select
import socket
import struct
import sys
import time
from pathlib import Path

TUNER_R820T = 5
GAINS = 29
_PIECE_BYTES = 16384


def tell(event: str, **values) -> None:
    """One JSON line."""
    print(json.dumps({"event": event, **values}), flush=True)


class Client:
    """One connection, until it ends."""

    def __init__(self, connection: socket.socket, arguments: argparse.Namespace, data: bytes):
        self.connection, self.arguments, self.data = connection, arguments, data
        self.pending = b""

    def serve(self, number: int) -> bool:
        """Serve it; False if it was a probe."""
        if not self.arguments.mute:
            self.connection.sendall(b"RTL0" + struct.pack(">II", TUNER_R820T, GAINS))
        if not self.commands(wait=True):
            return False
        tell("client", number=number)
        with contextlib.suppress(OSError):  # the client has gone
            self.samples()
        tell("closed", number=number)
        return True

    def commands(self, wait: bool) -> bool:
        """Read the commands that are there, or wait for one; False when the client has gone."""
        while select.select([self.connection], [], [], None if wait else 0)[0]:
            try:
                received = self.connection.recv(4096)
            except OSError:
                return False
            if not received:
                return False
            wait = False
            self.pending += received
            while len(self.pending) >= 5:
                opcode, value = struct.unpack(">BI", self.pending[:5])
                self.pending = self.pending[5:]
                tell("command", opcode=opcode, value=value)
        return True

    def samples(self) -> None:
        """Send samples until the client goes, or as the mode says."""
        arguments = self.arguments
        limits = [n for n in (arguments.stall_after, arguments.close_after) if n is not None]
        limit = min(limits, default=None)
        sent, began = 0, time.monotonic()
        while self.commands(wait=False):
            if limit is not None and sent >= limit:
                if arguments.stall_after is not None:
                    tell("stalled", sent=sent)
                    while self.commands(wait=True):
                        pass
                return
            at = sent % len(self.data)
            piece = self.data[at : at + _PIECE_BYTES]
            if limit is not None:
                piece = piece[: limit - sent]
            # Commands are read also while the client takes no samples.
            if not select.select([], [self.connection], [], 0.05)[1]:
                continue
            sent += self.connection.send(piece, socket.MSG_DONTWAIT)
            if arguments.rate:
                ahead = sent / (2 * arguments.rate) - (time.monotonic() - began)
                if ahead > 0:
                    time.sleep(ahead)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data", help="file of unsigned 8-bit I and Q, repeated; a counter if left out")
    parser.add_argument(
        "--rate", type=float, help="samples per second; as fast as they are taken if left out"
    )
    parser.add_argument("--stall-after", type=int, metavar="BYTES", help="send so many, then nothing")
    parser.add_argument("--close-after", type=int, metavar="BYTES", help="send so many, then close")
    parser.add_argument("--clients", type=int, help="refuse further ones after so many")
    parser.add_argument("--mute", action="store_true", help="send not even the header")
    arguments = parser.parse_args()
    data = Path(arguments.data).read_bytes() if arguments.data else bytes(range(256)) * 256
    listener = socket.create_server(("127.0.0.1", arguments.port))
    tell("listening", port=listener.getsockname()[1])
    served = 0
    while arguments.clients is None or served < arguments.clients:
        connection, _ = listener.accept()
        with connection:
            served += Client(connection, arguments, data).serve(served)
    listener.close()
    tell("refusing")
    sys.stdin.read()


if __name__ == "__main__":
    main()
