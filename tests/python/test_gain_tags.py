# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver's gain in the stream: of recordings, of the gap guard, of a radio set while it runs."""

import json
import threading
import time

import numpy as np
import pmt
import pytest
from block_runs import CHUNKS, run, run_stream
from gnuradio import blocks, gr, sentinel
from gnuradio.sentinel import kernel
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.radio import gain_steps
from gnuradio.sentinel.gnss.gain.gain_control import GainControl, apply_change
from live_runs import rtl_tcp
from packet_streams import RATE, Packet, packets_of, run_guard

TIME = "2026-07-01T12:00:00.000000Z"


def recording(folder, captures, count=1000, rate=1000.0):
    """A SigMF recording of cu8 samples with these captures."""
    (folder / "x.sigmf-data").write_bytes(bytes(range(250)) * (2 * count // 250))
    info = {"core:datatype": "cu8", "core:sample_rate": rate, "core:version": "1.0.0"}
    path = folder / "x.sigmf-meta"
    path.write_text(json.dumps({"global": info, "captures": captures, "annotations": []}))
    return path


def tags_of(source, *keys, chunk=0):
    top, sink = gr.top_block(), blocks.vector_sink_c()
    top.connect(source, sink)
    run(top, chunk)
    found = [(tag.offset, pmt.symbol_to_string(tag.key), pmt.to_python(tag.value)) for tag in sink.tags()]
    return sorted(tag for tag in found if tag[1] in keys)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_gain_step_begins_no_segment(tmp_path, chunk):
    captures = [
        {
            "core:sample_start": 0,
            "core:frequency": 1575.42e6,
            "core:datetime": TIME,
            "sentinel:gain_db": 29.7,
        },
        # Continues the one before, and says so.
        {
            "core:sample_start": 300,
            "core:frequency": 1575.42e6,
            "core:datetime": "2026-07-01T12:00:00.300000Z",
            "sentinel:gain_db": 32.8,
        },
        {"core:sample_start": 500, "sentinel:gain_db": 20},  # tells nothing but the gain
        {"core:sample_start": 600, "sentinel:gain_db": 20},  # and nothing new
        {"core:sample_start": 800, "core:frequency": 1602e6, "core:datetime": "2026-07-01T12:00:09.000000Z"},
    ]
    path = recording(tmp_path, captures)
    source = sentinel.source(str(path))
    assert source.warnings == () and source.stream.breaks == (800,)
    assert tags_of(source, "sentinel_gain", "sentinel_start", chunk=chunk) == [
        (0, "sentinel_gain", 29.7),
        (0, "sentinel_start", 0),
        (300, "sentinel_gain", 32.8),
        (500, "sentinel_gain", 20.0),
        (800, "sentinel_gain", 20.0),  # again, for who begins anew with each segment
        (800, "sentinel_start", 800),
    ]


def test_a_part_of_a_recording_begins_with_the_gain_in_force(tmp_path):
    captures = [
        {"core:sample_start": 0},
        {"core:sample_start": 100, "sentinel:gain_db": 10.0},
        {"core:sample_start": 400, "sentinel:gain_db": 20.0},
    ]
    path = str(recording(tmp_path, captures))
    tags = tags_of(sentinel.source(path, start_s=0.25, duration_s=0.3), "sentinel_gain", "sentinel_start")
    assert tags == [(0, "sentinel_gain", 10.0), (0, "sentinel_start", 250), (150, "sentinel_gain", 20.0)]
    # Before the first that tells there is none.
    assert tags_of(sentinel.source(path, duration_s=0.2), "sentinel_gain") == [(100, "sentinel_gain", 10.0)]


@pytest.mark.parametrize("gain", ["29.7", True, [], 1e999])
def test_a_gain_that_is_no_number_is_one_clear_line(tmp_path, gain):
    path = recording(tmp_path, [{"core:sample_start": 0}, {"core:sample_start": 5, "sentinel:gain_db": gain}])
    with pytest.raises(InputError, match=r"capture 1: sentinel:gain_db .* must be a number of dB"):
        sentinel.source(str(path))


def test_gains_of_the_source_must_ascend(tmp_path):
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(10))
    gains = [sentinel.recording_gain(5, 1.0), sentinel.recording_gain(2, 3.0)]
    assert (gains[0].sample_start, gains[0].gain_db) == (5, 1.0)
    with pytest.raises(ValueError, match="gains must be in ascending order"):
        sentinel.recording_source(str(path), "cu8", 1e3, gains=gains)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_the_guard_writes_the_gain_with_each_segment(chunk):
    guard = sentinel.gap_guard(8, RATE, accounting="sequence", fill_below=50.0)
    with pytest.raises(ValueError, match="finite"):
        guard.set_gain(float("nan"))
    guard.set_gain(10.0)
    guard.set_gain(29.7)
    _, tags, _ = run_guard(guard, packets_of([0, 1, 2, 7, 8]), chunk)
    gains = [tag for tag in tags if tag[1] in ("sentinel_gain", "sentinel_start")]
    assert gains == [
        (0, "sentinel_gain", 29.7),
        (0, "sentinel_start", 0),
        (300, "sentinel_gain", 29.7),
        (300, "sentinel_start", 700),
    ]
    _, tags, _ = run_guard(sentinel.gap_guard(8, RATE, accounting="none"), [Packet(0, 50)], chunk)
    assert not [tag for tag in tags if tag[1] == "sentinel_gain"]  # nothing told


def test_every_byte_of_a_dongle_survives():
    raw = np.stack(np.meshgrid(np.arange(256), np.arange(256)), axis=-1).reshape(-1, 2).astype(np.uint8)
    driver = ((raw.astype(np.float32) - np.float32(127.4)) / np.float32(128)).view(np.complex64)[:, 0]
    found, inexact = kernel.recover_rtl_bytes(np.ascontiguousarray(driver))
    assert inexact == 0 and np.array_equal(found, raw.ravel())


@pytest.mark.parametrize("chunk", CHUNKS)
def test_the_byte_map_counts_clipping_and_what_is_no_byte(chunk):
    raw = np.arange(5000, dtype=np.uint64).astype(np.uint8)
    driver = ((raw.astype(np.float32) - np.float32(127.4)) / np.float32(128)).view(np.complex64)
    driver[7] = 0.5 / 128
    for native in (False, True):
        block = sentinel.rtl_byte_map(native)
        if native:
            top, sink = gr.top_block(), blocks.vector_sink_b(2)
            top.connect(blocks.vector_source_c(driver), block, sink)
            run(top, chunk)
            assert np.array_equal(np.delete(sink.data(), (14, 15)), np.delete(raw, (14, 15)))
        else:
            items, tags = run_stream(block, driver, [(5, "rx_freq", pmt.from_double(1.0))], chunk)
            expected, _, _ = kernel.convert_samples(raw, "cu8")
            assert np.array_equal(np.delete(items[:, 0], 7), np.delete(expected, 7))
            assert tags == [(5, "rx_freq", 1.0)]
        _, clipped, _ = kernel.convert_samples(raw, "cu8")
        assert block.samples_clipped() == clipped and block.samples_inexact() == 1


def wait_until(condition, timeout_s=60.0):
    """Look again and again until something holds."""
    deadline, tick = time.monotonic() + timeout_s, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "did not come"
        tick.wait(0.01)


def wait_for_gain(server, tenths):
    """Read what the server is told up to this gain."""
    while (told := server.wait_for("command"))["opcode"] != 4 or abs(told["value"] - tenths) > 1:
        pass


def test_the_gain_loop_commands_a_radio_and_the_stream_says_so():
    with rtl_tcp("--rate", 1e6) as (server, port):
        source = sentinel.source(
            f"rtl_tcp:127.0.0.1:{port}", sample_rate="1M", center_freq="1575.42M", gain=29.7, native=True
        )
        assert source.can_set_gain and len(source.gains_db) == 29
        assert source.gains_db[0] == 0.0 and source.gains_db[-1] == 49.6
        top, sink = gr.top_block(), blocks.vector_sink_b(2)
        top.connect(source, sink)
        top.start()
        wait_until(lambda: source.summary()["samples_read"] > 10_000)
        control = GainControl(source.gains_db, source.stream.gain.start_db)
        changes = [control.update(1e9 + second, -30.0, 0.0, False) for second in range(10)]
        assert apply_change(changes[-1], control, source) == control.gain_db == 38.6
        # The driver cuts tenths of dB off instead of rounding: 38.6 may go out as 385.
        wait_for_gain(server, 386)
        read = source.summary()["samples_read"]
        wait_until(lambda: source.summary()["samples_read"] > read + 10_000)
        source.request_end()
        top.wait()
    gains = [(tag.offset, pmt.to_python(tag.value)) for tag in sink.tags() if str(tag.key) == "sentinel_gain"]
    assert [gain for _, gain in gains] == [29.7, 38.6] and gains[0][0] == 0 < gains[1][0]
    starts = [tag.offset for tag in sink.tags() if str(tag.key) == "sentinel_start"]
    assert starts == [0]
    # Opened anew it would have the gain it was set to.
    assert source.spec.gain_db == 38.6


def test_gains_that_are_between_those_of_the_tuner_and_automatic_gain():
    with rtl_tcp() as (server, port):
        source = sentinel.source(f"rtl_tcp:127.0.0.1:{port}", sample_rate="1M", center_freq="1575.42M")
        assert source.stream.gain.start_db is None  # automatic: not known
        assert source.set_gain(30.5) == 29.7
        wait_for_gain(server, 297)
        commands = [(line["opcode"], line["value"]) for line in server.told if line["event"] == "command"]
        assert (3, 1) in commands  # automatic gain was left first
        with pytest.raises(InputError, match="must be a finite number"):
            source.set_gain(float("inf"))


def test_what_is_no_radio_has_no_gain(tmp_path):
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(100))
    source = sentinel.source(str(path), sample_rate=1e3)
    assert not source.can_set_gain and source.gains_db == ()
    with pytest.raises(InputError, match="is no radio whose gain can be set"):
        source.set_gain(10.0)


def test_gains_of_a_driver_that_tells_only_the_nearest():
    steps = np.array([0.0, 14.0, 28.5])
    nearest = lambda gain_db: float(steps[np.argmin(np.abs(steps - gain_db))])  # noqa: E731
    assert gain_steps(0.0, 28.5, nearest) == (0.0, 14.0, 28.5)
    assert gain_steps(0.0, 0.0, nearest) == () and gain_steps(float("nan"), 10.0, nearest) == ()
