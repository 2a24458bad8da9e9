# SPDX-License-Identifier: GPL-3.0-or-later
"""Absolute power: the function, the block and the command say the same dBFS and dBm of the same samples."""

import json
import logging
import math
from dataclasses import replace

import numpy as np
import pytest
from block_runs import run as run_flowgraph
from gnuradio import blocks, gr, sentinel
from gnuradio.sentinel.core.event_pmt import from_pmt
from gnuradio.sentinel.core.simulate_io import write_sigmf
from gnuradio.sentinel.gnss.detect import detect
from gnuradio.sentinel.gnss.gain.power_calibration import read_power_calibration
from gnuradio.sentinel.gnss.gain.power_meter import Levels, LevelSums, PowerMeter
from gnuradio.sentinel.gnss.simulation.parameters import check_parameters
from gnuradio.sentinel.gnss.simulation.receiver_model import Receiver
from gnuradio.sentinel.gnss.simulation.session import Interval, Session
from pyarrow import parquet
from sender_runs import sentinel as command
from snapshot_scenes import Part, scene

RATE, CENTER, GAIN = 256e3, 1575.42e6, 25.0
CALIBRATION = """\
receiver: a generator at the antenna port
points:
  - {freq: 1575.42M, gain_db: 20, dbm_at_0dbfs: -37}
  - {freq: 1575.42M, gain_db: 30, dbm_at_0dbfs: -46}
"""
#: At 25 dB, half-way.
FULL_SCALE_DBM = -41.5
KEYS = ("power_dbfs", "level_dbfs", "power_dbm", "level_dbm")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Noise at J/N 5 dB from 14 to 19 s at a gain that is told, and a calibration file."""
    folder = tmp_path_factory.mktemp("power")
    noise = check_parameters("noise", {}, RATE)
    session = Session(
        26, Receiver(noise_lsb=8.0), (Interval(14, 19, "noise", noise, 5.0, 2),), sample_rate=RATE, seed=3
    )
    samples = np.concatenate([part for part, _ in session.chunks()])
    captures = [{"core:sample_start": 0, "sentinel:gain_db": GAIN}]
    pairs = [samples.reshape(-1, 2)]
    write_sigmf(folder / "x.sigmf-meta", pairs, RATE, CENTER, datatype="cu8", captures=captures)
    (folder / "cal.yaml").write_text(CALIBRATION)
    return folder, samples


def by_function(files, **keys):
    (event,) = detect(files[1], RATE, center_freq=CENTER, gain_db=GAIN, **keys).events
    return event


def by_command(files, *words):
    with command("gnss", files[0] / "x.sigmf-meta", *words) as process:
        out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return out, errors


def test_the_level_is_that_of_the_samples(files):
    details = by_function(files).details
    noise = 10 * math.log10(2 * (8 / 127.5) ** 2)
    assert details["power_dbfs"] == pytest.approx(noise + 5, abs=0.15)
    assert details["level_dbfs"] == pytest.approx(noise + 10 * math.log10(1 + 10**0.5), abs=0.1)
    assert details["power_dbm"] is details["level_dbm"] is None


def test_function_block_and_command_agree_with_a_calibration(files, tmp_path):
    path = files[0] / "cal.yaml"
    expected = by_function(files, power_calibration=path)
    assert expected.details["power_dbm"] == pytest.approx(
        expected.details["power_dbfs"] + FULL_SCALE_DBM, abs=1e-6
    )
    assert "power_extrapolated" not in expected.flags
    opened = read_power_calibration(path)
    assert by_function(files, power_calibration=opened).details == expected.details

    out, _ = by_command(files, "--power-calibration", path, "--json", "--features", tmp_path / "f.parquet")
    (event,) = map(json.loads, out.splitlines())
    source = sentinel.source(str(files[0] / "x.sigmf-meta"), native=True)
    monitor = sentinel.gnss_monitor(RATE, format="cu8", power_calibration=str(path))
    top, found = gr.top_block(), blocks.message_debug()
    top.connect(source, monitor)
    top.msg_connect(monitor, "events", found, "store")
    run_flowgraph(top, 0)
    for block in monitor.readers:
        block.drain()
    last = from_pmt(found.get_message(found.num_messages() - 1))
    for key in KEYS:
        assert event["details"][key] == pytest.approx(expected.details[key], abs=1e-4)
        assert last.details[key] == pytest.approx(expected.details[key], abs=1e-4)
    rows = parquet.read_table(tmp_path / "f.parquet").to_pydict()
    powers = np.array(rows["power"]).sum(axis=1)
    np.testing.assert_allclose(rows["level_dbfs"], 10 * np.log10(powers), atol=1e-4)
    np.testing.assert_allclose(rows["level_dbm"], 10 * np.log10(powers) + FULL_SCALE_DBM, atol=1e-4)


def test_lines_for_people_show_the_power(files):
    out, _ = by_command(files, "--power-calibration", files[0] / "cal.yaml")
    assert (
        "dBFS (-62." in out
        and f"  {by_function(files).details['power_dbfs'] + FULL_SCALE_DBM:.1f} dBm" in out
    )
    out, _ = by_command(files)
    assert "dBm" not in out and f"  {by_function(files).details['power_dbfs']:.1f} dBFS" in out


def test_beyond_the_points_the_event_says_so(files, tmp_path):
    (tmp_path / "cal.yaml").write_text(CALIBRATION.replace("gain_db: 30", "gain_db: 22"))
    event = by_function(files, power_calibration=tmp_path / "cal.yaml")
    assert "power_extrapolated" in event.flags
    assert event.details["power_dbm"] == pytest.approx(event.details["power_dbfs"] - 49, abs=1e-6)


def test_without_a_gain_there_is_no_dbm_and_one_line_says_why(files, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("gnuradio.sentinel"), "propagate", True)
    path = files[0] / "cal.yaml"
    (event,) = detect(files[1], RATE, center_freq=CENTER, power_calibration=path).events
    assert event.details["power_dbm"] is None and event.details["power_dbfs"] is not None
    (line,) = [record.getMessage() for record in caplog.records if "dBm" in record.getMessage()]
    assert "the gain is not known" in line and "--gain" in line
    caplog.clear()
    meter = PowerMeter(path)
    snapshots = replace(scene([Part(3)]), center_freq=None)
    assert meter.levels(snapshots, 0).dbm is None and meter.levels(snapshots, 1).dbm is None
    (line,) = [record.getMessage() for record in caplog.records]
    assert "the centre frequency is not known" in line


def test_an_interval_over_a_step_of_the_gain_is_the_mean_of_its_powers():
    sums = LevelSums()
    assert sums.details() == dict.fromkeys(KEYS)
    sums.add(Levels(2e-3, 1e-3, -40.0))
    sums.add(Levels(4e-3, 2e-3, -43.0))  # 3 dB more gain, as much at the antenna
    details = sums.details()
    assert details["power_dbfs"] == pytest.approx(10 * math.log10(1.5e-3))
    assert details["power_dbm"] == pytest.approx(-70, abs=0.02)
    sums.add(Levels(4e-3, 2e-3))
    assert sums.details()["power_dbm"] is None and sums.details()["level_dbfs"] is not None
    assert Levels(math.nan).dbfs is None and Levels(1.0, 0.0, -40.0).dbm == -40.0


@pytest.mark.parametrize("text, says", [("points: []", "points"), ("points: [", "not YAML")])
def test_a_bad_file_is_one_line(files, tmp_path, text, says):
    (tmp_path / "cal.yaml").write_text(text)
    words = ("--power-calibration", tmp_path / "cal.yaml")
    with command("gnss", files[0] / "x.sigmf-meta", *words) as process:
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "") and says in errors and len(errors.splitlines()) == 1
