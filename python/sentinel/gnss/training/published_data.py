# SPDX-License-Identifier: GPL-3.0-or-later
"""Data for the published classifiers: four chirp jammers and none, as published, and the 12 classes of here.

Every stretch lasts 5 s, one picture for the network; its seconds are the rows of the forest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import description
from ..detector import Judgement, ScoreModel
from ..families import CLASSES, FAMILIES
from ..rules import rule_score
from ..simulation.campaign import JN_RANGE_DB, campaign
from ..simulation.parameters import draw_parameters
from ..simulation.session import Interval, Session
from ..snapshots import RECORD_SCALARS
from .columns import make_detector
from .dataset import VERSION, Rendered, cached
from .images import SECONDS
from .published import ForestData, ImageData, Provider

_BASELINE_S = 8
#: Four jammers that differ in how wide and fast they sweep, 10 to 30 MHz wide as published.
JAMMERS: Mapping[str, Mapping[str, Any]] = {
    "jammer 1": {"bandwidth_hz": 10e6, "period_s": 9e-6, "shape": "up", "coherent": True},
    "jammer 2": {"bandwidth_hz": 16e6, "period_s": 14e-6, "shape": "up", "coherent": False},
    "jammer 3": {"bandwidth_hz": 24e6, "period_s": 25e-6, "shape": "triangle", "coherent": True},
    "jammer 4": {"bandwidth_hz": 30e6, "period_s": 38e-6, "shape": "down", "coherent": False},
}
#: What of the records is left out: where and when, not what.
_NO_FEATURES = ("gain_db", "lost_samples", "filled_share", "rows")


@dataclass(frozen=True)
class Kind:
    """One experiment.

    Attributes
    ----------
    classes : tuple of str
        "none" first.
    sessions : int
    jn_range_db : (float, float)
    each : int
        Stretches of each class in a session.
    stages : tuple of str
        What is trained, see `train_published`. A network takes an hour of two cores for 2000 pictures: one
        for each experiment, split at random where the published one was and by session where ours counts.
    """

    classes: tuple[str, ...]
    sessions: int
    jn_range_db: tuple[float, float]
    each: int
    stages: tuple[str, ...]

    @property
    def clean_s(self) -> int:
        """Clean seconds at the end of a session."""
        return self.each * SECONDS


FORESTS = ("forest/session", "forest/random")
KINDS = {
    "jammers": Kind(("none", *JAMMERS), 50, (0.0, 20.0), 4, (*FORESTS, "resnet/random")),
    "classes": Kind(CLASSES, 150, JN_RANGE_DB, 1, (*FORESTS, "resnet/session")),
}
_SEED = 61


def sessions(name: str) -> Iterator[Session]:
    """Sessions of an experiment: a clean start, each class for 5 s in shuffled order, a clean end."""
    kind = KINDS[name]
    names = [label for label in kind.classes[1:] for _ in range(kind.each)]
    length = _BASELINE_S + SECONDS * len(names) + kind.clean_s
    made = campaign(
        _SEED, kind.sessions, "train", duration_s=length, baseline_s=_BASELINE_S, jammed_share=0.0
    )
    for session in made:
        rng = np.random.default_rng((_SEED, session.index))
        parts = []
        for place, number in enumerate(rng.permutation(len(names))):
            label = names[number]
            family = label if label in FAMILIES else "chirp"
            parameters = draw_parameters(family, rng) | dict(JAMMERS.get(label, {}))
            start = _BASELINE_S + SECONDS * place
            level = float(rng.uniform(*kind.jn_range_db))
            seed = int(rng.integers(1 << 63))
            parts.append(Interval(start, start + SECONDS, family, parameters, level, seed))
        yield replace(session, intervals=tuple(parts), gain_steps=())


def _label(name: str, session: Session, second: int) -> str:
    for part in session.intervals:
        if part.start_s <= second < part.stop_s:
            if name != "jammers":
                return part.family
            width = part.parameters["bandwidth_hz"]
            return next(label for label, given in JAMMERS.items() if given["bandwidth_hz"] == width)
    return "none"


@dataclass(frozen=True)
class Second:
    """One judged second: `place` in a rendered session, with the number of the session as `group`."""

    rendered: Rendered
    place: int
    judgement: Judgement
    label: str
    group: int


@dataclass
class PublishedData:
    """Renders, or reads, an experiment once.

    Attributes
    ----------
    name : str
        In `KINDS`.
    cache : path
        Folder of rendered features.
    tell : callable, optional
        Told of each session; may raise to end the work, what was rendered stays.
    """

    name: str
    cache: str | os.PathLike
    tell: Callable[[int], None] | None = None

    def _sessions(self) -> Iterator[tuple[Session, Rendered]]:
        made = list(sessions(self.name))
        yield from zip(
            made, cached(self.cache, f"published-{self.name}", lambda: made, self.tell), strict=True
        )

    def provider(self) -> Provider:
        """What `train_published` takes."""
        data = replace(KINDS[self.name], stages=())
        return Provider(self.forest, self.images, f"{VERSION} published-{self.name} {data}")

    def seconds(self, model: ScoreModel = rule_score) -> Iterator[Second]:
        """Each judged second behind the clean starts, by a detector that the truth tells what is quiet."""
        for session, rendered in self._sessions():
            detector = make_detector(model, rendered.snapshots.channels)
            for place in range(len(rendered)):
                judgement = detector.judge(rendered.snapshots, place)
                detector.settle(bool(rendered.active_share[place] == 0))
                if judgement.decided and place >= _BASELINE_S:
                    yield Second(rendered, place, judgement, _label(self.name, session, place), session.index)

    def forest(self) -> ForestData:
        """Rows of power (dB), kurtosis and |coherence| by channel, scalars, and the description."""
        features, labels, groups = [], [], []
        for second in self.seconds():
            features.append(_row(second.rendered, second.place, second.judgement.description))
            labels.append(second.label)
            groups.append(second.group)
        return ForestData(np.array(features, np.float32), np.array(labels), np.array(groups), _NAMES)

    def images(self) -> ImageData:
        """Powers of 5 s, of one class each."""
        power, labels, groups = [], [], []
        for session, rendered in self._sessions():
            for start in range(_BASELINE_S, len(rendered) - SECONDS + 1, SECONDS):
                power.append(rendered.snapshots.power[start : start + SECONDS])
                labels.append(_label(self.name, session, start))
                groups.append(session.index)
        return ImageData(np.array(power), np.array(labels), np.array(groups))


_SCALARS = tuple(name for name in RECORD_SCALARS if name not in _NO_FEATURES)
_NAMES = (
    *(f"power_db_{channel}" for channel in range(64)),
    *(f"kurtosis_{channel}" for channel in range(64)),
    *(f"coherence_{channel}" for channel in range(64)),
    *_SCALARS,
    *description.NAMES,
)


def _row(rendered: Rendered, second: int, described: np.ndarray) -> np.ndarray:
    s = rendered.snapshots
    return np.concatenate(
        [
            10 * np.log10(np.maximum(s.power[second], 1e-12)),
            s.kurtosis[second],
            np.abs(s.coherence[second]),
            [np.nan_to_num(float(getattr(s, name)[second])) for name in _SCALARS],
            described,
        ]
    )
