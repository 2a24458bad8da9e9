# SPDX-License-Identifier: GPL-3.0-or-later
"""The monitor on drawn snapshots: events, flags, and the satellite receiver as second witness."""

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.stream import Stream
from gnuradio.sentinel.core.utc import microseconds_from_text
from gnuradio.sentinel.gnss.config import GnssSettings
from gnuradio.sentinel.gnss.detect import detect, detect_in, make_monitor
from gnuradio.sentinel.gnss.families import FAMILIES
from gnuradio.sentinel.gnss.learned import ClassModel, DetectionModel
from gnuradio.sentinel.gnss.receiver.receiver_data import ReceiverState
from gnuradio.sentinel.gnss.simulation.nmea_log import receiver_log
from snapshot_scenes import Antenna, Part, carrier, changed, scene, wide_noise

STREAM = Stream("scene", "test", "exact", "")
START = int(Antenna().start_s)


@pytest.fixture(scope="module")
def models():
    return DetectionModel(), ClassModel()


def followed(snapshots, model, receiver=None, **settings):
    """Steps of a monitor, and the last revision of what was open."""
    monitor = make_monitor(GnssSettings(**settings), snapshots.sample_rate, 1575.42e6, STREAM, model)
    states = receiver or [None] * len(snapshots)
    return [monitor.step(snapshots, k, states[k]) for k in range(len(snapshots))], monitor.end()


def receiver_states(seconds, **keys):
    """What a simulated receiver tells in each second."""
    truth = receiver_log(seconds, start_time_s=START, **keys)
    return [
        ReceiverState(
            time_s=epoch.time_s,
            mode=epoch.mode,
            satellites=epoch.satellites,
            satellites_in_view=len(epoch.satellites),
            satellites_used=sum(sat.used for sat in epoch.satellites),
        )
        for epoch in truth.epochs
    ]


def during(value, seconds=70, first=40, last=55, otherwise=0.0):
    """A value between two seconds."""
    values = np.full(seconds, otherwise)
    values[first:last] = value
    return values


JAMMED = [Part(40), Part(15, carrier(0)), Part(15)]


def test_an_interval_opens_at_once_is_revised_and_closes_after_the_hold(models):
    steps, rest = followed(scene([Part(40), Part(25, carrier(0)), Part(15)]), models[0], hold_s=5)
    events = [(k, step.event) for k, step in enumerate(steps) if step.event is not None]
    assert rest is None and [event.state for _, event in events] == ["open", "update", "update", "closed"]
    assert [k for k, _ in events[:3]] == [40, 50, 60] and 70 <= events[-1][0] <= 75
    assert len({event.id for _, event in events}) == 1
    last = events[-1][1]
    assert last.sample_start == 40 * 2_560_000 and 25 <= last.duration_s <= 32
    assert last.offset_hz == pytest.approx(320e3, abs=20e3) and last.freq_hz == 1575.42e6 + last.offset_hz
    assert last.bandwidth_hz <= 80e3 and last.snr_db == pytest.approx(0, abs=1.5)
    assert microseconds_from_text(last.time) == (START + 40) * 1_000_000
    assert steps[45].follows.id == last.id and steps[45].decision.score > steps[45].decision.threshold


def test_an_obstruction_is_no_event(models):
    states = receiver_states(70, obstruction_db=during(15.0))
    steps, rest = followed(scene([Part(70)]), models[0], states)
    kinds = [step.verdict.kind for step in steps]
    assert kinds[42:54].count("obstruction") >= 10 and "interference" not in kinds
    assert rest is None and all(step.event is None for step in steps)


def test_a_raised_spectrum_before_the_receiver_suffers_is_an_early_warning(models):
    parts = [Part(40), Part(15, carrier(-15)), Part(15)]
    steps, _ = followed(scene(parts), models[0], receiver_states(70))
    assert "early_warning" in steps[45].verdict.flags
    closed = [step.event for step in steps if step.event is not None][-1]
    assert closed.state == "closed" and "early_warning" in closed.flags


def test_both_witnesses(models):
    states = receiver_states(70, js_db=during(35.0, otherwise=-np.inf))
    steps, _ = followed(scene(JAMMED), models[0], states)
    middle = steps[50]
    assert middle.verdict.kind == "interference" and "early_warning" not in middle.verdict.flags
    assert middle.second.impact["receiver_cn0_drop_db"] > 3


def test_a_lost_fix_is_data(models):
    # A fix counts as lost when there was one for most of a minute.
    states = receiver_states(100, js_db=during(70.0, 100, 75, 90, -np.inf))
    assert states[85].mode == 1
    steps, _ = followed(scene([Part(75), Part(15, carrier(0)), Part(10)]), models[0], states)
    assert {"fix_lost"} <= set(steps[85].verdict.flags) and steps[85].verdict.kind == "interference"
    # The same loss under a clean spectrum is none.
    steps, _ = followed(scene([Part(100)]), models[0], states)
    assert steps[85].verdict.kind == "obstruction" and "fix_lost" in steps[85].verdict.flags
    assert all(step.event is None for step in steps)


def test_a_receiver_is_missed_only_by_who_asked_it(models):
    steps, _ = followed(scene(JAMMED), models[0])
    assert all("no_receiver" not in (step.event.flags if step.event else ()) for step in steps)
    states = receiver_states(70)
    silent = states[:35] + [states[34].as_stale(5.0)] * 10 + [None] * 25
    steps, _ = followed(scene(JAMMED), models[0], silent)
    assert "no_receiver" in [step.event for step in steps if step.event][-1].flags
    bare = [ReceiverState(mode=0)] * 70
    steps, _ = followed(scene(JAMMED), models[0], bare)
    assert steps[50].verdict.kind == "interference" and "fix_lost" not in steps[50].verdict.flags


