# SPDX-License-Identifier: GPL-3.0-or-later
"""When a live input counts as silent, as back, as lost."""

import logging

from gnuradio.sentinel.core.stall_watch import StallWatch, back_off_s


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_silence_is_told_once_and_its_end_too(caplog):
    clock = Clock()
    watch = StallWatch("udp:x", 10, clock)
    with caplog.at_level(logging.WARNING):
        for clock.now in (101.0, 102.9):
            watch.look(None)
        assert caplog.messages == []
        for clock.now in (103.2, 104.0, 109.0):
            watch.look(None)
        assert caplog.messages == ["no data for 3 s from udp:x"] and not watch.lost
        watch.look(108.5)
        assert caplog.messages[1:] == ["data again from udp:x after 8 s"]
        clock.now = 112.0
        watch.look(108.5)
        assert caplog.messages[2:] == ["no data for 4 s from udp:x"]
    clock.now = 118.4
    assert not watch.lost
    clock.now = 118.5
    assert watch.lost and watch.left_s() == 0


def test_an_older_stream_does_not_count():
    clock = Clock()
    watch = StallWatch("rtl:0", 10, clock)
    watch.look(100.5)
    clock.now = 105.0
    watch.look(None)  # the graph built anew has seen nothing
    assert watch.silent_s == 4.5


def test_without_a_timeout_nothing_is_lost():
    clock = Clock()
    watch = StallWatch("rtl:0", 0, clock)
    clock.now = 1e9
    assert not watch.lost and watch.left_s() == float("inf")


def test_waits_grow_to_half_a_minute():
    assert [back_off_s(attempt) for attempt in (0, 1, 2, 3, 4, 5, 6, 10**9)] == [1, 2, 4, 8, 16, 30, 30, 30]
