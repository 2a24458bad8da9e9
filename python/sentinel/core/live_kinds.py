# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kinds of live input work on this machine; for `sentinel doctor` and `sentinel info`."""

from __future__ import annotations

import ctypes.util
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from .inputs import KINDS

_RMEM_MAX = Path("/proc/sys/net/core/rmem_max")


@dataclass(frozen=True)
class LiveKind:
    """One kind of live input here.

    Attributes
    ----------
    form : str
        How it is written.
    ok : bool
        Whether what it needs is installed; no device or sender is looked for.
    found : str
        How losses are known, and what it goes through or what is missing.
    remedy : str
        What to do; empty when all is well.
    """

    form: str
    ok: bool
    found: str
    remedy: str = ""


#: Kind to the Python module it goes through, and how to get that.
_MODULES = {
    "zmq": ("gnuradio.zeromq", "sudo apt install gnuradio"),
    "rtl_tcp": ("osmosdr", "sudo apt install gr-osmosdr"),
    "rtl": ("osmosdr", "sudo apt install gr-osmosdr"),
    "osmosdr": ("osmosdr", "sudo apt install gr-osmosdr"),
    "soapy": ("gnuradio.soapy", "sudo apt install libgnuradio-soapy3.10.5"),
    "rtlsdr": ("rtlsdr", "pip install 'pyrtlsdr<0.3'"),
}


def live_kind(kind: str) -> LiveKind:
    """What is to be said of one kind; nothing is loaded or opened."""
    row = KINDS[kind]
    needs = f", needs {' '.join(row.needs)}" if row.needs else ""
    losses = f"losses known by {row.accounting}{needs}"
    module, remedy = _MODULES.get(kind, ("", ""))
    if module and importlib.util.find_spec(module) is None:
        return LiveKind(row.form, False, f"{module} is not installed", remedy)
    if kind == "rtlsdr" and ctypes.util.find_library("rtlsdr") is None:
        return LiveKind(row.form, False, "librtlsdr is not installed", "sudo apt install librtlsdr0")
    if kind == "udp":
        losses += _receive_buffer()
    return LiveKind(row.form, True, losses + (f", through {module}" if module else ""))


def live_kinds() -> list[LiveKind]:
    """All of them."""
    return [live_kind(kind) for kind, row in KINDS.items() if row.live]


def _receive_buffer() -> str:
    try:
        granted = int(_RMEM_MAX.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return ""
    return f", receive buffer up to {granted // 1024} KiB"
