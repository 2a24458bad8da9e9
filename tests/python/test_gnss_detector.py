# SPDX-License-Identifier: GPL-3.0-or-later
"""The detector on drawn snapshots: by the rule without learning, and by the shipped model."""

import numpy as np
import pytest
from gnuradio.sentinel import kernel
from gnuradio.sentinel.gnss import description, statistics
from gnuradio.sentinel.gnss.baseline import Baseline, BaselineSettings, white_coherence
from gnuradio.sentinel.gnss.comparison import look
from gnuradio.sentinel.gnss.detector import Detector
from gnuradio.sentinel.gnss.learned import DetectionModel
from gnuradio.sentinel.gnss.rules import rule_score
from gnuradio.sentinel.gnss.snapshots import join
from gnuradio.sentinel.gnss.statistics import detection_statistics, energy_statistic, kurtosis_statistic
from gnuradio.sentinel.gnss.training.columns import make_detector
from snapshot_scenes import (
    Antenna,
    Part,
    carrier,
    changed,
    comb,
    judge_all,
    pulses,
    scene,
    wide_noise,
)

#: Of the rule: the threshold that training begins with.
RULE = (rule_score, 0.35)


@pytest.fixture(scope="module", params=["rule", "model"])
def scorer(request):
    """A score and its threshold."""
    if request.param == "rule":
        return RULE
    model = DetectionModel()
    return model.score, model.threshold(1.0)


def found_in(parts, scorer, antenna=None, doubt_db=4.0, detector=None):
    """Which snapshots of each part were found."""
    snapshots = scene(parts, antenna)
    score, threshold = scorer
    detector = detector or make_detector(score, snapshots.channels, doubt_db=doubt_db)
    _, found = judge_all(detector, snapshots, threshold)
    return np.split(found, np.cumsum([part.count for part in parts])[:-1])


def test_quiet_receivers_raise_no_alarm(scorer):
    for seed, told in ((1, True), (2, False)):
        (found,) = found_in([Part(300, told=told)], scorer, Antenna(seed=seed))
        assert not found.any()


@pytest.mark.parametrize(
    "signal", [carrier(-20), carrier(0, channel=0), comb(0), comb(5, kurtosis=1.3, modulus=0.8), pulses(-5)]
)
def test_interference_with_structure_is_found_within_five_snapshots_at_an_unknown_gain(scorer, signal):
    before, during, after = found_in(
        [Part(30, told=False), Part(10, signal, told=False), Part(30, told=False)], scorer
    )
    assert not before.any() and during[:5].any() and during[5:].all()
    # What the buffer of five still holds may last.
    assert not after[8:].any()


def test_a_comb_is_found_by_shape_and_coherence_though_its_kurtosis_is_low():
    snapshots = scene([Part(30), Part(1, comb(5, kurtosis=1.0))])
    assert snapshots.kurtosis[-1].max() < 1.7
    detector = make_detector(rule_score)
    judged, found = judge_all(detector, snapshots, 0.35)
    assert found[-1] and judged[-1].shape_score > 3
    values = dict(zip(statistics.NAMES, judged[-1].statistics, strict=True))
    assert values["coherence_energy_now"] > 5 and values["common_kurtosis_twice"] < 0


def test_one_decibel_of_wideband_noise_over_a_known_level(scorer):
    parts = [Part(40), Part(10, wide_noise(-5.87)), Part(20)]
    before, during, after = found_in(parts, scorer)
    assert not before.any() and during[:5].any() and not after[8:].any()
    # The same with a gain that never steps, told or not.
    untold = [Part(40, told=False), Part(10, wide_noise(-5.87), told=False)]
    assert found_in(untold, scorer, doubt_db=0.0)[1][:5].any()
    # And not where the gain may be the cause.
    assert not found_in(untold, scorer)[1].any()


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("step_db", [3.0, -3.0])
def test_gain_steps_alone_raise_no_alarm(scorer, told, step_db):
    inside = Part(1, gain_db=20 + step_db / 2, told=told, row_excess=0.12 * 64)
    parts = [Part(30, told=told), inside, Part(30, gain_db=20 + step_db, told=told), Part(30, told=told)]
    for found in found_in(parts, scorer):
        assert not found.any()


