# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines about gaps are the published ones, and what they count adds up."""

import pytest
from gnuradio.sentinel.apps.pulse_gaps import GapLines
from gnuradio.sentinel.core.gap_reader import Gap
from gnuradio.sentinel.pulse.config import PulseSettings
from gnuradio.sentinel.pulse.plan import plan_single


def gap(kind, place=0, samples=0, seconds=0.0, expected_s=0.2667, got_s=0.0):
    return Gap(kind, place, samples, seconds, expected_s, got_s)


@pytest.fixture
def lines():
    return GapLines.of((plan_single(PulseSettings(interval_s=2.0), 3840.0),))


def test_a_short_gap_is_filled(lines):
    told = list(lines.of_gap(gap("fill", 1024, 59, 0.0153)))
    assert told == ["GAP < THRESHOLD: 15.3 ms (< 30.0 ms) - zero-filling 59 samples"]


def test_a_long_gap_discards_what_was_gathered(lines):
    told = list(lines.of_gap(gap("cut", 18432, 482, 0.1255, 0.2667, 0.3922)))
    assert told == [
        "",
        "*** GAP ≥ RESET THRESHOLD: 125.5 ms (≥30.0 ms) ***",
        "    Discarding 18432 buffered samples and resetting segment",
        "    Expected packet after 266.7 ms, got 392.2 ms",
        "",
    ]
    # Two cycles later another one: only what came after them is discarded.
    place = 18432 + 482 + 2 * lines.cycle_samples + 100
    assert "    Discarding 100 buffered" in list(lines.of_gap(gap("cut", place, 500)))[2]


def test_the_count_is_in_samples_of_the_channel():
    lines = GapLines.of((plan_single(PulseSettings(interval_s=2.0, offset_hz=1000.0), 38400.0),))
    assert lines.decimation == 10
    assert "Discarding 12 buffered" in list(lines.of_gap(gap("cut", 129, 5000)))[2]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("clock_step", "*** CLOCK STEP: -2000.0 ms ***"),
        ("restart", "*** SENDER RESTARTED: a new stream ***"),
    ],
)
def test_what_else_begins_anew(lines, kind, text):
    assert list(lines.of_gap(gap(kind, 5000, 0, -2.0)))[1] == text


def test_after_a_restart_places_begin_at_0(lines):
    list(lines.of_gap(gap("restart", 5000)))
    assert "Discarding 30 buffered" in list(lines.of_gap(gap("cut", 30, 1000)))[2]


def test_packets_are_counted_and_not_told(lines):
    for kind in ("late", "late", "duplicate", "reordered"):
        assert list(lines.of_gap(gap(kind, 10, 1023))) == []
    assert "  Packets:           2 late, 1 duplicate, 1 reordered" in list(lines.statistics())


def test_statistics(lines):
    for kind in ("fill", "fill", "cut", "clock_step", "clock_deficit"):
        list(lines.of_gap(gap(kind, 10, 7)))
    assert list(lines.statistics()) == [
        "  Zero-filled gaps:  2 (< 30.0 ms)",
        "  Reset gaps:        2 (≥ 30.0 ms, segments discarded)",
        "  Total gap events:  4",
        "  Lost by the clock: about 7 samples",
    ]
