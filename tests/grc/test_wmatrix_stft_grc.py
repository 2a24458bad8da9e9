# SPDX-License-Identifier: GPL-3.0-or-later
"""W-Matrix STFT from Companion's description to scores in a file."""

import re

import grc_programs
import numpy as np
import pytest
import yaml
from gnuradio import sentinel

DESCRIPTION = yaml.safe_load((grc_programs.BLOCKS / "sentinel_wmatrix_stft.block.yml").read_text())


def compile_(folder, rows, parameters):
    """A flowgraph of samples from a file through W-Matrix STFT into a file of `rows` scores an item."""
    channels = parameters.get("channels", "1")
    samples = {"file": str(folder / "samples"), "type": "complex", "vlen": channels, "repeat": "False"}
    scores = {"file": str(folder / "scores"), "type": "complex", "vlen": str(rows)}
    blocks = [
        ("source", "blocks_file_source", samples),
        ("stft", "sentinel_wmatrix_stft", parameters),
        ("sink", "blocks_file_sink", scores),
    ]
    connections = [["source", "0", "stft", "0"], ["stft", "0", "sink", "0"]]
    return grc_programs.compile_(folder, "stft_check", blocks, connections)


@pytest.mark.parametrize(
    "parameters, window, hop, channels, template, rows",
    [
        ({}, 58, 29, 1, [], 96),
        (
            {"window": "4", "hop": "2", "rows": "18", "channels": "3", "pulse_template": "[1, 1j, 0.5, 1]"},
            *(4, 2, 3, [1, 1j, 0.5, 1], 18),
        ),
    ],
)
def test_compiles_and_computes(tmp_path, parameters, window, hop, channels, template, rows):
    rng = np.random.default_rng(20260701)
    samples = rng.standard_normal((600, 2 * channels), dtype=np.float32).view(np.complex64)
    samples.tofile(tmp_path / "samples")
    done, program = compile_(tmp_path, rows, parameters)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sentinel.wmatrix_stft(" in program.read_text()
    grc_programs.run(program)

    kernel = sentinel.kernel.wmatrix_stft(window, rows, template)
    tables = [kernel(np.ascontiguousarray(channel), hop) for channel in samples.T]
    scores = np.fromfile(tmp_path / "scores", np.complex64).reshape(-1, channels, rows)
    assert np.array_equal(scores, np.stack(tables, axis=1))


def test_grcc_refuses_what_an_assertion_forbids(tmp_path):
    done, program = compile_(tmp_path, 128, {"hop": "59"})
    assert done.returncode != 0 and not program.exists()


@pytest.mark.parametrize(
    "values, text",
    [
        ({"window": "3", "hop": "1"}, "window >= 4"),
        ({"hop": "59"}, "hop <= window"),
        ({"hop": "0"}, "1 <= hop"),
        ({"rows": "57"}, "rows % 2"),
        ({"rows": "56"}, "rows % 2"),
        ({"channels": "0"}, "channels >= 1"),
        ({"pulse_template": "[1, 1]"}, "len(pulse_template)"),
    ],
)
def test_bad_values_fail_an_assertion(values, text):
    _, failed = grc_programs.place("sentinel_wmatrix_stft", **values)
    assert len(failed) == 1 and text in failed[0]


def test_parameters_are_those_of_the_block():
    in_companion = [parameter["id"] for parameter in DESCRIPTION["parameters"]]
    signature = sentinel.wmatrix_stft.__init__.__doc__.splitlines()[0]
    assert in_companion == re.findall(r"(\w+): ", signature)[1:]
    assert all(f"${{{name}}}" in DESCRIPTION["templates"]["make"] for name in in_companion)


@pytest.mark.parametrize("window", [4, 8, 9, 16, 17, 24, 25, 40, 41, 58, 64, 65, 75, 80, 81, 97, 1000])
def test_ports_have_the_rows_of_the_block(window):
    block, failed = grc_programs.place("sentinel_wmatrix_stft", window=str(window), hop="4", channels="3")
    assert failed == []
    assert (block.sinks[0].vlen, block.sources[0].vlen) == (3, sentinel.kernel.fast_rows(window))
    block, _ = grc_programs.place("sentinel_wmatrix_stft", window=str(window), hop="4", rows="2000")
    assert block.sources[0].vlen == 2000
