# SPDX-License-Identifier: GPL-3.0-or-later
"""Unknown intervals: clustered, kept over restarts, named by people, the same in all three ways."""

import json
import multiprocessing
import subprocess
import sys
import threading

import numpy as np
import pytest
from block_runs import MessageCollector
from gnuradio import blocks, gr
from gnuradio.sentinel.core.block import drain_all
from gnuradio.sentinel.core.errors import InputError, OutputError
from gnuradio.sentinel.core.event_pmt import from_pmt
from gnuradio.sentinel.core.files import locked_folder
from gnuradio.sentinel.gnss.block import GnssMonitor, interference_classifier
from gnuradio.sentinel.gnss.clusters.cluster_store import ClusterStore, seconds_path
from gnuradio.sentinel.gnss.clusters.kept_seconds import KeptInterval, KeptSeconds
from gnuradio.sentinel.gnss.clusters.unknown_clusters import COLUMNS, IntervalRows, UnknownClusters, vector_of
from gnuradio.sentinel.gnss.description import NAMES
from gnuradio.sentinel.gnss.detect import detect
from gnuradio.sentinel.gnss.learned import ClassModel
from gnuradio.sentinel.gnss.simulation.parameters import check_parameters
from gnuradio.sentinel.gnss.simulation.receiver_model import Receiver
from gnuradio.sentinel.gnss.simulation.session import Interval, Session

RATE = 256e3
COMMAND = (sys.executable, "-c", "import sys; from gnuradio.sentinel.apps.main import main; sys.exit(main())")
#: Two kinds that no model knows.
WIDE = {"bandwidth_hz": 128e3, "offset_hz": 8e3, "hops_per_s": 3000, "channels": 12}
NARROW = {"bandwidth_hz": 50e3, "offset_hz": -25e3, "hops_per_s": 600, "channels": 4}
COUNT = len(NAMES)
#: Whatever the shipped model makes of a kind at this low rate: what is less than sure counts as unknown.
SETTINGS = {"gain_is": "fixed", "unknown_share": 0.5}


def hopping(start_s, values, jn_db, seed):
    parameters = check_parameters("hopping", values, RATE)
    return Interval(start_s, start_s + 3, "hopping", parameters, jn_db, seed)


@pytest.fixture(scope="module")
def samples():
    """The wide kind at two levels, and then the narrow one."""
    intervals = (hopping(12, WIDE, 8.0, 2), hopping(20, WIDE, 4.0, 3), hopping(29, NARROW, 6.0, 4))
    session = Session(38.0, Receiver(noise_lsb=8.0), intervals, sample_rate=RATE, seed=3)
    return np.concatenate([part for part, _ in session.chunks()])


def found(samples, path, **keys):
    return detect(samples, RATE, clusters=path, **SETTINGS, **keys).events


def clusters_of(events):
    return [(event.label, event.details["cluster"], event.details["cluster_new"]) for event in events]


