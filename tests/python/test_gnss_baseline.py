# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference of a receiver: how it is learned, what it follows, what it never takes for quiet."""

import numpy as np
import pytest
import snapshot_scenes
from gnuradio.sentinel import kernel
from gnuradio.sentinel.gnss.baseline import Baseline, BaselineSettings, white_coherence
from gnuradio.sentinel.gnss.comparison import judgeable, look
from gnuradio.sentinel.gnss.features import measure
from gnuradio.sentinel.gnss.level import LevelSettings
from gnuradio.sentinel.gnss.passband import own_noise
from snapshot_scenes import Antenna, Part, carrier, pulses, scene, wide_noise

WHITE = snapshot_scenes.WHITE_COHERENCE


def learned_from(snapshots, settings=None, channels=64):
    """A baseline that was offered all snapshots, and what it made of each."""
    baseline = Baseline(channels, settings, WHITE)
    compared = []
    for index in range(len(snapshots)):
        seen = look(snapshots, index)
        compared.append(baseline.compare(seen))
        baseline.offer(seen, compared[-1])
    return baseline, compared


def test_the_closed_forms_of_the_scenes_are_those_of_the_kernel(rng):
    prototype = kernel.channelizer_prototype(64, 8)
    assert white_coherence(prototype, 64) == pytest.approx(WHITE, abs=1e-6)
    assert white_coherence(kernel.channelizer_prototype(64, 1), 64) == 0
    count = 256_000
    noise = rng.normal(0, 0.05, (count, 2)) @ [1, 1j]
    tone = 0.02 * np.exp(2j * np.pi * (8 / 64) * np.arange(count))
    real = measure((noise + tone).astype(np.complex64), 256e3)
    jn_db = 10 * np.log10(0.02**2 / 0.005)
    # Behind the prototype a carrier at a channel's centre weighs 28.55 - 10 dB, not 10 log10 64.
    drawn = scene([Part(1, carrier(jn_db + 0.49, channel=40, turn=0.0))], Antenna(rows=3993, passband_db=0))
    # What the carrier leaks into its neighbours is not drawn.
    far = np.abs(np.arange(64) - 40) > 1
    tells = [(real.kurtosis[0], drawn.kurtosis[0]), (np.abs(real.coherence[0]), np.abs(drawn.coherence[0]))]
    for measured, expected in tells:
        assert measured[40] == pytest.approx(expected[40], abs=0.02)
        assert np.mean(measured[far]) == pytest.approx(np.mean(expected[far]), abs=0.02)
        assert np.std(measured[far]) == pytest.approx(np.std(expected[far]), rel=0.5)
    rise = [s.power[0, 40] / np.median(s.power[0]) for s in (real, drawn)]
    assert 10 * np.log10(rise[0] / rise[1]) == pytest.approx(0, abs=0.3)
    assert look(real, 0).row_excess == pytest.approx(look(drawn, 0).row_excess, abs=0.12)


def test_departures_of_quiet_snapshots_have_unit_scale():
    _, compared = learned_from(scene([Part(150)]))
    late = compared[30:]
    assert np.sqrt(np.mean([c.shape**2 for c in late])) == pytest.approx(1, abs=0.1)
    assert np.sqrt(np.mean([c.kurtosis**2 for c in late])) == pytest.approx(1, abs=0.1)
    assert np.mean([np.abs(c.coherence) ** 2 for c in late]) == pytest.approx(1, abs=0.1)
    assert np.std([c.row_kurtosis for c in late]) == pytest.approx(1, abs=0.25)
    assert np.abs([c.rise_db for c in late]).max() < 0.02


@pytest.mark.parametrize("passband_db", [0.0, 1.5, 6.0])
def test_a_sloped_passband_scatters_no_more_than_a_flat_one(passband_db):
    _, compared = learned_from(scene([Part(120)], Antenna(passband_db=passband_db)))
    energy = np.array([np.sum(c.shape**2) for c in compared[30:]])
    assert energy.mean() == pytest.approx(64, rel=0.15)
    assert energy.max() < 64 + 5 * np.sqrt(2 * 64)
    assert np.std([c.rise_db for c in compared[30:]]) < 0.01


