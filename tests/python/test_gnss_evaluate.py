# SPDX-License-Identifier: GPL-3.0-or-later
"""The trials behind the measured figures of the interference monitor are what they say they are."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.evaluation import Cell
from gnuradio.sentinel.gnss.config import GnssSettings
from gnuradio.sentinel.gnss.detect import detect_in
from gnuradio.sentinel.gnss.evaluation import class_tables as evaluate_class_tables
from gnuradio.sentinel.gnss.evaluation import classes as evaluate_classes
from gnuradio.sentinel.gnss.evaluation import closed_forms as evaluate_closed_forms
from gnuradio.sentinel.gnss.evaluation import detection_tables as evaluate_detection_tables
from gnuradio.sentinel.gnss.evaluation import published as evaluate_published
from gnuradio.sentinel.gnss.evaluation import unseen as evaluate_unseen
from gnuradio.sentinel.gnss.evaluation.bench import DESIGN, Bench, design_seeds, session_of, watch
from gnuradio.sentinel.gnss.evaluation.detection import CLEAN, STRETCH
from gnuradio.sentinel.gnss.evaluation.f2 import f2, sessions_f2
from gnuradio.sentinel.gnss.evaluation.grids import DETECTION, QUIET, TABLES
from gnuradio.sentinel.gnss.families import CLASSES
from gnuradio.sentinel.gnss.learned import DETECTOR_FILE
from gnuradio.sentinel.gnss.training import published_data
from gnuradio.sentinel.gnss.training.published_data import JAMMERS, KINDS, sessions
from gnuradio.sentinel.gnss.training.sets import SETS

needs_models = pytest.mark.skipif(not DETECTOR_FILE.exists(), reason="the shipped models are not there")


def test_every_session_of_a_set_is_one_cell():
    for table in TABLES:
        for name in table.sets:
            seeds = [cell.seed for cell in table.cells() if cell.key["set"] == name]
            assert sorted(seeds) == list(range(1, SETS[name].sessions + 1))


def test_told_and_untold_cells_are_such_sessions():
    for key, seeds in DETECTION.places():
        for seed in seeds[:2]:
            assert session_of(Cell(key, 1, seed)).gain_known == (key["gain"] == "told")
            fresh = session_of(Cell({**key, "seeds": "final"}, 1, seed))
            assert fresh.gain_known == (key["gain"] == "told")


def test_a_cell_of_a_set_is_that_session_of_it():
    every = list(SETS["classes-test"]())
    cell = Cell({"table": "gnss_classes", "seeds": DESIGN, "set": "classes-test"}, 1, 3)
    assert repr(session_of(cell)) == repr(every[2])
    assert repr(session_of(replace(cell, key={**cell.key, "seeds": "final"}))) != repr(every[2])


def test_final_seeds_depend_on_what_is_frozen_and_scale_leaves_sessions_out():
    seeds = {frozen: [cell.seed for cell in QUIET.cells(frozen)] for frozen in ("ab", "cd")}
    assert not {*seeds["ab"]} & {*seeds["cd"]} and len({*seeds["ab"]}) == SETS["quiet-verify"].sessions
    assert len(list(QUIET.cells(scale=0.1))) == 6  # 4 of 32 and 2 of 16
    assert design_seeds("quiet-verify", "untold")[:2] == [3, 6]


def test_a_short_session_keeps_what_begins_in_it():
    key = {"table": "gnss_points", "seeds": "final", "set": "cw-20", "duration_s": 60}
    session = session_of(Cell(key, 1, 5))
    assert session.duration_s == 60 and session.intervals and session.intervals[-1].start_s < 60


@needs_models
def test_a_session_of_single_seconds_is_counted_once(tmp_path):
    cell = Cell({"table": "gnss_classes", "seeds": DESIGN, "set": "classes-test"}, 1, 1)
    result = evaluate_classes.measure_classes(cell, Bench(tmp_path))
    assert sum(result["total"]) == 36 and result["total"][0] == 3 and result["total_given"] == 33
    named = evaluate_class_tables.counts_of(result, "named")
    assert named.sum() == 36 and named[evaluate_classes.CLEAN, 0].sum() == 3
    right = [named[:, c, c].sum() for c in range(len(CLASSES))]
    assert right == result["right"]
    assert len(result["doubt"]) == len(result["wrong"]) == named[:4, 1:12, 1:].sum()


def test_f2_over_sessions():
    counts = np.array([[10, 0, 1], [8, 2, 0], [9, 1, 0]])
    value, interval = sessions_f2(counts)
    assert value == f2(27, 3, 1) and interval.low < value < interval.high
    value, interval = sessions_f2(np.array([[10, 0, 0], [12, 0, 0]]))
    assert value == 1.0 and interval.low < 1.0 and interval.high == 1.0


def _sessions(after, found, seconds=10, clean=(40, 0, 0, 0, 0)):
    row = [2, -12.0, seconds, *(value for _ in range(4) for value in (after, found))]
    return evaluate_detection_tables.Sessions(np.array([row]), np.array([0]), np.array([clean], float))


def test_misses_and_false_alarms_come_from_rows():
    assert len(STRETCH) == 11 and len(CLEAN) == 5
    assert _sessions(3, 8, clean=(40, 2, 0, 0, 0)).f2_counts("trees").tolist() == [[8, 2, 2]]
    assert _sessions(5, 6).in_time("rule").all()
    assert not _sessions(6, 5).in_time("rule").any() and not _sessions(-1, 0).in_time("rule").any()


def test_a_signal_mixed_with_noise_has_the_kurtosis_of_the_formula():
    assert evaluate_closed_forms.mixed_kurtosis(1.0, 0.0) == 2
    assert evaluate_closed_forms.mixed_kurtosis(1.0, 1e9) == pytest.approx(1)
    for signal in ("four tones", "gated noise"):
        cell = Cell({"table": evaluate_closed_forms.TABLE, "signal": signal, "jn_db": 0.0}, 1, 3)
        found = evaluate_closed_forms.measure_closed_forms(cell)
        # Gated noise: 10 000 rows of kurtosis 2 carry all of it.
        limit = 0.05 if signal == "four tones" else 0.35
        assert found["kurtosis"] == pytest.approx(found["expected"], abs=limit)


def test_published_results_are_taken_once(tmp_path):
    stage = {"accuracy": 0.75, "macro_f2": 0.7, "rows": 100, "trained_rows": 200}
    stage |= {"training_s": 3.0, "inference_ms": 0.1, "confusion": [[1]]}
    place = evaluate_published.folder(tmp_path, "jammers")
    place.mkdir(parents=True)
    path = place / "published.json"
    path.write_text(json.dumps({"stages": {"forest/session": stage}}))
    with evaluate_published.ResultStore(tmp_path / "r.jsonl", "v") as store:
        assert evaluate_published.adopt(store, tmp_path) == 1
        assert evaluate_published.adopt(store, tmp_path) == 0
        text = evaluate_published.section(store)
        assert "0.750 (0.657 – 0.825)" in text and text.count("not run yet") == 5
        path.write_text("{}")
        with pytest.raises(InputError, match="damaged"):
            evaluate_published.adopt(store, tmp_path)


def test_the_shipped_models_stand_beside_the_published_ones_on_the_same_seconds(tmp_path, monkeypatch):
    monkeypatch.setitem(KINDS, "classes", replace(KINDS["classes"], sessions=3, jn_range_db=(5.0, 20.0)))
    result = evaluate_published.measure_shipped(evaluate_published.SHIPPED, tmp_path, Bench())
    # One session of three is the test side: 11 families and none, 5 s each.
    assert result["rows"] == 60 and result["forest_rows"] == 55
    assert (
        sum(result["confusion"]) == 60
        and np.trace(np.reshape(result["confusion"], (12, 12))) == result["right"]
    )
    assert result["right"] > 45
    with evaluate_published.ResultStore(tmp_path / "r.jsonl", "v") as store:
        store.append(evaluate_published.SHIPPED, result, 1.0)
        assert "shipped detector and forest" in evaluate_published.section(store)


def test_published_jammers_can_be_told_by_their_width():
    session = next(sessions("jammers"))
    widths = {part.parameters["bandwidth_hz"] for part in session.intervals}
    assert len(widths) == len(JAMMERS) == 4
    assert {part.stop_s - part.start_s for part in session.intervals} == {5}
    assert session.duration_s == 8 + 5 * 5 * KINDS["jammers"].each
    assert {part.family for part in next(sessions("classes")).intervals} == {*CLASSES[1:]}


def test_rejection_and_accuracy_come_from_counts():
    total = {"right": [2] * 12 + [4] * 12, "total": [4] * 24}
    value, interval = evaluate_class_tables.accuracy(total)
    assert value == 0.75 and interval.low == 0.5 and interval.high == 1.0


def test_unseen_table_names_what_a_class_is_taken_for(tmp_path):
    with evaluate_unseen.ResultStore(tmp_path / "r.jsonl", "v") as store:
        assert "Not measured" in evaluate_unseen.section(store)
        result = {}
        for name in CLASSES[1:]:
            result |= {f"{name}_rows": 50, f"{name}_called_none": 1, f"{name}_called_unknown": 20}
            result |= {f"{name}_most_often": 3, f"{name}_most_often_share": 10, f"{name}_known_rows": 100}
            result |= {f"{name}_known_rejected": 5, f"{name}_known_accuracy": 0.8}
        (cell,) = evaluate_unseen.cells()
        store.append(cell, result)
        text = evaluate_unseen.section(store)
    assert "multitone 0.200" in text and "called none 0.020" in text


COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "data" / "results-gnss.jsonl"


@needs_models
@pytest.mark.skipif(not COMMITTED.exists(), reason="no figures of this room are committed")
def test_committed_figures_hold():
    from gnuradio.sentinel.gnss.evaluation import run as evaluate

    with evaluate.open_store(COMMITTED) as store:
        failures, _ = evaluate.quick_check(store)
    assert not failures, "\n".join(map(str, failures))


def test_published_data_are_rows_and_pictures_of_the_same_seconds(tmp_path, monkeypatch):
    kind = replace(KINDS["jammers"], sessions=2, each=1)
    monkeypatch.setitem(published_data.KINDS, "jammers", kind)
    told = []
    provider = published_data.PublishedData("jammers", tmp_path, told.append).provider()
    rows, pictures = provider.forest(), provider.images()
    assert len(told) == 4 and provider.key != published_data.PublishedData("classes", tmp_path).provider().key
    assert rows.features.shape == (50, len(rows.names)) and len(rows.names) > 250
    assert np.isfinite(rows.features).all()
    assert pictures.power.shape == (10, 5, 64)
    for labels, each in ((rows.labels, 10), (pictures.labels, 2)):
        names, counts = np.unique(labels, return_counts=True)
        assert sorted(names) == sorted(kind.classes) and set(counts) == {each}
    place = int(np.flatnonzero(pictures.labels == "jammer 2")[0])
    first = np.flatnonzero(rows.groups == pictures.groups[place])[5 * (place % 5)]
    power_db = 10 * np.log10(pictures.power[place, 0])
    assert np.allclose(rows.features[first, :64], power_db, atol=1e-3)
    assert rows.labels[first] == "jammer 2"


@needs_models
def test_figures_that_are_not_there_are_told(tmp_path):
    from gnuradio.sentinel.gnss.evaluation import run as evaluate

    with evaluate.open_store(tmp_path / "r.jsonl") as store:
        failures, _ = evaluate.quick_check(store)
        with pytest.raises(InputError, match="thresholds are missing"):
            evaluate.make_bench(store, None).thresholds()
    told = "\n".join(map(str, failures))
    assert all(f"no committed {table.compared[0]}" in told for table in TABLES)


@needs_models
def test_what_the_monitor_opens_are_the_events_of_the_room(tmp_path):
    cell = Cell({"table": "gnss_points", "seeds": "final", "set": "cw-10", "duration_s": 60}, 1, 7)
    bench = Bench(tmp_path)
    rendered = bench.rendered(cell)
    watched = watch(rendered, bench.detection)
    events = detect_in(rendered.snapshots, GnssSettings(), None, bench.detection).events
    starts = [event.sample_start for event in events]
    assert starts and starts == rendered.snapshots.sample_start[watched.opened].tolist()
