# SPDX-License-Identifier: GPL-3.0-or-later
"""Pulse Detector in a flowgraph: the input's name on its events, live changes, and what it refuses."""

import numpy as np
import pmt
import pytest
from gnuradio import blocks, gr, sentinel
from gnuradio.sentinel import pulse
from gnuradio.sentinel.core.errors import EventError, InputError
from gnuradio.sentinel.core.event_faces import from_pmt
from gnuradio.sentinel.core.stream import Stream
from gnuradio.sentinel.pulse.block import UNKNOWN_STREAM

RATE = 3840.0
STREAM = Stream("file-0123", "x.cf32", "exact", "clipping_unknown")


def scene(rng, seconds, interval_s=2.0, rate=RATE, offset_hz=312.3):
    """Noise with 15 ms pulses of 14 dB E/N0."""
    count = int(seconds * rate)
    samples = (0.01 / np.sqrt(2) * (rng.standard_normal((count, 2)) @ np.array([1, 1j]))).astype(np.complex64)
    time = np.arange(count) / rate
    on = (time > 0.7) & ((time - 0.7) % interval_s < 0.015)
    amplitude = 0.01 * np.sqrt(10**1.4 / (0.015 * rate))
    samples[on] += (amplitude * np.exp(2j * np.pi * offset_hz * time[on])).astype(np.complex64)
    return samples


class Collector(sentinel.core.block.SafeBlock, gr.basic_block):
    def __init__(self):
        gr.basic_block.__init__(self, "collector", None, None)
        self.events = []
        self.register_handler("events", self.handle)

    @sentinel.core.block.guarded
    def handle(self, message):
        self.events.append(from_pmt(message))


def tag(key, value, offset=0):
    made = gr.tag_t()
    made.offset, made.key, made.value = offset, pmt.intern(key), value
    return made


def run(detector, samples, tags=(), max_items=100_000):
    top, collector = gr.top_block(), Collector()
    source = blocks.vector_source_c(samples, False, 1, [tag("rx_rate", pmt.from_double(RATE)), *tags])
    top.connect(source, detector)
    top.msg_connect(detector, "events", collector, "events")
    top.run(max_items)
    assert collector.failure is None
    assert all(reader.failure is None for reader in detector.readers)
    return collector.events


def test_the_stream_survives_the_tag():
    assert Stream.from_pmt(STREAM.to_pmt()) == STREAM
    for value in (pmt.intern("x"), pmt.PMT_NIL, pmt.to_pmt({"stream_id": "a"})):
        with pytest.raises(EventError, match="sentinel_stream"):
            Stream.from_pmt(value)


@pytest.mark.parametrize("keys", [{"stream_id": ""}, {"accounting": "perfect"}, {"clipping": "no"}])
def test_a_stream_of_unknown_words_is_refused(keys):
    with pytest.raises(EventError, match=next(iter(keys))):
        Stream(**{"stream_id": "a", "source": "b", "accounting": "exact", **keys})


@pytest.mark.parametrize("max_items", [7, 4096])
def test_events_say_what_the_tag_says(rng, max_items):
    samples = scene(rng, 21)
    events = run(
        sentinel.pulse_detector(RATE, interval_s=2.0, stream=Stream("other", "other", "none")),
        samples,
        [tag("sentinel_stream", STREAM.to_pmt())],
        max_items,
    )
    expected = pulse.detect(samples, RATE, interval_s=2.0, stream=STREAM).events
    assert [event.id for event in events] == [event.id for event in expected]
    assert len(events) == 2
    for event in events:
        assert (event.stream_id, event.source, event.accounting) == ("file-0123", "x.cf32", "exact")
        assert event.flags == ("clipping_unknown",)


@pytest.mark.parametrize("decimation", [2, 5])
def test_the_tag_passes_the_channelizer(rng, decimation):
    rate = RATE * decimation
    samples = scene(rng, 11, rate=rate, offset_hz=1500.0)
    tags = [tag("sentinel_stream", STREAM.to_pmt()), tag("rx_rate", pmt.from_double(rate))]
    detector = sentinel.pulse_detector(rate, interval_s=2.0, offset_hz=1300.0)
    (event,) = run(detector, samples, tags)
    assert event.stream_id == "file-0123"
    assert event.offset_hz == pytest.approx(1500.0, abs=15)


