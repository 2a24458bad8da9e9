# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated receiver: level, passband, spurs, imbalance, offset, clipping, types."""

from dataclasses import replace

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.quantise import dequantise
from gnuradio.sentinel.gnss.simulation.receiver_model import (
    Hump,
    Receiver,
    ReceiverChain,
    Spur,
    draw_receiver,
)
from gnuradio.sentinel.gnss.simulation.shaping import shaping_taps

FS = 2.56e6
COUNT = 1 << 18


def receive(receiver, interference=None, datatype="cf32_le", gains=(1.0, 1.0), seed=1):
    return ReceiverChain(receiver, FS, seed, datatype).receive(COUNT, interference, *gains)


def density(samples, bins=64):
    """Mean power in each of `bins` parts of the band, ascending in frequency."""
    parts = samples.reshape(-1, 1024) * np.hanning(1024)
    power = np.mean(np.abs(np.fft.fftshift(np.fft.fft(parts, axis=1), axes=1)) ** 2, axis=0)
    return power.reshape(bins, -1).mean(axis=1) / np.sum(np.hanning(1024) ** 2)


def response(taps, frequency_hz):
    """|H|^2 of taps."""
    phase = -2j * np.pi * np.outer(np.asarray(frequency_hz) / FS, np.arange(len(taps)))
    return np.abs(np.exp(phase) @ taps.astype(complex)) ** 2


def tone(offset_hz):
    return np.exp(2j * np.pi * offset_hz / FS * np.arange(COUNT)).astype(np.complex64)


def test_noise_has_its_level_in_steps_and_its_offset():
    receiver = Receiver(noise_lsb=8.0, dc_i_lsb=3.0, dc_q_lsb=-1.5)
    native, railed = receive(receiver, datatype="cu8")
    parts = native.reshape(-1, 2).astype(float) - 127.5
    assert native.dtype == np.uint8 and railed == 0
    assert np.mean(parts, axis=0) == pytest.approx([3.0, -1.5], abs=5 * 8 / np.sqrt(COUNT))
    # A step of 1 adds 1/12 to the variance.
    assert np.var(parts, axis=0) == pytest.approx(64 + 1 / 12, rel=5 * np.sqrt(2 / COUNT))
    power = np.abs(parts @ [1, 1j] - (3 - 1.5j)) ** 2
    assert np.mean(power**2) / np.mean(power) ** 2 == pytest.approx(2.0, abs=10 / np.sqrt(COUNT))


def test_kurtosis_survives_coarse_steps():
    native, _ = receive(Receiver(noise_lsb=0.5), datatype="cu8")
    samples = dequantise(native, "cu8")
    row = samples.reshape(-1, 64).astype(complex) @ np.exp(2j * np.pi * 11 * np.arange(64) / 64)
    power = np.abs(row) ** 2
    assert np.mean(power**2) / np.mean(power) ** 2 == pytest.approx(2.0, abs=5 * 2 / np.sqrt(len(row)))


def test_the_passband_shapes_noise_and_interference_alike():
    receiver = Receiver(tilt_db=4.0, ripple_db=0.5, ripple_cycles=2.0, rolloff_db=3.0)
    noise, _ = receive(receiver)
    middle = (np.arange(64) - 31.5) * FS / 64
    wanted = receiver.passband_db(middle, FS)
    got = 10 * np.log10(density(noise))
    inner = slice(3, 61)
    assert np.max(np.abs((got - wanted)[inner] - np.mean((got - wanted)[inner]))) < 0.35
    # Taken as a difference at the same seed, the interference alone is left.
    for offset_hz in (-900e3, 200e3, 900e3):
        both, _ = receive(receiver, tone(offset_hz))
        alone = np.mean(np.abs((both - noise)[100:].astype(complex)) ** 2)
        unit = np.mean(np.abs(noise) ** 2) / 1.0
        expected = response(receiver.passband_taps(FS), [offset_hz])[0]
        assert alone / unit == pytest.approx(expected, rel=0.02)
    assert np.mean(response(receiver.passband_taps(FS), np.linspace(-0.5, 0.5, 999) * FS)) == pytest.approx(
        1.0, rel=0.01
    )


def test_spurs_humps_and_images():
    receiver = Receiver(spurs=(Spur(500e3, -10.0),), humps=(Hump(-600e3, 60e3, 6.0),))
    power = density(receive(receiver)[0])
    floor = np.median(power)
    # -10 dB of the noise in all the band is 6.4 times that in one of 64 parts.
    assert power[32 + 12] / floor == pytest.approx(1 + 6.4, rel=0.15)
    assert 10 * np.log10(power[32 - 15] / floor) == pytest.approx(6.0, abs=1.0)
    imbalance = Receiver(iq_gain_db=1.0, iq_phase_deg=4.0)
    strong, _ = receive(imbalance, 100 * tone(310e3))
    gain, phase = 10 ** (1 / 20), np.radians(4)
    image = abs(1 - gain * np.exp(1j * phase)) ** 2 / abs(1 + gain * np.exp(-1j * phase)) ** 2
    levels = [abs(np.mean(strong * tone(-sign * 310e3))) ** 2 for sign in (1, -1)]
    assert levels[1] / levels[0] == pytest.approx(image, rel=0.02)


