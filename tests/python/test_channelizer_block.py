# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pmt
import pytest
from channelizer_reference import complex_noise
from gnuradio import blocks, gr, sentinel
from gnuradio.sentinel.core.channel_filter import channel_taps
from gnuradio.sentinel.core.channels import choose_fft_size, extract_channels

RATE, DECIMATION = 250e3, 65
FREQUENCIES = [10e3, -61_234.5, 0.0]


def tag(offset, key, value):
    return gr.tag_utils.python_to_tag((offset, pmt.intern(key), value, pmt.intern("test")))


def run_block(channelizer, samples, tags=(), max_items=None):
    """Vectors complex64 (n, C) and tags as (offset, key, value)."""
    count = len(channelizer.frequencies())
    top = gr.top_block()
    source = blocks.vector_source_c(samples, False, 1, list(tags))
    sink = blocks.vector_sink_c(count)
    top.connect(source, channelizer, sink)
    if max_items is None:
        top.run()
    else:
        top.run(max_items)
    found = [(t.offset, pmt.symbol_to_string(t.key), pmt.to_python(t.value)) for t in sink.tags()]
    return np.array(sink.data(), np.complex64).reshape(-1, count), sorted(found, key=lambda t: t[:2])


def make_block(taps=None, frequencies=FREQUENCIES):
    taps = channel_taps(RATE, DECIMATION) if taps is None else taps
    size = choose_fft_size(RATE, DECIMATION, frequencies)
    return sentinel.channelizer(RATE, DECIMATION, size, taps, frequencies)


def segment_tags(first, last, start):
    return [
        tag(first, "sentinel_start", pmt.from_uint64(start)),
        tag(first, "sentinel_step", pmt.from_uint64(4)),
        tag(first, "rx_rate", pmt.from_double(4 * RATE)),
        tag(first, "rx_freq", pmt.from_double(146e6)),
        tag(first, "rx_time", pmt.make_tuple(pmt.from_uint64(1_700_000_000), pmt.from_double(0.25))),
        tag(last, "sentinel_end", pmt.from_uint64(start + 4 * (last - first + 1))),
    ]


@pytest.mark.parametrize("max_items", [1, 7, 4096, None])
@pytest.mark.parametrize("count", [10_001, 65 * 150])
def test_block_equals_function_and_tags_the_ends(rng, count, max_items):
    samples = complex_noise(rng, count)
    start = (1 << 40) + 5
    vectors, tags = run_block(make_block(), samples, segment_tags(0, count - 1, start), max_items)
    assert np.array_equal(vectors, extract_channels(samples, RATE, DECIMATION, FREQUENCIES))
    by_key = {key: (offset, value) for offset, key, value in tags}
    assert len(tags) == len(by_key) == 7
    assert by_key["sentinel_start"] == (0, start)
    assert by_key["sentinel_step"] == (0, 4 * DECIMATION)
    assert by_key["rx_rate"] == (0, 4 * RATE)
    assert by_key["rx_freq"] == (0, 146e6)
    assert by_key["rx_time"] == (0, (1_700_000_000, 0.25))
    assert by_key["sentinel_offsets"][0] == 0
    assert list(by_key["sentinel_offsets"][1]) == FREQUENCIES
    assert by_key["sentinel_end"] == (len(vectors) - 1, start + 4 * count)


@pytest.mark.parametrize("taps", [[1.0], None])
@pytest.mark.parametrize("max_items", [1, 7, None])
def test_two_segments_are_two_recordings(rng, taps, max_items):
    """The second is announced by sentinel_start alone or after sentinel_end; nothing leaks across."""
    cut, count = 4017, 9000
    samples = complex_noise(rng, count)
    tags = segment_tags(0, cut - 1, 100) + segment_tags(cut, count - 1, 900_000)
    expected = [
        extract_channels(part, RATE, DECIMATION, FREQUENCIES, taps) for part in (samples[:cut], samples[cut:])
    ]
    for given in (tags, [t for t in tags if t.offset != cut - 1]):
        vectors, found = run_block(make_block(taps), samples, given, max_items)
        assert np.array_equal(vectors, np.concatenate(expected))
        starts = [(o, v) for o, k, v in found if k == "sentinel_start"]
        assert starts == [(0, 100), (len(expected[0]), 900_000)]
        ends = [o for o, k, _ in found if k == "sentinel_end"]
        assert ends == ([len(expected[0]) - 1] if given is tags else []) + [len(vectors) - 1]


@pytest.mark.parametrize("max_items", [7, None])
def test_block_equals_function_by_fft(rng, max_items):
    frequencies = list(np.arange(-32, 32) * 1e3)
    samples, taps = complex_noise(rng, 64 * 500 + 9), rng.normal(size=513).astype(np.float32)
    channelizer = sentinel.channelizer(64e3, 64, 64, taps, frequencies)
    end = [tag(len(samples) - 1, "sentinel_end", pmt.from_uint64(len(samples)))]
    vectors, _ = run_block(channelizer, samples, end, max_items)
    assert np.array_equal(vectors, extract_channels(samples, 64e3, 64, frequencies, taps, 64))


