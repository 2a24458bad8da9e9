# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibration of the radio's gain in software, from one level a second, as long as there is no interference.

    level [dBFS] = input [dB] + gain [dB],    new gain: the one whose expected level is nearest to the target

The loop acts on quiet seconds only and stops under attack. A slow ramp of noise must not be learnt as the
new normal: after the first calibration the gain stays within a range around a reference that itself moves
by no more than a decibel a day. What the loop then no longer corrects is left for the detector to see.
"""

from __future__ import annotations

import logging
import math
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ...core.errors import InputError
from ...core.utc import text_from_microseconds

log = logging.getLogger("gnuradio.sentinel.gnss.gain")

_DAY_S = 86400.0
#: A radio that does not settle within so many changes is taken as it is.
_MAX_CALIBRATING_CHANGES = 10
#: Level of noise of one step of an 8-bit converter; below, its rounding is part of what is measured.
_ROUNDING_DBFS = -39.0


@dataclass(frozen=True)
class GainSettings:
    """How the loop acts.

    Attributes
    ----------
    target_dbfs : float
        Mean power of I and Q together; -21 dBFS is noise of 8 steps of an 8-bit converter, which leaves
        21 dB for a carrier.
    dead_band_db : float
        Distance from the target that is left alone; at least 0.75 of the tuner's largest step, so that no
        step leads from one side of the band to the other.
    quiet_s : int
        Seconds without interference, gaps and changes of gain over which the level is taken (median).
    interval_s : float
        Least time between two changes once it is calibrated.
    largest_step_db : float
        Of one change once it is calibrated.
    excursion_db : float
        From the reference, up or down.
    reference_db_per_day : float
        How fast the reference follows the gain.
    saturated_share : float
        Share of clipped samples from which the level counts as too high whatever it is.
    """

    target_dbfs: float = -21.0
    dead_band_db: float = 3.0
    quiet_s: int = 10
    interval_s: float = 60.0
    largest_step_db: float = 6.0
    excursion_db: float = 6.0
    reference_db_per_day: float = 1.0
    saturated_share: float = 1e-3

    def __post_init__(self) -> None:
        if not (math.isfinite(self.target_dbfs) and self.target_dbfs < 0):
            raise InputError(f"gain target {self.target_dbfs:g} dBFS must be below 0; give for instance -21")
        for name in ("dead_band_db", "quiet_s", "largest_step_db", "excursion_db", "saturated_share"):
            if not getattr(self, name) > 0:
                raise InputError(f"gain setting {name} {getattr(self, name):g} must be above 0; give more")
        for name in ("interval_s", "reference_db_per_day"):
            if not getattr(self, name) >= 0:
                raise InputError(f"gain setting {name} {getattr(self, name):g} must be 0 or more; give more")


@dataclass(frozen=True)
class GainChange:
    """One change, for the log and the event store.

    Attributes
    ----------
    time_s : float
        POSIX, of the second that led to it.
    old_gain_db, new_gain_db : float
    level_dbfs, expected_dbfs : float
        Before, and what the new gain implies.
    reason : {"calibration", "level", "saturation"}
    """

    time_s: float
    old_gain_db: float
    new_gain_db: float
    level_dbfs: float
    expected_dbfs: float
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """For a JSON line: the fields, `kind`, and the time as ISO 8601."""
        return {
            "kind": "gain_change",
            "time": text_from_microseconds(round(self.time_s * 1e6)),
            **asdict(self),
        }


@dataclass(frozen=True)
class GainMemory:
    """What outlives a restart: the calibrated reference, and when it was moved last (POSIX)."""

    reference_db: float
    moved_s: float


class GainControl:
    """The loop. `update` once a second, then set the gain that it gives, and say so with `granted`.

    Parameters
    ----------
    gains_db : sequence of float
        Those the radio has.
    gain_db : float
        In force now.
    settings : GainSettings
    memory : GainMemory, optional
        Of the last run; without it the loop calibrates first.

    Raises
    ------
    InputError
        Without any gain to choose from.
    """

    def __init__(
        self,
        gains_db: Sequence[float],
        gain_db: float,
        settings: GainSettings = GainSettings(),
        memory: GainMemory | None = None,
    ) -> None:
        self.gains_db = tuple(sorted({float(gain) for gain in gains_db}))
        if not self.gains_db:
            raise InputError("the radio tells no gains to choose from; set one with --gain")
        self.settings = settings
        self.gain_db = float(gain_db)
        self.state = "calibrating" if memory is None else "watching"
        self._memory = memory
        steps = [high - low for low, high in zip(self.gains_db, self.gains_db[1:], strict=False)]
        self.dead_band_db = max(settings.dead_band_db, 0.75 * max(steps, default=0.0))
        self._levels: deque[float] = deque(maxlen=settings.quiet_s)
        self._saturated: deque[float] = deque(maxlen=settings.quiet_s)
        self._changed_s = -math.inf
        self._expected_dbfs: float | None = None
        self._before_dbfs = 0.0
        self._held = False
        self._misses = 0
        self._calibrating_changes = 0

    @property
    def memory(self) -> GainMemory | None:
        """To keep for the next run; None while calibrating."""
        return self._memory

    def update(
        self, time_s: float, level_dbfs: float | None, saturated_share: float | None, interference: bool
    ) -> GainChange | None:
        """Take one second; the change to make now, if any.

        Parameters
        ----------
        time_s : float
            POSIX time of the second.
        level_dbfs : float or None
            Mean power in it; None where it was not measured (lost samples, a change of gain within).
        saturated_share : float or None
            None where the type does not show it.
        interference : bool
            What the detector decided. True stops the loop for `quiet_s` from then on.
        """
        if interference or level_dbfs is None or not math.isfinite(level_dbfs):
            self._forget_levels()
            return None
        self._levels.append(level_dbfs)
        self._saturated.append(saturated_share or 0.0)
        if len(self._levels) < self.settings.quiet_s or self.state == "stuck":
            return None
        level = statistics.median(self._levels)
        if not self._followed(level):
            return None
        self._move_reference(time_s)
        saturated = statistics.median(self._saturated) >= self.settings.saturated_share
        too_far = abs(level - self.settings.target_dbfs) > self.dead_band_db
        if not (too_far or saturated):
            self._held = False
            if self.state == "calibrating":
                self._calibrated(time_s)
            return None
        if self.state != "calibrating" and time_s - self._changed_s < self.settings.interval_s:
            return None
        return self._change(time_s, level, saturated)

    def granted(self, gain_db: float) -> None:
        """What the radio granted of the last change, where it is another gain than was asked."""
        if self._expected_dbfs is not None:
            self._expected_dbfs += gain_db - self.gain_db
        self.gain_db = float(gain_db)

    def _forget_levels(self) -> None:
        self._levels.clear()
        self._saturated.clear()

    def _followed(self, level: float) -> bool:
        """Whether the level went where the last change sent it; if not, the gain is not in our hands."""
        expected, self._expected_dbfs = self._expected_dbfs, None
        if expected is None:
            return True
        # Close to full scale levels do not add up, nor do those of a step of the converter and less.
        moved = (level - self._before_dbfs) * math.copysign(1.0, expected - self._before_dbfs)
        rounded = moved > 1.0 and min(level, self._before_dbfs) < _ROUNDING_DBFS
        if rounded or max(level, expected) > -10.0 or abs(level - expected) <= self.dead_band_db:
            self._misses = 0
            return True
        self._misses += 1
        if self._misses < 2:  # the input may have changed at that very moment, but not twice
            return True
        self.state = "stuck"
        log.warning(
            "the level does not follow the gain: %.1f dBFS at %g dB where %.1f were expected; the gain stays",
            level,
            self.gain_db,
            expected,
        )
        return False

    def _move_reference(self, time_s: float) -> None:
        memory = self._memory
        if memory is None:
            return
        room = self.settings.reference_db_per_day * max(time_s - memory.moved_s, 0.0) / _DAY_S
        step = min(max(self.gain_db - memory.reference_db, -room), room)
        self._memory = GainMemory(memory.reference_db + step, max(time_s, memory.moved_s))

    def _calibrated(self, time_s: float) -> None:
        self.state = "watching"
        self._memory = GainMemory(self.gain_db, time_s)
        log.info("gain calibrated: %g dB, level %.1f dBFS", self.gain_db, statistics.median(self._levels))

    def _change(self, time_s: float, level: float, saturated: bool) -> GainChange | None:
        gain = self._choose(level, saturated)
        self._calibrating_changes += self.state == "calibrating"
        if gain is None or gain == self.gain_db or self._calibrating_changes > _MAX_CALIBRATING_CHANGES:
            self._calibrating_changes = 0
            if self.state == "calibrating":
                self._calibrated(time_s)  # the best there is
            elif not self._held:
                self._held = True
                log.warning(
                    "level %.1f dBFS at %g dB is off its target; the gain stays within %g dB of %.1f dB",
                    level,
                    self.gain_db,
                    self.settings.excursion_db,
                    self._memory.reference_db,
                )
            return None
        reason = "calibration" if self.state == "calibrating" else "saturation" if saturated else "level"
        change = GainChange(time_s, self.gain_db, gain, level, level + gain - self.gain_db, reason)
        log.info(
            f"gain {change.old_gain_db:g} to {change.new_gain_db:g} dB ({reason}): level "
            f"{level:.1f} dBFS, expected {change.expected_dbfs:.1f} dBFS"
        )
        self.gain_db = gain
        self._changed_s = time_s
        self._expected_dbfs, self._before_dbfs = change.expected_dbfs, level
        self._forget_levels()
        return change

    def _choose(self, level: float, saturated: bool) -> float | None:
        """The gain whose level comes nearest to the target, within what is allowed."""
        settings = self.settings
        allowed = self.gains_db
        if self._memory is not None:
            reference = self._memory.reference_db
            # A gain that was set by hand comes back at once, whatever step that takes.
            astray = abs(self.gain_db - reference) > settings.excursion_db
            largest = math.inf if astray else settings.largest_step_db
            allowed = [
                gain
                for gain in allowed
                if abs(gain - reference) <= settings.excursion_db and abs(gain - self.gain_db) <= largest
            ]
        wanted = self.gain_db + settings.target_dbfs - level
        if saturated:
            # The level is more than it looks: down by what the dead band is at least.
            wanted = min(wanted, self.gain_db - self.dead_band_db)
            allowed = [gain for gain in allowed if gain < self.gain_db]
        return min(allowed, key=lambda gain: abs(gain - wanted), default=None)


def apply_change(change: GainChange, control: GainControl, source: Any) -> float:
    """Set the gain of a change on a live source and tell the loop what was granted, dB."""
    granted_db = source.set_gain(change.new_gain_db)
    control.granted(granted_db)
    return granted_db


def level_dbfs(mean_power: float) -> float | None:
    """Mean power of samples of full scale 1 in dBFS; None for silence."""
    return 10 * math.log10(mean_power) if mean_power > 0 else None
