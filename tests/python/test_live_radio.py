# SPDX-License-Identifier: GPL-3.0-or-later
"""Radios: an rtl_tcp server of our own is opened, read, tuned, stalled, closed and refused."""

import itertools
import signal
import time

import numpy as np
import pmt
import pytest
from gnuradio import blocks, gr, sentinel
from gnuradio.sentinel import kernel
from gnuradio.sentinel.core import radio_osmosdr, radio_rtlsdr
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.input_stream import Tuning
from gnuradio.sentinel.core.inputs import parse_input
from gnuradio.sentinel.core.radio import check_granted
from live_runs import command, free_port, rtl_tcp

TUNED = {"sample_rate": "1M", "center_freq": "146.1M"}
PULSE = ("--rate", "250k", "--center-freq", "146.1M", "--tip", "0.5", "--tp", "0.02", "--json")


def opcode(told, number):
    return [line["value"] for line in told if line["event"] == "command" and line["opcode"] == number]


@pytest.mark.parametrize("native", [False, True])
def test_samples_are_those_of_the_file_and_the_tuning_arrives(tmp_path, rng, native):
    path = tmp_path / "air.cu8"
    raw = rng.integers(0, 256, 2 * 300_000, dtype=np.uint8)
    raw.tofile(path)
    with rtl_tcp("--data", path) as (server, port):
        source = sentinel.source(
            f"rtl_tcp:127.0.0.1:{port}", **TUNED, gain=29.7, ppm=12, duration_s=0.5, native=native
        )
        assert source.live and source.sample_count == 500_000
        assert source.format == ("cu8" if native else "cf32_le")
        top, sink = gr.top_block(), blocks.vector_sink_b(2) if native else blocks.vector_sink_c()
        top.connect(source, sink)
        top.run()
        while server.wait_for("command")["opcode"] != 4:  # the last that is set
            pass
        told = server.end()
    sent = np.tile(raw, 2)[: 2 * 500_000]
    expected, clipped, _ = kernel.convert_samples(sent, "cu8")
    got = np.array(sink.data(), np.uint8 if native else np.complex64)
    # The driver's own map of bytes is undone: the same bits as from the file.
    assert np.array_equal(got, sent if native else expected)
    assert source.summary()["samples_clipped"] == pytest.approx(clipped, rel=0.2) and clipped > 1000
    assert source.summary()["samples_inexact"] == 0
    assert opcode(told, 1)[-1] == 146_100_000 and opcode(told, 2)[-1] == 1_000_000
    assert opcode(told, 3)[-1] == 1 and opcode(told, 4)[-1] == 297 and opcode(told, 5) == [12]
    tags = {pmt.symbol_to_string(tag.key): (tag.offset, pmt.to_python(tag.value)) for tag in sink.tags()}
    assert tags["sentinel_start"] == (0, 0) and tags["sentinel_end"] == (499_999, 500_000)
    assert tags["rx_freq"] == (0, 146.1e6) and tags["rx_rate"] == (0, 1e6)
    assert tags["sentinel_stream"][1]["stream_id"] == source.stream_id
    assert source.identity.accounting == "clock" and source.identity.clipping == ""
    assert tags["sentinel_gain"] == (0, 29.7)
    assert source.stream.tuning == Tuning(1e6, 146.1e6, None, False, 12)
    assert source.summary()["samples_read"] == 500_000 and source.seconds_since_data() < 60


def test_automatic_gain_is_what_it_does_unasked():
    with rtl_tcp() as (server, port):
        source = sentinel.source(f"rtl_tcp:127.0.0.1:{port}", **TUNED)
        assert source.stream.tuning.automatic_gain and "automatic gain" in source.notes[0]
        while server.wait_for("command") | {"event": ""} != {"event": "", "opcode": 3, "value": 0}:
            pass


def test_a_server_that_refuses_says_so_at_once():
    began = time.monotonic()
    process = command("pulse", f"rtl_tcp:127.0.0.1:{free_port()}", *PULSE)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert len(errors.splitlines()) == 1 and "refused" in errors and "start `rtl_tcp" in errors
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(("arguments", "message"), [(("--mute",), "says nothing")])
def test_a_server_that_says_nothing_is_not_opened(monkeypatch, arguments, message):
    monkeypatch.setattr(radio_osmosdr, "CONNECT_TIMEOUT_S", 0.3)
    with rtl_tcp(*arguments) as (_, port), pytest.raises(InputError, match=message):
        sentinel.source(f"rtl_tcp:127.0.0.1:{port}", **TUNED)


def test_a_stalled_server_does_not_keep_the_run_from_ending():
    with rtl_tcp("--stall-after", 3_000_000) as (server, port):
        process = command("pulse", f"rtl_tcp:127.0.0.1:{port}", *PULSE[:-1], "--stall-timeout", 0)
        # The first cycle: from here on the flowgraph runs.
        assert any(line.startswith("[") for line in iter(process.stdout.readline, ""))
        server.wait_for("stalled")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert time.monotonic() - began < 6.5
    assert "RTL TCP" not in out


