# SPDX-License-Identifier: GPL-3.0-or-later
"""The block Sentinel Source on recordings."""

import os
import shutil

import numpy as np
import pmt
import pytest
from conftest import SHARED_DATA
from gnuradio import blocks, gr, sentinel
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.simulate_io import write_sigmf
from gnuradio.sentinel.core.stream import Stream


def run(source, max_items=0):
    top, sink = gr.top_block(), blocks.vector_sink_c()
    top.connect(source, sink)
    if max_items:
        top.run(max_items)
    else:
        top.run()
    tags = {}
    for tag in sink.tags():
        tags.setdefault(pmt.symbol_to_string(tag.key), []).append((tag.offset, pmt.to_python(tag.value)))
    return np.array(sink.data(), np.complex64), tags


@pytest.fixture
def scene(tmp_path, rng):
    samples = (0.2 * (rng.standard_normal(20_000) + 1j * rng.standard_normal(20_000))).astype(np.complex64)
    path = write_sigmf(
        tmp_path / "scene.sigmf-meta", samples, 1e4, 146e6, "2026-07-01T12:00:00.500000Z", datatype="cf32_le"
    )
    return path, samples


@pytest.mark.parametrize("max_items", [1, 7, 4096])
def test_region_of_a_recording(scene, max_items):
    path, samples = scene
    source = sentinel.source(str(path), start_s=0.25, duration_s=0.5)
    assert (source.sample_rate, source.center_freq, source.sample_count) == (1e4, 146e6, 5000)
    assert (source.start_time, source.sample_start) == ("2026-07-01T12:00:00.750000Z", 2500)
    assert source.accounting == "exact"
    got, tags = run(source, max_items)
    assert np.array_equal(got, samples[2500:7500])
    assert tags == {
        "sentinel_start": [(0, 2500)],
        "sentinel_step": [(0, 1)],
        "rx_rate": [(0, 1e4)],
        "rx_freq": [(0, 146e6)],
        "rx_time": [(0, (1782907200, 0.75))],
        "sentinel_end": [(4999, 7500)],
        "sentinel_stream": [(0, dict(source.identity.__dict__))],
    }
    assert source.identity == Stream(source.stream_id, "scene.sigmf-data", "exact", "clipping_unknown")
    assert source.summary() == {
        "samples_read": 5000,
        "samples_clipped": 0,
        "samples_nonfinite": 0,
        "bytes_left_over": 0,
        "clipped_share": None,
        "seconds_of_signal": 0.5,
        "accounting": "exact",
        "warnings": 0,
        "failure": None,
    }


def test_stream_id_names_the_recording(scene, tmp_path):
    path, samples = scene
    first = sentinel.source(str(path)).stream_id
    assert sentinel.source(str(path.with_suffix(".sigmf-data")), start_s=1).stream_id == first
    moved = tmp_path / "archive"
    moved.mkdir()
    for suffix in (".sigmf-meta", ".sigmf-data"):
        shutil.copy(path.with_suffix(suffix), moved)
    assert sentinel.source(str(moved / path.name)).stream_id == first
    write_sigmf(moved / path.name, samples * 0.5, 1e4)
    assert sentinel.source(str(moved / path.name)).stream_id != first


def test_request_end_ends_the_stream_with_its_tag(scene):
    source = sentinel.source(str(scene[0]))
    source.request_end()
    got, tags = run(source)
    assert (len(got), tags) == (0, {})


def test_an_odd_byte_is_counted_where_the_end_is_read(tmp_path):
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(2001))
    source = sentinel.source(str(path), sample_rate=1000)
    assert len(run(source)[0]) == 1000
    assert source.summary()["bytes_left_over"] == 1
    assert source.summary()["warnings"] == len(source.warnings) == 1
    source = sentinel.source(str(path), sample_rate=1000, duration_s=0.5)
    assert source.summary()["bytes_left_over"] == 0


@pytest.mark.parametrize("index", [2**31, 2**32, 2**40])
def test_counters_beyond(tmp_path, index):
    # A file of holes: it takes no room on the disk.
    path = tmp_path / "long.cu8"
    path.touch()
    try:
        os.truncate(path, 2 * (index + 5))
    except OSError as error:
        pytest.skip(f"the file system has no files of {2 * index} bytes: {error}")
    source = sentinel.source(str(path), sample_rate=2.0**10, start_s=(index - 5) / 2**10)
    got, tags = run(source)
    assert len(got) == 10
    assert tags["sentinel_start"] == [(0, index - 5)]
    assert tags["sentinel_end"] == [(9, index + 5)]


def test_a_source_without_a_name_for_it_survives(scene):
    # Nobody but the flowgraph holds this block; its inner block must not be collected.
    top, sink = gr.top_block(), blocks.vector_sink_c()
    top.connect(sentinel.source(str(scene[0])), sink)
    top.run()
    assert len(sink.data()) == 20_000


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("nowhere.cu8", {"sample_rate": 1}, "nowhere.cu8: file not found"),
        ("udp:127.0.0.1:10000", {}, "needs --rate"),
        ("x.cu8", {"sample_rate": 1, "gain": 3}, "--gain is for radios"),
    ],
)
def test_refusals(text, options, message):
    with pytest.raises(InputError) as caught:
        sentinel.source(text, **options)
    assert message in str(caught.value)


@pytest.mark.skipif(not SHARED_DATA.exists(), reason="no real recordings beside the project")
def test_real_recording_agrees_with_numpy():
    path = sorted((SHARED_DATA / "real433").glob("*.cu8"))[0]
    source = sentinel.source(str(path), sample_rate="250k", center_freq="433.92M", format="cu8")
    got, _ = run(source)
    raw = np.fromfile(path, np.uint8).reshape(-1, 2)
    # One rounding of a float32 division.
    assert np.allclose(got, (raw[:, 0] - 127.5 + 1j * (raw[:, 1] - 127.5)) / 127.5, atol=1e-7)
    summary = source.summary()
    assert summary["samples_clipped"] == np.any((raw == 0) | (raw == 255), axis=1).sum() > 0
    assert summary["seconds_of_signal"] == len(raw) / 250e3
