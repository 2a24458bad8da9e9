# SPDX-License-Identifier: GPL-3.0-or-later
"""Path loss, shadowing and what a receiver makes of levels."""

import math
from dataclasses import replace

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.gnss.place.propagation import (
    Assumptions,
    correlation,
    distances_m,
    draw_power_db,
    jn_db,
    level_db,
    measure,
    path_loss_db,
    received_db,
    shadowing_db,
)

ONLY_SHADOWING = Assumptions(gain_drift_db=0.0, noise_db=0.0, floor_db=-math.inf, saturation_db=math.inf)


def test_steps_between_3_6_and_9_m():
    steps = np.diff(path_loss_db(np.array([3.0, 6.0, 9.0])))
    assert steps == pytest.approx([6.02, 3.52], abs=0.005)
    assert np.diff(path_loss_db(np.array([3.0, 6.0]), 3.5))[0] == pytest.approx(6.0206 * 1.75, abs=1e-3)


def test_distances_and_the_closest_one():
    sensors = np.array([[0.0, 0.0], [3.0, 4.0]])
    assert distances_m(np.array([0.0, 0.0]), sensors).tolist() == [0.0, 5.0]
    assert distances_m(np.zeros((2, 3, 2)), sensors, 0.5).shape == (2, 3, 2)
    # 0.5 m: 6 dB more than at 1 m.
    assert received_db(np.zeros(2), sensors, Assumptions())[0] == pytest.approx(6.02, abs=0.005)


def test_level_is_the_power_over_the_baseline():
    assert level_db(0.0) == pytest.approx(10 * math.log10(2))
    assert level_db(30.0) == pytest.approx(30.0, abs=0.005)
    assert level_db(-200.0) == pytest.approx(0.0, abs=1e-12)
    jn = np.linspace(-20, 60, 81)
    assert jn_db(level_db(jn)) == pytest.approx(jn, abs=1e-6)
    assert np.isnan(jn_db([0.0, -1.0, math.nan])).all()


def test_shadowing_has_the_stated_spread_and_correlation(rng):
    assumed = Assumptions(shadowing_db=4.0, correlation_s=2.0)
    drawn = shadowing_db(rng, (40_000, 4, 2), assumed)
    # Deviation of a standard deviation over 80000 values: 0.25 %.
    assert drawn[:, 1].std() == pytest.approx(4.0, rel=0.012)
    seconds = np.corrcoef(drawn[:, :, 0].T)
    assert seconds == pytest.approx(correlation(4, 2.0), abs=0.025)
    assert np.corrcoef(drawn[:, 0].T)[0, 1] == pytest.approx(0.0, abs=0.025)


def test_without_correlation_seconds_are_independent():
    assert correlation(3, 0.0).tolist() == np.eye(3).tolist()


def test_gain_drift_is_one_constant_of_a_session_and_sensor(rng):
    quiet = Assumptions(shadowing_db=0.0, noise_db=0.0, gain_drift_db=0.5)
    levels = measure(rng, np.full((5000, 6, 2), 20.0), quiet)
    drift = levels - level_db(20.0)
    assert np.ptp(drift, axis=1).max() < 1e-12
    assert np.abs(drift).max() <= 0.5 and drift.std() == pytest.approx(quiet.gain_sd_db, rel=0.03)
    assert np.corrcoef(drift[:, 0].T)[0, 1] == pytest.approx(0.0, abs=0.05)


def test_levels_saturate(rng):
    levels = measure(rng, np.full((100, 1, 1), 60.0), Assumptions(saturation_db=25.0))
    assert (levels == 25.0).all()


def test_powers_are_drawn_as_assumed(rng):
    drawn = draw_power_db(rng, 20_000, Assumptions(power_db=12.0, power_sd_db=5.0))
    assert drawn.mean() == pytest.approx(12.0, abs=0.15) and drawn.std() == pytest.approx(5.0, rel=0.03)
    with pytest.raises(InputError, match="infinite"):
        draw_power_db(rng, 1, Assumptions(power_sd_db=math.inf))


def test_the_text_tells_all_that_is_assumed():
    text = str(Assumptions(shadowing_db=2.5, correlation_s=3.0, power_db=27.0, exponent=2.2))
    for part in ("22 log10", "sd 2.5 dB", "over 3 s", "27 dB", "sd 10 dB", "±0.5 dB", "0.75 dB", "30 dB"):
        assert part in text, part
    assert "known" in str(replace(ONLY_SHADOWING, power_sd_db=0.0))
    assert "not known at all" in str(Assumptions(power_sd_db=math.inf))
    assert "saturated" not in str(ONLY_SHADOWING)


@pytest.mark.parametrize(
    "wrong",
    [
        {"shadowing_db": -1.0},
        {"shadowing_db": math.nan},
        {"exponent": 0.0},
        {"power_db": math.inf},
        {"floor_db": 30.0},
        {"shadowing_db": 0.0, "gain_drift_db": 0.0, "noise_db": 0.0},
    ],
)
def test_assumptions_without_sense_are_refused(wrong):
    with pytest.raises(InputError):
        Assumptions(**wrong)
