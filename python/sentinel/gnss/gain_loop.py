# SPDX-License-Identifier: GPL-3.0-or-later
"""The gain loop at a live source: what the monitor makes of each snapshot in, commands to the radio out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict

from ..core.errors import InputError
from ..core.settings import setting
from . import evidence
from .gain_control import GainChange, GainControl, GainMemory, GainSettings, apply_change
from .monitor import Step
from .snapshots import Snapshots


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
    settings : GainLoopSettings
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
        settings: GainLoopSettings = GainLoopSettings(),
        snapshot_s: float = 1.0,
        *,
        memory: GainMemory | None = None,
        on_change: Callable[[GainChange], None] | None = None,
    ) -> None:
        if not source.can_set_gain:
            raise InputError(
                f"{source.spec.text}: is no radio whose gain can be set; leave gain control out"
            )
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
        self.control = GainControl(gains_db, gain_db, settings.of_snapshots(snapshot_s), memory)
        self.changes = 0
        self._told_db = math.nan

    @property
    def memory(self) -> GainMemory | None:
        """To go on from, for the loop of the same radio opened again."""
        return self.control.memory

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
        if self.on_change is not None:
            self.on_change(change)
        return change

    def _level(self, step: Step, snapshots: Snapshots, index: int) -> float | None:
        """Of a snapshot that was received whole at the present gain; of another it says nothing."""
        damaged = snapshots.filled_share[index] > 0 or snapshots.lost_samples[index] > 0
        # The first snapshot that tells a new gain holds samples of the one before as well.
        before_db, self._told_db = self._told_db, float(snapshots.gain_db[index])
        other_gain = any(abs(told_db - self.control.gain_db) > 0.05 for told_db in (before_db, self._told_db))
        if damaged or other_gain or not step.judgement.decided:
            return None
        return None if step.levels is None else step.levels.dbfs


def _now_s(snapshots: Snapshots, index: int) -> float:
    """POSIX time of a snapshot; a radio without a clock gives samples of just now."""
    time_s = float(snapshots.time_s[index])
    return time_s if math.isfinite(time_s) else time.time()
