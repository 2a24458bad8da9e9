# SPDX-License-Identifier: GPL-3.0-or-later
"""The block K-Fold Integrator: the C++ core with its thresholds, its live changes and its events."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gnuradio import gr

from .._sentinel import kfold_integrator_core, kfold_watch
from ..core.calibration_cache import CalibrationCache
from ..core.errors import InputError
from ..core.settings import build
from .calibration import threshold_of
from .config import PulseSettings
from .cycle_reader import CycleReader
from .detector import plan
from .events import Stream
from .plan import Group, Watch, with_watch

#: What events say of an input whose source says nothing.
UNKNOWN_STREAM = Stream("stream", "flowgraph", "none")


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
        change_quietly(self, values)

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


def _core_watch(group: Group, watch: Watch, cache: CalibrationCache) -> kfold_watch:
    return kfold_watch(
        channel=watch.channel,
        geometry=group.geometry(watch),
        threshold=threshold_of(group, watch, cache),
        most=watch.top,
        merge=watch.merge_hz / group.channel_rate,
    )


#: Settings that change while a flowgraph runs, and how.
LIVE_SETTINGS = {
    "interval_s": "set_interval",
    "pulses": "set_pulses",
    "false_alarm_probability": "set_false_alarm_probability",
    "offset_hz": "set_offset",
}


def change_quietly(block: Any, values: dict[str, Any]) -> None:
    """Call the setters of some settings; what does not fit is logged, for callbacks without a caller."""
    for name, value in values.items():
        try:
            getattr(block, LIVE_SETTINGS[name])(value)
        except InputError as error:
            gr.logger(type(block).__name__).error(f"{name} stays as it was: {error}")


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
