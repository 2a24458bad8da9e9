# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings changed while Pulse Detector runs: when they take effect, who is told, what is found."""

import math
import threading

import numpy as np
import pmt
import pytest
from block_runs import MessageCollector
from gnuradio import gr, sentinel
from gnuradio.sentinel.core.block import SafeBlock, drain_all, guarded
from gnuradio.sentinel.core.calibration_cache import CalibrationCache
from gnuradio.sentinel.core.event_faces import from_pmt
from gnuradio.sentinel.pulse.calibration import threshold_of
from gnuradio.sentinel.pulse.simulate import Scene, SimulatedTag, scene_samples

RATE = 3840.0
CYCLE = 9657  # samples: K 5 of 0.5 s, in whole hops of 29


class Steps(SafeBlock, gr.sync_block):
    """Source that gives samples up to a limit, and the rest as the limit is raised: back-pressure by hand."""

    def __init__(self, samples, limit, rate=RATE):
        gr.sync_block.__init__(self, "steps", None, [np.complex64])
        self.samples, self.limit, self.rate, self.done = samples, limit, rate, 0
        self.raised = threading.Condition()

    def allow(self, limit):
        with self.raised:
            self.limit = limit
            self.raised.notify()

    @guarded
    def work(self, _input, output_items):
        with self.raised:
            if not self.raised.wait_for(lambda: self.done < self.limit, 60):
                raise TimeoutError("nobody raised the limit")
            end = min(self.limit, len(self.samples))
        if self.done == len(self.samples):
            return -1
        if self.done == 0:
            self.add_item_tag(0, 0, pmt.intern("rx_rate"), pmt.from_double(self.rate))
        count = min(len(output_items[0]), end - self.done)
        output_items[0][:count] = self.samples[self.done : self.done + count]
        self.done += count
        return count


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return CalibrationCache(tmp_path_factory.mktemp("calibration"))


def two_tags():
    """26 s with two tags all the time: one of 0.5 s at 500 Hz, one of 0.7 s at -900 Hz."""
    tags = (
        SimulatedTag(500.0, 0.5, 0.015, 20, start_s=0.2),
        SimulatedTag(-900.0, 0.7, 0.015, 20, start_s=0.3),
    )
    return scene_samples(Scene(RATE, 26.0, tags, noise_power=1e-3, seed=7))


def run_with_change(detector, source, change, at_cycle=0):
    """Run to the end; `change` is called as the cycle of that number is told of, while the source waits.

    Returns the cycles with their events, the changes announced, and what came out of the port `events`.
    """
    top, events, told, changes = gr.top_block(catch_exceptions=False), MessageCollector(), [], []

    def on_cycle(cycle, _group, found):
        told.append((cycle, found))
        if cycle.cycle == at_cycle:
            change()
            detector.integrators[0].wait_calibrated()
            source.allow(math.inf)

    detector.readers[0].on_cycle = on_cycle
    detector.readers[0].on_change = lambda change: changes.append((len(told), change))
    top.connect(source, detector)
    top.msg_connect(detector, "events", events, "in")
    top.run()
    drain_all(*detector.readers, events)
    for block in (source, events, *detector.readers):
        assert block.failure is None
    return told, changes, [from_pmt(message) for message in events.messages]


