# SPDX-License-Identifier: GPL-3.0-or-later
"""The description for Companion compiles to a flowgraph that runs and computes what it says."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml
from gnuradio.sentinel.core.channels import extract_channels

REPOSITORY = Path(__file__).resolve().parents[2]


STATES = {"coordinate": [8, 8], "rotation": 0, "state": "enabled"}


def block(name, kind, **parameters):
    return {"name": name, "id": kind, "parameters": parameters, "states": STATES}


def flowgraph(folder):
    options = {"id": "chain", "title": "chain", "generate_options": "no_gui", "run_options": "run"}
    return {
        "options": {
            "parameters": options,
            "states": {"coordinate": [8, 8], "rotation": 0, "state": "enabled"},
        },
        "blocks": [
            block("samp_rate", "variable", value="250000"),
            block("centres", "variable", value="[10e3, -50e3]"),
            block(
                "source",
                "blocks_file_source",
                file=str(folder / "in.cf32"),
                type="complex",
                repeat="False",
            ),
            block(
                "bank",
                "sentinel_channelizer",
                sample_rate="samp_rate",
                decimation="65",
                fft_size="650",
                taps="channel_taps(samp_rate, 65)",
                frequencies_hz="centres",
            ),
            block("sink", "blocks_file_sink", file=str(folder / "out.cf32"), type="complex", vlen="2"),
        ],
        "connections": [["source", "0", "bank", "0"], ["bank", "0", "sink", "0"]],
        "metadata": {"file_format": 1},
    }


def test_description_compiles_and_runs(tmp_path):
    rng = np.random.default_rng(1)
    samples = (rng.normal(size=20_000) + 1j * rng.normal(size=20_000)).astype(np.complex64)
    samples.tofile(tmp_path / "in.cf32")
    (tmp_path / "chain.grc").write_text(yaml.safe_dump(flowgraph(tmp_path), sort_keys=False))
    environment = os.environ | {"GRC_BLOCKS_PATH": str(REPOSITORY / "grc"), "HOME": str(tmp_path)}
    made = subprocess.run(
        [sys.executable, "/usr/bin/grcc", "-o", str(tmp_path), str(tmp_path / "chain.grc")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    program = (tmp_path / "chain.py").read_text()
    # grcc leaves unknown blocks out without a word.
    assert "sentinel.channelizer(samp_rate, 65, 650, channel_taps(samp_rate, 65), " in program
    assert "self.bank.set_frequencies(self.centres)" in program

    ran = subprocess.run(
        [sys.executable, str(tmp_path / "chain.py")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    assert ran.returncode == 0, ran.stderr
    vectors = np.fromfile(tmp_path / "out.cf32", np.complex64).reshape(-1, 2)
    expected = extract_channels(samples, 250e3, 65, [10e3, -50e3], fft_size=650)
    # Without sentinel_end the filter's tail, half its length, is not delivered.
    assert len(vectors) == -(-(20_000 - 1475 // 2) // 65)
    np.testing.assert_allclose(vectors, expected[: len(vectors)], rtol=0, atol=1e-6)