def test_phase_noise_widens_a_line_by_its_linewidth():
    samples, _ = receive(Receiver(linewidth_hz=500.0), 300 * tone(0.0))
    lag = 512
    turned = samples[1024:].astype(complex)
    coherence = abs(np.mean(turned[lag:] * turned[:-lag].conj())) / np.mean(np.abs(turned) ** 2)
    assert coherence == pytest.approx(np.exp(-np.pi * 500 * lag / FS), abs=0.03)


def test_gain_clipping_and_types():
    receiver = Receiver(noise_lsb=8.0)
    plain, _ = receive(receiver)
    louder, _ = receive(receiver, gains=(2.0, 2.0))
    assert np.allclose(louder, 2 * plain, rtol=1e-5)
    native, railed = receive(receiver, 40 * tone(1e5), "cu8")
    at_rail = ((native == 0) | (native == 255)).reshape(-1, 2).any(axis=1)
    assert railed == np.count_nonzero(at_rail) > 0.5 * COUNT
    for datatype, dtype, step in (("ci8", np.int8, 1 / 127), ("ci16_le", np.int16, 1 / 32767)):
        native, railed = receive(receiver, datatype=datatype)
        assert native.dtype == dtype and native.shape == (2 * COUNT,) and railed == 0
        assert np.max(np.abs((dequantise(native, datatype) - plain).real)) <= 0.51 * step
    with pytest.raises(InputError, match="cu16"):
        ReceiverChain(receiver, FS, 1, "cu16")


def test_pieces_of_any_size_are_the_same():
    receiver = replace(draw_receiver(np.random.default_rng(2), background=True), linewidth_hz=10.0)
    interference = tone(1e5)
    whole, _ = receive(receiver, interference)
    chain = ReceiverChain(receiver, FS, 1, "cf32_le")
    parts = [
        chain.receive(8 * n, interference[first : first + 8 * n], 1.0, 1.0)[0]
        for first, n in ((0, 1), (8, 1000), (8008, (COUNT - 8008) // 8))
    ]
    assert np.array_equal(np.concatenate(parts), whole)


def test_drift_is_a_swing_of_its_size_and_period():
    receiver = Receiver(drift_db=0.5, drift_period_s=100.0, drift_phase=0.25)
    db = [20 * np.log10(receiver.drift_gain(t)) for t in (0.0, 25.0, 50.0, 100.0)]
    assert db == pytest.approx([0.5, 0.0, -0.5, 0.5], abs=1e-9)


def test_the_other_kind_has_nothing_in_common_with_the_usual_one():
    usual = [draw_receiver(np.random.default_rng(k)) for k in range(200)]
    other = [draw_receiver(np.random.default_rng(k), other=True) for k in range(200)]
    for name, below in (
        ("noise_lsb", True),
        ("linewidth_hz", False),
        ("rolloff_db", False),
        ("drift_db", False),
    ):
        one, two = ([getattr(r, name) for r in kind] for kind in (usual, other))
        assert max(two) < min(one) if below else min(two) >= max(one)
    assert {r.kind for r in usual} == {"rtl"} and {r.kind for r in other} == {"other"}
    assert min(abs(r.iq_gain_db) for r in other) >= max(abs(r.iq_gain_db) for r in usual)
    assert not any(r.humps for r in usual + other)
    surrounded = [draw_receiver(np.random.default_rng(k), background=True) for k in range(20)]
    assert all(r.humps and len(r.spurs) >= 3 for r in surrounded)
    assert min(r.noise_lsb for r in usual) > 0.8 and max(r.noise_lsb for r in usual) <= 20.0


def test_shaping_keeps_the_power_of_white_noise():
    taps = shaping_taps(lambda f: np.where(np.abs(f - 3e5) < 2e5, 1.0, 0.0), FS, 128)
    assert np.sum(np.abs(taps) ** 2) == pytest.approx(1.0, rel=1e-6)
    inside, outside = response(taps, [3e5])[0], response(taps, [-8e5])[0]
    assert outside < 1e-4 * inside and inside == pytest.approx(FS / 4e5, rel=0.1)


@pytest.mark.parametrize("name, value", [("noise_lsb", 0.0), ("linewidth_hz", -1.0), ("drift_period_s", 0.0)])
def test_impossible_receivers_are_refused(name, value):
    with pytest.raises(InputError, match=name):
        Receiver(**{name: value})
