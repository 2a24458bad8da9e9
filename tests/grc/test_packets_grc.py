# SPDX-License-Identifier: GPL-3.0-or-later
"""The four packet blocks as Companion compiles them."""

import grc_programs
import pytest

MADE = {
    "udp_iq_source": "sentinel.udp_iq_source('127.0.0.1', 10000, samp_rate, center_freq=0, buffer_bytes=",
    "udp_iq_sink": "sentinel.udp_iq_sink(samp_rate, ['127.0.0.1:10000'], 1024, True)",
    "zmq_iq_source": "sentinel.zmq_iq_source('tcp://127.0.0.1:5555', center_freq=0, queue_packets=1000)",
    "zmq_iq_sink": "sentinel.zmq_iq_sink(samp_rate, 'tcp://127.0.0.1:5555', 1024, 1000)",
}


def test_all_four_are_compiled_with_their_defaults(tmp_path):
    blocks = [("samp_rate", "variable", {"value": "3840"})]
    blocks += [(name, f"sentinel_{name}", {}) for name in MADE]
    connections = [["udp_iq_source", "0", "zmq_iq_sink", "0"], ["zmq_iq_source", "0", "udp_iq_sink", "0"]]
    done, program = grc_programs.compile_(tmp_path, "packets", blocks, connections)
    assert done.returncode == 0, done.stdout + done.stderr
    text = program.read_text()
    for call in MADE.values():
        assert call in text


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("udp_iq_source", {"port": "65536"}),
        ("udp_iq_source", {"host": ""}),
        ("udp_iq_sink", {"samples_per_packet": "1"}),
        ("udp_iq_sink", {"destinations": "[]"}),
        ("zmq_iq_source", {"endpoint": "udp://x:1"}),
        ("zmq_iq_sink", {"samples_per_packet": "0"}),
    ],
)
def test_senseless_parameters_are_shown(kind, values):
    rate = {"sample_rate": "3840"} if kind in ("udp_iq_source", "udp_iq_sink", "zmq_iq_sink") else {}
    assert grc_programs.place(f"sentinel_{kind}", **rate)[1] == []
    assert grc_programs.place(f"sentinel_{kind}", **rate, **values)[1]
