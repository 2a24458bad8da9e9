# SPDX-License-Identifier: GPL-3.0-or-later
"""The GNU Radio face of the pulse room: K-Fold Integrator and Pulse Detector."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pmt
from gnuradio import gr

from .._sentinel import channelizer, kfold_integrator_core, kfold_watch, wmatrix_stft
from ..core.block import SafeBlock, guarded
from ..core.calibration_cache import CalibrationCache
from ..core.channel_filter import channel_taps
from ..core.channels import choose_fft_size
from ..core.errors import InputError
from ..core.event import Event
from ..core.event_pmt import to_pmt
from .calibration import threshold_of
from .config import PulseSettings, build
from .cycle import Cycle
from .detector import plan
from .events import Stream, decision_of, events_of
from .plan import Group, Watch, with_watch
from .tags import read_tags

#: What events say of an input whose source says nothing.
UNKNOWN_STREAM = Stream("stream", "flowgraph", "none")


class CycleReader(SafeBlock, gr.basic_block):
    """Turns the messages of the K-fold core into decisions and events.

    Message ports: `cycles` in, `events` and `decisions` out. The core's changes come in by `cycles` too: only
    within one port are messages handled in the order they were sent. `on_cycle`, if set, is called
    with every `Cycle` and its events before they are published: the command prints its lines there.
    `check_event`, if set, gets each event before that and returns it, perhaps with more flags.
    """

    def __init__(self, group: Group, stream: Stream, center_freq: float = 0.0) -> None:
        gr.basic_block.__init__(self, "pulse_cycle_reader", None, None)
        self.group = group
        self.stream = stream
        self.center_freq = center_freq
        self.on_cycle: Callable[[Cycle, Group, list], None] | None = None
        self.on_change: Callable[[dict], None] | None = None
        self.check_event: Callable[[Event], Event] | None = None
        self._announced: list[tuple[int, kfold_watch, Watch]] = []
        self.register_handler("cycles", self.handle)
        for port in ("events", "decisions"):
            self.message_port_register_out(pmt.intern(port))

    def expect_change(self, index: int, core: kfold_watch, watch: Watch) -> None:
        """What the announcement of this change by the core will mean for watch `index`."""
        self._announced.append((index, core, watch))

    @guarded
    def handle(self, message: Any) -> None:
        """Take a judged cycle, or a change that holds for those after it."""
        is_cycle = pmt.dict_has_key(message, pmt.intern("trains"))
        self._cycle(message) if is_cycle else self._change(message)

    def _cycle(self, message: Any) -> None:
        """Publish the decision and the events of one cycle."""
        cycle = Cycle.from_pmt(message)
        if cycle.center_freq is None and self.center_freq:
            cycle = replace(cycle, center_freq=self.center_freq)
        events = events_of(cycle, self.group, self.group.watches, self.stream)
        if self.check_event is not None:
            events = [self.check_event(event) for event in events]
        if self.on_cycle is not None:
            self.on_cycle(cycle, self.group, events)
        self.message_port_pub(pmt.intern("decisions"), decision_of(cycle).to_pmt())
        for event in events:
            self.message_port_pub(pmt.intern("events"), to_pmt(event))

    def _change(self, message: Any) -> None:
        """Take the settings that the core has just put in force."""
        change = pmt.to_python(message)
        index = int(change["watch"])
        for place, (changed, core, watch) in enumerate(self._announced):
            if changed == index and _is_change_to(change, core):
                self.group = with_watch(self.group, index, lambda _, watch=watch: watch)
                # Earlier changes of this watch were replaced before they came into force.
                kept = (a for a in self._announced[:place] if a[0] != index)
                self._announced = [*kept, *self._announced[place + 1 :]]
                break
        if self.on_change is not None:
            self.on_change(change)


class KFoldIntegrator(gr.hier_block2):
    """Sums K pulses, decides with a calibrated threshold, and publishes events.

    Input: vectors of `rows` complex scores from W-Matrix STFT. Message ports `events` and `decisions`.
    Interval, K and false-alarm probability change live: the new threshold is calibrated on a worker
    thread, and the old one works until the new one swaps in at the end of a cycle.

    Parameters
    ----------
    group : Group
        Channels, geometry and watches, see `plan`.
    stream : Stream, optional
        What events say of the input where its source does not (tag sentinel_stream).
    cache : CalibrationCache, optional
    center_freq : float
        Hz, of the input where it does not say so itself; 0 is not known.
    """

    def __init__(
        self,
        group: Group,
        stream: Stream | None = None,
        cache: CalibrationCache | None = None,
        center_freq: float = 0.0,
    ) -> None:
        channels = len(group.offsets_hz)
        cache = cache or CalibrationCache()
        watches = [_core_watch(group, watch, cache) for watch in group.watches]
        gr.hier_block2.__init__(
            self,
            "kfold_integrator",
            gr.io_signature(1, 1, group.rows * gr.sizeof_gr_complex),
            gr.io_signature(0, 0, 0),
        )
        self.cache = cache
        self._wanted = group
        self._worker: threading.Thread | None = None
        self._lock = threading.Lock()
        self._queue: list[int] = []
        self.reader = CycleReader(group, stream or UNKNOWN_STREAM, center_freq)
        self.core = kfold_integrator_core(group.rows, channels, watches)
        self.connect(self, self.core)
        for port in ("cycles", "changes"):
            self.msg_connect(self.core, port, self.reader, "cycles")
        for port in ("events", "decisions"):
            self.message_port_register_hier_out(port)
            self.msg_connect(self.reader, port, self, port)

    @property
    def wanted(self) -> Group:
        """The group as last set; it is in force once the change was announced."""
        return self._wanted

    def set_interval(self, interval_s: float, index: int = 0) -> None:
        """Look for another inter-pulse interval, s. Raises InputError if it does not fit."""
        self._change_settings(index, interval_s=interval_s)

    def set_pulses(self, pulses: int, index: int = 0) -> None:
        """Sum another number of pulses. Raises InputError if it does not fit."""
        self._change_settings(index, pulses=pulses)

    def change(self, **values: Any) -> None:
        """Change settings by name, as `set_interval` and its like do.

        For the callbacks of a flowgraph, where an exception would end the program: what does not fit is
        logged and left as it was.
        """
        _change_quietly(self, values)

    def set_false_alarm_probability(self, probability: float, index: int = 0) -> None:
        """Change the chance that a noise cycle of this watch declares anything. Raises InputError."""
        if not 1e-9 <= probability <= 0.2:
            raise InputError(f"false_alarm_probability {probability}: must lie in 1e-9 .. 0.2")
        self._change(index, lambda watch: replace(watch, false_alarm_probability=probability))

    def _change_settings(self, index: int, **values: Any) -> None:
        settings = self._wanted.watches[index].settings
        changed = build(type(settings), {**settings.model_dump(), **values}, "pulse settings")
        self._change(index, lambda watch: replace(watch, settings=changed))

    def _change(self, index: int, change: Callable[[Watch], Watch]) -> None:
        with self._lock:
            group = with_watch(self._wanted, index, change)
            if group.watches[index] == self._wanted.watches[index]:
                return
            group.geometry(group.watches[index])  # refuses what does not fit, in the caller's thread
            self._wanted = group
            if index not in self._queue:
                self._queue.append(index)
            if self._worker is None:
                # No daemon: it runs in C++, where the end of the interpreter would kill the process.
                self._worker = threading.Thread(target=self._work, name="pulse-calibration")
                self._worker.start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._worker = None
                    return
                index, group = self._queue.pop(0), self._wanted
            try:
                core = _core_watch(group, group.watches[index], self.cache)
                self.reader.expect_change(index, core, group.watches[index])
                self.core.set_watch(index, core)
            except BaseException as error:  # a thread has no caller to raise to
                self.reader.fail(error)

    def wait_calibrated(self) -> None:
        """Wait until no calibration is under way; changes then come into force at their cycle's end."""
        worker = self._worker
        if worker is not None:
            worker.join()

    def drain(self) -> int:
        """Handle messages that were left when the flowgraph ended."""
        return self.reader.drain()


