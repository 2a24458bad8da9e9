# SPDX-License-Identifier: GPL-3.0-or-later
"""Pulse detection on arrays, without a flowgraph: the same kernels, the same events."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from gnuradio.sentinel import kernel

from ..core import utc
from ..core.calibration_cache import CalibrationCache
from ..core.channels import extract_channels
from ..core.decision import Decision
from ..core.errors import InputError
from ..core.event import Event
from ..core.settings import build
from .calibration import threshold_of
from .config import PulseSettings, WatchedTag
from .cycle import Cycle, Train
from .events import Stream, decision_of, events_of
from .lengths import watchable
from .plan import Group, plan_single, plan_tags


@dataclass(frozen=True)
class Detection:
    """What was found in an array.

    Attributes
    ----------
    events : tuple of Event
        Declared tags, in the order of their cycles.
    decisions : tuple of Decision
        One per watch and cycle, whether something was declared or not.
    samples_unjudged : int
        Input samples after the last whole cycle.
    """

    events: tuple[Event, ...]
    decisions: tuple[Decision, ...]
    samples_unjudged: int


def detect(
    samples: np.ndarray,
    sample_rate: float,
    settings: PulseSettings | None = None,
    *,
    tags: Sequence[WatchedTag] = (),
    offsets: bool = False,
    center_freq: float | None = None,
    start_time: str | None = None,
    sample_start: int = 0,
    stream: Stream | None = None,
    cache: CalibrationCache | None = None,
    **keys: object,
) -> Detection:
    """Find pulse trains in complex baseband samples.

    ::

        found = sentinel.pulse.detect(samples, 3840.0, interval_s=2.0)

    Parameters
    ----------
    samples : numpy.ndarray
        complex64 (n,).
    sample_rate : float
        Hz.
    settings : PulseSettings, optional
        Or its fields as keywords.
    tags : sequence of WatchedTag
        Watch these instead of the one tag of the settings; `offsets` as in a tags file.
    center_freq : float, optional
        Hz, of the samples' centre.
    start_time : str, optional
        UTC of the first sample, ISO 8601 with µs and Z.
    sample_start : int
        Index of the first sample on the input's own timeline.
    stream : Stream, optional
        What events say of the input.
    cache : CalibrationCache, optional
        Where thresholds are looked up; the user's cache by default.

    Returns
    -------
    Detection

    Raises
    ------
    InputError
        Settings that do not fit the samples, or fewer samples than one cycle.
    """
    samples = np.asarray(samples)
    if samples.ndim != 1 or samples.dtype != np.complex64:
        raise InputError(f"samples: {samples.dtype} {samples.shape}; give a one-dimensional complex64 array")
    if settings is None:
        settings = build(PulseSettings, {"interval_s": 2.0, **keys} if tags else dict(keys), "pulse settings")
    center_freq = settings.center_freq or center_freq
    groups = watchable(plan(settings, tags, offsets, sample_rate, center_freq), len(samples), sample_rate)
    stream = stream or Stream(stream_id="array", source="array", accounting="exact")
    cache = cache or CalibrationCache()
    found: list[tuple[Cycle, Group]] = []
    for group in groups:
        for cycle in _cycles(samples, sample_rate, group, cache, center_freq, start_time, sample_start):
            found.append((cycle, group))
    events = [event for cycle, group in found for event in events_of(cycle, group, group.watches, stream)]
    judged = max(cycle.sample_start + cycle.sample_count for cycle, _ in found) - sample_start
    return Detection(
        tuple(sorted(events, key=lambda e: (e.sample_start, e.label))),
        tuple(decision_of(cycle) for cycle, _ in found),
        max(0, len(samples) - judged),
    )


def plan(
    settings: PulseSettings,
    tags: Sequence[WatchedTag],
    offsets: bool,
    sample_rate: float,
    center_freq: float | None,
) -> tuple[Group, ...]:
    """Groups of one tag or of many, see `plan_single` and `plan_tags`."""
    if tags:
        return plan_tags(tags, offsets, settings, sample_rate, center_freq or 0.0)
    return (plan_single(settings, sample_rate),)


def _cycles(samples, sample_rate, group, cache, center_freq, start_time, sample_start) -> Iterator[Cycle]:
    if group.channelised:
        channels = extract_channels(samples, sample_rate, group.decimation, group.offsets_hz)
    else:
        channels = samples[:, None]
    stft = kernel.wmatrix_stft(group.window, group.rows)
    scores = [stft(np.ascontiguousarray(channels[:, c]), group.hop) for c in range(channels.shape[1])]
    anchor = None if start_time is None else utc.rx_time_from_text(start_time)
    for index, watch in enumerate(group.watches):
        geometry = group.geometry(watch)
        search = kernel.pulse_train_search(geometry)
        threshold = np.float32(threshold_of(group, watch, cache))
        windows = geometry.cycle_windows
        for number in range(len(scores[watch.channel]) // windows):
            began = time.perf_counter()
            first = number * windows
            trains = search.search(
                scores[watch.channel][first : first + windows],
                threshold,
                watch.top,
                watch.merge_hz / group.channel_rate,
            )
            yield Cycle(
                watch=index,
                channel=watch.channel,
                cycle=number,
                sample_start=sample_start + first * group.hop * group.decimation,
                sample_count=geometry.cycle_samples * group.decimation,
                step=group.decimation,
                sample_rate=sample_rate,
                center_freq=center_freq or None,
                offset_hz=group.offsets_hz[watch.channel],
                time=anchor,
                anchor=sample_start,
                score=search.best_score,
                threshold=float(threshold),
                noise=search.noise,
                work_s=time.perf_counter() - began,
                trains=tuple(Train.from_kernel(train) for train in trains),
            )
