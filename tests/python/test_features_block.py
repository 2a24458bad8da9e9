# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pmt
import pytest
from block_runs import CHUNKS, stream_of
from feature_runs import run_features
from gnuradio import sentinel
from gnuradio.sentinel import kernel
from gnuradio.sentinel.core.quantise import quantise
from gnuradio.sentinel.gnss.features import DTYPES, measure
from gnuradio.sentinel.gnss.snapshots import RECORD_SCALARS, join

RATE = 256e3
SETTINGS = dict(sample_rate=RATE, channels=16, taps_per_channel=4, snapshot_s=0.05)
SNAPSHOT = 12_800
ARRAYS = ("power", "kurtosis", "coherence", "sample_start", "sample_count", *RECORD_SCALARS)


def scene(rng, count):
    """Noise with an offset and a carrier."""
    noise = rng.standard_normal((count, 2)) @ np.array([0.1, 0.1j])
    return (noise + 0.02 + 0.1 * np.exp(0.3j * np.arange(count))).astype(np.complex64)


def native(rng, format, count):
    samples = scene(rng, count)
    return samples if format == "cf32_le" else quantise(samples, format)


def same(found, expected):
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def expected_of(samples):
    return measure(samples, RATE, channels=16, taps_per_channel=4, snapshot_s=0.05)


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("format", ["cu8", "cf32_le"])
def test_block_equals_measure_in_any_chunks(rng, format, chunk):
    count, start = 2 * SNAPSHOT + 4017, (1 << 40) + 5
    samples = native(rng, format, count)
    tags = stream_of(count, start, 1, RATE, 1575.42e6, (1_700_000_000, 0.75))
    collector, messages, _ = run_features(samples, format, tags, chunk, **SETTINGS)
    found = join([run.snapshots for run in collector.runs])
    expected = expected_of(samples)
    assert list(found.sample_start) == [start, start + SNAPSHOT, start + 2 * SNAPSHOT]
    same(found, expected.__class__(**(vars(expected) | {"sample_start": found.sample_start})))
    assert found.center_freq == 1575.42e6 and found.sample_rate == RATE
    np.testing.assert_allclose(found.time_s, 1_700_000_000.75 + 0.05 * np.arange(3), rtol=0, atol=1e-6)
    assert collector.runs[0].begins and collector.runs[-1].ends
    assert len(messages) == 3


@pytest.mark.parametrize("format", sorted(DTYPES))
def test_all_formats_and_all_outputs(rng, format):
    count = SNAPSHOT + 6000
    samples = quantise(scene(rng, count), "ci16_le").view(np.uint16) ^ 0x8000
    samples = samples if format == "cu16_le" else native(rng, format, count)
    collector, messages, (power, kurtosis) = run_features(
        samples, format, stream_of(count), outputs=3, **SETTINGS
    )
    found = collector.runs[0].snapshots
    same(found, expected_of(samples))
    np.testing.assert_allclose(power, 10 * np.log10(found.power), rtol=1e-5)
    np.testing.assert_array_equal(kurtosis, found.kurtosis)
    for row, message in enumerate(messages):
        for name in ("power", "kurtosis", "coherence"):
            np.testing.assert_array_equal(message[name], getattr(found, name)[row])
        for name in RECORD_SCALARS:
            assert np.array_equal(message[name], getattr(found, name)[row], equal_nan=True)
        assert message["sample_start"] == SNAPSHOT * row
        assert message["sample_count"] == [SNAPSHOT, 6000][row]
        assert message["sample_rate"] == RATE
        assert message["time"] is message["freq_hz"] is message["stream"] is None


def test_tags_of_the_record_stream(rng):
    count = 2 * SNAPSHOT + 100
    stream = pmt.dict_add(pmt.make_dict(), pmt.mp("stream_id"), pmt.mp("x"))
    tags = stream_of(count, 1000, 1, RATE, 1e9, (50, 0.99)) + [
        (0, "sentinel_stream", stream),
        (SNAPSHOT, "foreign", pmt.from_long(1)),
        (2 * SNAPSHOT - 1, "foreign", pmt.from_long(2)),
    ]
    collector, messages, _ = run_features(native(rng, "cu8", count), "cu8", tags, **SETTINGS)
    by_key = {}
    for offset, key, value in collector.tags:
        by_key.setdefault(key, []).append((offset, value))
    times = by_key.pop("rx_time")
    assert [offset for offset, _ in times] == [0, 1, 2]
    assert [time[0] + time[1] for _, time in times] == pytest.approx([50.99, 51.04, 51.09], abs=1e-9)
    assert by_key == {
        "sentinel_start": [(0, 1000)],
        "sentinel_step": [(0, SNAPSHOT)],
        "rx_rate": [(0, RATE)],
        "rx_freq": [(0, 1e9)],
        "sentinel_stream": [(0, {"stream_id": "x"})],
        "foreign": [(1, 1), (1, 2)],
        "sentinel_end": [(2, 1000 + count)],
    }
    assert collector.runs[0].stream == {"stream_id": "x"}
    assert messages[2]["stream"] == {"stream_id": "x"}
    assert messages[2]["freq_hz"] == 1e9 and messages[2]["time"] == times[2][1]


