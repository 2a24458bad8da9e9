# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of hand-made pulse events, with answers known by counting."""

import json
import math

import pytest
from gnuradio.sentinel.core.intervals import poisson_interval, wilson_interval
from gnuradio.sentinel.core.matching import Tolerances
from gnuradio.sentinel.core.regions import Region
from gnuradio.sentinel.pulse.scoring import format_pulse_score, score_pulses, train_of_event

RATE = 3840.0


def tag(label="a", interval=2.0, pulses=30, start=0.5, freq=500.0, numbered=True):
    return [
        Region(start + interval * k, 0.015, freq, 66.7, label, {"pulse": float(k)} if numbered else {})
        for k in range(pulses)
    ]


def event(start, interval=2.0, pulses=5, freq=500.0, label="a", snr_db=None):
    starts = [round((start + interval * k) * RATE) for k in range(pulses)]
    return train_of_event(
        {
            "detector": "pulse",
            "label": label,
            "sample_start": starts[0],
            "sample_count": starts[-1] - starts[0] + 58,
            "sample_rate": RATE,
            "freq_hz": freq,
            "bandwidth_hz": 66.7,
            "snr_db": snr_db,
            "details": {"pulse_starts": starts, "pulse_width_s": 0.015},
        }
    )


def test_an_event_becomes_its_pulses():
    train = event(0.5)
    assert [pulse.start_s for pulse in train.pulses] == [0.5, 2.5, 4.5, 6.5, 8.5]
    assert {(pulse.duration_s, pulse.freq_hz) for pulse in train.pulses} == {(0.015, 500.0)}
    assert train.region.start_s == 0.5


def test_an_event_that_lists_no_pulses_is_one():
    plain = {"sample_start": 1920, "sample_count": 58, "sample_rate": RATE, "bandwidth_hz": 66.0}
    train = train_of_event({**plain, "freq_hz": None, "offset_hz": 500.0}, center_hz=146e6)
    assert train.pulses == (train.region,)
    assert train.region.freq_hz == 146_000_500


@pytest.mark.parametrize("details", [{"pulse_starts": []}, {"pulse_starts": [1]}, {"pulse_starts": ["x"]}])
def test_an_event_with_broken_pulses_is_refused(details):
    plain = {"sample_start": 0, "sample_count": 58, "sample_rate": RATE, "bandwidth_hz": 66.0, "freq_hz": 0.0}
    with pytest.raises((ValueError, KeyError)):
        train_of_event({**plain, "details": details})


def test_figures_of_a_minute_by_hand():
    trains = [
        event(0.5, freq=503.0, snr_db=11.0),
        event(10.5 + 0.010, freq=496.0, label="b", snr_db=13.0),
        event(20.5),
        event(21.3, label="x"),  # nothing there
    ]
    truths = [
        Region(t.start_s, t.duration_s, t.freq_hz, t.bandwidth_hz, "a", {"en0_db": 12.0}) for t in tag()
    ]
    result = score_pulses(trains, truths, observed_s=60.0)
    assert (result.events, result.right, result.false, result.duplicates) == (4, 3, 1, 0)
    assert (result.truths, result.found, result.missed, result.named) == (30, 15, 15, 2)
    assert result.detection_rate == 0.5
    # Fifteen of thirty pulses are three of six groups.
    assert result.pulses_per_event == 5
    assert result.detection_interval == wilson_interval(3, 6)
    assert result.false_alarms_per_hour == pytest.approx(60)
    assert result.false_alarm_interval == pytest.approx(poisson_interval(1, 1 / 60))
    assert result.freq_error_hz.count == 3
    assert result.freq_error_hz.rms == pytest.approx(math.sqrt((9 + 16 + 0) / 3))
    assert result.start_error_s.count == 15
    # Five of fifteen pulses are 10 ms late, rounded to samples.
    assert result.start_error_s.rms == pytest.approx(0.010 / math.sqrt(3), abs=0.5 / RATE)
    assert result.details["en0_db"].rms == pytest.approx(1.0)
    assert (result.labels["a"].pulses, result.labels["a"].found, result.labels["a"].events) == (30, 15, 3)
    assert (result.labels["a"].named, result.labels["a"].false) == (2, 0)
    assert (result.labels["x"].pulses, result.labels["x"].false) == (0, 1)
    plain = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert plain["labels"]["x"]["detection"] == {"low": 0.0, "high": 1.0}
    text = format_pulse_score(result)
    assert "4: 3 right, 1 false (0 of them duplicates)" in text
    assert "30: 15 found, 15 missed" in text
    assert "60/h" in text


def test_half_of_the_pulses_make_an_event_right():
    # The tag is heard from its third pulse on, then only for the last two.
    three = score_pulses([event(0.5)], tag(start=4.5))
    assert (three.right, three.found) == (1, 3)
    two = score_pulses([event(0.5)], tag(start=6.5))
    assert (two.right, two.false, two.found) == (0, 1, 0)
    assert two.duplicates == 0
    half_of_four = score_pulses([event(0.5, pulses=4)], tag(start=4.5))
    assert (half_of_four.right, half_of_four.found) == (1, 2)


def test_a_second_event_on_the_same_pulses_is_a_duplicate():
    result = score_pulses([event(0.503, freq=520), event(0.5)], tag())
    assert (result.right, result.false, result.duplicates, result.found) == (1, 1, 1, 5)
    # The nearer one is right.
    assert result.freq_error_hz.rms == 0


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("interval", [1.0, 4 / 3, 0.5])
def test_an_event_at_a_wrong_interval_is_false_though_its_pulses_are_real(interval, numbered):
    truths = tag(interval=interval, pulses=60, numbered=numbered)
    assert score_pulses([event(0.5, interval=2.0)], truths).right == 0
    assert score_pulses([event(0.5, interval=interval)], truths).right == 1


def test_pulses_of_two_tags_do_not_make_one_event():
    # Every second pulse belongs to the other tag: two and three of five, at twice the interval each.
    truths = tag("a", interval=4.0, start=0.5) + tag("b", interval=4.0, start=2.5)
    assert score_pulses([event(0.5)], truths).right == 0


def test_two_tags_near_each_other_each_get_their_event():
    truths = tag("a", freq=500) + tag("b", freq=540)
    result = score_pulses([event(0.5, freq=545, label="b"), event(0.5, freq=505, label="a")], truths)
    assert (result.right, result.named, result.found, result.duplicates) == (2, 2, 10, 0)
    assert result.freq_error_hz.rms == pytest.approx(5)


@pytest.mark.parametrize("shift_s, shift_hz, right", [(0.0155, 0, 1), (0.017, 0, 0), (0, 69, 1), (0, 72, 0)])
def test_tolerances_are_those_of_one_pulse(shift_s, shift_hz, right):
    assert score_pulses([event(0.5 + shift_s, freq=500 + shift_hz)], tag()).right == right


def test_tolerances_can_be_given():
    wide = Tolerances(time_s=0.1, freq_hz=100.0, start_s=0.1, center_hz=100.0)
    assert score_pulses([event(0.55, freq=590)], tag(), wide).right == 1


def test_nothing_at_all():
    result = score_pulses([], [])
    assert (result.events, result.truths, result.detection_rate) == (0, 0, None)
    assert result.detection_interval == (0.0, 1.0)
    assert "no rate" in format_pulse_score(result)
    json.dumps(result.to_json(), allow_nan=False)
    missed = score_pulses([], tag(), observed_s=3600.0)
    assert (missed.found, missed.missed, missed.false_alarms_per_hour) == (0, 30, 0)
    assert score_pulses([event(1.0)], [], observed_s=3600.0).false_alarms_per_hour == 1
