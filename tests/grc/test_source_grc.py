# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentinel Source from Companion's description to samples in a file."""

import inspect

import grc_programs
import numpy as np
import pytest
import yaml
from gnuradio import sentinel
from gnuradio.sentinel.core.simulate_io import write_sigmf


def compile_(folder, path_in, path_out, **parameters):
    """A flowgraph of Sentinel Source into a file sink."""
    blocks = [
        ("the_source", "sentinel_source", {"input": str(path_in)} | parameters),
        ("the_sink", "blocks_file_sink", {"file": str(path_out), "type": "complex"}),
    ]
    return grc_programs.compile_(folder, "source_check", blocks, [["the_source", "0", "the_sink", "0"]])


@pytest.fixture
def scene(tmp_path):
    rng = np.random.default_rng(20260701)
    samples = (rng.uniform(-1, 1, 4000) + 1j * rng.uniform(-1, 1, 4000)).astype(np.complex64)
    return write_sigmf(tmp_path / "scene.sigmf-meta", samples, 1e4), samples


def test_compiles_and_runs(tmp_path, scene):
    path, samples = scene
    out = tmp_path / "out.cf32"
    done, program = compile_(tmp_path, path, out, start_s="0.1", duration_s="0.2")
    assert done.returncode == 0, done.stdout + done.stderr
    # grcc drops a block it does not know without a word.
    text = program.read_text()
    assert (
        "sentinel.flowgraph.source(" in text
        and "self.connect((self.the_source, 0), (self.the_sink, 0))" in text
    )
    grc_programs.run(program)
    assert np.array_equal(np.fromfile(out, np.complex64), samples[1000:3000])


@pytest.mark.parametrize(
    "parameters", [{"start_s": "-1"}, {"duration_s": "0"}, {"channel": "-1"}, {"input": ""}]
)
def test_companion_refuses_bad_values(tmp_path, scene, parameters):
    done, program = compile_(tmp_path, scene[0], tmp_path / "out", **parameters)
    assert done.returncode != 0 and not program.exists()


def test_parameters_are_those_of_the_class():
    description = yaml.safe_load((grc_programs.BLOCKS / "sentinel_source.block.yml").read_text())
    in_companion = [parameter["id"] for parameter in description["parameters"]]
    assert in_companion == list(inspect.signature(sentinel.source.__init__).parameters)[1:]
    assert all(name in description["templates"]["make"] for name in in_companion)
