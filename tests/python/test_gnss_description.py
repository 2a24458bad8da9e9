# SPDX-License-Identifier: GPL-3.0-or-later
"""What a signal looks like: closed forms come back, and every column is finite whatever comes."""

import numpy as np
import pytest
from gnuradio.sentinel.gnss import description
from gnuradio.sentinel.gnss.description import _bounded_log, _quantiles, _runs
from gnuradio.sentinel.gnss.rules import rule_score
from gnuradio.sentinel.gnss.training.columns import make_detector
from snapshot_scenes import Antenna, Part, carrier, changed, comb, judge_all, pulses, scene, wide_noise


def described(signal, channels=64, **keys):
    """Columns by name of a signal behind thirty quiet snapshots."""
    antenna = Antenna(channels=channels, rows=39_993 * 64 // channels, passband_db=0, **keys)
    judged, _ = judge_all(
        make_detector(rule_score, channels), scene([Part(30), Part(1, signal)], antenna), 0.35
    )
    return dict(zip(description.NAMES, judged[-1].description, strict=True))


@pytest.mark.parametrize("jn_db", [-10, 0, 15])
def test_a_carrier(jn_db):
    tells = described(carrier(jn_db))
    assert tells["j_n_db"] == pytest.approx(jn_db, abs=0.5)
    assert tells["share_top_1"] > 0.85 and tells["longest_run"] == 1 / 64 and tells["runs"] == 1
    assert np.exp(tells["signal_kurtosis_top_1"]) == pytest.approx(1, abs=0.08)
    assert tells["signal_coherence_top_1"] == pytest.approx(1, abs=0.05)
    assert tells["signal_entropy_bits"] < 1.5


@pytest.mark.parametrize("jn_db", [0, 10])
@pytest.mark.parametrize("own, modulus", [(1.0, 1.0), (1.5, 0.6)])
def test_the_signals_own_moments_do_not_depend_on_its_level(jn_db, own, modulus):
    tells = described(comb(jn_db, kurtosis=own, modulus=modulus))
    assert tells["j_n_db"] == pytest.approx(jn_db, abs=0.35)
    assert np.exp(tells["signal_kurtosis_top_64"]) == pytest.approx(own, abs=0.1)
    assert tells["signal_coherence_top_64"] == pytest.approx(modulus, abs=0.12)
    assert tells["signal_entropy_bits"] > 5.9 and tells["share_top_1"] < 0.05


def test_pulses_and_noise():
    tells = described(pulses(5, duty=0.1))
    assert np.exp(tells["signal_kurtosis_top_64"]) == pytest.approx(20, rel=0.1)
    # The power of rows varies by 1 / duty - 1 of its square, over the share 1 / 64 of a channel's.
    assert np.expm1(tells["signal_row_kurtosis"]) == pytest.approx(9 * 64, rel=0.1)
    quiet = described(wide_noise(5))
    assert np.exp(quiet["signal_kurtosis_top_64"]) == pytest.approx(2, abs=0.15)
    assert quiet["signal_row_kurtosis"] < 0.3 and quiet["rise_db"] == pytest.approx(6.19, abs=0.05)
    assert quiet["entropy_bits"] > 5.99 - 0.06


@pytest.mark.parametrize("channels", [32, 128])
def test_columns_hardly_depend_on_the_number_of_channels(channels):
    wide, here = described(pulses(5)), described(pulses(5, channels=channels), channels)
    for name in ("j_n_db", "rise_db", "signal_entropy_bits", "signal_kurtosis_top_64", "channels_3_db"):
        assert here[name] == pytest.approx(wide[name], abs=0.2), name


def hostile():
    """Snapshots that no receiver should give, by name."""
    clean = scene([Part(14)])
    rng = np.random.default_rng(4)
    random = rng.uniform(0, 1, (14, 64)).astype(np.float32)
    one_empty = clean.power.copy()
    one_empty[10:, 3] = 0
    half_empty = clean.power.copy()
    half_empty[10:, :40] = 0
    constant = np.full_like(clean.power, 1 / 64)
    huge = clean.power.copy()
    huge[10:] *= np.float32(1e30)
    tiny = clean.power * np.float32(1e-30)
    yield "one empty channel", changed(clean, power=one_empty)
    yield "most channels empty", changed(clean, power=half_empty)
    yield (
        "the same number everywhere",
        changed(
            clean,
            power=constant,
            kurtosis=np.full_like(constant, 2),
            coherence=np.zeros_like(clean.coherence),
        ),
    )
    yield "power beyond all bounds", changed(clean, power=huge)
    yield "hardly any power", changed(clean, power=tiny)
    yield "nonsense", changed(clean, power=random, kurtosis=random * 1000, coherence=random * (5 + 5j))
    yield (
        "carrier in every channel",
        changed(clean, kurtosis=np.ones_like(constant), coherence=np.ones_like(clean.coherence)),
    )
    yield "row kurtosis of one pulse", changed(clean, row_kurtosis=np.full(14, 4e4, np.float32))
    short = clean.rows.copy()
    short[10:] = 10_000
    yield "a short second", changed(clean, rows=short)
    yield "saturated share unknown", changed(clean, saturated_share=np.full(14, np.nan, np.float32))


@pytest.mark.parametrize(("name", "snapshots"), list(hostile()), ids=[name for name, _ in hostile()])
def test_every_column_is_finite_whatever_comes(name, snapshots):
    with np.errstate(divide="raise", invalid="raise"):
        judged, _ = judge_all(make_detector(rule_score), snapshots, 0.35)
    for one in judged:
        assert one.decided
        assert np.isfinite(one.description).all() and np.isfinite(one.statistics).all()
        assert np.isfinite([one.score, one.shape_score, one.level_score, one.energy, one.kurtosis]).all()
        assert np.isfinite(one.reference_power).all()


@pytest.mark.parametrize("channels", [2, 4, 6])
def test_few_channels_fill_all_columns(channels):
    tells = described(carrier(10, channel=1, channels=channels), channels)
    assert len(tells) == len(description.NAMES) and np.isfinite(list(tells.values())).all()


def test_small_parts(rng):
    assert _runs(np.array([1, 1, 0, 1, 0, 0, 1, 1, 1], bool)) == [3, 2, 1]
    assert _runs(np.zeros(4, bool)) == [] and _runs(np.ones(4, bool)) == [4]
    values = rng.normal(0, 1, 64)
    shares = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)
    assert _quantiles(values, shares) == pytest.approx(np.quantile(values, shares))
    assert np.exp(_bounded_log(np.array([0.0, 2.0, 1e9]))) == pytest.approx([0.5, 2, 200])
