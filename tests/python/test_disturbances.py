# SPDX-License-Identifier: GPL-3.0-or-later
"""Disturbances and receiver faults against their definitions."""

import itertools

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.impairments import DcOffset, GainDrift, IqImbalance, PhaseNoise, Quantiser
from gnuradio.sentinel.core.scene_stage import SceneFrame
from gnuradio.sentinel.pulse.disturbances import (
    Carrier,
    ColouredNoise,
    ImpulsiveSamples,
    NoiseStep,
    PeriodicClicks,
    RandomClicks,
)
from gnuradio.sentinel.pulse.simulate import Scene, scene_chunks, scene_samples
from scipy.signal import welch

RATE = 3840.0
COUNT = 384_000  # 100 s
FRAME = SceneFrame(RATE, COUNT, 0.25)


def act(disturbance, samples, seed=1):
    """What a disturbance makes of samples that come in odd pieces."""
    stage = disturbance.stage(FRAME, np.random.default_rng(seed))
    cuts = [0, 1, 2, 5000, 5001, len(samples)]
    parts = [stage(samples[a:b], a) for a, b in itertools.pairwise(cuts)]
    return np.concatenate(parts)


def silence():
    return np.zeros(COUNT, np.complex64)


def noise(rng, count=COUNT):
    parts = rng.standard_normal((count, 2), np.float32).view(np.complex64)[:, 0]
    return (parts * np.float32(np.sqrt(FRAME.noise_power / 2))).astype(np.complex64)


def tone(freq_hz, count=COUNT):
    return np.exp(2j * np.pi * freq_hz / RATE * np.arange(count)).astype(np.complex64)


def bursts(samples):
    at = np.flatnonzero(samples)
    return np.split(at, np.flatnonzero(np.diff(at) > 1) + 1)


def test_a_click_is_three_samples_of_one_phase_with_the_stated_energy():
    out = act(PeriodicClicks(0.5, 20.0, start_s=0.1), silence())
    clicks = bursts(out)
    assert len(clicks) == 200
    assert [len(click) for click in clicks] == [3] * 200
    assert [click[0] for click in clicks[:3]] == [384, 2304, 4224]
    for click in clicks:
        # N0 fs = noise power: E/N0 is the sum of the powers over it.
        assert np.sum(np.abs(out[click]) ** 2) / 0.25 == pytest.approx(100.0, rel=1e-5)
        assert np.ptp(np.angle(out[click])) == 0
    phases = [np.angle(out[click[0]]) for click in clicks]
    assert abs(np.mean(np.exp(1j * np.array(phases)))) < 4 / np.sqrt(200)


def test_random_clicks_come_at_poisson_times():
    out = act(RandomClicks(2.0, 15.0), silence())
    firsts = np.array([click[0] for click in bursts(out)])
    assert len(firsts) == pytest.approx(200, abs=5 * np.sqrt(200))
    gaps = np.diff(firsts) / RATE
    # Exponential: mean equals standard deviation.
    assert np.std(gaps) / np.mean(gaps) == pytest.approx(1.0, abs=5 / np.sqrt(len(gaps)))
    lonely = [click for click in bursts(out) if len(click) == 3]
    assert np.sum(np.abs(out[lonely[0]]) ** 2) / 0.25 == pytest.approx(10**1.5, rel=1e-5)


def test_clicks_add_up_where_they_overlap():
    alone = act(PeriodicClicks(1.0, 10.0, samples=5000, start_s=0.0), silence())
    # 5000 samples every 3840: two at a time.
    assert np.abs(alone[100]) > 0
    level = FRAME.amplitude(10.0, 5000 / RATE)
    assert np.max(np.abs(alone)) <= 2 * level * 1.0001
    assert np.max(np.abs(alone)) > 1.2 * level


def test_impulses_raise_single_samples(rng):
    x = noise(rng)
    out = act(ImpulsiveSamples(0.001, 20.0), x)
    ratio = np.abs(out) / np.abs(x)
    hit = ratio > 5
    assert np.allclose(ratio[hit], 10.0, rtol=1e-5)
    assert np.allclose(ratio[~hit], 1.0)
    assert np.count_nonzero(hit) == pytest.approx(384, abs=5 * np.sqrt(384))