def test_without_the_tag_the_argument_speaks(rng):
    samples = scene(rng, 11)
    (event,) = run(sentinel.pulse_detector(RATE, interval_s=2.0, stream=STREAM), samples)
    assert event.stream_id == "file-0123"
    (event,) = run(sentinel.pulse_detector(RATE, interval_s=2.0), samples)
    assert event.stream_id == UNKNOWN_STREAM.stream_id and event.freq_hz is None


def test_the_centre_is_the_inputs_or_else_the_settings(rng):
    samples = scene(rng, 11)
    (event,) = run(sentinel.pulse_detector(RATE, interval_s=2.0, center_freq=150e6), samples)
    assert event.freq_hz == pytest.approx(150e6 + 312.3, abs=20)
    tags = [tag("rx_freq", pmt.from_double(151e6))]
    (event,) = run(sentinel.pulse_detector(RATE, interval_s=2.0, center_freq=150e6), samples, tags)
    assert event.freq_hz == pytest.approx(151e6 + 312.3, abs=20)


def test_settings_that_are_set_to_what_they_are_change_nothing():
    detector = sentinel.pulse_detector(RATE, interval_s=2.0)
    before = detector.integrators[0].wanted
    detector.set_interval(2.0)
    detector.set_pulses(5)
    detector.set_false_alarm_probability(1e-4)
    detector.set_offset(0.0)
    assert detector.integrators[0].wanted is before


def test_a_change_while_stopped_holds_from_the_second_cycle(rng):
    samples = scene(rng, 45, interval_s=1.5)
    detector = sentinel.pulse_detector(RATE, interval_s=2.0)
    detector.set_interval(1.5)
    detector.set_pulses(6)
    detector.integrators[0].wait_calibrated()
    changes = []
    detector.readers[0].on_change = changes.append
    events = run(detector, samples)
    assert [change["pulses"] for change in changes] == [6]
    # One cycle of 10 s for the old interval, then four of 9 s.
    assert [event.details["cycle"] for event in events] == [1, 2, 3]
    assert all(event.details["interval_s"] == 1.5 and event.details["pulses"] == 6 for event in events)


def test_a_change_that_does_not_fit_is_refused_and_by_a_callback_logged(capfd):
    detector = sentinel.pulse_detector(RATE, interval_s=2.0)
    before = detector.integrators[0].wanted
    for method, value in (
        ("set_interval", 0.001),
        ("set_pulses", 21),
        ("set_false_alarm_probability", 0.5),
        ("set_offset", 100.0),
    ):
        with pytest.raises(InputError):
            getattr(detector, method)(value)
    detector.change(interval_s=0.001, offset_hz=100.0)
    assert detector.integrators[0].wanted is before
    text = "".join(capfd.readouterr())
    assert "interval_s stays as it was" in text and "offset_hz stays as it was" in text


def test_the_offset_of_a_channel_moves_within_the_input():
    detector = sentinel.pulse_detector(250e3, interval_s=2.0, offset_hz=10e3)
    detector.set_offset(-20e3)
    assert list(detector.channelizers[0].frequencies()) == [-20e3]
    with pytest.raises(InputError, match="outside"):
        detector.set_offset(124.9e3)
    assert list(detector.channelizers[0].frequencies()) == [-20e3]


def test_settings_or_keywords():
    settings = pulse.PulseSettings(interval_s=2.0)
    assert sentinel.pulse_detector(RATE, settings).settings == settings
    with pytest.raises(InputError, match="not both"):
        sentinel.pulse_detector(RATE, settings, pulses=4)
    with pytest.raises(InputError, match="did you mean pulses"):
        sentinel.pulse_detector(RATE, interval_s=2.0, pulse=4)


@pytest.mark.parametrize("search_hz", [-1.0, 2000.0])
def test_a_search_beyond_the_channel_is_refused(search_hz):
    with pytest.raises(InputError, match="search_hz"):
        sentinel.kfold_integrator(RATE, 2.0, search_hz=search_hz)
