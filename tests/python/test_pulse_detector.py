# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays and flowgraphs give the same events, whatever the rate, the chunks, the gain or the format."""

import threading

import numpy as np
import pmt
import pytest
from gnuradio import gr, sentinel
from gnuradio.sentinel import kernel, pulse
from gnuradio.sentinel.core.block import SafeBlock, drain_all, guarded
from gnuradio.sentinel.core.calibration_cache import CalibrationCache
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.event_faces import first_difference, from_pmt
from gnuradio.sentinel.core.runner import Runner
from gnuradio.sentinel.core.source import source
from gnuradio.sentinel.pulse.config import WatchedTag
from gnuradio.sentinel.pulse.simulate import Scene, SimulatedTag, scene_pulses, scene_samples

RATE = 3840.0
TIP = 0.5


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return CalibrationCache(tmp_path_factory.mktemp("calibration"))


def scene(rate=RATE, seconds=11.0, freq_hz=500.0, seed=5, en0_db=18.0):
    tag = SimulatedTag(freq_hz, TIP, 0.015, en0_db, start_s=0.2)
    return Scene(rate, seconds, (tag,), noise_power=1e-3, seed=seed)


@pytest.fixture(scope="module")
def samples():
    return scene_samples(scene())


def detect(samples, cache, rate=RATE, **keys):
    return pulse.detect(samples, rate, cache=cache, **{"interval_s": TIP, **keys})


class Collector(SafeBlock, gr.basic_block):
    def __init__(self, fails=False):
        gr.basic_block.__init__(self, "collector", None, None)
        self.events, self.fails = [], fails
        self.register_handler("events", self.handle)

    @guarded
    def handle(self, message):
        if self.fails:
            raise OSError("disk on fire")
        self.events.append(from_pmt(message))


class Gated(SafeBlock, gr.sync_block):
    """Source that holds back what comes after `held_from` until its gate is open."""

    def __init__(self, samples, held_from):
        gr.sync_block.__init__(self, "gated", None, [np.complex64])
        self.samples, self.held_from, self.done, self.gate = samples, held_from, 0, threading.Event()

    @guarded
    def work(self, _input, output_items):
        if self.done >= self.held_from and not self.gate.wait(30):
            raise TimeoutError("the gate stayed shut")
        end = self.held_from if self.done < self.held_from else len(self.samples)
        count = min(len(output_items[0]), end - self.done)
        if count == 0:
            return -1
        if self.done == 0:
            self.add_item_tag(0, 0, pmt.intern("rx_rate"), pmt.from_double(RATE))
        output_items[0][:count] = self.samples[self.done : self.done + count]
        self.done += count
        return count


def run_file(path, cache, chunk=0, fails=False, rate=RATE, format="cf32", **keys):
    stream = source(str(path), sample_rate=rate, format=format)
    detector = sentinel.pulse_detector(rate, cache=cache, **{"interval_s": TIP, **keys})
    collector, top = Collector(fails), gr.top_block(catch_exceptions=False)
    if chunk:
        stream.stream.block.set_max_noutput_items(chunk)
    top.connect(stream, detector)
    top.msg_connect(detector, "events", collector, "events")
    assert Runner(top, stream, [*detector.readers, collector]).run() == 0
    return collector.events, stream


def assert_same(found, expected):
    assert len(found) == len(expected) > 0
    assert [first_difference(a, b) for a, b in zip(found, expected, strict=True)] == [None] * len(found)


@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_a_flowgraph_finds_what_the_array_function_finds(samples, cache, tmp_path, chunk):
    path = tmp_path / "x.cf32"
    samples.tofile(path)
    found, stream = run_file(path, cache, chunk)
    assert_same(found, detect(samples, cache, stream=stream.identity).events)
    assert len(found) == 4