def test_stream_without_tags_gets_them_and_loses_its_tail(rng):
    samples = complex_noise(rng, 10_000)
    vectors, tags = run_block(make_block(), samples)
    whole = extract_channels(samples, RATE, DECIMATION, FREQUENCIES)
    delay = len(channel_taps(RATE, DECIMATION)) // 2
    assert len(vectors) == -(-(10_000 - delay) // DECIMATION)
    assert np.array_equal(vectors, whole[: len(vectors)])
    expected = {"sentinel_start": 0, "sentinel_step": DECIMATION, "rx_rate": RATE}
    assert {k: v for _, k, v in tags if k != "sentinel_offsets"} == expected


@pytest.mark.parametrize("max_items", [1, 7, None])
def test_tags_inside_a_segment_keep_their_place(rng, max_items):
    samples = complex_noise(rng, 6500)
    time = pmt.make_tuple(pmt.from_uint64(9), pmt.from_double(0.99999))
    given = [
        tag(650, "on_the_edge", pmt.from_long(1)),
        tag(651, "after_it", pmt.from_long(2)),
        tag(1950 - 5, "rx_time", time),
        tag(6499, "at_the_end", pmt.from_long(3)),
        tag(6499, "sentinel_end", pmt.from_uint64(6500)),
    ]
    _, tags = run_block(make_block(), samples, given, max_items)
    place = {key: (offset, value) for offset, key, value in tags}
    assert place["on_the_edge"] == (10, 1)
    assert place["after_it"] == (11, 2)
    assert place["at_the_end"] == (99, 3)
    assert place["sentinel_end"] == (99, 6500)
    offset, (seconds, fraction) = place["rx_time"]
    assert (offset, seconds) == (30, 10)
    assert fraction == pytest.approx(0.99999 + 5 / RATE - 1, abs=1e-12)


def test_single_channel_is_a_complex_stream(rng):
    samples = complex_noise(rng, 5000)
    top = gr.top_block()
    source = blocks.vector_source_c(samples, False, 1, [tag(4999, "sentinel_end", pmt.from_uint64(5000))])
    channelizer, sink = make_block(frequencies=[10e3]), blocks.vector_sink_c()
    top.connect(source, channelizer, blocks.multiply_const_cc(1.0), sink)
    top.run()
    assert np.array_equal(sink.data(), extract_channels(samples, RATE, DECIMATION, [10e3])[:, 0])


class RetuningSink(gr.sync_block):
    """Keeps all vectors; moves channel 1 once 40 are in, ends 60 vectors after the change came."""

    def __init__(self, channelizer):
        gr.sync_block.__init__(self, "retuning_sink", [(np.complex64, 3)], None)
        self.channelizer, self.parts, self.offsets, self.asked = channelizer, [], [], False

    def work(self, input_items, output_items):
        count = len(input_items[0])
        self.parts.append(input_items[0].copy())
        for found in self.get_tags_in_window(0, 0, count, pmt.intern("sentinel_offsets")):
            self.offsets.append((found.offset, list(pmt.to_python(found.value))))
        seen = self.nitems_read(0) + count
        if not self.asked and seen >= 40:
            self.channelizer.set_frequency(1, 45_000.0)
            self.asked = True
        return -1 if len(self.offsets) == 2 and seen >= self.offsets[1][0] + 60 else count


def test_set_frequency_while_running_moves_one_channel_and_says_where(rng):
    period = complex_noise(rng, 6500)
    channelizer = make_block()
    source, sink = blocks.vector_source_c(period, True), RetuningSink(channelizer)
    top = gr.top_block()
    top.connect(source, channelizer, sink)
    top.run(50)
    vectors = np.concatenate(sink.parts)
    (first, before), (change, after) = sink.offsets
    assert (first, before, after) == (0, FREQUENCIES, [10e3, 45e3, 0.0])
    assert 0 < change <= len(vectors) - 60

    size = choose_fft_size(RATE, DECIMATION, FREQUENCIES)
    periods = -(-(change + 60) * DECIMATION // len(period)) + 1
    samples = np.tile(period, periods)
    for frequency, part in (
        (FREQUENCIES[1], slice(0, change)),
        (45e3, slice(change, change + 60)),
    ):
        expected = extract_channels(samples, RATE, DECIMATION, [10e3, frequency, 0.0], fft_size=size)
        assert np.array_equal(vectors[part], expected[part])


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(taps=[1.0, 1.0]), "odd"),
        (dict(decimation=0), "at least 1"),
        (dict(fft_size=64), "fft_size"),
        (dict(frequencies_hz=[]), "channel"),
        (dict(frequencies_hz=[126e3]), "half the sample rate"),
    ],
)
def test_bad_settings_are_named(change, message):
    good = dict(sample_rate=RATE, decimation=65, fft_size=130, taps=[1.0], frequencies_hz=[0.0])
    with pytest.raises(ValueError, match=message):
        sentinel.channelizer(**(good | change))


def test_bad_changes_are_named_and_change_nothing():
    channelizer = make_block()
    for wrong in (
        lambda: channelizer.set_frequency(3, 0.0),
        lambda: channelizer.set_frequency(-1, 0.0),
        lambda: channelizer.set_frequency(0, 1e6),
        lambda: channelizer.set_frequencies([0.0]),
    ):
        with pytest.raises(ValueError, match="channelizer"):
            wrong()
    assert channelizer.frequencies() == FREQUENCIES
