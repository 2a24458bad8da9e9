# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth of simulated scenes, measured again from their samples."""

from dataclasses import replace

import numpy as np
import pytest
from gnuradio import sentinel
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.scene_stage import rechunk
from gnuradio.sentinel.pulse import simulate
from gnuradio.sentinel.pulse.disturbances import (
    Carrier,
    ColouredNoise,
    ImpulsiveSamples,
    NoiseStep,
    PeriodicClicks,
    RandomClicks,
)
from gnuradio.sentinel.pulse.simulate import (
    Scene,
    SimulatedTag,
    scene_annotations,
    scene_chunks,
    scene_pulses,
    scene_samples,
)
from gnuradio.sentinel.pulse.simulated_tag import render_pulses

RATE = 3840.0
TAG = SimulatedTag(freq_hz=500.0, interval_s=2.0, pulse_width_s=0.015, en0_db=12.0, start_s=0.3)


def clean(scene):
    """The pulses of a scene without its noise."""
    return render_pulses(scene_pulses(scene), scene.sample_rate, 0, scene.sample_count)


def scene(*tags, **settings):
    return Scene(**{"sample_rate": RATE, "duration_s": 30.0, "tags": tags, **settings})


def test_a_pulse_covers_the_samples_from_its_start_to_its_end():
    samples = clean(scene(replace(TAG, start_s=0.3001, interval_s=1.9999)))
    where = np.flatnonzero(samples)
    starts = 0.3001 + 1.9999 * np.arange(15)
    expected = [np.arange(np.ceil(t * RATE), np.ceil((t + 0.015) * RATE)) for t in starts]
    assert np.array_equal(where, np.concatenate(expected))
    # 57.6 samples are 57 or 58, as the start falls between two of them.
    assert {len(part) for part in expected} == {57, 58}
    # A start on a sample is on it, although 0.7 * 1000 is 700 less a rounding error.
    on = Scene(1000.0, 1.0, (SimulatedTag(0.0, 1.0, 0.1, 0.0, start_s=0.7),))
    assert (scene_pulses(on)["first"], scene_pulses(on)["count"]) == (700, 100)


def test_energy_of_a_pulse_without_noise():
    whole = replace(TAG, pulse_width_s=60 / RATE)
    samples = clean(scene(whole, noise_power=4.0))
    energy = np.sum(np.abs(samples) ** 2) / 15
    assert 10 * np.log10(energy / 4.0) == pytest.approx(12.0, abs=1e-9)


@pytest.mark.parametrize("rise_s", [0.0, 0.002, 0.0075])
def test_edges_keep_the_energy(rise_s):
    # Fine sampling, so that the sum comes near the integral that defines the energy.
    tag = replace(TAG, rise_s=rise_s)
    samples = clean(scene(tag, sample_rate=384e3, duration_s=1.0))
    assert 10 * np.log10(np.sum(np.abs(samples) ** 2)) == pytest.approx(12.0, abs=2e-3)
    envelope = np.abs(samples[np.flatnonzero(samples)])
    if rise_s:
        assert envelope[0] < 0.01 * envelope.max()
        assert envelope[round(rise_s / 2 * 384e3)] == pytest.approx(envelope.max() / 2, rel=0.01)


