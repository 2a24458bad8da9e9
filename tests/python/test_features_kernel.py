# SPDX-License-Identifier: GPL-3.0-or-later
import features_reference as reference
import numpy as np
import pytest
from gnuradio import blocks, filter, gr
from gnuradio.sentinel import kernel
from gnuradio.sentinel.core.quantise import quantise
from gnuradio.sentinel.gnss.features import DTYPES
from gnuradio.sentinel.gnss.snapshots import RECORD_SCALARS, record_length

RATE = 2.56e6


def scene(rng, count):
    """Noise with an offset and a carrier, at a level that clips now and then."""
    noise = rng.standard_normal((count, 2)) @ np.array([0.25, 0.25j])
    return noise + 0.02 - 0.03j + 0.1 * np.exp(2j * np.pi * 0.013 * np.arange(count))


def as_native(samples, format):
    if format == "cf32_le":
        return samples.astype(np.complex64)
    if format == "cu16_le":
        return quantise(samples, "ci16_le").view(np.uint16) ^ 0x8000
    return quantise(samples, format)


def native(rng, format, count):
    return as_native(scene(rng, count), format)


def make(format, channels, depth, snapshot, dc_window_s=0.01, **more):
    taps = kernel.channelizer_prototype(channels, depth)
    return kernel.channelizer_features(RATE, format, channels, taps, snapshot, dc_window_s, **more)


def records_of(samples, *settings, **more):
    features = make(*settings, **more)
    return np.concatenate([features.process(samples), features.finish()])


