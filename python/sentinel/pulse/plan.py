# SPDX-License-Identifier: GPL-3.0-or-later
"""From settings and an input to what must be computed: channels, geometries, thresholds.

A *group* is a set of channels with the same pulse width, made by one channelizer and one W-matrix STFT.
A *watch* is one tag in one channel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gnuradio.sentinel import kernel

from ..core.calibration import divide
from ..core.channels import plan_decimation
from ..core.errors import InputError
from .config import PulseSettings, TagSettings, WatchedTag, window_samples

#: A channel out of the channelizer is flat and free of aliases within this share of its rate.
USABLE_SHARE = 0.42


@dataclass(frozen=True)
class Watch:
    """One tag in one channel: what is searched, and the false-alarm probability it may spend per cycle."""

    tag_id: str
    settings: TagSettings
    channel: int
    lowest_hz: float
    highest_hz: float
    false_alarm_probability: float
    top: int
    merge_hz: float
    min_snr_db: float | None = None


@dataclass(frozen=True)
class Group:
    """Channels of one pulse width.

    Attributes
    ----------
    decimation : int
        Input samples per sample of a channel.
    channel_rate : float
        Hz.
    offsets_hz : tuple of float
        Centre of each channel from the input's centre.
    window, hop, rows : int
        Geometry of the STFT, samples and frequency rows.
    watches : tuple of Watch
    """

    decimation: int
    channel_rate: float
    offsets_hz: tuple[float, ...]
    window: int
    hop: int
    rows: int
    watches: tuple[Watch, ...]

    @property
    def channelised(self) -> bool:
        """Whether a channelizer is needed at all."""
        return self.decimation > 1 or any(self.offsets_hz)

    def geometry(self, watch: Watch) -> kernel.pulse_train_geometry:
        """What the kernels need to know of a watch.

        Raises
        ------
        InputError
            The interval or the band does not fit this channel.
        """
        rate = self.channel_rate
        try:
            return kernel.pulse_train_geometry(
                window=self.window,
                hop=self.hop,
                rows=self.rows,
                interval_samples=watch.settings.interval_s * rate,
                pulses=watch.settings.pulses,
                lowest=max(-0.5, watch.lowest_hz / rate),
                highest=min(0.5, watch.highest_hz / rate),
            )
        except ValueError as error:
            raise InputError(f"tag {watch.tag_id}: {error}") from error


def plan_single(settings: PulseSettings, sample_rate: float) -> Group:
    """One tag anywhere in one channel, as the published detector has it.

    Raises
    ------
    InputError
        The pulse is too short for the rate, or the channel does not fit the input.
    """
    decimation, rate = _channel(settings, sample_rate)
    band = 0.5 if decimation == 1 else USABLE_SHARE
    _check_band(settings.offset_hz, rate * (band if decimation > 1 else 0.0), sample_rate, "--offset")
    merge_hz = rate / 4 if settings.merge_hz is None else settings.merge_hz
    if merge_hz > rate / 2:
        raise InputError(f"--merge {merge_hz:g}: at most half the channel rate, {rate / 2:g} Hz")
    watch = Watch(
        tag_id=settings.tag_id,
        settings=settings,
        channel=0,
        lowest_hz=-band * rate,
        highest_hz=band * rate,
        false_alarm_probability=settings.false_alarm_probability,
        top=settings.top,
        merge_hz=merge_hz,
        min_snr_db=settings.min_snr_db,
    )
    return _group(settings.pulse_width_s, decimation, rate, (settings.offset_hz,), (watch,))


def plan_tags(
    tags: Sequence[WatchedTag], offsets: bool, settings: PulseSettings, sample_rate: float, center_freq: float
) -> tuple[Group, ...]:
    """Many tags in one stream. Tags near each other share a channel; the false-alarm probability is shared.

    Parameters
    ----------
    tags : sequence of WatchedTag
    offsets : bool
        Whether `freq` of the tags counts from the centre.
    settings : PulseSettings
        `channel_rate`, `min_snr_db` and `false_alarm_probability` are used: the latter for all tags together.
    sample_rate, center_freq : float
        Hz, of the input; the centre is needed unless `offsets`.
    """
    if not offsets and not center_freq:
        raise InputError("the tags have absolute frequencies: say the input's centre with --center-freq")
    share = divide(settings.false_alarm_probability, len(tags))
    by_width: dict[float, list[WatchedTag]] = {}
    for tag in tags:
        by_width.setdefault(tag.pulse_width_s, []).append(tag)
    return tuple(
        _plan_width(width, group, offsets, settings, sample_rate, center_freq, share)
        for width, group in sorted(by_width.items())
    )


def _plan_width(
    width: float,
    tags: Sequence[WatchedTag],
    offsets: bool,
    settings: PulseSettings,
    sample_rate: float,
    center_freq: float,
    share: float,
) -> Group:
    decimation, rate = _channel(settings, sample_rate)
    half = rate * (0.5 if decimation == 1 else USABLE_SHARE)
    origin = 0.0 if offsets else center_freq
    placed = sorted(((tag.freq - origin, tag) for tag in tags), key=lambda pair: (pair[0], pair[1].id))
    centers: list[float] = [0.0] if decimation == 1 else []
    watches = []
    for offset, tag in placed:
        _check_band(offset, tag.search_hz, sample_rate, f"tag {tag.id}")
        if tag.search_hz > half:
            raise InputError(f"tag {tag.id}: search_hz {tag.search_hz:g} exceeds half a channel, {half:g} Hz")
        if decimation > 1 and (not centers or offset + tag.search_hz > centers[-1] + half):
            # The channel begins at this tag's lower edge, so that the most tags above it fit in.
            highest = max(0.0, sample_rate / 2 - half)
            centers.append(min(max(offset - tag.search_hz + half, -highest), highest))
        inside = offset - centers[-1]
        watches.append(
            Watch(
                tag_id=tag.id,
                settings=tag,
                channel=len(centers) - 1,
                lowest_hz=inside - tag.search_hz,
                highest_hz=inside + tag.search_hz,
                false_alarm_probability=share,
                top=1,
                merge_hz=rate / 4,
                min_snr_db=settings.min_snr_db,
            )
        )
    return _group(width, decimation, rate, tuple(centers), tuple(watches))


def _channel(settings: PulseSettings, sample_rate: float) -> tuple[int, float]:
    decimation = plan_decimation(sample_rate, settings.channel_rate)
    return decimation, sample_rate / decimation


def _check_band(offset_hz: float, half_width_hz: float, sample_rate: float, what: str) -> None:
    if abs(offset_hz) + half_width_hz > sample_rate / 2:
        raise InputError(
            f"{what}: {offset_hz:g} +- {half_width_hz:g} Hz lies outside the input's "
            f"+-{sample_rate / 2:g} Hz; tune nearer or raise the rate"
        )


def _group(width_s: float, decimation: int, rate: float, offsets, watches) -> Group:
    window = window_samples(width_s, rate)
    if window < 4:
        raise InputError(
            f"a pulse of {width_s * 1e3:g} ms has {window} samples at {rate:g} Hz; at least 4 are needed: "
            f"raise --fs to {4 / width_s:g} or more"
        )
    overlap = window // 2
    group = Group(decimation, rate, offsets, window, window - overlap, kernel.fast_rows(window), watches)
    for watch in watches:
        group.geometry(watch)
    return group


def with_watch(group: Group, index: int, change: Callable[[Watch], Watch]) -> Group:
    """The group with one watch changed."""
    watches = list(group.watches)
    watches[index] = change(watches[index])
    return replace(group, watches=tuple(watches))