@pytest.mark.parametrize("chunk", [7, 4096, 0])
@pytest.mark.parametrize("announced", [True, False])
def test_two_segments_are_two_recordings(rng, chunk, announced):
    """The second is announced by sentinel_start alone or after sentinel_end; nothing leaks across."""
    cut, count = SNAPSHOT + 3017, 2 * SNAPSHOT + 9000
    samples = native(rng, "ci8", count)
    tags = [
        (cut, "sentinel_start", pmt.from_uint64(900_000)),
        (cut, "sentinel_lost", pmt.from_uint64(77)),
        (cut, "rx_freq", pmt.from_double(2e9)),
        *stream_of(count, 100, 1, RATE, 1e9),
    ]
    if announced:
        tags.append((cut - 1, "sentinel_end", pmt.from_uint64(100 + cut)))
    collector, _, _ = run_features(samples, "ci8", tags, chunk, **SETTINGS)
    parts = [expected_of(samples[: 2 * cut]), expected_of(samples[2 * cut :])]
    found = [[], []]
    for run in collector.runs:
        found[int(run.snapshots.sample_start[0] >= 900_000)].append(run)
    for runs, expected, start in zip(found, parts, (100, 900_000), strict=True):
        joined = join([run.snapshots for run in runs])
        lost = expected.lost_samples.copy()
        lost[0] = 77 if start == 900_000 else 0
        changed = {"sample_start": expected.sample_start + start, "lost_samples": lost}
        same(joined, expected.__class__(**(vars(expected) | changed)))
        assert runs[0].begins and runs[-1].ends
    assert found[0][0].snapshots.center_freq == 1e9 and found[1][0].snapshots.center_freq == 2e9


@pytest.mark.parametrize("chunk", [1, 4096, 0])
def test_filled_samples_are_left_out_and_losses_and_gains_told(rng, chunk):
    count = 2 * SNAPSHOT + 5000
    samples = native(rng, "cu8", count)
    tags = [
        (500, "sentinel_filled", pmt.from_uint64(700)),
        (SNAPSHOT - 10, "sentinel_filled", pmt.from_uint64(20)),
        (SNAPSHOT + 3, "sentinel_lost", pmt.from_uint64(5)),
        (SNAPSHOT + 4, "sentinel_lost", pmt.from_uint64(6)),
        (20, "sentinel_gain", pmt.from_double(30.0)),
        (SNAPSHOT - 1, "sentinel_gain", pmt.from_double(27.5)),
        (2 * SNAPSHOT, "sentinel_gain", pmt.from_double(20.0)),
        *stream_of(count, 0, 1, RATE),
    ]
    collector, _, _ = run_features(samples, "cu8", tags, chunk, **SETTINGS)
    found = join([run.snapshots for run in collector.runs])
    taps = kernel.channelizer_prototype(16, 4)
    plain = kernel.channelizer_features(RATE, "cu8", 16, taps, SNAPSHOT)
    parts = []
    for begin, end, fill in (
        (0, 500, False),
        (500, 1200, True),
        (1200, SNAPSHOT - 10, False),
        (SNAPSHOT - 10, SNAPSHOT + 10, True),
        (SNAPSHOT + 10, count, False),
    ):
        parts.append(plain.skip(end - begin) if fill else plain.process(samples[2 * begin : 2 * end]))
    records = np.concatenate([*parts, plain.finish()])
    for name, first in (("power", 0), ("kurtosis", 16)):
        np.testing.assert_array_equal(getattr(found, name), records[:, first : first + 16])
    np.testing.assert_array_equal(found.filled_share, np.float32([710 / SNAPSHOT, 10 / SNAPSHOT, 0]))
    np.testing.assert_array_equal(found.lost_samples, [0, 11, 0])
    np.testing.assert_array_equal(found.gain_db, [27.5, 27.5, 20.0])


