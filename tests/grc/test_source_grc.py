# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentinel Source from Companion's description to samples in a file."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from gnuradio.sentinel.core.simulate_io import write_sigmf

GRC_BLOCKS = Path(__file__).resolve().parents[2] / "grc"


def flowgraph(path_in, path_out, **parameters):
    """A no-gui flowgraph: Sentinel Source into a file sink."""
    state = {"bus_sink": False, "bus_source": False, "bus_structure": None, "rotation": 0, "state": "enabled"}
    source = {
        "input": str(path_in),
        "sample_rate": "None",
        "center_freq": "None",
        "format": "None",
        "start_s": "0",
        "duration_s": "None",
        "channel": "0",
    } | parameters
    return {
        "options": {
            "parameters": {
                "id": "source_check",
                "title": "Source check",
                "generate_options": "no_gui",
                "output_language": "python",
                "run_options": "run",
                "qt_qss_theme": "",
            },
            "states": state | {"coordinate": [8, 8]},
        },
        "blocks": [
            {
                "name": "the_source",
                "id": "sentinel_source",
                "parameters": source,
                "states": state | {"coordinate": [8, 100]},
            },
            {
                "name": "the_sink",
                "id": "blocks_file_sink",
                "parameters": {
                    "file": str(path_out),
                    "type": "complex",
                    "unbuffered": "False",
                    "append": "False",
                },
                "states": state | {"coordinate": [300, 100]},
            },
        ],
        "connections": [["the_source", "0", "the_sink", "0"]],
        "metadata": {"file_format": 1, "grc_version": "3.10.5.1"},
    }


def compile_flowgraph(folder, graph):
    """Run grcc under this interpreter; returns its result and the generated program's path."""
    path = folder / "source_check.grc"
    path.write_text(yaml.safe_dump(graph))
    environment = os.environ | {"GRC_BLOCKS_PATH": str(GRC_BLOCKS)}
    done = subprocess.run(
        [sys.executable, "/usr/bin/grcc", "-o", str(folder), str(path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done, folder / "source_check.py"


@pytest.fixture
def scene(tmp_path):
    rng = np.random.default_rng(20260701)
    samples = (rng.uniform(-1, 1, 4000) + 1j * rng.uniform(-1, 1, 4000)).astype(np.complex64)
    return write_sigmf(tmp_path / "scene.sigmf-meta", samples, 1e4), samples


def test_compiles_and_runs(tmp_path, scene):
    path, samples = scene
    out = tmp_path / "out.cf32"
    done, program = compile_flowgraph(tmp_path, flowgraph(path, out, start_s="0.1", duration_s="0.2"))
    assert done.returncode == 0, done.stdout + done.stderr
    # grcc drops a block it does not know without a word.
    text = program.read_text()
    assert "sentinel.source(" in text and "self.connect((self.the_source, 0), (self.the_sink, 0))" in text
    run = subprocess.run(
        [sys.executable, str(program)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    assert np.array_equal(np.fromfile(out, np.complex64), samples[1000:3000])


@pytest.mark.parametrize(
    "parameters", [{"start_s": "-1"}, {"duration_s": "0"}, {"channel": "-1"}, {"input": ""}]
)
def test_companion_refuses_bad_values(tmp_path, scene, parameters):
    done, program = compile_flowgraph(tmp_path, flowgraph(scene[0], tmp_path / "out", **parameters))
    assert done.returncode != 0 and not program.exists()


def test_parameters_are_those_of_the_class():
    import inspect

    from gnuradio import sentinel

    description = yaml.safe_load((GRC_BLOCKS / "sentinel_source.block.yml").read_text())
    in_companion = [parameter["id"] for parameter in description["parameters"]]
    assert in_companion == list(inspect.signature(sentinel.source.__init__).parameters)[1:]
    assert all(name in description["templates"]["make"] for name in in_companion)
