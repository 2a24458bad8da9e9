# SPDX-License-Identifier: GPL-3.0-or-later
"""From a prediction each second to one that can be acted on: a moving average, and a verdict per minute."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

#: Steps of the moving average, as published.
STEPS = 10


@dataclass(frozen=True)
class Prediction:
    """What a classifier says of one snapshot, or the mean of several.

    Attributes
    ----------
    mean, variance : ndarray, shape (classes,)
        Over the members of the model: trees, or passes with other neurons dropped.
    uncertainty : float
        0 is sure; see `uncertainty`.
    """

    mean: np.ndarray
    variance: np.ndarray
    uncertainty: float


class MovingAverage:
    """Mean of the last predictions.

    Parameters
    ----------
    steps : int
        At the most so many.
    """

    def __init__(self, steps: int = STEPS) -> None:
        self._kept: deque[Prediction] = deque(maxlen=steps)

    def add(self, prediction: Prediction) -> Prediction:
        """Take one more; return the mean of those kept."""
        self._kept.append(prediction)
        return average(list(self._kept))


def average(predictions: list[Prediction]) -> Prediction:
    """Mean of probabilities, of variances and of uncertainties.

    Raises
    ------
    ValueError
        If there are none.
    """
    if not predictions:
        raise ValueError("there are no predictions to average")
    return Prediction(
        np.mean([one.mean for one in predictions], axis=0),
        np.mean([one.variance for one in predictions], axis=0),
        float(np.mean([one.uncertainty for one in predictions])),
    )


def verdict(
    predictions: list[Prediction],
    classes: tuple[str, ...],
    uncertainty_limit: float,
    least_score: float = 0.0,
    largest_deviation: float = np.inf,
) -> tuple[str, Prediction]:
    """One class for up to a minute of predictions, or `unknown`.

    The moving average runs over the predictions; its highest mean names the class. `unknown` where the mean
    uncertainty passes its limit, the class's mean stays below `least_score`, or its deviation is above
    `largest_deviation`.

    Parameters
    ----------
    predictions : list of Prediction
        In order of time, at least one.
    classes : tuple of str
    uncertainty_limit, least_score, largest_deviation : float

    Returns
    -------
    str, Prediction
        The class, and the mean it was read from.
    """
    running = MovingAverage()
    smooth = average([running.add(one) for one in predictions])
    best = int(np.argmax(smooth.mean))
    doubtful = (
        smooth.uncertainty > uncertainty_limit
        or smooth.mean[best] < least_score
        or np.sqrt(smooth.variance[best]) > largest_deviation
    )
    return ("unknown" if doubtful else classes[best]), smooth
