# SPDX-License-Identifier: GPL-3.0-or-later
"""Named clusters are trained on: a new class of the model, without harm to the others."""

import json
import subprocess
import sys

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.event_json import from_json_line, to_json_line
from gnuradio.sentinel.gnss.clusters.cluster_store import ClusterStore
from gnuradio.sentinel.gnss.clusters.unknown_clusters import IntervalRows
from gnuradio.sentinel.gnss.description import NAMES
from gnuradio.sentinel.gnss.detect import detect
from gnuradio.sentinel.gnss.evaluation.classes import class_numbers
from gnuradio.sentinel.gnss.families import FAMILIES
from gnuradio.sentinel.gnss.learned import ClassModel
from gnuradio.sentinel.gnss.simulation.campaign import snapshot_campaign
from gnuradio.sentinel.gnss.simulation.parameters import check_parameters
from gnuradio.sentinel.gnss.simulation.receiver_model import Receiver
from gnuradio.sentinel.gnss.simulation.session import Interval, Session
from gnuradio.sentinel.gnss.training.additions import (
    LEAST_SECONDS,
    MOST_REPEATS,
    Addition,
    TrainingTable,
    added_digest,
    extended,
    read_additions,
    widened,
)
from gnuradio.sentinel.gnss.training.columns import columns_of, join_columns
from gnuradio.sentinel.gnss.training.dataset import render_features
from gnuradio.sentinel.gnss.training.shipped import Clock, jammed, write_classifier

RATE = 256e3
COMMAND = (sys.executable, "-c", "import sys; from gnuradio.sentinel.apps.main import main; sys.exit(main())")
WIDE = {"bandwidth_hz": 128e3, "offset_hz": 8e3, "hops_per_s": 3000, "channels": 12}
COUNT = len(NAMES)


def scene(levels, seed):
    """Samples with stretches of 3 s of the same emitter, hopping, at these J/N."""
    parameters = check_parameters("hopping", WIDE, RATE)
    intervals = tuple(
        Interval(12 + 8 * k, 15 + 8 * k, "hopping", parameters, level, seed + k)
        for k, level in enumerate(levels)
    )
    session = Session(12.0 + 8 * len(levels), Receiver(noise_lsb=8.0), intervals, sample_rate=RATE, seed=seed)
    return np.concatenate([part for part, _ in session.chunks()])


def columns(sessions, split):
    """Jammed seconds of all families, few of them and at a low rate."""
    keys = {"levels": 2, "baseline_s": 5, "clean_s": 1, "sample_rate": RATE, "jn_range_db": (0.0, 15.0)}
    made = enumerate(snapshot_campaign(7, sessions, split, **keys))
    return jammed(join_columns([columns_of(render_features(one), number, told=True) for number, one in made]))


@pytest.fixture(scope="module")
def clusters(tmp_path_factory):
    """A file in which 12 s of the emitter have a name."""
    path = tmp_path_factory.mktemp("clusters") / "c.json"
    # Whatever the shipped model makes of it at this low rate: what is less than sure counts as unknown.
    settings = {"gain_is": "fixed", "unknown_share": 0.5}
    events = detect(scene((8.0, 4.0, 6.0, 2.0), 3), RATE, clusters=path, **settings).events
    assert [event.details["cluster"] for event in events] == ["A"] * 4
    ClusterStore(path).rename("A", "delivery van")
    return path


def test_a_model_trained_on_named_seconds_names_the_emitter_and_the_old_classes(clusters, tmp_path):
    additions, left_out = read_additions([clusters])
    assert [(part.name, len(part.rows)) for part in additions] == [("delivery van", 12)] and left_out == ()
    train, held_out = columns(5, "train"), columns(3, "design")
    right = {}
    for name, added in (("before", ()), ("after", additions)):
        (tmp_path / name).mkdir()
        path = write_classifier(
            tmp_path / name, train, held_out, Clock.start(None), added, trees=(30,), rows_per_leaf=(2,)
        )
        model = ClassModel(path)
        answers = [model.classes[int(np.argmax(one.mean))] for one in model.predict(held_out.description)]
        truth = [FAMILIES[label - 1] for label in held_out.label]
        right[name] = np.mean(np.array(answers) == truth)
    assert right["before"] > 0.7 and right["after"] > right["before"] - 0.05
    assert model.classes == (*FAMILIES, "delivery van")
    card = json.loads((tmp_path / "after" / "classifier.card.json").read_text())
    assert card["data_recipe"]["added_seconds"] == {"delivery van": 12} and "--add" in card["command"]
    # Another stretch, with other noise and at other levels.
    events = detect(scene((5.0, 9.0), 77), RATE, gain_is="fixed", class_model=model).events
    assert [event.label for event in events] == ["delivery van"] * 2
    for event in events:
        assert set(event.details["class_probability"]) == {*model.classes}
        assert set(event.details["minutes"]) == {"delivery van"} and event.confidence > 0.5
        assert from_json_line(to_json_line(event)).label == "delivery van"
    # The tables of evaluate are of simulated classes.
    with pytest.raises(InputError, match="delivery van"):
        class_numbers(model)
    assert class_numbers(ClassModel()) == list(range(1, 12))


