# SPDX-License-Identifier: GPL-3.0-or-later
"""The C++ source: samples, tags and ends, for any chunk size."""

import os
import subprocess
import sys
import threading

import numpy as np
import pmt
import pytest
from gnuradio import blocks, gr, sentinel

RATE = 1000.0
SEGMENTS = [
    sentinel.recording_segment(0, 100e6, True, 1_700_000_000, 0.75),
    sentinel.recording_segment(6000, 101e6, True, 1_700_000_100, 0.5),
]


def run(source, max_items=0):
    """Samples and tags (offset, key, value) of a source that ends by itself."""
    top = gr.top_block()
    sink = blocks.vector_sink_c()
    top.connect(source, sink)
    if max_items:
        top.run(max_items)
    else:
        top.run()
    tags = [(t.offset, pmt.symbol_to_string(t.key), pmt.to_python(t.value)) for t in sink.tags()]
    return np.array(sink.data(), np.complex64), sorted(tags, key=lambda tag: tag[:2])


@pytest.fixture
def recording(tmp_path, rng):
    raw = rng.integers(0, 256, 20_000, dtype=np.uint8)
    path = tmp_path / "noise.cu8"
    path.write_bytes(raw.tobytes())
    return path, raw


@pytest.mark.parametrize("max_items", [1, 7, 4096, 0])
def test_region_and_tags_do_not_depend_on_chunks(recording, max_items):
    path, raw = recording
    source = sentinel.recording_source(
        str(path), "cu8", RATE, sample_start=1500, sample_count=8000, segments=SEGMENTS
    )
    samples, tags = run(source, max_items)
    expected, clipped, _ = sentinel.kernel.convert_samples(raw[3000:19000], "cu8")
    assert np.array_equal(samples, expected)
    assert tags == [
        (0, "rx_freq", 100e6),
        (0, "rx_rate", RATE),
        (0, "rx_time", (1_700_000_002, 0.25)),
        (0, "sentinel_start", 1500),
        (0, "sentinel_step", 1),
        (4500, "rx_freq", 101e6),
        (4500, "rx_rate", RATE),
        (4500, "rx_time", (1_700_000_100, 0.5)),
        (4500, "sentinel_start", 6000),
        (4500, "sentinel_step", 1),
        (7999, "sentinel_end", 9500),
    ]
    assert source.samples_read() == 8000
    assert source.samples_clipped() == clipped > 0
    assert (source.samples_nonfinite(), source.bytes_left_over(), source.failure()) == (0, 0, "")


def test_second_channel_behind_a_header_with_odd_bytes_at_the_end(tmp_path, rng):
    frames = rng.integers(-32768, 32768, (5000, 2, 2), dtype=np.int16)
    path = tmp_path / "two.raw"
    path.write_bytes(b"header!" + frames.tobytes() + b"odd")
    source = sentinel.recording_source(str(path), "cs16", RATE, byte_offset=7, channel=1, channel_count=2)
    samples, tags = run(source)
    assert np.allclose(samples, (frames[:, 1, 0] + 1j * frames[:, 1, 1]) / 32767, atol=1e-7)
    assert tags[-1] == (4999, "sentinel_end", 5000)
    assert not [tag for tag in tags if tag[1] == "rx_time"]
    assert source.bytes_left_over() == 3


def test_nonfinite_samples_are_counted(tmp_path):
    values = np.array([1, np.nan, 2j, np.inf, -1], np.complex64)
    path = tmp_path / "x.cf32"
    path.write_bytes(values.tobytes())
    source = sentinel.recording_source(str(path), "cf32", RATE)
    samples, _ = run(source)
    assert np.array_equal(samples, np.array([1, 0, 2j, 0, -1], np.complex64))
    assert source.samples_nonfinite() == 2


def test_a_file_cut_short_ends_with_its_tag_and_a_reason(recording):
    path, _ = recording
    source = sentinel.recording_source(str(path), "cu8", RATE, sample_count=10_000)
    os.truncate(path, 9001)
    samples, tags = run(source)
    assert len(samples) == 4500
    assert tags[-1] == (4499, "sentinel_end", 4500)
    assert "ended 5500 samples before the end" in source.failure()
    assert source.bytes_left_over() == 1


def test_a_read_error_ends_the_stream_with_a_reason(tmp_path):
    # A folder opens for reading, and every read of it fails.
    source = sentinel.recording_source(str(tmp_path), "cu8", RATE)
    samples, tags = run(source)
    assert (len(samples), tags) == (0, [])
    assert "reading failed: Is a directory" in source.failure()


