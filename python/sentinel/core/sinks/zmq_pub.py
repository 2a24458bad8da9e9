# SPDX-License-Identifier: GPL-3.0-or-later
"""Events on a ZeroMQ PUB socket."""

from ..decision import Decision
from ..errors import InputError, OutputError
from ..event import Event
from ..event_json import to_json_line
from .base import Sink

DECISION_TOPIC = b"decision"
#: How long closing waits for subscribers that are still reading.
LINGER_MS = 1000


class ZmqSink(Sink):
    """Publishes [detector, JSON line] for each event and [b"decision", JSON line] for each decision.

    Binds to the loopback interface unless the address names another. A subscriber that reads too slowly
    loses messages once ZeroMQ's high-water mark (1000) is reached; memory does not grow.

    Parameters
    ----------
    address : str
        As ZeroMQ has it, `tcp://127.0.0.1:5556`; a bare port number means the loopback interface.

    Raises
    ------
    InputError
        If the address cannot be bound.
    """

    takes_decisions = True

    def __init__(self, address: str = "tcp://127.0.0.1:5556", revisions: str = "closed") -> None:
        super().__init__(revisions)
        import zmq  # here, so that importing the package opens no network library

        if address.isdecimal():
            address = f"tcp://127.0.0.1:{address}"
        self._failure = zmq.ZMQError
        self._socket = zmq.Context.instance().socket(zmq.PUB)
        self._socket.linger = LINGER_MS
        try:
            self._socket.bind(address)
        except zmq.ZMQError as error:
            self._socket.close(linger=0)
            raise InputError(
                f"cannot publish events at {address}: {error.strerror}; "
                "choose a free address such as tcp://127.0.0.1:5556"
            ) from error
        #: The address as bound, with the port that "tcp://127.0.0.1:*" was given.
        self.address = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def _write(self, event: Event) -> None:
        self._send(event.detector.encode("ascii"), to_json_line(event))

    def write_decision(self, decision: Decision) -> None:
        self._send(DECISION_TOPIC, decision.to_json_line())

    def _send(self, topic: bytes, line: str) -> None:
        try:
            self._socket.send_multipart([topic, line.encode("ascii")])
        except self._failure as error:
            raise OutputError(f"cannot publish events at {self.address}: {error.strerror}") from error

    def close(self) -> None:
        self._socket.close()
