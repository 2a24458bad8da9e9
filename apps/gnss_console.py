# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gnss command prints for people: banner, lines per change and per minute, statistics."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from gnuradio.sentinel.core.event import Event
from gnuradio.sentinel.core.gap_reader import Gap
from gnuradio.sentinel.gnss.config import GnssSettings
from gnuradio.sentinel.gnss.gain.gain_control import GainChange
from gnuradio.sentinel.gnss.monitor import Step
from gnuradio.sentinel.gnss.snapshots import Snapshots

#: Seconds between two lines of a quiet band.
QUIET_EVERY_S = 60.0


@dataclass
class GnssConsole:
    """Prints and counts the snapshots of a run.

    Parameters
    ----------
    say : callable
        Prints one line.
    """

    say: Callable[[str], None]
    decisions: int = 0
    undecided: int = 0
    detected: int = 0
    events: int = 0
    obstructed: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    _seconds: float = 0.0
    _told_at: float = -math.inf
    _clock: str = ""
    _gains: int = 0
    _gaps: int = 0
    _lost: int = 0

    def banner(
        self,
        settings: GnssSettings,
        source: str,
        rate: float,
        center: float | None,
        gpsd: str,
        controlled: bool = False,
    ) -> None:
        """Print the settings and what follows from them."""
        self.say("GNSS interference monitor")
        self.say(f"  Input:        {source}, {rate / 1e6:g} MS/s")
        if center:
            self.say(f"  Centre:       {center / 1e6:.6f} MHz")
        self.say(
            f"  Features:     {settings.channels} channels of {rate / settings.channels / 1e3:g} kHz, "
            f"{settings.taps_per_channel} taps each, every {settings.snapshot_s:g} s"
        )
        self.say(f"  Receiver:     {gpsd or 'none asked (--gpsd HOST:PORT)'}")
        gain = {"fixed": "fixed", "unknown": "not known", "auto": "as the source tells"}[settings.gain_is]
        self.say(f"  Gain:         {'set by software while it is quiet' if controlled else gain}")
        self.say(f"  False alarms: at most {settings.false_alarms_per_hour:g} per hour of quiet signal")
        self.say("Waiting for data ...")

    def step(self, step: Step, snapshots: Snapshots, index: int) -> None:
        """Count one snapshot, and print a line now and then."""
        self.decisions += 1
        self.undecided += not step.decision.decided
        self.detected += step.second is not None
        self.obstructed += step.verdict.kind == "obstruction"
        here, self._clock = self._seconds, _clock(snapshots, index)
        self._seconds += float(snapshots.sample_count[index]) / snapshots.sample_rate
        changes = step.event is not None and step.event.state in ("open", "closed")
        if not changes and here - self._told_at >= QUIET_EVERY_S and step.decision.decided:
            self._told_at = here
            self.say(f"[{self._clock}]  {_features(step, snapshots, index)}")

    def event(self, event: Event) -> None:
        """Print a revision of an event."""
        if event.state == "closed":
            self.events += 1
            self.labels[event.label] = self.labels.get(event.label, 0) + 1
        self.say(line_of(event))

    def gain(self, change: GainChange) -> None:
        """Say what the gain loop did after the snapshot shown last."""
        self._gains += 1
        self.say(
            f"[{self._clock}]  gain    {change.old_gain_db:g} to {change.new_gain_db:g} dB "
            f"({change.reason})  level {change.level_dbfs:.2f} dBFS, {change.expected_dbfs:.2f} expected"
        )

    def gap(self, gap: Gap) -> None:
        """Count what happened to a live stream, and say what is worth it."""
        self._gaps += gap.kind in ("fill", "cut")
        self._lost += gap.samples if gap.kind in ("fill", "cut") else 0
        if gap.kind in ("cut", "restart", "clock_step"):
            self.say(f"  stream: {gap.kind}, {gap.samples} samples missing")

    def statistics(self) -> None:
        """Print what the run came to."""
        self.say(f"--- Monitoring stopped after {self.decisions} snapshots ({self._seconds:.0f} s) ---")
        names = ", ".join(f"{count} {name}" for name, count in sorted(self.labels.items()))
        self.say(f"  Intervals of interference: {self.events}{' (' + names + ')' if names else ''}")
        self.say(f"  Snapshots with interference: {self.detected}")
        if self.obstructed:
            self.say(f"  Obstructed, spectrum clean:  {self.obstructed}")
        if self.undecided:
            self.say(f"  Not judged, too few samples: {self.undecided}")
        if self._gains:
            self.say(f"  Changes of gain: {self._gains}")
        if self._gaps:
            self.say(f"  Gaps: {self._gaps}, {self._lost} samples missing")


def line_of(event: Event) -> str:
    """One revision of an event in one line."""
    details = event.details
    when = event.time[11:19] if event.time else _hms(event.sample_start / event.sample_rate)
    sure = "" if event.confidence is None else f" {event.confidence:.2f}"
    centre = event.offset_hz if event.freq_hz is None else event.freq_hz
    flags = f"  [{', '.join(event.flags)}]" if event.flags else ""
    state = {"open": "OPENED", "update": "lasts ", "closed": "CLOSED"}[event.state]
    return (
        f"[{when}]  {state}  {event.label}{_cluster(details)}{sure}  {event.duration_s:.0f} s  "
        f"{centre / 1e6:.3f} MHz, {event.bandwidth_hz / 1e3:.0f} kHz wide  J/N {event.snr_db:+.1f} dB  "
        f"C/N0 -{details['cn0_loss_db']:.1f} dB{_power(details)}{flags}"
    )


def _power(details: dict) -> str:
    """What was received of the interference, in the unit that says most."""
    if details.get("power_dbm") is not None:
        return f"  {details['power_dbm']:.1f} dBm"
    return "" if details.get("power_dbfs") is None else f"  {details['power_dbfs']:.1f} dBFS"


def _cluster(details: Mapping[str, Any]) -> str:
    if "cluster" not in details:
        return ""
    return f" (cluster {details['cluster']}{', new' if details['cluster_new'] else ''})"


def _features(step: Step, snapshots: Snapshots, index: int) -> str:
    level = 10 * np.log10(max(float(snapshots.power[index].sum()), 1e-30))
    dbm = None if step.levels is None else step.levels.dbm
    absolute = "" if dbm is None else f" ({dbm:.1f} dBm)"
    low, high = snapshots.kurtosis[index].min(), snapshots.kurtosis[index].max()
    word = "interference" if step.second is not None else "quiet"
    return (
        f"{word}  level {level:.2f} dBFS{absolute}  K {low:.2f}..{high:.2f}  "
        f"H {snapshots.entropy[index]:.3f} bit  "
        f"score {step.decision.score:.1f} (threshold {step.decision.threshold:.1f})"
    )


def _clock(snapshots: Snapshots, index: int) -> str:
    """UTC of a snapshot, or its place in the recording where that has no clock."""
    time_s = float(snapshots.time_s[index])
    if np.isfinite(time_s):
        return datetime.fromtimestamp(time_s, UTC).strftime("%H:%M:%S")
    return _hms(snapshots.sample_start[index] / snapshots.sample_rate)


def _hms(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
