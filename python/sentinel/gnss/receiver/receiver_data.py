# SPDX-License-Identifier: GPL-3.0-or-later
"""What a GNSS receiver says of itself at one moment, read from the messages of gpsd.

Every value that a message leaves out is None: gpsd drops keys as the fix is lost, and an old value in their
place would show a position that the receiver no longer has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

#: A state older than this says nothing of now, s: receivers report each second, gpsd passes it on at once.
STALE_AFTER_S = 3.0
#: Constellation by `gnssid`, as u-blox and gpsd number them.
CONSTELLATIONS = ("GPS", "SBAS", "Galileo", "BeiDou", "IMES", "QZSS", "GLONASS", "NavIC")
#: Satellites that one message may name; more is no sky but a fault.
MAX_SATELLITES = 256
#: Largest AGC count of u-blox MON-RF.
_AGC_FULL = 8191


@dataclass(frozen=True)
class Satellite:
    """One satellite in view.

    Attributes
    ----------
    prn : int or None
        As gpsd numbers it over all constellations.
    gnssid, svid, sigid : int or None
        Constellation, number within it, and signal, in u-blox numbering.
    cn0_db_hz : float or None
        None while it is not tracked.
    elevation_deg, azimuth_deg : float or None
    used : bool
        In the fix.
    """

    prn: int | None = None
    gnssid: int | None = None
    svid: int | None = None
    sigid: int | None = None
    cn0_db_hz: float | None = None
    elevation_deg: float | None = None
    azimuth_deg: float | None = None
    used: bool = False

    @property
    def constellation(self) -> str | None:
        """`GPS`, `Galileo`, .. or None where the message does not tell."""
        known = self.gnssid is not None and 0 <= self.gnssid < len(CONSTELLATIONS)
        return CONSTELLATIONS[self.gnssid] if known else None

    @property
    def key(self) -> tuple[int | None, ...]:
        """The same for the same signal of the same satellite in every message."""
        return (self.gnssid, self.prn if self.svid is None else self.svid, self.sigid)


@dataclass(frozen=True)
class Dilution:
    """Dilution of precision: horizontal, vertical, position, time, geometric, east-west, north-south."""

    horizontal: float | None = None
    vertical: float | None = None
    position: float | None = None
    time: float | None = None
    geometric: float | None = None
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True)
class FrontEnd:
    """What the receiver tells of its input, as u-blox does in MON-RF and MON-HW. NMEA has none of it.

    Attributes
    ----------
    agc : float or None
        Share of its range that the AGC is at, 0 to 1; falls as the input's power rises.
    jamming : float or None
        The receiver's own indicator, 0 (none) to 1.
    noise : float or None
        Noise level in the receiver's units.
    """

    agc: float | None = None
    jamming: float | None = None
    noise: float | None = None


@dataclass(frozen=True)
class ReceiverState:
    """One epoch of a receiver.

    Attributes
    ----------
    received_s : float or None
        POSIX time at which its first message came; None when read from a log.
    time_s : float or None
        POSIX time of the epoch by the receiver; None while it knows none.
    device : str or None
    mode : int or None
        0 not told, 1 no fix, 2 and 3 dimensions; None without a report.
    status : int or None
        Kind of the fix as gpsd numbers it: 1 plain, 2 differential, ..
    latitude_deg, longitude_deg, altitude_hae_m, altitude_msl_m : float or None
        Altitude above ellipsoid and above mean sea level.
    speed_m_s, track_deg, climb_m_s : float or None
    time_error_s, x_error_m, y_error_m, horizontal_error_m, vertical_error_m : float or None
        Expected, as gpsd estimates them: ept, epx, epy, eph, epv.
    speed_error_m_s, track_error_deg, climb_error_m_s, position_error_m : float or None
        eps, epd, epc, sep.
    latitude_error_m, longitude_error_m, altitude_error_m, range_rms_m : float or None
        Standard deviations by the receiver itself (NMEA GST).
    dilution : Dilution
    satellites : tuple of Satellite
        In view.
    satellites_in_view, satellites_used : int or None
        Counts; None without a sky report.
    front_end : FrontEnd
    fix_age_s, sky_age_s : float or None
        By how much fix and sky are older than the epoch, where it brought none of its own.
    age_s : float or None
        From this epoch to the end of the interval it was asked for.
    stale : bool
        Too old to say anything: then all values above are None or empty, but time, arrival and device.
    """

    received_s: float | None = None
    time_s: float | None = None
    device: str | None = None
    mode: int | None = None
    status: int | None = None
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    altitude_hae_m: float | None = None
    altitude_msl_m: float | None = None
    speed_m_s: float | None = None
    track_deg: float | None = None
    climb_m_s: float | None = None
    time_error_s: float | None = None
    x_error_m: float | None = None
    y_error_m: float | None = None
    horizontal_error_m: float | None = None
    vertical_error_m: float | None = None
    speed_error_m_s: float | None = None
    track_error_deg: float | None = None
    climb_error_m_s: float | None = None
    position_error_m: float | None = None
    latitude_error_m: float | None = None
    longitude_error_m: float | None = None
    altitude_error_m: float | None = None
    range_rms_m: float | None = None
    dilution: Dilution = Dilution()
    satellites: tuple[Satellite, ...] = ()
    satellites_in_view: int | None = None
    satellites_used: int | None = None
    front_end: FrontEnd = FrontEnd()
    fix_age_s: float | None = None
    sky_age_s: float | None = None
    age_s: float | None = None
    stale: bool = False

    @property
    def has_fix(self) -> bool:
        """Whether it has a position now."""
        return not self.stale and self.mode is not None and self.mode >= 2

    @property
    def mean_cn0_db_hz(self) -> float | None:
        """Of the satellites in the fix; None without any."""
        levels = [sat.cn0_db_hz for sat in self.satellites if sat.used and sat.cn0_db_hz is not None]
        return sum(levels) / len(levels) if levels else None

    def as_stale(self, age_s: float | None = None) -> ReceiverState:
        """What is left to say of it once it is too old."""
        return ReceiverState(
            received_s=self.received_s, time_s=self.time_s, device=self.device, age_s=age_s, stale=True
        )


#: Fields of a fix by the keys of TPV.
_FIX_KEYS = {
    "latitude_deg": "lat",
    "longitude_deg": "lon",
    "altitude_hae_m": "altHAE",
    "altitude_msl_m": "altMSL",
    "speed_m_s": "speed",
    "track_deg": "track",
    "climb_m_s": "climb",
    "time_error_s": "ept",
    "x_error_m": "epx",
    "y_error_m": "epy",
    "horizontal_error_m": "eph",
    "vertical_error_m": "epv",
    "speed_error_m_s": "eps",
    "track_error_deg": "epd",
    "climb_error_m_s": "epc",
    "position_error_m": "sep",
}
_GST_KEYS = {
    "latitude_error_m": "lat",
    "longitude_error_m": "lon",
    "altitude_error_m": "alt",
    "range_rms_m": "rms",
}
_DILUTION_KEYS = {
    "horizontal": "hdop",
    "vertical": "vdop",
    "position": "pdop",
    "time": "tdop",
    "geometric": "gdop",
    "x": "xdop",
    "y": "ydop",
}


def with_fix(state: ReceiverState, message: Mapping[str, Any]) -> ReceiverState:
    """The state with the fix of a TPV message in place of the one before, whole."""
    mode = whole(message, "mode")
    fields: dict[str, Any] = {name: number(message, key) for name, key in _FIX_KEYS.items()}
    if mode is None or mode < 2:
        # What a receiver without a fix still tells of its place is where it was.
        fields |= dict.fromkeys(_POSITION)
    if state.fix_age_s is not None:
        fields |= dict.fromkeys(_GST_KEYS)  # of an older epoch
    return replace(
        state,
        time_s=message_time_s(message),
        mode=mode,
        status=whole(message, "status"),
        fix_age_s=None,
        front_end=merged_front_end(state.front_end, message),
        **fields,
    )


_POSITION = ("latitude_deg", "longitude_deg", "altitude_hae_m", "altitude_msl_m", "speed_m_s", "track_deg")
_POSITION += ("climb_m_s",)


def without_fix(state: ReceiverState) -> ReceiverState:
    """The state with nothing of a fix."""
    nothing = dict.fromkeys((*_FIX_KEYS, *_GST_KEYS, "mode", "status", "fix_age_s"))
    return replace(state, **nothing)


def with_sky(state: ReceiverState, message: Mapping[str, Any], dilution_is_old: bool) -> ReceiverState:
    """The state with satellites and dilution of a SKY message.

    A message without satellites (some hold dilutions only) leaves those there are; one that says that
    there are none takes them away. One without dilutions takes them away if they are of an older epoch.
    """
    entries = message.get("satellites")
    changes: dict[str, Any] = {}
    if isinstance(entries, list) or whole(message, "nSat") == 0:
        satellites = read_satellites(entries if isinstance(entries, list) else [])
        used = whole(message, "uSat")
        changes = {
            "satellites": satellites,
            "satellites_in_view": len(satellites),
            "satellites_used": sum(sat.used for sat in satellites) if used is None else used,
            "sky_age_s": None,
        }
    dilution = Dilution(**{name: number(message, key, 0.0) for name, key in _DILUTION_KEYS.items()})
    if dilution_is_old or dilution != Dilution():
        changes["dilution"] = dilution
    return replace(state, front_end=merged_front_end(state.front_end, message), **changes)


def without_sky(state: ReceiverState) -> ReceiverState:
    """The state with nothing of the sky."""
    return replace(
        state,
        dilution=Dilution(),
        satellites=(),
        satellites_in_view=None,
        satellites_used=None,
        sky_age_s=None,
    )


def with_errors(state: ReceiverState, message: Mapping[str, Any]) -> ReceiverState:
    """The state with the receiver's own standard deviations, of a GST message."""
    return replace(state, **{name: number(message, key, 0.0) for name, key in _GST_KEYS.items()})


