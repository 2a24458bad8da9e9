# SPDX-License-Identifier: GPL-3.0-or-later
"""Time stamps and pace of a simulated radio, in whole nanoseconds."""

from fractions import Fraction

import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.sender_clock import ClockStep, Pacer, SampleClock

START_NS = 1_782_900_000_000_000_123


@pytest.mark.parametrize("index", [0, 1, 1023, 2**31 + 1, 2**40 + 7])
@pytest.mark.parametrize("rate", [3840.0, 768e3, 2.56e6, 1e6 / 3])
def test_a_stamp_is_right_to_a_nanosecond_beyond_2_to_the_40(rate, index):
    exact = Fraction(index) / Fraction(rate) * 10**9
    assert abs(SampleClock(rate).stamp_ns(index, START_NS) - START_NS - exact) <= Fraction(1001, 1000)


def test_a_fast_crystal_takes_its_samples_sooner():
    assert SampleClock(3840.0, ppm=100.0).elapsed_ns(3840 * 1000) == pytest.approx(1e12 / 1.0001, abs=2)


def test_steps_move_stamps_and_not_samples():
    clock = SampleClock(1000.0, steps=(ClockStep(0.5, 2.0), ClockStep(-3.0, 4.0)))
    seconds = [(clock.stamp_ns(index, START_NS) - START_NS) / 1e9 for index in (0, 1999, 2000, 3999, 4000)]
    assert seconds == [0.0, 1.999, 2.5, 4.499, 1.5]
    assert clock.elapsed_ns(4000) == 4_000_000_000
    with pytest.raises(InputError, match="from 0 on"):
        ClockStep(1.0, -1.0)
    with pytest.raises(InputError, match="ppm"):
        SampleClock(1000.0, ppm=float("nan"))


class Time:
    """A clock that only sleeping moves on."""

    def __init__(self):
        self.now_ns = 5_000_000_000

    def sleep(self, seconds):
        self.now_ns += round(seconds * 1e9)


def test_who_is_late_catches_up():
    time = Time()
    pacer = Pacer(now_ns=lambda: time.now_ns, sleep=time.sleep)
    began = time.now_ns
    moments = []
    for number in range(1, 6):
        pacer.wait(number * 250_000_000)
        moments.append(time.now_ns - began)
        time.now_ns += 600_000_000 if number == 2 else 1_000_000
    # The third and fourth were missed and go out at once; the fifth is on time again.
    assert moments == [250_000_000, 500_000_000, 1_100_000_000, 1_101_000_000, 1_250_000_000]
    assert pacer.most_behind_s == pytest.approx(0.35)


def test_waiting_ends_when_asked_and_full_speed_never_waits():
    time = Time()
    began = time.now_ns
    Pacer(ended=lambda: time.now_ns > began, now_ns=lambda: time.now_ns, sleep=time.sleep).wait(10**12)
    assert time.now_ns - began < 1_000_000_000
    moved = time.now_ns
    Pacer(True, now_ns=lambda: time.now_ns, sleep=time.sleep).wait(10**12)
    assert time.now_ns == moved
