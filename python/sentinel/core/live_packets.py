# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets over the network: `udp:` and `zmqiq:`."""

from __future__ import annotations

from typing import Any

from .. import udp_iq_source, zmq_iq_source
from .errors import InputError
from .inputs import InputSpec
from .radio import Feed
from .units import format_frequency

#: Asked of the kernel for datagrams that wait, bytes.
RECEIVE_BUFFER_BYTES = 1 << 20
#: How far a given rate may be from that in the packets, ppm.
RATE_TOLERANCE_PPM = 5000
#: Longest wait for the first packet where nothing else limits it, s.
_LONGEST_WAIT_S = 24 * 3600.0


def open_udp(spec: InputSpec, stream: Any) -> Feed:
    """Listen for decimator packets; `stream` is the value of the tag sentinel_stream. Raises InputError."""
    try:
        block = udp_iq_source(
            host=spec.host,
            port=spec.port,
            sample_rate=spec.sample_rate,
            center_freq=spec.center_freq_hz or 0.0,
            stream=stream,
            buffer_bytes=RECEIVE_BUFFER_BYTES,
        )
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{spec.text}: {error}") from None
    granted = block.granted_buffer_bytes()
    note = f"{spec.text}: receive buffer {_kib(granted)}"
    if granted < RECEIVE_BUFFER_BYTES:
        note = (
            f"{spec.text}: receive buffer asked {_kib(RECEIVE_BUFFER_BYTES)}, granted {_kib(granted)}; "
            f"remedy: sudo sysctl net.core.rmem_max={RECEIVE_BUFFER_BYTES}"
        )
    return Feed(
        (block,),
        spec.sample_rate,
        spec.center_freq_hz,
        notes=(note,),
        counters=lambda: {**_counters(block), "kernel_drops": block.kernel_drops()},
        failure=block.failure,
        names_stream=True,
    )


def open_zmqiq(spec: InputSpec, stream: Any) -> Feed:
    """Subscribe to packets that tell their rate, and wait for the first if the rate is not given.

    Raises
    ------
    InputError
        If none comes within the stall timeout, or its rate is not the one that was given.
    """
    try:
        block = zmq_iq_source(endpoint=spec.target, center_freq=spec.center_freq_hz or 0.0, stream=stream)
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{spec.text}: {error}") from None
    limit_s = spec.stall_timeout_s or _LONGEST_WAIT_S
    told = _wait_for_rate(block, limit_s if spec.sample_rate is None else min(1.0, limit_s))
    if not told and spec.sample_rate is None:
        raise InputError(
            f"{spec.text}: no packet came within {limit_s:g} s, so its sample rate is not known; "
            "start the sender first, or give --rate"
        )
    given = spec.sample_rate or told
    if told and abs(told / given - 1) * 1e6 > RATE_TOLERANCE_PPM:
        raise InputError(
            f"{spec.text}: --rate {format_frequency(given)}, but the packets say {format_frequency(told)}; "
            "leave --rate out"
        )
    return Feed(
        (block,),
        float(told or given),
        spec.center_freq_hz,
        counters=lambda: _counters(block),
        failure=block.failure,
        names_stream=True,
    )


def _wait_for_rate(block: Any, limit_s: float) -> int:
    # In pieces, so that Ctrl-C is heard.
    left_ms = int(1e3 * limit_s)
    while left_ms > 0:
        if rate := block.wait_for_rate(min(200, left_ms)):
            return rate
        left_ms -= 200
    return 0


def _counters(block: Any) -> dict[str, int]:
    return {
        "samples_nonfinite": block.samples_nonfinite(),
        "packets_malformed": sum(block.malformed().values()),
    }


def _kib(count: int) -> str:
    return f"{count / 1024:g} KiB"
