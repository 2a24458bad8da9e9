# SPDX-License-Identifier: GPL-3.0-or-later
import json
import logging
import multiprocessing
import os

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.evaluation import (
    Cell,
    ResultStore,
    cell_generator,
    check_quick,
    final_seed,
    frozen_hash,
    grid,
    markdown_table,
    named_seed,
    replace_section,
    run_grid,
)

AXES = {"method": ["a", "b"], "e_n0_db": [7.0, 8.0, 9.5]}


def detections(cell):
    probability = cell.key["e_n0_db"] / 10 - (0.1 if cell.key["method"] == "b" else 0)
    return {"detected": int(cell_generator(cell).binomial(cell.trials, probability))}


@pytest.fixture
def store(tmp_path):
    with ResultStore(tmp_path / "docs" / "cells.jsonl", "1.0", "abc") as result:
        yield result


@pytest.fixture
def warnings_of(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("gnuradio.sentinel"), "propagate", True)
    caplog.set_level(logging.WARNING)
    return caplog


def test_grid_has_all_combinations_in_order():
    cells = grid(AXES, trials=5, seed=lambda key: named_seed("design", key))
    assert [(cell.key["method"], cell.key["e_n0_db"]) for cell in cells[:4]] == [
        ("a", 7),
        ("a", 8),
        ("a", 9.5),
        ("b", 7),
    ]
    assert len({cell.seed for cell in cells}) == 6


def test_done_cells_are_skipped_and_progress_counts_them(store):
    cells = grid(AXES, 100, 1)
    calls, seen = [], []

    def function(cell):
        calls.append(cell)
        return detections(cell)

    first = run_grid(cells[:4], function, store, progress=seen.append)
    again = run_grid(cells, function, store, progress=seen.append)
    assert (first.computed, first.done_before, first.left) == (4, 0, 0)
    assert (again.computed, again.done_before, again.left) == (2, 4, 0)
    assert len(calls) == 6
    assert seen == [1, 1, 1, 1, 4, 1, 1]


def test_another_kernel_or_model_starts_anew(store, tmp_path):
    cells = grid(AXES, 100, 1)
    run_grid(cells, detections, store)
    for kernel, model in (("1.1", "abc"), ("1.0", "abd")):
        with ResultStore(store.path, kernel, model) as other:
            assert len(other.pending(cells)) == 6
            assert other.total(cells[0].key) == {"trials": 0}


def test_trials_of_distinct_seeds_add_up_and_one_seed_counts_once(store):
    key = {"x": 1}
    store.append(Cell(key, 100, 1), {"detected": 60, "error2": 2.5, "delays": [1, 2]})
    store.append(Cell(key, 50, 2), {"detected": 20, "error2": 0.5, "delays": [3]})
    store.append(Cell(key, 100, 1), {"detected": 60, "error2": 2.5, "delays": [1, 2]})
    assert store.total(key) == {"trials": 150, "detected": 80, "error2": 3.0, "delays": [1, 2, 3]}
    # The longer run of a seed contains the shorter.
    store.append(Cell(key, 400, 2), {"detected": 150, "error2": 4.0, "delays": []})
    assert store.total(key)["trials"] == 500
    assert not store.pending([Cell(key, 300, 2)])
    assert store.pending([Cell(key, 401, 2)])
    assert store.totals() == [(key, store.total(key))]


def test_time_limit_stops_before_the_next_cell_and_the_run_resumes(store):
    cells = grid(AXES, 10, 1)
    stopped = run_grid(cells, detections, store, max_minutes=0)
    assert (stopped.computed, stopped.left) == (0, 6)
    assert run_grid(cells, detections, store, max_minutes=1).left == 0


def test_damaged_lines_cost_only_their_own_cells(store, warnings_of):
    cells = grid(AXES, 10, 1)
    run_grid(cells, detections, store)
    lines = store.path.read_text().splitlines(keepends=True)
    lines[2] = "not json\n"
    lines[3] = "[" + "\n"
    lines[4] = lines[4].replace('"trials":10', '"trials":"10"')
    store.path.write_text("".join(lines)[:-9])  # the last line is cut as by a kill
    with ResultStore(store.path, "1.0", "abc") as fresh:
        assert len(fresh.pending(cells)) == 4
        assert "4 damaged lines" in warnings_of.text
        run_grid(cells, detections, fresh)
        assert not fresh.pending(cells)
        whole = [fresh.total(cell.key) for cell in cells]
    assert whole == [{"trials": 10, **detections(cell)} for cell in cells]


def test_results_that_cannot_add_up_are_refused(store):
    cell = Cell({"x": 1}, 1, 1)
    for result in ({"a": float("nan")}, {"a": "text"}, {"a": None}, [1], {"trials": 3}):
        with pytest.raises(ValueError):
            store.append(cell, result)
    store.append(cell, {"a": np.int64(3), "b": [np.float64(0.5)]})
    assert store.total({"x": 1.0}) == {"trials": 1, "a": 3, "b": [0.5]}
    for bad in ({"trials": 0, "seed": 1}, {"trials": 1, "seed": -1}, {"trials": 1.5, "seed": 1}):
        with pytest.raises(ValueError):
            Cell({"x": 1}, **bad)