def _is_change_to(change: dict, core: kfold_watch) -> bool:
    geometry = core.geometry
    there = (change["threshold"], change["interval_samples"], change["pulses"])
    return there == (core.threshold, geometry.interval_samples, geometry.pulses)


def _core_watch(group: Group, watch: Watch, cache: CalibrationCache) -> kfold_watch:
    return kfold_watch(
        channel=watch.channel,
        geometry=group.geometry(watch),
        threshold=threshold_of(group, watch, cache),
        most=watch.top,
        merge=watch.merge_hz / group.channel_rate,
    )


def kfold_integrator(
    sample_rate: float,
    interval_s: float,
    pulse_width_s: float = 0.015,
    pulses: int = 5,
    false_alarm_probability: float = 1e-4,
    top: int = 1,
    merge_hz: float | None = None,
    min_snr_db: float | None = None,
    tag_id: str = "tag",
    search_hz: float = 0.0,
    rows: int = 0,
) -> KFoldIntegrator:
    """The block for one tag in one channel, as Companion makes it.

    Parameters
    ----------
    sample_rate : float
        Hz, of the channel that W-Matrix STFT got.
    interval_s, pulse_width_s, pulses, false_alarm_probability, top, merge_hz, min_snr_db, tag_id
        See `PulseSettings`.
    search_hz : float
        How far from the channel's centre the carrier may be, Hz; 0 is anywhere. Behind a channelizer
        give 0.42 of the channel's rate: the rest is the filter's edge.
    rows : int
        As in W-Matrix STFT, whose window must be ceil(pulse_width_s * sample_rate) and hop window -
        window // 2. 0 takes `kernel.fast_rows`.

    Raises
    ------
    InputError
        Settings that do not fit the rate.
    """
    values = {
        "interval_s": interval_s,
        "pulse_width_s": pulse_width_s,
        "pulses": pulses,
        "false_alarm_probability": false_alarm_probability,
        "top": top,
        "merge_hz": merge_hz,
        "min_snr_db": min_snr_db,
        "tag_id": tag_id,
        "channel_rate": sample_rate,
    }
    (group,) = plan(build(PulseSettings, values, "K-Fold Integrator"), (), False, sample_rate, None)
    if not 0 <= search_hz <= sample_rate / 2:
        raise InputError(f"search_hz {search_hz:g} must lie in 0 .. {sample_rate / 2:g}, half the rate")
    if search_hz:
        group = with_watch(group, 0, lambda w: replace(w, lowest_hz=-search_hz, highest_hz=search_hz))
    return KFoldIntegrator(replace(group, rows=rows or group.rows))


