# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/messages.md lists what the code sends."""

import re
from pathlib import Path

import numpy as np
import pmt
import pytest
from gnuradio import blocks, gr, sentinel
from gnuradio.sentinel import pulse
from gnuradio.sentinel.core.decision import Decision
from gnuradio.sentinel.core.event import EVENT_KEYS
from gnuradio.sentinel.core.event_pmt import from_pmt, to_pmt
from gnuradio.sentinel.core.stream import Stream
from gnuradio.sentinel.gnss.clusters.cluster_store import ClusterStore
from gnuradio.sentinel.gnss.clusters.unknown_clusters import IntervalRows
from gnuradio.sentinel.gnss.learned import ClassModel
from packet_streams import RATE, packets_of, run_guard

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "messages.md").read_text()


def table(after):
    """Key to the cells behind it, of the first table after a text."""
    rows = {}
    for line in TEXT[TEXT.index(after) + len(after) :].splitlines():
        if line.startswith("| `"):
            key, *cells = (cell.strip() for cell in line.strip("|").split(" | "))
            rows[key.strip("`")] = cells
        elif rows:
            return rows
    return rows


@pytest.fixture(scope="module")
def messages():
    """What the core sends for a strong tag: cycles and changes, as PMTs."""
    rate, count = 3840.0, 3840 * 25
    rng = np.random.default_rng(3)
    samples = (rng.standard_normal((count, 2)) @ np.array([0.01, 0.01j])).astype(np.complex64)
    samples[(np.arange(count) / rate) % 2.0 < 0.015] += 0.1
    detector = sentinel.pulse_detector(rate, interval_s=2.0)
    detector.set_pulses(4)
    detector.integrators[0].wait_calibrated()
    top, debug = gr.top_block(), blocks.message_debug()
    top.connect(blocks.vector_source_c(samples), detector)
    top.msg_connect(detector.integrators[0].core, "cycles", debug, "store")
    top.msg_connect(detector.integrators[0].core, "changes", debug, "store")
    top.run()
    found = [debug.get_message(number) for number in range(debug.num_messages())]
    is_cycle = [pmt.dict_has_key(message, pmt.intern("trains")) for message in found]
    return (
        [message for message, yes in zip(found, is_cycle, strict=True) if yes],
        [message for message, yes in zip(found, is_cycle, strict=True) if not yes],
    )


def types(message):
    """Key to the PMT type as the tables name it."""
    kinds = {
        "uint64": pmt.is_uint64,
        "long": pmt.is_integer,
        "double": pmt.is_real,
        "symbol": pmt.is_symbol,
        "u8vector": pmt.is_u8vector,
        "f64vector": pmt.is_f64vector,
        "f32vector": pmt.is_f32vector,
        "c32vector": pmt.is_c32vector,
        "vector": pmt.is_vector,
        "nil": pmt.is_null,
        "bool": pmt.is_bool,
        "dict": pmt.is_dict,
        "tuple": pmt.is_tuple,
    }
    items = pmt.dict_items(message)
    pairs = [pmt.nth(place, items) for place in range(pmt.length(items))]
    return {
        pmt.symbol_to_string(pmt.car(pair)): next(kind for kind, test in kinds.items() if test(pmt.cdr(pair)))
        for pair in pairs
    }


def assert_listed(rows, message):
    sent = types(message)
    assert sent.keys() == rows.keys()
    for key, kind in sent.items():
        assert kind in rows[key][0], f"{key} is sent as {kind}, the table says {rows[key][0]}"


def test_cycles_trains_and_changes(messages):
    cycles, changes = messages
    assert len(cycles) == 2 and len(changes) == 1
    assert_listed(table("Port `cycles`"), cycles[0])
    assert_listed(
        table("Each of `trains`"),
        pmt.vector_ref(pmt.dict_ref(cycles[0], pmt.intern("trains"), pmt.PMT_NIL), 0),
    )
    assert_listed(table("Port `changes`"), changes[0])


def test_every_tag_of_the_code_is_listed():
    code = "".join(path.read_text() for path in (ROOT / "lib").glob("*.[ch]*"))
    tags = set(re.findall(r'"(sentinel_[a-z]+|rx_(?:rate|freq|time))"', code))
    assert tags == table("## Stream tags").keys()