def test_truth_measured_from_noisy_samples():
    tags = [replace(TAG, freq_hz=f, en0_db=25.0, start_s=None) for f in (-1200.0, 37.0, 900.0)]
    s = scene(*tags, duration_s=400.0, noise_power=0.01, seed=5)
    samples = scene_samples(s).astype(np.complex128)
    for tag in s.tags:
        truths = [a for a in scene_annotations(s) if a["core:label"] == tag.tag_id]
        assert len(truths) >= 199
        cells, freqs = [], []
        for truth in truths:
            first, count = truth["core:sample_start"], truth["core:sample_count"]
            spectrum = np.abs(np.fft.fft(samples[first : first + count], 4096)) ** 2
            peak = np.fft.fftfreq(4096, 1 / RATE)[np.argmax(spectrum)]
            freqs.append(peak)
            tone = np.exp(-2j * np.pi * tag.freq_hz / RATE * np.arange(count))
            cells.append(np.abs(np.sum(samples[first : first + count] * tone)) ** 2 / count)
        # Matched cell over noise is E/N0 + 1 on average, with variance 2 E/N0 + 1.
        en0 = 10**2.5
        mean = np.mean(cells) / s.noise_power - 1
        assert mean == pytest.approx(en0, abs=5 * np.sqrt((2 * en0 + 1) / len(truths)) + en0 * 0.01)
        # The bound of one pulse at 25 dB is 1.5 Hz; the truth states the same frequency.
        assert np.sqrt(np.mean((np.array(freqs) - tag.freq_hz) ** 2)) < 2.5
        assert np.mean(freqs) == pytest.approx(tag.freq_hz, abs=5 * 2.5 / np.sqrt(len(truths)))
        assert truths[0]["core:freq_lower_edge"] == pytest.approx(tag.freq_hz - 1 / 0.03)
    # Where no pulse is there is noise of the stated power.
    free = np.ones(len(samples), bool)
    for truth in scene_annotations(s):
        free[truth["core:sample_start"] : truth["core:sample_start"] + truth["core:sample_count"]] = False
    assert np.mean(np.abs(samples[free]) ** 2) == pytest.approx(0.01, rel=5 / np.sqrt(free.sum()))


def test_positions_measured_from_noisy_samples():
    s = scene(replace(TAG, en0_db=30.0, start_s=None, jitter_s=0.02), duration_s=60.0, seed=3)
    samples = scene_samples(s).astype(np.complex128)
    mixed = samples * np.exp(-2j * np.pi * 500.0 / RATE * np.arange(len(samples)))
    matched = np.abs(np.convolve(mixed, np.ones(58), "valid")) ** 2
    for truth in scene_annotations(s):
        first = truth["core:sample_start"]
        assert abs(np.argmax(matched[max(0, first - 300) : first + 300]) + max(0, first - 300) - first) <= 3


def test_chunks_do_not_matter():
    tag = replace(TAG, start_s=None, jitter_s=0.001, fade_db=1.0)
    everything = (
        ColouredNoise.slope(RATE, 6.0),
        NoiseStep(3.0),
        RandomClicks(5.0, 15.0),
        Carrier(100.0, 10.0, am_depth=0.5),
        ImpulsiveSamples(0.01, 10.0),
    )
    s = scene(tag, disturbances=everything, duration_s=40.0, seed=9)
    whole = scene_samples(s)
    assert whole.dtype == np.complex64
    assert len(whole) == s.sample_count == 153_600
    for size in (7, 4096, 65_536, 10**9):
        chunks = list(scene_chunks(s, size))
        assert all(len(chunk) == size for chunk in chunks[:-1])
        assert np.array_equal(np.concatenate(chunks), whole)
    short = next(scene_chunks(s, 1))
    assert short[0] == whole[0]


def test_the_inner_block_leaves_no_trace(monkeypatch):
    everything = (
        ColouredNoise.slope(RATE, 6.0),
        NoiseStep(3.0),
        RandomClicks(20.0, 20.0),
        Carrier(100.0, 10),
    )
    s = scene(replace(TAG, start_s=None), disturbances=everything, duration_s=3.0, seed=4)
    whole = scene_samples(s)
    monkeypatch.setattr(simulate, "_BLOCK_SAMPLES", 33)
    # Filters of other lengths round differently.
    assert np.allclose(np.concatenate(list(scene_chunks(s, 100))), whole, atol=1e-5)


def test_rechunk_keeps_order_and_hands_out_copies():
    source = np.arange(10, dtype=np.complex64)
    chunks = list(rechunk([source[:4], source[4:4], source[4:5], source[5:]], 3))
    assert [len(chunk) for chunk in chunks] == [3, 3, 3, 1]
    assert np.array_equal(np.concatenate(chunks), source)
    assert not any(np.shares_memory(chunk, source) for chunk in chunks)
    with pytest.raises(ValueError, match="at least 1"):
        next(rechunk([source], 0))


