# SPDX-License-Identifier: GPL-3.0-or-later
"""How strong it is in absolute terms: levels of snapshots and intervals, in dBFS and, calibrated, in dBm."""

from __future__ import annotations

import logging
import math
import os
from dataclasses import dataclass

from ..snapshots import Snapshots
from .gain_control import level_dbfs
from .power_calibration import PowerCalibration, read_power_calibration

log = logging.getLogger("gnuradio.sentinel.gnss.power")

#: Flag of events whose power in dBm goes beyond the points of the calibration.
EXTRAPOLATED = "power_extrapolated"


@dataclass(frozen=True)
class Levels:
    """One snapshot.

    Attributes
    ----------
    total : float
        Mean power of all that was received, full scale 1; NaN where nothing was measured.
    interference : float
        Of it what lies over the receiver's reference; 0 in quiet.
    full_scale_dbm : float
        Power at the antenna at which the level is 0 dBFS; NaN where not known.
    extrapolated : bool
        Frequency or gain lie beyond the points of the calibration.
    """

    total: float
    interference: float = 0.0
    full_scale_dbm: float = math.nan
    extrapolated: bool = False

    @property
    def dbfs(self) -> float | None:
        """Of all that was received; None where nothing was measured."""
        return level_dbfs(self.total)

    @property
    def dbm(self) -> float | None:
        """Likewise; None also without a calibration, a gain or a frequency."""
        return (
            None if self.dbfs is None or math.isnan(self.full_scale_dbm) else self.dbfs + self.full_scale_dbm
        )


class PowerMeter:
    """Levels of snapshots.

    Parameters
    ----------
    calibration : PowerCalibration or path, optional
        Without it there is no dBm.
    center_freq : float, optional
        Hz, where the snapshots do not tell.

    Raises
    ------
    InputError
        If the file cannot be read, see `read_power_calibration`.
    """

    def __init__(
        self,
        calibration: PowerCalibration | str | os.PathLike | None = None,
        center_freq: float | None = None,
    ) -> None:
        self.calibration = opened_calibration(calibration)
        self.center_freq = center_freq or None
        self._complained = False

    def levels(self, snapshots: Snapshots, index: int, interference: float = 0.0) -> Levels:
        """Levels of one snapshot, of which this mean power is interference."""
        total = float(snapshots.power[index].sum()) if snapshots.rows[index] > 0 else math.nan
        calibration, center = self.calibration, snapshots.center_freq or self.center_freq
        if calibration is None:
            return Levels(total, interference)
        gain_db = float(snapshots.gain_db[index])
        if not math.isfinite(gain_db) or center is None:
            self._complain(center is None)
            return Levels(total, interference)
        power = calibration.power(0.0, center, gain_db)
        return Levels(total, interference, power.dbm, power.extrapolated)

    def _complain(self, frequency: bool) -> None:
        if self._complained:
            return
        self._complained = True
        missing, remedy = (
            ("centre frequency", "give --center-freq")
            if frequency
            else (
                "gain",
                "set a radio's with --gain, a recording tells it by sentinel:gain_db in its captures",
            )
        )
        log.warning(f"the {missing} is not known, so there is no power in dBm; {remedy}")


class LevelSums:
    """Mean levels of an interval, from those of its detected snapshots."""

    def __init__(self) -> None:
        self._count = 0
        self._total = self._interference = 0.0
        self._total_mw = self._interference_mw = 0.0
        self._calibrated = True
        self.extrapolated = False

    def add(self, levels: Levels) -> None:
        """One more detected snapshot."""
        self._count += 1
        self._total += levels.total
        self._interference += levels.interference
        milliwatts = 10 ** (levels.full_scale_dbm / 10)
        # Each with its own gain, which may have stepped within the interval.
        self._total_mw += milliwatts * levels.total
        self._interference_mw += milliwatts * levels.interference
        self._calibrated &= not math.isnan(milliwatts)
        self.extrapolated |= levels.extrapolated

    def details(self) -> dict[str, float | None]:
        """`power_dbfs`, `level_dbfs` of interference and of all; `power_dbm`, `level_dbm`, if known."""
        return {
            "power_dbfs": self._mean_db(self._interference),
            "level_dbfs": self._mean_db(self._total),
            "power_dbm": self._mean_db(self._interference_mw) if self._calibrated else None,
            "level_dbm": self._mean_db(self._total_mw) if self._calibrated else None,
        }

    def _mean_db(self, power: float) -> float | None:
        return level_dbfs(power / self._count) if self._count else None


def opened_calibration(
    calibration: PowerCalibration | str | os.PathLike | None,
) -> PowerCalibration | None:
    """A calibration that is given as such or as a file; None of none or an empty name. Raises InputError."""
    if calibration is None or isinstance(calibration, PowerCalibration):
        return calibration
    name = os.fspath(calibration)
    return read_power_calibration(name) if name else None
