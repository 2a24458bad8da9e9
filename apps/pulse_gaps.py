# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines about gaps that the pulse command prints, in the published detector's form, and their count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gnuradio.sentinel.core.gap_reader import Gap
from gnuradio.sentinel.pulse.plan import Group

#: What makes the detector begin anew.
RESETS = ("cut", "clock_step", "restart")
#: What is counted and shown at the end only.
PACKETS = ("late", "duplicate", "reordered")


@dataclass
class GapLines:
    """Counts gaps and words them.

    Parameters
    ----------
    limit_s : float
        Gaps below it are filled.
    cycle_samples, decimation : int
        Of the first tag's cycle, in input samples, and input samples per sample of its channel.
    """

    limit_s: float = 0.03
    cycle_samples: int = 1
    decimation: int = 1
    counts: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    _segment_start: int = 0

    @classmethod
    def of(cls, groups: tuple[Group, ...], limit_s: float | None = None) -> GapLines:
        """For the detector of these groups; gaps below twice the shortest pulse are filled if not told."""
        group = groups[0]
        windows = group.geometry(group.watches[0]).cycle_windows
        limit_s = gap_limit_s(groups) if limit_s is None else limit_s
        return cls(limit_s, windows * group.hop * group.decimation, group.decimation)

    def of_gap(self, gap: Gap) -> Iterator[str]:
        """Count one happening and give its lines."""
        self.counts[gap.kind] = self.counts.get(gap.kind, 0) + 1
        if gap.kind == "fill":
            yield (
                f"GAP < THRESHOLD: {gap.seconds * 1e3:.1f} ms (< {self.limit_s * 1e3:.1f} ms) - "
                f"zero-filling {gap.samples} samples"
            )
        elif gap.kind in RESETS:
            yield ""
            yield f"*** {self._reason(gap)} ***"
            yield f"    Discarding {self._gathered(gap.place)} buffered samples and resetting segment"
            if gap.kind != "restart":
                yield f"    Expected packet after {gap.expected_s * 1e3:.1f} ms, got {gap.got_s * 1e3:.1f} ms"
            yield ""
            self._segment_start = 0 if gap.kind == "restart" else gap.place + gap.samples
        elif gap.kind == "clock_deficit":
            self.lost += gap.samples
            yield f"LOST: about {gap.samples} samples in the last minute, by the clock"
        elif gap.kind == "rate_change":
            dropped = self._gathered(gap.place)
            yield f"RATE CHANGE: the sender announced another sample rate, {dropped} samples dropped"
            self._segment_start = gap.place

    def statistics(self) -> Iterator[str]:
        """Lines for the end of a run."""
        filled = self.counts.get("fill", 0)
        resets = sum(self.counts.get(kind, 0) for kind in RESETS)
        yield f"  Zero-filled gaps:  {filled} (< {self.limit_s * 1e3:.1f} ms)"
        yield f"  Reset gaps:        {resets} (≥ {self.limit_s * 1e3:.1f} ms, segments discarded)"
        yield f"  Total gap events:  {filled + resets}"
        packets = [f"{self.counts[kind]} {kind}" for kind in PACKETS if kind in self.counts]
        if packets:
            yield f"  Packets:           {', '.join(packets)}"
        if self.lost:
            yield f"  Lost by the clock: about {self.lost} samples"

    def _reason(self, gap: Gap) -> str:
        if gap.kind == "restart":
            return "SENDER RESTARTED: a new stream"
        if gap.kind == "clock_step":
            return f"CLOCK STEP: {gap.seconds * 1e3:+.1f} ms"
        return f"GAP ≥ RESET THRESHOLD: {gap.seconds * 1e3:.1f} ms (≥{self.limit_s * 1e3:.1f} ms)"

    def _gathered(self, place: int) -> int:
        """Samples of the channel since the last whole cycle."""
        return max(0, place - self._segment_start) % self.cycle_samples // self.decimation


def gap_limit_s(groups: tuple[Group, ...]) -> float:
    """Twice the shortest pulse: what shorter gaps leave of a pulse can still be summed."""
    return 2 * min(watch.settings.pulse_width_s for group in groups for watch in group.watches)
