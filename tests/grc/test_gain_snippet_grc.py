# SPDX-License-Identifier: GPL-3.0-or-later
"""Gain control in a flowgraph of Companion: one line of a Python Snippet, as the manual has it."""

import re

from grc_programs import ROOT, compile_

LINE = "self.sentinel_gnss_monitor_0.control_gain(self.sentinel_source_0)"


def test_the_line_of_the_manual_runs_before_the_flowgraph_starts(tmp_path):
    assert f"`{LINE}`" in (ROOT / "docs" / "gnss.md").read_text()
    blocks = [
        ("sentinel_source_0", "sentinel_source", {"input": "'rtl_tcp:127.0.0.1:1234'"}),
        ("sentinel_gnss_monitor_0", "sentinel_gnss_monitor", {"sample_rate": "2.56e6"}),
        ("snippet_0", "snippet", {"section": "main_after_init", "priority": "0", "code": LINE}),
    ]
    done, program = compile_(
        tmp_path, "gain", blocks, [["sentinel_source_0", "0", "sentinel_gnss_monitor_0", "0"]]
    )
    text = program.read_text()
    assert done.returncode == 0 and LINE in text
    # Behind the blocks are made, before they start.
    main = text[text.index("def main(") :]
    made, snippet, started = (
        main.index(word) for word in ("tb = top_block_cls()", "snippets_main_after_init(tb)", ".start()")
    )
    assert made < snippet < started
    for name in re.findall(r"self\.(sentinel_\w+)", LINE):
        assert re.search(rf"self\.{name} = sentinel\.", text)