def test_a_level_at_an_unknown_gain_needs_the_receiver(models):
    parts = [Part(40, told=False), Part(15, wide_noise(0), told=False), Part(15, told=False)]
    steps, _ = followed(scene(parts), models[0], receiver_states(70))
    assert "level_unconfirmed" in steps[45].verdict.flags and all(step.event is None for step in steps)
    suffering = receiver_states(70, js_db=during(35.0, otherwise=-np.inf))
    steps, _ = followed(scene(parts), models[0], suffering)
    assert steps[50].verdict.kind == "interference" and "gain_unknown" in steps[50].second.flags


@pytest.mark.parametrize(
    "gain_is, told, found", [("auto", True, 1), ("auto", False, 0), ("fixed", False, 1), ("unknown", True, 0)]
)
def test_what_is_known_of_the_gain(models, gain_is, told, found):
    parts = [Part(40, told=told), Part(15, wide_noise(-2), told=told), Part(15, told=told)]
    settings = GnssSettings(gain_is=gain_is)
    result = detect_in(scene(parts), settings, STREAM, *models)
    assert len(result.events) == found
    # Steps of the gain that are told raise no alarm, believed or not.
    stepped = [Part(40), Part(20, gain_db=23), Part(20, gain_db=20)]
    if gain_is != "fixed":
        assert not detect_in(scene(stepped), settings, STREAM, *models).events


def test_clipping_filled_and_lost_samples_and_a_young_reference_are_flagged(models):
    parts = [
        Part(20),
        Part(5, carrier(25), saturated_share=0.5),
        Part(20),
        Part(5, carrier(0), filled_share=0.3),
        Part(20),
    ]
    snapshots = scene(parts)
    lost = snapshots.lost_samples.copy()
    lost[46] = 100
    result = detect_in(changed(snapshots, lost_samples=lost), GnssSettings(), STREAM, *models)
    first, second = result.events
    assert "clipped" in first.flags and not {"zero_filled", "samples_lost"} & set(first.flags)
    assert {"zero_filled", "samples_lost"} <= set(second.flags) and "clipped" not in second.flags
    assert "provisional" not in first.flags
    early = detect_in(scene([Part(10, carrier(10))]), GnssSettings(), STREAM, *models)
    assert "provisional" in early.events[0].flags
    unknown = Stream("scene", "test", "exact", "clipping_unknown")
    told = detect_in(scene(JAMMED), GnssSettings(), unknown, *models)
    assert "clipping_unknown" in told.events[0].flags


def test_a_wholly_filled_second_is_not_decided_and_ends_no_interval(models):
    parts = [Part(30), Part(5, carrier(0)), Part(2, filled_share=1.0), Part(5, carrier(0)), Part(10)]
    result = detect_in(scene(parts), GnssSettings(), STREAM, *models)
    undecided = [k for k, one in enumerate(result.decisions) if not one.decided]
    assert undecided == [35, 36] and result.decisions[35].score is None
    assert result.decisions[35].filled == 2_560_000
    assert len(result.events) == 1 and result.events[0].details["snapshots_detected"] >= 10


def test_times_are_those_of_first_samples_even_when_the_clock_jumps(models):
    snapshots = scene(JAMMED)
    times = snapshots.time_s + np.where(np.arange(70) >= 45, 2.25, 0.0)
    result = detect_in(changed(snapshots, time_s=times), GnssSettings(), STREAM, *models)
    told = [microseconds_from_text(one.time) / 1e6 for one in result.decisions]
    assert told == pytest.approx(times, abs=1e-5)
    (event,) = result.events
    assert microseconds_from_text(event.time) / 1e6 == times[40]
    # Samples say how long it lasted.
    assert 15 <= event.duration_s <= 21
    without = detect_in(changed(snapshots, time_s=np.full(70, np.nan)), GnssSettings(), STREAM, *models)
    assert without.events[0].time is None and without.decisions[3].time is None


def test_a_gap_ends_what_is_open_and_keeps_the_reference(models):
    snapshots = scene([Part(30), Part(20, carrier(0)), Part(10)])
    start = snapshots.sample_start + np.where(np.arange(60) >= 40, 1_000_000, 0)
    result = detect_in(changed(snapshots, sample_start=start), GnssSettings(), STREAM, *models)
    first, second = result.events
    assert first.sample_start + first.sample_count == 40 * 2_560_000
    assert second.sample_start == 40 * 2_560_000 + 1_000_000 and "provisional" not in second.flags


def test_events_are_named_and_the_same_twice(models):
    runs = [detect_in(scene(JAMMED), GnssSettings(), STREAM, *models).events for _ in range(2)]
    assert runs[0] == runs[1]
    (event,) = runs[0]
    assert event.label in (*FAMILIES, "unknown") and set(event.details["class_probability"]) == set(FAMILIES)
    assert sum(event.details["class_probability"].values()) == pytest.approx(1, abs=1e-3)


def test_settings_and_keywords_together_are_refused():
    with pytest.raises(InputError, match="not both"):
        detect(np.zeros(256_000, np.complex64), 256e3, GnssSettings(), hold_s=3)
