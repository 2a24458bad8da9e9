# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of a simulated receiver, whose C/N0 follow the truth of a scene second by second.

Each satellite has an undisturbed C/N0 by its elevation. Interference lowers it to the effective C/N0 of
`effect.effective_cn0`; an obstruction lowers it by its own decibels. Below a threshold a satellite is no
longer tracked, above another one it is used in the fix, and one that was lost needs a few seconds over a
higher one before it is tracked again. Too few used satellites, and the fix is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..receiver.effect import effective_cn0, undisturbed_cn0
from ..receiver.receiver_data import Dilution, Satellite
from .nmea_sentences import Epoch, epoch_sentences

GPS, GALILEO, GLONASS = 0, 2, 6
_METRES_PER_DEGREE = 111_320.0
#: Satellites rise, culminate and set in about 6 h: a quarter of a degree of azimuth a minute or so.
_AZIMUTH_DEG_S = 0.004
_ELEVATION_DEG_S = 0.003


@dataclass(frozen=True)
class Receiver:
    """The simulated receiver.

    Attributes
    ----------
    latitude_deg, longitude_deg, altitude_m : float
        Where it stands.
    tracking_db_hz, use_db_hz, acquire_db_hz : float
        C/N0 below which a satellite is lost, from which it is used, and from which a lost one is found.
    acquire_s : int
        Seconds over `acquire_db_hz` that finding it again takes.
    scatter_db : float
        Standard deviation of a measured C/N0.
    range_error_m : float
        Of a range at 45 dB-Hz; it grows as C/N0 falls.
    glonass_rejection_db : float
        GLONASS G1 lies 27 MHz above L1: what a jammer on L1 is weaker there, through the shared front end.
    seed : int
    """

    latitude_deg: float = 50.1
    longitude_deg: float = 8.7
    altitude_m: float = 120.0
    tracking_db_hz: float = 20.0
    use_db_hz: float = 24.0
    acquire_db_hz: float = 27.0
    acquire_s: int = 3
    scatter_db: float = 0.5
    range_error_m: float = 1.5
    glonass_rejection_db: float = 20.0
    seed: int = 1


@dataclass(frozen=True)
class ReceiverTruth:
    """What the log was made of, for tests: T seconds, K satellites.

    Attributes
    ----------
    epochs : tuple of Epoch
    cn0_db_hz : array, shape (T, K)
        Effective C/N0 before scatter.
    mode : array, shape (T,)
    used : bool array, shape (T, K)
    """

    epochs: tuple[Epoch, ...]
    cn0_db_hz: np.ndarray
    mode: np.ndarray
    used: np.ndarray

    def text(self) -> str:
        """The log."""
        return "".join(epoch_sentences(epoch) for epoch in self.epochs)


def receiver_log(
    seconds: int,
    *,
    start_time_s: float,
    js_db: ArrayLike = -np.inf,
    q: ArrayLike = 1.5,
    obstruction_db: ArrayLike = 0.0,
    receiver: Receiver = Receiver(),
) -> ReceiverTruth:
    """A receiver's epochs, one a second.

    Parameters
    ----------
    seconds : int
        T.
    start_time_s : float
        POSIX time of the first epoch, a whole second for real receivers.
    js_db : array_like, shape () or (T,)
        Jammer over signal of a satellite at 45 dB-Hz; -inf is none. Weaker satellites have more.
    q : array_like, shape () or (T,)
        Spectral separation of the jammer.
    obstruction_db : array_like, shape () or (T,)
        Loss of all satellites, and of no noise.
    receiver : Receiver

    Raises
    ------
    ValueError
        For arrays of another length, or a Q that is not above 0.
    """
    js, separation, loss = (_per_second(value, seconds) for value in (js_db, q, obstruction_db))
    if not np.all(separation > 0):
        raise ValueError("q must be above 0")
    rng = np.random.default_rng(receiver.seed)
    sky = _sky(rng)
    elevation, azimuth = _orbits(sky, seconds)
    open_cn0 = undisturbed_cn0(elevation) - loss[:, None]
    # The jammer's power is one, the signals' powers differ.
    weaker = 45.0 - open_cn0
    rejection = np.where(sky.gnssid == GLONASS, receiver.glonass_rejection_db, 0.0)
    cn0 = effective_cn0(open_cn0, js[:, None] + weaker - rejection, separation[:, None])
    measured = cn0 + receiver.scatter_db * rng.standard_normal(cn0.shape)
    tracked = _tracked(measured, receiver)
    position_noise = rng.standard_normal((seconds, 3))
    epochs = []
    for t in range(seconds):
        epochs.append(
            _epoch(
                start_time_s + t,
                receiver,
                sky,
                elevation[t],
                azimuth[t],
                np.where(tracked[t], measured[t], np.nan),
                position_noise[t],
            )
        )
    return ReceiverTruth(
        epochs=tuple(epochs),
        cn0_db_hz=cn0,
        mode=np.array([epoch.mode for epoch in epochs]),
        used=np.array([[sat.used for sat in epoch.satellites] for epoch in epochs]).reshape(seconds, -1),
    )


def write_nmea(path: str | Path, truth: ReceiverTruth) -> None:
    """Write the log, for `gpsfake` and for receivers' tools."""
    Path(path).write_text(truth.text(), encoding="ascii", newline="")


def _per_second(value: ArrayLike, seconds: int) -> np.ndarray:
    value = np.asarray(value, float)
    if value.shape not in ((), (seconds,)):
        raise ValueError(f"array of shape {value.shape} does not give one value for each of {seconds} s")
    return np.broadcast_to(value, (seconds,))


