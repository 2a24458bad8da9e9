# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a port of this machine is free, and whether somebody listens on it yet."""

from __future__ import annotations

import socket
from pathlib import Path

from .errors import InputError

_KINDS = {"UDP": (socket.SOCK_DGRAM, "ss -lunp"), "TCP": (socket.SOCK_STREAM, "ss -ltnp")}


def check_free(protocol: str, port: int, option: str) -> None:
    """Raise InputError if a port of the loopback interface cannot be had.

    Parameters
    ----------
    protocol : {"UDP", "TCP"}
    port : int
    option : str
        The option that sets it, for the error text.
    """
    if not 1 <= port <= 65535:
        raise InputError(f"{option} {port} must be from 1 to 65535")
    kind, tool = _KINDS[protocol]
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            # A connection that was closed a moment ago does not hold its port against a new server.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise InputError(
                f"{protocol} port {port} is for the administrator; give one from 1024 on with {option}"
            ) from error
        except OSError as error:
            raise InputError(
                f"{protocol} port {port} is in use; end what uses it ({tool} names it), "
                f"or choose another with {option}"
            ) from error


def udp_port_is_bound(port: int) -> bool:
    """Whether a process has this UDP port, without touching it. True where the system does not say."""
    tables = [Path("/proc/net/udp"), Path("/proc/net/udp6")]
    if not tables[0].exists():
        return True
    lines = [line for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return any(int(line.split()[1].rpartition(":")[2], 16) == port for line in lines)


def free_port(protocol: str = "TCP") -> int:
    """A port of the loopback interface that nobody uses now."""
    kind, _ = _KINDS[protocol]
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
