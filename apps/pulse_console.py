# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pulse command prints for people: banner, a line per cycle, statistics at the end.

The forms of the lines are those of the published single-tag detector.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gnuradio.sentinel.core.event import Event
from gnuradio.sentinel.core.gap_reader import Gap
from gnuradio.sentinel.pulse.config import PulseSettings
from gnuradio.sentinel.pulse.cycle import Cycle
from gnuradio.sentinel.pulse.events import false_alarms_per_hour
from gnuradio.sentinel.pulse.lengths import cycle_seconds
from gnuradio.sentinel.pulse.plan import Group

from .pulse_gaps import GapLines


@dataclass
class PulseConsole:
    """Prints and counts the cycles of a run.

    Parameters
    ----------
    say : callable
        Prints one line.
    many : bool
        Tags are named and empty cycles not printed.
    published_snr : bool
        Show score / (K noise) instead of E/N0.
    """

    say: Callable[[str], None]
    many: bool = False
    published_snr: bool = False
    cycles: int = 0
    undecided: int = 0
    detected_cycles: int = 0
    events: int = 0
    signal_s: float = 0.0
    refused: dict[str, int] = field(default_factory=dict)
    best_score: float = 0.0
    gaps: GapLines = field(default_factory=GapLines)
    judged: dict[str, int] = field(default_factory=dict)
    _end: dict[str, int] = field(default_factory=dict)
    _last_detected: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cycle(self, cycle: Cycle, group: Group, events: list[Event]) -> None:
        """Print the line or lines of one cycle. Tags of several pulse widths come in several threads."""
        with self._lock:
            self._cycle(cycle, group, events)

    def _cycle(self, cycle: Cycle, group: Group, events: list[Event]) -> None:
        self.cycles += 1
        self.undecided += not cycle.decided
        self.detected_cycles += bool(events)
        self.events += len(events)
        self.best_score = max(self.best_score, cycle.score)
        self._count_samples(group.watches[cycle.watch].tag_id, cycle)
        for train in cycle.trains:
            if train.reason != "pulses":
                self.refused[train.reason] = self.refused.get(train.reason, 0) + 1
        head = f"[{cycle.cycle + 1:4d} {_clock(cycle)}]"
        spent = f"{math.ceil(cycle.work_s * 1e3)} ms"
        filled = " [ZEROFILLED]" if cycle.filled else ""
        if not events:
            if not self.many:
                self.say(f"{head}  no detection  {spent}{filled}")
            return
        since = self._since(cycle, group.watches[cycle.watch].tag_id)
        for event in events:
            snr = event.details["published_snr_db"] if self.published_snr else event.snr_db
            name = f"  {event.label}" if self.many else ""
            self.say(f"{head}  DETECTED  {_frequency(event)}  SNR {snr:.1f} dB  {spent}{since}{filled}{name}")

    def _count_samples(self, tag_id: str, cycle: Cycle) -> None:
        """Samples judged for a tag; consecutive cycles share some."""
        end = cycle.sample_start + cycle.sample_count
        before = min(self._end.get(tag_id, 0), end)
        self.judged[tag_id] = self.judged.get(tag_id, 0) + end - max(cycle.sample_start, before)
        self._end[tag_id] = end
        self.signal_s = self.judged_samples / cycle.sample_rate

    @property
    def judged_samples(self) -> int:
        """Input samples that a decision was made on, for the tag that has most."""
        return max(self.judged.values(), default=0)

    def gap(self, gap: Gap) -> None:
        """Print what happened to a live stream."""
        with self._lock:
            for line in self.gaps.of_gap(gap):
                self.say(line)
            if gap.kind == "restart":  # places begin at 0 again
                self._end.clear()
                self._last_detected.clear()

    def _since(self, cycle: Cycle, tag_id: str) -> str:
        last = self._last_detected.get(tag_id)
        self._last_detected[tag_id] = cycle.sample_start
        return "" if last is None else f"  Δt={(cycle.sample_start - last) / cycle.sample_rate:.3f}s"

    def banner(self, settings: PulseSettings, groups: tuple[Group, ...], source: str, rate: float) -> None:
        """Print the settings and what follows from them."""
        watches = sum(len(group.watches) for group in groups)
        shortest = min(cycle_seconds(group) for group in groups)
        self.say("Pulse detector")
        self.say(f"  Input:      {source}, {rate:g} Hz")
        if settings.center_freq:
            self.say(f"  Centre:     {settings.center_freq / 1e6:.6f} MHz")
        for group in groups:
            self._group(group)
        hour = false_alarms_per_hour(settings.false_alarm_probability, shortest)
        shared = f", shared by {watches} tags" if watches > 1 else ""
        self.say(
            f"  False alarms: {settings.false_alarm_probability:g} per cycle{shared}, "
            f"at most {hour:.2g} per hour in noise"
        )
        limit = 1e3 * self.gaps.limit_s
        self.say("Gap handling:")
        self.say(f"  < {limit:.1f} ms: zero-fill missing samples")
        self.say(f"  ≥ {limit:.1f} ms: discard segment and reset buffer")
        self.say("Waiting for data ...")

    def _group(self, group: Group) -> None:
        rate, count = group.channel_rate, len(group.offsets_hz)
        self.say(
            f"  Channels:   {count} at {rate:g} Hz (input / {group.decimation}), "
            f"window {group.window} / overlap {group.window - group.hop} / hop {group.hop}, "
            f"{group.rows} rows {rate / group.rows:.1f} Hz apart"
        )
        for watch in group.watches[:10]:
            geometry = group.geometry(watch)
            self.say(
                f"  Tag {watch.tag_id}: pulse {watch.settings.pulse_width_s * 1e3:g} ms every "
                f"{watch.settings.interval_s:g} s = {geometry.interval_samples / group.hop:.2f} windows, K "
                f"{watch.settings.pulses}, segment {geometry.cycle_samples} samples = "
                f"{geometry.cycle_samples / group.channel_rate:.2f} s"
            )
        if len(group.watches) > 10:
            self.say(f"  ... and {len(group.watches) - 10} more tags")

    def statistics(self) -> None:
        """Print what the run came to."""
        self.say(f"--- Detection stopped after {self.cycles} cycles ({self.signal_s:.0f} s) ---")
        self.say(f"  Detections:        {self.events}")
        for line in self.gaps.statistics():
            self.say(line)
        if self.refused:
            reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(self.refused.items()))
            self.say(f"  Above threshold but refused: {reasons}")


def _frequency(event: Event) -> str:
    offset = f"{event.offset_hz:+.1f} Hz"
    return offset if event.freq_hz is None else f"{event.freq_hz / 1e6:.6f} MHz  ({offset})"


def _clock(cycle: Cycle) -> str:
    """UTC of the cycle's start, or its place in the recording where that has no clock."""
    since = (cycle.sample_start - cycle.anchor) / cycle.sample_rate
    if cycle.time is not None:
        begin = datetime.fromtimestamp(cycle.time[0], UTC) + timedelta(seconds=cycle.time[1] + since)
        return begin.strftime("%H:%M:%S")
    seconds = int(cycle.sample_start / cycle.sample_rate)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
