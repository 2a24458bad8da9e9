# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions and campaigns: J/N, truth, gain, splits, what is held out."""

import itertools
import math

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.gnss.families import CLASSES, FAMILIES, HELD_OUT_FAMILY
from gnuradio.sentinel.gnss.simulation.campaign import HELD_OUT, SPLITS, campaign, snapshot_campaign
from gnuradio.sentinel.gnss.simulation.parameters import RANGES, check_parameters, held_out_parameters
from gnuradio.sentinel.gnss.simulation.receiver_model import Receiver, draw_receiver
from gnuradio.sentinel.gnss.simulation.session import GainStep, Interval, Session, jammer_to_signal_db

FS = 2.56e6


def interval(family="cw", start=0.1, stop=0.3, jn_db=5.0, seed=3, **given):
    return Interval(start, stop, family, check_parameters(family, given), jn_db, seed)


def samples_of(session, datatype="cf32_le", chunk_s=1.0):
    return np.concatenate([samples for samples, _ in session.chunks(datatype, chunk_s)])


@pytest.mark.parametrize("family, jn_db", [("cw", -10.0), ("chirp", 5.0), ("noise", 0.0), ("ofdm", 12.0)])
def test_jn_is_what_noise_and_interference_measure_apart(family, jn_db):
    jammed = Session(0.4, Receiver(noise_lsb=2.0), (interval(family, jn_db=jn_db),), seed=8)
    clean = Session(0.4, Receiver(noise_lsb=2.0), seed=8)
    noise = samples_of(clean).astype(complex)
    both = samples_of(jammed).astype(complex)
    # The same noise in both: their difference is the interference alone.
    jammer = both - noise
    first, last = jammed.sample_at(0.1), jammed.sample_at(0.3)
    # The passband, 24 taps, delays what comes and goes.
    assert np.max(np.abs(jammer[:first])) < 1e-5 and np.max(np.abs(jammer[last + 24 :])) < 1e-5
    power = np.mean(np.abs(jammer[first:last]) ** 2) / np.mean(np.abs(noise) ** 2)
    # 51 bursts of OFDM in the interval.
    assert 10 * np.log10(power) == pytest.approx(jn_db, abs=0.3 if family == "ofdm" else 0.1)


def test_truth_of_each_chunk():
    session = Session(
        0.5,
        Receiver(noise_lsb=8.0, gain_db=20.0),
        (interval("cw", 0.1, 0.2), interval("fm", 0.25, 0.28, -3.0)),
        (GainStep(0.3, 2.0),),
        baseline_s=0.1,
        index=4,
    )
    truths = [truth for _, truth in session.chunks(chunk_s=0.1)]
    assert [truth.label for truth in truths] == ["none", "cw", "fm", "none", "none"]
    assert [truth.label_index for truth in truths] == [0, CLASSES.index("cw"), CLASSES.index("fm"), 0, 0]
    assert [truth.active_share for truth in truths] == pytest.approx([0, 1, 0.3, 0, 0])
    assert [truth.baseline for truth in truths] == [True, False, False, False, False]
    assert [truth.gain_db for truth in truths] == [20, 20, 20, 22, 22]
    assert [truth.sample_start for truth in truths] == [256_000 * k for k in range(5)]
    assert {truth.session for truth in truths} == {4}
    assert math.isnan(truths[0].jn_db) and truths[2].jn_db == -3.0
    assert truths[1].parameters == check_parameters("cw", {}) and truths[0].parameters == {}
    assert truths[1].js_db == pytest.approx(5.0 - 45.0 + 64.08, abs=0.01)
    hidden = Session(0.1, gain_known=False)
    assert math.isnan(next(hidden.chunks())[1].gain_db)


def test_j_over_s_goes_with_j_over_n():
    # Section 3: at C/N0 45 dB-Hz, J/S 10 / 20 / 30 / 40 dB is J/N -9.1 / +0.9 / +10.9 / +20.9 dB.
    for jn_db, js_db in ((-9.1, 10), (0.9, 20), (10.9, 30), (20.9, 40)):
        assert jammer_to_signal_db(jn_db) == pytest.approx(js_db, abs=0.05)


