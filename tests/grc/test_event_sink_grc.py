# SPDX-License-Identifier: GPL-3.0-or-later
"""The block Event Sink as Companion sees it: compiled by grcc, which drops unknown blocks without a word."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GRC_FOLDERS = f"{ROOT / 'grc'}:/usr/share/gnuradio/grc/blocks"


def flowgraph(**parameters):
    """A flowgraph of one message strobe into an Event Sink, as a .grc file's content."""

    def block(name, kind, values, column):
        states = {"bus_sink": False, "bus_source": False, "bus_structure": None}
        states |= {"coordinate": [column, 100], "rotation": 0, "state": "enabled"}
        return {"name": name, "id": kind, "parameters": values, "states": states}

    options = {
        "id": "event_sink_check",
        "title": "check",
        "generate_options": "no_gui",
        "output_language": "python",
    }
    options |= {
        "run_options": "run",
        "author": "",
        "category": "",
        "description": "",
        "realtime_scheduling": "",
    }
    return {
        "options": {"parameters": options, "states": block("", "", {}, 8)["states"]},
        "blocks": [
            block("source", "blocks_message_strobe", {"msg": "pmt.PMT_NIL", "period": "1000000"}, 200),
            block("sink", "sentinel_event_sink", parameters, 500),
        ],
        "connections": [["source", "strobe", "sink", "events"]],
        "metadata": {"file_format": 1},
    }


def compile_(tmp_path, **parameters):
    """Run grcc under this interpreter; return the finished process and the generated file."""
    path = tmp_path / "check.grc"
    path.write_text(yaml.safe_dump(flowgraph(**parameters)))
    environment = {**os.environ, "GRC_BLOCKS_PATH": GRC_FOLDERS, "HOME": str(tmp_path)}
    command = [sys.executable, shutil.which("grcc", path="/usr/bin"), "-o", str(tmp_path), str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    return done, tmp_path / "event_sink_check.py"


def test_the_generated_program_makes_the_block(tmp_path):
    sinks = f'["jsonl:{tmp_path}/e.jsonl", "console"]'
    done, program = compile_(tmp_path, sinks=sinks, revisions="all", recording="")
    assert done.returncode == 0, done.stderr
    text = program.read_text()
    assert "from gnuradio import sentinel" in text
    assert f"sentinel.event_sink({sinks}, 'all', '')" in text
    assert "(self.sink, 'events')" in text
    # The program's block is made for real: its class can be constructed from the staged package.
    check = "import event_sink_check; event_sink_check.event_sink_check()"
    subprocess.run([sys.executable, "-c", check], cwd=tmp_path, check=True, timeout=120)
    assert (tmp_path / "e.jsonl").exists()


@pytest.mark.parametrize("sinks", ["[]", "7"])
def test_wrong_sinks_are_refused_by_companion(tmp_path, sinks):
    done, program = compile_(tmp_path, sinks=sinks)
    assert not program.exists()
    assert "len(sinks) > 0" in done.stdout + done.stderr


def test_defaults_compile_and_stand_in_for_an_unknown_choice(tmp_path):
    done, program = compile_(tmp_path, revisions="some")
    assert done.returncode == 0, done.stderr
    assert "sentinel.event_sink([\"console\"], 'closed', '')" in program.read_text()
