# SPDX-License-Identifier: GPL-3.0-or-later
"""The gain loop at a live source: what the monitor makes of each snapshot in, commands to the radio out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict

from ...core.errors import InputError
from ...core.settings import setting
from ..monitor import Step
from ..receiver import evidence
from ..snapshots import Snapshots
from .gain_control import GainChange, GainControl, GainMemory, GainSettings, apply_change, level_dbfs

#: Gains that differ by less are the same: tags are rounded to single precision on their way.
_SAME_DB = 0.05
#: A change is in force when the level is so near to the expected one, or after so long.
_FOLLOWS_DB, _SETTLE_S = 1.5, 3.0


class GainLoopSettings(BaseModel):
    """What a user may want to set of the gain loop; `gain_control.GainSettings` holds the rest."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    target_dbfs: float = setting(
        -21.0,
        "Level that --gain-control aims at; -21 is noise of 8 steps of an 8-bit converter",
        "dBFS",
        "--gain-target",
        ge=-60,
        le=-3,
    )
    quiet_s: float = setting(
        10.0, "Quiet time over which it takes the level", "s", "--gain-quiet", ge=3, le=600
    )
    interval_s: float = setting(
        60.0, "Least time between its changes once calibrated", "s", "--gain-interval", ge=0, le=86400
    )
    excursion_db: float = setting(
        6.0,
        "How far it goes from the calibrated gain; the rest is for the detector to see",
        "dB",
        "--gain-excursion",
        gt=0,
        le=40,
    )

    def of_snapshots(self, snapshot_s: float) -> GainSettings:
        """Settings of the loop, which counts snapshots."""
        return GainSettings(
            target_dbfs=self.target_dbfs,
            quiet_s=max(3, round(self.quiet_s / snapshot_s)),
            interval_s=self.interval_s,
            excursion_db=self.excursion_db,
        )


class GainLoop:
    """Keeps the level of a radio while there is no interference; `step` it with each snapshot.

    A radio whose gain is automatic is set to one in the middle of its range first.

    Parameters
    ----------
    source : source
        Live, a radio.
    settings : GainLoopSettings, optional
    snapshot_s : float
    memory : GainMemory, optional
        Of a loop before.
    on_change : callable, optional
        Called with each change once it is made.

    Raises
    ------
    InputError
        If the gain of the source cannot be set, or its driver tells no gains to choose from.
    """

    def __init__(
        self,
        source: Any,
        settings: GainLoopSettings | None = None,
        snapshot_s: float = 1.0,
        *,
        memory: GainMemory | None = None,
        on_change: Callable[[GainChange], None] | None = None,
    ) -> None:
        if not source.can_set_gain:
            raise InputError(f"{source.spec.text}: is no radio whose gain can be set; leave gain control out")
        gains_db = source.gains_db
        if not gains_db:
            raise InputError(
                f"{source.spec.text}: the driver tells no gains to choose from; set one with --gain and "
                "leave gain control out"
            )
        gain_db = source.gain_db
        if gain_db is None:
            gain_db = source.set_gain(gains_db[len(gains_db) // 2])
        self.source = source
        self.on_change = on_change
        settings = settings or GainLoopSettings()
        self.control = GainControl(gains_db, gain_db, settings.of_snapshots(snapshot_s), memory)
        self.changes = 0
        self._snapshot_s = snapshot_s
        self._settling: GainChange | None = None
        self._settled_s = 0.0
        self._new_reference = False

    @property
    def memory(self) -> GainMemory | None:
        """To go on from, for the loop of the same radio opened again."""
        return self.control.memory

    def is_whole(self, snapshots: Snapshots, index: int) -> bool:
        """Whether a snapshot was received at one gain: not while a change comes into force.

        The tag comes with the first samples behind the command; those on their way have the gain before.
        Call it once with each snapshot, before it is judged.
        """
        change, told_db = self._settling, float(snapshots.gain_db[index])
        if change is None or abs(told_db - change.new_gain_db) > _SAME_DB:
            return True
        level = level_dbfs(float(snapshots.power[index].sum()))
        follows = level is not None and abs(level - change.expected_dbfs) < _FOLLOWS_DB
        if self._settled_s > 0 and (follows or self._settled_s >= _SETTLE_S):
            self._settling = None
            self._new_reference = change.reason != "level"
            return True
        self._settled_s += self._snapshot_s
        return False

    def takes_new_reference(self) -> bool:
        """Whether what was learned of the receiver ends here, once: it was too weak, or saturated."""
        renew, self._new_reference = self._new_reference, False
        return renew

    def step(self, step: Step, snapshots: Snapshots, index: int) -> GainChange | None:
        """Take what was made of a snapshot; the change that was made of the gain, if any."""
        disturbed = step.follows is not None or step.verdict.kind == evidence.INTERFERENCE
        saturated = float(snapshots.saturated_share[index])
        change = self.control.update(
            _now_s(snapshots, index),
            self._level(step, snapshots, index),
            None if math.isnan(saturated) else saturated,
            disturbed,
        )
        if change is None:
            return None
        granted_db = apply_change(change, self.control, self.source)
        if granted_db != change.new_gain_db:
            expected_dbfs = change.expected_dbfs + granted_db - change.new_gain_db
            change = replace(change, new_gain_db=granted_db, expected_dbfs=expected_dbfs)
        self.changes += 1
        self._settling, self._settled_s = change, 0.0
        if self.on_change is not None:
            self.on_change(change)
        return change

    def _level(self, step: Step, snapshots: Snapshots, index: int) -> float | None:
        """Of a snapshot that was received whole at the present gain; of another it says nothing."""
        damaged = snapshots.filled_share[index] > 0 or snapshots.lost_samples[index] > 0
        other_gain = abs(float(snapshots.gain_db[index]) - self.control.gain_db) > _SAME_DB
        if damaged or other_gain or not step.judgement.decided:
            return None
        return None if step.levels is None else step.levels.dbfs


def _now_s(snapshots: Snapshots, index: int) -> float:
    """POSIX time of a snapshot; a radio without a clock gives samples of just now."""
    time_s = float(snapshots.time_s[index])
    return time_s if math.isfinite(time_s) else time.time()