def thresholds(detector, cache):
    """Of the one watch of a detector, as the core has it."""
    (group,) = detector.groups
    return np.float32(threshold_of(group, group.watches[0], cache))


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("interval_s", 0.7, "5 pulses of 0.7 s, false_alarm_probability 0.0001"),
        ("pulses", 4, "4 pulses of 0.5 s, false_alarm_probability 0.0001"),
        ("false_alarm_probability", 1e-2, "5 pulses of 0.5 s, false_alarm_probability 0.01"),
    ],
)
def test_a_change_swaps_in_at_a_cycles_edge_and_is_announced(cache, caplog, name, value, line):
    caplog.set_level("INFO", "gnuradio.sentinel")
    detector = sentinel.pulse_detector(RATE, interval_s=0.5, cache=cache)
    changed = sentinel.pulse_detector(RATE, **{"interval_s": 0.5, name: value}, cache=cache)
    old, new = thresholds(detector, cache), thresholds(changed, cache)
    assert abs(new - old) > 0.01
    # Held back within the second cycle: that has begun with the old threshold, and ends with it.
    source = Steps(two_tags(), CYCLE + 2000)
    told, changes, events = run_with_change(detector, source, lambda: detector.change(**{name: value}))

    assert len(told) > 5
    assert [np.float32(cycle.threshold) for cycle, _ in told] == [old] * 2 + [new] * (len(told) - 2)
    # Announced once, after the second cycle and before the third, with what is in force from there on.
    ((after, change),) = changes
    assert after == 2 and np.float32(change["threshold"]) == new
    assert change["window"] * 29 == told[2][0].sample_start
    assert caplog.messages.count(f"tag tag: from here on {line}, threshold {new:.2f}") == 1

    by_cycle = {event.details["cycle"]: event for event in events}
    assert len(by_cycle) == len(events) == len(told)
    for number, event in by_cycle.items():
        now = number >= 2
        assert event.details["interval_s"] == (value if now and name == "interval_s" else 0.5)
        assert event.details["pulses"] == (value if now and name == "pulses" else 5)
        assert event.threshold == pytest.approx(new if now else old)
        # Each interval has a tag of its own: the one now searched is found, and not the other one.
        truth_hz = -900.0 if now and name == "interval_s" else 500.0
        assert event.offset_hz == pytest.approx(truth_hz, abs=15)


def test_a_channel_that_moves_finds_the_tag_at_its_new_place(cache, caplog):
    caplog.set_level("INFO", "gnuradio.sentinel")
    rate, old_hz, new_hz = 10 * RATE, 5000.0, -8000.0
    tags = tuple(SimulatedTag(place + 300.0, 0.5, 0.015, 20, start_s=0.2) for place in (old_hz, new_hz))
    samples = scene_samples(Scene(rate, 16.0, tags, noise_power=1e-3, seed=8))
    detector = sentinel.pulse_detector(rate, interval_s=0.5, offset_hz=old_hz, cache=cache)
    source = Steps(samples, 10 * (CYCLE + 2000), rate)
    told, changes, events = run_with_change(detector, source, lambda: detector.change(offset_hz=new_hz))

    assert len(told) == 6 and changes == []  # no threshold changed
    assert {cycle.threshold for cycle, _ in told} == {told[0][0].threshold}
    assert told[0][0].offset_hz == old_hz
    assert [cycle.offset_hz for cycle, _ in told[2:]] == [new_hz] * 4
    found = {event.details["cycle"]: event.offset_hz for event in events}
    assert found[0] == pytest.approx(old_hz + 300, abs=15)
    for number in range(2, 6):
        assert found[number] == pytest.approx(new_hz + 300, abs=15)
    assert caplog.messages.count("channel moved to -8000 Hz") == 1


def test_of_several_changes_in_one_cycle_the_last_one_counts(cache):
    detector = sentinel.pulse_detector(RATE, interval_s=0.5, cache=cache)

    def change():
        for interval_s in (0.9, 0.8, 0.7):
            detector.change(interval_s=interval_s)

    told, changes, events = run_with_change(detector, Steps(two_tags(), CYCLE + 2000), change)
    assert len(changes) == 1
    later = [event for event in events if event.details["cycle"] >= 2]
    assert len(later) == len(told) - 2 > 3
    for event in later:
        assert event.details["interval_s"] == 0.7
        assert event.offset_hz == pytest.approx(-900, abs=15)


def test_a_refused_change_leaves_the_run_as_it_was(cache, capfd):
    detector = sentinel.pulse_detector(RATE, interval_s=0.5, cache=cache)
    told, changes, events = run_with_change(
        detector, Steps(two_tags(), CYCLE + 2000), lambda: detector.change(interval_s=0.001, offset_hz=9e9)
    )
    assert changes == [] and len({cycle.threshold for cycle, _ in told}) == 1
    assert len(events) == len(told) > 5
    text = "".join(capfd.readouterr())
    assert "interval_s stays as it was" in text and "offset_hz stays as it was" in text
