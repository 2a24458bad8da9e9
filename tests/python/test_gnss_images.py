# SPDX-License-Identifier: GPL-3.0-or-later
"""The published picture: sizes, colours, interpolation, and what a flip does."""

import numpy as np
import pytest
from gnuradio.sentinel.gnss.training.images import (
    PowerScale,
    colours,
    decibels,
    flipped,
    image_tensors,
    published_images,
    sequences,
)

SCALE = PowerScale(-40, 0)


def test_sizes_and_kinds(rng):
    images = published_images(rng.random((3, 5, 64)), SCALE)
    assert images.shape == (3, 125, 193, 3) and images.dtype == np.uint8
    tensors = image_tensors(images)
    assert tensors.shape == (3, 3, 125, 193) and tensors.dtype == np.float32
    # Red of the first pixel, by the formula.
    assert tensors[0, 0, 0, 0] == pytest.approx((images[0, 0, 0, 0] / 255 - 0.485) / 0.229, abs=1e-6)


def test_colours_at_known_places():
    found = colours(np.array([0, 0.125, 0.375, 0.5, 0.625, 0.875, 1]))
    blue, cyan, green = [0, 0, 255], [0, 255, 255], [128, 255, 128]
    assert found.tolist() == [[0, 0, 128], blue, cyan, green, [255, 255, 0], [255, 0, 0], [128, 0, 0]]


def test_frequency_runs_right_and_time_down():
    power = np.full((1, 5, 64), 1e-4)
    power[0, 4, 48] = 1.0
    red = published_images(power, SCALE)[0, :, :, 0].astype(float)
    down, right = np.unravel_index(
        np.argmax(red * (published_images(power, SCALE)[0, :, :, 2] == 0)), red.shape
    )
    assert (down + 0.5) / 25 == pytest.approx(4.5, abs=0.5)
    assert (right + 0.5) * 64 / 193 == pytest.approx(48.5, abs=0.5)


def test_interpolation_is_linear_between_centres():
    # 40 dB from channel to channel: values 0 and 1, and halfway between their centres the colour of 0.5.
    power = np.where(np.arange(64) < 32, 1e-4, 1.0)[None, None].repeat(5, axis=1)
    row = published_images(power, SCALE)[0, 60]
    assert row[96].tolist() == [128, 255, 128]  # pixel 96 is the middle of 193, between channels 31 and 32
    assert row[0].tolist() == [0, 0, 128] and row[-1].tolist() == [128, 0, 0]
    assert (published_images(power, SCALE)[0] == row).all()


def test_powers_beyond_the_scale_take_its_ends():
    ends = published_images(np.stack([np.zeros((5, 64)), np.full((5, 64), 1e9)]), SCALE)
    assert (ends[0] == [0, 0, 128]).all() and (ends[1] == [128, 0, 0]).all()
    assert decibels(0.0) == -200


def test_the_scale_is_fitted_once_for_all(rng):
    power = 10 ** (rng.uniform(-4, -1, (50, 5, 64)))
    scale = PowerScale.fit(power, 0.01)
    assert scale.low_db == pytest.approx(-39.7, abs=0.1) and scale.high_db == pytest.approx(-10.3, abs=0.1)
    flat = PowerScale.fit(np.full((2, 5, 64), 0.1))
    assert flat.high_db - flat.low_db == pytest.approx(1)
    for ends in ((0, 0), (1, 0), (0, np.inf), (np.nan, 0)):
        with pytest.raises(ValueError):
            PowerScale(*ends)


def test_sequences_do_not_overlap_and_drop_the_rest():
    found = sequences(np.arange(13)[:, None].repeat(2, axis=1))
    assert found.shape == (2, 5, 2) and found[:, :, 0].tolist() == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert sequences(np.zeros((4, 64))).shape == (0, 5, 64)
    with pytest.raises(ValueError, match="seconds, channels"):
        published_images(np.zeros((5, 64)), SCALE)


def test_flips_mirror_frequency_in_half_of_the_pictures(rng):
    tensors = rng.random((400, 1, 2, 3)).astype(np.float32)
    found = flipped(tensors, np.random.default_rng(1))
    kept = (found == tensors).all(axis=(1, 2, 3))
    mirrored = (found == tensors[..., ::-1]).all(axis=(1, 2, 3))
    assert (kept | mirrored).all()
    assert abs(mirrored.sum() - 200) < 5 * np.sqrt(100)
    assert np.array_equal(flipped(tensors, rng, 0), tensors)
    assert np.array_equal(flipped(tensors, rng, 1), tensors[..., ::-1])
