# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiling and running flowgraphs as Companion does, for the tests beside this file."""

import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted([*(ROOT / "apps").glob("*.grc"), *(ROOT / "examples").glob("*.grc")])


def compile_flowgraph(path: Path, folder: Path) -> Path:
    """The program that grcc makes of a flowgraph."""
    content = yaml.safe_load(path.read_text())
    environment = os.environ | {"GRC_BLOCKS_PATH": str(ROOT / "grc"), "HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, "/usr/bin/grcc", "-o", str(folder), str(path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    program = folder / f"{content['options']['parameters']['id']}.py"
    assert done.returncode == 0 and program.exists(), done.stdout + done.stderr
    return program


def run_program(program: Path, *words: str, cwd: Path, timeout: float = 120) -> subprocess.CompletedProcess:
    """Run a generated program without a terminal or a display."""
    return subprocess.run(
        [sys.executable, str(program), *words],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
    )