def test_request_end_before_and_during_a_run(recording):
    path, _ = recording
    source = sentinel.recording_source(str(path), "cu8", RATE)
    source.request_end()
    assert len(run(source)[0]) == 0

    # /dev/zero never ends by itself, so only the request can end this run.
    endless = sentinel.recording_source("/dev/zero", "cu8", RATE)
    head_seen = threading.Event()

    class watcher(gr.sync_block):
        def __init__(self):
            gr.sync_block.__init__(self, "watcher", [np.complex64], None)
            self.ends = []

        def work(self, input_items, output_items):
            head_seen.set()
            end = pmt.intern("sentinel_end")
            self.ends += [
                (t.offset, pmt.to_python(t.value))
                for t in self.get_tags_in_window(0, 0, len(input_items[0]), end)
            ]
            return len(input_items[0])

    top, sink = gr.top_block(), watcher()
    top.connect(endless, sink)
    top.start()
    assert head_seen.wait(30)
    endless.request_end()
    top.wait()
    count = endless.samples_read()
    assert count > 0
    assert sink.ends == [(count - 1, count)]


STDIN_PROGRAM = """
import sys
from gnuradio import blocks, gr, sentinel
import pmt
start, count = map(int, sys.argv[1:])
source = sentinel.recording_source("-", "cu8", 1000.0, sample_start=start, sample_count=count)
sink = blocks.vector_sink_c()
top = gr.top_block()
top.connect(source, sink)
top.run()
tags = [(pmt.symbol_to_string(t.key), t.offset, pmt.to_python(t.value)) for t in sink.tags()]
ends = [tag[1:] for tag in tags if tag[0] == "sentinel_end"]
starts = [tag[1:] for tag in tags if tag[0] == "sentinel_start"]
total = complex(sum(sink.data()))
print(len(sink.data()), starts, ends, source.bytes_left_over(), source.failure() or "-", round(total.real, 3))
"""


@pytest.mark.parametrize(
    ("chunks", "region", "expected"),
    [
        ([b"\x00\xff" * 300, b"\x80", b"\x80" * 401, b"\x01"], (0, -1), (501, 0, 501, 1)),
        ([b"\x00\xff" * 300, b"\x80" * 400], (200, -1), (300, 200, 500, 0)),
        ([b"\x00\xff" * 300, b"\x80" * 400], (200, 50), (50, 200, 250, 0)),
        ([b"\x80\x80"], (0, -1), (1, 0, 1, 0)),
        ([], (0, -1), (0, None, None, 0)),
    ],
)
def test_stdin_knows_its_last_item(chunks, region, expected):
    process = subprocess.Popen(
        [sys.executable, "-c", STDIN_PROGRAM, *map(str, region)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=False,
    )
    raw = b"".join(chunks)
    for chunk in chunks:
        process.stdin.write(chunk)
        process.stdin.flush()
    out, _ = process.communicate(timeout=60)
    count, start, end, left = expected
    values = np.frombuffer(raw[: len(raw) // 2 * 2], np.uint8)[0::2][start or 0 : end or 0]
    starts = [] if start is None else [(0, start)]
    ends = [] if end is None else [(count - 1, end)]
    total = round(float(((values - 127.5) / 127.5).sum()), 3)
    assert out.decode().strip() == f"{count} {starts} {ends} {left} - {total}"


STALLED_PROGRAM = """
import threading
import numpy as np
import pmt
from gnuradio import gr, sentinel

nine_seen = threading.Event()
ends = []

class watcher(gr.sync_block):
    def __init__(self):
        gr.sync_block.__init__(self, "watcher", [np.complex64], None)

    def work(self, input_items, output_items):
        count = len(input_items[0])
        tags = self.get_tags_in_window(0, 0, count, pmt.intern("sentinel_end"))
        ends.extend((t.offset, pmt.to_python(t.value)) for t in tags)
        if self.nitems_read(0) + count == 9:
            nine_seen.set()
        return count

source, sink, top = sentinel.source("-", sample_rate=1e3, format="cu8"), watcher(), gr.top_block()
top.connect(source, sink)
top.start()
assert nine_seen.wait(30)
source.request_end()
top.wait()
print(source.summary()["samples_read"], ends)
"""


def test_request_end_on_a_stalled_pipe_gives_the_held_sample():
    process = subprocess.Popen(
        [sys.executable, "-c", STALLED_PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    process.stdin.write(bytes(20))
    process.stdin.flush()
    # The pipe stays open, so only the request can end the run.
    assert process.wait(60) == 0
    assert process.stdout.read().decode().strip() == "10 [(9, 10)]"
    process.stdin.close()
    process.stdout.close()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sample_rate": 0.0}, ValueError, "sample_rate"),
        ({"sample_rate": float("nan")}, ValueError, "sample_rate"),
        ({"channel": 1}, ValueError, "channel"),
        ({"sample_count": -2}, ValueError, "sample_count"),
        ({"format": "xx"}, ValueError, "'xx' is unknown"),
        ({"segments": SEGMENTS[::-1]}, ValueError, "ascending"),
        ({"path": "/nowhere/x.cu8"}, RuntimeError, "/nowhere/x.cu8: cannot be opened"),
    ],
)
def test_bad_settings_are_refused(recording, options, error, message):
    settings = {"path": str(recording[0]), "format": "cu8", "sample_rate": RATE} | options
    with pytest.raises(error, match=message):
        sentinel.recording_source(**settings)
