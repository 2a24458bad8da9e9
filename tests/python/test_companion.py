# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel companion` up to the point where it becomes Companion."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from gnuradio.sentinel.apps import companion
from gnuradio.sentinel.core.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "import sys; from gnuradio.sentinel.apps.main import main; sys.exit(main())"]


def run(*words, **environment):
    return subprocess.run(
        [*COMMAND, "companion", *words],
        env={key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
        | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_without_a_display_it_says_so_in_one_line():
    done = run("pulse")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "display" in done.stderr or "apt install" in done.stderr


def test_missing_parts_come_with_their_apt_line(monkeypatch):
    monkeypatch.setattr(companion.shutil, "which", lambda name, path=None: None)
    with pytest.raises(InputError, match="sudo apt install gnuradio"):
        companion.find_companion()
    monkeypatch.setattr(companion.importlib.util, "find_spec", lambda name: None)
    assert "sudo apt install" in companion.missing_gtk()


def test_a_display_is_enough():
    assert companion.missing_display({"DISPLAY": ":0"}) == ""
    assert companion.missing_display({"WAYLAND_DISPLAY": "wayland-0"}) == ""
    assert "grcc" in companion.missing_display({"DISPLAY": ""})


def test_our_blocks_stand_last_and_once_on_the_path():
    ours = str(ROOT / "grc")
    assert companion.blocks_path({}).split(os.pathsep)[0] == ours
    assert companion.blocks_path({"GRC_BLOCKS_PATH": f"/mine{os.pathsep}{ours}"}).split(os.pathsep) == [
        "/mine",
        *companion.blocks_path({}).split(os.pathsep),
    ]


def test_companion_finds_every_block_on_that_path():
    program = """
from gnuradio import gr
from gnuradio.grc.core.platform import Platform
platform = Platform(version=gr.version(), prefs=gr.prefs())
platform.build_library()
print(*sorted(key for key in platform.blocks if key.startswith("sentinel_")))
"""
    environment = os.environ | {"GRC_BLOCKS_PATH": companion.blocks_path({})}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    ids = {path.name.removesuffix(".block.yml") for path in (ROOT / "grc").glob("*.block.yml")}
    assert ids <= set(done.stdout.split()), done.stderr


def test_flowgraphs_are_found_by_path_and_ours_by_name(tmp_path, monkeypatch):
    mine = tmp_path / "mine.grc"
    mine.write_text("")
    monkeypatch.chdir(tmp_path)
    assert companion.find_flowgraph("mine.grc") == mine
    for name in ("pulse", "pulse.grc", "pulse_desk"):
        assert companion.find_flowgraph(name).is_file()
    with pytest.raises(InputError, match="did you mean pulse_desk"):
        companion.find_flowgraph("pulse_dsk.grc")
    with pytest.raises(InputError, match="no such flowgraph"):
        companion.find_flowgraph("elsewhere/pulse_desk.grc")


def test_it_becomes_companion_under_this_interpreter(tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(companion, "missing_gtk", lambda: "")
    monkeypatch.setattr(companion, "missing_display", lambda environment: "")
    monkeypatch.setattr(companion.os, "execve", lambda *arguments: called.append(arguments))
    import argparse

    companion.run(argparse.Namespace(flowgraphs=["pulse_desk"]))
    ((program, words, environment),) = called
    assert program == words[0] == sys.executable
    assert words[1].endswith("/gnuradio-companion") and words[2].endswith("examples/pulse_desk.grc")
    assert str(ROOT / "grc") in environment["GRC_BLOCKS_PATH"]
