# SPDX-License-Identifier: GPL-3.0-or-later
"""Interference monitoring on arrays, without a flowgraph: the same classes, the same events."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .. import kernel
from ..core.decision import Decision
from ..core.errors import InputError
from ..core.event import Event
from ..core.settings import build
from ..core.stream import Stream
from ..core.utc import microseconds_from_text
from .baseline import Baseline, BaselineSettings, white_coherence
from .classifier import Classifier
from .clusters.cluster_store import ClusterStore, opened
from .config import GnssSettings
from .detector import Detector
from .events import Sensor
from .features import measure
from .gain.power_calibration import PowerCalibration
from .gain.power_meter import PowerMeter
from .learned import ClassModel, DetectionModel
from .monitor import Monitor, Step
from .receiver.receiver_data import ReceiverState
from .snapshots import Snapshots


@dataclass(frozen=True)
class Detection:
    """What was found.

    Attributes
    ----------
    events : tuple of Event
        Closed intervals, in order of time.
    decisions : tuple of Decision
        One per snapshot.
    snapshots : Snapshots
        The features it was found in.
    """

    events: tuple[Event, ...]
    decisions: tuple[Decision, ...]
    snapshots: Snapshots


def make_monitor(
    settings: GnssSettings,
    sample_rate: float,
    center_freq: float | None,
    stream: Stream,
    model: DetectionModel,
    detector: Detector | None = None,
    calibration: PowerCalibration | str | os.PathLike | None = None,
) -> Monitor:
    """A monitor of these settings.

    Parameters
    ----------
    detector : Detector, optional
        One that already knows its receiver.
    calibration : PowerCalibration or path, optional
        For power in dBm.
    """
    threshold = model.threshold(settings.false_alarms_per_hour)
    sensor = Sensor(
        stream,
        sample_rate,
        center_freq,
        settings.snapshot_s,
        settings.false_alarms_per_hour,
        threshold,
        model.loaded.event_model,
    )
    if detector is None:
        prototype = kernel.channelizer_prototype(settings.channels, settings.taps_per_channel)
        baseline = Baseline(
            settings.channels,
            BaselineSettings(learn=max(3, round(settings.learn_s / settings.snapshot_s))),
            white_coherence(prototype, settings.channels),
        )
        told = settings.gain_is != "unknown"
        detector = Detector(model.score, settings.channels, settings.doubt_db, baseline, told)
    meter = PowerMeter(calibration, center_freq)
    return Monitor(detector, sensor, model.probability, settings.hold_s, settings.receiver_cn0_db_hz, meter)


def detect(
    samples: np.ndarray,
    sample_rate: float,
    settings: GnssSettings | None = None,
    *,
    center_freq: float | None = None,
    start_time: str | None = None,
    stream: Stream | None = None,
    detection_model: DetectionModel | None = None,
    class_model: ClassModel | None = None,
    receiver_at: Callable[[float], ReceiverState | None] | None = None,
    gain_db: float | None = None,
    power_calibration: PowerCalibration | str | os.PathLike | None = None,
    clusters: ClusterStore | str | os.PathLike | None = None,
    **keys: object,
) -> Detection:
    """Find and name intervals of interference.

    Parameters
    ----------
    samples : complex64 (n,) or interleaved uint8, int8, int16 (2 n,)
    sample_rate : float
        Hz.
    settings : GnssSettings, optional
        Or its fields as keywords.
    center_freq : float, optional
        Hz.
    start_time : str, optional
        UTC of the first sample, ISO 8601.
    stream : Stream, optional
        What events say of the input.
    receiver_at : callable, optional
        State of a satellite receiver at a POSIX time.
    gain_db : float, optional
        Of the receiver, the same for all samples, as the tag sentinel_gain tells it in a flowgraph.
    power_calibration : PowerCalibration or path, optional
        For power in dBm, which takes a known gain and centre.
    clusters : ClusterStore or path, optional
        File in which intervals called unknown are clustered.

    Raises
    ------
    InputError
        Settings that do not fit, or a model that cannot be used.
    """
    if settings is not None and keys:
        raise InputError(f"give settings or {', '.join(keys)}, not both")
    settings = settings or build(GnssSettings, keys, "gnss.detect")
    snapshots = measure(
        samples,
        sample_rate,
        channels=settings.channels,
        taps_per_channel=settings.taps_per_channel,
        snapshot_s=settings.snapshot_s,
        center_freq=center_freq or settings.center_freq or None,
        start_time_s=None if start_time is None else microseconds_from_text(start_time) / 1e6,
    )
    if gain_db is not None:
        snapshots = replace(snapshots, gain_db=np.full(len(snapshots), gain_db, np.float32))
    models = detection_model, class_model
    return detect_in(snapshots, settings, stream, *models, receiver_at, power_calibration, clusters)


def detect_in(
    snapshots: Snapshots,
    settings: GnssSettings,
    stream: Stream | None = None,
    detection_model: DetectionModel | None = None,
    class_model: ClassModel | None = None,
    receiver_at: Callable[[float], ReceiverState | None] | None = None,
    power_calibration: PowerCalibration | str | os.PathLike | None = None,
    clusters: ClusterStore | str | os.PathLike | None = None,
) -> Detection:
    """The same on features; where a snapshot does not follow the one before, a segment begins."""
    model = detection_model or DetectionModel()
    stream = stream or Stream("array", "array", "exact", "clipping_unknown")
    monitor = make_monitor(
        settings, snapshots.sample_rate, snapshots.center_freq, stream, model, calibration=power_calibration
    )
    minute = max(1, round(60 / settings.snapshot_s))
    class_model = class_model or ClassModel()
    store = opened(clusters, class_model, settings.snapshot_s)
    if store is not None:
        store.prepare(settings.channels, snapshots.sample_rate)
    classifier = Classifier(class_model, settings.unknown_share, minute, store)
    events: list[Event] = []
    decisions: list[Decision] = []

    def publish(event: Event | None) -> None:
        if event is not None:
            event = classifier.name(event)
            if event.state == "closed":
                events.append(event)

    for index in range(len(snapshots)):
        if index and not _adjoins(snapshots, index):
            publish(monitor.begin_segment())
        time_s = float(snapshots.time_s[index])
        known = receiver_at is not None and np.isfinite(time_s)
        step: Step = monitor.step(snapshots, index, receiver_at(time_s) if known else None)
        decisions.append(step.decision)
        if step.second is not None:
            classifier.add(step.follows.id, step.second.description)
        publish(step.event)
    publish(monitor.end())
    return Detection(tuple(events), tuple(decisions), snapshots)


def _adjoins(snapshots: Snapshots, index: int) -> bool:
    end = snapshots.sample_start[index - 1] + snapshots.sample_count[index - 1]
    return bool(snapshots.sample_start[index] == end)
