# SPDX-License-Identifier: GPL-3.0-or-later
"""The gap guard as a block: items, tags, counters and messages for any chunk and item size."""

import threading

import numpy as np
import pmt
import pytest
from block_runs import CHUNKS, run_stream
from gnuradio import blocks, gr, sentinel
from hypothesis import given, settings
from hypothesis import strategies as st
from packet_streams import RATE, Packet, item_bytes, packets_of, run_guard, time_of

MESSY = [0, 1, 2, 4, 3, 5, 6, 6, 9, 10, 11, 12, 13, 14, 8, 15, 17, 18, 19, 16, 20, 40, 41, 42, 43, 44, 45]


def guard_of(size=8, **settings_):
    return sentinel.gap_guard(size, RATE, **({"accounting": "sequence", "fill_below": 500.0} | settings_))


def numbers(items):
    """Numbers at the sender, -1 where filled; of items of 8 bytes."""
    return items.copy().view("<u8")[:, 0].astype(np.int64) - 1


def rows(tags, *keys):
    return [(offset, key, value) for offset, key, value in tags if key in keys]


def assert_nothing_vanished(counters, sent):
    parts = ("samples_received", "samples_filled", "samples_cut", "samples_lost")
    assert sum(counters[part] for part in parts) == sent


def test_a_whole_stream_passes_with_its_tags():
    stream = pmt.to_pmt({"stream_id": "s", "source": "x", "accounting": "sequence", "clipping": ""})
    guard = guard_of(center_freq=146e6, stream=stream)
    items, tags, messages = run_guard(guard, packets_of(range(10)))
    assert np.array_equal(numbers(items), np.arange(1000))
    assert tags == [
        (0, "rx_freq", 146e6),
        (0, "rx_rate", RATE),
        (0, "rx_time", (1_700_000_000, 0.25)),
        (0, "sentinel_start", 0),
        (0, "sentinel_step", 1),
        (0, "sentinel_stream", pmt.to_python(stream)),
        (999, "sentinel_end", 1000),
    ]
    assert messages == []
    assert guard.samples_received() == 1000 and guard.packets_received() == 10


@pytest.mark.parametrize("accounting", ["sequence", "timestamps"])
@pytest.mark.parametrize("chunk", CHUNKS)
def test_gaps_order_and_counts_do_not_depend_on_chunks(accounting, chunk):
    guard = guard_of(accounting=accounting)
    items, tags, messages = run_guard(guard, packets_of(MESSY), chunk)
    expected = np.concatenate([np.arange(2100), np.arange(4000, 4600)])
    expected[700:900] = -1
    assert np.array_equal(numbers(items), expected)
    assert rows(tags, "sentinel_start", "sentinel_filled", "sentinel_lost", "sentinel_end") == [
        (0, "sentinel_start", 0),
        (700, "sentinel_filled", 200),
        (2100, "sentinel_lost", 1900),
        (2100, "sentinel_start", 4000),
        (2699, "sentinel_end", 4600),
    ]
    found = guard.counters()
    assert_nothing_vanished(found, 4600)
    assert {key: found[key] for key in found if key.startswith(("packets", "gaps"))} == dict(
        packets_received=25,
        packets_late=1,
        packets_duplicate=1,
        packets_reordered=2,
        gaps_filled=1,
        gaps_cut=1,
    )
    kinds = [message["kind"] for message in messages]
    assert kinds == ["reordered", "duplicate", "fill", "late", "reordered", "cut"]
    cut = messages[-1]
    assert (cut["place"], cut["samples"]) == (2100, 1900)
    assert cut["seconds"] == pytest.approx(1900 / RATE, abs=1e-9)
    assert cut["got_s"] - cut["expected_s"] == pytest.approx(1900 / RATE, abs=1e-8)


@pytest.mark.parametrize("size", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("chunk", [7, 0])
def test_items_of_every_size(size, chunk):
    fill = bytes(range(100, 100 + size))
    guard = guard_of(size, fill_item=fill)
    items, _, _ = run_guard(guard, packets_of([0, 1, 4, 3, 2, 7, 8, 9, 10, 11, 12]), chunk, size)
    expected = item_bytes(np.arange(1300) + 1, size).copy()
    expected[500:700] = np.frombuffer(fill, np.uint8)
    assert np.array_equal(items, expected)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.05])
