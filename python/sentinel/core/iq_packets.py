# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples as the datagrams and messages that receivers of IQ packets read."""

import struct

import numpy as np

_ZMQ_HEADER = struct.Struct("<IHHQQIIII")
_ZMQ_MAGIC, _ZMQ_VERSION = 0x5A514941, 1


def udp_iq_packet(samples: np.ndarray, time_ns: int) -> bytes:
    """A datagram of complex64, little-endian, before which one more sample is a header.

    The bit patterns of its two floats are seconds since 1970 and nanoseconds, uint32. They are never
    floats on the way: most of them are no ordinary numbers.
    """
    return struct.pack("<II", *divmod(time_ns, 1_000_000_000)) + iq_bytes(samples)


def zmq_iq_packet(samples: np.ndarray, sequence: int, time_us: int, sample_rate: int, final: bool) -> bytes:
    """A message of 40 header bytes and complex64, little-endian.

    Parameters
    ----------
    samples : complex array
    sequence : int
        Counts messages.
    time_us : int
        Of the first sample, microseconds since 1970.
    sample_rate : int
        Hz.
    final : bool
        Whether it is the last message of the stream (bit 0 of the flags).
    """
    payload = iq_bytes(samples)
    header = _ZMQ_HEADER.pack(
        _ZMQ_MAGIC,
        _ZMQ_VERSION,
        _ZMQ_HEADER.size,
        sequence,
        time_us,
        sample_rate,
        len(samples),
        len(payload),
        int(final),
    )
    return header + payload


def iq_bytes(samples: np.ndarray) -> bytes:
    """Samples as complex64, little-endian."""
    return np.ascontiguousarray(samples, "<c8").tobytes()