def table(counts, classes=("a", "b")):
    labels = np.repeat(np.arange(len(counts)), counts)
    rows = np.zeros((len(labels), COUNT), np.float32)
    return TrainingTable(rows, labels, np.arange(len(labels)) // 10, classes)


def addition(name, count, value=1.0):
    return Addition(name, np.full((count, COUNT), value, np.float32), np.arange(count) // 5)


def test_few_seconds_of_a_new_class_count_more_and_many_do_not():
    old = table((200, 100))
    few = extended(old, [addition("c", 10)])
    assert few.classes == ("a", "b", "c") and old.classes == ("a", "b")
    assert np.bincount(few.labels).tolist() == [200, 100, 10 * MOST_REPEATS]
    # Half of the mean of 150, in whole copies.
    assert np.bincount(extended(old, [addition("c", 50)]).labels)[2] == 100
    assert np.bincount(extended(old, [addition("c", 500)]).labels)[2] == 500
    # Copies of a second are held out together, and with no second of another session.
    groups = few.groups[few.labels == 2]
    assert set(groups.tolist()).isdisjoint(few.groups[few.labels < 2].tolist()) and len(set(groups)) == 2
    more = extended(old, [addition("b", 10), addition("c", 10), addition("d", 10)])
    assert more.classes == ("a", "b", "c", "d") and np.bincount(more.labels)[1] == 110
    assert len(more.rows) == len(more.labels) == len(more.groups)


def test_ranges_are_widened_by_what_is_added_but_not_by_a_single_second():
    part = addition("c", 100, 3.0)
    part.rows[0] = 1e6
    low, high = widened(np.zeros(COUNT), np.ones(COUNT), [part])
    assert (low == 0).all() and (high == 3).all()
    assert added_digest([part]) != added_digest([addition("c", 100, 3.0)])


def written(path, kinds):
    """A file with an interval for each (kind, seconds), kinds far apart."""
    model = ClassModel()
    store = ClusterStore(path, model, 1.0)
    (event,) = detect(scene((8.0,), 3), RATE, gain_is="fixed").events
    for kind, seconds in kinds:
        rows = IntervalRows()
        for _ in range(seconds):
            rows.add(np.where(np.arange(COUNT) % 5 == kind, model.high, model.low))
        store.take(event, rows)
    return path


def test_names_are_put_together_over_clusters_and_files_and_the_unnamed_left_out(tmp_path):
    one = written(tmp_path / "1.json", [(0, 6), (1, 3), (2, 50), (0, 1)])
    two = written(tmp_path / "2.json", [(3, 4), (4, 12)])
    for path, letters, name in ((one, "A", "van"), (one, "B", "van"), (two, "A", "van"), (two, "B", "cw")):
        ClusterStore(path).rename(letters, name)
    additions, left_out = read_additions([one, two])
    assert [(part.name, len(part.rows)) for part in additions] == [("cw", 12), ("van", 14)]
    assert additions[1].interval.tolist() == [0] * 6 + [1] + [2] * 3 + [3] * 4
    assert left_out == (f"{one}: clusters without a name, left out: 1",)
    assert extended(table((200, 100), ("cw", "am")), additions).classes == ("cw", "am", "van")


def train(*words):
    done = subprocess.run(
        [*COMMAND, "train", "gnss", *map(str, words)], capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def test_what_cannot_be_added_is_one_line(tmp_path):
    path = written(tmp_path / "c.json", [(0, LEAST_SECONDS - 1)])
    only = ("--only", "classifier", "--add", path, "--out", tmp_path / "models")
    for words, says in (
        (("--add", path), "--only classifier"),
        (only, "no cluster has a name"),
        ((*only, "--add", tmp_path / "no.json"), "no such file"),
    ):
        code, _, errors = train(*words)
        assert code == 2 and says in errors and len(errors.splitlines()) == 1
    ClusterStore(path).rename("A", "van")
    code, _, errors = train(*only)
    assert code == 2 and "9 seconds of 'van', 10 are needed" in errors and len(errors.splitlines()) == 1
    assert not (tmp_path / "models").exists()
