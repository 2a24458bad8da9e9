# SPDX-License-Identifier: GPL-3.0-or-later
"""The block Decimator: samples, places, times and tags."""

import numpy as np
import pmt
import pytest
from block_runs import CHUNKS, run, run_stream, stream_of, vector_source
from gnuradio import gr, sentinel

RATE, DECIMATION, SHIFT = 768e3, 200, 10e3
START = (1 << 40) + 12_345


def noise(rng, count):
    return (rng.standard_normal((count, 2)) @ np.array([1, 1j])).astype(np.complex64)


def decimate(samples, first_index=0, decimation=DECIMATION, shift=SHIFT, rate=RATE):
    kernel = sentinel.kernel.cascade_decimator(rate, decimation, shift)
    kernel.reset(first_index)
    return np.concatenate([kernel.push(samples), kernel.flush()])


def block(decimation=DECIMATION, shift=SHIFT):
    return sentinel.decimator(RATE, decimation, shift)


def placed(tags, offset):
    """Tags of a stream, moved to begin at an item."""
    return [(offset + place, key, value) for place, key, value in tags]


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("count", [1, 10_001, 200 * 60])
def test_block_equals_kernel_and_tags_the_ends(rng, count, chunk):
    samples = noise(rng, count)
    given = stream_of(count, START, 1, RATE, 148.01e6, (1_700_000_000, 0.25))
    found, tags = run_stream(block(), samples, given, chunk)
    assert np.array_equal(found[:, 0], decimate(samples, START))
    assert tags == [
        (0, "rx_freq", 148e6),
        (0, "rx_rate", RATE),
        (0, "rx_time", (1_700_000_000, 0.25)),
        (0, "sentinel_start", START),
        (0, "sentinel_step", DECIMATION),
        (len(found) - 1, "sentinel_end", START + count),
    ] or (len(found) == 1 and len(tags) == 6)


@pytest.mark.parametrize("chunk", [7, 0])
@pytest.mark.parametrize("decimation", [1, 2, 12])
def test_other_decimations(rng, decimation, chunk):
    samples = noise(rng, 3001)
    given = stream_of(3001, 8, 4, 4 * RATE)
    found, tags = run_stream(block(decimation), samples, given, chunk)
    assert np.array_equal(found[:, 0], decimate(samples, 2, decimation))
    values = {key: value for _, key, value in tags}
    assert values["sentinel_step"] == 4 * decimation and values["rx_rate"] == 4 * RATE


@pytest.mark.parametrize("chunk", [7, 0])
def test_segments_do_not_leak_and_carry_what_was_lost(rng, chunk):
    cut, count, lost = 4017, 9000, 100_000
    samples = noise(rng, count)
    first = [tag for tag in stream_of(cut, 100, 1, RATE, 148.01e6) if tag[1] != "sentinel_end"]
    second = stream_of(count - cut, 100 + cut + lost, 1, RATE, 148.01e6, (9, 0.5))
    second.append((0, "sentinel_lost", pmt.from_uint64(lost)))
    found, tags = run_stream(block(), samples, first + placed(second, cut), chunk)
    parts = [decimate(samples[:cut], 100), decimate(samples[cut:], 100 + cut + lost)]
    assert np.array_equal(found[:, 0], np.concatenate(parts))
    begin = len(parts[0])
    of_second = {key: (offset, value) for offset, key, value in tags if offset >= begin}
    assert of_second["sentinel_start"] == (begin, 100 + cut + lost)
    assert of_second["sentinel_lost"] == (begin, lost)
    assert of_second["rx_time"] == (begin, (9, 0.5))
    assert of_second["sentinel_end"] == (len(found) - 1, 100 + count + lost)


@pytest.mark.parametrize("chunk", [1, 7, 0])
def test_tags_inside_a_segment_keep_their_place_and_count_input_samples(rng, chunk):
    count = 13_000
    time = pmt.make_tuple(pmt.from_uint64(9), pmt.from_double(0.9999))
    given = [
        *stream_of(count, 0, 1, RATE, 148.01e6),
        (600, "sentinel_filled", pmt.from_uint64(4711)),
        (601, "after_it", pmt.from_long(2)),
        (3000 - 128, "rx_time", time),
        (5001, "rx_freq", pmt.from_double(149.01e6)),
        (12_999, "at_the_end", pmt.from_long(3)),
    ]
    _, tags = run_stream(block(), noise(rng, count), given, chunk)
    place = {(offset, key): value for offset, key, value in tags}
    assert place[3, "sentinel_filled"] == 4711
    assert place[4, "after_it"] == 2
    assert place[26, "rx_freq"] == 149e6
    assert place[64, "at_the_end"] == 3 and place[64, "sentinel_end"] == count
    seconds, fraction = place[15, "rx_time"]
    assert seconds == 10 and fraction == pytest.approx(0.9999 + 128 / RATE - 1, abs=1e-12)


