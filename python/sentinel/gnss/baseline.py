# SPDX-License-Identifier: GPL-3.0-or-later
"""What a receiver shows when nothing is there: learned while it is quiet, and hard to mislead.

Three things keep an attacker from being learned. Snapshots are learned `delay` late, and all that wait
are dropped when an alarm comes. The shape follows with a time constant of minutes. And level and shape never
leave a band around an anchor, which itself moves within hours only: a ramp, however slow, ends in an alarm.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from .comparison import DB, Comparison, Look
from .level import LevelReference, LevelSettings
from .passband import own_noise, without_lines

#: What a receiver may show of its own before anything is known of it: ripple, weak carriers of its making.
#: A carrier at J/N -18 dB stays within three of these, one at -10 dB does not.
_FIRST_DOUBT = {"shape_db": 1.0, "kurtosis": 0.12, "coherence": 0.12}

#: A passband changes by so much with each dB of gain, at most up to so many dB: stages are switched, their
#: match with them. Known again when it was learned at the new level.
_SHAPE_DB_PER_DB = 0.015
_MOST_STEP_DB = 6.0
#: A level that changes by so much from one quiet snapshot to the next was a step of the gain.
_GAIN_STEP_DB = 0.3

#: How fast the reference lets go of a carrier that is no longer there, per snapshot.
_GONE_RATE = 0.2


@dataclass(frozen=True)
class BaselineSettings:
    """Rates and bounds of the learning, in snapshots and dB.

    Attributes
    ----------
    learn : int
        Quiet snapshots until the reference is taken as known.
    delay : int
        Snapshots that a quiet one waits before it is learned.
    follow_shape, follow_moments : float
        Time constants of the shape of the passband, and of the moments.
    anchor : float
        Time constant of the shape's anchor.
    shape_band_db : float
        How far the shape may go from the anchor.
    level : LevelSettings
    """

    learn: int = 10
    delay: int = 8
    follow_shape: float = 120.0
    follow_moments: float = 300.0
    anchor: float = 7200.0
    shape_band_db: float = 0.4
    level: LevelSettings = field(default_factory=LevelSettings)


class Baseline:
    """The reference of one receiver, updated snapshot by snapshot.

    Parameters
    ----------
    channels : int
    settings : BaselineSettings, optional
    coherence : float
        Of white noise behind the filter bank; see `white_coherence`.
    """

    def __init__(
        self, channels: int, settings: BaselineSettings | None = None, coherence: float = 0.0
    ) -> None:
        self.settings = settings or BaselineSettings()
        self.channels = channels
        self.white_coherence = coherence
        self.reset()

    def reset(self) -> None:
        """Forget everything, as for a new receiver."""
        n = self.channels
        self.learned = 0
        self.level = LevelReference(self.settings.level)
        self.shape_db = np.zeros(n)
        self.kurtosis = np.full(n, 2.0)
        self.coherence = np.full(n, complex(self.white_coherence))
        self.row_excess = 0.0
        self._leaving = np.zeros(n, bool)
        self._anchor_shape = np.zeros(n)
        self._gain_db = np.nan
        # Level, gain and all, at which the shape was learned.
        self._shape_level_db = self._last_level_db = np.nan
        self._shape_learned = 0
        # Snapshots compared so far: the time that the level is followed in.
        self._place = 0
        # Those not learned yet: where, what, and how far above the expected level.
        self._waiting: deque[tuple[int, Look, float]] = deque()
        # Scatter measured in what was learned, in units of what the theory of white noise gives.
        self._scatter = {"shape": 1.0, "kurtosis": 1.0, "coherence": 1.0, "row": 1.0}

    @property
    def known(self) -> bool:
        """Whether enough quiet snapshots were learned."""
        return self.learned >= self.settings.learn

    def compare(self, seen: Look) -> Comparison:
        """Departures of a snapshot from the reference, in units of the scatter to be expected."""
        self._place += 1
        n, rows = self.channels, max(seen.rows, 1.0)
        # The reference is a mean of few snapshots at first; then its own error counts as well.
        weight = 1.0 + 1.0 / (self.learned + 1)
        doubt = _FIRST_DOUBT if self.learned == 0 else dict.fromkeys(_FIRST_DOUBT, 0.0)
        scatter = self._scatter
        reference = self.shape_db if self.learned else without_lines(seen.shape_db)
        # Of a sloped passband the median alone would be the luck of the two channels in its middle.
        offset_db = float(np.median(seen.shape_db - reference))
        shape_db = seen.shape_db - reference - offset_db
        step_db = self._gain_step(seen)
        sigma_shape = np.hypot(DB * np.sqrt(weight / rows) * scatter["shape"], doubt["shape_db"])
        sigma_shape = np.hypot(sigma_shape, _SHAPE_DB_PER_DB * step_db)
        shape_db = shape_db - own_noise(shape_db, reference, float(sigma_shape))
        # What was learned of a carrier that has gone since is no departure, or it would alarm for ever.
        gone = self._gone(seen, shape_db / sigma_shape)
        shape_db = np.where(gone, 0.0, shape_db)
        kurtosis = seen.kurtosis - self.kurtosis
        common = float(np.median(kurtosis))
        kurtosis = np.where(gone, common, kurtosis)
        coherence = np.where(gone, 0.0, seen.coherence - self.coherence)
        noise_kurtosis = 2.0 * np.sqrt(weight / rows) * scatter["kurtosis"]
        sigma_kurtosis = np.hypot(noise_kurtosis, doubt["kurtosis"])
        sigma_coherence = np.hypot(np.sqrt(weight / rows) * scatter["coherence"], doubt["coherence"])
        sigma_row = np.sqrt(2.0 * weight / rows) * scatter["row"]
        level_db = self._free_level(seen) + offset_db
        rise_db = level_db - self.level.expected_db(self._place) if self.learned else 0.0
        rise_sigma_db = self.level.sigma_db(self._place)
        return Comparison(
            shape=shape_db / sigma_shape,
            kurtosis=(kurtosis - common) / sigma_kurtosis,
            coherence=coherence / sigma_coherence,
            common_kurtosis=common / (noise_kurtosis * 1.25 / np.sqrt(n)),
            # A carrier steadies the power of rows; without it they vary more, as they do in pulses.
            row_kurtosis=0.0 if gone.any() else (seen.row_excess - self.row_excess) / sigma_row,
            rise_db=rise_db,
            rise_sigma_db=rise_sigma_db,
            excess=10 ** ((shape_db + _beyond_drift(rise_db, 2.5 * rise_sigma_db)) / 10) - 1,
            rows=seen.rows,
            reference_share=1 - 1 / weight,
        )

    def offer(self, seen: Look, comparison: Comparison) -> None:
        """Take a quiet snapshot; it is learned when `delay` more have been quiet."""
        self._waiting.append((self._place, seen, comparison.rise_db))
        # At the very beginning there is nothing to compare with, and waiting would only delay everything.
        wait = self.settings.delay if self.known else min(2, self.settings.delay)
        while len(self._waiting) > wait:
            self._learn(*self._waiting.popleft())

    def alarm(self) -> None:
        """Drop what waits: it may already hold the begin of the interference."""
        self._waiting.clear()

    def tells_level(self, gain_db: float) -> bool:
        """Whether a level at this gain can be compared with what was learned, a step of the gain or not."""
        return bool(np.isfinite(gain_db) and (np.isfinite(self._gain_db) or not self.learned))

    def _free_level(self, seen: Look) -> float:
        """Level with the change of a known gain since the reference taken off."""
        if np.isfinite(seen.gain_db) and np.isfinite(self._gain_db):
            return seen.level_db - (seen.gain_db - self._gain_db)
        return seen.level_db

    def _gain_step(self, seen: Look) -> float:
        """How far the level without interference is from that at which the shape was learned, dB."""
        if not self.learned:
            return 0.0
        level_db = seen.level_db
        if np.isfinite(seen.gain_db) and np.isfinite(self._gain_db):
            level_db = self.level.expected_db(self._place) + seen.gain_db - self._gain_db
        return min(abs(level_db - self._shape_level_db), _MOST_STEP_DB)

    def _gone(self, seen: Look, shape: np.ndarray) -> np.ndarray:
        """Channels whose reference holds a carrier that is weaker now; bool, shape (N,).

        Their power has fallen, and kurtosis and coherence are nearer to those of white noise than before.
        """
        if not self.learned:
            return np.zeros(self.channels, bool)
        sigma = 1 / np.sqrt(max(seen.rows, 1.0))
        bent = 2 - self.kurtosis
        turned = np.abs(self.coherence - self.white_coherence)
        held = (bent > 6 * sigma) | (turned > 3 * sigma)
        whiter = np.abs(seen.kurtosis - 2) < np.abs(bent) + 6 * sigma
        whiter &= np.abs(seen.coherence - self.white_coherence) < turned + 3 * sigma
        # What has begun to go goes on until nothing of it is left: its moments are white before its power.
        return whiter & (held & (shape < -2) | self._leaving & (shape < 0))

    def _learn(self, place: int, seen: Look, rise_db: float) -> None:
        settings = self.settings
        gain_told = bool(np.isfinite(seen.gain_db))
        if self.learned == 0:
            self.shape_db = seen.shape_db.copy()
            self._shape_level_db = seen.level_db
            self._gain_db = seen.gain_db
        elif gain_told and not np.isfinite(self._gain_db):
            # What was learned before was learned at a gain that nobody told.
            self._gain_db = seen.gain_db
            self.level.restart(seen.level_db, place)
        count = self.learned + 1
        offset_db = float(np.median(seen.shape_db - self.shape_db))
        departure_db = seen.shape_db - offset_db - self.shape_db
        gone = self._leaving = self._follow_scatter(seen, departure_db)
        level_db = self._free_level(seen) + offset_db
        self.level.learn(level_db, place, rise_db, settings.learn, gain_told)
        if abs(seen.level_db - self._last_level_db) > _GAIN_STEP_DB:
            # The passband at the new gain is learned as quickly as the first one was.
            self._shape_learned = min(self._shape_learned, settings.learn)
        self._last_level_db = seen.level_db
        self._shape_learned += 1
        shape_rate = 1 / min(self._shape_learned, settings.follow_shape)
        self._shape_level_db += (seen.level_db - self._shape_level_db) * shape_rate
        rate = np.where(gone, _GONE_RATE, shape_rate)
        self.shape_db += departure_db * rate
        rate = np.where(gone, _GONE_RATE, 1 / min(count, settings.follow_moments))
        self.kurtosis += (seen.kurtosis - self.kurtosis) * rate
        self.coherence += (seen.coherence - self.coherence) * rate
        row_rate = _GONE_RATE if gone.any() else 1 / min(count, settings.follow_moments)
        self.row_excess += (seen.row_excess - self.row_excess) * row_rate
        rate = 1 / (count if count <= settings.learn else settings.anchor)
        self._anchor_shape += (self.shape_db - self._anchor_shape) * rate
        self._anchor_shape = np.where(gone, self.shape_db, self._anchor_shape)
        if count > settings.learn:
            band = settings.shape_band_db
            self.shape_db = np.clip(self.shape_db, self._anchor_shape - band, self._anchor_shape + band)
        self.learned = count

    def _follow_scatter(self, seen: Look, departure_db: np.ndarray) -> np.ndarray:
        """Receivers scatter more than white noise does: measured as a running rms, never below theory.

        Returns the channels whose carrier has gone.
        """
        if self.learned < 3:
            return np.zeros(self.channels, bool)
        # As in `compare`, in units of what white noise gives.
        sigma = np.sqrt((1.0 + 1.0 / (self.learned + 1)) / max(seen.rows, 1.0))
        kurtosis = seen.kurtosis - self.kurtosis
        kurtosis = kurtosis - np.median(kurtosis)
        row = abs(seen.row_excess - self.row_excess)
        rms = {
            # Medians, so that one channel with a weak visitor does not blind all others.
            "shape": np.median(np.abs(departure_db)) / (0.6745 * DB),
            "kurtosis": np.median(np.abs(kurtosis)) / (0.6745 * 2),
            "coherence": np.median(np.abs(seen.coherence - self.coherence)) / np.sqrt(np.log(2)),
            "row": row * 1.2533 / np.sqrt(2),
        }
        gone = self._gone(seen, departure_db / (DB * sigma * self._scatter["shape"]))
        rate = 1 / min(self.learned, 100)
        for name, value in rms.items():
            now = self._scatter[name]
            self._scatter[name] = max(1.0, now + (float(value / sigma) - now) * rate)
        return gone


def _beyond_drift(rise_db: float, drift_db: float) -> float:
    """A rise of the level less what the receiver's own level may be off by."""
    return float(np.sign(rise_db) * max(abs(rise_db) - drift_db, 0.0))


def white_coherence(prototype: np.ndarray, channels: int) -> float:
    """Lag-one coherence that a filter bank gives to white noise: sum h[l] h[l + N] / sum h^2.

    Parameters
    ----------
    prototype : ndarray, shape (taps,)
    channels : int
        N.
    """
    h = np.asarray(prototype, float)
    return float((h[channels:] * h[:-channels]).sum() / (h**2).sum()) if len(h) > channels else 0.0