@pytest.mark.parametrize(
    ("rate", "seconds", "pulses", "offset_hz"),
    [(250e3, 5.2, 5, 31e3), (768e3, 2.2, 3, -200e3), (2.4e6, 1.7, 2, 1e6)],
)
def test_channels_of_a_fast_input(cache, tmp_path, rate, seconds, pulses, offset_hz):
    made = scene(rate, seconds, offset_hz + 700.0, en0_db=22.0)
    wide = scene_samples(made)
    keys = {"pulses": pulses, "offset_hz": offset_hz}
    found = detect(wide, cache, rate, **keys).events
    truth = scene_pulses(made)["first"]
    assert len(found) >= 1
    for event in found:
        assert event.offset_hz == pytest.approx(offset_hz + 700, abs=15)
        errors = [np.abs(truth - start).min() / rate for start in event.details["pulse_starts"]]
        assert max(errors) < 0.003
    path = tmp_path / "x.cf32"
    wide.tofile(path)
    events, stream = run_file(path, cache, rate=rate, **keys)
    assert_same(events, detect(wide, cache, rate, stream=stream.identity, **keys).events)


def test_many_tags_give_what_each_gives_alone(cache):
    sent = [SimulatedTag(f, t, 0.015, 20, start_s=0.2) for f, t in ((-40e3, 0.5), (-39e3, 0.6), (60e3, 0.5))]
    wide = scene_samples(Scene(250e3, 6.5, tuple(sent), noise_power=1e-3, seed=2))
    tags = [WatchedTag(id=f"{i}", freq=s.freq_hz, interval_s=s.interval_s) for i, s in enumerate(sent)]
    together = detect(wide, cache, 250e3, tags=tags, offsets=True)
    assert {event.label for event in together.events} == {"0", "1", "2"}
    for tag in tags:
        alone = detect(wide, cache, 250e3, tags=[tag], offsets=True).events
        mine = [event for event in together.events if event.label == tag.id]
        # Alone, a tag has the whole false-alarm probability and a channel of its own.
        assert [e.details["cycle"] for e in mine] == [e.details["cycle"] for e in alone]
        for a, b in zip(mine, alone, strict=True):
            assert a.offset_hz == pytest.approx(b.offset_hz, abs=5)
            shift = np.subtract(a.details["pulse_starts"], b.details["pulse_starts"]) / 250e3
            assert np.abs(shift).max() < 0.002


def places(events):
    return [event.details["pulse_starts"] for event in events]


def test_gain_changes_nothing_but_the_noise_density(samples, cache):
    plain, loud = (
        detect(x, cache).events for x in (samples, (samples * np.float32(16)).astype(np.complex64))
    )
    assert places(plain) == places(loud)
    for a, b in zip(plain, loud, strict=True):
        assert (a.score, a.snr_db, a.offset_hz) == pytest.approx((b.score, b.snr_db, b.offset_hz), rel=1e-4)
        raised = b.details["noise_density_dbfs_hz"] - a.details["noise_density_dbfs_hz"]
        assert raised == pytest.approx(20 * np.log10(16), abs=1e-3)


def test_conjugation_turns_the_band_round(samples, cache):
    plain, turned = (detect(x, cache).events for x in (samples, samples.conj()))
    assert len(plain) == len(turned) == 4
    for a, b in zip(plain, turned, strict=True):
        assert a.offset_hz == pytest.approx(-b.offset_hz, abs=1) and a.score == pytest.approx(
            b.score, rel=1e-3
        )


def test_eight_bits_are_enough(samples, cache):
    pairs = np.clip(np.round(samples.view(np.float32) * 127.5 + 127.5), 0, 255).astype(np.uint8)
    plain, coarse = (detect(x, cache).events for x in (samples, kernel.convert_samples(pairs, "cu8")[0]))
    assert len(plain) == len(coarse) == 4
    for a, b in zip(plain, coarse, strict=True):
        assert a.offset_hz == pytest.approx(b.offset_hz, abs=2) and a.snr_db == pytest.approx(
            b.snr_db, abs=0.3
        )


def test_a_delay_moves_the_pulses_by_itself(samples, cache):
    late = detect(samples[1000:], cache, sample_start=1000).events
    plain = np.ravel(places(detect(samples, cache).events))
    starts = np.ravel(places(late))
    assert len(starts) == 20
    assert all(np.abs(plain - start).min() <= 3 for start in starts if start < plain.max() + 100)


