# SPDX-License-Identifier: GPL-3.0-or-later
"""Flowgraphs as Companion stores them, compiled by grcc and run under this interpreter.

grcc drops unknown blocks and parameters without a word, so that tests look at the program it writes.
"""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
#: Descriptions of the project's blocks.
BLOCKS = ROOT / "grc"
#: Flowgraphs that the project ships.
SHIPPED = sorted([*(ROOT / "apps").glob("*.grc"), *(ROOT / "examples").glob("*.grc")])
FOLDERS = f"{BLOCKS}:/usr/share/gnuradio/grc/blocks"
# GNU Radio's qtgui loads matplotlib, which says so where pip has another one than the system.
_TWO_MATPLOTLIBS = "ignore:Unable to import Axes3D:UserWarning"
STATES = {"bus_sink": False, "bus_source": False, "bus_structure": None, "rotation": 0, "state": "enabled"}


def flowgraph(name: str, blocks: Sequence[tuple[str, str, dict[str, str]]], connections: list) -> dict:
    """Content of a .grc file for a program of that name that runs to its end.

    Parameters
    ----------
    blocks : sequence of (name, kind, parameters)
        Parameters that are left out have their defaults.
    connections : list of [source, port, sink, port]
    """
    options = {
        "id": name,
        "title": name,
        "generate_options": "no_gui",
        "output_language": "python",
        "run_options": "run",
    }
    return {
        "options": {"parameters": options, "states": STATES | {"coordinate": [8, 8]}},
        "blocks": [
            {"name": own, "id": kind, "parameters": values, "states": STATES | {"coordinate": [200 * i, 100]}}
            for i, (own, kind, values) in enumerate(blocks, 1)
        ],
        "connections": connections,
        "metadata": {"file_format": 1},
    }


def compile_(folder: Path, name: str, blocks: Sequence, connections: list):
    """Compile a `flowgraph`; return the finished grcc and the path its program should have."""
    path = folder / f"{name}.grc"
    path.write_text(yaml.safe_dump(flowgraph(name, blocks, connections)))
    return compile_file(path, folder)


def compile_file(path: Path, folder: Path):
    """Compile a .grc file into a folder; return the finished grcc and the path its program should have."""
    name = yaml.safe_load(path.read_text())["options"]["parameters"]["id"]
    # A home of its own, for the cache of block descriptions, that the tests of one run share: seconds each.
    environment = os.environ | {"GRC_BLOCKS_PATH": FOLDERS, "HOME": str(folder.parent)}
    command = [sys.executable, shutil.which("grcc", path="/usr/bin"), "-o", str(folder), str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    return done, folder / f"{name}.py"


@functools.cache
def platform():
    """Companion's own library of blocks, to look at single ones."""
    from gnuradio import gr
    from gnuradio.grc.core.platform import Platform

    parts = (gr.major_version(), gr.api_version(), gr.minor_version())
    made = Platform(name="checks", prefs=gr.prefs(), version=gr.version(), version_parts=parts)
    made.build_library(FOLDERS.split(":"))
    return made


def place(kind: str, **values: str):
    """A block of that kind as on Companion's canvas; returns it and its assertions that fail."""
    graph = platform().make_flow_graph()
    block = graph.new_block(kind)
    for name, value in values.items():
        block.params[name].set_value(value)
    graph.rewrite()
    block.validate()
    failed = [text for _, text in block.iter_error_messages() if text.startswith("Assertion")]
    return block, failed


def run(program: Path) -> str:
    """Run a program to its end, without a terminal; return what it printed, and raise if it failed."""
    done = subprocess.run(
        [sys.executable, str(program)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_with(program: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess:
    """Run a program with arguments, without a terminal or a display; return how it ended."""
    return subprocess.run(
        [sys.executable, str(program), *words],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONWARNINGS": _TWO_MATPLOTLIBS},
    )
