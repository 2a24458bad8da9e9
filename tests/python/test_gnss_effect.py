# SPDX-License-Identifier: GPL-3.0-or-later
"""Spectral separation, effective C/N0, J/N and J/S: closed forms and published figures."""

import numpy as np
import pytest
from gnuradio.sentinel.gnss.receiver import effect
from gnuradio.sentinel.gnss.receiver.effect import (
    CHIP_RATE,
    effective_cn0,
    impact,
    jn_from_js,
    js_from_jn,
    separation,
)

RATE = 2.56e6


@pytest.mark.parametrize("spectrum", [effect.bpsk_spectrum, effect.boc_spectrum])
def test_spectra_have_unit_area(spectrum):
    freqs = np.arange(-400e6, 400e6, 5e3)
    # 1 / f^2 tails: 2 R / (pi^2 f) of the power lies beyond f on both sides together (BOC thrice that).
    assert spectrum(freqs).sum() * 5e3 == pytest.approx(1, abs=3e-3)


def test_boc_is_the_textbook_formula():
    f = np.array([0.1e6, 0.5e6, 0.9e6, 1.5e6])
    expected = (
        CHIP_RATE * (np.tan(np.pi * f / (2 * CHIP_RATE)) * np.sin(np.pi * f / CHIP_RATE) / (np.pi * f)) ** 2
    )
    assert np.allclose(effect.boc_spectrum(f), expected, rtol=1e-12)
    assert effect.boc_spectrum(0.0) == 0


def grid(width_hz, step_hz=1e3):
    return np.arange(-width_hz / 2 + step_hz / 2, width_hz / 2, step_hz)


@pytest.mark.parametrize(
    ("freqs", "density", "front_end_hz", "expected"),
    [
        (np.zeros(1), np.ones(1), None, 1.00),  # CW on the carrier
        (np.zeros(1), np.ones(1), RATE, 0.91),
        (np.array([500e3]), np.ones(1), RATE, 2.15),
        (grid(200e6), effect.bpsk_spectrum(grid(200e6)), None, 1.50),  # matched
        (grid(200e6), effect.bpsk_spectrum(grid(200e6)), RATE, 1.37),  # power outside counts in I
        (grid(2.046e6), np.ones(2046), None, 2.21),
        (grid(RATE), np.ones(2560), RATE, 2.50),
        (grid(20e6), np.ones(20000), 20e6, 19.6),  # a fast chirp, averaged
    ],
)
def test_separation_is_the_published_table(freqs, density, front_end_hz, expected):
    # The table has two decimals, and 2.215 is written as 2.21 there.
    q = separation(freqs, density, front_end_hz=front_end_hz)
    assert float(q) == pytest.approx(expected, abs=0.0055 if expected < 10 else 0.05)


def test_scale_does_not_matter_and_what_is_outside_does_no_harm():
    freqs = grid(RATE, 40e3)
    density = np.exp(-((freqs / 3e5) ** 2))
    assert separation(freqs, 1e-6 * density) == pytest.approx(separation(freqs, density), rel=1e-12)
    assert np.isinf(separation([5e6], [1.0], front_end_hz=RATE)) and np.isinf(separation([0.0], [0.0]))
    # A front end that lets half of the power through everywhere changes nothing.
    half = separation(freqs, density, response=lambda f: np.full_like(f, 0.5))
    assert half == pytest.approx(separation(freqs, density), rel=4e-3)
    # BOC has nothing at its carrier: a CW there does no harm, one on a lobe does.
    assert np.isinf(separation([0.0], [1.0], signal="boc11"))
    assert separation([0.75 * CHIP_RATE], [1.0], signal="boc11") < 2
    with pytest.raises(ValueError, match="signal 'l5' is unknown"):
        separation([0.0], [1.0], signal="l5")
    with pytest.raises(ValueError, match="do not belong"):
        separation([0.0, 1.0], [1.0])


def test_effective_cn0_is_the_published_row():
    got = effective_cn0(45, [10, 20, 30, 40, 50], 1.5)
    assert np.allclose(got, [44.2, 40.1, 31.7, 21.8, 11.9], atol=0.05)
    assert effective_cn0(45, -np.inf, 1.5) == pytest.approx(45)


def test_jn_and_js():
    assert np.allclose(jn_from_js([10, 20, 30, 40], 45, RATE), [-9.1, 0.9, 10.9, 20.9], atol=0.05)
    assert jn_from_js(0, 0, RATE) == pytest.approx(-64.1, abs=0.05)
    assert js_from_jn(jn_from_js(23.4, 41, RATE), 41, RATE) == pytest.approx(23.4)


def powers_of(jammer, rng, rows=40_000, channels=64):
    """Channel powers of noise of power 1 with a jammer, with the spread of so many rows."""
    power = 1 / channels + jammer
    return power * (1 + rng.standard_normal(power.shape) / np.sqrt(rows))


def test_impact_of_a_flat_jammer_of_known_power(rng):
    baseline = np.full(64, 1 / 64)
    for jn_db in (-10.0, 0.0, 10.0):
        jammer = np.full((200, 64), 10 ** (jn_db / 10) / 64)
        found = impact(powers_of(jammer, rng), baseline, RATE)
        assert np.allclose(found.jn_db, jn_db, atol=0.15)  # 5 deviations at -10 dB
        # The half channel at -1.30 MHz lies outside of the front end.
        assert np.allclose(found.q, 2.50, atol=0.05)
        expected = effective_cn0(45, js_from_jn(jn_db, 45, RATE), 2.50)
        assert np.allclose(found.cn0_db_hz, expected, atol=0.1)
        assert np.allclose(found.loss_db, 45 - found.cn0_db_hz)


def test_impact_of_a_carrier_and_of_nothing(rng):
    baseline = np.full(64, 1 / 64)
    jammer = np.zeros(64)
    jammer[32] = 1.0  # J/N 0 dB on the signal's carrier
    found = impact(powers_of(jammer, rng), baseline, RATE)
    assert found.q == pytest.approx(0.91, abs=0.03) and found.jn_db == pytest.approx(0, abs=0.1)
    assert found.jammer_power[32] == pytest.approx(1, rel=0.02)
    # Warned before the receiver has lost 1 dB: J/N -10 dB at Q 0.91 costs 1.06 dB, at 2.5 0.4 dB.
    assert impact(baseline + jammer / 10, baseline, RATE).loss_db == pytest.approx(1.06, abs=0.02)
    quiet = impact(powers_of(np.zeros((1000, 64)), rng), baseline, RATE)
    assert quiet.loss_db.max() < 0.02
    nothing = impact(baseline, baseline, RATE)
    assert np.isneginf(nothing.jn_db) and np.isinf(nothing.q) and nothing.loss_db == 0
    with pytest.raises(ValueError, match="baseline"):
        impact(baseline, np.zeros(64), RATE)
    with pytest.raises(ValueError, match="baseline"):
        impact(baseline, np.ones(32), RATE)


def test_impact_where_the_signal_is_not_at_the_centre():
    baseline = np.full(64, 1 / 64)
    jammer = np.zeros(64)
    jammer[40] = 1.0  # +320 kHz
    at_center = impact(baseline + jammer, baseline, RATE)
    on_signal = impact(baseline + jammer, baseline, RATE, signal_offset_hz=320e3, front_end_hz=1.9e6)
    assert on_signal.q < at_center.q