def test_times_count_from_the_first_sample(samples, cache):
    found = detect(samples, cache, start_time="2026-07-01T23:59:59.500000Z", sample_start=10_000).events
    assert found[0].time.startswith("2026-07-01T23:59:59.7") and found[1].time.startswith(
        "2026-07-02T00:00:0"
    )
    plain = detect(samples, cache).events
    assert [np.subtract(p, 10_000).tolist() for p in places(found)] == places(plain)
    assert plain[0].time is None and plain[0].time_uncertainty_s is None


def test_weak_events_are_left_out_on_request(samples, cache):
    plain = detect(samples, cache)
    limit = sorted(event.snr_db for event in plain.events)[2]
    strict = detect(samples, cache, min_snr_db=limit)
    assert [e.id for e in strict.events] == [e.id for e in plain.events if e.snr_db >= limit]
    assert len(strict.events) == 2 and len(strict.decisions) == len(plain.decisions) == 4


def test_too_short_an_input_names_the_length(samples, cache):
    with pytest.raises(InputError, match=r"2\.52 s of samples .* need 2\.52 s; sum fewer pulses with -k"):
        detect(samples[:9685], cache)
    assert len(detect(samples[:9686], cache).decisions) == 1


def test_only_the_tags_that_fit_the_array_are_watched(samples, cache, caplog):
    fast = WatchedTag(id="fast", freq=500, interval_s=TIP)
    wide = WatchedTag(id="wide", freq=0, interval_s=4.0, pulse_width_s=0.03)
    found = detect(samples, cache, tags=[fast, wide], offsets=True)
    assert len(found.decisions) == 4 and {event.label for event in found.events} == {"fast"}
    assert [record.getMessage().split(":")[0] for record in caplog.records] == ["tag wide is not watched"]


def test_an_array_of_another_type_is_refused(samples, cache):
    for wrong in (samples.astype(np.complex128), samples.real, samples[None]):
        with pytest.raises(InputError, match="complex64"):
            detect(wrong, cache)


@pytest.mark.parametrize(
    ("method", "value", "key"),
    [
        ("set_interval", 0.6, "interval_s"),
        ("set_pulses", 4, "pulses"),
        ("set_false_alarm_probability", 1e-3, "false_alarm_probability"),
    ],
)
def test_a_live_change_comes_into_force_at_the_end_of_a_cycle(samples, cache, method, value, key):
    detector = sentinel.pulse_detector(RATE, interval_s=TIP, cache=cache)
    gated, top, cycles = Gated(samples, 12_000), gr.top_block(catch_exceptions=False), []

    def on_cycle(cycle, _group, events):
        cycles.append((cycle, events))
        if len(cycles) == 1:
            getattr(detector, method)(value)
            detector.integrators[0].wait_calibrated()
            gated.gate.set()

    detector.readers[0].on_cycle = on_cycle
    top.connect(gated, detector)
    top.run()
    drain_all(*detector.readers)
    assert detector.readers[0].failure is None and gated.failure is None
    starts = [cycle.sample_start for cycle, _ in cycles]
    lengths = [cycle.sample_count for cycle, _ in cycles]
    # Cycles join without a gap but for the half window that two of them share.
    assert all(a + n - 29 == b for a, n, b in zip(starts[:-1], lengths[:-1], starts[1:], strict=True))
    found = [event.details[key] for _, events in cycles[:2] for event in events]
    assert len(found) == 2 and value not in found  # the second cycle had begun with the old value
    if key == "interval_s":  # a tag of 0.5 s is no tag of 0.6 s
        assert lengths[2] > lengths[1] and not cycles[2][1]
    else:
        assert {event.details[key] for _, events in cycles[2:] for event in events} == {value}


def test_a_failing_message_handler_ends_the_run_with_its_error(samples, cache, tmp_path):
    path = tmp_path / "x.cf32"
    samples.tofile(path)
    with pytest.raises(OSError, match="disk on fire"):
        run_file(path, cache, fails=True)