def test_a_step_inside_a_told_snapshot_leaves_its_level_out():
    detector = make_detector(rule_score)
    judged, _ = judge_all(detector, scene([Part(20), Part(1, gain_db=26), Part(1, gain_db=26)]), 0.35)
    assert judged[20].comparison.rise_db == 0 and judged[20].gain_known
    assert judged[21].comparison.rise_db == pytest.approx(0, abs=0.03)


def test_a_told_gain_that_is_not_believed_is_ignored():
    model, threshold = RULE
    parts = [Part(30), Part(10, wide_noise(0))]
    doubting = Detector(model, 64, 4.0, Baseline(64, coherence=0.1022), gain_told=False)
    judged, found = judge_all(doubting, scene(parts), threshold)
    assert not found.any() and not judged[-1].gain_known and np.isnan(judged[-1].seen.gain_db)
    assert judged[-1].level_score > threshold
    assert found_in(parts, RULE)[1].any()


def test_a_gain_that_becomes_known_is_compared_from_then_on():
    parts = [Part(30, told=False), Part(20, gain_db=23), Part(5, wide_noise(0), gain_db=23)]
    detector = make_detector(rule_score)
    judged, found = judge_all(detector, scene(parts), 0.35)
    assert not found[:50].any() and not judged[31].gain_known
    assert judged[49].gain_known and found[51:].all()


def test_a_learned_carrier_that_has_gone_leaves_no_false_alarms_behind(scorer):
    # One receiver could be lucky.
    false = 0
    for seed in range(6):
        snapshots = scene([Part(30, carrier(-20)), Part(90)], Antenna(seed=seed))
        false += judge_all(make_detector(scorer[0]), snapshots, scorer[1])[1][40:].sum()
    assert false <= 4


def test_nothing_is_learned_under_attack(scorer):
    score, threshold = scorer
    detector = make_detector(score)
    judge_all(detector, scene([Part(40)]), threshold)
    kept = (detector.baseline.level.level_db, detector.baseline.shape_db.copy(), detector.baseline.learned)
    _, found = judge_all(detector, scene([Part(60, carrier(0)), Part(60, wide_noise(5))]), threshold)
    assert found[1:].sum() >= 118
    assert detector.baseline.level.level_db == kept[0] and detector.baseline.learned <= kept[2] + 1
    assert np.array_equal(detector.baseline.shape_db, kept[1])


@pytest.mark.parametrize(
    "ramp",
    # Wideband noise that adds 0.2 dB to the level a minute; a carrier from far below the noise.
    [Part(1000, drift_db=0.2 / 60), Part(1000, carrier(-45), ramp_db=1.5 / 60)],
    ids=["level", "carrier"],
)
def test_a_slow_ramp_ends_in_an_alarm(scorer, ramp):
    before, during = found_in([Part(40), ramp], scorer)
    assert not before.any()
    assert during[-50:].mean() > 0.9


def test_a_start_amid_jamming_is_told_and_what_comes_after_it_found(scorer):
    during, quiet, again, last = found_in(
        [Part(20, carrier(10)), Part(40), Part(10, carrier(-10)), Part(20)], scorer
    )
    assert during.all() and not quiet[8:].any() and again[1:].all() and not last[8:].any()


@pytest.mark.parametrize("signal", [carrier(-20), carrier(-10), wide_noise(10), pulses(0)])
def test_what_was_there_at_the_start_never_blocks_the_detector(scorer, signal):
    # Whether it was learned or found: some time after it has gone there is quiet, and new noise is found.
    _, quiet, again = found_in([Part(30, signal), Part(120), Part(10, wide_noise(3))], scorer)
    assert quiet[60:].sum() <= 1 and again[:5].any()


def test_a_weak_birdie_present_from_the_start_is_learned(scorer):
    antenna = Antenna(birdies={10: 0.3, 50: 0.1})
    quiet, jammed, after = found_in([Part(60), Part(10, carrier(-10)), Part(20)], scorer, antenna)
    assert not quiet.any() and jammed.all() and not after[8:].any()


