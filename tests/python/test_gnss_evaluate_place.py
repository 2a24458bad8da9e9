# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of ranging, positions and lanes: cells, sums, text, and what is committed."""

from pathlib import Path

import numpy as np
import pytest
from gnuradio.sentinel.core.evaluation import Cell, check_quick
from gnuradio.sentinel.gnss.evaluation import lanes as evaluate_lanes
from gnuradio.sentinel.gnss.evaluation import place as evaluate_place
from gnuradio.sentinel.gnss.evaluation import positions as evaluate_positions
from gnuradio.sentinel.gnss.evaluation import ranging as evaluate_ranging
from gnuradio.sentinel.gnss.evaluation.counts import (
    calibration_error,
    confusion_of,
    count_decisions,
    count_reliability,
    paired_generator,
)

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "data" / "results-gnss-place.jsonl"


def test_counts_there_and_back(rng):
    truth, decided = rng.integers(0, 3, (2, 200))
    counts = confusion_of(count_decisions("n", truth, decided, 3), "n", 3)
    assert counts.sum() == 200 and counts[1, 2] == np.sum((truth == 1) & (decided == 2))


def test_calibration_error_is_the_gap_between_stated_and_right():
    truth = np.array([0] * 6 + [1] * 4)
    chance = np.tile([0.85, 0.15], (10, 1))
    assert calibration_error(count_reliability("r", truth, chance), "r") == pytest.approx(0.25)


def test_cells_alike_in_the_shared_names_see_the_same_trials():
    keys = [{"scene": "road", "method": method} for method in ("a", "b")]
    draws = [paired_generator(Cell(key, 10, 1), ("scene",)).random() for key in keys]
    other = paired_generator(Cell({"scene": "6 dB", "method": "a"}, 10, 1), ("scene",)).random()
    assert draws[0] == draws[1] != other


def test_cells_are_places_of_their_own():
    cells = evaluate_place.cells()
    assert len({cell.key_text for cell in cells}) == len(cells) > 80
    assert {cell.key["table"] for cell in cells} == {"gnss_ranging", "gnss_positions", "gnss_lanes"}


def test_a_run_can_be_resumed_and_prints_tables(tmp_path):
    store = evaluate_place.open_store(tmp_path / "r.jsonl")
    assert all("Not measured" in text for text in evaluate_place.sections(store).values())
    with store:
        run = evaluate_place.run_place(store, max_minutes=0.02, scale=0.004)
        assert run.computed > 0
        wanted = [
            cell for cell in evaluate_place.cells(0.004) if cell.key.get("method") in ("likelihood", "rule")
        ]
        for cell in store.pending(wanted):
            store.append(cell, evaluate_place.measure(cell))
        texts = evaluate_place.sections(store)
    assert "Path loss 20 log10" in texts["ranging"] and "| likelihood, receiver" in texts["ranging"]
    assert "93.4" in texts["lanes"] and "0.9900 / 0.708" in texts["lanes"]
    assert "95 % ellipse holds" in texts["positions"]


@pytest.mark.parametrize("method", ["forest, seconds apart", "boosted, passes apart"])
def test_learned_cells_count_what_they_judged(method):
    key = {"table": "gnss_lanes", "scene": "road", "sensors": "two front", "method": method}
    result = evaluate_lanes.measure_lanes(Cell(key, 60, 1))
    judged = confusion_of(result, "second", 2).sum()
    assert judged == (60 * 8 if "passes" in method else 60 * 8 - round(0.7 * 60 * 8))
    assert ("pass_0_0" in result) == ("passes" in method)


def test_committed_results_are_complete_and_reach_the_targets():
    store = evaluate_place.open_store(COMMITTED)
    assert store.pending(evaluate_place.cells()) == []
    texts = evaluate_place.sections(store)
    assert "Reached: stretch" in texts["ranging"] or "Reached: strong" in texts["ranging"]
    assert ": strong; higher with three and with four" in texts["lanes"]


def test_committed_results_come_out_again():
    """Some places of each table, with other seeds and fewer trials."""
    store = evaluate_place.open_store(COMMITTED)
    lanes = [cell for cell in evaluate_lanes.cells() if cell.key["method"] == "likelihood"]
    positions = [cell for cell in evaluate_positions.cells() if cell.key["method"] == "likelihood"]
    ranging = [cell for cell in evaluate_ranging.cells() if cell.key["method"] == "likelihood"]
    for cells, names, trials, share in (
        (lanes, ("pass_0_0", "pass_1_1"), 600, 0.12),
        (positions, ("within_2", "inside"), 200, 0.4),
        (ranging, ("n_0_0", "n_1_1", "n_2_2"), 1500, 0.3),
    ):
        assert check_quick(cells, evaluate_place.measure, store, names, share, trials, 3e-4) == []