def compare(found, expected, channels):
    """Power and K within 1e-5 relative; the other values within 2e-5 absolute."""
    assert found.shape == expected.shape
    ratios = slice(0, 2 * channels)
    np.testing.assert_allclose(found[:, ratios], expected[:, ratios], rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(found[:, 2 * channels :], expected[:, 2 * channels :], rtol=1e-6, atol=2e-5)


@pytest.mark.parametrize("format", sorted(DTYPES))
@pytest.mark.parametrize(
    "channels, depth, snapshot",
    [
        (64, 8, 20_000),
        (64, 1, 20_000),
        (2, 64, 5000),
        (6, 5, 3001),
        (22, 3, 4000),
        (30, 9, 7777),
        (256, 8, 50_000),
    ],
)
def test_against_numpy(rng, format, channels, depth, snapshot):
    samples = native(rng, format, 60_123)
    taps = kernel.channelizer_prototype(channels, depth)
    expected = reference.records(samples, format, RATE, channels, taps, snapshot, 0.01)
    compare(records_of(samples, format, channels, depth, snapshot), expected, channels)


def test_taps_without_symmetry_and_no_dc_removal(rng):
    samples, taps = native(rng, "cf32_le", 9000), rng.normal(size=48).astype(np.float32)
    features = kernel.channelizer_features(RATE, "cf32_le", 16, taps, 4000, dc_window_s=0.0)
    found = np.concatenate([features.process(samples), features.finish()])
    compare(found, reference.records(samples, "cf32_le", RATE, 16, taps, 4000, 0.0), 16)
    assert not found[:, -2:].any()


@pytest.mark.parametrize("chunk", [1, 7, 4096, 5000])
def test_results_do_not_depend_on_the_chunks(rng, chunk):
    samples = native(rng, "cu8", 12_345)
    whole = records_of(samples, "cu8", 16, 4, 5000)
    features = make("cu8", 16, 4, 5000)
    parts = [features.process(samples[i : i + 2 * chunk]) for i in range(0, len(samples), 2 * chunk)]
    np.testing.assert_array_equal(np.concatenate([*parts, features.finish()]), whole)
    assert len(features.finish()) == 0
    features.reset()
    np.testing.assert_array_equal(np.concatenate([features.process(samples), features.finish()]), whole)


def test_filled_samples_are_left_out_whatever_they_hold(rng):
    samples = native(rng, "cf32_le", 40_000)
    filled = np.zeros(40_000, bool)
    for begin, end in ((100, 101), (5000, 9000), (14_990, 15_010), (30_000, 40_000)):
        filled[begin:end] = True
    taps = kernel.channelizer_prototype(16, 4)
    features, parts = make("cf32_le", 16, 4, 5000), []
    edges = np.flatnonzero(np.diff(filled, prepend=filled[0], append=not filled[-1]))
    for begin, end in zip([0, *edges], [*edges, 40_000], strict=True):
        if begin < end:
            parts.append(
                features.skip(end - begin) if filled[begin] else features.process(samples[begin:end])
            )
    found = np.concatenate([*parts, features.finish()])
    expected = reference.records(samples, "cf32_le", RATE, 16, taps, 5000, 0.01, filled)
    compare(found, expected, 16)
    scalars = {name: found[:, 64 + i] for i, name in enumerate(RECORD_SCALARS)}
    assert scalars["rows"][-1] == 0 and np.isnan(scalars["entropy"][-1]) and not found[-1, :16].any()
    assert scalars["filled_share"][-1] == 1


def test_values_that_are_not_finite_count_as_zero(rng):
    samples = native(rng, "cf32_le", 10_000)
    zeros = samples.copy()
    for place, value in ((77, np.nan), (4000, np.inf), (9998, -np.inf), (9999, 1j * np.nan)):
        samples[place] = value
        zeros[place] = 0
    found = records_of(samples, "cf32_le", 64, 8, 5000)
    # A component that is finite stays.
    np.testing.assert_allclose(
        found[0, :256], records_of(zeros, "cf32_le", 64, 8, 5000)[0, :256], rtol=0.01, atol=0.01
    )
    assert np.isfinite(found[:, :256]).all()


def test_saturation_lost_samples_and_gain():
    for format, low, high in (("cu8", 0, 255), ("ci8", -128, 127), ("ci16_le", -32768, 32767)):
        samples = np.full(2 * 3000, (low + high) // 2, DTYPES[format])
        samples[[0, 1, 10, 2999, 2003, 4000, 5999]] = [low, high, low, high, low + 1, high, low]
        features = make(format, 16, 4, 1000)
        features.add_lost(3)
        features.set_gain(20.0)
        parts = [features.process(samples[:2100])]
        features.add_lost(4)
        parts.append(features.process(samples[2100:4400]))
        features.set_gain(30.0)
        found = np.concatenate([*parts, features.process(samples[4400:]), features.finish()])
        scalars = {name: found[:, 64 + i] for i, name in enumerate(RECORD_SCALARS)}
        np.testing.assert_allclose(scalars["saturated_share"], [0.002, 0.001, 0.002], rtol=1e-6)
        assert list(scalars["lost_samples"]) == [3, 4, 0] and list(scalars["gain_db"]) == [20, 20, 30]
        features.reset()
        again = np.concatenate([features.process(samples), features.finish()])
        assert list(again[:, 64 + RECORD_SCALARS.index("gain_db")]) == [30, 30, 30]
    floats = records_of(np.ones(2000, np.complex64), "cf32_le", 16, 4, 1000)
    assert np.isnan(floats[:, 64 + RECORD_SCALARS.index("saturated_share")]).all()


def test_every_segment_gives_all_its_snapshots():
    features = make("cu8", 64, 8, 4096)
    for count, expected in ((0, 0), (1, 1), (4096, 1), (4097, 2), (8192 + 100, 3)):
        features.reset()
        samples = np.full(2 * count, 128, np.uint8)
        assert len(features.process(samples)) + len(features.finish()) == expected


def test_without_coherence_only_its_place_changes(rng):
    samples = native(rng, "cu8", 20_000)
    full, less = (records_of(samples, "cu8", 64, 8, 10_000, coherence=on) for on in (True, False))
    kept = np.r_[:128, 256 : record_length(64)]
    np.testing.assert_array_equal(full[:, kept], less[:, kept])
    assert np.isnan(less[:, 128:256]).all()


def test_prototype():
    for channels, depth in ((64, 8), (64, 1), (2, 64), (30, 5)):
        taps = kernel.channelizer_prototype(channels, depth).astype(float)
        assert len(taps) == channels * depth
        np.testing.assert_allclose(channels * (taps**2).sum(), 1, rtol=1e-6)
        np.testing.assert_allclose(taps, taps[::-1], rtol=1e-5)
    taps = kernel.channelizer_prototype(64, 8).astype(float)
    edge = abs((taps * np.exp(1j * np.pi * np.arange(512) / 64)).sum() / taps.sum())
    assert 20 * np.log10(edge) == pytest.approx(-6.02, abs=0.05)
    hann = np.sin(np.pi * (np.arange(64) + 0.5) / 64) ** 2
    one = kernel.channelizer_prototype(64, 1)
    np.testing.assert_allclose(one / one.max(), hann / hann.max(), rtol=1e-5)


def test_same_outputs_as_gnu_radio(rng):
    """Powers and order of pfb_channelizer_ccf with the same prototype, its start-up apart."""
    rows, channels = 2000, 64
    samples = native(rng, "cf32_le", rows * channels)
    samples += 0.5 * np.exp(2j * np.pi * (-9.2 / 64) * np.arange(len(samples))).astype(np.complex64)
    taps = kernel.channelizer_prototype(channels, 8)
    top, bank = gr.top_block(), filter.pfb_channelizer_ccf(channels, taps, 1.0)
    split = blocks.stream_to_streams(8, channels)
    sinks = [blocks.vector_sink_c() for _ in range(channels)]
    top.connect(blocks.vector_source_c(samples), split)
    for k, sink in enumerate(sinks):
        top.connect((split, k), (bank, k))
        top.connect((bank, k), sink)
    top.run()
    stock = np.array([sink.data() for sink in sinks])[:, 7:rows]
    power = np.fft.fftshift((abs(stock) ** 2).mean(axis=1))
    features = kernel.channelizer_features(RATE, "cf32_le", channels, taps, len(samples), dc_window_s=0.0)
    found = np.concatenate([features.process(samples), features.finish()])[0]
    # GNU Radio's windows begin one sample off ours, which moves what few rows there are a little.
    np.testing.assert_allclose(10 * np.log10(found[:64]), 10 * np.log10(power), atol=0.05)
    kurtosis = (abs(stock) ** 4).mean(axis=1) / (abs(stock) ** 2).mean(axis=1) ** 2
    np.testing.assert_allclose(found[64:128], np.fft.fftshift(kurtosis), rtol=0.05)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (dict(channels=7), "even"),
        (dict(taps=np.ones(65)), "times 64"),
        (dict(taps=[]), "times 64"),
        (dict(taps=np.full(64, np.nan)), "finite"),
        (dict(snapshot_samples=63), "per channel"),
        (dict(format="cf32_be"), "cf32_le"),
        (dict(sample_rate=0.0), "sample_rate"),
        (dict(dc_window_s=-0.1), "dc_window_s"),
    ],
)
def test_bad_settings_are_named(wrong, message):
    good = dict(sample_rate=RATE, format="cu8", channels=64, taps=np.ones(64), snapshot_samples=1000)
    with pytest.raises(ValueError, match=message):
        kernel.channelizer_features(**(good | wrong))


def test_bad_samples_are_named():
    features = make("cu8", 64, 8, 1000)
    with pytest.raises(ValueError, match="even"):
        features.process(np.zeros(3, np.uint8))
    for wrong in (np.zeros(4, np.int8), np.zeros((2, 2), np.uint8), np.zeros(8, np.uint8)[::2]):
        with pytest.raises(TypeError, match="contiguous array of uint8"):
            features.process(wrong)
    features.finish()
    with pytest.raises(RuntimeError, match="reset"):
        features.process(np.zeros(2, np.uint8))