def test_learning_waits_and_an_alarm_drops_what_waits():
    snapshots = scene([Part(40)])
    settings = BaselineSettings(learn=10, delay=8)
    baseline = Baseline(64, settings, WHITE)
    for index in range(40):
        seen = look(snapshots, index)
        baseline.offer(seen, baseline.compare(seen))
        assert baseline.learned == max(0, min(index - 1, 10)) + max(0, index - 17)
    assert baseline.known
    before = baseline.learned
    baseline.alarm()
    for index in range(8):
        seen = look(snapshots, index)
        baseline.offer(seen, baseline.compare(seen))
    assert baseline.learned == before
    baseline.reset()
    assert not baseline.known and baseline.learned == 0


def test_first_doubts_cover_a_weak_carrier_and_no_strong_one():
    def first(jn_db):
        return Baseline(64, coherence=WHITE).compare(look(scene([Part(1, carrier(jn_db))]), 0))

    weak, strong = first(-20), first(-5)
    assert np.abs(weak.shape).max() < 4 and np.abs(weak.kurtosis).max() < 3.5
    assert np.abs(weak.coherence).max() < 4
    assert strong.shape.max() > 10 and np.abs(strong.coherence).max() > 5
    assert strong.rise_db == 0


def test_drift_is_followed_up_to_a_band_around_the_anchor():
    slow, compared = learned_from(scene([Part(30), Part(200, drift_db=0.005)]))
    assert max(abs(c.rise_db) for c in compared) < 0.06
    # The last eight snapshots wait to be learned.
    before = look(scene([Part(1)]), 0).level_db
    assert slow.level.level_db == pytest.approx(before + 0.96, abs=0.03)
    settings = BaselineSettings(level=LevelSettings(band_db=0.5))
    _, compared = learned_from(scene([Part(30), Part(200, drift_db=0.01)]), settings)
    # 2 dB of drift less the band, but for what the anchor moved.
    assert 1.4 < compared[-1].rise_db < 1.6


def test_the_shape_stays_near_its_anchor_too():
    baseline, compared = learned_from(scene([Part(30), Part(400, carrier(-45), ramp_db=0.06)]))
    others = np.delete(baseline.shape_db, 40)
    assert baseline.shape_db[40] - baseline._anchor_shape[40] <= 0.4 + 1e-9
    assert compared[-1].shape[40] > 30 and np.abs(np.delete(compared[-1].shape, 40)).max() < 6
    assert np.isfinite(others).all()


def test_scatter_beyond_that_of_white_noise_is_measured():
    snapshots = scene([Part(200)], Antenna(rows=39_993))
    noisy = snapshot_scenes.changed(snapshots, rows=snapshots.rows * np.float32(9))
    baseline, compared = learned_from(noisy)
    assert baseline._scatter["shape"] == pytest.approx(3, rel=0.15)
    assert baseline._scatter["kurtosis"] == pytest.approx(3, rel=0.15)
    assert baseline._scatter["coherence"] == pytest.approx(3, rel=0.15)
    assert np.sqrt(np.mean([c.shape**2 for c in compared[-30:]])) == pytest.approx(1, abs=0.2)
    quiet, _ = learned_from(snapshots)
    assert all(1 <= value < 1.2 for value in quiet._scatter.values())


def test_a_told_gain_is_taken_off_and_an_untold_one_is_not():
    told = learned_from(scene([Part(30), Part(5, gain_db=26)]))[1][-1]
    untold = learned_from(scene([Part(30, told=False), Part(5, gain_db=26, told=False)]))[1][-1]
    assert told.rise_db == pytest.approx(0, abs=0.03)
    # It starts to be learned after the delay only.
    assert untold.rise_db == pytest.approx(6, abs=0.03)


def test_a_gain_first_told_later_begins_a_level_anew():
    baseline, compared = learned_from(scene([Part(30, told=False), Part(20, gain_db=25)]))
    assert not np.isfinite(compared[0].rise_db) or compared[0].rise_db == 0
    assert baseline.tells_level(25.0) and not baseline.tells_level(np.nan)
    assert compared[-1].rise_db == pytest.approx(0, abs=0.05)
    assert Baseline(64).tells_level(3.0)


def test_a_carrier_that_was_learned_and_goes_is_no_departure_and_is_one_when_it_comes_back():
    parts = [Part(30, carrier(-20)), Part(60), Part(1, carrier(-20))]
    _, compared = learned_from(scene(parts))
    for gone in compared[30:90]:
        assert np.abs(gone.shape).max() < 5.5 and np.abs(gone.kurtosis).max() < 5.5
        assert np.abs(gone.coherence).max() < 4.5 and abs(gone.row_kurtosis) < 5
    assert compared[-1].shape[40] > 30 and np.abs(compared[-1].coherence[40]) > 30