def test_samples_do_not_depend_on_chunks():
    session = Session(
        0.3,
        draw_receiver(np.random.default_rng(1)),
        (interval("chirp", 0.05, 0.2), interval("dme", 0.2, 0.25)),
        (GainStep(0.15, 3.0),),
    )
    whole = samples_of(session, "cu8")
    assert whole.shape == (2 * 768_000,) and whole.dtype == np.uint8
    for chunk_s in (0.0125, 0.07):
        assert np.array_equal(samples_of(session, "cu8", chunk_s), whole)
    other = Session(0.3, session.receiver, session.intervals, session.gain_steps, seed=1)
    assert not np.array_equal(samples_of(other, "cu8"), whole)


def test_gain_steps_and_drift_change_the_level_at_their_time():
    receiver = Receiver(noise_lsb=4.0)
    plain = samples_of(Session(0.2, receiver, seed=2))
    stepped = samples_of(
        Session(0.2, receiver, gain_steps=(GainStep(0.05, 3.0), GainStep(0.1, -2.0)), seed=2)
    )
    place = np.asarray([0, 127_992, 128_008, 255_992, 256_008, 500_000])
    ratio_db = 20 * np.log10(np.abs(stepped[place]) / np.abs(plain[place]))
    assert ratio_db == pytest.approx([0, 0, 3, 3, -2, -2], abs=1e-4)
    drifting = Receiver(noise_lsb=4.0, drift_db=0.5, drift_period_s=1.0)
    ratio = np.abs(samples_of(Session(0.5, drifting, seed=2))[640_000]) / np.abs(
        samples_of(Session(0.5, receiver, seed=2))[640_000]
    )
    # Between pieces of 26 ms the gain goes in straight lines, which cut the swing's top by 0.002 dB.
    assert 20 * np.log10(ratio) == pytest.approx(0.5, abs=0.002)


def test_rates_that_are_no_multiple_of_eight():
    session = Session(0.01, intervals=(interval(start=0.002, stop=0.005),), sample_rate=1_000_003.0)
    ((samples, truth),) = list(session.chunks())
    assert truth.sample_count == 10_000 and len(samples) == 20_000


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: interval(start=2.0, stop=1.0), "stop 1 s is not after start 2 s"),
        (lambda: interval(jn_db=200.0), "J/N is 200 dB; give -60 to 80"),
        (lambda: interval(start=-1.0), "give times from 0 on"),
        (lambda: Interval(0.0, 1.0, "chrip", {}, 0.0), "did you mean chirp"),
        (lambda: Session(0.2, intervals=(interval(), interval("fm", 0.2, 0.5))), "begins before cw ends"),
        (lambda: Session(0.05, intervals=(interval(),)), "the session ends at 0.05 s"),
        (lambda: Session(-1.0), "duration is -1.0 s"),
        (lambda: Session(1.0, sample_rate=0.0), "sample rate is 0 Hz"),
        (lambda: Session(1.0, seed=-1), "seed is -1"),
        (lambda: GainStep(1.0, 100.0), "give -60 to 60"),
        (lambda: next(Session(1.0).chunks("cu16")), "cu16"),
        (lambda: next(campaign(1, 1, "tset")), "did you mean test"),
        (lambda: next(campaign(1, 1, held_out=("recever",))), "did you mean receiver"),
        (lambda: next(campaign(1, 1, families=("hopping",))), "is held out"),
        (lambda: next(campaign(1, 1, families=())), "there are no families"),
        (lambda: next(campaign(1, 1, baseline_s=300)), "longer than its clean start"),
        (lambda: next(campaign(1, 1, jammed_share=1.0)), "jammed_share"),
    ],
)
def test_impossible_sessions_are_refused(make, said):
    with pytest.raises(InputError, match=said):
        make()


