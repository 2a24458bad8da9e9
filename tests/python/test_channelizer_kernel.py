# SPDX-License-Identifier: GPL-3.0-or-later
from fractions import Fraction

import numpy as np
import pytest
from channelizer_reference import complex_noise, direct_channel
from gnuradio import blocks, filter, gr
from gnuradio.sentinel import kernel
from gnuradio.sentinel.core.channel_filter import channel_taps


def run(bank, samples, chunk=None):
    chunk = chunk or len(samples)
    parts = [bank.push(samples[i : i + chunk]) for i in range(0, len(samples), chunk)]
    return np.concatenate([*parts, bank.flush()])


# Decimation dividing M or not, equal to it; taps shorter than M, than D, and one alone.
GEOMETRIES = [
    (101, 10, 16),
    (77, 16, 16),
    (31, 7, 12),
    (5, 16, 32),
    (3, 9, 200),
    (1, 10, 10),
    (901, 13, 64),
    (31, 3, 5),
]


@pytest.mark.parametrize("method", ["fft", "direct"])
@pytest.mark.parametrize("length, decimation, fft_size", GEOMETRIES)
def test_equals_mix_convolve_decimate(rng, length, decimation, fft_size, method):
    samples = complex_noise(rng, 3001)
    taps = rng.normal(size=length).astype(np.float32)
    bank = kernel.channelizer(1.0, decimation, fft_size, taps, list(range(fft_size)), method=method)
    outputs = run(bank, samples)
    expected = [direct_channel(samples, taps, decimation, k / fft_size) for k in range(fft_size)]
    assert outputs.shape == (-(-3001 // decimation), fft_size)
    # Single precision: some 1e-7 of the largest value for every hundredfold sum.
    np.testing.assert_allclose(outputs, np.transpose(expected), rtol=0, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("method", ["fft", "direct"])
@pytest.mark.parametrize("length, decimation, fft_size", GEOMETRIES)
def test_chunks_do_not_matter(rng, length, decimation, fft_size, method):
    samples = complex_noise(rng, 9001)
    taps = rng.normal(size=length).astype(np.float32)
    bank = kernel.channelizer(
        1e3, decimation, fft_size, taps, [0, 3, fft_size - 1], [0.7, -2.0, 0.0], method=method
    )
    whole = run(bank, samples)
    for chunk in (1, 7, 4096):
        bank.reset()
        assert np.array_equal(run(bank, samples, chunk), whole)


@pytest.mark.parametrize("sample_rate, decimation", [(250e3, 65), (768e3, 200), (2.4e6, 625)])
def test_real_geometries_with_residual(rng, sample_rate, decimation):
    samples = complex_noise(rng, 40 * decimation + 11)
    taps = channel_taps(sample_rate, decimation)
    fft_size = 4 * decimation
    wanted = np.array([10e3, -61234.567, 0.25 * sample_rate, 123.4])
    tunings = [kernel.channelizer.tune(f, sample_rate, fft_size) for f in wanted]
    bank = kernel.channelizer(sample_rate, decimation, fft_size, taps, *zip(*tunings, strict=True))
    outputs = run(bank, samples)
    for c, (k, residual) in enumerate(tunings):
        centred = direct_channel(samples, taps, decimation, k / fft_size)
        turns = residual * decimation / sample_rate * np.arange(len(centred))
        np.testing.assert_allclose(outputs[:, c], centred * np.exp(-2j * np.pi * turns), rtol=0, atol=1e-6)


@pytest.mark.parametrize("k", [0, 5, 90, 199])
def test_tone_in_the_middle_has_unit_gain_and_zero_phase(k):
    taps = channel_taps(768e3, 200)
    tone = np.exp(2j * np.pi * ((k * np.arange(20_000)) % 200) / 200).astype(np.complex64)
    outputs = run(kernel.channelizer(768e3, 200, 200, taps, [k]), tone)
    inside = outputs[len(taps) // 400 + 1 : -len(taps) // 400 - 1, 0]
    assert len(inside) > 70
    np.testing.assert_allclose(inside, 1.0, atol=2e-6)


@pytest.mark.parametrize("position", [4000, 4001, 4099, 4100, 4199])
def test_burst_appears_where_it_was(position):
    """The response to an impulse is the prototype read at its distance, so its centroid is in place."""
    decimation, taps = 200, channel_taps(768e3, 200)
    samples = np.zeros(8200, np.complex64)
    samples[position] = 1
    response = run(kernel.channelizer(768e3, decimation, decimation, taps, [17]), samples)[:, 0]
    envelope = np.real(response * np.exp(2j * np.pi * 17 * position / decimation))
    centre = np.sum(envelope * np.arange(len(envelope))) / np.sum(envelope)
    assert centre * decimation == pytest.approx(position, abs=0.5)  # input samples
    offsets = np.arange(len(envelope)) * decimation - position + len(taps) // 2
    inside = (offsets >= 0) & (offsets < len(taps))
    np.testing.assert_allclose(envelope[inside], taps[offsets[inside]], atol=1e-8)
    assert np.all(envelope[~inside] == 0)


def test_white_noise_power_is_the_energy_of_the_taps(rng):
    taps = channel_taps(64.0, 16)
    outputs = run(kernel.channelizer(64.0, 16, 16, taps, list(range(16))), complex_noise(rng, 320_000))
    energy = float(np.sum(taps.astype(float) ** 2))
    # 20 000 outputs a channel, nearly independent: 0.7 % standard error, 5 of them for 16 channels.
    np.testing.assert_allclose(np.mean(np.abs(outputs) ** 2, axis=0), energy, rtol=0.04)
    assert np.mean(np.abs(outputs) ** 2) == pytest.approx(energy, rel=0.01)


@pytest.mark.parametrize("decimation, bin_index", [(1, 0), (1, 3), (200, 0), (200, 7)])
def test_oscillator_after_2_to_the_40_outputs(decimation, bin_index):
    """Against exact fractions of the binary numbers given, 1e-6 rad."""
    sample_rate, residual, fft_size, first = 768e3 + 1 / 3, 123.456789, 200, (1 << 40) + 12345
    taps = [] if decimation == 1 else [1.0]
    bank = kernel.channelizer(sample_rate, decimation, fft_size, taps, [bin_index], [residual])
    bank.reset(first)
    outputs = run(bank, np.ones(300 * decimation, np.complex64))[:, 0].astype(complex)
    for i in (0, 1, 63, 64, 299):
        position = (first + i) * decimation
        turns = (
            Fraction(residual) * position / Fraction(sample_rate) + Fraction(bin_index, fft_size) * position
        )
        error = outputs[i] * np.exp(2j * np.pi * float(turns % 1)) - 1
        assert abs(error) < 1e-6


def test_matches_the_pfb_channelizer_of_gnu_radio(rng):
    channels, per_branch = 64, 8
    taps = np.hanning(channels * per_branch) * np.sinc(np.arange(channels * per_branch) / channels - 4)
    taps = (taps / taps.sum()).astype(np.float32)
    samples = complex_noise(rng, 64 * 200)
    samples += np.exp(2j * np.pi * 5.2 / 64 * np.arange(len(samples))).astype(np.complex64)

    top = gr.top_block()
    source = blocks.vector_source_c(samples)
    split = blocks.stream_to_streams(gr.sizeof_gr_complex, channels)
    stock = filter.pfb_channelizer_ccf(channels, taps, 1.0)
    join = blocks.streams_to_vector(gr.sizeof_gr_complex, channels)
    sink = blocks.vector_sink_c(channels)
    top.connect(source, split)
    for i in range(channels):
        top.connect((split, i), (stock, i), (join, i))
    top.connect(join, sink)
    top.run()
    theirs = np.reshape(sink.data(), (-1, channels))

    # Window n begins at input n D here; the stock block delays by 7 rows.
    bank = kernel.channelizer(1.0, channels, channels, taps, list(range(channels)), delay=len(taps) - 1)
    ours = run(bank, samples)
    rows = 180
    lag = per_branch - 1
    theirs, ours = theirs[lag : lag + rows], ours[:rows]
    np.testing.assert_allclose(np.abs(ours) ** 2, np.abs(theirs) ** 2, rtol=0, atol=1e-5)
    assert np.argmax(np.mean(np.abs(ours) ** 2, axis=0)) == 5


def test_retuning_changes_the_next_output_only(rng):
    samples = complex_noise(rng, 2000)
    taps = rng.normal(size=41).astype(np.float32)
    for method in ("fft", "direct"):
        fixed = [
            run(kernel.channelizer(100.0, 10, 20, taps, [k, 1], [r, 0.0], method=method), samples)
            for k, r in ((3, 0.5), (8, -0.25))
        ]
        bank = kernel.channelizer(100.0, 10, 20, taps, [3, 1], [0.5, 0.0], method=method)
        first = bank.push(samples[:1000])
        bank.retune(0, 8, -0.25)
        rest = np.concatenate([bank.push(samples[1000:]), bank.flush()])
        assert np.array_equal(first, fixed[0][: len(first)])
        assert np.array_equal(rest, fixed[1][len(first) :])


def test_shift_only_without_taps(rng):
    samples = complex_noise(rng, 1000)
    outputs = run(kernel.channelizer(1000.0, 1, 8, [], [1, 6], [3.25, 0.0]), samples)
    n = np.arange(1000)
    for c, frequency in enumerate((128.25, -250.0)):
        expected = samples * np.exp(-2j * np.pi * frequency / 1000 * n)
        np.testing.assert_allclose(outputs[:, c], expected, atol=1e-6)


@pytest.mark.parametrize(
    "frequency, expected",
    [(0, (0, 0)), (480, (0, 480)), (481, (1, -479)), (-10e3, (790, -400)), (-384e3, (400, 0))],
)
def test_tune(frequency, expected):
    assert kernel.channelizer.tune(frequency, 768e3, 800) == expected


def test_delays_and_few_samples():
    bank = kernel.channelizer(1.0, 4, 4, np.ones(9), [0])
    assert bank.flush().shape == (0, 1)
    bank.reset()
    assert len(bank.push(np.ones(1, np.complex64))) == 0
    assert np.array_equal(bank.flush(), [[1]])
    with pytest.raises(RuntimeError, match="reset"):
        bank.push(np.ones(1, np.complex64))


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(sample_rate=0.0), "sample_rate"),
        (dict(decimation=0), "decimation"),
        (dict(fft_size=5), "fft_size"),
        (dict(taps=[]), "decimation 1"),
        (dict(taps=[float("nan")]), "finite"),
        (dict(bins=[]), "channel"),
        (dict(bins=[10]), "below fft_size"),
        (dict(residual_hz=[1.0, 2.0]), "one value per bin"),
        (dict(delay=3), "delay"),
        (dict(method="fast"), "none of"),
    ],
)
def test_bad_settings_are_named(change, message):
    good = dict(sample_rate=1.0, decimation=8, fft_size=10, taps=[1.0] * 3, bins=[0])
    with pytest.raises(ValueError, match=message):
        kernel.channelizer(**(good | change))


def test_only_complex64_is_taken():
    with pytest.raises(TypeError):
        kernel.channelizer(1.0, 1, 1, [], [0]).push(np.ones(4))