def with_front_end(state: ReceiverState, message: Mapping[str, Any]) -> ReceiverState:
    """The state with what any message tells of the receiver's input."""
    return replace(state, front_end=merged_front_end(state.front_end, message))


def read_satellites(entries: list[Any]) -> tuple[Satellite, ...]:
    """Satellites of the objects of a SKY message; what is no object or names no satellite is left out."""
    satellites = []
    for entry in entries[:MAX_SATELLITES]:
        if not isinstance(entry, Mapping):
            continue
        satellite = Satellite(
            prn=whole(entry, "PRN"),
            gnssid=whole(entry, "gnssid"),
            svid=whole(entry, "svid"),
            sigid=whole(entry, "sigid"),
            cn0_db_hz=number(entry, "ss", 1e-9),  # 0 is how NMEA says that it is not tracked
            elevation_deg=number(entry, "el", -90.0, 90.0),
            azimuth_deg=number(entry, "az", 0.0, 360.0),
            used=entry.get("used") is True,
        )
        if satellite.prn is not None or satellite.svid is not None:
            satellites.append(satellite)
    return tuple(satellites)


def merged_front_end(before: FrontEnd, message: Mapping[str, Any]) -> FrontEnd:
    """Front end values of a message over those before; of several RF blocks the one that is worst off."""
    blocks = message.get("blocks")
    sources = [message]
    if isinstance(blocks, list):
        sources += [block for block in blocks if isinstance(block, Mapping)]
    agc = [value for source in sources if (value := number(source, "agcCnt", 0.0, _AGC_FULL)) is not None]
    jamming = [
        value
        for source in sources
        for key in ("jamInd", "jam")
        if (value := number(source, key, 0.0, 255.0)) is not None
    ]
    noise = [value for source in sources if (value := number(source, "noisePerMS", 0.0)) is not None]
    return FrontEnd(
        agc=min(agc) / _AGC_FULL if agc else before.agc,
        jamming=max(jamming) / 255.0 if jamming else before.jamming,
        noise=max(noise) if noise else before.noise,
    )


def number(
    message: Mapping[str, Any], key: str, least: float = -math.inf, most: float = math.inf
) -> float | None:
    """A finite number of a message within limits, else None."""
    value = message.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # An integer of a thousand digits is a number to JSON only.
    if isinstance(value, int) and abs(value) >= 1 << 63:
        return None
    return float(value) if math.isfinite(value) and least <= value <= most else None


def whole(message: Mapping[str, Any], key: str) -> int | None:
    """A whole number of a message, else None."""
    value = number(message, key)
    return int(value) if value is not None and value.is_integer() else None


def message_time_s(message: Mapping[str, Any]) -> float | None:
    """POSIX time of a message's key `time`, None where there is none or it makes no sense."""
    text = message.get("time")
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    time_s = instant.timestamp()
    return time_s if time_s > 0 else None
