# SPDX-License-Identifier: GPL-3.0-or-later
"""NMEA 0183 sentences of one epoch, as u-blox receivers with protocol 4.10 send them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ..receiver.receiver_data import Dilution, Satellite

#: Talker, system id and signal id by `gnssid`. gpsd 3.22 takes GSA of Galileo only from talker GA.
_SYSTEMS = {0: ("GP", "GN", 1, 1), 2: ("GA", "GA", 3, 7), 6: ("GL", "GN", 2, 1)}
_PER_GSV = 4
_PER_GSA = 12
_GEOID_M = 46.9


@dataclass(frozen=True)
class Epoch:
    """What a receiver tells once a second.

    Attributes
    ----------
    time_s : float
        POSIX.
    mode : int
        1 no fix, 2, 3.
    latitude_deg, longitude_deg, altitude_m, speed_m_s, track_deg : float
        Told with a fix only; altitude above mean sea level.
    dilution : Dilution
    errors_m : tuple of float
        Standard deviations: north, east, up, and of ranges.
    satellites : tuple of Satellite
    """

    time_s: float
    mode: int
    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    speed_m_s: float
    track_deg: float
    dilution: Dilution
    errors_m: tuple[float, float, float, float]
    satellites: tuple[Satellite, ...]


def checksum(body: str) -> str:
    """XOR of all characters between $ and *, two hex digits."""
    value = 0
    for byte in body.encode("ascii"):
        value ^= byte
    return f"{value:02X}"


def sentence(*fields: str) -> str:
    """A whole sentence of its fields, the first being talker and type."""
    body = ",".join(fields)
    return f"${body}*{checksum(body)}\r\n"


def epoch_sentences(epoch: Epoch) -> str:
    """RMC, GGA, GSA, GSV and GST of one epoch."""
    lines = [_rmc(epoch), _gga(epoch)]
    for gnssid in _SYSTEMS:
        lines.append(_gsa(epoch, gnssid))
    for gnssid in _SYSTEMS:
        lines += _gsv([sat for sat in epoch.satellites if sat.gnssid == gnssid], gnssid)
    lines.append(_gst(epoch))
    return "".join(lines)


def _clock(time_s: float) -> tuple[str, str]:
    moment = datetime.fromtimestamp(round(time_s * 100) / 100, UTC)
    return moment.strftime("%H%M%S.") + f"{moment.microsecond // 10000:02d}", moment.strftime("%d%m%y")


def _place(epoch: Epoch) -> tuple[str, str, str, str]:
    if epoch.mode < 2:
        return "", "", "", ""
    return (
        *_degrees(epoch.latitude_deg, 2, "NS"),
        *_degrees(epoch.longitude_deg, 3, "EW"),
    )


def _degrees(value: float, digits: int, letters: str) -> tuple[str, str]:
    # In whole steps of 1e-5 minutes, so that 59.999999 does not become 60.00000.
    whole, steps = divmod(round(abs(value) * 60 * 100_000), 60 * 100_000)
    return f"{whole:0{digits}d}{steps / 100_000:08.5f}", letters[value < 0]


def _rmc(epoch: Epoch) -> str:
    time, date = _clock(epoch.time_s)
    fix = epoch.mode >= 2
    speed = f"{epoch.speed_m_s / 0.514444:.3f}" if fix else ""
    track = f"{epoch.track_deg:.2f}" if fix else ""
    letters = ("A", "A") if fix else ("V", "N")
    return sentence("GNRMC", time, letters[0], *_place(epoch), speed, track, date, "", "", letters[1], "V")


def _gga(epoch: Epoch) -> str:
    time, _ = _clock(epoch.time_s)
    fix = epoch.mode >= 2
    used = sum(sat.used for sat in epoch.satellites)
    height = (f"{epoch.altitude_m:.1f}", "M", f"{_GEOID_M:.1f}", "M") if fix else ("", "", "", "")
    return sentence(
        "GNGGA",
        time,
        *_place(epoch),
        "1" if fix else "0",
        f"{min(used, 12) if fix else 0:02d}",
        _dop(epoch.dilution.horizontal),
        *height,
        "",
        "",
    )


def _dop(value: float | None) -> str:
    return "99.99" if value is None else f"{min(value, 99.99):.2f}"


def _gsa(epoch: Epoch, gnssid: int) -> str:
    _, talker, system, _ = _SYSTEMS[gnssid]
    used = [sat for sat in epoch.satellites if sat.used and sat.gnssid == gnssid and epoch.mode >= 2]
    numbers = [_number(sat) for sat in used[:_PER_GSA]]
    numbers += [""] * (_PER_GSA - len(numbers))
    dilution = epoch.dilution
    return sentence(
        f"{talker}GSA",
        "A",
        str(epoch.mode),
        *numbers,
        _dop(dilution.position),
        _dop(dilution.horizontal),
        _dop(dilution.vertical),
        str(system),
    )


def _number(satellite: Satellite) -> str:
    return f"{satellite.svid + (64 if satellite.gnssid == 6 else 0):02d}"


def _gsv(satellites: Sequence[Satellite], gnssid: int) -> list[str]:
    talker, _, _, signal = _SYSTEMS[gnssid]
    count = max(1, -(-len(satellites) // _PER_GSV))
    lines = []
    for number in range(count):
        fields = []
        for sat in satellites[number * _PER_GSV : (number + 1) * _PER_GSV]:
            level = "" if sat.cn0_db_hz is None else f"{min(max(round(sat.cn0_db_hz), 1), 99):02d}"
            fields += [_number(sat), f"{sat.elevation_deg:02.0f}", f"{sat.azimuth_deg % 360:03.0f}", level]
        lines.append(
            sentence(
                f"{talker}GSV", str(count), str(number + 1), f"{len(satellites):02d}", *fields, str(signal)
            )
        )
    return lines


def _gst(epoch: Epoch) -> str:
    time, _ = _clock(epoch.time_s)
    if epoch.mode < 2:
        return sentence("GNGST", time, "", "", "", "", "", "", "")
    north, east, up, rms = epoch.errors_m
    major, minor = max(north, east), min(north, east)
    orientation = 0.0 if north >= east else 90.0
    return sentence(
        "GNGST",
        time,
        *(f"{value:.1f}" for value in (rms, major, minor, orientation, north, east, up)),
    )
