# SPDX-License-Identifier: GPL-3.0-or-later
"""The block Event Sink as Companion sees it: compiled by grcc, which drops unknown blocks without a word."""

import subprocess
import sys

import grc_programs
import pytest


def compile_(tmp_path, **parameters):
    """A flowgraph of one message strobe into an Event Sink."""
    strobe = {"msg": "pmt.PMT_NIL", "period": "1000000"}
    blocks = [("source", "blocks_message_strobe", strobe), ("sink", "sentinel_event_sink", parameters)]
    connections = [["source", "strobe", "sink", "events"]]
    return grc_programs.compile_(tmp_path, "event_sink_check", blocks, connections)


def test_the_generated_program_makes_the_block(tmp_path):
    sinks = f'["jsonl:{tmp_path}/e.jsonl", "console"]'
    done, program = compile_(tmp_path, sinks=sinks, revisions="all", recording="")
    assert done.returncode == 0, done.stderr
    text = program.read_text()
    assert "from gnuradio import sentinel" in text
    assert f"sentinel.flowgraph.event_sink({sinks}, 'all', '')" in text
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
    assert "sentinel.flowgraph.event_sink([\"console\"], 'closed', '')" in program.read_text()
