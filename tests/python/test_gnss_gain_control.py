# SPDX-License-Identifier: GPL-3.0-or-later
"""The gain loop on a simulated radio: it calibrates, does not hunt, freezes, and does not learn a ramp."""

import math

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.gnss.gain.gain_control import GainControl, GainMemory, GainSettings, level_dbfs
from gnuradio.sentinel.gnss.gain.power_calibration import read_power_calibration

R820T = (0.0, 0.9, 1.4, 2.7, 3.7, 7.7, 8.7, 12.5, 14.4, 15.7, 16.6, 19.7, 20.7, 22.9, 25.4, 28.0, 29.7)
R820T += (32.8, 33.8, 36.4, 37.2, 38.6, 40.2, 42.1, 43.4, 43.9, 44.5, 48.0, 49.6)
TARGET = -21.0


class Radio:
    """A receiver of given input level with an 8-bit converter, one second at a time."""

    def __init__(self, control, rng, floor_db=-60.0, works=True):
        self.control, self.rng, self.floor_db, self.works = control, rng, floor_db, works
        self.time_s, self.gain_db, self.changes = 1e9, control.gain_db, []

    def run(self, seconds, rise_db=lambda _t: 0.0, interference=False):
        for t in range(seconds):
            level = self.floor_db + self.gain_db + rise_db(t) + 0.05 * self.rng.standard_normal()
            clipped = float(np.exp(-(10 ** (-(level + 0.0) / 10)))) if level > -15 else 0.0
            change = self.control.update(self.time_s, min(level, -0.5), clipped, interference)
            self.time_s += 1
            if change is not None:
                self.changes.append(change)
                if self.works:
                    self.gain_db = change.new_gain_db
        return self


@pytest.mark.parametrize("start_db", [0.0, 29.7, 49.6])
@pytest.mark.parametrize("floor_db", [-70.0, -60.0, -52.3, -35.0])
def test_it_calibrates_within_a_minute_and_then_leaves_the_gain_alone(rng, start_db, floor_db):
    radio = Radio(GainControl(R820T, start_db), rng, floor_db).run(60)
    best = min(R820T, key=lambda gain: abs(floor_db + gain - TARGET))
    level = floor_db + radio.gain_db
    assert abs(level - TARGET) <= radio.control.dead_band_db or radio.gain_db == best
    assert radio.control.state == "watching" and len(radio.changes) <= 3
    calibrated = len(radio.changes)
    radio.run(3600, lambda t: 0.5 * math.sin(t / 500))  # half a decibel of drift
    assert len(radio.changes) == calibrated


@pytest.mark.parametrize("offset_db", np.arange(-3, 3, 0.25))
def test_it_never_hunts(rng, offset_db):
    """At any level, also between two steps of the tuner, one change is enough."""
    control = GainControl(R820T, 29.7, memory=GainMemory(29.7, 1e9))
    radio = Radio(control, rng, TARGET - 29.7 + offset_db * 2).run(3600)
    assert len(radio.changes) <= 1


def test_a_change_says_what_it_implies(rng):
    radio = Radio(GainControl(R820T, 0.0), rng, -60.0).run(30)
    first = radio.changes[0]
    assert first.reason == "calibration" and first.old_gain_db == 0.0 and first.new_gain_db == 38.6
    assert first.level_dbfs == pytest.approx(-60, abs=0.2)
    assert first.expected_dbfs == pytest.approx(-21.4, abs=0.2)
    record = first.as_dict()
    assert record["kind"] == "gain_change" and record["time"].startswith("2001-09-09T01:46:")
    assert record["expected_dbfs"] - record["level_dbfs"] == pytest.approx(38.6)


def test_it_freezes_under_attack_and_some_seconds_after(rng):
    radio = Radio(GainControl(R820T, 38.6, memory=GainMemory(38.6, 1e9)), rng, -60.0).run(120)
    radio.run(600, lambda _t: 15.0, interference=True)
    assert radio.changes == [] and radio.gain_db == 38.6
    # Still up when the detector has given way: for 9 s nothing happens.
    radio.run(9, lambda _t: 15.0)
    assert radio.changes == []
    # One second of attack in nine is enough to keep the hands off.
    for _ in range(20):
        radio.run(1, lambda _t: 15.0, interference=True).run(9, lambda _t: 15.0)
    assert radio.changes == []
    radio.run(1, lambda _t: 15.0)
    assert len(radio.changes) == 1


def test_a_slow_ramp_is_not_learnt(rng):
    """36 dB in an hour, each second too slow for a detector: the loop goes 6 dB and no further."""
    control = GainControl(R820T, 38.6, memory=GainMemory(38.6, 1e9))
    radio = Radio(control, rng, -60.0).run(3600, lambda t: 0.01 * t)
    assert 38.6 - 6 <= radio.gain_db < 38.6
    assert control.memory.reference_db > 38.5  # a decibel a day at most
    gaps = np.diff([change.time_s for change in radio.changes])
    assert (gaps >= 60).all()
    # And when the ramp is over, it comes back.
    radio.run(600)
    assert abs(-60 + radio.gain_db - TARGET) <= control.dead_band_db


