# SPDX-License-Identifier: GPL-3.0-or-later
"""How unsure a classifier is, whether that helps, and when its answer is `unknown`.

A member is a tree of a forest or a pass of Monte Carlo dropout; p its class probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..core.forest_tables import entropy_nats

UNKNOWN = "unknown"
#: Names of the measures, in the order of `measures`.
MEASURES = ("one_minus_max", "entropy", "mutual_information", "variance", "out_of_range")


@dataclass(frozen=True)
class Moments:
    """What is kept of the members.

    Attributes
    ----------
    mean, mean_square : shape (n, classes)
        Of p and p^2 over members.
    mean_entropy : shape (n,)
        Of -sum p ln p over members, in nats.
    """

    mean: np.ndarray
    mean_square: np.ndarray
    mean_entropy: np.ndarray

    @classmethod
    def of_members(cls, members: np.ndarray) -> Moments:
        """Return the moments of members' probabilities, shape (members, n, classes)."""
        members = np.asarray(members, float)
        return cls(members.mean(axis=0), (members**2).mean(axis=0), entropy_nats(members).mean(axis=0))

    @classmethod
    def of_outputs(cls, outputs: Mapping[str, np.ndarray]) -> Moments:
        """Return the moments among the outputs of a forest's file, see `core.model_export.export_forest`."""
        return cls(outputs["mean"], outputs["mean_square"], outputs["mean_entropy"])

    @property
    def variance(self) -> np.ndarray:
        """Of p over members, shape (n, classes); the population's, so the sums run over members exactly."""
        return np.maximum(np.asarray(self.mean_square, float) - np.asarray(self.mean, float) ** 2, 0)


