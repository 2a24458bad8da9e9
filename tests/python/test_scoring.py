# SPDX-License-Identifier: GPL-3.0-or-later
import argparse
import json
import math

import numpy as np
import pytest
from gnuradio.sentinel.apps import score as score_command
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.intervals import poisson_interval, wilson_interval
from gnuradio.sentinel.core.matching import Tolerances, candidates, match
from gnuradio.sentinel.core.regions import (
    Region,
    observed_seconds,
    read_regions,
    region_of_event,
    regions_of_annotations,
    regions_of_event_lines,
)
from gnuradio.sentinel.core.scoring import format_score, score
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching
from sigmf import SigMFFile


def box(start, duration=1.0, freq=0.0, width=100.0, label="", **details):
    return Region(start, duration, freq, width, label, details)


def test_one_event_matches_one_truth_and_the_second_is_a_duplicate():
    result = score([box(0.0), box(0.1)], [box(0.0)], observed_s=3600)
    assert (result.matched, result.false, result.duplicates, result.missed) == (1, 1, 1, 0)
    assert result.false_alarms_per_hour == 1


def test_one_event_over_two_truths_finds_only_one():
    result = score([box(0, duration=10)], [box(1), box(5)])
    assert (result.matched, result.missed, result.false) == (1, 1, 0)


def test_assignment_gives_up_a_nearer_pair_to_match_both():
    # Event 0 is nearest to truth 1 and the only one that reaches truth 0.
    events = [box(0.6), box(2.2)]
    truths = [box(0.0, 0.7), box(1.0, 1.3)]
    assert match(events, truths, Tolerances()).pairs == [(0, 0), (1, 1)]


def test_equal_labels_decide_between_overlapping_truths():
    events = [box(0, label="b"), box(0, label="a")]
    truths = [box(0.01, label="a"), box(0.0, label="b")]
    assert match(events, truths, Tolerances()).pairs == [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    "tolerances, shift_s, shift_hz, found",
    [
        (Tolerances(), 1.0, 0, True),  # they touch
        (Tolerances(), 1.001, 0, False),
        (Tolerances(time_s=0.01), 1.01, 0, True),
        (Tolerances(time_s=0.01), 1.011, 0, False),
        (Tolerances(freq_hz=20), 0, 120, True),
        (Tolerances(freq_hz=20), 0, 121, False),
        (Tolerances(start_s=0.016), 0.016, 0, True),
        (Tolerances(start_s=0.016), -0.017, 0, False),
        (Tolerances(center_hz=70), 0, -70, True),
        (Tolerances(center_hz=70), 0, 71, False),
        (Tolerances(min_iou=0.1), 0.8, 0, True),  # 0.2 / 1.8
        (Tolerances(min_iou=0.1), 0.83, 0, False),  # 0.17 / 1.83
        (Tolerances(min_iou=0.1), 1.0, 0, False),
    ],
)
def test_tolerances(tolerances, shift_s, shift_hz, found):
    pairs = match([box(5 + shift_s, freq=shift_hz)], [box(5)], tolerances).pairs
    assert bool(pairs) == found


def test_labels_may_have_to_agree():
    assert not match([box(0, label="a")], [box(0, label="b")], Tolerances(same_label=True)).pairs
    assert match([box(0, label="a")], [box(0, label="a")], Tolerances(same_label=True)).pairs


def random_regions(rng, count, span_s):
    return [
        box(start, duration, freq, width, label)
        for start, duration, freq, width, label in zip(
            rng.uniform(0, span_s, count),
            rng.exponential(1.0, count),
            rng.uniform(-500, 500, count),
            rng.uniform(0, 300, count),
            rng.choice(["a", "b"], count),
            strict=True,
        )
    ]