@pytest.mark.parametrize("burst", [1, 12])
@pytest.mark.parametrize("accounting", ["sequence", "timestamps"])
def test_every_lost_packet_is_counted(share, burst, accounting, rng):
    count = 3000
    lost = np.repeat(rng.random(count // burst + 1) < share, burst)[:count]
    lost[[5, 0, count - 1]] = [True, False, False]
    guard = guard_of(accounting=accounting, fill_below=150.0)
    kept = np.flatnonzero(~lost)
    items, tags, _ = run_guard(guard, packets_of(kept))
    found = guard.counters()
    assert_nothing_vanished(found, count * 100)
    assert found["samples_received"] == 100 * len(kept)
    # Every item stands at its own place.
    starts = rows(tags, "sentinel_start")
    edges = [offset for offset, _, _ in starts] + [len(items)]
    for (offset, _, start), end in zip(starts, edges[1:], strict=True):
        here = numbers(items[offset:end])
        assert np.all((here == start + np.arange(len(here))) | (here == -1))
    assert np.sum(numbers(items) == -1) == found["samples_filled"]


@pytest.mark.parametrize("places", [2, 3, 4, 5])
@pytest.mark.parametrize("accounting", ["sequence", "timestamps"])
def test_four_places_are_put_right_five_are_late(places, accounting):
    order = [*range(10), *range(11, 11 + places), 10, *range(11 + places, 30)]
    guard = guard_of(accounting=accounting)
    items, _, _ = run_guard(guard, packets_of(order))
    late = places == 5
    assert (guard.packets_reordered(), guard.packets_late()) == ((0, 1) if late else (1, 0))
    assert guard.samples_late() == (100 if late else 0)
    assert_nothing_vanished(guard.counters(), 3000)
    assert np.sum(numbers(items) == -1) == (100 if late else 0)


@settings(deadline=None, max_examples=40)
@given(
    fates=st.lists(st.sampled_from("........lds"), min_size=12, max_size=60),
    accounting=st.sampled_from(["sequence", "timestamps"]),
    fill=st.sampled_from([0.0, 150.0, 1e6]),
    chunk=st.sampled_from([7, 0]),
)
def test_nothing_vanishes_whatever_happens(fates, accounting, fill, chunk):
    order = [0]
    for number, fate in enumerate(fates, 1):
        if fate == "s" and len(order) > 1:  # comes before the one before it
            order.insert(-1, number)
        elif fate != "l":
            order += [number] * (2 if fate == "d" else 1)
    guard = guard_of(accounting=accounting, fill_below=fill)
    items, tags, _ = run_guard(guard, packets_of(order), chunk)
    first, last = order[0], max(order)
    assert_nothing_vanished(guard.counters(), 100 * (last + 1 - first))
    here = numbers(items)
    assert np.all(np.diff(here[here >= 0]) > 0)
    assert rows(tags, "sentinel_end") == [(len(items) - 1, "sentinel_end", 100 * (last + 1 - first))]


def test_a_sender_that_begins_anew_is_a_new_stream():
    stream = pmt.to_pmt({"stream_id": "s", "source": "x", "accounting": "sequence", "clipping": ""})
    again = [Packet(3000 + 100 * n, 100, n, time_of(3000 + 100 * n)) for n in range(8)]
    guard = guard_of(stream=stream)
    items, tags, messages = run_guard(guard, packets_of(range(20)) + again)
    assert len(items) == 2800
    assert rows(tags, "sentinel_start", "sentinel_end", "rx_time") == [
        (0, "rx_time", (1_700_000_000, 0.25)),
        (0, "sentinel_start", 0),
        (1999, "sentinel_end", 2000),
        (2000, "rx_time", (1_700_000_001, pytest.approx(0.03125))),
        (2000, "sentinel_start", 0),
        (2799, "sentinel_end", 800),
    ]
    assert [value["stream_id"] for _, _, value in rows(tags, "sentinel_stream")] == ["s", "s.2"]
    assert [message["kind"] for message in messages] == ["restart"]
    assert guard.restarts() == 1


@pytest.mark.parametrize("step_s", [2, -2])
def test_a_step_of_the_clock_begins_a_segment(step_s):
    sent = packets_of(range(60), numbers=False)
    for packet in sent:
        packet.arrival_ns = packet.time_ns - 1_600_000_000_000_000_000
    for packet in sent[30:]:
        packet.time_ns += step_s * 1_000_000_000
    guard = guard_of(accounting="timestamps")
    items, tags, messages = run_guard(guard, sent)
    assert np.array_equal(numbers(items), np.arange(6000))
    assert [row[::2] for row in rows(tags, "sentinel_start")] == [(0, 0), (3000, 3000)]
    seconds, fraction = rows(tags, "rx_time")[1][2]
    assert seconds + fraction == pytest.approx(1_700_000_000.25 + 3000 / RATE + step_s, abs=1e-6)
    assert [message["kind"] for message in messages] == ["clock_step"]
    assert messages[0]["seconds"] == pytest.approx(step_s, abs=1e-6)


def test_another_rate_begins_a_segment():
    sent = packets_of(range(20))
    for packet in sent[10:]:
        packet.rate = 7680.0
        packet.time_ns = time_of(1000) + round((packet.first - 1000) * 1e9 / 7680)
    guard = guard_of()
    _, tags, messages = run_guard(guard, sent)
    assert rows(tags, "rx_rate", "sentinel_start") == [
        (0, "rx_rate", RATE),
        (0, "sentinel_start", 0),
        (1000, "rx_rate", 7680.0),
        (1000, "sentinel_start", 1000),
    ]
    assert [message["kind"] for message in messages] == ["rate_change"]


def test_times_follow_a_clock_that_is_off():
    sent = packets_of(range(4000), numbers=False)
    for packet in sent:
        packet.time_ns = time_of(0) + round(packet.first * (1 + 50e-6) * 1e9 / RATE)
    guard = guard_of(accounting="timestamps")
    _, tags, messages = run_guard(guard, sent)
    assert messages == [] and len(rows(tags, "sentinel_start")) == 1
    times = [(offset, value) for offset, key, value in tags if key == "rx_time"]
    assert np.all(np.diff([offset for offset, _ in times]) >= RATE)
    assert 95 < len(times) < 105  # of 104 s
    for offset, (seconds, fraction) in times:
        right = time_of(0) * 1e-9 + offset * (1 + 50e-6) / RATE
        assert seconds + fraction == pytest.approx(right, abs=2e-6)
    assert guard.rate_ppm() == pytest.approx(-50, abs=0.1)


def test_the_published_rule():
    sent = packets_of(range(8), numbers=False)
    for packet, samples in zip(sent, np.cumsum([0, 0, 59, 0, 482, 0, -7, 0]), strict=True):
        packet.time_ns += round(samples * 1e9 / RATE)
    guard = guard_of(accounting="timestamps", rule="published", fill_below=115.2)
    items, tags, messages = run_guard(guard, sent)
    assert [(m["kind"], m["samples"]) for m in messages] == [("fill", 59), ("cut", 482), ("cut", 0)]
    assert len(items) == 859
    assert [row[::2] for row in rows(tags, "sentinel_start")] == [(0, 0), (459, 941), (659, 1141)]


def test_the_duration_ends_the_stream():
    for fill, length in ((0.0, 400), (1e6, 450)):
        guard = guard_of(fill_below=fill, max_items=450)
        items, tags, _ = run_guard(guard, packets_of([0, 1, 2, 3, 10, 11, 12, 13, 14, 15]))
        assert len(items) == length
        assert rows(tags, "sentinel_end") == [(length - 1, "sentinel_end", length)]


def test_request_end_without_further_data():
    """A source that stays silent but does not end: a message block would be its only caller."""
    arrived, release = threading.Event(), threading.Event()

    class silent(gr.sync_block):
        def __init__(self):
            gr.sync_block.__init__(self, "silent", None, [np.complex64])
            self.sent = 0

        def work(self, _, output_items):
            if self.sent == 0:
                output_items[0][:300] = 1
                self.sent = 300
                return 300
            release.wait(60)
            return -1

    class watcher(gr.sync_block):
        def __init__(self):
            gr.sync_block.__init__(self, "watcher", [np.complex64], None)
            self.count, self.ends = 0, []

        def work(self, input_items, _):
            self.count += len(input_items[0])
            window = self.get_tags_in_window(0, 0, len(input_items[0]), pmt.intern("sentinel_end"))
            self.ends += [(tag.offset, pmt.to_python(tag.value)) for tag in window]
            if self.count >= 299:
                arrived.set()
            if self.ends:
                ended.set()
            return len(input_items[0])

    ended = threading.Event()
    top, source, sink, guard = gr.top_block(), silent(), watcher(), guard_of(accounting="none")
    top.connect(source, guard, sink)
    top.start()
    assert arrived.wait(30)
    guard.request_end()
    assert ended.wait(30)
    release.set()
    top.wait()
    assert (sink.count, sink.ends) == (300, [(299, 300)])


def test_an_unpacketed_source():
    tags = [
        (0, "rx_time", pmt.make_tuple(pmt.from_uint64(10), pmt.from_double(0.0))),
        (3840, "rx_time", pmt.make_tuple(pmt.from_uint64(12), pmt.from_double(0.0))),
    ]
    guard = guard_of(accounting="clock", fill_below=0.0)
    items, found = run_stream(guard, np.arange(6000) + 0j, tags)
    assert np.array_equal(items[:, 0].real, np.arange(6000))
    assert rows(found, "sentinel_start", "sentinel_lost", "sentinel_end") == [
        (0, "sentinel_start", 0),
        (3840, "sentinel_lost", 3840),
        (3840, "sentinel_start", 7680),
        (5999, "sentinel_end", 9840),
    ]


def test_nothing_in_nothing_out():
    top, sink = gr.top_block(), blocks.vector_sink_c()
    top.connect(blocks.null_source(8), blocks.head(8, 0), guard_of(), sink)
    top.run()
    assert len(sink.data()) == 0 and len(sink.tags()) == 0


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (dict(item_size=0), "item_size"),
        (dict(sample_rate=0.0), "sample_rate"),
        (dict(rule="mine"), "rule"),
        (dict(accounting="guess"), "accounting"),
        (dict(fill_item=b"123"), "fill_item"),
        (dict(fill_below=-1.0), "fill_below"),
    ],
)
def test_settings_that_make_no_sense(bad, text):
    with pytest.raises(ValueError, match=text):
        sentinel.gap_guard(**(dict(item_size=8, sample_rate=RATE) | bad))
    with pytest.raises(ValueError, match="fill_below"):
        guard_of().set_fill_below(float("nan"))
