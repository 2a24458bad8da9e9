# SPDX-License-Identifier: GPL-3.0-or-later
"""Gap Guard from Companion's description to items in a file, for each type."""

import grc_programs
import pytest

#: Type in Companion to the stock source's type, its items per sample, and bytes per sample.
TYPES = {
    "complex": ("complex", "1", 8),
    "float": ("float", "1", 4),
    "short": ("short", "1", 2),
    "byte_pairs": ("byte", "2", 2),
    "short_pairs": ("short", "2", 4),
}


@pytest.mark.parametrize("kind", TYPES)
def test_compiles_and_passes_what_comes(tmp_path, kind):
    stock, length, size = TYPES[kind]
    path_in, path_out = tmp_path / "in", tmp_path / "out"
    path_in.write_bytes(bytes(i % 251 for i in range(1000 * size)))
    parts = {"type": stock, "vlen": length}
    blocks = [
        ("samp_rate", "variable", {"value": "3840"}),
        ("the_source", "blocks_file_source", parts | {"file": str(path_in), "repeat": "False"}),
        ("the_guard", "sentinel_gap_guard", {"type": kind, "accounting": "clock", "max_items": "600"}),
        ("the_sink", "blocks_file_sink", parts | {"file": str(path_out)}),
    ]
    chain = [["the_source", "0", "the_guard", "0"], ["the_guard", "0", "the_sink", "0"]]
    done, program = grc_programs.compile_(tmp_path, "guard_check", blocks, chain)
    assert done.returncode == 0, done.stdout + done.stderr
    # grcc drops a block it does not know without a word.
    assert "sentinel.gap_guard(" in program.read_text()
    grc_programs.run(program)
    assert path_out.read_bytes() == path_in.read_bytes()[: 600 * size]


def test_companion_refuses_bad_values():
    for name, value in {"fill_below": "-1", "sample_rate": "0", "max_items": "-5"}.items():
        _, failed = grc_programs.place("sentinel_gap_guard", **({"sample_rate": "3840"} | {name: value}))
        assert failed, name