def test_a_source_that_stays_silent_is_lost():
    with rtl_tcp("--stall-after", 500_000) as (server, port):
        process = command("pulse", f"rtl_tcp:127.0.0.1:{port}", *PULSE, "--stall-timeout", 2)
        server.wait_for("stalled")
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 3, errors
    assert "is lost: no data for 2 s" in errors
    # Its driver hangs: the process had to end without it.
    assert f"rtl_tcp:127.0.0.1:{port} still waits" in errors


def test_a_server_that_closes_is_opened_again_as_a_new_stream(tmp_path):
    decisions = tmp_path / "decisions.jsonl"
    # At a pace: of what comes faster than it is read, the driver drops what it has when the server closes.
    with rtl_tcp("--close-after", 2_000_000, "--rate", 1e6) as (server, port):
        process = command(
            "pulse",
            f"rtl_tcp:127.0.0.1:{port}",
            *PULSE,
            "--stall-timeout",
            0,
            "--roll-hours",
            0,
            "--roll-mib",
            0,
            "--decisions",
            decisions,
            "--report",
            tmp_path / "report.json",
        )
        # As the third is sent, the second has been read to its end.
        for _ in range(3):
            server.wait_for("closed")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "it is opened again" in errors
    starts = [line.split('"sample_start":')[1] for line in decisions.read_text().splitlines()]
    first = [int("".join(itertools.takewhile(str.isdigit, text.strip()))) for text in starts]
    assert first.count(0) >= 2, (first, errors)  # an index from 0 again


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("osmosdr:foo=1", "cannot be opened, the driver says"),
        ("osmosdr:", "must name a driver"),
        ("rtl:7", "Wrong rtlsdr device index"),
        ("soapy:driver=nothing", "no match"),
        ("soapy:", "must name a driver"),
        ("rtlsdr:7", "cannot be opened, the driver says"),
        ("rtl_tcp:no-such-host.invalid:1234", "is unknown"),
    ],
)
def test_no_device_is_one_clear_line(capfd, text, message):
    with pytest.raises(InputError) as caught:
        sentinel.source(text, **TUNED)
    assert message in str(caught.value) and "\n" not in str(caught.value) and ";" in str(caught.value)
    assert capfd.readouterr().out == ""


def test_a_rate_that_is_not_granted_is_refused():
    spec = parse_input("rtl:0", sample_rate="10M", center_freq="146M", gain=20)
    with pytest.raises(InputError, match=r"grants a sample rate of 2\.4 MHz instead of 10 MHz"):
        check_granted(spec, Tuning(2.4e6, 146e6, 20.0, False))
    notes, warnings = check_granted(spec, Tuning(10e6, 100e6, 10.0, False))
    assert len(notes) == 1 and len(warnings) == 2


class Dongle:
    """What RtlsdrSource asks of a dongle; there is none on a test machine."""

    def __init__(self, transfers, then=None):
        self.transfers, self.then, self.closed = transfers, then, False

    def read_bytes_async(self, callback, _count):
        for transfer in self.transfers:
            callback(transfer, None)
        if self.then is not None:
            raise self.then

    def cancel_read_async(self):
        pass

    def close(self):
        self.closed = True


@pytest.mark.parametrize("native", [False, True])
def test_a_dongle_is_read_in_a_thread_and_what_does_not_fit_is_counted(monkeypatch, rng, native):
    monkeypatch.setattr(radio_rtlsdr, "QUEUE_TRANSFERS", 4)
    raw = rng.integers(0, 256, (6, 1000), dtype=np.uint8)
    block = radio_rtlsdr.RtlsdrSource(Dongle([]), native)
    for transfer in raw:  # nothing reads yet: two do not fit
        block.take(transfer)
    assert block.samples_dropped == 2 * 500
    dongle = block._device
    top = gr.top_block()
    sink = blocks.vector_sink_b(2) if native else blocks.vector_sink_c()
    top.connect(block, sink)
    top.run()
    expected, clipped, _ = kernel.convert_samples(raw[:4].ravel(), "cu8")
    got = np.array(sink.data(), np.uint8) if native else np.array(sink.data(), np.complex64)
    assert np.array_equal(got, raw[:4].ravel() if native else expected)
    assert block.samples_clipped == clipped > 0
    assert dongle.closed and "unplugged" in block.complaint


def test_a_dongle_that_fails_is_told(rng):
    block = radio_rtlsdr.RtlsdrSource(Dongle([bytes(1000)], OSError("LIBUSB_ERROR_IO")))
    top, sink = gr.top_block(), blocks.vector_sink_c()
    top.connect(block, sink)
    top.run()
    assert len(sink.data()) == 500 and block.complaint == "the dongle failed: LIBUSB_ERROR_IO"