def test_an_hour_is_not_held():
    # 7.2 GB of samples; the first chunks come at once.
    long = Scene(250e3, 3600.0, (replace(TAG, start_s=None),))
    assert len(scene_pulses(long)) in (1799, 1800)
    chunks = scene_chunks(long, 100_000)
    assert [len(next(chunks)) for _ in range(3)] == [100_000] * 3


def test_seeds_decide():
    tag = replace(TAG, start_s=None)
    one = scene_samples(scene(tag, seed=1))
    assert np.array_equal(one, scene_samples(scene(tag, seed=1)))
    other = scene_samples(scene(tag, seed=2))
    assert abs(np.vdot(one, other)) / len(one) < 5 / np.sqrt(len(one)) * 1.1
    assert np.array_equal(scene_samples(scene(seed=7)), sentinel.kernel.gaussian_noise(7).generate(115_200))


def test_a_longer_scene_begins_like_a_shorter_one():
    tags = (replace(TAG, start_s=None, jitter_s=0.01, fade_db=2.0, interval_s=0.5),)
    disturbances = (RandomClicks(100.0, 15.0), PeriodicClicks(0.7, 10.0))
    short = scene_samples(scene(*tags, disturbances=disturbances, duration_s=5.0))
    long = scene_samples(scene(*tags, disturbances=disturbances, duration_s=20.0))
    # The last pulse of the shorter scene may not have fitted in.
    assert np.array_equal(long[: len(short) - 2000], short[:-2000])


def test_another_tag_or_energy_changes_no_other_pulse():
    a, b = replace(TAG, start_s=None, jitter_s=0.01), replace(TAG, start_s=None, freq_hz=-300.0)
    alone = scene_pulses(scene(a))
    louder = scene_pulses(scene(replace(a, en0_db=20.0), b))
    louder = louder[louder["tag"] == 0]
    for name in ("first", "start_s", "phase", "freq_hz"):
        assert np.array_equal(alone[name], louder[name])


def test_intervals_jitter_and_fading_are_as_stated():
    tag = replace(TAG, start_s=1.0, interval_s=0.25, jitter_s=0.005, fade_db=1.5, interval_error=0.001)
    pulses = scene_pulses(scene(tag, duration_s=1000.0))
    offset = pulses["start_s"] - (1.0 + 0.25025 * pulses["number"])
    n = len(pulses)
    assert n == pytest.approx(999 / 0.25025, abs=2)
    assert np.std(offset) == pytest.approx(0.005, rel=4 / np.sqrt(2 * n))
    assert np.mean(offset) == pytest.approx(0, abs=5 * 0.005 / np.sqrt(n))
    assert np.std(pulses["en0_db"]) == pytest.approx(1.5, rel=4 / np.sqrt(2 * n))
    amplitude = np.sqrt(10 ** (pulses["en0_db"] / 10) / (0.015 * RATE))
    assert np.allclose(pulses["amplitude"], amplitude, rtol=1e-12)
    truth = scene_annotations(scene(tag))[0]["sentinel:details"]
    assert truth["interval_s"] == pytest.approx(0.25025)


def test_random_starts_and_phases_are_uniform():
    starts = [scene_pulses(scene(replace(TAG, start_s=None), seed=k))["start_s"][0] for k in range(300)]
    assert 0 <= min(starts) < 0.05
    assert 1.95 < max(starts) < 2.0
    assert np.mean(starts) == pytest.approx(1.0, abs=5 * 2 / np.sqrt(12 * 300))
    phases = scene_pulses(scene(replace(TAG, interval_s=0.1), duration_s=200.0))["phase"]
    assert abs(np.mean(np.exp(2j * np.pi * phases))) < 4 / np.sqrt(len(phases))


def test_one_oscillator_runs_through_coherent_pulses():
    tag = replace(TAG, freq_hz=123.4, drift_hz_per_s=0.7, coherent=True)
    samples = clean(scene(tag))
    time = np.arange(len(samples)) / RATE
    oscillator = np.exp(2j * np.pi * (123.4 * time + 0.35 * time**2))
    at = np.flatnonzero(samples)
    turned = samples[at] / oscillator[at]
    assert np.allclose(turned, turned[0], atol=1e-8)


