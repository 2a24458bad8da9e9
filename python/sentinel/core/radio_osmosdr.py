# SPDX-License-Identifier: GPL-3.0-or-later
"""Radios through gr-osmosdr: `rtl_tcp:`, `rtl:` and `osmosdr:`."""

from __future__ import annotations

import importlib.util
import logging
import re
import socket
from typing import Any

from gnuradio import blocks

from .errors import InputError
from .input_stream import Tuning
from .inputs import InputSpec
from .quiet import captured_output
from .radio import Feed, check_granted, refusal, try_in_child

log = logging.getLogger("gnuradio.sentinel.core.radio")

#: Seconds for a server to accept, and then to say what it is.
CONNECT_TIMEOUT_S = 3.0
_PROGRAM = "import sys, osmosdr; osmosdr.source(args='numchan=1 ' + sys.argv[1])"
_REMEDY = "connect the device and end other programs that use it, or see what `sentinel doctor` finds"
# gr-osmosdr makes (b - 127.4) / 128 of the byte b of an RTL dongle, recordings (b - 127.5) / 127.5. The same
# signal must give the same samples.
_RTL_SCALE = 128 / 127.5
_RTL_SHIFT = complex(-0.1 / 127.5, -0.1 / 127.5)


def open_osmosdr(spec: InputSpec) -> Feed:
    """Open and tune a radio. Raises InputError."""
    if importlib.util.find_spec("osmosdr") is None:
        raise InputError(f"{spec.text}: gr-osmosdr is not installed; sudo apt install gr-osmosdr")
    arguments = _arguments(spec)
    if spec.kind != "rtl_tcp":
        try_in_child(spec, _PROGRAM, arguments, _REMEDY)
    failed = None
    with captured_output() as noise:
        try:
            import osmosdr

            radio = osmosdr.source(args=f"numchan=1 {arguments}")
            tuning = _tune(radio, spec)
            ranges = radio.get_sample_rates()
            slowest, fastest = ranges.start(), ranges.stop()
        except RuntimeError as error:
            failed = str(error)
    log.debug("%s", noise.text.strip())
    if failed is not None:
        raise refusal(spec, failed, _REMEDY)
    notes, warnings = check_granted(spec, tuning)
    if not slowest <= spec.sample_rate <= fastest:
        warnings += (
            f"{spec.text}: rate {spec.sample_rate:g} Hz is outside the {slowest:g} to {fastest:g} Hz "
            "that the driver states",
        )
    return Feed(
        blocks=(radio, *_byte_map(spec.kind)),
        sample_rate=tuning.sample_rate,
        center_freq_hz=tuning.center_freq_hz,
        reconnects=False,
        tuning=tuning,
        notes=notes,
        warnings=warnings,
    )


def _arguments(spec: InputSpec) -> str:
    if spec.kind == "rtl":
        return f"rtl={spec.target}"
    if spec.kind == "rtl_tcp":
        return f"rtl_tcp={check_rtl_tcp(spec)}:{spec.port}"
    if not re.match(r"\s*[A-Za-z_]\w*\s*(=|$|,)", spec.target):
        raise InputError(
            f"{spec.text}: must name a driver; for instance osmosdr:hackrf=0 or osmosdr:airspy=0"
        )
    return spec.target


def check_rtl_tcp(spec: InputSpec) -> str:
    """IPv4 address of a server that answers as rtl_tcp does.

    gr-osmosdr would block on a server that says nothing, and holds the interpreter meanwhile.

    Raises
    ------
    InputError
        If there is no such server.
    """
    hint = f"start `rtl_tcp -a 0.0.0.0 -p {spec.port}` there, or check host, port and firewall"
    try:
        address = socket.getaddrinfo(spec.host, spec.port, socket.AF_INET, socket.SOCK_STREAM)[0][4]
    except OSError as error:
        raise InputError(f"{spec.text}: host {spec.host!r} is unknown: {error.strerror}; {hint}") from None
    header = b""
    try:
        with socket.create_connection(address, CONNECT_TIMEOUT_S) as connection:
            connection.settimeout(CONNECT_TIMEOUT_S)
            while len(header) < 12 and (more := connection.recv(12 - len(header))):
                header += more
    except TimeoutError:
        what = "accepts, but says nothing; does another client use it?" if header == b"" else "stopped"
        raise InputError(f"{spec.text}: the server {what}; {hint}") from None
    except OSError as error:
        raise InputError(f"{spec.text}: {error.strerror or error}; {hint}") from None
    if not header.startswith(b"RTL0"):
        said = "closed the connection" if not header else "is no rtl_tcp server: it does not begin with RTL0"
        raise InputError(f"{spec.text}: the server {said}; {hint}")
    return address[0]


def _tune(radio: Any, spec: InputSpec) -> Tuning:
    rate = radio.set_sample_rate(spec.sample_rate)
    if spec.ppm:
        radio.set_freq_corr(spec.ppm)
    center = radio.set_center_freq(spec.center_freq_hz)
    automatic = spec.gain_db is None
    radio.set_gain_mode(automatic)
    gain_db = None
    if not automatic:
        radio.set_gain(spec.gain_db)
        # Its rtl_tcp client says 0 dB whatever was set.
        gain_db = None if spec.kind == "rtl_tcp" else radio.get_gain()
    return Tuning(rate, center, gain_db, automatic, spec.ppm)


def _byte_map(kind: str) -> tuple[Any, ...]:
    if kind not in ("rtl", "rtl_tcp"):
        return ()
    return (blocks.multiply_const_cc(_RTL_SCALE), blocks.add_const_cc(_RTL_SHIFT))
