# SPDX-License-Identifier: GPL-3.0-or-later
"""Interference waveforms against closed forms: power, kurtosis, spectra."""

import math

import numpy as np
import pytest
from gnuradio.sentinel.gnss import features
from gnuradio.sentinel.gnss.families import (
    CLASSES,
    FAMILIES,
    HELD_OUT_FAMILY,
    NARROW,
    PULSED,
    STRUCTURED,
    WIDE,
)
from gnuradio.sentinel.gnss.simulation.parameters import check_parameters, draw_parameters
from gnuradio.sentinel.gnss.simulation.waveforms import make_waveform

FS = 2.56e6
ALL = (*FAMILIES, HELD_OUT_FAMILY)


def take(family, count=256_000, seed=1, **given):
    return make_waveform(family, check_parameters(family, given), seed).take(count)


def power_and_kurtosis(samples):
    power = np.abs(samples.astype(complex)) ** 2
    return np.mean(power), np.mean(power**2) / np.mean(power) ** 2


def spectrum(samples):
    """Share of the power in each bin, frequencies ascending in Hz."""
    # A Blackman window keeps a strong line from filling the bins around.
    power = np.abs(np.fft.fftshift(np.fft.fft(samples * np.blackman(len(samples))))) ** 2
    return np.fft.fftshift(np.fft.fftfreq(len(samples), 1 / FS)), power / np.sum(power)


def test_names():
    assert len(CLASSES) == 12 and CLASSES[0] == "none" and CLASSES[1:] == FAMILIES
    for group in (NARROW, PULSED, WIDE, STRUCTURED):
        assert set(group) < set(FAMILIES)
    assert HELD_OUT_FAMILY not in CLASSES


@pytest.mark.parametrize("family", ALL)
def test_mean_power_is_one_for_any_parameters(family):
    for seed in range(3):
        parameters = draw_parameters(family, np.random.default_rng((seed, 7)), held_out=seed == 2)
        count = 512_000
        power, kurtosis = power_and_kurtosis(make_waveform(family, parameters, seed).take(count))
        # What comes in pulses, bursts or a line of random width differs from its mean in 0.2 s.
        events = count / FS * parameters.get("pairs_per_s", 1e9) * 2
        if "duty" in parameters:
            events = min(events, count / FS / parameters["period_s"])
        spread = 5 * math.sqrt(kurtosis * parameters.get("duty", 1.0) / events) if events < 1e6 else 0.0
        assert power == pytest.approx(1.0, abs=0.02 + spread)


@pytest.mark.parametrize("family", ALL)
def test_samples_do_not_depend_on_the_pieces_and_depend_on_the_seed(family):
    parameters = draw_parameters(family, np.random.default_rng(3))
    whole = make_waveform(family, parameters, 5).take(140_000)
    pieces, waveform = [], make_waveform(family, parameters, 5)
    for count in (1, 7, 4096, 65_536, 60_000, 10_360):
        pieces.append(waveform.take(count))
    assert whole.dtype == np.complex64
    assert np.array_equal(np.concatenate(pieces), whole)
    assert not np.array_equal(make_waveform(family, parameters, 6).take(140_000), whole)


def test_a_carrier_is_one_line_of_constant_modulus():
    samples = take("cw", offset_hz=123e3, linewidth_hz=0.0, drift_hz_per_s=0.0)
    assert np.max(np.abs(np.abs(samples) - 1)) < 1e-5
    frequency, share = spectrum(samples)
    assert frequency[np.argmax(share)] == pytest.approx(123e3, abs=10)
    assert np.sum(share[np.abs(frequency - 123e3) < 50]) > 0.9999


def test_the_line_of_a_carrier_has_its_width():
    # Lorentzian line: the mean of exp(i (p(t + T) - p(t))) is exp(-pi B T).
    samples = take("cw", 512_000, offset_hz=0.0, linewidth_hz=1e3, drift_hz_per_s=0.0).astype(complex)
    lag = 256
    coherence = abs(np.mean(samples[lag:] * samples[:-lag].conj()))
    assert coherence == pytest.approx(math.exp(-math.pi * 1e3 * lag / FS), abs=0.03)


def test_a_carrier_drifts():
    samples = take("cw", 512_000, offset_hz=100e3, linewidth_hz=0.0, drift_hz_per_s=1e5).astype(complex)
    first, last = (
        np.angle(np.mean(part[1:] * part[:-1].conj())) for part in (samples[:5000], samples[-5000:])
    )
    assert abs(last - first) * FS / (2 * np.pi) == pytest.approx(1e5 * 507_000 / FS, rel=0.01)