@pytest.mark.parametrize("span_s", [3.0, 30.0, 300.0])
def test_matching_is_of_most_pairs_and_least_cost(rng, span_s):
    tolerances = Tolerances(time_s=0.2, freq_hz=10)
    for _ in range(20):
        events, truths = random_regions(rng, 25, span_s), random_regions(rng, 18, span_s)
        event, truth, cost = candidates(events, truths, tolerances)
        # Candidates against the definition, pair by pair.
        near = {
            (i, j)
            for i, e in enumerate(events)
            for j, t in enumerate(truths)
            if max(e.start_s, t.start_s) - min(e.start_s + e.duration_s, t.start_s + t.duration_s) <= 0.2
            and abs(e.freq_hz - t.freq_hz) - (e.bandwidth_hz + t.bandwidth_hz) / 2 <= 10
        }
        assert set(zip(event.tolist(), truth.tolist(), strict=True)) == near
        assert np.all((cost >= 0) & (cost <= 2))
        pairs = match(events, truths, tolerances).pairs
        assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
        graph = coo_matrix((np.ones(len(event)), (event, truth)), shape=(25, 18)).tocsr()
        assert len(pairs) == np.count_nonzero(maximum_bipartite_matching(graph) >= 0)
        dense = np.full((25, 18), 1000.0)
        dense[event, truth] = cost
        rows, columns = linear_sum_assignment(dense)
        best = sum(value for value in dense[rows, columns] if value < 1000)
        assert sum(dense[i, j] for i, j in pairs) == pytest.approx(best, abs=1e-9)


def test_many_events_do_not_cost_a_square_matrix(rng):
    # A dense matrix of 30 000 by 30 000 would need 7.2 GB.
    truths = [box(3.0 * index, freq=float(rng.uniform(-100, 100))) for index in range(30_000)]
    events = [box(truth.start_s + 0.1, freq=truth.freq_hz) for truth in truths]
    result = score(events, truths, Tolerances(min_iou=0.1), observed_s=90_000)
    assert (result.matched, result.false) == (30_000, 0)
    assert result.start_error_s.rms == pytest.approx(0.1)


def test_figures_of_a_small_scene_by_hand():
    events = [
        box(0.0, 1, 10, 100, "a", angle=12.0),
        box(10.2, 1, -10, 100, "b", angle=8.0),
        box(20.0, 1, 30, 100, "a"),
        box(50.0, 1, 0, 100, "a"),
    ]
    truths = [
        box(0.0, 1, 0, 100, "a", angle=10.0, other=1.0),
        box(10.0, 1, 0, 100, "a", angle=10.0),
        box(20.0, 1, 0, 100, "b"),
        box(30.0, 1, 0, 100, "c"),
    ]
    result = score(events, truths, observed_s=1800)
    assert (result.events, result.truths, result.matched, result.missed, result.false) == (4, 4, 3, 1, 1)
    assert (result.detection_rate, result.detection_interval) == (0.75, wilson_interval(3, 4))
    assert (result.false_alarms_per_hour, result.false_alarm_interval) == (2.0, poisson_interval(1, 0.5))
    assert result.freq_error_hz.rms == pytest.approx(math.sqrt((100 + 100 + 900) / 3))
    assert (result.freq_error_hz.median, result.freq_error_hz.bias) == (10, 10)
    assert result.start_error_s.rms == pytest.approx(0.2 / math.sqrt(3))
    assert result.start_error_s.median == 0
    assert result.named == 1
    assert result.details["angle"].rms == 2.0
    assert set(result.details) == {"angle"}
    a, b, c = (result.labels[name] for name in "abc")
    assert (a.truths, a.found, a.named, a.false) == (2, 2, 1, 1)
    assert (b.truths, b.found, b.named, b.false) == (1, 1, 0, 0)
    assert (c.truths, c.found) == (1, 0)
    # Of four areas of 100: 90, 0.8 * 90 and 70 lie on their truth.
    assert result.excess_area == pytest.approx(1 - (90 + 72 + 70) / 400)
    plain = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert plain["labels"]["a"]["detection"]["high"] == 1.0
    assert plain["detection_interval"]["low"] == pytest.approx(result.detection_interval.low)
    text = format_score(result)
    assert "75.0 %" in text
    assert "2/h" in text
    assert "centre" not in text


