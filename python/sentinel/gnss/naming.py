# SPDX-License-Identifier: GPL-3.0-or-later
"""What kind of interference an interval is: the sum of what each of its snapshots looks like."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from .smoothing import Prediction, verdict


@dataclass
class Tally:
    """Predictions of one interval, summed up.

    Attributes
    ----------
    classes : tuple of str
    limit : float
        Uncertainty above which the class is unknown.
    minute : int
        Snapshots in a minute.
    minutes : Counter
        Verdicts of whole minutes.
    """

    classes: tuple[str, ...]
    limit: float
    minute: int
    count: int = 0
    minutes: Counter = field(default_factory=Counter)
    _sums: list[np.ndarray] = field(default_factory=list)
    _recent: list[Prediction] = field(default_factory=list)

    def add(self, prediction: Prediction) -> None:
        """Take one more."""
        values = [prediction.mean, prediction.variance, np.array(prediction.uncertainty)]
        self._sums = [a + b for a, b in zip(self._sums, values, strict=True)] if self._sums else values
        self.count += 1
        self._recent.append(prediction)
        if len(self._recent) == self.minute:
            self.end_minute()

    def end_minute(self) -> None:
        """Decide on the predictions since the last whole minute."""
        if self._recent:
            label, _ = verdict(self._recent, self.classes, self.limit)
            self.minutes[label] += 1
            self._recent = []

    @property
    def mean(self) -> Prediction | None:
        """Mean over the interval; None before anything was predicted."""
        if not self.count:
            return None
        mean, variance, uncertainty = (part / self.count for part in self._sums)
        return Prediction(mean, variance, float(uncertainty))

    @property
    def label(self) -> str:
        """The class so far, `unknown` where not sure, `interference` before anything was predicted."""
        mean = self.mean
        if mean is None:
            return "interference"
        return "unknown" if mean.uncertainty > self.limit else self.classes[int(np.argmax(mean.mean))]