def test_drift_moves_the_truth():
    truths = scene_annotations(scene(replace(TAG, drift_hz_per_s=10.0), center_freq=146e6))
    middle = [(t["core:freq_lower_edge"] + t["core:freq_upper_edge"]) / 2 for t in truths]
    assert middle[0] == pytest.approx(146e6 + 500 + 10 * 0.3075, abs=1e-6)
    assert np.diff(middle) == pytest.approx(np.full(14, 20.0), abs=1e-6)
    assert truths[1]["sentinel:offset_hz"] == pytest.approx(500 + 10 * 2.3075)


def test_truth_of_a_pulse():
    truth = scene_annotations(scene(replace(TAG, tag_id="fox"), center_freq=146e6))[2]
    assert truth["core:sample_start"] == np.ceil(4.3 * RATE)
    assert truth["core:label"] == "fox"
    assert truth["sentinel:detector"] == "pulse"
    assert truth["sentinel:snr_db"] == 12.0
    details = truth["sentinel:details"]
    assert (details["pulse"], details["start_s"]) == (2, pytest.approx(4.3))
    assert (details["pulse_width_s"], details["interval_s"], details["en0_db"]) == (0.015, 2.0, 12.0)


def test_pulses_that_do_not_fit_are_not_sent():
    # At 0.3, 2.3 ... the eleventh would end 5 ms after the scene.
    pulses = scene_pulses(scene(TAG, duration_s=20.31))
    assert list(pulses["number"]) == list(range(10))
    before = scene_pulses(scene(replace(TAG, start_s=-2.005), duration_s=20.0))
    assert before["number"][0] == 2
    assert len(scene_pulses(scene(replace(TAG, start_s=40.0)))) == 0


def test_tags_without_a_name_get_one():
    assert [tag.tag_id for tag in scene(TAG, replace(TAG, tag_id="b"), TAG).tags] == ["tag-1", "b", "tag-3"]


@pytest.mark.parametrize(
    "changes, what",
    [
        ({"pulse_width_s": 2.5}, "does not fit into the interval"),
        ({"pulse_width_s": 2.0}, "does not fit into the interval"),
        ({"interval_error": -0.995}, "does not fit into the interval"),
        ({"interval_s": 0.0}, "interval_s is 0.0"),
        ({"interval_s": float("inf")}, "interval_s is inf"),
        ({"freq_hz": float("nan")}, "freq_hz is nan"),
        ({"jitter_s": -1.0}, "jitter_s is -1.0"),
        ({"start_s": float("nan")}, "start_s is nan"),
        ({"rise_s": 0.008}, "two edges"),
    ],
)
def test_impossible_tags_are_refused(changes, what):
    with pytest.raises(InputError, match=what) as caught:
        replace(TAG, **changes)
    assert "; give" in str(caught.value)


@pytest.mark.parametrize(
    "tags, settings, what",
    [
        ([replace(TAG, freq_hz=1921.0)], {}, "1921 Hz lies outside the band of .-1920 Hz"),
        ([replace(TAG, drift_hz_per_s=50.0)], {}, "2000 Hz after 30 s of drift lies outside"),
        ([replace(TAG, pulse_width_s=1e-4)], {}, "shorter than a sample"),
        ([replace(TAG, tag_id="a")] * 2, {}, "two tags have the id 'a'"),
        ([], {"duration_s": 0.0}, "duration_s is 0.0"),
        ([], {"duration_s": 1e-9}, "no possible number of samples"),
        ([], {"duration_s": 1e300}, "no possible number of samples"),
        ([], {"noise_power": -1.0}, "noise_power is -1.0"),
        ([], {"seed": -1}, "seed is -1"),
        ([], {"center_freq": float("nan")}, "center_freq is nan"),
    ],
)
def test_impossible_scenes_are_refused(tags, settings, what):
    with pytest.raises(InputError, match=what) as caught:
        scene(*tags, **settings)
    assert ";" in str(caught.value)