@pytest.mark.parametrize("centre", [20_000, 20_133])
def test_a_pulse_keeps_its_time(centre):
    """Its centre on the tagged timeline, to a sample of the input."""
    count = 40_000
    pulse = np.exp(-0.5 * ((np.arange(count) - centre) / 1500) ** 2)
    carrier = np.exp(-2j * np.pi * SHIFT / RATE * np.arange(count))
    given = stream_of(count, START, 1, RATE, 148.01e6, (1_700_000_000, 0.0))
    found, tags = run_stream(block(), (pulse * carrier).astype(np.complex64), given)
    values = {key: value for _, key, value in tags}
    power = np.abs(found[:, 0]) ** 2
    middle = np.sum(power * np.arange(len(power))) / np.sum(power)
    assert values["sentinel_start"] + values["sentinel_step"] * middle == pytest.approx(START + centre, abs=1)
    assert values["rx_time"] == (1_700_000_000, 0.0)


def test_a_stream_without_tags_gets_them_and_loses_its_tail(rng):
    samples = noise(rng, 10_000)
    found, tags = run_stream(block(), samples)
    whole = decimate(samples)
    assert len(found) == (10_000 - 1984 - 1) // 200 + 1
    assert np.array_equal(found[:, 0], whole[: len(found)])
    assert {key: value for _, key, value in tags} == {
        "sentinel_start": 0,
        "sentinel_step": DECIMATION,
        "rx_rate": RATE,
    }


def test_the_oscillator_follows_the_rate_of_the_stream(rng):
    """0.1 % off: a shift of 10 kHz would be off by 10 Hz."""
    count, rate = 20_000, 768_768.0
    samples = noise(rng, count)
    made = block()
    found, _ = run_stream(made, samples, stream_of(count, 0, 1, rate))
    assert made.input_rate() == rate
    assert np.array_equal(found[:, 0], decimate(samples, rate=rate))


class ShiftingSink(gr.sync_block):
    """Keeps all outputs; changes the shift once 40 are in, ends 60 outputs after the change came."""

    def __init__(self, made):
        gr.sync_block.__init__(self, "shifting_sink", [np.complex64], None)
        self.made, self.parts, self.changes = made, [], []

    def work(self, input_items, output_items):
        count = len(input_items[0])
        self.parts.append(input_items[0].copy())
        for tag in self.get_tags_in_window(0, 0, count, pmt.intern("rx_freq")):
            value = pmt.to_python(tag.value)
            if not self.changes or self.changes[-1][1] != value:
                self.changes.append((tag.offset, value))
        seen = self.nitems_read(0) + count
        if seen >= 40 and self.made.shift() == SHIFT:
            self.made.set_shift(-25e3)
        return -1 if len(self.changes) == 2 and seen >= self.changes[1][0] + 60 else count


def test_set_shift_while_running_moves_the_band_and_says_where(rng):
    made = block()
    period = noise(rng, 76_800)  # 384 outputs: a repeated tag does not hide the block's own
    tags = [tag for tag in stream_of(76_800, 0, 1, RATE, 148.01e6) if tag[1] == "rx_freq"]
    source = vector_source(period, tags)
    source.set_repeat(True)  # with its tag
    top, sink = gr.top_block(), ShiftingSink(made)
    top.connect(source, made, sink)
    run(top, 64)
    found = np.concatenate(sink.parts)
    assert [value for _, value in sink.changes[:2]] == [148e6, 148.01e6 + 25e3]
    change = sink.changes[1][0]
    samples = np.tile(period, -(-(change + 60) * DECIMATION // len(period)) + 2)
    before, after = decimate(samples), decimate(samples, shift=-25e3)
    # Outputs whose window lies wholly on one side of the change.
    assert np.array_equal(found[: change - 10], before[: change - 10])
    assert np.array_equal(found[change + 10 : change + 60], after[change + 10 : change + 60])


def test_what_the_block_says_of_itself():
    made = block()
    assert (made.factors(), made.group_delay(), made.shift(), made.input_rate()) == (
        [8, 5, 5],
        1984,
        SHIFT,
        0,
    )


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(decimation=0), "at least 1"),
        (dict(decimation=-200), "at least 1"),
        (dict(decimation=26), "nearest"),
        (dict(shift_hz=1e6), "half the sample rate"),
        (dict(sample_rate=0.0), "above 0"),
    ],
)
def test_bad_settings_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        sentinel.decimator(**(dict(sample_rate=RATE, decimation=DECIMATION, shift_hz=0.0) | change))


def test_a_bad_shift_changes_nothing():
    made = block()
    with pytest.raises(ValueError, match="half the sample rate"):
        made.set_shift(400e3)
    assert made.shift() == SHIFT