def test_nothing_at_all():
    result = score([], [])
    assert (result.matched, result.detection_rate, result.false_alarms_per_hour) == (0, None, None)
    assert "no rate" in format_score(result)
    assert score([], [box(0)]).missed == 1
    assert score([box(0)], []).false == 1
    json.dumps(result.to_json(), allow_nan=False)


def event_line(start, **changes):
    event = {
        "schema": 1,
        "id": f"id-{start}",
        "state": "closed",
        "detector": "pulse",
        "label": "12",
        "sample_start": start,
        "sample_count": 4800,
        "sample_rate": 48000.0,
        "freq_hz": 146e6,
        "bandwidth_hz": 66.0,
        "details": {"tip_s": 2.0, "note": "text", "ok": True, "list": []},
    }
    return json.dumps({**event, **changes})


def test_events_are_read_by_their_keys_and_the_last_revision_counts():
    lines = [event_line(480), "\n", event_line(480, revision=1, sample_count=9600), event_line(48000)]
    regions = regions_of_event_lines(lines, "x.jsonl")
    assert [(r.start_s, r.duration_s) for r in regions] == [(0.01, 0.2), (1.0, 0.1)]
    assert regions[0].details == {"tip_s": 2.0}
    assert regions[0].label == "12"
    assert regions_of_event_lines(lines, "x", detector="radar") == []
    # Sample indices beyond 2^40 keep their place.
    far = regions_of_event_lines([event_line(2**41)], "x")[0]
    assert far.start_s * 48000 == pytest.approx(2**41, abs=1)


def test_an_event_without_absolute_frequency_takes_the_centre_of_the_input():
    event = json.loads(event_line(1, freq_hz=None, offset_hz=500.0))
    assert region_of_event(event, center_hz=146e6).freq_hz == 146_000_500
    assert region_of_event(event).freq_hz == 500


@pytest.mark.parametrize(
    "line, what",
    [
        ("{", "Expecting"),
        ("3", "no JSON object"),
        (event_line(1, sample_rate=0), "sample_rate is 0"),
        (event_line(1, freq_hz=float("nan")), "finite"),
        (event_line(1, sample_count=-5), "negative"),
        (json.dumps({"id": 3}), "sample_rate"),
    ],
)
def test_a_line_that_is_no_event_is_named(line, what):
    with pytest.raises(InputError, match=r"x\.jsonl, line 2: not an event") as caught:
        regions_of_event_lines([event_line(1), line], "x.jsonl")
    assert what in str(caught.value)
    assert "--json" in str(caught.value)


@pytest.fixture
def recording(tmp_path):
    data = tmp_path / "scene.sigmf-data"
    np.zeros(2 * 48000 * 60, np.int16).tofile(data)
    meta = SigMFFile(data_file=str(data), global_info={"core:datatype": "ci16_le", "core:sample_rate": 48000})
    meta.add_capture(0, metadata={"core:frequency": 146e6})
    for second, label in ((1, "12"), (11, "12"), (21, "13")):
        edges = {"core:freq_lower_edge": 146e6 - 33, "core:freq_upper_edge": 146e6 + 33, "core:label": label}
        meta.add_annotation(second * 48000, 4800, metadata=edges)
    meta.add_annotation(0, 10)
    meta.tofile(str(tmp_path / "scene"), overwrite=True)
    return tmp_path / "scene.sigmf-meta"


