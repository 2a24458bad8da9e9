# SPDX-License-Identifier: GPL-3.0-or-later
"""From snapshots to judgements, one after the other: pure, so that file, flowgraph and function agree."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .baseline import Baseline
from .comparison import Comparison, Look, judgeable, look
from .description import describe
from .snapshots import Snapshots
from .statistics import BUFFER, detection_statistics, energy_statistic, kurtosis_statistic

#: From rows of `detection_statistics`, shape (n, columns), to one score each; higher: more like interference.
ScoreModel = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Judgement:
    """What was made of one snapshot.

    Attributes
    ----------
    index : int
        Of the snapshot within what was judged so far.
    decided : bool
        False where too few samples were left to judge; all that follows is None or NaN then.
    score, threshold : float
    detected : bool
        score >= threshold.
    provisional : bool
        The receiver's reference was not known yet.
    statistics : ndarray or None
        Columns of `statistics.NAMES`.
    seen : Look or None
    comparison : Comparison or None
    description : ndarray or None
        Columns of `description.NAMES`.
    reference_power : ndarray or None, shape (N,)
        Power of each channel without the signal, at the present gain.
    energy, kurtosis : float
        The two plain detectors, in deviations.
    """

    index: int
    decided: bool
    score: float = np.nan
    threshold: float = np.nan
    detected: bool = False
    provisional: bool = False
    statistics: np.ndarray | None = None
    seen: Look | None = None
    comparison: Comparison | None = None
    description: np.ndarray | None = None
    reference_power: np.ndarray | None = None
    energy: float = np.nan
    kurtosis: float = np.nan


class Detector:
    """Judges snapshots in order of time.

    Parameters
    ----------
    model : ScoreModel
    threshold : float
        Of the score.
    channels : int
    gain_uncertainty_db : float
        How far the gain may step without being told; a rise of the level counts beyond that only. 0 where
        the gain is fixed or every step is known.
    baseline : Baseline, optional
        What is known of the receiver; nothing if left out.
    """

    def __init__(
        self,
        model: ScoreModel,
        threshold: float,
        channels: int = 64,
        gain_uncertainty_db: float = 0.0,
        baseline: Baseline | None = None,
    ) -> None:
        self.model = model
        self.threshold = threshold
        self.gain_uncertainty_db = gain_uncertainty_db
        self.baseline = baseline or Baseline(channels)
        self._buffer: deque[Comparison] = deque(maxlen=BUFFER)
        self._count = 0
        self._since_alarm = 10**9
        self._gain_db = np.nan

    def begin_segment(self) -> None:
        """A gap, or a new begin of the stream: earlier snapshots no longer adjoin."""
        self._buffer.clear()

    def judge(self, snapshots: Snapshots, index: int, learn: bool = True) -> Judgement:
        """Judge one snapshot, the next in time.

        Parameters
        ----------
        learn : bool
            False keeps the reference as it is: other evidence says that the snapshot is not quiet.
        """
        place, self._count = self._count, self._count + 1
        if not judgeable(snapshots, index):
            return Judgement(place, False)
        seen = look(snapshots, index)
        comparison = self._compare(seen)
        self._buffer.append(comparison)
        statistics = detection_statistics(self._buffer)
        score = float(self.model(statistics[None, :])[0])
        detected = score >= self.threshold
        provisional = not self.baseline.known
        saturated = float(snapshots.saturated_share[index])
        judgement = Judgement(
            place,
            True,
            score,
            self.threshold,
            detected,
            provisional,
            statistics,
            seen,
            comparison,
            describe(seen, comparison, self.baseline, saturated),
            snapshots.power[index] / (1 + np.maximum(comparison.excess, -0.99)),
            energy_statistic(comparison),
            kurtosis_statistic(seen.kurtosis, seen.rows),
        )
        self._learn(seen, comparison, detected, learn)
        return judgement

    def _compare(self, seen: Look) -> Comparison:
        comparison = self.baseline.compare(seen)
        stepped = np.isfinite(self._gain_db) and seen.gain_db != self._gain_db
        self._gain_db = seen.gain_db
        rise = comparison.rise_db
        doubt = self.gain_uncertainty_db if not np.isfinite(seen.gain_db) else 0.0
        # A snapshot during which the gain was set holds two levels, and neither is known.
        rise = 0.0 if stepped else np.sign(rise) * max(abs(rise) - doubt, 0.0)
        return replace(comparison, rise_db=float(rise))

    def _learn(self, seen: Look, comparison: Comparison, detected: bool, learn: bool) -> None:
        if detected or not learn:
            self._since_alarm = 0
            self.baseline.alarm()
            return
        self._since_alarm += 1
        # The last seconds before silence may still hold some of it.
        if self._since_alarm > 2 or not self.baseline.known:
            self.baseline.offer(seen, comparison)


def judge_all(detector: Detector, snapshots: Snapshots) -> list[Judgement]:
    """Judge snapshots of one receiver; where one does not follow the one before, a segment begins."""
    result = []
    for index in range(len(snapshots)):
        if index and _breaks(snapshots, index):
            detector.begin_segment()
        result.append(detector.judge(snapshots, index))
    return result


def _breaks(snapshots: Snapshots, index: int) -> bool:
    end = snapshots.sample_start[index - 1] + snapshots.sample_count[index - 1]
    return bool(snapshots.sample_start[index] != end)
