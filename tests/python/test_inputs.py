# SPDX-License-Identifier: GPL-3.0-or-later
"""The grammar of inputs: every row of its table, and what it refuses."""

import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.inputs import KINDS, OPENERS, open_input, parse_input

TUNED = {"sample_rate": "2.4M", "center_freq": "146M"}


@pytest.mark.parametrize(
    ("text", "options", "kind", "target", "host", "port", "accounting"),
    [
        ("a/x.sigmf-meta", {}, "sigmf", "a/x.sigmf-meta", None, None, "exact"),
        ("x.sigmf-data", {}, "sigmf", "x.sigmf-data", None, None, "exact"),
        ("x.sigmf", {}, "sigmf", "x.sigmf", None, None, "exact"),
        ("x.wav", {}, "wav", "x.wav", None, None, "exact"),
        ("x.cu8", {"sample_rate": 3840}, "raw", "x.cu8", None, None, "exact"),
        ("12:30 run.complex16s", {"sample_rate": 1}, "raw", "12:30 run.complex16s", None, None, "exact"),
        ("band:x.cs16", {"sample_rate": 1}, "raw", "band:x.cs16", None, None, "exact"),
        ("-", {"sample_rate": 3840, "format": "cf32"}, "stdin", "-", None, None, "none"),
        (
            "udp:127.0.0.1:10000",
            {"sample_rate": 3840},
            "udp",
            "127.0.0.1:10000",
            "127.0.0.1",
            10000,
            "timestamps",
        ),
        ("udp:[::1]:9", {"sample_rate": 3840}, "udp", "[::1]:9", "::1", 9, "timestamps"),
        ("zmqiq:tcp://h:5555", {}, "zmqiq", "tcp://h:5555", "h", 5555, "sequence"),
        ("zmq:tcp://h:5555", {"sample_rate": "1M"}, "zmq", "tcp://h:5555", "h", 5555, "clock"),
        ("rtl_tcp:pi.local:1234", TUNED, "rtl_tcp", "pi.local:1234", "pi.local", 1234, "clock"),
        ("rtl:0", TUNED, "rtl", "0", None, None, "clock"),
        ("osmosdr:hackrf=0,bias=1", TUNED, "osmosdr", "hackrf=0,bias=1", None, None, "clock"),
        ("soapy:driver=lime", TUNED, "soapy", "driver=lime", None, None, "clock"),
        ("rtlsdr:1", TUNED, "rtlsdr", "1", None, None, "clock"),
    ],
)
def test_table(text, options, kind, target, host, port, accounting):
    spec = parse_input(text, **options)
    assert (spec.text, spec.kind, spec.target) == (text, kind, target)
    assert (spec.host, spec.port, spec.accounting) == (host, port, accounting)
    assert spec.live == (kind not in ("sigmf", "wav", "raw", "stdin"))
    if spec.live:
        assert parse_input(text, duration_s=5, **options).duration_s == 5


def test_options_arrive():
    spec = parse_input(
        "x.iq",
        sample_rate="250k",
        center_freq="433.92 MHz",
        format="cs8",
        start_s=1,
        duration_s=2.5,
        channel=3,
    )
    assert (spec.sample_rate, spec.center_freq_hz, spec.format) == (250e3, 433.92e6, "ci8")
    assert (spec.start_s, spec.duration_s, spec.channel) == (1.0, 2.5, 3)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "the input is empty"),
        ("  ", {}, "the input is empty"),
        ("upd:localhost:1", {}, "'upd' is unknown; did you mean udp:?"),
        ("rtltcp:127.0.0.1:1234", {}, "did you mean rtl_tcp:?"),
        ("quux:1", {}, "known are udp"),
        ("udp:10000", {"sample_rate": 1}, "must be udp:HOST:PORT"),
        ("udp:h:", {"sample_rate": 1}, "must be udp:HOST:PORT"),
        ("udp:h:http", {"sample_rate": 1}, "must be udp:HOST:PORT"),
        ("udp:h:0", {"sample_rate": 1}, "port 0 must be from 1 to 65535"),
        ("udp:h:65536", {"sample_rate": 1}, "port 65536"),
        ("udp:::1:5", {"sample_rate": 1}, "IPv6 address in brackets"),
        ("udp:h:1", {}, "needs --rate"),
        ("zmq:h:1", {"sample_rate": 1}, "must be zmq:tcp://HOST:PORT"),
        ("zmqiq:tcp://h", {}, "must be zmqiq:tcp://HOST:PORT"),
        ("rtl:first", TUNED, "must be rtl:N"),
        ("rtl:0", {"sample_rate": "1M"}, "needs --center-freq"),
        ("soapy:driver=lime", {"center_freq": "1M"}, "needs --rate"),
        ("rtl:0", TUNED | {"start_s": 1}, "--start is for recordings"),
        ("rtl:0", TUNED | {"format": "cu8"}, "--format is for raw files"),
        ("x.cu8", {"sample_rate": "0"}, "--rate"),
        ("x.cu8", {"sample_rate": "nan"}, "--rate"),
        ("x.cu8", {"center_freq": "high"}, "--center-freq"),
        ("x.cu8", {"format": "mp3"}, "datatype 'mp3' is unknown"),
        ("x.cu8", {"start_s": -1}, "--start -1"),
        ("x.cu8", {"start_s": float("nan")}, "--start nan"),
        ("x.cu8", {"duration_s": 0}, "--duration 0"),
        ("x.cu8", {"duration_s": float("inf")}, "--duration inf"),
        ("x.cu8", {"channel": -1}, "channel -1"),
    ],
)
def test_refusals(text, options, message):
    with pytest.raises(InputError) as caught:
        parse_input(text, **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_kind_has_an_opener():
    assert OPENERS.keys() == KINDS.keys()


def test_a_kind_becomes_available_by_its_entry(monkeypatch):
    spec = parse_input("zmqiq:tcp://h:5555")
    monkeypatch.setitem(OPENERS, "zmqiq", lambda spec: f"{spec.host} at {spec.port}")
    assert open_input(spec) == "h at 5555"