def test_a_step_raises_the_noise_from_one_time_on(rng):
    x = noise(rng)
    ratio = np.abs(act(NoiseStep(6.0, at_s=30.0), x)) / np.abs(x)
    assert np.allclose(ratio[:115_200], 1.0)
    assert np.allclose(ratio[115_200:], 10**0.3)
    edges = [
        np.flatnonzero(np.diff(np.abs(act(NoiseStep(6.0), np.ones(COUNT, np.complex64), seed=k))))[0]
        for k in range(40)
    ]
    assert 0.25 * COUNT < min(edges) < 0.32 * COUNT
    assert 0.68 * COUNT < max(edges) < 0.75 * COUNT


def test_a_carrier_has_the_stated_level_and_modulation():
    steady = act(Carrier(-700.0, 20.0), silence())
    power = np.mean(np.abs(steady) ** 2)
    assert 10 * np.log10(power * 0.015 * RATE / 0.25) == pytest.approx(20.0, abs=1e-3)
    assert np.allclose(steady / tone(-700.0), steady[0], atol=1e-3)
    swinging = np.abs(act(Carrier(-700.0, 20.0, am_depth=0.9, am_freq_hz=0.5), silence())) / np.sqrt(power)
    assert (swinging.min(), swinging.max()) == (pytest.approx(0.1, abs=1e-3), pytest.approx(1.9, abs=1e-3))
    line = np.abs(np.fft.rfft(swinging - swinging.mean()))
    assert np.argmax(line) == 50  # 0.5 Hz in 100 s


def test_coloured_noise_follows_its_points(rng):
    shape = ColouredNoise(((-1000.0, -6.0), (0.0, 0.0), (1000.0, 6.0)))
    freqs, density = welch(act(shape, noise(rng)), RATE, nperseg=256, return_onesided=False, detrend=False)
    level = 10 * np.log10(density / (0.25 / RATE))
    for freq_hz, expected in ((-1500, -6), (-500, -3), (0, 0), (500, 3), (1500, 6)):
        near = np.abs(freqs - freq_hz) <= 40
        # 3000 segments by 5 lines: 0.05 dB of noise, the rest is the smoothing.
        assert np.mean(level[near]) == pytest.approx(expected, abs=0.25)


def test_coloured_noise_has_full_power_from_the_first_sample():
    powers = [
        np.abs(act(ColouredNoise(((0.0, 0.0),)), noise(np.random.default_rng(k), 50), k)) ** 2
        for k in range(200)
    ]
    assert np.mean(np.array(powers)[:, 0]) == pytest.approx(0.25, rel=5 / np.sqrt(200))


def test_slope_is_straight_through_the_centre():
    assert ColouredNoise.slope(RATE, 6.0).points == ((-1920.0, -3.0), (1920.0, 3.0))


def test_iq_imbalance_makes_the_image_of_the_formula():
    out = act(IqImbalance(gain_db=1.0, phase_deg=5.0), tone(480.0))
    g, p = 10 ** (1 / 20), np.radians(5.0)
    signal = np.vdot(tone(480.0), out) / COUNT
    image = np.vdot(tone(-480.0), out) / COUNT
    assert signal == pytest.approx((1 + g * np.exp(1j * p)) / 2, abs=1e-4)
    assert image == pytest.approx((1 - g * np.exp(-1j * p)) / 2, abs=1e-4)
    assert np.array_equal(act(IqImbalance(), tone(480.0)), tone(480.0))


def test_dc_offset_is_added():
    assert np.all(act(DcOffset(0.25, -0.5), silence()) == 0.25 - 0.5j)


def test_gain_swings_by_the_stated_decibels():
    level = 20 * np.log10(np.abs(act(GainDrift(2.0, period_s=50.0), np.ones(COUNT, np.complex64))))
    assert (level.min(), level.max()) == (pytest.approx(-2.0, abs=1e-3), pytest.approx(2.0, abs=1e-3))
    assert np.allclose(level[:192_000], level[192_000:], atol=1e-4)