@pytest.mark.parametrize("tones", [1, 2, 4, 9])
def test_equal_tones_have_kurtosis_two_minus_one_by_n(tones):
    samples = take("multitone", tones=tones, spacing_hz=37e3, scatter=0.2, level_spread_db=0.0)
    assert power_and_kurtosis(samples)[1] == pytest.approx(2 - 1 / tones, abs=0.01)
    frequency, share = spectrum(samples)
    lines = frequency[share > 0.2 / tones / 3]
    assert 1 + np.count_nonzero(np.diff(lines) > 1e3) == tones


def test_amplitude_modulation():
    samples = take("am", offset_hz=-200e3, depth=0.8, audio_hz=1e3, audio_tones=1)
    assert power_and_kurtosis(samples)[1] == pytest.approx(1.764, abs=0.002)
    frequency, share = spectrum(samples)
    carrier = np.sum(share[np.abs(frequency + 200e3) < 100])
    assert carrier == pytest.approx(1 / (1 + 0.8**2 / 2), abs=0.001)
    for side in (-201e3, -199e3):
        assert np.sum(share[np.abs(frequency - side) < 100]) == pytest.approx((1 - carrier) / 2, abs=0.001)


@pytest.mark.parametrize("audio", ["tone", "noise"])
def test_frequency_modulation_stays_within_its_deviation(audio):
    samples = take("fm", offset_hz=300e3, deviation_hz=50e3, audio_hz=2e3, audio=audio)
    assert np.max(np.abs(np.abs(samples) - 1)) < 1e-5
    momentary = np.angle(samples[1:].astype(complex) * samples[:-1].conj()) * FS / (2 * np.pi)
    assert np.min(momentary) >= 250e3 - 50 and np.max(momentary) <= 350e3 + 50
    # RMS of a sine, and of noise whose sigma is half the deviation (clipped beyond two).
    rms = np.std(momentary) / 50e3
    assert rms == pytest.approx(
        math.sqrt(0.5) if audio == "tone" else 0.48, abs=0.001 if audio == "tone" else 0.08
    )


def test_noise_fills_its_band_with_its_tilt():
    samples = take("noise", 512_000, offset_hz=200e3, bandwidth_hz=1e6, tilt_db=6.0)
    assert power_and_kurtosis(samples)[1] == pytest.approx(2.0, abs=0.03)
    frequency, share = spectrum(samples)
    inside = np.abs(frequency - 200e3) < 0.53e6
    assert np.sum(share[inside]) > 0.98
    low, high = (np.sum(share[np.abs(frequency - f) < 50e3]) for f in (-200e3, 600e3))
    assert 10 * np.log10(high / low) == pytest.approx(6.0 * 0.8, abs=0.5)


def test_noise_wider_than_the_band_is_white():
    samples = take("noise", bandwidth_hz=6e6, tilt_db=0.0)
    _, share = spectrum(samples)
    parts = share.reshape(64, -1).sum(axis=1)
    assert np.max(np.abs(parts * 64 - 1)) < 6 * math.sqrt(64 * 2 / 256_000)


@pytest.mark.parametrize("shape", ["up", "down", "triangle"])
def test_a_steady_sweep_is_a_comb(shape):
    samples = take("chirp", bandwidth_hz=16e6, period_s=12.5e-6, shape=shape, jitter=0.0, coherent=True)
    frequency, share = spectrum(samples)
    # Lines 80 kHz apart, 32 of them in the band, so that what folds at its edges falls on lines too.
    on_line = np.abs(frequency / 80e3 - np.rint(frequency / 80e3)) < 0.002
    assert np.sum(share[on_line]) > 0.999
    # The spectrum of a sweep has ripples, which 32 lines do not quite average out.
    assert power_and_kurtosis(samples)[0] == pytest.approx(1.0, abs=0.04)


def test_direction_of_a_sweep():
    rising, falling = (
        take("slow_chirp", bandwidth_hz=1.5e6, period_s=1e-3, shape=shape, jitter=0.0).astype(complex)
        for shape in ("up", "down")
    )
    for samples, sign in ((rising, 1), (falling, -1)):
        turn = samples[2:] * samples[:-2] * samples[1:-1].conj() ** 2
        slope = np.median(np.angle(turn)) / (2 * np.pi) * FS * FS
        # The receiver's filter bends nothing in the middle of the band.
        assert slope == pytest.approx(sign * 1.5e6 / 1e-3, rel=0.05)


