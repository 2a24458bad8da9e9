# SPDX-License-Identifier: GPL-3.0-or-later
"""Two witnesses of one second: the spectrum that the SDR saw, and what the GNSS receiver suffered.

Interference raises the spectrum and lowers C/N0; an obstruction lowers C/N0 and leaves the spectrum as it
was. The table of `judge`, rows by the spectrum, columns by the receiver:

| spectrum | C/N0 fine | C/N0 down or fix lost | no receiver: flag `no_receiver` and |
|---|---|---|---|
| clean | none | obstruction | none |
| raised: shape, or level at a known gain | interference, `early_warning` | interference | interference |
| raised: level alone, gain unknown | none, `level_unconfirmed` | interference | none, `level_unconfirmed` |
| not judged | none, `not_judged` | none, `not_judged` | none, `not_judged` |

A level alone, at a gain that is not known, may be an automatic gain at work; the receiver's own AGC counts
as support for it just as C/N0 does. Beside an obstruction a fallen AGC is flagged `agc_fell`: then power
comes in where the SDR does not look.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from .effect import HORIZON_TO_ZENITH_DB
from .receiver_data import ReceiverState, Satellite

INTERFERENCE, OBSTRUCTION, NONE = "interference", "obstruction", "none"


@dataclass(frozen=True)
class EvidenceSettings:
    """When something counts.

    Attributes
    ----------
    alarm_exponent : float
        False-alarm exponent, -lg of the probability that noise reaches the statistic, from which the
        spectrum counts as raised. 4.56 is one second in ten hours.
    supported_exponent : float or None
        The same while the receiver suffers; None is the same value. A lower one finds weaker jammers and
        takes 10^-x of the seconds of every obstruction for interference.
    drop_db : float
        Fall of C/N0 that counts.
    agc_fall : float
        Fall of the receiver's AGC that counts, share of its range.
    min_satellites : int
        Satellites that must be compared for a fall to count.
    """

    alarm_exponent: float = 4.56
    supported_exponent: float | None = None
    drop_db: float = 3.0
    agc_fall: float = 0.1
    min_satellites: int = 3


@dataclass(frozen=True)
class SpectrumEvidence:
    """What the SDR's detector says of a second.

    Attributes
    ----------
    shape_exponent : float or None
        False-alarm exponent of statistics that a change of gain leaves alone (kurtosis, coherence, the
        spectrum's shape); None where there was no decision.
    level_exponent : float or None
        That of the level against its baseline; None where the level was not judged.
    level_rise_db : float or None
        Of the whole band.
    gain_known : bool
        Whether the gain is, so that a level means something by itself.
    """

    shape_exponent: float | None
    level_exponent: float | None = None
    level_rise_db: float | None = None
    gain_known: bool = False


@dataclass(frozen=True)
class ReceiverEvidence:
    """What the receiver suffers, against its own slow reference.

    Attributes
    ----------
    available : bool
        Whether the receiver told anything that is not stale.
    drop_db : float or None
        Fall of C/N0, median over the satellites of the constellation that suffers most; None where too few
        can be compared. Satellites no longer tracked count with what they must have lost at least.
    mean_drop_db : float or None
        The same as a mean over all satellites compared.
    compared, lost : int
        Satellites compared, and those of them no longer tracked.
    fix_lost : bool
        There is no fix now, and there was one for most of the last minute.
    agc_fall : float or None
        Share of its range; positive when power came in.
    jamming : float or None
        The receiver's own indicator, 0 to 1.
    """

    available: bool = False
    drop_db: float | None = None
    mean_drop_db: float | None = None
    compared: int = 0
    lost: int = 0
    fix_lost: bool = False
    agc_fall: float | None = None
    jamming: float | None = None


NO_RECEIVER = ReceiverEvidence()


@dataclass(frozen=True)
class Judgement:
    """Of one second.

    Attributes
    ----------
    kind : {"interference", "obstruction", "none"}
    flags : tuple of str
        `no_receiver`, `early_warning`, `level_unconfirmed`, `not_judged`, `agc_fell`, `fix_lost`.
    spectrum_raised, receiver_suffers : bool
        The two witnesses.
    """

    kind: str
    flags: tuple[str, ...]
    spectrum_raised: bool
    receiver_suffers: bool


def receiver_suffers(receiver: ReceiverEvidence, settings: EvidenceSettings = EvidenceSettings()) -> bool:
    """Whether C/N0 is down or the fix lost."""
    fallen = receiver.drop_db is not None and receiver.drop_db >= settings.drop_db
    return receiver.available and (fallen or receiver.fix_lost)


def judge(
    spectrum: SpectrumEvidence,
    receiver: ReceiverEvidence = NO_RECEIVER,
    settings: EvidenceSettings = EvidenceSettings(),
) -> Judgement:
    """Put both witnesses together by the table above."""
    suffers = receiver_suffers(receiver, settings)
    agc_fell = receiver.available and receiver.agc_fall is not None and receiver.agc_fall >= settings.agc_fall
    needed = settings.alarm_exponent
    if suffers and settings.supported_exponent is not None:
        needed = min(needed, settings.supported_exponent)
    flags = [] if receiver.available else ["no_receiver"]
    if receiver.available and receiver.fix_lost:
        flags.append("fix_lost")
    if spectrum.shape_exponent is None and spectrum.level_exponent is None:
        return Judgement(NONE, (*flags, "not_judged"), False, suffers)
    shape = spectrum.shape_exponent is not None and spectrum.shape_exponent >= needed
    level = spectrum.level_exponent is not None and spectrum.level_exponent >= needed
    if shape or (level and (spectrum.gain_known or suffers or agc_fell)):
        if receiver.available and not suffers:
            flags.append("early_warning")
        return Judgement(INTERFERENCE, tuple(flags), True, suffers)
    if level:
        return Judgement(NONE, (*flags, "level_unconfirmed"), False, suffers)
    if suffers:
        return Judgement(OBSTRUCTION, (*flags, *(["agc_fell"] if agc_fell else [])), False, True)
    return Judgement(NONE, tuple(flags), False, False)


#: Reference: its time constant, seconds a satellite must have been seen, and after which it is forgotten, s.
_MEMORY_S, _KNOWN_AFTER_S, _FORGOTTEN_AFTER_S = 60.0, 10.0, 600.0
#: Mean that the reference follows, s: long enough that scatter does not reach the limit below, which would
#: let it rise by chance and not fall.
_RECENT_S = 10.0
#: How fast it may fall: a slow ramp must stay a fall, dB/s.
_FALL_DB_S = 0.01
#: C/N0 below which no receiver tracks, dB-Hz: a satellite that is gone has fallen at least to there.
_FLOOR_DB_HZ = 20.0
#: Satellites lower than this may have set, degrees.
_MAY_SET_DEG = 10.0
_MAX_SATELLITES = 256


@dataclass
class _Known:
    """The reference of one satellite, reduced to what it would be at the zenith."""

    level_db_hz: float
    elevation_deg: float | None
    constellation: int | None
    recent_db_hz: float = 0.0
    seen_s: float = 0.0
    last_s: float = 0.0


class ReceiverReference:
    """What each satellite's C/N0 is without interference, learnt slowly; and the fall from it.

    Satellites are compared one by one, each with its own reference and the elevation taken off: those that
    rise, set or move change nothing. Without a learnt reference there is no fall. Not safe for threads.

    Parameters
    ----------
    settings : EvidenceSettings
    """

    def __init__(self, settings: EvidenceSettings = EvidenceSettings()) -> None:
        self._settings = settings
        self._known: OrderedDict[tuple[int | None, ...], _Known] = OrderedDict()
        self._fix_share = 0.0
        self._agc: float | None = None
        self._last_s: float | None = None

    def compare(self, state: ReceiverState | None) -> ReceiverEvidence:
        """The evidence of a state; nothing is learnt."""
        if state is None or state.stale:
            return NO_RECEIVER
        drops, lost = self._drops(state)
        all_drops = [drop for group in drops.values() for drop in group]
        enough = [
            float(np.median(group)) for group in drops.values() if len(group) >= self._settings.min_satellites
        ]
        if not enough and len(all_drops) >= self._settings.min_satellites:
            enough = [float(np.median(all_drops))]
        agc = state.front_end.agc
        return ReceiverEvidence(
            available=True,
            drop_db=max(enough) if enough else None,
            mean_drop_db=float(np.mean(all_drops)) if all_drops else None,
            compared=len(all_drops),
            lost=lost,
            fix_lost=state.mode is not None and not state.has_fix and self._fix_share > 0.5,
            agc_fall=None if agc is None or self._agc is None else self._agc - agc,
            jamming=state.front_end.jamming,
        )

    def learn(self, state: ReceiverState | None, time_s: float, frozen: bool) -> None:
        """Follow a state.

        Parameters
        ----------
        time_s : float
            Of the snapshot; it only has to rise.
        frozen : bool
            Interference: nothing is learnt, nor forgotten.
        """
        passed_s = 1.0 if self._last_s is None else min(max(time_s - self._last_s, 0.0), _MEMORY_S)
        self._last_s = time_s
        if frozen:
            for known in self._known.values():
                known.last_s += passed_s
            return
        if state is None or state.stale or passed_s == 0.0:
            return
        share = 1 - math.exp(-passed_s / _MEMORY_S)
        if state.mode is not None:
            self._fix_share += share * (state.has_fix - self._fix_share)
        if state.front_end.agc is not None:
            before = state.front_end.agc if self._agc is None else self._agc
            self._agc = before + share * (state.front_end.agc - before)
        for satellite in state.satellites:
            if satellite.cn0_db_hz is not None:
                self._learn_satellite(satellite, time_s, passed_s)
        for key in [k for k, known in self._known.items() if time_s - known.last_s > _FORGOTTEN_AFTER_S]:
            del self._known[key]

    def _learn_satellite(self, satellite: Satellite, time_s: float, passed_s: float) -> None:
        level = satellite.cn0_db_hz - _by_elevation(satellite.elevation_deg)
        known = self._known.get(satellite.key)
        if known is None:
            if len(self._known) >= _MAX_SATELLITES:
                self._known.popitem(last=False)
            known = self._known[satellite.key] = _Known(level, satellite.elevation_deg, satellite.gnssid)
        if known.seen_s < _KNOWN_AFTER_S:
            # A mean at first, so that the first value does not weigh for a minute.
            known.level_db_hz += (level - known.level_db_hz) * passed_s / (known.seen_s + passed_s)
            known.recent_db_hz = known.level_db_hz
        else:
            known.recent_db_hz += (1 - math.exp(-passed_s / _RECENT_S)) * (level - known.recent_db_hz)
            change = (1 - math.exp(-passed_s / _MEMORY_S)) * (known.recent_db_hz - known.level_db_hz)
            known.level_db_hz += max(change, -_FALL_DB_S * passed_s)
        known.seen_s += passed_s
        known.last_s = time_s
        known.elevation_deg = satellite.elevation_deg

    def _drops(self, state: ReceiverState) -> tuple[dict[int | None, list[float]], int]:
        """Falls by constellation, and how many satellites are gone."""
        now = {satellite.key: satellite for satellite in state.satellites}
        drops: dict[int | None, list[float]] = {}
        lost = 0
        for key, known in self._known.items():
            if known.seen_s < _KNOWN_AFTER_S:
                continue
            satellite = now.get(key)
            elevation = known.elevation_deg if satellite is None else satellite.elevation_deg
            expected = known.level_db_hz + _by_elevation(elevation)
            if satellite is not None and satellite.cn0_db_hz is not None:
                drop = expected - satellite.cn0_db_hz
            elif self._may_be_gone(known, elevation, state):
                continue
            else:
                drop = max(expected - _FLOOR_DB_HZ, 0.0)
                lost += 1
            drops.setdefault(known.constellation, []).append(drop)
        return drops, lost

    def _may_be_gone(self, known: _Known, elevation_deg: float | None, state: ReceiverState) -> bool:
        """Whether a satellite that is not tracked proves nothing: set, not reported on, or long gone."""
        if state.satellites_in_view is None or (elevation_deg is not None and elevation_deg < _MAY_SET_DEG):
            return True
        return self._last_s is not None and self._last_s - known.last_s > _MEMORY_S


def _by_elevation(elevation_deg: float | None) -> float:
    """How much stronger than at the horizon a satellite is where it stands; 0 where that is not known."""
    if elevation_deg is None:
        return 0.0
    return HORIZON_TO_ZENITH_DB * math.sqrt(max(math.sin(math.radians(elevation_deg)), 0.0))