def command(*words):
    done = subprocess.run([*COMMAND, *map(str, words)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def test_a_new_kind_begins_a_cluster_which_the_next_of_its_kind_joins(samples, tmp_path):
    path = tmp_path / "c.json"
    events = found(samples, path)
    assert clusters_of(events) == [("unknown", "A", True), ("unknown", "A", False), ("unknown", "B", True)]
    assert events[0].details["cluster_distance"] == 0 < events[1].details["cluster_distance"] < 0.09
    assert all("called_unknown" not in event.details for event in events)
    store = ClusterStore(path)
    assert [len(one.rows) for one in store.seconds.intervals] == [3, 3, 3]
    assert [one.event_id for one in store.seconds.of("A")] == [event.id for event in events[:2]]
    # Without a file nothing is said of clusters.
    assert all("cluster" not in event.details for event in detect(samples, RATE, **SETTINGS).events)


def test_after_a_restart_it_goes_on_and_a_name_given_meanwhile_is_used(samples, tmp_path):
    path = tmp_path / "c.json"
    found(samples, path)
    assert clusters_of(found(samples, path)) == [
        ("unknown", "A", False),
        ("unknown", "A", False),
        ("unknown", "B", False),
    ]
    ClusterStore(path).rename("A", " delivery van ")
    events = found(samples, path)
    assert [event.label for event in events] == ["delivery van", "delivery van", "unknown"]
    assert [event.details.get("called_unknown") for event in events] == [True, True, None]
    assert ClusterStore(path).file.clusters.members == [6, 3]


def test_a_monitor_that_runs_sees_a_name_as_it_is_given(samples, tmp_path):
    path = tmp_path / "c.json"
    running = ClusterStore(path, ClassModel(), 1.0)
    assert found(samples, running)[0].label == "unknown"
    ClusterStore(path).rename("B", "pump")
    assert [event.label for event in found(samples, running)] == ["unknown", "unknown", "pump"]
    # What it wrote since did not take the name back, nor did a second monitor lose the counts of the first.
    assert ClusterStore(path).file.labels == {"B": "pump"}
    assert ClusterStore(path).file.clusters.members == [4, 2]


def add_many(path, kind, count):
    """What one of several monitors does: intervals of one kind, its own."""
    model = ClassModel()
    store, middle = ClusterStore(path, model, 1.0), (model.low + model.high) / 2
    event = found_event()
    for _ in range(count):
        rows = IntervalRows()
        rows.add(np.where(np.arange(COUNT) % 3 == kind, model.high, middle))
        store.take(event, rows)


def found_event():
    """A closed event as a monitor gives it."""
    session = Session(16.0, Receiver(noise_lsb=8.0), (hopping(12, WIDE, 8.0, 2),), sample_rate=RATE, seed=3)
    samples = np.concatenate([part for part, _ in session.chunks()])
    (event,) = detect(samples, RATE, **SETTINGS).events
    return event


def test_two_monitors_share_a_file(tmp_path):
    path = tmp_path / "c.json"
    spawn = multiprocessing.get_context("spawn")
    running = [spawn.Process(target=add_many, args=(path, kind, 15)) for kind in (0, 1)]
    for process in running:
        process.start()
    for process in running:
        process.join(100)
        assert process.exitcode == 0
    store = ClusterStore(path)
    assert store.file.clusters.members == [15, 15] and store.file.clusters.assigned == 30
    assert sorted(one.number for one in store.seconds.intervals) == list(range(1, 31))


def test_a_locked_folder_waits_for_who_is_at_it(tmp_path):
    order = []

    def other():
        with locked_folder(tmp_path):
            order.append("other")

    waiting = threading.Thread(target=other)
    with locked_folder(tmp_path):
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        order.append("first")
    waiting.join(10)
    assert order == ["first", "other"] and list(tmp_path.iterdir()) == []


def test_function_flowgraph_and_command_agree(samples, tmp_path):
    expected = found(samples, tmp_path / "function.json")
    top, heard = gr.top_block(), MessageCollector()
    source = blocks.vector_source_b(samples.tolist(), False, 2)
    monitor = GnssMonitor(RATE, format="cu8", clusters=tmp_path / "block.json", class_model="", **SETTINGS)
    top.connect(source, monitor)
    top.msg_connect(monitor, "events", heard, "in")
    top.run()
    drain_all(*monitor.readers, heard)
    recording = tmp_path / "l1.cu8"
    samples.tofile(recording)
    words = ("--rate", "256k", "--gain-is", "fixed", "--unknown-share", 0.5, "--json")
    code, out, errors = command("gnss", recording, *words, "--clusters", tmp_path / "command.json")
    assert code == 0, errors
    printed = [json.loads(line) for line in out.splitlines()]
    in_block = [event for event in map(from_pmt, heard.messages) if event.state == "closed"]
    assert len(printed) == len(expected) == len(in_block) == 3
    for function, block, line in zip(expected, in_block, printed, strict=True):
        assert function.label == block.label == line["label"] == "unknown"
        for name in ("cluster", "cluster_new"):
            assert function.details[name] == block.details[name] == line["details"][name]
        distances = [block.details["cluster_distance"], line["details"]["cluster_distance"]]
        assert distances == pytest.approx([function.details["cluster_distance"]] * 2, rel=1e-5, abs=1e-9)
    stores = [ClusterStore(tmp_path / f"{name}.json") for name in ("function", "block", "command")]
    for store in stores[1:]:
        np.testing.assert_allclose(store.file.clusters.centres, stores[0].file.clusters.centres, rtol=1e-5)
        assert store.file.key == stores[0].file.key


def test_the_command_names_lists_and_forgets(samples, tmp_path):
    path = tmp_path / "c.json"
    found(samples, path, start_time="2026-07-01T12:00:00.000000Z")
    code, out, _ = command("clusters", path, "--name", "A", "delivery van")
    assert (code, out) == (0, "A is delivery van from now on\n")
    code, out, _ = command("clusters", path)
    first, second = out.splitlines()[1:]
    assert code == 0 and first.split()[:5] == ["A", "delivery", "van", "2", "6"]
    assert "2026-07-01T12:00:20" in first and second.split()[:3] == ["B", "1", "3"]
    assert command("clusters", path, "--forget", "A")[0] == 0
    assert ClusterStore(path).file.labels == {}


@pytest.mark.parametrize(
    "words, says",
    [
        (("--name", "Q", "x"), "no cluster 'Q'"),
        (("--forget", "Q"), "no cluster 'Q'"),
        (("--name", "A", "unknown"), "no name for a cluster"),
        (("--name", "A", "a\nb"), "no name for a cluster"),
        (("--name", "A", "x" * 65), "64"),
    ],
)
def test_bad_names_are_one_line(samples, tmp_path, words, says):
    path = tmp_path / "c.json"
    found(samples, path)
    before = path.read_bytes()
    code, out, errors = command("clusters", path, *words)
    assert (code, out, len(errors.splitlines())) == (2, "", 1) and says in errors
    assert path.read_bytes() == before


def test_a_file_that_is_not_there(tmp_path):
    for words in ((), ("--name", "A", "x")):
        code, _, errors = command("clusters", tmp_path / "no.json", *words)
        assert code == 2 and "no such file" in errors and len(errors.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def changed(path, **values):
    content = json.loads(path.read_text())
    content["key"].update(values.pop("key", {}))
    content.update(values)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda path: path.write_text("{"), "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:500]), "damaged"),
        (lambda path: changed(path, settings={}), "damaged"),
        (lambda path: changed(path, settings={"low": [0], "high": [1]}), "damaged"),
        (lambda path: changed(path, key={"room": "anomaly"}), "room anomaly, wanted is gnss"),
        (lambda path: changed(path, key={"feature_version": 1}), "feature_version 1, wanted is"),
        (lambda path: changed(path, key={"snapshot_s": 2}), "snapshot_s 2, wanted is 1"),
        (lambda path: changed(path, key={"channels": 32}), "channels 32, wanted is 64"),
        (lambda path: changed(path, key={"sample_rate": 2560000}), "sample_rate 2560000, wanted is 256000"),
        (lambda path: seconds_path(path).write_bytes(b"PK nothing"), "seconds kept"),
        (lambda path: seconds_path(path).write_bytes(seconds_path(path).read_bytes()[:900]), "seconds kept"),
    ],
)
def test_damaged_and_foreign_files_are_refused_and_left_alone(samples, tmp_path, change, says):
    path = tmp_path / "c.json"
    found(samples, path)
    change(path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(InputError) as caught:
        found(samples, path)
    assert says in str(caught.value) and "\n" not in str(caught.value)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_what_cannot_be_written_is_said_before_anything_is_read(samples, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises((InputError, OutputError), match="file"):
        GnssMonitor(RATE, clusters=tmp_path / "file" / "c.json")
    code, out, errors = command(
        "gnss", "/dev/null", "--rate", "256k", "--format", "cu8", "--clusters", tmp_path
    )
    assert code in (1, 2) and out == "" and len(errors.splitlines()) == 1


def test_the_classifier_block_takes_a_file_as_text(tmp_path):
    assert interference_classifier(clusters="").classifier.clusters is None
    assert interference_classifier(clusters=str(tmp_path / "c.json")).classifier.clusters.snapshot_s == 1.0


def test_rows_of_a_long_interval_take_no_more_memory():
    rows = IntervalRows(most=5)
    table = np.random.default_rng(1).normal(size=(237, COUNT))
    for count, row in enumerate(table, start=1):
        rows.add(row)
        assert min(count, 5) <= len(rows.kept) <= 5
    np.testing.assert_allclose(rows.mean, table.mean(axis=0))
    places = [int(np.flatnonzero(np.all(table.astype(np.float32) == row, axis=1))[0]) for row in rows.kept]
    assert places == sorted(places) and places[0] == 0 and places[-1] > 180 and np.diff(places).max() < 90


def test_vectors_are_of_the_signal_alone_and_in_ranges_of_training():
    low, high = np.zeros(COUNT), np.full(COUNT, 2.0)
    assert len(COLUMNS) == 25 and "j_n_db" not in COLUMNS and "signal_entropy_bits" in COLUMNS
    zero, one = vector_of(low, low, high), vector_of(high, low, high)
    assert np.linalg.norm(one - zero) == pytest.approx(1)
    # One wild column counts no more than a quarter of a range beyond.
    wild = low.copy()
    wild[NAMES.index("signal_entropy_bits")] = 1e9
    assert np.linalg.norm(vector_of(wild, low, high)) == pytest.approx(1.25 / 5)
    level = low.copy()
    level[NAMES.index("j_n_db")] = 1e9
    assert np.array_equal(vector_of(level, low, high), zero)
    high[NAMES.index("signal_entropy_bits")] = 0
    assert np.array_equal(vector_of(wild, low, high), zero)
    unknown = UnknownClusters(low, np.full(COUNT, 2.0), radius=0.1)
    assert [unknown.assign(np.full(COUNT, x)).cluster for x in (0, 0.1, 1, 0.05)] == ["A", "A", "B", "A"]


def kept(cluster, number, count):
    return KeptInterval(cluster, f"id{number}", "", number, np.full((count, COUNT), number, np.float32))


def test_kept_seconds_are_bounded_and_a_rare_kind_stays(tmp_path):
    seconds = KeptSeconds(most=100)
    seconds.add(kept("A", 1, 10))
    for number in range(2, 30):
        seconds.add(kept("B", number, 30))
        assert seconds.count <= 100
    assert [one.number for one in seconds.intervals] == [1, 27, 28, 29]
    seconds.save(tmp_path / "s.npz")
    again = KeptSeconds.load(tmp_path / "s.npz")
    for one, other in zip(seconds.intervals, again.intervals, strict=True):
        assert (one.cluster, one.event_id, one.time, one.number) == (
            other.cluster,
            other.event_id,
            other.time,
            other.number,
        )
        assert np.array_equal(one.rows, other.rows)
    again.restrict({"B"}, 28)
    assert [one.number for one in again.intervals] == [27, 28]
    empty = KeptSeconds()
    empty.save(tmp_path / "e.npz")
    assert KeptSeconds.load(tmp_path / "e.npz").count == 0


def test_seconds_of_an_interval_that_was_never_recorded_are_dropped(samples, tmp_path):
    path = tmp_path / "c.json"
    found(samples, path)
    seconds = KeptSeconds.load(seconds_path(path))
    # As if the power had failed after the seconds were written and before the clusters were.
    seconds.add(kept("A", 4, 3))
    seconds.save(seconds_path(path))
    assert [one.number for one in ClusterStore(path).seconds.intervals] == [1, 2, 3]


def test_units_of_a_file_are_kept_when_the_model_changes(samples, tmp_path):
    path = tmp_path / "c.json"
    found(samples, path)
    before = ClusterStore(path).file.settings
    other = ClassModel()
    other.low, other.high = other.low - 0.01, other.high + 0.01
    events = found(samples, path, class_model=other)
    assert [event.details["cluster"] for event in events] == ["A", "A", "B"]
    assert ClusterStore(path).file.settings == before
