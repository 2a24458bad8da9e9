# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets that packets of samples go out of: UDP datagrams and ZeroMQ messages."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Sequence

from .. import kernel
from .errors import InputError, OutputError
from .live_sender import IqPacket

log = logging.getLogger("gnuradio.sentinel.simulate.outlets")

#: Samples of the largest datagram, the header not counted.
MAX_UDP_SAMPLES = 65507 // 8 - 1
_POLL_MS = 200
# Flag of the last packet of a stream.
_FINAL = 1
_LINGER_MS = 2000


class UdpOutlet:
    """Decimator packets to each of several addresses.

    Parameters
    ----------
    addresses : sequence of (host, port)

    Raises
    ------
    InputError
        A host has no address.
    """

    def __init__(self, addresses: Sequence[tuple[str, int]]) -> None:
        self._targets = []
        for host, port in addresses:
            try:
                family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            except OSError as error:
                raise InputError(
                    f"udp:{host}:{port}: {error.strerror}; give the receiver's address"
                ) from error
            self._targets.append((socket.socket(family, kind), address))

    def wait_for_receiver(self, ended: Callable[[], bool]) -> bool:
        """Return at once: a datagram asks nobody."""
        return not ended()

    def send(self, packet: IqPacket, stamp_ns: int) -> bool:
        """Send one packet to all addresses."""
        datagram = kernel.write_udp_iq_packet(stamp_ns, packet.samples)
        for target, address in self._targets:
            try:
                target.sendto(datagram, address)
            except OSError as error:
                raise OutputError(
                    f"udp:{address[0]}:{address[1]}: {error.strerror}; check the address and the network"
                ) from error
        return True

    def close(self) -> None:
        """Close the sockets."""
        for target, _ in self._targets:
            target.close()


class ZmqOutlet:
    """A ZeroMQ publisher, of packets with a header or of plain complex64.

    Parameters
    ----------
    address : str
        tcp://HOST:PORT to bind.
    header_rate : int, optional
        Sample rate for the 40-byte header; no header if None.
    wait : bool
        Begin when the first subscriber is there, so that it gets the stream from its first sample.
    full_speed : bool
        A subscriber that is slow holds the stream up; else it loses packets, which are counted.

    Raises
    ------
    InputError
        The address cannot be bound.
    """

    def __init__(
        self, address: str, header_rate: int | None = None, wait: bool = True, full_speed: bool = False
    ) -> None:
        import zmq  # here, so that importing the package opens no network library

        self._again = zmq.Again
        self._address = address
        self._header_rate = header_rate
        self._wait = wait
        self._full_speed = full_speed
        self._ended: Callable[[], bool] = lambda: False
        self._context = zmq.Context()
        # To subscribers an XPUB is a PUB; we are told of them, and of messages that one does not take.
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.XPUB_NODROP, 1)
        self._socket.linger = _LINGER_MS
        self._socket.sndtimeo = _POLL_MS if full_speed else 0
        try:
            self._socket.bind(address)
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise InputError(
                f"cannot publish at {address}: {error.strerror}; "
                "end what uses that port, or choose another such as tcp://127.0.0.1:5555"
            ) from error

    def wait_for_receiver(self, ended: Callable[[], bool]) -> bool:
        """Return True when a subscriber is there, or at once if none is waited for."""
        self._ended = ended
        if not self._wait:
            return not ended()
        log.info("waiting for a subscriber at %s", self._address)
        while not ended():
            if self._socket.poll(_POLL_MS) and self._socket.recv()[:1] == b"\x01":
                return True
        return False

    def send(self, packet: IqPacket, stamp_ns: int) -> bool:
        """Publish one packet; False if a subscriber is too slow for it."""
        if self._header_rate is None:
            message = packet.samples.tobytes()
        else:
            # Sequence numbers are given before anything is lost on the way: gaps in them are losses.
            message = kernel.write_zmq_iq_packet(
                packet.number, stamp_ns // 1000, self._header_rate, packet.samples, _FINAL * packet.final
            )
        self._forget_subscriptions()
        while True:
            try:
                self._socket.send(message, copy=False)
                return True
            except self._again:
                if not self._full_speed or self._ended():
                    return False

    def _forget_subscriptions(self) -> None:
        while self._socket.poll(0):
            self._socket.recv()

    def close(self) -> None:
        """Give subscribers two seconds to take what is on its way."""
        self._socket.close()
        self._context.term()