@dataclass(frozen=True)
class _Sky:
    gnssid: np.ndarray
    svid: np.ndarray
    elevation: np.ndarray
    azimuth: np.ndarray
    rising: np.ndarray  # +1 or -1


def _sky(rng: np.random.Generator) -> _Sky:
    counts = {GPS: (9, 32), GALILEO: (7, 30), GLONASS: (6, 24)}
    gnssid = np.concatenate([np.full(count, system) for system, (count, _) in counts.items()])
    svid = np.concatenate(
        [np.sort(rng.choice(most, count, replace=False)) + 1 for count, most in counts.values()]
    )
    # Even over the sphere above 10 degrees, azimuths spread so that the geometry is always fair.
    elevation = np.degrees(np.arcsin(rng.uniform(np.sin(np.radians(10)), 0.98, len(gnssid))))
    azimuth = (np.arange(len(gnssid)) * 137.5 + rng.uniform(0, 30, len(gnssid))) % 360
    return _Sky(gnssid, svid, elevation, azimuth, rng.choice([-1.0, 1.0], len(gnssid)))


def _orbits(sky: _Sky, seconds: int) -> tuple[np.ndarray, np.ndarray]:
    t = np.arange(seconds)[:, None]
    # Turns at the horizon and at the zenith: what sets there would only make room for another one.
    path = (sky.elevation + sky.rising * _ELEVATION_DEG_S * t) % 180.0
    return np.where(path > 90.0, 180.0 - path, path), (sky.azimuth + _AZIMUTH_DEG_S * t) % 360.0


def _tracked(cn0: np.ndarray, receiver: Receiver) -> np.ndarray:
    tracked = np.zeros(cn0.shape, bool)
    held = cn0[0] >= receiver.tracking_db_hz
    waited = np.zeros(cn0.shape[1], int)
    for t, now in enumerate(cn0):
        waited = np.where(now >= receiver.acquire_db_hz, waited + 1, 0)
        held = (held & (now >= receiver.tracking_db_hz)) | (~held & (waited >= receiver.acquire_s))
        tracked[t] = held
    return tracked


def _epoch(
    time_s: float,
    receiver: Receiver,
    sky: _Sky,
    elevation: np.ndarray,
    azimuth: np.ndarray,
    cn0: np.ndarray,
    noise: np.ndarray,
) -> Epoch:
    used = np.nan_to_num(cn0, nan=0.0) >= receiver.use_db_hz
    systems = len(np.unique(sky.gnssid[used]))
    # Three coordinates and a clock offset of each system; without the height one less.
    mode = 3 if used.sum() >= 3 + systems and systems else 2 if used.sum() >= 2 + systems and systems else 1
    dilution = Dilution() if mode == 1 else _dilution(elevation[used], azimuth[used], sky.gnssid[used], mode)
    if dilution.horizontal is None:
        mode = 1
    if mode == 1:
        used = np.zeros_like(used)
    satellites = tuple(
        Satellite(
            gnssid=int(sky.gnssid[k]),
            svid=int(sky.svid[k]),
            cn0_db_hz=None if np.isnan(cn0[k]) else float(cn0[k]),
            elevation_deg=float(elevation[k]),
            azimuth_deg=float(azimuth[k]),
            used=bool(used[k]),
        )
        for k in range(len(cn0))
    )
    epoch = Epoch(time_s, mode, 0.0, 0.0, 0.0, 0.0, 0.0, dilution, (0.0, 0.0, 0.0, 0.0), satellites)
    if mode == 1:
        return epoch
    # A delay lock loop's error goes with the root of 1 / (C/N0).
    rms = receiver.range_error_m * np.sqrt(np.mean(10 ** ((45.0 - cn0[used]) / 20)))
    vertical = dilution.vertical or 0.0
    north = east = rms * dilution.horizontal / np.sqrt(2)
    up = rms * vertical
    shift = noise * (north, east, up)
    parallel = max(np.cos(np.radians(receiver.latitude_deg)), 1e-3)
    return replace(
        epoch,
        latitude_deg=float(receiver.latitude_deg + shift[0] / _METRES_PER_DEGREE),
        longitude_deg=float(receiver.longitude_deg + shift[1] / _METRES_PER_DEGREE / parallel),
        altitude_m=float(receiver.altitude_m + shift[2]),
        errors_m=(float(north), float(east), float(up), float(rms)),
    )


def _dilution(elevation: np.ndarray, azimuth: np.ndarray, gnssid: np.ndarray, mode: int) -> Dilution:
    el, az = np.radians(elevation), np.radians(azimuth)
    columns = [np.cos(el) * np.sin(az), np.cos(el) * np.cos(az)]
    columns += [np.sin(el)] if mode == 3 else []
    columns += [(gnssid == system).astype(float) for system in np.unique(gnssid)]
    geometry = np.stack(columns, axis=1)
    normal = geometry.T @ geometry
    if np.linalg.cond(normal) > 1e6:
        return Dilution()
    variances = np.diag(np.linalg.inv(normal))
    east, north = variances[:2]
    up = variances[2] if mode == 3 else 0.0
    clock = variances[3 if mode == 3 else 2]
    return Dilution(
        horizontal=float(np.sqrt(east + north)),
        vertical=float(np.sqrt(up)) if mode == 3 else None,
        position=float(np.sqrt(east + north + up)),
        time=float(np.sqrt(clock)),
        geometric=float(np.sqrt(east + north + up + clock)),
        x=float(np.sqrt(east)),
        y=float(np.sqrt(north)),
    )
