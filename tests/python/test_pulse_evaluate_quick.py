# SPDX-License-Identifier: GPL-3.0-or-later
"""The committed figures still hold: a tenth of the cells, computed again, lies within their intervals."""

import json
import re
from pathlib import Path

import pytest
from gnuradio.sentinel.pulse.evaluation import run as evaluate

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "data" / "results-pulse.jsonl"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SENTINEL_CACHE_DIR", str(tmp_path / "calibrations"))


def test_committed_figures_hold():
    with evaluate.open_store(COMMITTED) as store:
        failures, _ = evaluate.quick_check(store)
    assert not failures, "\n".join(map(str, failures))


def test_figures_that_do_not_hold_are_told(tmp_path):
    wrong = tmp_path / "results.jsonl"
    with open(COMMITTED) as lines, open(wrong, "w") as out:
        for line in lines:
            entry = json.loads(line)
            if entry["cell"]["table"] == "robustness":
                entry["result"]["hits"] = entry["trials"]
            if entry["cell"]["table"] != "detection":
                out.write(json.dumps(entry) + "\n")
    tables = [table for table in evaluate.TABLES if table.name in ("robustness", "detection")]
    with pytest.MonkeyPatch.context() as patch, evaluate.open_store(wrong) as store:
        patch.setattr(evaluate, "TABLES", tables)
        failures, _ = evaluate.quick_check(store)
    told = "\n".join(map(str, failures))
    assert "no committed hits" in told  # detection was left out
    assert re.search(r"hits was (\d+)/\1, is 0/150", told)
