# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks of the pulse room across gaps: segments never mix, filled samples do not count."""

import numpy as np
import pmt
import pulse_reference as reference
import pytest
from block_runs import CHUNKS, run_messages, run_stream, stream_of
from gnuradio import sentinel
from gnuradio.sentinel._sentinel import kfold_integrator_core

WINDOW, HOP, ROWS = 16, 8, 32
THRESHOLD = 29.0
GEOMETRY = reference.make_geometry(WINDOW, HOP, ROWS, HOP * 37.4, 5)
CYCLE = GEOMETRY.cycle_windows


def uint64(value):
    return pmt.from_uint64(value)


def segment(item, place, step=1):
    return [(item, "sentinel_start", uint64(place)), (item, "sentinel_step", uint64(step))]


def cycles_of(samples, tags, chunk=0):
    """Messages of the port cycles from samples."""
    watch = sentinel.kfold_watch(0, GEOMETRY, THRESHOLD, 1, 0.25)
    chain = [sentinel.wmatrix_stft(WINDOW, HOP, ROWS), kfold_integrator_core(ROWS, 1, [watch])]
    (cycles,) = run_messages(chain, ["cycles"], samples, tags, chunk)
    return cycles


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("first", [15, 16, 100, 101, 103, 107])
def test_no_window_crosses_into_a_segment(first, chunk, rng):
    samples = reference.noise(rng, 250)
    tags = [*stream_of(250), *segment(first, 5000)]
    items, found = run_stream(sentinel.wmatrix_stft(WINDOW, HOP, ROWS), samples, tags, chunk, ROWS)
    kernel = sentinel.kernel.wmatrix_stft(WINDOW, ROWS)
    parts = [kernel(part, HOP) for part in (samples[:first], samples[first:]) if len(part) >= WINDOW]
    assert items == pytest.approx(np.concatenate(parts), abs=1e-4)
    windows = len(parts[0]) if first >= WINDOW else 0
    starts = [(offset, value) for offset, key, value in found if key == "sentinel_start"]
    assert starts == [(0, 0), (windows, 5000)] if windows else [(0, 5000)]


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("at", [40, 41, 48, 55, 56])
def test_a_fill_is_told_on_the_first_window_that_holds_it(at, chunk, rng):
    samples = reference.noise(rng, 200)
    tags = [*stream_of(200), (at, "sentinel_filled", uint64(20))]
    _, found = run_stream(sentinel.wmatrix_stft(WINDOW, HOP, ROWS), samples, tags, chunk, ROWS)
    first = next(w for w in range(100) if w * HOP + WINDOW > at)
    assert [(o, v) for o, key, v in found if key == "sentinel_filled"] == [(first, 20)]


@pytest.mark.parametrize("chunk", [7, 0])
def test_a_time_within_a_segment_is_moved_to_its_window(chunk, rng):
    time = pmt.make_tuple(uint64(100), pmt.from_double(0.001))
    tags = [*stream_of(200, rate=1000.0, time=(99, 0.9)), (101, "rx_time", time)]
    _, found = run_stream(
        sentinel.wmatrix_stft(WINDOW, HOP, ROWS), reference.noise(rng, 200), tags, chunk, ROWS
    )
    (moved,) = [(o, v) for o, key, v in found if key == "rx_time" and o]
    assert moved[0] == 12  # samples 96 to 111, 5 ms before
    assert moved[1][0] + moved[1][1] == pytest.approx(99.996)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_cut_drops_what_was_gathered_and_goes_on_in_place(chunk, rng):
    samples = reference.noise(rng, CYCLE * HOP * 5)
    cut, lost = int(1.6 * CYCLE * HOP) + 3, 4321
    tags = [
        *stream_of(len(samples), 50),
        *segment(cut, 50 + cut + lost),
        (cut, "sentinel_lost", uint64(lost)),
    ]
    cycles = cycles_of(samples, tags, chunk)
    begins = [50, *(50 + cut + lost + CYCLE * HOP * n for n in range(3))]
    assert [cycle["sample_start"] for cycle in cycles] == begins
    assert [cycle["cycle"] for cycle in cycles] == [0, 1, 2, 3]
    assert all(cycle["lost"] == 0 for cycle in cycles)  # between the cycles, not within one
    alone = cycles_of(samples[cut:], stream_of(len(samples) - cut))
    assert [c["score"] for c in cycles[1:]] == [c["score"] for c in alone]


def test_a_loss_without_a_jump_belongs_to_its_cycle(rng):
    samples = reference.noise(rng, CYCLE * HOP * 3 + WINDOW)
    tags = [*stream_of(len(samples)), (int(1.5 * CYCLE) * HOP, "sentinel_lost", uint64(77))]
    assert [cycle["lost"] for cycle in cycles_of(samples, tags)] == [0, 77, 0]


def test_a_change_of_the_clock_holds_for_the_cycles_after_it(rng):
    samples = reference.noise(rng, CYCLE * HOP * 3 + WINDOW)
    later = pmt.make_tuple(uint64(2000), pmt.from_double(0.5))
    tags = [
        *stream_of(len(samples), 10, rate=1000.0, time=(1000, 0.0)),
        (CYCLE * HOP, "rx_time", later),
    ]
    cycles = cycles_of(samples, tags)
    assert [cycle["anchor"] for cycle in cycles] == [10, 10 + CYCLE * HOP, 10 + CYCLE * HOP]
    assert [cycle["rx_time"] for cycle in cycles] == [(1000, 0.0), (2000, 0.5), (2000, 0.5)]


def train(rng, en0_db=18.0, start=150):
    samples = reference.noise(rng, CYCLE * HOP + WINDOW)
    starts = reference.round_half_up(start + 37.4 * HOP * np.arange(5))
    return reference.add_pulses(samples, starts, WINDOW, 0.2, en0_db, rng), starts


@pytest.mark.parametrize("pulse", range(5))
def test_a_pulse_in_filled_samples_is_not_called_missing(pulse, rng):
    samples, starts = train(rng)
    first = starts[pulse] - 8
    samples[first : first + 40] = 0
    filled = [(int(first), "sentinel_filled", uint64(40))]
    (told,) = cycles_of(samples, [*stream_of(len(samples)), *filled])
    assert told["filled"] == 40
    assert [found["reason"] for found in told["trains"]] == ["pulses"]


def test_filled_windows_do_not_enter_the_noise(rng):
    """A third of a cycle is filled: zeros would lower the noise by as much and raise every score."""
    samples = reference.noise(rng, CYCLE * HOP + WINDOW)
    count = CYCLE * HOP // 3
    samples[500 : 500 + count] = 0
    (told,) = cycles_of(samples, [*stream_of(len(samples)), (500, "sentinel_filled", uint64(count))])
    (ignorant,) = cycles_of(samples, stream_of(len(samples)))
    # The noise of a cell is window x 1; its mean over 125 windows and 32 rows is right to some per cent.
    assert told["noise"] == pytest.approx(WINDOW, rel=0.1)
    assert ignorant["noise"] < 0.75 * WINDOW


def test_a_cycle_of_nothing_but_fill_is_survived(rng):
    samples = np.zeros(CYCLE * HOP + WINDOW, np.complex64)
    (told,) = cycles_of(samples, [*stream_of(len(samples)), (0, "sentinel_filled", uint64(len(samples)))])
    assert told["filled"] == len(samples) and told["trains"] == []