def test_kurtosis_of_combs_in_channels():
    # Period 25 us: one line, 40 kHz apart, in the middle of each channel.
    arguments = {"bandwidth_hz": 16e6, "period_s": 25e-6, "shape": "up", "offset_hz": 0.0}
    steady = take("chirp", jitter=0.0, coherent=True, **arguments)
    random = take("chirp", jitter=0.02, coherent=False, **arguments | {"period_s": 10e-6})
    line, many = (features.measure(x, snapshot_s=0.1).kurtosis[0] for x in (steady, random))
    assert np.max(line[4:-4]) < 1.02
    # K = 2 - 1/n of n sweeps with random phases within the filter, some three of these.
    assert 1.5 < np.median(many[4:-4]) < 1.8


def test_slow_sweeps_have_high_kurtosis_in_channels():
    samples = take("slow_chirp", bandwidth_hz=2e6, period_s=1e-3, jitter=0.0, offset_hz=0.0)
    kurtosis = features.measure(samples, snapshot_s=0.1).kurtosis[0]
    # A channel sees 40 of 2000 kHz, some more through its filter's skirts.
    assert 15 < np.median(kurtosis[16:48]) < 50


def test_pulse_pairs():
    count = 1_280_000
    samples = take("dme", count, offset_hz=100e3, pairs_per_s=2700.0, level_spread_db=0.0, width_s=3.5e-6)
    power = np.abs(samples.astype(complex)) ** 2
    kurtosis = np.mean(power**2) / np.mean(power) ** 2
    pairs = 2700 * count / FS
    # Relative scatter of the number of pairs; overlapping ones add a little.
    assert kurtosis == pytest.approx(49.6, rel=5 / math.sqrt(pairs) + 0.03)
    envelope = np.abs(samples)
    correlation = np.fft.ifft(np.abs(np.fft.fft(envelope - np.mean(envelope))) ** 2).real
    lag = 20 + np.argmax(correlation[20:60])
    assert lag / FS == pytest.approx(12e-6, abs=0.3e-6)


@pytest.mark.parametrize("duty", [0.05, 0.2])
def test_gated_carrier_and_noise(duty):
    arguments = {"period_s": 0.4e-3, "duty": duty, "jitter": 0.3}
    carrier = take("pulsed_cw", **arguments)
    assert power_and_kurtosis(carrier)[1] == pytest.approx(1 / duty, rel=0.01)
    assert np.mean(np.abs(carrier) > 0) == pytest.approx(duty, rel=0.01)
    noise = take("pulsed_noise", 1_024_000, bandwidth_hz=4e6, **arguments)
    assert power_and_kurtosis(noise)[1] == pytest.approx(2 / duty, rel=0.06)


def test_gate_spacing_is_the_period():
    carrier = take("pulsed_cw", period_s=0.5e-3, duty=0.1, jitter=0.0)
    starts = np.flatnonzero(np.diff((np.abs(carrier) > 0).astype(int)) == 1)
    assert np.max(np.abs(np.diff(starts) - 1280)) <= 1


def test_ofdm_bursts():
    arguments = {"offset_hz": 200e3, "bandwidth_hz": 1.2e6, "spacing_hz": 20e3, "prefix": 0.125}
    steady = take("ofdm", duty=1.0, **arguments)
    assert power_and_kurtosis(steady)[1] == pytest.approx(2.0, abs=0.1)
    frequency, share = spectrum(steady)
    assert np.sum(share[np.abs(frequency - 200e3) < 0.65e6]) > 0.98
    # A cyclic prefix repeats one part in nine of the signal 128 samples later.
    x = steady.astype(complex)
    repeats = abs(np.mean(x[128:] * x[:-128].conj()))
    assert repeats == pytest.approx(1 / 9, abs=0.02)
    bursts = take("ofdm", 1_024_000, duty=0.25, period_s=1e-3, **arguments)
    assert power_and_kurtosis(bursts)[1] == pytest.approx(8.0, rel=0.08)


def test_hops_dwell_and_stay_on_their_channels():
    samples = take(HELD_OUT_FAMILY, offset_hz=0.0, bandwidth_hz=1e6, hops_per_s=1000.0, channels=5)
    momentary = np.angle(samples[1:].astype(complex) * samples[:-1].conj()) * FS / (2 * np.pi)
    grid = np.linspace(-0.5e6, 0.5e6, 5)
    off = np.min(np.abs(momentary[:, None] - grid), axis=1)
    # Eight samples of each 2560 lead from one channel to the next.
    assert np.mean(off < 500) > 0.99
    assert len(np.unique(np.rint(momentary[off < 500] / 250e3))) == 5
