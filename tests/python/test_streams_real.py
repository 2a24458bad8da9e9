# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of row of `sentinel evaluate streams`, in short: sender and receiver as processes."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from gnuradio.sentinel.apps import evaluate_streams, evaluate_streams_same
from gnuradio.sentinel.apps.evaluate_streams_check import (
    Cycles,
    missing_ranges,
    overlaps,
    quiet_seed,
    segments,
)
from gnuradio.sentinel.apps.evaluate_streams_clock import measure_clock
from gnuradio.sentinel.apps.evaluate_streams_junk import measure_junk
from gnuradio.sentinel.apps.evaluate_streams_loss import CASES, measure_damage
from gnuradio.sentinel.apps.evaluate_streams_page import write_page
from gnuradio.sentinel.apps.evaluate_streams_restart import measure_restart
from gnuradio.sentinel.apps.evaluate_streams_row import Row
from gnuradio.sentinel.apps.evaluate_streams_run import Bench
from gnuradio.sentinel.core.packet_damage import Damage

SHORT_S = {"udp": 6, "zmqiq": 20}


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SENTINEL_CACHE_DIR", str(tmp_path_factory.mktemp("calibrations")))
        yield


def measured(folder: Path, *measures):
    """Rows, measured five at a time: most of the time is that of a radio."""

    def one(numbered):
        number, measure = numbered
        own = folder / str(number)
        own.mkdir()
        with Bench(own) as bench:
            return measure(bench)

    with ThreadPoolExecutor(5) as pool:
        return list(pool.map(one, enumerate(measures)))


def check(rows):
    """No claim failed, and every sample is accounted for."""
    assert {f"{row.kind} {row.name}": row.failures for row in rows if row.failures} == {}
    assert all(row.difference == 0 and row.received > 0 for row in rows)


def test_the_same_scene_gives_the_same_detections_by_every_way(tmp_path):
    cases = evaluate_streams_same.CASES
    assert [case.kind for case in cases] == ["udp", "udp", "zmqiq", "zmq", "rtl_tcp"]
    rows = measured(
        tmp_path,
        *(lambda bench, case=case: evaluate_streams_same.measure_same(bench, case, 6) for case in cases),
    )
    check(rows)
    assert all(row.found == rows[0].found for row in rows[:4])


@pytest.mark.parametrize("kind", ["udp", "zmqiq"])
def test_damage_is_counted_to_the_sample(tmp_path, kind):
    # Steps of the clock come at 12 s, beyond the short run over UDP.
    cases = [
        case for case in CASES if "loss 5" in case.name or "late" in case.name or "duplicates" in case.name
    ]
    cases += [case for case in CASES if case.steps and kind == "zmqiq"]
    assert len(cases) == 3 + 2 * (kind == "zmqiq")
    rows = measured(
        tmp_path,
        *(lambda bench, case=case: measure_damage(bench, case, kind, SHORT_S[kind]) for case in cases),
    )
    check(rows)
    assert rows[0].filled > 0 and rows[0].gaps_told == rows[0].gaps_made > 0
    assert rows[1].duplicate > 0 and rows[2].late > 0


def test_restarts_clock_errors_and_bad_packets(tmp_path):
    rows = measured(
        tmp_path,
        lambda bench: measure_restart(bench, "zmqiq", 1, 6),
        lambda bench: measure_junk(bench, "udp", 6),
        lambda bench: measure_junk(bench, "zmqiq", 20),
        lambda bench: measure_clock(bench, "zmqiq", 50.0, 600),
        lambda bench: measure_clock(bench, "udp", -50.0, 600),
    )
    check(rows)


def test_what_is_missing_is_what_the_damage_takes():
    damage = quiet_seed(Damage(loss=0.05, seed=3), 400)
    ranges = missing_ranges(damage, 400 * 10 - 5, 10)
    assert ranges and all(begin % 10 == 0 and end % 10 == 0 and begin < end for begin, end in ranges)
    assert all(a[1] < b[0] for a, b in pairwise(ranges))
    assert missing_ranges(Damage(reorder=0.1, seed=1), 4000, 10) == []
    assert missing_ranges(Damage(late=0.02, seed=1), 4000, 10) != []
    assert segments(100, [(10, 20), (50, 50)]) == [(0, 10), (20, 50), (50, 100)]
    assert Cycles(30, 20).starts([(0, 71), (80, 109)]) == [0, 20, 40]
    assert overlaps(0, 10, [(9, 12)]) and not overlaps(0, 9, [(9, 12)])


def test_the_page_says_what_did_not_hold(tmp_path):
    page = tmp_path / "results-streams.md"
    row = Row("damage", "loss 1 %", "udp", made=10, received=7, filled=2)
    row.claim(row.difference == 0, "1 samples are not accounted for")
    write_page([row], page, "Conditions.\n")
    text = page.read_text(encoding="utf-8")
    assert "no: 1 samples are not accounted for" in text and "| 10   | 7        | 2      |" in text
    names = [task.name for task in evaluate_streams.tasks()]
    quick = [task for task in evaluate_streams.tasks() if task.quick]
    assert len(set(names)) == len(names) and 3 <= len(quick) <= 5
