# SPDX-License-Identifier: GPL-3.0-or-later
import json
import os
import threading

import numpy as np
import pytest
from gnuradio.sentinel.core.files import write_atomic
from gnuradio.sentinel.core.run_report import RunReport


def report(**changes):
    values = {"samples_read": 2**41, "signal_s": 60.0, "work_s": 0.5, "decisions": 6, "events": 5}
    return RunReport("pulse", "x.sigmf-meta", "exact", **{**values, **changes})


def test_report_holds_every_field_of_the_contract(tmp_path):
    path = tmp_path / "report.json"
    report(gaps_filled=np.int64(3), clipped_share=np.float64(0.25), false_alarms_per_hour=0.036).write(path)
    assert json.loads(path.read_text()) == {
        "schema": 1,
        "detector": "pulse",
        "source": "x.sigmf-meta",
        "accounting": "exact",
        "samples_read": 2**41,
        "signal_s": 60.0,
        "work_s": 0.5,
        "real_time_factor": 120.0,
        "decisions": 6,
        "events": 5,
        "gaps_filled": 3,
        "gaps_cut": 0,
        "samples_lost": 0,
        "samples_unjudged": 0,
        "clipped_share": 0.25,
        "false_alarms_per_hour": 0.036,
        "live": None,
    }
    assert report(work_s=0.0).to_dict()["real_time_factor"] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"samples_lost": -1},
        {"events": 1.5},
        {"events": True},
        {"signal_s": float("nan")},
        {"work_s": -1.0},
        {"clipped_share": 1.5},
        {"false_alarms_per_hour": float("inf")},
        {"accounting": "perfect"},
    ],
)
def test_impossible_figures_are_refused_and_write_nothing(tmp_path, changes):
    broken = report()
    for name, value in changes.items():
        setattr(broken, name, value)
    with pytest.raises(ValueError):
        broken.write(tmp_path / "report.json")
    assert os.listdir(tmp_path) == []


def test_failed_write_keeps_the_old_file_and_leaves_no_part(tmp_path):
    path = tmp_path / "report.json"
    report().write(path)
    old = path.read_text()
    with pytest.raises(UnicodeEncodeError):
        write_atomic(path, "\ud800")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_atomic(tmp_path / "none" / "report.json", "x")
    assert path.read_text() == old
    assert sorted(os.listdir(tmp_path)) == ["folder", "report.json"]


def test_links_are_followed_and_the_umask_counts(tmp_path):
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    link.symlink_to(real)
    before = os.umask(0o027)
    try:
        write_atomic(link, "x")
    finally:
        os.umask(before)
    assert link.is_symlink()
    assert real.read_text() == "x"
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_pipe_is_written_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    report().write(pipe)
    reader.join(30)
    assert json.loads(got[0])["events"] == 5
    assert pipe.is_fifo()