def measures(moments: Moments, out_of_range: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Return each measure of uncertainty, shape (n,), larger where less sure.

    - `one_minus_max`: 1 - max_c mean p_c.
    - `entropy`: of the mean, in nats: all uncertainty.
    - `mutual_information`: entropy of the mean less mean entropy: how far the members disagree.
    - `variance`: of the members' p for the class chosen.
    - `out_of_range`: how far the features lie outside training; 0 if not given.
    """
    mean = np.asarray(moments.mean, float)
    best = np.argmax(mean, axis=1)
    rows = np.arange(len(mean))
    entropy = entropy_nats(mean)
    return {
        "one_minus_max": 1 - mean[rows, best],
        "entropy": entropy,
        "mutual_information": np.maximum(entropy - moments.mean_entropy, 0),
        "variance": moments.variance[rows, best],
        "out_of_range": np.zeros(len(mean)) if out_of_range is None else np.asarray(out_of_range, float),
    }


def combined(values: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """Return the weighted sum of measures, shape (n,).

    Raises
    ------
    ValueError
        No weights, or one for a measure that is not there.
    """
    if not weights or not weights.keys() <= values.keys():
        raise ValueError(f"weights are for {sorted(weights)}, measures are {sorted(values)}")
    return sum(weight * np.asarray(values[name], float) for name, weight in weights.items())


@dataclass(frozen=True)
class RejectionCurve:
    """Error rate of what is left when the least sure part is rejected.

    Attributes
    ----------
    rejected : shape (n,)
        Share rejected: 0, 1/n, ... (n - 1)/n.
    error_rate : shape (n,)
        Of the rest. Rows equally sure are rejected together on average: their errors count evenly.
    area : float
        Mean error rate over the curve; lower is better.
    area_random, area_best : float
        Of rejecting at random, and of rejecting every error first.
    """

    rejected: np.ndarray
    error_rate: np.ndarray
    area: float
    area_random: float
    area_best: float

    @property
    def gain(self) -> float:
        """Part of what the best order would win that this one wins: 1 perfect, 0 random; 1 without errors."""
        possible = self.area_random - self.area_best
        return (self.area_random - self.area) / possible if possible > 0 else 1.0


def rejection_curve(uncertainty: np.ndarray, wrong: np.ndarray) -> RejectionCurve:
    """Return the curve of error rate against share rejected.

    Parameters
    ----------
    uncertainty : shape (n,)
    wrong : bool, shape (n,)
        Whether the answer is an error.

    Raises
    ------
    ValueError
        No rows, NaN, or shapes that do not fit.
    """
    uncertainty, wrong = np.asarray(uncertainty, float), np.asarray(wrong, bool)
    if not len(wrong) or uncertainty.shape != wrong.shape or np.isnan(uncertainty).any():
        raise ValueError("a rejection curve needs rows, and a number for each of them")
    # Among equals the order is not told by the measure: each counts the group's mean.
    _, group = np.unique(uncertainty, return_inverse=True)
    errors = np.bincount(group, wrong) / np.bincount(group)
    rates = _rates(np.sort(group), errors)
    count = len(wrong)
    best = _rates(np.arange(count), np.sort(wrong).astype(float))
    return RejectionCurve(
        rejected=np.arange(count) / count,
        error_rate=rates,
        area=float(rates.mean()),
        area_random=float(wrong.mean()),
        area_best=float(best.mean()),
    )


def _rates(group_sorted: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Error rate of the first n, n - 1, ... 1 rows, surest first."""
    sums = np.cumsum(errors[group_sorted])
    return (sums / np.arange(1, len(sums) + 1))[::-1]


@dataclass(frozen=True)
class RejectRule:
    """Above `threshold` the answer is unknown.

    Attributes
    ----------
    threshold : float
    rejected_share : float
        Asked for, of known classes.
    rows : int
        It was found on.
    """

    threshold: float
    rejected_share: float
    rows: int

    def rejects(self, uncertainty: np.ndarray) -> np.ndarray:
        """Return which rows are unknown, bool; also those whose uncertainty is NaN."""
        return ~(np.asarray(uncertainty, float) <= self.threshold)


def reject_rule(uncertainty: np.ndarray, rejected_share: float = 0.05) -> RejectRule:
    """Return the rule that rejects at most a share of known-class rows that no model was trained on.

    Of n rows the threshold is the ceil((n + 1)(1 - share))-th smallest, so that a further row of the same
    kind is rejected with a probability of at most the share, whatever its distribution. That holds for rows
    that could change places; rows of one session are alike, so take many sessions.

    Raises
    ------
    ValueError
        The share is not within 0 and 1, a value is not finite, or there are too few rows for the share.
    """
    values = np.sort(np.asarray(uncertainty, float))
    if not 0 < rejected_share < 1 or not np.isfinite(values).all():
        raise ValueError("a reject rule needs a share within 0 and 1 and finite uncertainties")
    # The guard keeps rounding from asking for one place more: 0.95 * 20 is 19.000000000000004.
    place = int(np.ceil((len(values) + 1) * (1 - rejected_share) - 1e-9))
    if place > len(values):
        least = int(np.ceil(1 / rejected_share - 1e-9)) - 1
        raise ValueError(
            f"{len(values)} rows are too few to reject {rejected_share:g} of them; {least} are needed"
        )
    return RejectRule(float(values[place - 1]), float(rejected_share), len(values))


def decide(
    mean: np.ndarray, uncertainty: np.ndarray, rule: RejectRule, classes: Sequence[str]
) -> tuple[str, ...]:
    """Return the name of the class with the largest mean for each row, or `unknown`."""
    best = np.argmax(mean, axis=1)
    unknown = rule.rejects(uncertainty)
    return tuple(UNKNOWN if out else classes[place] for place, out in zip(best, unknown, strict=True))


def unseen_row(answers: Sequence[str], unseen: str, none: str = "none") -> dict[str, float | str | int]:
    """Return the row of a table for a class that was left out of training.

    Parameters
    ----------
    answers : sequence of str
        Of rows of that class, as `decide` gives them.

    Returns
    -------
    dict
        `unseen`, `rows`, `called_none`, `called_unknown`: shares; `most_often`: the known class it is taken
        for, `most_often_share`.
    """
    answers = np.asarray(answers, dtype=str)
    if not len(answers):
        raise ValueError(f"there are no rows of the class {unseen!r}")
    known = answers[(answers != UNKNOWN) & (answers != none)]
    names, counts = np.unique(known, return_counts=True)
    place = int(np.argmax(counts)) if len(counts) else -1
    return {
        "unseen": unseen,
        "rows": len(answers),
        "called_none": float(np.mean(answers == none)),
        "called_unknown": float(np.mean(answers == UNKNOWN)),
        "most_often": str(names[place]) if len(counts) else "",
        "most_often_share": float(counts[place] / len(answers)) if len(counts) else 0.0,
    }
