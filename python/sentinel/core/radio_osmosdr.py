# SPDX-License-Identifier: GPL-3.0-or-later
"""Radios through gr-osmosdr: `rtl_tcp:`, `rtl:` and `osmosdr:`."""

from __future__ import annotations

import importlib.util
import logging
import re
import socket
from dataclasses import replace
from typing import Any

from .. import rtl_byte_map
from .errors import InputError
from .input_stream import RadioGain, Tuning
from .inputs import InputSpec
from .quiet import captured_output
from .radio import Feed, check_granted, gain_steps, refusal, try_in_child

log = logging.getLogger("gnuradio.sentinel.core.radio")

#: Seconds for a server to accept, and then to say what it is.
CONNECT_TIMEOUT_S = 3.0
_PROGRAM = "import sys, osmosdr; osmosdr.source(args='numchan=1 ' + sys.argv[1])"
_REMEDY = "connect the device and end other programs that use it, or see what `sentinel doctor` finds"


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
            gain = _gain(radio, spec, tuning)
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
    feed = Feed(
        blocks=(radio,),
        sample_rate=tuning.sample_rate,
        center_freq_hz=tuning.center_freq_hz,
        reconnects=False,
        tuning=tuning,
        notes=notes,
        warnings=warnings,
        gain=gain,
    )
    return _with_bytes(feed, spec.native) if spec.kind in ("rtl", "rtl_tcp") else feed


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


def _gain(radio: Any, spec: InputSpec, tuning: Tuning) -> RadioGain:
    limits = radio.get_gain_range()
    gains_db = gain_steps(limits.start(), limits.stop(), lambda gain_db: limits.clip(gain_db, True))

    def granted(gain_db: float) -> float:
        # Its rtl_tcp client says 0 dB whatever was set, and commands the nearest it knows of the tuner.
        told_db = radio.get_gain() if spec.kind != "rtl_tcp" else limits.clip(gain_db, True)
        return round(told_db, 1) if gains_db else gain_db

    def set_gain(gain_db: float) -> float:
        radio.set_gain_mode(False)
        radio.set_gain(gain_db)
        return granted(gain_db)

    return RadioGain(gains_db, None if tuning.automatic_gain else granted(spec.gain_db), set_gain)


def _with_bytes(feed: Feed, native: bool) -> Feed:
    """The same behind the map of bytes: the same signal gives the same samples as a recording of it."""
    bytes_again = rtl_byte_map(native)
    return replace(
        feed,
        blocks=(*feed.blocks, bytes_again),
        format="cu8" if native else "cf32_le",
        clipping_known=True,
        counters=lambda: {
            "samples_clipped": bytes_again.samples_clipped(),
            "samples_inexact": bytes_again.samples_inexact(),
        },
    )