class PulseDetector(gr.hier_block2):
    """Samples in, events out: channelizer, W-matrix STFT and K-fold integration.

    Parameters
    ----------
    sample_rate : float
        Hz, of the input.
    settings : PulseSettings, optional
        Or its fields as keywords (`interval_s=2.0`).
    tags : str, optional
        A tags file; it takes the place of the settings' one tag.
    stream : Stream, optional
        What events say of the input where its source does not (tag sentinel_stream).
    cache : CalibrationCache, optional

    Raises
    ------
    InputError
        Settings that do not fit the rate, or a tags file that cannot be read.
    """

    def __init__(
        self,
        sample_rate: float,
        settings: PulseSettings | None = None,
        *,
        tags: str = "",
        stream: Stream | None = None,
        cache: CalibrationCache | None = None,
        **keys: Any,
    ) -> None:
        watched, offsets = read_tags(tags) if tags else ((), False)
        if settings is not None and keys:
            raise InputError(f"give settings or {', '.join(keys)}, not both")
        if settings is None:
            keys = {"interval_s": 2.0, **keys} if tags else keys
            settings = build(PulseSettings, keys, "Pulse Detector")
        self.settings = settings
        self.sample_rate = sample_rate
        self.groups = plan(settings, watched, offsets, sample_rate, settings.center_freq)
        integrators = [KFoldIntegrator(group, stream, cache, settings.center_freq) for group in self.groups]
        gr.hier_block2.__init__(
            self, "pulse_detector", gr.io_signature(1, 1, gr.sizeof_gr_complex), gr.io_signature(0, 0, 0)
        )
        for port in ("events", "decisions"):
            self.message_port_register_hier_out(port)
        self.integrators = integrators
        self.channelizers = [_channelizer(group, sample_rate) for group in self.groups]
        self.stfts = [
            wmatrix_stft(group.window, group.hop, group.rows, len(group.offsets_hz)) for group in self.groups
        ]
        for bank, stft, integrator in zip(self.channelizers, self.stfts, self.integrators, strict=True):
            self.connect(self, bank, stft, integrator) if bank else self.connect(self, stft, integrator)
            for port in ("events", "decisions"):
                self.msg_connect(integrator, port, self, port)

    @property
    def readers(self) -> Sequence[CycleReader]:
        """The message blocks inside, for a runner that drains them."""
        return [integrator.reader for integrator in self.integrators]

    def set_interval(self, interval_s: float) -> None:
        """Look for another inter-pulse interval, s, from a following cycle on."""
        self._only().set_interval(interval_s)

    def set_pulses(self, pulses: int) -> None:
        """Sum another number of pulses from a following cycle on."""
        self._only().set_pulses(pulses)

    def set_false_alarm_probability(self, probability: float) -> None:
        """Change the false-alarm probability from a following cycle on."""
        self._only().set_false_alarm_probability(probability)

    def set_offset(self, offset_hz: float) -> None:
        """Move the channel, Hz from the input's centre, at the next sample of the channel.

        Raises
        ------
        InputError
            If the channel is the whole input and cannot move, or would not lie in the input.
        """
        self._only()
        changed = build(
            PulseSettings, {**self.settings.model_dump(), "offset_hz": offset_hz}, "Pulse Detector"
        )
        if changed == self.settings:
            return
        if not self.channelizers[0]:
            raise InputError("the channel is the whole input; it has no offset to change")
        (group,) = plan(changed, (), False, self.sample_rate, None)  # refuses what lies outside the input
        self.channelizers[0].set_frequency(0, *group.offsets_hz)
        self.settings = changed

    def change(self, **values: Any) -> None:
        """Change settings by name, as `set_interval` and its like do.

        For the callbacks of a flowgraph, where an exception would end the program: what does not fit is
        logged and left as it was.
        """
        _change_quietly(self, values)

    def _only(self) -> KFoldIntegrator:
        if len(self.integrators) != 1 or len(self.groups[0].watches) != 1:
            raise InputError("live changes need a detector of one tag; restart it with another tags file")
        return self.integrators[0]

    def drain(self) -> int:
        """Handle messages that were left when the flowgraph ended."""
        return sum(integrator.drain() for integrator in self.integrators)


#: Settings that change while a flowgraph runs, and how.
LIVE_SETTINGS = {
    "interval_s": "set_interval",
    "pulses": "set_pulses",
    "false_alarm_probability": "set_false_alarm_probability",
    "offset_hz": "set_offset",
}


def _change_quietly(block: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        try:
            getattr(block, LIVE_SETTINGS[name])(value)
        except InputError as error:
            gr.logger(type(block).__name__).error(f"{name} stays as it was: {error}")


def _channelizer(group: Group, sample_rate: float) -> Any:
    if not group.channelised:
        return None
    taps = channel_taps(sample_rate, group.decimation)
    fft_size = choose_fft_size(sample_rate, group.decimation, group.offsets_hz)
    bank = channelizer(sample_rate, group.decimation, fft_size, taps, list(group.offsets_hz))
    # With hundreds of channels the default buffer would not hold the windows that the STFT asks for.
    # By port: GNU Radio tells of the call without one on standard output, where only results belong.
    bank.set_min_output_buffer(0, 4 * group.window)
    return bank


__all__ = ["CycleReader", "KFoldIntegrator", "PulseDetector", "kfold_integrator"]
