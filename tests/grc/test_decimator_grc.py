# SPDX-License-Identifier: GPL-3.0-or-later
"""The description of Decimator for Companion compiles to a flowgraph that computes what it says."""

import grc_programs as grc
import numpy as np
from gnuradio.sentinel import kernel


def test_description_compiles_and_runs(tmp_path):
    samples = kernel.gaussian_noise(2).generate(40_000)
    samples.tofile(tmp_path / "in.cf32")
    files = {"type": "complex"}
    blocks = [
        ("move", "variable", {"value": "10e3"}),
        ("reader", "blocks_file_source", files | {"file": str(tmp_path / "in.cf32"), "repeat": "False"}),
        (
            "channel",
            "sentinel_decimator",
            {"sample_rate": "768e3", "decimation": "200", "shift_hz": "move"},
        ),
        ("writer", "blocks_file_sink", files | {"file": str(tmp_path / "out.cf32")}),
    ]
    wires = [["reader", "0", "channel", "0"], ["channel", "0", "writer", "0"]]
    done, program = grc.compile_(tmp_path, "chain", blocks, wires)
    assert done.returncode == 0, done.stdout + done.stderr
    text = program.read_text()
    assert "sentinel.decimator(768e3, 200, move)" in text and "self.channel.set_shift(self.move)" in text
    grc.run(program)
    found = np.fromfile(tmp_path / "out.cf32", np.complex64)
    assert np.array_equal(found, kernel.cascade_decimator(768e3, 200, 10e3).push(samples))


def test_a_shift_outside_the_band_is_marked():
    _, failed = grc.place("sentinel_decimator", sample_rate="768e3", decimation="200", shift_hz="500e3")
    assert len(failed) == 1