def test_the_reference_follows_what_lasts(rng):
    control = GainControl(R820T, 38.6, GainSettings(interval_s=60), GainMemory(38.6, 1e9))
    Radio(control, rng, -55.0).run(60)
    gain = control.gain_db
    assert gain < 38.6
    control._move_reference(control.memory.moved_s + 10 * 86400)
    assert control.memory.reference_db == gain


def test_saturation_brings_the_gain_down_whatever_the_level_says(rng):
    control = GainControl(R820T, 38.6, memory=GainMemory(38.6, 1e9))
    for second in range(10):
        change = control.update(1e9 + second, TARGET, 0.02, False)
    assert change.reason == "saturation" and change.new_gain_db < 38.6 - 2


def test_a_gain_that_does_nothing_is_noticed(rng):
    radio = Radio(GainControl(R820T, 0.0), rng, -60.0, works=False).run(300)
    assert radio.control.state == "stuck" and len(radio.changes) == 2


def test_seconds_without_a_level_do_not_count(rng):
    control = GainControl(R820T, 0.0)
    for second in range(100):
        level = None if second % 9 == 8 else -60.0
        assert control.update(1e9 + second, level, None, False) is None
    assert control.update(2e9, math.nan, None, False) is None


def test_what_the_radio_granted_is_what_counts(rng):
    control = GainControl(R820T, 0.0)
    radio = Radio(control, rng, -60.0).run(10)
    radio.gain_db = 37.2
    control.granted(37.2)
    radio.run(60)
    assert control.state == "watching" and control.gain_db == 37.2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target_dbfs": 3.0}, "must be below 0"),
        ({"quiet_s": 0}, "above 0"),
        ({"interval_s": -1.0}, "or more"),
    ],
)
def test_senseless_settings(options, message):
    with pytest.raises(InputError, match=message):
        GainSettings(**options)


def test_a_radio_without_gains_is_refused():
    with pytest.raises(InputError, match="no gains to choose from"):
        GainControl((), 0.0)


def test_level():
    assert level_dbfs(2 * (8 / 127.5) ** 2) == pytest.approx(-21.04, abs=0.01)
    assert level_dbfs(0.0) is None


POINTS = """
receiver: test
points:
  - {freq: 1575.42M, gain_db: 20, dbm_at_0dbfs: -40}
  - {freq: 1575.42M, gain_db: 40, dbm_at_0dbfs: -58}
  - {freq: 1.6G, gain_db: 20, dbm_at_0dbfs: -36}
"""


def test_absolute_power_between_and_beyond_the_points(tmp_path):
    path = tmp_path / "calibration.yaml"
    path.write_text(POINTS)
    calibration = read_power_calibration(path)
    assert calibration.receiver == "test"
    at_point = calibration.power(-20.0, 1575.42e6, 20.0)
    assert (at_point.dbm, at_point.extrapolated) == (-60.0, False)
    assert calibration.power(-20.0, 1575.42e6, 30.0).dbm == -69.0
    # Half way in frequency: -40 and -36.
    assert calibration.power(0.0, 1587.71e6, 20.0).dbm == pytest.approx(-38)
    assert not calibration.power(0.0, 1587.71e6, 20.0).extrapolated
    beyond = calibration.power(0.0, 1575.42e6, 45.0)
    assert (beyond.dbm, beyond.extrapolated) == (-63.0, True)
    below = calibration.power(0.0, 1.2e9, 20.0)
    assert (below.dbm, below.extrapolated) == (-40.0, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read"),
        ("points: [", "line 1: not YAML"),
        ("- 1", "has the key `points`"),
        ("points: []", "has the key `points`"),
        ("points: [1]\nshoe: 2", "'shoe' is unknown"),
        ("points: [{freq: 1G}]", "point 1: must have exactly the keys"),
        ("points: [{freq: x, gain_db: 1, dbm_at_0dbfs: 1}]", "point 1: freq 'x' is not understood"),
        ("points: [{freq: 1G, gain_db: yes, dbm_at_0dbfs: 1}]", "point 1: gain_db True is no number"),
        ("points: [{freq: 1G, gain_db: 1, dbm_at_0dbfs: .nan}]", "dbm_at_0dbfs nan is no number"),
        ("points:\n" + 2 * "  - {freq: 1G, gain_db: 1, dbm_at_0dbfs: 1}\n", "point 2: .* given twice"),
    ],
)
def test_bad_calibration_files_are_one_clear_line(tmp_path, text, message):
    path = tmp_path / "calibration.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_power_calibration(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
