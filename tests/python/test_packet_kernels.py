# SPDX-License-Identifier: GPL-3.0-or-later
"""Both packet formats against Python's struct, for any bits and any damage."""

import struct
from fractions import Fraction

import numpy as np
import pytest
from gnuradio.sentinel import kernel
from hypothesis import given, settings
from hypothesis import strategies as st

U32, U64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
MAGIC = 0x5A514941
LAYOUT = "<IHHQQIIII"


def samples_of(seed, count):
    """Samples of random bits: NaN, infinities and denormals in their due share."""
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64).view(np.complex64)


@settings(deadline=None)
@given(seconds=U32, nanoseconds=st.integers(0, 999_999_999), seed=U32, count=st.integers(1, 8187))
def test_udp_there_and_back(seconds, nanoseconds, seed, count):
    samples = samples_of(seed, count)
    datagram = struct.pack("<II", seconds, nanoseconds) + samples.tobytes()
    assert kernel.write_udp_iq_packet(seconds * 10**9 + nanoseconds, samples) == datagram
    read = kernel.parse_udp_iq_packet(datagram)
    assert read[:2] == (seconds, nanoseconds)
    assert read[2].tobytes() == samples.tobytes()


# Denormal and NaN patterns, 2037-2038, and the last nanosecond of 2106.
@pytest.mark.parametrize("seconds", [0, 1, 0x7F7FFFFF, 0x7F800000, 0x7FC00001, 2**31 - 1, 2**31, 2**32 - 1])
@pytest.mark.parametrize("nanoseconds", [0, 1, 8_388_607, 8_388_608, 999_999_999])
def test_udp_times_survive_as_bits(seconds, nanoseconds):
    datagram = struct.pack("<IIff", seconds, nanoseconds, 1, 2)
    read = kernel.parse_udp_iq_packet(datagram)
    assert read[:2] == (seconds, nanoseconds)
    assert kernel.write_udp_iq_packet(seconds * 10**9 + nanoseconds, read[2]) == datagram


def test_udp_time_wraps_around_in_2106():
    written = kernel.write_udp_iq_packet(2**32 * 10**9 + 5, np.ones(1, np.complex64))
    assert kernel.parse_udp_iq_packet(written)[:2] == (0, 5)


@pytest.mark.parametrize("size", [0, 1, 7, 8, 15])
def test_udp_without_a_sample_is_too_short(size):
    with pytest.raises(ValueError, match="too_short"):
        kernel.parse_udp_iq_packet(bytes(size))


@pytest.mark.parametrize("size", [17, 23, 65_507])
def test_udp_with_part_of_a_sample_is_refused(size):
    with pytest.raises(ValueError, match="length"):
        kernel.parse_udp_iq_packet(bytes(size))


@pytest.mark.parametrize("nanoseconds", [10**9, 2**32 - 1])
def test_udp_nanoseconds_are_less_than_a_second(nanoseconds):
    with pytest.raises(ValueError, match="nanoseconds"):
        kernel.parse_udp_iq_packet(struct.pack("<IIff", 1, nanoseconds, 0, 0))


@settings(deadline=None)
@given(
    sequence=U64, stamp=U64, rate=st.integers(1, 2**32 - 1), flags=U32, seed=U32, count=st.integers(1, 3000)
)
def test_zmq_there_and_back(sequence, stamp, rate, flags, seed, count):
    samples = samples_of(seed, count)
    head = struct.pack(LAYOUT, MAGIC, 1, 40, sequence, stamp, rate, count, 8 * count, flags)
    frame = head + samples.tobytes()
    assert kernel.write_zmq_iq_packet(sequence, stamp, rate, samples, flags) == frame
    header, read = kernel.parse_zmq_iq_packet(frame)
    assert header == {
        "header_size": 40,
        "sequence": sequence,
        "timestamp_us": stamp,
        "sample_rate": rate,
        "sample_count": count,
        "payload_bytes": 8 * count,
        "flags": flags,
    }
    assert read.tobytes() == samples.tobytes()