@pytest.mark.parametrize(
    "channels, rows, snapshot_s", [(32, 80_000, 1.0), (128, 20_000, 1.0), (64, 3993, 0.1)]
)
def test_other_numbers_of_channels_and_lengths(scorer, channels, rows, snapshot_s):
    antenna = Antenna(channels=channels, rows=rows, snapshot_s=snapshot_s)
    parts = [Part(60), Part(10, carrier(-10, 20, channels=channels)), Part(20)]
    before, during, after = found_in(parts, scorer, antenna)
    assert not before.any() and during.all() and not after[8:].any()


def test_snapshots_with_too_little_in_them_are_not_judged():
    model, threshold = RULE
    snapshots = scene(
        [Part(20), Part(1, filled_share=1.0), Part(1, filled_share=0.9), Part(10, filled_share=0.5)]
    )
    detector = make_detector(model)
    judged, found = judge_all(detector, snapshots, threshold)
    assert [one.decided for one in judged] == [True] * 20 + [False] * 2 + [True] * 10
    assert np.isnan(judged[20].score) and judged[20].description is None
    assert not found.any() and detector.baseline.learned == 10 + 20 - 8


def test_the_last_seconds_of_interference_are_not_learned():
    detector = make_detector(rule_score)
    snapshots = scene([Part(40)])
    for index in range(40):
        detector.judge(snapshots, index)
        detector.settle(quiet=index not in (20, 25))
    # 20 quiet ones less 8 that wait; two are held back after each alarm, which drops what waits.
    assert detector.baseline.learned == (20 - 8) + (14 - 2 - 8)
    detector.settle(quiet=True)
    assert detector.baseline.learned == 16


def test_a_segment_begins_with_an_empty_buffer_and_an_old_reference():
    detector = make_detector(rule_score)
    snapshots = scene([Part(30), Part(5, wide_noise(-5.87))])
    for index in range(33):
        detector.judge(snapshots, index)
        detector.settle(quiet=index < 30)
    learned = detector.baseline.learned
    detector.begin_segment()
    judged = detector.judge(snapshots, 33)
    values = dict(zip(statistics.NAMES, judged.statistics, strict=True))
    assert values["rise_twice"] == 0
    assert judged.comparison.rise_db == pytest.approx(1, abs=0.05)
    assert np.expm1(values["rise_now"]) == pytest.approx(1 / judged.comparison.rise_sigma_db, rel=0.05)
    assert detector.baseline.learned == learned


def test_a_strong_jammer_that_ends_leaves_nothing_behind():
    for signal in (carrier(10), pulses(3), wide_noise(6), comb(5)):
        parts = [Part(30), Part(8, signal), Part(8)]
        _, found = judge_all(make_detector(rule_score), scene(parts), 0.35)
        assert found[31:38].all() and not found[38:].any()


def test_noise_behind_the_passband_that_comes_or_goes_is_no_interference():
    # Six bits too few: rounding is as strong as a quarter of the noise, and stays where the gain steps.
    antenna = Antenna(passband_db=3)
    quiet = scene([Part(40), Part(20)], antenna)
    power = quiet.power.astype(float)
    power += 0.2 * np.median(power)
    power[40:] += 0.1 * np.median(power[:40])
    detector = make_detector(rule_score)
    judged, _ = judge_all(detector, changed(quiet, power=power.astype(np.float32)), 0.35)
    energy = statistics.NAMES.index("shape_energy_now")
    assert max(one.statistics[energy] for one in judged[40:]) < np.log1p(5)


def compare_runs(snapshots, other):
    """Judgements of two variants by the rule, from the eleventh snapshot on, as arrays."""
    runs = [judge_all(make_detector(rule_score, s.channels), s, 0.35)[0][10:] for s in (snapshots, other)]
    return [
        tuple(np.array([getattr(one, name) for one in run]) for run in runs)
        for name in ("score", "shape_score", "statistics", "description")
    ]


@pytest.fixture(scope="module", params=["carrier", "comb", "noise", "pulses"])
def flat_scene(request):
    """Quiet, then a signal; a flat passband, so that it can be shifted."""
    signal = {
        "carrier": carrier(-5, channel=30),
        "comb": comb(3, kurtosis=1.3, modulus=0.8),
        "noise": wide_noise(2),
        "pulses": pulses(0),
    }[request.param]
    return scene([Part(20), Part(8, signal)], Antenna(passband_db=0))


