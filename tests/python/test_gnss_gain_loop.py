# SPDX-License-Identifier: GPL-3.0-or-later
"""The gain loop: `sentinel gnss` sets the gain of a simulated radio, and leaves it alone under attack."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from gnuradio import sentinel as gr_sentinel
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.stream import Stream
from gnuradio.sentinel.gnss.config import GnssSettings
from gnuradio.sentinel.gnss.detect import make_monitor
from gnuradio.sentinel.gnss.gain.gain_control import GainMemory
from gnuradio.sentinel.gnss.gain.gain_loop import GainLoop, GainLoopSettings
from gnuradio.sentinel.gnss.learned import DetectionModel
from pyarrow import parquet
from sender_runs import finish, free_port, read_until, sentinel
from snapshot_scenes import Part, carrier, changed, scene

JAM = (14, 20)


def test_a_level_too_low_is_raised_and_under_attack_nothing_is_set(tmp_path):
    port = free_port()
    table, changes, report = tmp_path / "f.parquet", tmp_path / "gain.jsonl", tmp_path / "r.json"
    simulation = [
        *("simulate", "gnss", "--rate", "256k", "--rtl-tcp", f"127.0.0.1:{port}", "--obey-gain", 30),
        *("--seconds", 24, "--family", "cw", "--jn", 12, "--param", "offset_hz=31k"),
        *("--start", JAM[0], "--stop", JAM[1]),
    ]
    with sentinel(*simulation) as radio:
        read_until(radio.stderr, "waiting for an rtl_tcp client")
        monitor = [
            *("gnss", f"rtl_tcp:127.0.0.1:{port}", "--rate", "256k", "--gain", 14.4, "--duration", 23),
            *("--gain-control", "--gain-quiet", 3, "--gain-interval", 0, "--gain-log", changes),
            *("--snapshot", 0.25, "--learn", 2, "--features", table, "--report", report),
        ]
        with sentinel(*monitor) as process:
            out, errors = process.communicate(timeout=120)
        _, commands = finish(radio)
    assert process.returncode == 0, errors
    (change,) = [json.loads(line) for line in changes.read_text().splitlines()]
    assert (change["kind"], change["reason"]) == ("gain_change", "calibration")
    assert (change["old_gain_db"], change["new_gain_db"]) == (14.4, 29.7)
    assert change["expected_dbfs"] == pytest.approx(change["level_dbfs"] + 15.3, abs=0.01)
    assert "gain    14.4 to 29.7 dB (calibration)  level -36" in out and "Changes of gain: 1" in out
    assert "gain 14.4 to 29.7 dB (calibration)" in errors  # and in the log
    set_gains = [
        line.rpartition("client sets gain ")[2] for line in commands.splitlines() if line.endswith(" dB")
    ]
    # The driver cuts tenths of a decibel off.
    assert [float(text.split()[0]) for text in set_gains] == pytest.approx([14.4, 29.7], abs=0.11)
    rows = parquet.read_table(table).to_pydict()
    gains = np.array(rows["gain_db"])
    step = int(np.argmax(gains > 20))
    assert 12 <= step <= 14 and np.all(np.diff(gains) >= 0)  # right behind the 3 s, and told at once
    levels = np.array(rows["level_dbfs"], float)
    assert np.median(levels[:12]) == pytest.approx(-36.6, abs=0.5)
    quiet, jammed = levels[step + 4 : 4 * JAM[0]], levels[4 * JAM[0] + 1 : 4 * JAM[1] - 1]
    assert np.ptp(quiet) < 0.3 and np.median(quiet) == pytest.approx(change["expected_dbfs"], abs=0.5)
    assert np.median(jammed) - np.median(quiet) == pytest.approx(12.3, abs=0.5)  # 9 dB beyond the dead band
    detected = np.flatnonzero(rows["detected"])
    assert detected[0] == 4 * JAM[0] and detected[-1] < 4 * JAM[1] and len(detected) > 20
    assert json.loads(report.read_text())["events"] == 1


@pytest.mark.parametrize(
    "words, says",
    [
        (("--gain-control",), "is no radio whose gain can be set"),
        (("--gain-target", "-20"), "--gain-target is for --gain-control"),
        (("--gain-log", "x.jsonl"), "--gain-log is for --gain-control"),
        (("--gain-control", "--gain-is", "fixed"), "contradicts --gain-control"),
        (("--gain-control", "--gain-target", "3"), "target_dbfs"),
    ],
)
def test_what_cannot_be_controlled_is_one_line(tmp_path, words, says):
    recording = tmp_path / "x.cu8"
    recording.write_bytes(bytes(512_000))
    with sentinel("gnss", recording, "--rate", "256k", *words) as process:
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert says in errors and len(errors.splitlines()) == 1


class Radio:
    """The gain of a radio as Sentinel Source shows it."""

    can_set_gain = True
    spec = SimpleNamespace(text="radio")

    def __init__(self, gains_db=(0.0, 10.0, 20.0, 30.0), gain_db=20.0):
        self.gains_db, self.gain_db, self.commands = gains_db, gain_db, []

    def set_gain(self, gain_db):
        self.commands.append(gain_db)
        self.gain_db = gain_db + 0.2  # not quite what was asked
        return self.gain_db


def run_loop(snapshots, loop, **settings):
    """Steps of the monitor, each given to the loop, and whether the snapshot was judged."""
    monitor = make_monitor(
        GnssSettings(**settings),
        snapshots.sample_rate,
        1575.42e6,
        Stream("s", "t", "exact", ""),
        DetectionModel(),
    )
    changes = []
    for index in range(len(snapshots)):
        whole = loop.is_whole(snapshots, index)
        step = monitor.step(snapshots, index, judge=whole)
        change = loop.step(step, snapshots, index)
        if change is not None:
            changes.append((index, change))
    return changes


def told(snapshots, gain_db):
    """The same at a gain that the source tells."""
    return changed(snapshots, gain_db=np.full(len(snapshots), gain_db, np.float32))


def test_automatic_gain_is_left_for_one_that_is_known():
    radio = Radio(gain_db=None)
    loop = GainLoop(radio)
    assert radio.commands == [20.0] and loop.control.gain_db == 20.2 and loop.changes == 0
    with pytest.raises(InputError, match="tells no gains to choose from"):
        GainLoop(Radio(gains_db=()))


def test_the_loop_stops_under_attack_and_says_what_was_granted():
    snapshots = told(scene([Part(25), Part(30, carrier(15)), Part(20)]), 20.0)
    level = 10 * math.log10(snapshots.power[0].sum())
    settings = GainLoopSettings(target_dbfs=level, interval_s=0, excursion_db=30)
    memory = GainMemory(20.0, float(snapshots.time_s[0]))
    radio = Radio(gains_db=(5.0, 10.0, 15.0, 20.0, 25.0))
    assert run_loop(snapshots, GainLoop(radio, settings, memory=memory)) == [] and radio.commands == []
    # The same level without an alarm is a reason to act: it is the verdict that stops it.
    loop = GainLoop(radio, settings, memory=memory)
    blind = make_monitor(
        GnssSettings(), snapshots.sample_rate, 1575.42e6, Stream("s", "t", "exact", ""), DetectionModel()
    )
    quiet = blind.step(snapshots, 0)
    seen = []
    for index in range(25, 55):
        loud = SimpleNamespace(
            follows=None, verdict=quiet.verdict, judgement=quiet.judgement,
            levels=blind.meter.levels(snapshots, index),
        )  # fmt: skip
        seen.append(loop.step(loud, snapshots, index))
        if seen[-1] is not None:
            break
    assert seen[-1].new_gain_db == pytest.approx(15.2) and radio.commands == [15.0]
    assert seen[-1].expected_dbfs == pytest.approx(seen[-1].level_dbfs - 4.8)


def test_snapshots_of_two_gains_are_not_judged_until_the_level_follows():
    snapshots = told(scene([Part(30)]), 20.0)
    level = 10 * math.log10(snapshots.power[0].sum())
    radio = Radio()
    loop = GainLoop(radio, GainLoopSettings(target_dbfs=level + 10))
    ((place, change),) = run_loop(snapshots[:12], loop)
    assert place == 9 and change.new_gain_db == 30.2 and change.reason == "calibration"
    after = changed(snapshots, gain_db=np.full(len(snapshots), 30.2, np.float32))
    louder = changed(after, power=after.power * np.float32(10**1.02))
    assert loop.is_whole(snapshots, 10)  # on its way before the command: of the gain before, and all of it
    assert not loop.is_whole(after, 11) and not loop.is_whole(after, 12)  # told, but not yet in force
    assert not loop.takes_new_reference()
    assert loop.is_whole(louder, 13) and loop.takes_new_reference() and not loop.takes_new_reference()
    assert loop.is_whole(after, 14)


def test_a_level_that_does_not_follow_is_judged_in_the_end():
    snapshots = told(scene([Part(30)]), 20.0)
    level = 10 * math.log10(snapshots.power[0].sum())
    loop = GainLoop(Radio(), GainLoopSettings(target_dbfs=level + 10))
    run_loop(snapshots[:12], loop)
    after = changed(snapshots, gain_db=np.full(len(snapshots), 30.2, np.float32))
    assert [loop.is_whole(after, index) for index in range(11, 16)] == [False, False, False, True, True]


def test_quiet_time_counts_in_seconds_at_any_length_of_a_snapshot():
    loop = GainLoop(Radio(), GainLoopSettings(quiet_s=10), snapshot_s=0.25)
    assert loop.control.settings.quiet_s == 40


def test_a_recording_has_no_gain_to_control(tmp_path):
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(100_000))
    source = gr_sentinel.source(str(path), sample_rate=256e3)
    assert source.gain_db is None
    monitor = gr_sentinel.gnss_monitor(256e3)
    with pytest.raises(InputError, match="is no radio whose gain can be set; leave gain control out"):
        monitor.control_gain(source)
    assert monitor.detector.gain_loop is None


def test_a_receiver_that_clips_is_calibrated_without_an_alarm(tmp_path):
    """What was learned of it while it clipped is forgotten: else the band would look disturbed for ever."""
    port = free_port()
    served = ("--rtl-tcp", f"127.0.0.1:{port}", "--obey-gain", 30, "--seconds", 20, "--family", "none")
    with sentinel("simulate", "gnss", "--rate", "256k", *served) as radio:
        read_until(radio.stderr, "waiting for an rtl_tcp client")
        words = ("--rate", "256k", "--gain", 49.6, "--gain-control", "--gain-quiet", 4, "--duration", 19)
        with sentinel("gnss", f"rtl_tcp:127.0.0.1:{port}", *words, "--learn", 3) as process:
            out, errors = process.communicate(timeout=120)
        finish(radio)
    assert process.returncode == 0, errors
    assert "gain    49.6 to 29.7 dB (calibration)" in out and "gain calibrated: 29.7 dB" in errors
    assert "OPENED" not in out and "Intervals of interference: 0" in out