def test_zmq_longer_header_is_skipped():
    frame = struct.pack(LAYOUT, MAGIC, 1, 56, 3, 4, 5, 1, 8, 0) + bytes(16) + struct.pack("<ff", 1, 2)
    header, samples = kernel.parse_zmq_iq_packet(frame)
    assert header["header_size"] == 56 and samples.tolist() == [1 + 2j]


ZMQ_DAMAGE = {
    "magic": (MAGIC + 1, 1, 40, 0, 0, 5, 2, 16, 0),
    "version": (MAGIC, 2, 40, 0, 0, 5, 2, 16, 0),
    "header_size": (MAGIC, 1, 39, 0, 0, 5, 2, 16, 0),
    "payload_size": (MAGIC, 1, 40, 0, 0, 5, 2, 15, 0),
    "rate": (MAGIC, 1, 40, 0, 0, 0, 2, 16, 0),
    "count": (MAGIC, 1, 40, 0, 0, 5, 0, 16, 0),
    "count_size": (MAGIC, 1, 40, 0, 0, 5, 3, 16, 0),
}


@pytest.mark.parametrize("reason", ZMQ_DAMAGE)
def test_zmq_damage_is_named(reason):
    with pytest.raises(ValueError, match=f"^{reason}$"):
        kernel.parse_zmq_iq_packet(struct.pack(LAYOUT, *ZMQ_DAMAGE[reason]) + bytes(16))


@pytest.mark.parametrize("size", [0, 1, 7, 39])
def test_zmq_short_frame(size):
    with pytest.raises(ValueError, match=r"^short_frame$"):
        kernel.parse_zmq_iq_packet(bytes(size))


def test_zmq_header_beyond_the_frame_and_a_count_that_overflows():
    with pytest.raises(ValueError, match=r"^header_size$"):
        kernel.parse_zmq_iq_packet(struct.pack(LAYOUT, MAGIC, 1, 57, 0, 0, 5, 2, 16, 0) + bytes(16))
    # 8 * (2^29 + 2) is 16 in 32 bits.
    with pytest.raises(ValueError, match=r"^count_size$"):
        kernel.parse_zmq_iq_packet(struct.pack(LAYOUT, MAGIC, 1, 40, 0, 0, 5, 2**29 + 2, 16, 0) + bytes(16))


@settings(deadline=None, max_examples=300)
@given(raw=st.binary(max_size=200), begin=st.sampled_from([b"", struct.pack("<IHH", MAGIC, 1, 40)]))
def test_random_bytes_are_read_or_refused(raw, begin):
    for parse in (kernel.parse_udp_iq_packet, kernel.parse_zmq_iq_packet):
        try:
            samples = parse(begin + raw)[-1]
        except ValueError:
            continue
        assert 8 <= samples.nbytes < len(begin + raw)


@settings(deadline=None, max_examples=300)
@given(
    rate=st.floats(0.1, 1e9),
    anchor=st.integers(0, 2**40),
    time_ns=st.integers(0, 2**32 * 10**9),
    index=st.integers(0, 2**40),
)
def test_the_clock_is_exact_to_the_nanosecond(rate, anchor, time_ns, index):
    clock = kernel.sample_clock(rate)
    clock.anchor(anchor, time_ns)
    exact = time_ns + Fraction(index - anchor) * 10**9 / Fraction(rate)
    if exact > 2**64 - 1:
        return
    # Half a nanosecond of rounding, and what 64 bits of mantissa leave of a second.
    assert abs(clock.time_ns(index) - max(exact, 0)) <= Fraction(51, 100)


def test_the_clock_does_not_jump_with_its_rate():
    clock = kernel.sample_clock(3840.0)
    clock.anchor(100, 10**18)
    clock.set_rate(100 + 3840, 1000.0)
    assert clock.time_ns(100 + 3840) == 10**18 + 10**9
    assert clock.time_ns(100 + 3840 + 500) == 10**18 + 1_500_000_000