def test_the_gain_of_everything_changes_nothing(flat_scene):
    louder = changed(flat_scene, power=flat_scene.power * np.float32(100))
    for one, other in compare_runs(flat_scene, louder):
        assert other == pytest.approx(one, abs=2e-3)


def test_conjugation_changes_nothing(flat_scene):
    mirrored = changed(
        flat_scene,
        power=flat_scene.power[:, ::-1],
        kurtosis=flat_scene.kurtosis[:, ::-1],
        coherence=flat_scene.coherence[:, ::-1].conj(),
    )
    for one, other in compare_runs(flat_scene, mirrored):
        assert other == pytest.approx(one, abs=1e-6)


def test_a_shift_by_whole_channels_changes_nothing(flat_scene):
    moved = changed(
        flat_scene,
        **{name: np.roll(getattr(flat_scene, name), 7, 1) for name in ("power", "kurtosis", "coherence")},
    )
    *scores, (one, other) = compare_runs(flat_scene, moved)
    for before, after in scores:
        # The snapshot learned first leaves its edges in the smoothed reference.
        assert after == pytest.approx(before, abs=1e-6)
    # Neighbourhood across the edges of the band: a run or a ripple that is cut there is another one.
    exempt = ("runs", "longest_run", "second_run", "peak_distance", "ripple_lag")
    kept = [k for k, name in enumerate(description.NAMES) if not name.startswith(exempt)]
    assert other[:, kept] == pytest.approx(one[:, kept], abs=1e-6)
    if flat_scene.power[-1].argmax() == 30 and flat_scene.power[-1, 30] > 5 * np.median(flat_scene.power[-1]):
        # A carrier is at no edge, before or after.
        assert other[10:] == pytest.approx(one[10:], abs=0.05)


def test_one_call_for_several_doubts_is_several_calls():
    detector = make_detector(rule_score)
    judge_all(detector, scene([Part(12), Part(3, wide_noise(3))]), 0.35)
    recent = list(detector._recent)
    doubts = (0.0, 1.5, np.inf)
    table = detection_statistics(recent, recent, doubts)
    assert table.shape == (3, len(statistics.NAMES)) and np.isfinite(table).all()
    for row, doubt in zip(table, doubts, strict=True):
        assert np.array_equal(row, detection_statistics(recent, recent, doubt))
    rises = [statistics.NAMES.index(name) for name in ("rise_now", "rise_twice", "rise_mean")]
    assert np.all(table[2, rises] == 0)
    less = np.expm1(table[0, rises]) - np.expm1(table[1, rises])
    sigmas = [one.rise_sigma_db for one in recent]
    assert less[0] == pytest.approx(1.5 / sigmas[1])
    assert less[2] == pytest.approx(np.mean(1.5 / np.array(sigmas)))
    same = np.delete(table, rises, axis=1)
    assert np.array_equal(same[0], same[2])
    short = detection_statistics(recent[-1:], recent[-1:])
    assert short[statistics.NAMES.index("row_kurtosis_twice")] == 0 and np.isfinite(short).all()


def test_the_plain_detectors_are_in_deviations():
    baseline = Baseline(64, BaselineSettings(), white_coherence(kernel.channelizer_prototype(64, 8), 64))
    energies, kurtoses = [], []
    snapshots = scene([Part(80)])
    for index in range(80):
        seen = look(snapshots, index)
        comparison = baseline.compare(seen)
        baseline.offer(seen, comparison)
        energies.append(energy_statistic(comparison))
        kurtoses.append(kurtosis_statistic(seen.kurtosis, seen.rows))
    # Largest of 64 normal variates, and of their moduli.
    assert np.mean(energies[30:]) == pytest.approx(2.35, abs=0.3)
    assert np.mean(kurtoses[30:]) == pytest.approx(2.6, abs=0.25)


def test_segments_joined_from_two_scenes_are_judged_one_by_one():
    snapshots = join([scene([Part(20)]), scene([Part(5, carrier(0))], Antenna(seed=3))])
    _, found = judge_all(make_detector(rule_score), snapshots, 0.35)
    assert not found[:20].any() and found[20:].all()