def _work(path, barrier, log):
    def function(cell):
        with open(log, "a") as stream:
            stream.write(cell.key_text + "\n")
        return detections(cell)

    with ResultStore(path, "1.0") as store:
        barrier.wait()
        run_grid(
            grid({"method": ["a", "b"], "e_n0_db": list(np.linspace(2, 9, 100))}, 20, 1), function, store
        )


def test_two_workers_share_a_grid(tmp_path):
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(2)
    path, log = tmp_path / "cells.jsonl", tmp_path / "log"
    workers = [context.Process(target=_work, args=(path, barrier, log)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    # Claims and the second look keep the work itself from being done twice.
    assert len(lines) == len(log.read_text().splitlines()) == 200
    assert len({json.dumps(line["cell"], sort_keys=True) for line in lines}) == 200


def test_claim_of_a_dead_worker_is_free(store):
    cell = Cell({"x": 1}, 1, 1)
    context = multiprocessing.get_context("fork")
    ready = context.Event()

    def die():
        with ResultStore(store.path, "1.0", "abc") as other, other.claim(cell):
            ready.set()
            context.Event().wait()

    worker = context.Process(target=die)
    worker.start()
    assert ready.wait(30)
    with store.claim(cell) as mine:
        assert not mine
    worker.kill()
    worker.join()
    with store.claim(cell) as mine:
        assert mine


def test_final_seeds_depend_on_hash_and_place():
    seeds = {final_seed(h, {"x": x}) for h in ("ab" * 32, "cd" * 32) for x in (1, 2)}
    assert len(seeds) == 4
    assert final_seed("AB" * 32, {"x": 1.0}) == final_seed("ab" * 32, {"x": 1})
    assert all(0 <= seed < 2**63 for seed in seeds)
    # Pinned: a published final figure must stay reproducible.
    assert final_seed("00", {"x": 1}) == 5716223787914548597


def test_frozen_hash_sees_contents_and_not_names(tmp_path):
    a, b, c = (tmp_path / name for name in "abc")
    a.write_bytes(b"model")
    b.write_bytes(b"calibration")
    c.write_bytes(b"model")
    assert frozen_hash([a, b]) == frozen_hash([b, c])
    assert frozen_hash([a, b]) != frozen_hash([a])
    b.write_bytes(b"calibratioN")
    assert frozen_hash([a, b]) != frozen_hash([b])
    assert len({frozen_hash([a, b]), frozen_hash([a]), frozen_hash([a, c])}) == 3


def test_cells_do_not_share_noise():
    a, b = (cell_generator(Cell({"x": x}, 1, 1)).random(4) for x in (1, 2))
    assert not np.any(a == b)


def test_quick_check_passes_unchanged_and_finds_a_loss(store):
    cells = grid({"method": ["a", "b"], "e_n0_db": list(np.arange(2, 9.5, 0.25))}, 2000, 1)
    run_grid(cells, detections, store)
    calls = []

    def same(cell):
        calls.append(cell)
        return detections(cell)

    assert check_quick(cells, same, store, ["detected"], trials=500) == []
    assert len(calls) == 6
    assert all(cell.trials == 500 for cell in calls)

    def worse(cell):
        return {"detected": int(detections(cell)["detected"] * 0.7)}

    failures = check_quick(cells, worse, store, ["detected"], trials=500)
    assert failures
    assert "detected was" in str(failures[0])


def test_quick_check_errs_no_more_often_than_stated(store):
    cells = grid(AXES, 400, 1)
    run_grid(cells, detections, store)
    failed = sum(
        bool(check_quick(cells, detections, store, ["detected"], share=1, error=0.2, sample=str(turn)))
        for turn in range(60)
    )
    # Fisher's test is conservative; 60 * 0.2 = 12 plus three sigma would be 21.
    assert failed <= 21


def test_quick_check_misses_nothing_committed(store):
    failures = check_quick(grid(AXES, 10, 1), detections, store, ["detected"])
    assert len(failures) == 1
    assert "run the full evaluation" in str(failures[0])


def test_markdown_table_is_padded_and_escaped():
    text = markdown_table(["E/N0", "Pd"], [[7, "a|b"], [10.25, "line\nbreak"]])
    assert text.splitlines() == [
        "| E/N0  | Pd         |",
        "| ----- | ---------- |",
        "| 7     | a\\|b       |",
        "| 10.25 | line break |",
    ]
    with pytest.raises(ValueError, match="row of 1"):
        markdown_table(["a", "b"], [[1]])


def test_section_is_replaced_and_the_rest_kept(tmp_path):
    path = tmp_path / "results.md"
    path.write_text("Häder\n<!-- begin:t -->\nold\n<!-- end:t -->\nfoot\n", encoding="utf-8")
    assert replace_section(path, "t", "| new |\n")
    assert path.read_text(encoding="utf-8") == "Häder\n<!-- begin:t -->\n| new |\n<!-- end:t -->\nfoot\n"
    assert not replace_section(path, "t", "| new |")
    assert os.listdir(tmp_path) == ["results.md"]


@pytest.mark.parametrize(
    "text",
    [
        "none",
        "<!-- begin:t -->",
        "<!-- end:t --><!-- begin:t -->",
        "<!-- begin:t --><!-- begin:t --><!-- end:t -->",
    ],
)
def test_unclear_markers_are_refused(tmp_path, text):
    path = tmp_path / "results.md"
    path.write_text(text)
    with pytest.raises(InputError, match="section t is not marked"):
        replace_section(path, "t", "x")
    assert path.read_text() == text
