# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendered sessions as the columns that models are trained on: made by the detector itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ... import kernel
from ..baseline import Baseline, white_coherence
from ..detector import Detector, ScoreModel
from ..rules import rule_score
from .dataset import Rendered


@dataclass(frozen=True)
class Columns:
    """What the detector made of one or more sessions, one row per judged second.

    Attributes
    ----------
    statistics : ndarray, shape (n, len(statistics.NAMES))
    description : ndarray, shape (n, len(description.NAMES))
    score, energy, kurtosis, rule : ndarray, shape (n,)
        Of the model given, of the two plain detectors, of the rule without learning.
    label : int64, shape (n,)
        In families.CLASSES; -1 for a family that is no class.
    jn_db, active_share : ndarray, shape (n,)
    baseline : bool, shape (n,)
    session, second : int64, shape (n,)
    """

    statistics: np.ndarray
    description: np.ndarray
    score: np.ndarray
    energy: np.ndarray
    kurtosis: np.ndarray
    rule: np.ndarray
    label: np.ndarray
    jn_db: np.ndarray
    active_share: np.ndarray
    baseline: np.ndarray
    session: np.ndarray
    second: np.ndarray

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, place: np.ndarray | slice) -> Columns:
        return Columns(**{name: value[place] for name, value in vars(self).items()})


def make_detector(
    model: ScoreModel,
    channels: int = 64,
    taps_per_channel: int = 8,
    doubt_db: float = 4.0,
    **baseline: object,
) -> Detector:
    """A detector with nothing learned, for features of this geometry."""
    prototype = kernel.channelizer_prototype(channels, taps_per_channel)
    coherence = white_coherence(prototype, channels)
    return Detector(model, channels, doubt_db, Baseline(channels, coherence=coherence, **baseline))


def columns_of(
    rendered: Rendered,
    session: int,
    model: ScoreModel = rule_score,
    threshold: float = 0.2,
    told: bool = False,
) -> Columns:
    """Columns of one session.

    Parameters
    ----------
    session : int
        Number that marks its rows.
    model, threshold
        Decide what the detector takes for quiet and learns.
    told : bool
        Let the truth decide that: for sets whose snapshots do not follow each other as in life.
    """
    detector = make_detector(model, rendered.snapshots.channels)
    rows, places = [], []
    for index in range(len(rendered)):
        judgement = detector.judge(rendered.snapshots, index)
        quiet = rendered.active_share[index] == 0 if told else not judgement.score >= threshold
        detector.settle(bool(quiet))
        if judgement.decided:
            rows.append(judgement)
            places.append(index)
    table = np.array([row.statistics for row in rows])
    return Columns(
        table,
        np.array([row.description for row in rows]),
        np.array([row.score for row in rows]),
        np.array([row.energy for row in rows]),
        np.array([row.kurtosis for row in rows]),
        rule_score(table),
        rendered.label[places],
        rendered.jn_db[places],
        rendered.active_share[places],
        rendered.baseline[places],
        np.full(len(places), session),
        np.array(places),
    )


def join_columns(parts: list[Columns]) -> Columns:
    """Rows of several sessions one after the other."""
    return Columns(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])}
    )