def test_a_jammer_does_not_pass_for_a_carrier_that_has_gone():
    antenna = Antenna(birdies={10: 0.3})
    for signal in (carrier(0, channel=10), carrier(0), pulses(0)):
        _, compared = learned_from(scene([Part(40), Part(2, signal)], antenna))
        last = compared[-1]
        evidence = (last.shape.max(), np.abs(last.coherence).max(), last.row_kurtosis)
        assert max(evidence) > 30


def test_a_floor_that_falls_is_the_floor():
    baseline, compared = learned_from(scene([Part(30, wide_noise(10)), Part(120), Part(1, wide_noise(0))]))
    assert compared[30].rise_db == pytest.approx(-10.41, abs=0.05)
    assert compared[-1].rise_db == pytest.approx(3.01, abs=0.15)
    # Nobody knows whether an untold gain fell instead.
    untold, _ = learned_from(scene([Part(30, wide_noise(10), told=False), Part(120, told=False)]))
    assert untold.level.level_db > baseline.level.level_db + 5


def test_excess_is_the_ratio_of_what_came_on_top():
    for jn_db in (-10, 0, 10):
        _, compared = learned_from(scene([Part(60), Part(1, carrier(jn_db))]))
        assert 10 * np.log10(compared[-1].excess[40] / 64) == pytest.approx(jn_db, abs=0.2)
        _, compared = learned_from(scene([Part(60), Part(1, wide_noise(jn_db))]))
        # A rise within what the gain may drift is not counted: 0.15 dB.
        expected = (1 + 10 ** (jn_db / 10)) * 10**-0.015 - 1
        assert np.median(compared[-1].excess) == pytest.approx(expected, rel=0.03)


def test_what_can_be_judged():
    snapshots = scene([Part(4)])
    assert judgeable(snapshots, 0)
    for name, value in (
        ("rows", 9000),
        ("rows", 0),
        ("power", 0),
        ("power", np.nan),
        ("kurtosis", np.inf),
        ("coherence", np.nan),
        ("row_kurtosis", np.nan),
    ):
        array = getattr(snapshots, name).copy()
        array[1] = value
        broken = snapshot_scenes.changed(snapshots, **{name: array})
        assert not judgeable(broken, 1), name
        assert judgeable(broken, 2)
    one = snapshots.power.copy()
    one[1, 5] = 0
    assert np.isfinite(look(snapshot_scenes.changed(snapshots, power=one), 1).shape_db).all()


def test_white_noise_behind_the_passband_is_explained_and_a_line_is_not():
    reference_db = np.linspace(-3, 3, 64) - 6 * np.linspace(-1, 1, 64) ** 8
    power = 10 ** (reference_db / 10)
    departure_db = 10 * np.log10((power + 0.15) / power)
    departure_db -= np.median(departure_db)
    explained_db = own_noise(departure_db, reference_db, 0.02)
    assert departure_db.max() > 2 and np.abs(departure_db - explained_db).max() < 0.05
    line = np.zeros(64)
    line[20] = 8
    assert np.abs(own_noise(line, reference_db, 0.02)).max() < 0.03
    assert np.abs(own_noise(departure_db, np.zeros(64), 0.02)).max() == 0


def test_a_passband_that_changes_with_the_gain_is_no_departure_and_is_learned_anew():
    bend_db = 0.04 * np.sin(np.arange(64))
    quiet = scene([Part(40), Part(60, gain_db=25)])
    power = quiet.power.copy()
    power[40:] *= 10 ** (bend_db / 10)
    _, stepped = learned_from(snapshot_scenes.changed(quiet, power=power.astype(np.float32)))
    steady = scene([Part(100)])
    power = steady.power.copy()
    power[40:] *= 10 ** (bend_db / 10)
    _, bent = learned_from(snapshot_scenes.changed(steady, power=power.astype(np.float32)))

    def energy(compared):
        return float(np.mean([np.sum(one.shape**2) / 64 for one in compared]))

    assert energy(bent[40:45]) > 2.5 > 1.5 > energy(stepped[40:45])
    assert energy(stepped[90:]) < 1.3
