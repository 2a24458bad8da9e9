# SPDX-License-Identifier: GPL-3.0-or-later
"""From settings to channels, geometries, watches and their thresholds."""

from dataclasses import replace

import pytest
from gnuradio.sentinel.core.calibration import divide
from gnuradio.sentinel.core.calibration_cache import CalibrationCache
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.pulse.calibration import threshold_of
from gnuradio.sentinel.pulse.config import PulseSettings, WatchedTag
from gnuradio.sentinel.pulse.lengths import watchable
from gnuradio.sentinel.pulse.plan import USABLE_SHARE, plan_single, plan_tags, with_watch

SETTINGS = PulseSettings(interval_s=2.0)


def watched(tag_id, freq, interval_s=2.0, **values):
    return WatchedTag(id=tag_id, freq=freq, interval_s=interval_s, **values)


def plan(*tags, rate=250e3, settings=SETTINGS):
    return plan_tags(tags, True, settings, rate, 0.0)


def covered(group, watch):
    """Band that a watch searches, Hz from the centre of the input."""
    center = group.offsets_hz[watch.channel]
    return center + watch.lowest_hz, center + watch.highest_hz


@pytest.mark.parametrize(
    ("rate", "decimation"), [(3840, 1), (7679, 1), (7680, 2), (250e3, 65), (768e3, 200), (2.4e6, 625)]
)
def test_decimation_is_the_largest_that_keeps_the_rate(rate, decimation):
    group = plan_single(SETTINGS, rate)
    assert group.decimation == decimation
    assert group.channel_rate == rate / decimation
    assert group.window == -(-group.channel_rate * 0.015 // 1)
    assert group.hop == group.window - group.window // 2
    assert group.channelised == (decimation > 1)


def test_a_whole_input_is_searched_from_edge_to_edge_and_a_channel_where_it_is_flat():
    (whole,) = plan_single(SETTINGS, 3840).watches
    assert (whole.lowest_hz, whole.highest_hz) == (-1920, 1920)
    (channel,) = plan_single(SETTINGS, 768e3).watches
    assert channel.highest_hz == pytest.approx(USABLE_SHARE * 3840) == -channel.lowest_hz


def test_defaults_of_the_single_tag():
    (watch,) = plan_single(SETTINGS, 3840).watches
    assert (watch.top, watch.merge_hz, watch.false_alarm_probability) == (1, 960, 1e-4)
    own = PulseSettings(interval_s=2.0, merge_hz=50, top=3, min_snr_db=6, tag_id="fox")
    (watch,) = plan_single(own, 3840).watches
    assert (watch.top, watch.merge_hz, watch.min_snr_db, watch.tag_id) == (3, 50, 6, "fox")


@pytest.mark.parametrize("offset", [124_000, -124_000])
def test_a_channel_reaches_the_edge_of_the_input_but_not_beyond(offset):
    half = USABLE_SHARE * 250e3 / 65
    edge = (125e3 - half) * (1 if offset > 0 else -1)
    assert plan_single(PulseSettings(interval_s=2, offset_hz=edge * 0.9999), 250e3).decimation == 65
    with pytest.raises(InputError, match=r"--offset: .* lies outside the input's"):
        plan_single(PulseSettings(interval_s=2, offset_hz=offset), 250e3)


def test_a_slow_input_is_refused():
    with pytest.raises(InputError, match="input rate 3000 Hz is below the channel rate 3840 Hz"):
        plan_single(SETTINGS, 3000)


def test_a_pulse_too_short_for_the_rate_names_the_rate():
    settings = PulseSettings(interval_s=2, pulse_width_s=0.0005)
    with pytest.raises(InputError, match=r"0.5 ms has 2 samples at 3840 Hz.* --fs to 8000"):
        plan_single(settings, 3840)
    assert plan_single(settings.model_copy(update={"channel_rate": 8000.0}), 8000).window == 4


@pytest.mark.parametrize("freq", [124_400, -124_400, 0, 31_234.5])
def test_the_channel_of_a_tag_near_the_edge_lies_in_the_input(freq):
    (group,) = plan(watched("a", freq))
    (watch,) = group.watches
    half = USABLE_SHARE * group.channel_rate
    assert abs(group.offsets_hz[0]) + half <= 125e3 + 1e-6
    assert covered(group, watch) == pytest.approx((freq - 500, freq + 500))
    assert -half - 1e-6 <= watch.lowest_hz and watch.highest_hz <= half + 1e-6


@pytest.mark.parametrize("freq", [124_600, -125_001, 146e6])
def test_a_tag_outside_the_input_is_refused(freq):
    with pytest.raises(InputError, match=r"tag a: .* lies outside the input's"):
        plan(watched("a", freq))


def test_absolute_frequencies_need_a_centre():
    tag = watched("a", 150.01e6)
    with pytest.raises(InputError, match="--center-freq"):
        plan_tags([tag], False, SETTINGS, 250e3, 0.0)
    (group,) = plan_tags([tag], False, SETTINGS, 250e3, 150e6)
    assert covered(group, group.watches[0]) == pytest.approx((9500, 10_500))


def test_a_search_wider_than_a_channel_is_refused():
    assert len(plan(watched("a", 0, search_hz=1615))[0].offsets_hz) == 1
    with pytest.raises(InputError, match=r"tag a: search_hz 1616 exceeds half a channel"):
        plan(watched("a", 0, search_hz=1616))


def test_tags_share_channels_and_keep_their_bands():
    tags = [watched(f"{i}", f) for i, f in enumerate((5000, 5900, 7100, -20_000, 90_000, 90_000))]
    (group,) = plan(*tags)
    assert len(group.offsets_hz) == 3
    bands = {watch.tag_id: covered(group, watch) for watch in group.watches}
    assert bands == {
        tag.id: pytest.approx((tag.freq - tag.search_hz, tag.freq + tag.search_hz)) for tag in tags
    }
    half = USABLE_SHARE * group.channel_rate + 1e-6
    assert all(-half <= w.lowest_hz and w.highest_hz <= half for w in group.watches)


def test_without_channels_all_tags_are_in_the_input():
    (group,) = plan(watched("a", -1400), watched("b", 1400), rate=3840)
    assert group.offsets_hz == (0.0,) and not group.channelised
    assert [covered(group, w) for w in group.watches] == [(-1900, -900), (900, 1900)]


def test_each_pulse_width_has_its_group():
    groups = plan(watched("a", 0, pulse_width_s=0.02), watched("b", 0), watched("c", 9000))
    assert [[w.tag_id for w in group.watches] for group in groups] == [["b", "c"], ["a"]]
    assert [group.window for group in groups] == [58, 77]


def test_the_false_alarm_probability_is_shared():
    tags = [watched(f"{i}", 3000 * i, pulse_width_s=0.015 + 0.005 * (i % 2)) for i in range(8)]
    groups = plan(*tags)
    shares = [w.false_alarm_probability for group in groups for w in group.watches]
    assert shares == [divide(1e-4, 8)] * 8
    none = 1.0
    for share in shares:
        none *= 1 - share
    assert 1 - none == pytest.approx(1e-4, rel=1e-6)


def test_tags_take_the_least_snr_of_the_settings():
    (group,) = plan(watched("a", 0), settings=PulseSettings(interval_s=2, min_snr_db=12))
    assert group.watches[0].min_snr_db == 12


def test_tags_too_long_for_the_samples_are_left_out_and_named(caplog):
    groups = plan(
        watched("a", 0, interval_s=1.0),
        watched("b", 9000, interval_s=3.0),
        watched("c", 0, interval_s=3.0, pulse_width_s=0.02),
        watched("d", 0, interval_s=1.1, pulse_width_s=0.03),
    )
    kept = watchable(groups, round(6 * 250e3), 250e3)
    assert [[w.tag_id for w in group.watches] for group in kept] == [["a"], ["d"]]
    # What stays is as it was: channels, thresholds and with them the events.
    assert kept[0] == replace(groups[0], watches=groups[0].watches[:1]) and kept[1] == groups[2]
    assert [record.getMessage() for record in caplog.records] == [
        f"tag {name} is not watched: its cycle of 5 pulses needs {need} s, and there are 6.00 s of samples"
        for name, need in (("b", "15.02"), ("c", "15.03"))
    ]


def test_tags_that_are_all_too_long_are_refused_with_the_least_length(caplog):
    groups = plan(watched("a", 0, interval_s=4.0, pulse_width_s=0.02), watched("b", 0, interval_s=3.0))
    with pytest.raises(InputError, match=r"^6\.00 s of .*5 pulses of a 3 s tag need 15\.02 s; sum fewer"):
        watchable(groups, round(6 * 250e3), 250e3)
    assert caplog.records == []


def test_a_cycle_fits_to_the_sample():
    (group,) = plan(watched("a", 0))
    need = group.geometry(group.watches[0]).cycle_samples * group.decimation
    assert watchable([group], need, 250e3) == (group,)
    with pytest.raises(InputError, match="shorter than one cycle"):
        watchable([group], need - 1, 250e3)


@pytest.mark.parametrize(
    "values",
    [
        {"interval_s": 0.045, "pulses": 20, "pulse_width_s": 0.015},
        {"interval_s": 3600, "pulses": 20, "channel_rate": 48_000},
    ],
)
def test_a_cycle_either_fits_or_says_why(values):
    settings = PulseSettings(**values)
    try:
        group = plan_single(settings, settings.channel_rate)
    except InputError as error:
        assert str(error).startswith("tag tag: ") and "\n" not in str(error)
    else:
        geometry = group.geometry(group.watches[0])
        assert geometry.cycle_samples >= settings.pulses * settings.interval_s * group.channel_rate * 0.99


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return CalibrationCache(tmp_path_factory.mktemp("calibration"))


@pytest.fixture(scope="module")
def short_group():
    return plan_single(PulseSettings(interval_s=0.5, pulses=3), 3840)


def test_a_narrower_search_needs_less(cache, short_group):
    def of(half_hz):
        changed = with_watch(short_group, 0, lambda w: replace(w, lowest_hz=-half_hz, highest_hz=half_hz))
        return threshold_of(changed, changed.watches[0], cache)

    found = [of(half_hz) for half_hz in (100, 500, 1000, 1920)]
    assert found == sorted(set(found))
    assert 0.5 < found[-1] - found[0] < 5
    assert found[-1] == threshold_of(short_group, short_group.watches[0], cache)
    # Where the band lies does not matter.
    moved = with_watch(short_group, 0, lambda w: replace(w, lowest_hz=700, highest_hz=1700))
    assert threshold_of(moved, moved.watches[0], cache) == pytest.approx(of(500), rel=1e-9)


def test_a_rarer_false_alarm_needs_more(cache, short_group):
    def of(probability):
        changed = replace(short_group.watches[0], false_alarm_probability=probability)
        return threshold_of(short_group, changed, cache)

    found = [of(p) for p in (0.2, 1e-2, 1e-4, 1e-9)]
    assert found == sorted(set(found))