def test_a_campaign_comes_from_its_seed_and_split():
    def sessions(*arguments):
        return list(campaign(*arguments, duration_s=120, baseline_s=20))

    first = sessions(7, 3, "train")
    assert first == sessions(7, 3, "train") and first[:2] == sessions(7, 2, "train")
    everything = [first, sessions(8, 3, "train"), *(sessions(7, 3, split) for split in SPLITS[1:])]
    seeds = [session.seed for group in everything for session in group]
    waveforms = [part.seed for group in everything for session in group for part in session.intervals]
    assert len(set(seeds)) == len(seeds) == 15 and len(set(waveforms)) == len(waveforms)


def test_schedules_are_clean_at_first_and_jammed_for_their_share():
    jammed = total = 0.0
    families = []
    for session in campaign(1, 40, jn_range_db=(-5.0, 10.0)):
        assert session.intervals[0].start_s > session.baseline_s == 60
        for first, second in itertools.pairwise(session.intervals):
            assert second.start_s >= first.stop_s + 1
        for part in session.intervals:
            assert 5 <= part.stop_s - part.start_s <= 30 and -5 <= part.jn_db <= 10
            assert part.start_s == int(part.start_s)
        jammed += sum(part.stop_s - part.start_s for part in session.intervals)
        total += session.duration_s - session.baseline_s
        families += [part.family for part in session.intervals]
        assert all(abs(step.change_db) <= 3 and step.at_s >= 60 for step in session.gain_steps)
    assert 0.4 < jammed / total < 0.55
    counts = [families.count(family) for family in FAMILIES]
    assert min(counts) > 0.5 * np.mean(counts)
    assert any(s.gain_steps for s in campaign(1, 5)) and not any(
        s.gain_steps or s.gain_known for s in campaign(1, 5, gain_known=0.0)
    )
    assert not any(session.intervals for session in campaign(1, 3, jammed_share=0.0))


def test_ordinary_sets_have_nothing_that_is_held_out():
    for make in (campaign, snapshot_campaign):
        for session in make(3, 12, "test"):
            assert session.receiver.kind == "rtl" and not session.receiver.humps and not session.held_out
            for part in session.intervals:
                assert part.family in FAMILIES
                for name in held_out_parameters(part.family):
                    assert part.parameters[name] < RANGES[part.family][name].limit


@pytest.mark.parametrize("what", HELD_OUT)
def test_sets_that_ask_for_it_have_all_of_it(what):
    for session in snapshot_campaign(3, 4, "final", held_out=(what,)):
        assert session.held_out == (what,)
        assert (session.receiver.kind == "other") == (what == "receiver")
        assert bool(session.receiver.humps) == (what == "background")
        for part in session.intervals:
            assert (part.family == HELD_OUT_FAMILY) == (what == "family")
            beyond = [
                part.parameters[name] >= RANGES[part.family][name].limit * (1 - 1e-9)
                for name in held_out_parameters(part.family)
            ]
            assert all(beyond) if what == "parameters" else not any(beyond)


def test_snapshots_have_each_family_at_several_levels():
    session = next(snapshot_campaign(2, 1, baseline_s=3, levels=3, clean_s=1))
    assert session.duration_s == 3 + 33 + 1
    groups = [session.intervals[k : k + 3] for k in range(0, 33, 3)]
    assert sorted(group[0].family for group in groups) == sorted(FAMILIES)
    for group in groups:
        assert len({part.family for part in group}) == 1
        assert all(part.parameters == group[0].parameters for part in group)
        assert len({part.jn_db for part in group}) == len({part.seed for part in group}) == 3


def test_a_family_that_is_no_class_has_no_index():
    session = Session(0.1, intervals=(interval(HELD_OUT_FAMILY, 0.0, 0.1),))
    truth = next(session.chunks())[1]
    assert (truth.label, truth.label_index) == (HELD_OUT_FAMILY, -1)
