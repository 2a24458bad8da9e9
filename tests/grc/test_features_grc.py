# SPDX-License-Identifier: GPL-3.0-or-later
"""Channelizer Features in Companion: compiles, runs, and refuses settings that make no sense."""

import numpy as np
import pytest
from gnuradio.sentinel.gnss.features import measure
from gnuradio.sentinel.gnss.snapshots import Snapshots
from grc_programs import compile_, place, run

RATE, SNAPSHOT = 250_000, 12_500


def test_description_compiles_and_runs(tmp_path):
    native = np.random.default_rng(1).integers(100, 156, 2 * 30_000).astype(np.uint8)
    native.tofile(tmp_path / "in.cu8")
    blocks = [
        ("samp_rate", "variable", {"value": str(RATE)}),
        (
            "source",
            "blocks_file_source",
            {"file": str(tmp_path / "in.cu8"), "type": "byte", "vlen": "2", "repeat": "False"},
        ),
        (
            "features",
            "sentinel_channelizer_features",
            {"format": "cu8", "channels": "16", "taps_per_channel": "4", "snapshot_s": "0.05"},
        ),
        ("records", "blocks_file_sink", {"file": str(tmp_path / "out.f32"), "type": "float", "vlen": "73"}),
        ("power", "blocks_file_sink", {"file": str(tmp_path / "power.f32"), "type": "float", "vlen": "16"}),
    ]
    connections = [
        ["source", "0", "features", "0"],
        ["features", "0", "records", "0"],
        ["features", "1", "power", "0"],
    ]
    done, program = compile_(tmp_path, "chain", blocks, connections)
    assert done.returncode == 0, done.stdout + done.stderr
    # grcc leaves unknown blocks out without a word.
    assert (
        "sentinel.flowgraph.channelizer_features(samp_rate, 'cu8', 16, 4, 0.05, 0.1, True)"
        in program.read_text()
    )
    run(program)
    expected = measure(native, RATE, channels=16, taps_per_channel=4, snapshot_s=0.05)
    records = np.fromfile(tmp_path / "out.f32", np.float32).reshape(-1, 73)
    # Without sentinel_end what is no whole snapshot is not delivered.
    assert len(records) == 2
    found = Snapshots.from_records(
        records, [0, SNAPSHOT], [SNAPSHOT] * 2, sample_rate=RATE, snapshot_samples=SNAPSHOT
    )
    np.testing.assert_array_equal(found.kurtosis, expected.kurtosis[:2])
    power = np.fromfile(tmp_path / "power.f32", np.float32).reshape(-1, 16)
    np.testing.assert_allclose(power, 10 * np.log10(found.power), rtol=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"sample_rate": "0"},
        {"channels": "7"},
        {"channels": "32768"},
        {"taps_per_channel": "0"},
        {"taps_per_channel": "65"},
        {"snapshot_s": "1e-6"},
        {"dc_window_s": "-1"},
    ],
)
def test_settings_that_make_no_sense_are_marked(change):
    _, failed = place("sentinel_channelizer_features", **({"sample_rate": "2.56e6"} | change))
    assert bool(failed) == bool(change)
