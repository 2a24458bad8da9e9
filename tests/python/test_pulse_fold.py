# SPDX-License-Identifier: GPL-3.0-or-later
"""K-fold integration against brute force, at intervals that are no whole number of windows."""

import numpy as np
import pulse_reference as reference
import pytest
from gnuradio import sentinel

TILE = (4, 8)


def brute_force(normalized, geometry, first_row=0, last_row=None):
    """The best cell of each tile: (start, row, value), best first, of the rows searched."""
    plane = reference.fold(normalized.astype(float), geometry)[:, first_row:last_row]
    cells = []
    for start in range(0, plane.shape[0], TILE[0]):
        for row in range(0, plane.shape[1], TILE[1]):
            tile = plane[start : start + TILE[0], row : row + TILE[1]]
            best = np.unravel_index(tile.argmax(), tile.shape)
            cells.append((start + best[0], first_row + row + best[1], tile[best]))
    return sorted(cells, key=lambda cell: -cell[2])


@pytest.mark.parametrize("pulses", [1, 2, 3, 5, 10, 20])
@pytest.mark.parametrize("interval_samples", [29 * 40.0, 29 * 40.28, 29 * 40.5, 29 * 40.83])
def test_equals_brute_force(pulses, interval_samples, rng):
    geometry = reference.make_geometry(rows=64, interval_samples=interval_samples, pulses=pulses)
    normalized = rng.exponential(1.0, (geometry.cycle_windows, 64)).astype(np.float32)
    strong = rng.random(normalized.shape) < 0.01
    normalized[strong] *= 1000
    expected = brute_force(normalized, geometry)
    found = sentinel.kernel.pulse_fold(geometry).peaks(normalized, len(expected))
    assert len(found) == len(expected)
    assert [value for *_, value in found] == pytest.approx([value for *_, value in expected], rel=1e-5)
    assert {cell[:2] for cell in found} == {cell[:2] for cell in expected}


@pytest.mark.parametrize(
    "lowest, highest, rows", [(-0.25, 0.25, (16, 49)), (0.1, 0.12, (38, 41)), (-0.5, -0.4, (0, 7))]
)
def test_only_the_band_searched(lowest, highest, rows, rng):
    geometry = reference.make_geometry(rows=64, interval_samples=1500.3, lowest=lowest, highest=highest)
    normalized = rng.exponential(1.0, (geometry.cycle_windows, 64)).astype(np.float32)
    expected = brute_force(normalized, geometry, rows[0], rows[1])
    found = sentinel.kernel.pulse_fold(geometry).peaks(normalized, 10**6)
    assert {cell[:2] for cell in found} == {cell[:2] for cell in expected}


def test_the_best_come_first_and_most_limits_them(rng):
    geometry = reference.make_geometry(interval_samples=1500.3)
    normalized = rng.exponential(1.0, (geometry.cycle_windows, 128)).astype(np.float32)
    fold = sentinel.kernel.pulse_fold(geometry)
    every = fold.peaks(normalized, 10**6)
    assert fold.peaks(normalized, 7) == every[:7]
    assert fold.peaks(normalized, 0) == []
    values = [value for *_, value in every]
    assert values == sorted(values, reverse=True)


def test_shapes_and_types_are_checked():
    geometry = reference.make_geometry(interval_samples=1500.3)
    fold = sentinel.kernel.pulse_fold(geometry)
    for shape in [
        (geometry.cycle_windows - 1, 128),
        (geometry.cycle_windows, 127),
        (geometry.cycle_windows * 128,),
    ]:
        with pytest.raises(ValueError, match="shape"):
            fold.peaks(np.zeros(shape, np.float32), 1)
    with pytest.raises(TypeError):
        fold.peaks(np.zeros((geometry.cycle_windows, 128)), 1)
