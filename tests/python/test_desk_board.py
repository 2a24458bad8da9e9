# SPDX-License-Identifier: GPL-3.0-or-later
"""What the desk shows, without a window."""

import event_strategies
import pytest
from gnuradio.sentinel.core.desk_board import HEADS, DeskBoard, cells
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.event import Event
from gnuradio.sentinel.core.gap_reader import Gap
from gnuradio.sentinel.core.inputs import input_rate, pace_rate
from hypothesis import given


def event(start, state="closed", **keys):
    values = {
        "detector": "pulse",
        "label": "a17",
        "stream_id": "udp-1",
        "channel": 0,
        "source": "udp:1",
        "sample_start": start,
        "sample_count": 100,
        "sample_rate": 1000.0,
        "time": "2026-07-01T12:00:01.250000Z",
        "duration_s": 0.1,
        "time_uncertainty_s": 0.002,
        "freq_hz": 146.0005e6,
        "offset_hz": 500.0,
        "bandwidth_hz": 66.7,
        "score": 40.04,
        "threshold": 33.15,
        "snr_db": 12.34,
        "flags": ("clipping_unknown", "zero_filled"),
        "accounting": "timestamps",
    }
    return Event.declare(state=state, **values | keys)


def test_only_the_last_events_are_kept_newest_first():
    board = DeskBoard(rows=3)
    for start in range(5):
        board.add_event(event(start))
    assert [e.sample_start for e in board.events()] == [4, 3, 2]
    assert board.event_count == 5


def test_a_revision_takes_the_place_of_the_one_before():
    board = DeskBoard()
    first = event(7, state="open")
    board.add_event(first)
    board.add_event(first.close(score=50.0))
    assert [e.score for e in board.events()] == [50.0]
    assert board.event_count == 1


def test_cells():
    assert cells(event(7)) == ("12:00:01.2", "a17", "146.000500 MHz", "12.3", "40.0", "33.1", "zero_filled")
    blind = event(7500, time=None, time_uncertainty_s=None, freq_hz=None, snr_db=None, flags=())
    assert cells(blind) == ("7.5 s", "a17", "+500.0 Hz", "", "40.0", "33.1", "")


def test_status_counts_gaps_and_no_packets_that_were_only_late():
    board = DeskBoard()
    board.add_decision()
    for kind, samples in (("late", 96), ("reordered", 96), ("fill", 96), ("cut", 200)):
        board.add_gap(Gap(kind, 1000, samples, samples / 1000.0, 0.1, 0.2))
    assert board.status() == (
        "1 decisions, 0 events. Gaps: 1 filled, 1 cut, 296 samples missing; last: cut 200.0 ms"
    )
    assert DeskBoard().status() == "0 decisions, 0 events. Gaps: none"


@pytest.mark.parametrize("rows", [0, 10_001, 2.0, True])
def test_senseless_numbers_of_rows_are_refused(rows):
    with pytest.raises(InputError, match="rows"):
        DeskBoard(rows)


def test_a_live_input_is_never_held_up_and_a_recording_keeps_its_pace():
    assert pace_rate("x.cf32", 1000.0, 2.0) == 2000.0
    assert pace_rate("udp:127.0.0.1:1", 1000.0, 2.0) > 10_000.0


def test_a_rate_that_only_packets_tell_must_be_given():
    assert input_rate("zmqiq:tcp://127.0.0.1:1", "768k") == 768e3
    with pytest.raises(InputError, match="--rate"):
        input_rate("zmqiq:tcp://127.0.0.1:1")


@given(event_strategies.events())
def test_any_event_has_a_cell_for_each_head(event):
    assert len(cells(event)) == len(HEADS)
