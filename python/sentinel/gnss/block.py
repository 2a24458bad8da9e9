# SPDX-License-Identifier: GPL-3.0-or-later
"""The GNU Radio face of the gnss room: samples in, events out."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pmt
from gnuradio import gr

from .._sentinel import channelizer_features
from ..core.block import SafeBlock, guarded
from ..core.errors import InputError
from ..core.event_pmt import from_pmt, to_pmt
from ..core.settings import build
from ..core.stream import Stream
from .classifier import Classifier
from .clusters.cluster_store import ClusterStore, opened
from .config import GnssSettings
from .detect import make_monitor
from .detector import Detector
from .features import snapshot_length
from .gain.gain_control import GainChange, GainMemory
from .gain.gain_loop import GainLoop, GainLoopSettings
from .gain.power_calibration import PowerCalibration
from .gain.power_meter import opened_calibration
from .learned import ClassModel, DetectionModel
from .monitor import Monitor, Step
from .receiver.receiver_data import ReceiverState
from .record_reader import RecordReader, RecordRun
from .snapshots import Snapshots, record_length

#: What events say of an input whose source says nothing.
UNKNOWN_STREAM = Stream("stream", "flowgraph", "none")


class InterferenceDetector(SafeBlock, gr.sync_block):
    """Records of Channelizer Features in; decisions, events and descriptions out.

    Message ports out: `decisions`; `events`, each labelled `interference`; `detections` for Interference
    Classifier: one dict per detected snapshot or revision, see docs/messages.md.

    `on_step`, if set, is called with every step: the command prints its lines there. `receiver_at`, if set,
    gives the state of the satellite receiver at a POSIX time, which is NaN where the source has no clock.
    `gain_loop`, if set, keeps the gain of the radio in quiet; see `GnssMonitor.control_gain`.

    Parameters
    ----------
    settings : GnssSettings
    sample_rate : float
        Hz, where the stream does not tell.
    model : DetectionModel, optional
    stream : Stream, optional
        What events say of the input where its source does not.
    power_calibration : PowerCalibration or path, optional
        For power in dBm.
    """

    def __init__(
        self,
        settings: GnssSettings,
        sample_rate: float,
        model: DetectionModel | None = None,
        stream: Stream | None = None,
        power_calibration: PowerCalibration | str | os.PathLike | None = None,
    ) -> None:
        length = record_length(settings.channels)
        gr.sync_block.__init__(self, "interference_detector", [(np.float32, length)], None)
        self.settings = settings
        self.sample_rate = sample_rate
        self.model = model or DetectionModel()
        self.stream = stream or UNKNOWN_STREAM
        self.monitor: Monitor | None = None
        self.on_step: Callable[[Step, RecordRun, int], None] | None = None
        self.receiver_at: Callable[[float], ReceiverState | None] | None = None
        self.gain_loop: GainLoop | None = None
        self.power_calibration = opened_calibration(power_calibration)
        samples = snapshot_length(sample_rate, settings.snapshot_s, settings.channels)
        self._reader = RecordReader(sample_rate, samples)
        for port in ("decisions", "events", "detections"):
            self.message_port_register_out(pmt.intern(port))

    @guarded
    def work(self, input_items: list[np.ndarray], output_items: list) -> int:
        """Judge the records at hand."""
        records = input_items[0]
        tags = self.get_tags_in_window(0, 0, len(records))
        for run in self._reader.read(np.array(records), tags, self.nitems_read(0)):
            self._take(run)
        return len(records)

    def _take(self, run: RecordRun) -> None:
        if run.begins or self.monitor is None:
            self._begin(run)
        snapshots = run.snapshots
        for index in range(len(snapshots)):
            time_s = float(snapshots.time_s[index])
            state = None if self.receiver_at is None else self.receiver_at(time_s)
            step = self.monitor.step(snapshots, index, state, judge=self._is_whole(snapshots, index))
            self._publish(step)
            if self.on_step is not None:
                self.on_step(step, run, index)
            if self.gain_loop is not None:
                self.gain_loop.step(step, snapshots, index)
        if run.ends:
            self._close(self.monitor.end())

    def _is_whole(self, snapshots: Snapshots, index: int) -> bool:
        """Whether a snapshot has one gain, as far as our own loop sets it."""
        if self.gain_loop is None:
            return True
        whole = self.gain_loop.is_whole(snapshots, index)
        if whole and self.gain_loop.takes_new_reference():
            sensor = self.monitor.sensor
            fresh = self._monitor(sensor.sample_rate, sensor.center_freq, sensor.stream)
            self.monitor.detector = fresh.detector
        return whole

    def _begin(self, run: RecordRun) -> None:
        """A segment begins: what was open ends; what was learned of the receiver stays."""
        if self.monitor is not None:
            self._close(self.monitor.begin_segment())
        stream = Stream(**run.stream) if run.stream else self.stream
        center = run.snapshots.center_freq or self.settings.center_freq or None
        rate = run.snapshots.sample_rate
        sensor = None if self.monitor is None else self.monitor.sensor
        if sensor is None or (sensor.sample_rate, sensor.center_freq) != (rate, center):
            # Another band: nothing that was learned of the one before holds in it.
            self.monitor = self._monitor(rate, center, stream)
        elif sensor.stream.stream_id != stream.stream_id:
            self.monitor = self._monitor(rate, center, stream, self.monitor.detector)

    def _monitor(
        self, rate: float, center: float | None, stream: Stream, detector: Detector | None = None
    ) -> Monitor:
        return make_monitor(self.settings, rate, center, stream, self.model, detector, self.power_calibration)

    def _close(self, event: Any) -> None:
        if event is not None:
            self._send(event, None, event.id)

    def _publish(self, step: Step) -> None:
        self.message_port_pub(pmt.intern("decisions"), step.decision.to_pmt())
        if step.event is None and step.second is None:
            return
        description = None if step.second is None else step.second.description
        self._send(step.event, description, step.follows.id)

    def _send(self, event: Any, description: np.ndarray | None, event_id: str) -> None:
        encoded = pmt.PMT_NIL if event is None else to_pmt(event)
        if event is not None:
            self.message_port_pub(pmt.intern("events"), encoded)
        vector = pmt.PMT_NIL if description is None else pmt.init_f64vector(len(description), description)
        message = pmt.make_dict()
        for key, value in (
            ("event", encoded),
            # Symbols are never freed: bytes are.
            ("id", pmt.init_u8vector(len(event_id), list(event_id.encode()))),
            ("description", vector),
        ):
            message = pmt.dict_add(message, pmt.intern(key), value)
        self.message_port_pub(pmt.intern("detections"), message)


class InterferenceClassifier(SafeBlock, gr.basic_block):
    """Port `detections` of Interference Detector in, `events` with their class out.

    Parameters
    ----------
    unknown_share : float
        Share of known interference that may be called unknown.
    model : ClassModel, optional
    minute : int
        Snapshots in a minute.
    clusters : ClusterStore, optional
        Where closed intervals go that are unknown.
    """

    def __init__(
        self,
        unknown_share: float = 0.05,
        model: ClassModel | None = None,
        minute: int = 60,
        clusters: ClusterStore | None = None,
    ) -> None:
        gr.basic_block.__init__(self, "interference_classifier", None, None)
        self.classifier = Classifier(model or ClassModel(), unknown_share, minute, clusters)
        self.on_event: Callable[[Any], None] | None = None
        self.register_handler("detections", self.handle)
        self.message_port_register_out(pmt.intern("events"))

    @guarded
    def handle(self, message: Any) -> None:
        """Take one detected snapshot, or a revision, or both."""
        description = pmt.dict_ref(message, pmt.intern("description"), pmt.PMT_NIL)
        event_id = bytes(pmt.u8vector_elements(pmt.dict_ref(message, pmt.intern("id"), pmt.PMT_NIL))).decode()
        if not pmt.is_null(description):
            self.classifier.add(event_id, np.array(pmt.f64vector_elements(description)))
        encoded = pmt.dict_ref(message, pmt.intern("event"), pmt.PMT_NIL)
        if pmt.is_null(encoded):
            return
        event = self.classifier.name(from_pmt(encoded))
        if self.on_event is not None:
            self.on_event(event)
        self.message_port_pub(pmt.intern("events"), to_pmt(event))


class GnssMonitor(gr.hier_block2):
    """Samples in, events out: features, detector and classifier.

    Parameters
    ----------
    sample_rate : float
        Hz, of the input.
    settings : GnssSettings, optional
        Or its fields as keywords.
    format : str
        Of the input's items: cf32_le, or pairs of cu8, ci8, ci16_le.
    stream : Stream, optional
    detection_model, class_model : optional
        Models or files of them; the shipped ones if left out or empty.
    power_calibration : PowerCalibration or path, optional
        For power in dBm; none if left out or empty.
    clusters : ClusterStore or path, optional
        File in which intervals called unknown are clustered; none if left out or empty.

    Raises
    ------
    InputError
        Settings that do not fit, or a model or clusters that cannot be used.
    """

    def __init__(
        self,
        sample_rate: float,
        settings: GnssSettings | None = None,
        *,
        format: str = "cf32_le",
        stream: Stream | None = None,
        detection_model: DetectionModel | str | os.PathLike | None = None,
        class_model: ClassModel | str | os.PathLike | None = None,
        power_calibration: PowerCalibration | str | os.PathLike | None = None,
        clusters: ClusterStore | str | os.PathLike | None = None,
        **keys: Any,
    ) -> None:
        if settings is not None and keys:
            raise InputError(f"give settings or {', '.join(keys)}, not both")
        settings = settings or build(GnssSettings, keys, "GNSS Interference Monitor")
        features = make_features(settings, sample_rate, format)
        self.settings = settings
        self.features = features
        self.detector = InterferenceDetector(
            settings, sample_rate, _opened(DetectionModel, detection_model), stream, power_calibration
        )
        model = _opened(ClassModel, class_model) or ClassModel()
        store = opened(clusters, model, settings.snapshot_s)
        if store is not None:
            store.prepare(settings.channels, sample_rate)
        self.classifier = InterferenceClassifier(
            settings.unknown_share, model, _per_minute(settings.snapshot_s), store
        )
        gr.hier_block2.__init__(self, "gnss_monitor", features.input_signature(), gr.io_signature(0, 0, 0))
        for port in ("events", "decisions"):
            self.message_port_register_hier_out(port)
        self.connect(self, features, self.detector)
        self.msg_connect(self.detector, "detections", self.classifier, "detections")
        self.msg_connect(self.detector, "decisions", self, "decisions")
        self.msg_connect(self.classifier, "events", self, "events")

    def control_gain(
        self,
        source: Any,
        settings: GainLoopSettings | None = None,
        *,
        memory: GainMemory | None = None,
        on_change: Callable[[GainChange], None] | None = None,
    ) -> GainLoop:
        """Keep the gain of the radio in front of it, from now on, while there is no interference.

        Call it before the flowgraph starts.

        Parameters
        ----------
        source : source
            The Sentinel Source that its samples come from.
        settings : GainLoopSettings, optional
        memory : GainMemory, optional
            That of a loop before, so that it does not calibrate anew.
        on_change : callable, optional
            Called with each change, in the detector's thread.

        Raises
        ------
        InputError
            If the source is no radio whose gain can be set.
        """
        loop = GainLoop(source, settings, self.settings.snapshot_s, memory=memory, on_change=on_change)
        self.detector.gain_loop = loop
        return loop

    @property
    def readers(self) -> list[SafeBlock]:
        """The Python blocks inside, for a runner that drains them."""
        return [self.detector, self.classifier]


def interference_detector(
    sample_rate: float,
    *,
    model: DetectionModel | str | os.PathLike = "",
    power_calibration: PowerCalibration | str | os.PathLike | None = None,
    **keys: Any,
) -> InterferenceDetector:
    """Interference Detector with its settings as keywords.

    Parameters
    ----------
    sample_rate : float
        Hz, of the input of Channelizer Features, where the stream does not tell.
    model : DetectionModel or path, optional
        The shipped one if left out or empty.
    power_calibration : PowerCalibration or path, optional
        For power in dBm; none if left out or empty.
    **keys
        Fields of `GnssSettings`.

    Raises
    ------
    InputError
        Settings that do not fit, or a model or a calibration that cannot be used.
    """
    settings = build(GnssSettings, keys, "Interference Detector")
    opened = _opened(DetectionModel, model)
    return InterferenceDetector(settings, sample_rate, opened, power_calibration=power_calibration)


def interference_classifier(
    *,
    model: ClassModel | str | os.PathLike = "",
    clusters: ClusterStore | str | os.PathLike = "",
    **keys: Any,
) -> InterferenceClassifier:
    """Interference Classifier with its settings, `unknown_share` and `snapshot_s`, as keywords.

    Parameters
    ----------
    model : ClassModel or path, optional
        The shipped one if left out or empty.
    clusters : ClusterStore or path, optional
        File in which intervals called unknown are clustered; none if left out or empty.
    **keys
        Fields of `GnssSettings`.

    Raises
    ------
    InputError
        Settings that do not fit, or a model or clusters that cannot be used.
    """
    settings = build(GnssSettings, keys, "Interference Classifier")
    named = _opened(ClassModel, model) or ClassModel()
    store = opened(clusters, named, settings.snapshot_s)
    return InterferenceClassifier(settings.unknown_share, named, _per_minute(settings.snapshot_s), store)


def _opened(kind: type, model: Any) -> Any:
    """A model that is given as such or as a file; None, which means the shipped one, of an empty name."""
    return model if model is None or isinstance(model, kind) else kind(model) if model else None


def _per_minute(snapshot_s: float) -> int:
    return max(1, round(60 / snapshot_s))


def make_features(settings: GnssSettings, sample_rate: float, format: str) -> Any:
    """The feature block of these settings.

    Raises
    ------
    InputError
        If rate, format and settings do not go together.
    """
    snapshot_length(sample_rate, settings.snapshot_s, settings.channels)
    try:
        return channelizer_features(
            sample_rate,
            format=format,
            channels=settings.channels,
            taps_per_channel=settings.taps_per_channel,
            snapshot_s=settings.snapshot_s,
            dc_window_s=settings.dc_window_s,
        )
    except ValueError as error:
        raise InputError(f"Channelizer Features: {error}") from error