def test_the_stream_events_and_decisions():
    assert tuple(table("`sentinel_stream` holds")) == tuple(Stream.__dataclass_fields__)
    assert tuple(table("## Port `events`")) == EVENT_KEYS
    assert tuple(table("## Port `decisions`")) == tuple(Decision.__dataclass_fields__)


def test_details_of_a_pulse_event():
    rate = 3840.0
    samples = np.random.default_rng(4).standard_normal((int(11 * rate), 2)).astype(np.float32)
    samples = (0.01 * samples).view(np.complex64)[:, 0].copy()
    samples[(np.arange(len(samples)) / rate) % 2.0 < 0.015] += 0.1
    (event, *_) = pulse.detect(samples, rate, interval_s=2.0).events
    assert event.details.keys() == table("`details` of detector `pulse`").keys()


@pytest.fixture(scope="module")
def interference():
    """Events, and messages of the port `detections`, of a carrier that comes and goes."""
    rate = 2.56e6
    count = int(2.2 * rate)
    time = np.arange(count) / rate
    noise = np.random.default_rng(5).standard_normal((count, 2)).astype(np.float32)
    samples = (0.03 * noise).view(np.complex64)[:, 0].copy()
    on = (time >= 1.5) & (time < 1.8)
    samples[on] += (0.04 * np.exp(2j * np.pi * 3e5 * time[on])).astype(np.complex64)
    monitor = sentinel.gnss_monitor(rate, snapshot_s=0.05, learn_s=1.0, hold_s=0.1)
    top, debug, events = gr.top_block(), blocks.message_debug(), blocks.message_debug()
    top.connect(blocks.vector_source_c(samples), monitor)
    top.msg_connect(monitor.detector, "detections", debug, "store")
    top.msg_connect(monitor, "events", events, "store")
    top.run()
    for block in monitor.readers:
        block.drain()
    return [[box.get_message(number) for number in range(box.num_messages())] for box in (events, debug)]


def test_details_of_a_gnss_event(interference):
    events, _ = interference
    rows = table("`details` of detector `gnss`")
    assert [pmt.symbol_to_string(pmt.dict_ref(e, pmt.intern("state"), pmt.PMT_NIL)) for e in events] == [
        "open",
        "closed",
    ]
    for event in events:
        assert_listed(rows, pmt.dict_ref(event, pmt.intern("details"), pmt.PMT_NIL))


def test_details_of_a_clustered_event(interference, tmp_path):
    closed = from_pmt(interference[0][-1])
    store, rows = ClusterStore(tmp_path / "c.json"), IntervalRows()
    rows.add(ClassModel().low)
    listed = table("With a clusters file")
    before = types(to_pmt(closed))
    unnamed = store.take(closed, rows)
    store.rename("A", "van")
    named = store.take(closed, rows)
    for event, missing in ((unnamed, {"called_unknown"}), (named, set())):
        details = types(pmt.dict_ref(to_pmt(event), pmt.intern("details"), pmt.PMT_NIL))
        added = {key: details[key] for key in details.keys() - closed.details.keys()}
        assert added.keys() == listed.keys() - missing
        assert all(kind in listed[key][0] for key, kind in added.items())
        assert types(to_pmt(event)) == before


def test_detections(interference):
    _, detections = interference
    rows = table("## Port `detections`")
    assert len(detections) > 5
    for message in detections:
        assert_listed(rows, message)
    # A snapshot without a revision, and one with.
    assert {types(message)["event"] for message in detections} == {"dict", "nil"}
    assert {types(message)["description"] for message in detections} == {"f64vector", "nil"}


def test_gaps():
    sent = packets_of([0, 1, 1, 2, 5, 6, 7, 8, 9, 10])
    *_, messages = run_guard(sentinel.gap_guard(8, RATE, accounting="sequence"), sent)
    assert {message["kind"] for message in messages} == {"duplicate", "cut"}
    for message in messages:
        assert message.keys() == table("Of Gap Guard, one dict per happening").keys()


def test_features():
    block, debug, top = (
        sentinel.channelizer_features(64e3, snapshot_s=0.1),
        blocks.message_debug(),
        gr.top_block(),
    )
    top.connect(blocks.vector_source_c(np.ones(10_000)), block, blocks.null_sink(4 * block.record_length))
    top.msg_connect(block, "features", debug, "store")
    top.run()
    assert debug.num_messages() == 1
    assert_listed(table("## Port `features`"), debug.get_message(0))
