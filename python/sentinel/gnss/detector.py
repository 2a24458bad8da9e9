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
from .rules import rule_score
from .snapshots import Snapshots
from .statistics import BUFFER, detection_statistics, energy_statistic, kurtosis_statistic

#: From rows of `detection_statistics`, shape (n, columns), to one score each; higher: more like interference.
ScoreModel = Callable[[np.ndarray], np.ndarray]

#: Score of the rule, which looks at the newest snapshot alone, from which a snapshot is evident by itself.
EVIDENT = 0.4


@dataclass(frozen=True)
class Judgement:
    """What was made of one snapshot by its spectrum alone.

    Attributes
    ----------
    decided : bool
        False where too few samples were left to judge; all that follows is None or NaN then.
    score : float
        Of all statistics, the level's rise counted as far as the gain is known.
    shape_score, level_score : float
        Without the level's rise, and with all of it as if the gain were known.
    provisional : bool
        The receiver's reference was not known yet.
    gain_known : bool
    statistics : ndarray or None
        Columns of `statistics.NAMES`, behind `score`.
    seen : Look or None
    comparison : Comparison or None
    description : ndarray or None
        Columns of `description.NAMES`.
    reference_power : ndarray or None, shape (N,)
        Power of each channel without the signal, at the present gain.
    energy, kurtosis : float
        The two plain detectors, in deviations.
    """

    decided: bool
    score: float = np.nan
    shape_score: float = np.nan
    level_score: float = np.nan
    provisional: bool = False
    gain_known: bool = False
    statistics: np.ndarray | None = None
    seen: Look | None = None
    comparison: Comparison | None = None
    description: np.ndarray | None = None
    reference_power: np.ndarray | None = None
    energy: float = np.nan
    kurtosis: float = np.nan


class Detector:
    """Judges snapshots in order of time: `judge` each, then say by `settle` what was made of it.

    Parameters
    ----------
    model : ScoreModel
    channels : int
    gain_uncertainty_db : float
        How far the gain may step without being told; a rise of the level counts beyond that only. 0 where
        the gain is fixed.
    baseline : Baseline, optional
        What is known of the receiver; nothing if left out.
    gain_told : bool
        Whether what the source tells of its gain is believed.
    """

    def __init__(
        self,
        model: ScoreModel,
        channels: int = 64,
        gain_uncertainty_db: float = 0.0,
        baseline: Baseline | None = None,
        gain_told: bool = True,
    ) -> None:
        self.model = model
        self.gain_uncertainty_db = gain_uncertainty_db
        self.baseline = baseline or Baseline(channels)
        self.gain_told = gain_told
        self._recent: deque[Comparison] = deque(maxlen=2)
        # The last ones with whether they were evident by themselves.
        self._buffer: deque[tuple[Comparison, bool]] = deque(maxlen=BUFFER - 1)
        self._since_alarm = 10**9
        self._gain_db = np.nan
        self._judged: Judgement | None = None
        self._stepped = False

    def begin_segment(self) -> None:
        """A gap, or a new begin of the stream: earlier snapshots no longer adjoin."""
        self._recent.clear()
        self._buffer.clear()

    def judge(self, snapshots: Snapshots, index: int) -> Judgement:
        """Judge one snapshot, the next in time."""
        self._judged = None
        if not judgeable(snapshots, index):
            return Judgement(False)
        seen = look(snapshots, index)
        if not self.gain_told:
            seen = replace(seen, gain_db=np.nan)
        comparison = self.baseline.compare(seen)
        stepped = bool(np.isfinite(self._gain_db) and seen.gain_db != self._gain_db)
        self._gain_db = seen.gain_db
        if stepped:
            # A snapshot during which the gain was set holds two levels, and neither is known.
            comparison = replace(comparison, rise_db=0.0)
        self._stepped = stepped
        self._recent.append(comparison)
        weak = [one for one, evident in self._buffer if not evident] + [comparison]
        known = self.baseline.tells_level(seen.gain_db) or self.gain_uncertainty_db == 0
        doubt = 0.0 if known else self.gain_uncertainty_db
        rows = detection_statistics(self._recent, weak, (doubt, np.inf, 0.0))
        self._buffer.append((comparison, bool(rule_score(rows[0])[0] > EVIDENT)))
        score, shape_score, level_score = (float(value) for value in self.model(rows))
        self._judged = Judgement(
            True,
            score,
            shape_score,
            level_score,
            not self.baseline.known,
            known,
            rows[0],
            seen,
            comparison,
            describe(seen, comparison, self.baseline, float(snapshots.saturated_share[index])),
            snapshots.power[index] / (1 + np.maximum(comparison.excess, -0.99)),
            energy_statistic(comparison),
            kurtosis_statistic(seen.kurtosis, seen.rows),
        )
        return self._judged

    def settle(self, quiet: bool) -> None:
        """Say whether the snapshot judged last was quiet: only then is it learned."""
        judged, self._judged = self._judged, None
        if judged is None:
            return
        if not quiet:
            self._since_alarm = 0
            self.baseline.alarm()
            return
        self._since_alarm += 1
        # The last seconds before silence may still hold some of it.
        if not self._stepped and (self._since_alarm > 2 or not self.baseline.known):
            self.baseline.offer(judged.seen, judged.comparison)