def test_phase_noise_walks_as_its_linewidth_says():
    out = act(PhaseNoise(4.0), np.ones(COUNT, np.complex64))
    assert np.allclose(np.abs(out), 1.0, atol=1e-5)
    for lag in (1, 96):
        # A Lorentzian line of full width w has the coherence exp(-pi w t).
        coherence = np.mean(out[lag:] * np.conj(out[:-lag]))
        assert abs(coherence) == pytest.approx(np.exp(-np.pi * 4.0 * lag / RATE), abs=0.02)


@pytest.mark.parametrize("datatype, steps", [("cu8", 127.5), ("ci8", 127.0), ("ci16_le", 32767.0)])
def test_quantising_rounds_and_clips(rng, datatype, steps):
    x = noise(rng, 10_000)
    out = act(Quantiser(datatype, full_scale=2.0), x)
    inside = (np.abs(x.real) < 1.98) & (np.abs(x.imag) < 1.98)
    assert np.max(np.abs((out - x)[inside].real)) <= 0.5 / steps * 2.0 * 1.001
    assert len(np.unique(out.real)) <= 2 * steps + 2
    clipped = act(Quantiser(datatype, full_scale=0.1), x)
    assert np.max(np.abs(clipped.real)) <= 0.1 * (1 + 1.01 / steps)
    assert np.mean(np.abs(clipped.real) > 0.099) > 0.5


def test_a_scene_acts_on_noise_then_air_then_receiver():
    # Quantised last although listed first; the click is not raised by the step of the noise.
    s = Scene(
        RATE,
        10.0,
        noise_power=1e-4,
        disturbances=(Quantiser("cu8"), PeriodicClicks(1.0, 40.0, start_s=0.5), NoiseStep(20.0, at_s=0.0)),
    )
    samples = scene_samples(s)
    steps = samples.real * 127.5 + 127.5
    assert np.allclose(steps, np.round(steps), atol=1e-3)
    click = samples[1920:1923]
    assert np.sum(np.abs(click) ** 2) / 1e-4 == pytest.approx(1e4, rel=0.5)
    assert np.mean(np.abs(samples[:1900]) ** 2) == pytest.approx(1e-2, rel=0.15)


@pytest.mark.parametrize(
    "make, what",
    [
        (lambda: RandomClicks(0.0, 10.0), "rate of clicks is 0.0"),
        (lambda: PeriodicClicks(-1.0, 10.0), "interval of clicks is -1.0"),
        (lambda: PeriodicClicks(1.0, 10.0, samples=0), "clicks of 0 samples"),
        (lambda: ImpulsiveSamples(1.5, 10.0), "probability of impulses is 1.5"),
        (lambda: NoiseStep(float("nan")), "noise step is nan"),
        (lambda: Carrier(0.0, 10.0, am_depth=2.0), "AM depth"),
        (lambda: ColouredNoise(()), "no points"),
        (lambda: PhaseNoise(-1.0), "linewidth is -1.0"),
        (lambda: GainDrift(1.0, period_s=0.0), "period is 0.0"),
        (lambda: Quantiser("cu9"), "'cu9' is not written"),
        (lambda: Quantiser("cu8", full_scale=0.0), "full scale is 0.0"),
        (lambda: DcOffset(float("inf")), "DC offset i is inf"),
        (lambda: IqImbalance(float("nan")), "IQ gain is nan"),
    ],
)
def test_impossible_disturbances_are_refused(make, what):
    with pytest.raises(InputError, match=what) as caught:
        make()
    assert ";" in str(caught.value)


@pytest.mark.parametrize(
    "disturbance", [Carrier(2000.0, 10.0), RandomClicks(1e6, 10.0), PeriodicClicks(1e-6, 1.0)]
)
def test_disturbances_that_do_not_fit_the_rate_are_refused_before_the_first_sample(disturbance):
    with pytest.raises(InputError, match=";"):
        scene_chunks(Scene(RATE, 10.0, disturbances=(disturbance,)))
