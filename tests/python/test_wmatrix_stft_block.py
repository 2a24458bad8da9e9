# SPDX-License-Identifier: GPL-3.0-or-later
"""The block W-Matrix STFT: the kernel's numbers for any chunk size, and tags where they belong."""

import numpy as np
import pmt
import pulse_reference as reference
import pytest
from block_runs import CHUNKS, run_stream, stream_of
from gnuradio import sentinel


def kernel_scores(samples, window, hop, rows, template=()):
    """Items as the block makes them: channels in turn within a window."""
    stft = sentinel.kernel.wmatrix_stft(window, rows, template)
    tables = [stft(np.ascontiguousarray(channel), hop) for channel in np.atleast_2d(samples.T)]
    return np.stack(tables, axis=1).reshape(-1, rows)


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("window, hop, rows", [(58, 29, 128), (16, 16, 32), (61, 31, 122), (16, 3, 16)])
def test_equals_the_kernel(window, hop, rows, chunk, rng):
    samples = reference.noise(rng, 1000)
    items, _ = run_stream(sentinel.wmatrix_stft(window, hop, rows), samples, chunk=chunk, length=rows)
    assert np.array_equal(items, kernel_scores(samples, window, hop, rows))


@pytest.mark.parametrize("chunk", [7, 4096, 0])
@pytest.mark.parametrize("channels", [2, 3, 5])
def test_channels_in_turn(channels, chunk, rng):
    samples = reference.noise(rng, 700 * channels).reshape(700, channels)
    block = sentinel.wmatrix_stft(16, 8, 32, channels)
    items, _ = run_stream(block, samples, stream_of(700), chunk, length=32)
    assert np.array_equal(items, kernel_scores(samples, 16, 8, 32))


@pytest.mark.parametrize("channels, window", [(100, 58), (400, 58), (1000, 100)])
def test_many_channels(channels, window, rng):
    """Items of many channels are large, yet the buffer before the block must hold a window of them."""
    samples = reference.noise(rng, 400 * channels).reshape(400, channels)
    block = sentinel.wmatrix_stft(window, window // 2, 0, channels)
    items, _ = run_stream(block, samples, stream_of(len(samples)), length=block.rows)
    assert np.array_equal(items, kernel_scores(samples, window, window // 2, block.rows))


@pytest.mark.parametrize("window", [5000, 20_000])
def test_long_windows(window, rng):
    samples = reference.noise(rng, 3 * window)
    block = sentinel.wmatrix_stft(window, window // 2)
    items, _ = run_stream(block, samples, stream_of(len(samples)), length=block.rows)
    assert np.array_equal(items, kernel_scores(samples, window, window // 2, block.rows))


def test_a_template_and_the_default_rows(rng):
    template = np.exp(2j * np.pi * rng.random(58)).astype(np.complex64)
    samples = reference.noise(rng, 500)
    block = sentinel.wmatrix_stft(58, 29, pulse_template=template)
    assert block.rows == sentinel.kernel.fast_rows(58) == 96
    items, _ = run_stream(block, samples, length=96)
    assert np.array_equal(items, kernel_scores(samples, 58, 29, 96, template))


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("tail", [0, 1, 3, 7])
def test_tags_move_to_the_windows_they_belong_to(tail, chunk, rng):
    """Windows of 16 every 8: the end stands on the last item, however many samples follow it."""
    count = 16 + 8 * 30 + tail
    tags = stream_of(count, 2**33 + 5, 200, 768e3, 146e6, (1_800_000_000, 0.25))
    tags += [(100, "rx_freq", pmt.from_double(147e6))]
    items, found = run_stream(sentinel.wmatrix_stft(16, 8, 32), reference.noise(rng, count), tags, chunk, 32)
    assert len(items) == 31
    assert found == [
        (0, "rx_freq", 146e6),
        (0, "rx_rate", 768e3),
        (0, "rx_time", (1_800_000_000, 0.25)),
        (0, "sentinel_start", 2**33 + 5),
        (0, "sentinel_step", 1600),
        (12, "rx_freq", 147e6),
        (30, "sentinel_end", 2**33 + 5 + 200 * count),
    ]


@pytest.mark.parametrize("chunk", [7, 4096, 0])
def test_tags_of_several_channels(chunk, rng):
    samples = reference.noise(rng, 3 * 101).reshape(101, 3)
    tags = [*stream_of(101, 10, 4), (50, "rx_freq", pmt.from_double(1.0))]
    items, found = run_stream(sentinel.wmatrix_stft(16, 8, 32, 3), samples, tags, chunk, 32)
    assert len(items) == 33
    assert found == [
        (0, "sentinel_start", 10),
        (0, "sentinel_step", 32),
        (18, "rx_freq", 1.0),  # sample 50 is first new in window 6, items 18 to 20
        (32, "sentinel_end", 414),
    ]


@pytest.mark.parametrize("count, windows", [(15, 0), (16, 1), (23, 1), (24, 2)])
@pytest.mark.parametrize("ours", [True, False])
def test_short_streams(count, windows, ours, rng):
    """A foreign stream has no end tag, and none of its windows waits for one."""
    tags = stream_of(count) if ours else []
    items, found = run_stream(sentinel.wmatrix_stft(16, 8, 32), reference.noise(rng, count), tags, length=32)
    assert len(items) == windows
    assert ("sentinel_end" in [key for _, key, _ in found]) == (ours and windows > 0)


@pytest.mark.parametrize(
    "arguments, text",
    [
        ((3, 1), "window must be 4"),
        ((16, 0), "hop must be 1..16"),
        ((16, 17), "hop must be 1..16"),
        ((16, 8, 31), "rows must be even"),
        ((16, 8, 14), "rows must be even"),
        ((16, 8, 32, 0), "channels must be 1"),
        ((16, 8, 32, 1, [1, 0] * 8), "template"),
        ((16, 8, 32, 1, [1] * 15), "16 samples, not 15"),
    ],
)
def test_wrong_settings_are_refused(arguments, text):
    with pytest.raises(ValueError, match=text):
        sentinel.wmatrix_stft(*arguments)
