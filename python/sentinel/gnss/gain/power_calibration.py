# SPDX-License-Identifier: GPL-3.0-or-later
"""Absolute power: what 0 dBFS is in dBm, from a calibration file of points over frequency and gain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ...core.errors import InputError
from ...core.units import parse_frequency

_POINT_KEYS = {"freq", "gain_db", "dbm_at_0dbfs"}
_TOP_KEYS = {"receiver", "points"}
MAX_POINTS = 100_000


@dataclass(frozen=True)
class Power:
    """A level in absolute terms.

    Attributes
    ----------
    dbm : float
    extrapolated : bool
        The frequency or the gain lies outside of the points.
    """

    dbm: float
    extrapolated: bool


@dataclass(frozen=True)
class PowerCalibration:
    """Points of a receiver, by frequency: gains ascending and dBm at 0 dBFS of each.

    Attributes
    ----------
    receiver : str
    freqs_hz : tuple of float
        Ascending.
    gains_db, dbm : tuple of tuple of float
        For each frequency.
    """

    receiver: str
    freqs_hz: tuple[float, ...]
    gains_db: tuple[tuple[float, ...], ...]
    dbm: tuple[tuple[float, ...], ...]

    def power(self, level_dbfs: float, freq_hz: float, gain_db: float) -> Power:
        """The power of a level at a frequency and a gain.

        Linear between points, in gain and then in frequency. Beyond the gains each decibel of gain counts
        as one; beyond the frequencies the nearest one holds.
        """
        at_gain = [_at_gain(gain_db, *row) for row in zip(self.gains_db, self.dbm, strict=True)]
        full_scale = float(np.interp(freq_hz, self.freqs_hz, [dbm for dbm, _ in at_gain]))
        # Those that the frequency lies between decide.
        place = int(np.searchsorted(self.freqs_hz, freq_hz))
        beside = at_gain[max(place - 1, 0) : place + 1]
        outside = not self.freqs_hz[0] <= freq_hz <= self.freqs_hz[-1]
        return Power(level_dbfs + full_scale, outside or any(beyond for _, beyond in beside))


def _at_gain(gain_db: float, gains_db: tuple[float, ...], dbm: tuple[float, ...]) -> tuple[float, bool]:
    nearest = min(max(gain_db, gains_db[0]), gains_db[-1])
    # More gain: 0 dBFS is reached by that much less power.
    return float(np.interp(nearest, gains_db, dbm)) - (gain_db - nearest), gain_db != nearest


def read_power_calibration(path: str | Path) -> PowerCalibration:
    """Read a calibration file.

    ::

        receiver: NESDR SMArt v4, serial 12345678
        points:
          - {freq: 1575.42M, gain_db: 29.7, dbm_at_0dbfs: -46.3}
          - {freq: 1575.42M, gain_db: 40.2, dbm_at_0dbfs: -56.5}

    Raises
    ------
    InputError
        Unreadable, no YAML, unknown or missing keys, values that are no numbers, a point given twice; with
        file and line or point.
    """
    content = _load(path)
    unknown = sorted(map(str, content.keys() - _TOP_KEYS))
    if unknown:
        raise InputError(f"{path}: key {unknown[0]!r} is unknown; known are receiver and points")
    entries = content.get("points")
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_POINTS:
        raise InputError(f"{path}: a calibration file has the key `points` with a list of points")
    points: dict[float, dict[float, float]] = {}
    for number, entry in enumerate(entries, 1):
        freq, gain, dbm = _point(f"{path}: point {number}", entry)
        row = points.setdefault(freq, {})
        if gain in row:
            raise InputError(
                f"{path}: point {number}: {freq:.10g} Hz at {gain:g} dB is given twice; keep one"
            )
        row[gain] = dbm
    freqs = sorted(points)
    return PowerCalibration(
        receiver=str(content.get("receiver") or ""),
        freqs_hz=tuple(freqs),
        gains_db=tuple(tuple(sorted(points[freq])) for freq in freqs),
        dbm=tuple(tuple(points[freq][gain] for gain in sorted(points[freq])) for freq in freqs),
    )


def _load(path: str | Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; check the file's name") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InputError(f"{path}{line}: not YAML: {problem}; mend it") from None
    except RecursionError:
        raise InputError(f"{path}: nested too deeply; is it a calibration file?") from None
    except ValueError as error:  # no text, or a date that is none
        raise InputError(f"{path}: cannot be read as text: {error}; is it a calibration file?") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: a calibration file has the key `points` with a list of points")
    return content


def _point(place: str, entry: Any) -> tuple[float, float, float]:
    if not isinstance(entry, dict) or entry.keys() != _POINT_KEYS:
        raise InputError(f"{place}: must have exactly the keys {', '.join(sorted(_POINT_KEYS))}")
    freq = parse_frequency(entry["freq"], f"{place}: freq")
    if freq <= 0:
        raise InputError(f"{place}: freq {freq:g} Hz must be above 0; write it in Hz, for instance 1575.42M")
    return (
        freq,
        _decibel(place, "gain_db", entry["gain_db"]),
        _decibel(place, "dbm_at_0dbfs", entry["dbm_at_0dbfs"]),
    )


def _decibel(place: str, key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{place}: {key} {value!r} is no number of dB; write for instance -46.3")
    return float(value)
