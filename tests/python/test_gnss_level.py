# SPDX-License-Identifier: GPL-3.0-or-later
"""The level a receiver is expected to show: drift is foreseen, glitches are ignored, ramps are bounded."""

import numpy as np
import pytest
from gnuradio.sentinel.gnss.level import LevelReference, LevelSettings

#: Snapshots between being seen and being learned, as in `Baseline`.
DELAY = 8


def follow(levels, *, told=True, settings=None, quiet=None):
    """Rises and their expected scatter, each level seen at its place and learned `DELAY` later."""
    reference = LevelReference(settings)
    rises, sigmas, waiting = [], [], []
    for place, level in enumerate(levels, 1):
        rise = level - reference.expected_db(place) if reference.known else 0.0
        rises.append(rise)
        sigmas.append(reference.sigma_db(place))
        if quiet is None or quiet[place - 1]:
            waiting.append((level, place, rise))
        wait = DELAY if place > 10 else 2
        while len(waiting) > wait:
            reference.learn(*waiting.pop(0), 10, told)
    return np.array(rises), np.array(sigmas), reference


def sine(seconds, depth_db, period_s):
    rng = np.random.default_rng(1)
    place = np.arange(seconds)
    return depth_db * np.sin(2 * np.pi * place / period_s + 1) + 0.004 * rng.standard_normal(seconds)


def test_a_steady_level_is_expected_as_it_is():
    rises, sigmas, reference = follow(sine(300, 0.0, 100) - 30)
    assert np.abs(rises[20:]).max() < 0.03
    assert sigmas[-1] == pytest.approx(LevelSettings().least_sigma_db, rel=0.02)
    assert reference.level_db == pytest.approx(-30, abs=0.01)


def test_slow_drift_is_foreseen():
    rises, _, _ = follow(sine(900, 0.5, 600))
    assert np.abs(rises[20:]).max() < 0.04


def test_fast_drift_widens_what_is_expected_of_the_receiver():
    rises, sigmas, _ = follow(sine(900, 0.8, 150))
    assert np.abs(rises[20:]).max() < 0.3
    assert (np.abs(rises[60:]) / sigmas[60:]).max() < 3
    assert sigmas[-1] > 1.3 * LevelSettings().least_sigma_db


def test_the_expectation_widens_while_nothing_can_be_learned():
    levels = sine(400, 0.8, 150)
    quiet = np.ones(400, bool)
    quiet[300:] = False
    _, sigmas, _ = follow(levels, quiet=quiet)
    assert sigmas[-1] > 4 * sigmas[290]
    _, sigmas, _ = follow(sine(400, 0.0, 150), quiet=quiet)
    # Of a receiver that never wandered little is forgotten.
    assert sigmas[-1] < 2 * LevelSettings().least_sigma_db


def test_one_glitch_changes_nothing_and_a_step_is_taken():
    glitch = sine(100, 0.0, 100)
    glitch[50] -= 6
    rises, _, _ = follow(glitch)
    assert np.abs(np.delete(rises, 50)[20:]).max() < 0.03
    step = sine(100, 0.0, 100)
    step[50:] -= 6
    rises, sigmas, _ = follow(step)
    assert np.abs(rises[50 + DELAY + 2 :]).max() < 0.03
    # A step is no drift.
    assert sigmas[-1] < 1.1 * LevelSettings().least_sigma_db


def test_a_ramp_leaves_the_band_around_the_anchor():
    settings = LevelSettings(band_db=0.5)
    ramp = np.concatenate([np.zeros(30), 0.02 * np.arange(100)])
    rises, _, reference = follow(ramp, settings=settings)
    assert reference.expected_db(131) == pytest.approx(0.5, abs=0.03)
    assert rises[-1] == pytest.approx(0.02 * 99 - 0.5, abs=0.05)


def test_a_floor_that_falls_draws_the_anchor_only_where_the_gain_is_told():
    fall = np.concatenate([np.zeros(30), np.full(60, -10.0)])
    assert follow(fall)[2].level_db == pytest.approx(-10, abs=0.01)
    assert follow(fall, told=False)[2].level_db == pytest.approx(-LevelSettings().band_db, abs=0.05)


def test_before_anything_is_learned_nothing_is_expected():
    reference = LevelReference()
    assert not reference.known and np.isnan(reference.expected_db(5)) and np.isnan(reference.level_db)
    reference.restart(-20.0, 7)
    assert reference.expected_db(9) == -20.0