def test_annotations_written_by_the_sigmf_library(recording):
    regions = regions_of_annotations(recording)
    assert sorted((r.start_s, r.duration_s, r.freq_hz, r.bandwidth_hz) for r in regions)[1:] == [
        (float(second), 0.1, 146e6, 66.0) for second in (1, 11, 21)
    ]
    whole_band = min(regions, key=lambda region: region.start_s)
    assert (whole_band.freq_hz, whole_band.bandwidth_hz) == (146e6, 48000)
    assert observed_seconds(recording) == 60
    meta = json.loads(recording.read_text())
    meta["global"]["core:num_channels"] = "two"
    recording.write_text(json.dumps(meta))
    with pytest.raises(InputError, match="core:num_channels is 'two'"):
        observed_seconds(recording)
    # A recording may name its data file itself.
    data = recording.with_suffix(".sigmf-data")
    data.rename(data.with_suffix(".cs16"))
    meta["global"].update({"core:num_channels": 1, "core:dataset": "scene.cs16"})
    recording.write_text(json.dumps(meta))
    assert observed_seconds(recording) == 60
    data.with_suffix(".cs16").unlink()
    assert observed_seconds(recording) is None


@pytest.mark.parametrize(
    "text, what",
    [
        ("{", "not JSON"),
        ("[]", "no global"),
        ('{"global": {}}', "core:sample_rate is None"),
        ('{"global": {"core:sample_rate": 1}, "annotations": [{"core:sample_start": 1}]}', "sample_count"),
        ('{"global": {"core:sample_rate": 1}, "annotations": [5]}', "annotation 1"),
    ],
)
def test_metadata_that_is_wrong_is_named(tmp_path, text, what):
    path = tmp_path / "x.sigmf-meta"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        regions_of_annotations(path)
    assert str(path) in str(caught.value)
    assert what in str(caught.value)
    assert ";" in str(caught.value)


def run_command(*arguments):
    parser = argparse.ArgumentParser()
    score_command.add_arguments(parser)
    return score_command.run(parser.parse_args([str(argument) for argument in arguments]))


def test_command_scores_a_recording(recording, tmp_path, capsys):
    events = tmp_path / "events.jsonl"
    second = event_line(11 * 48000 + 480, freq_hz=146e6 + 20)
    events.write_text("\n".join([event_line(48000), second, event_line(48000 * 40)]))
    assert run_command(events, recording, "--json", "--detector", "pulse") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["right"], result["found"], result["false"], result["truths"]) == (2, 2, 1, 4)
    assert result["false_alarms_per_hour"] == pytest.approx(60)
    assert result["tolerances"]["start_s"] == 0.016
    assert run_command(events, recording, "--start-error", "0.001", "--seconds", "120") == 0
    text = capsys.readouterr().out
    # Without --detector the events say whose rule counts.
    assert "1 right, 2 false" in text
    assert "60/h" in text
    other = tmp_path / "other.jsonl"
    other.write_text("\n".join([event_line(48000, detector="dof"), event_line(960_000, detector="dof")]))
    assert run_command(other, recording) == 0
    assert "1 matched, 1 false" in capsys.readouterr().out
    other.write_text("\n".join([event_line(1, detector="dof"), event_line(2)]))
    with pytest.raises(InputError, match="events of dof and pulse; choose one with --detector"):
        run_command(other, recording)
    other.write_text("")
    assert run_command(other, recording) == 0
    assert "4: 0 found, 4 missed" in capsys.readouterr().out
    # Truth scored against itself is perfect.
    assert run_command(recording, recording, "--same-label", "--min-iou", "0.99") == 0
    assert "4 matched, 0 false" in capsys.readouterr().out


def test_command_refuses_what_it_cannot_read(recording, tmp_path):
    with pytest.raises(InputError, match="No such file"):
        run_command(tmp_path / "none.jsonl", recording)
    with pytest.raises(InputError, match="No such file"):
        run_command(recording, tmp_path / "none.sigmf-meta")
    with pytest.raises(InputError, match="not text"):
        read_regions(_binary(tmp_path))
    with pytest.raises(InputError, match="must be finite"):
        run_command(recording, recording, "--start-error", "-1")
    with pytest.raises(InputError, match="--seconds"):
        run_command(recording, recording, "--seconds", "0")


def _binary(folder):
    path = folder / "binary.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    return path