def times_of(rng, stamps, snapshots=6):
    """Times of snapshots for stamps of (place, seconds)."""
    count = snapshots * SNAPSHOT
    tags = stream_of(count, 0, 1, RATE)
    for place, seconds in stamps:
        whole = int(seconds)
        value = pmt.make_tuple(pmt.from_uint64(whole), pmt.from_double(seconds - whole))
        tags.append((place, "rx_time", value))
    collector, messages, _ = run_features(native(rng, "cu8", count), "cu8", tags, 4096, **SETTINGS)
    times = np.concatenate([run.snapshots.time_s for run in collector.runs])
    told = [np.nan if m["time"] is None else sum(m["time"]) for m in messages]
    np.testing.assert_allclose(times, told, rtol=0, atol=1e-9)
    return times


def test_times_follow_a_step_of_the_clock_forward_but_never_go_back(rng):
    step = 0.05
    forward = times_of(rng, [(0, 10.0), (2 * SNAPSHOT + 6400, 100.0)])
    behind = 100 + step / 2
    np.testing.assert_allclose(
        forward, [10, 10 + step, 10 + 2 * step, behind, behind + step, behind + 2 * step], atol=1e-6
    )
    back = times_of(rng, [(0, 100.0), (2 * SNAPSHOT, 10.0), (4 * SNAPSHOT, 100.3)])
    np.testing.assert_allclose(back, [100, 100.05, 100.1, 100.15, 100.3, 100.35], atol=1e-6)


def test_a_clock_that_comes_later(rng):
    times = times_of(rng, [(2 * SNAPSHOT + 6400, 100.0)])
    assert np.isnan(times[:2]).all()
    np.testing.assert_allclose(times[2:], 100 + 0.05 * (np.arange(4) - 0.5), atol=1e-6)


def test_input_that_was_decimated_keeps_its_places(rng):
    count = SNAPSHOT + 1000
    tags = stream_of(count, 8, 4, 4 * RATE)
    tags.append((0, "sentinel_filled", pmt.from_uint64(4001)))
    collector, messages, _ = run_features(native(rng, "cf32_le", count), "cf32_le", tags, **SETTINGS)
    found = collector.runs[0].snapshots
    assert list(found.sample_start) == [8, 8 + 4 * SNAPSHOT]
    assert list(found.sample_count) == [4 * SNAPSHOT, 4000]
    assert found.sample_rate == 4 * RATE and found.snapshot_samples == 4 * SNAPSHOT
    assert found.filled_share[0] == np.float32(1001 / SNAPSHOT)
    assert [m["sample_count"] for m in messages] == list(found.sample_count)


def test_stream_without_tags_gets_them_and_loses_what_is_no_whole_snapshot(rng):
    samples = native(rng, "ci16_le", 2 * SNAPSHOT + 8000)
    collector, _, _ = run_features(samples, "ci16_le", **SETTINGS)
    found = join([run.snapshots for run in collector.runs])
    same(found, expected_of(samples)[:2])
    keys = {key: value for _, key, value in collector.tags}
    assert keys == {"sentinel_start": 0, "sentinel_step": SNAPSHOT, "rx_rate": RATE}


@pytest.mark.parametrize("chunk", [1, 0])
def test_snapshots_shorter_than_a_block_of_the_mean(rng, chunk):
    samples = native(rng, "cu8", 9999)
    settings = SETTINGS | {"snapshot_s": 100 / RATE}
    collector, _, _ = run_features(samples, "cu8", stream_of(9999), chunk, **settings)
    found = join([run.snapshots for run in collector.runs])
    same(found, measure(samples, RATE, channels=16, taps_per_channel=4, snapshot_s=100 / RATE))
    assert len(found) == 100 and found.sample_count[-1] == 99


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(channels=7), "even"),
        (dict(channels=1 << 20), "even"),
        (dict(taps_per_channel=0), "1..64"),
        (dict(taps_per_channel=65), "1..64"),
        (dict(snapshot_s=1e-6), "sample per channel"),
        (dict(snapshot_s=float("nan")), "sample per channel"),
        (dict(format="cf64_le"), "cf32_le"),
        (dict(format="what"), "unknown"),
        (dict(sample_rate=-1.0), "snapshot"),
        (dict(dc_window_s=-1.0), "dc_window_s"),
    ],
)
def test_bad_settings_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        sentinel.channelizer_features(**(SETTINGS | change))
