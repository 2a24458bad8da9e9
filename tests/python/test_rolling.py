# SPDX-License-Identifier: GPL-3.0-or-later
"""Output files of live runs: complete under their own names, in parts of an hour or a size."""

import json

import pytest
from event_strategies import an_event
from gnuradio.sentinel.core.decision import Decision
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.sinks import JsonLinesSink, Roll, RollingSink, SigmfSink, make_sink

EVENT = an_event()
DECISION = Decision(sample_start=0, sample_count=16, time=None, score=1.0, threshold=2.0, noise=0.5)
NOON = 1_782_907_200.0  # 2026-07-01T12:00:00Z


class Clock:
    now = NOON + 60

    def __call__(self):
        return self.now


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_files_begin_at_hours_and_are_complete_under_their_names(tmp_path):
    clock = Clock()
    sink = RollingSink(tmp_path / "e.jsonl", JsonLinesSink, Roll(1, 0), clock)
    assert names(tmp_path) == ["e-20260701T120100Z.jsonl.part"]
    sink.write(EVENT)
    clock.now = NOON + 3599
    sink.write(EVENT)
    clock.now = NOON + 3600
    sink.write_decision(DECISION)
    assert names(tmp_path) == ["e-20260701T120100Z.jsonl"]
    clock.now = NOON + 5000
    sink.write(EVENT)
    sink.close()
    assert names(tmp_path) == ["e-20260701T120100Z.jsonl", "e-20260701T132320Z.jsonl"]
    counts = [len((tmp_path / name).read_text().splitlines()) for name in names(tmp_path)]
    assert counts == [2, 1]


def test_files_end_at_a_size_and_never_overwrite(tmp_path):
    sink = RollingSink(tmp_path / "e.csv", lambda path: make_sink(f"csv:{path}"), Roll(0, 0.001), Clock())
    for _ in range(10):
        sink.write(EVENT)
    sink.close()
    found = names(tmp_path)
    assert len(found) > 2 and "e-20260701T120100Z-2.csv" in found and not any("part" in n for n in found)
    lines = [(tmp_path / name).read_text().splitlines() for name in found]
    assert sum(len(part) - 1 for part in lines) == 10 and len({part[0] for part in lines}) == 1


def test_annotations_are_written_per_file_and_let_go(tmp_path):
    clock = Clock()
    made = []
    sink = RollingSink(
        tmp_path / "e.sigmf-meta", lambda path: made.append(SigmfSink(path)) or made[-1], Roll(1, 0), clock
    )
    for hour in range(3):
        clock.now = NOON + 3600 * hour
        sink.write(EVENT)
    sink.close()
    assert len(made) == len(names(tmp_path)) == 3
    for name in names(tmp_path):
        assert name.endswith(".sigmf-meta")
        assert len(json.loads((tmp_path / name).read_text())["annotations"]) == 1


def test_decisions_have_files_of_their_own(tmp_path):
    sink = make_sink(f"decisions:{tmp_path}/d.jsonl", roll=Roll(1, 1))
    sink.write_decision(DECISION)
    sink.close()
    (path,) = tmp_path.iterdir()
    assert json.loads(path.read_text())["decided"] is True


def test_what_is_no_file_does_not_roll(capsys):
    assert isinstance(make_sink("jsonl:-", roll=Roll(1, 1)), JsonLinesSink)
    assert not isinstance(make_sink("console", roll=Roll(1, 1)), RollingSink)


def test_a_folder_that_is_not_there_is_told_at_once(tmp_path):
    for kind, name in (("jsonl", "e.jsonl"), ("sigmf", "e.sigmf-meta"), ("sigmf", "e.txt")):
        folder = "" if name == "e.txt" else "nowhere/"
        with pytest.raises(InputError, match="cannot write"):
            make_sink(f"{kind}:{tmp_path}/{folder}{name}", roll=Roll(1, 1))


def test_senseless_limits():
    for hours, mib in ((-1, 0), (0, float("nan")), (float("inf"), 0)):
        with pytest.raises(InputError, match="--roll-"):
            Roll(hours, mib)
    assert not Roll(0, 0)
