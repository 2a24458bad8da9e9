# SPDX-License-Identifier: GPL-3.0-or-later
"""The sets of simulated sessions that models are trained, calibrated and judged on: names and recipes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from ..families import NARROW, STRUCTURED
from ..simulation.campaign import campaign, snapshot_campaign
from ..simulation.session import Session

#: Share of the sessions of detection sets whose gain steps are not told.
UNTOLD = 3


def _untold(sessions: Iterable[Session]) -> Iterator[Session]:
    """Every third session keeps its gain steps to itself, as a tuner's own control does."""
    for session in sessions:
        yield replace(session, gain_known=False) if session.index % UNTOLD == UNTOLD - 1 else session


@dataclass(frozen=True)
class Recipe:
    """How the sessions of a set are made; called, it gives them in order.

    Attributes
    ----------
    make : callable
        From seed, number of sessions and split to sessions.
    seed, sessions, split
        Of the set.
    """

    make: Callable[[int, int, str], Iterable[Session]]
    seed: int
    sessions: int
    split: str

    def __call__(self) -> Iterator[Session]:
        return iter(self.make(self.seed, self.sessions, self.split))

    def session(self, index: int) -> Session:
        """One of the set's."""
        return next(islice(self.make(self.seed, index + 1, self.split), index, None))

    def fresh(self, seed: int, gain_known: bool = True) -> Session:
        """A session of the same kind that is in no set."""
        session = next(iter(self.make(seed, 1, "final")))
        return session if gain_known else replace(session, gain_known=False)


def _detection(seed: int, sessions: int, split: str, **keys) -> Recipe:
    keys = {"duration_s": 150, "baseline_s": 20, **keys}
    return Recipe(lambda *order: _untold(campaign(*order, **keys)), seed, sessions, split)


def _point(seed: int, families: Iterable[str], jn_db: float) -> Recipe:
    """Many short stretches of one level, the gain told."""
    keys = {"duration_s": 300, "baseline_s": 20, "interval_s": (6, 8), "jammed_share": 0.3}
    keys |= {"families": tuple(families), "jn_range_db": (jn_db, jn_db)}
    return Recipe(lambda *order: campaign(*order, **keys), seed, 12, "test")


def _clean(seed: int, hours: int, split: str) -> Recipe:
    keys = {"duration_s": 1800, "baseline_s": 20, "jammed_share": 0.0}
    return Recipe(lambda *order: _untold(campaign(*order, **keys)), seed, 2 * hours, split)


def _snapshots(seed: int, sessions: int, split: str, **keys) -> Recipe:
    keys = {"baseline_s": 8, "waveforms": 11, "levels": 3, "clean_s": 3, **keys}
    return Recipe(lambda *order: snapshot_campaign(*order, **keys), seed, sessions, split)


#: Name of a set: the sessions in it.
SETS: dict[str, Recipe] = {
    "classes-train": _snapshots(41, 180, "train"),
    "classes-design": _snapshots(41, 30, "design"),
    "classes-test": _snapshots(41, 40, "test"),
    "classes-unseen-family": _snapshots(41, 8, "test", held_out=("family",)),
    "classes-unseen-parameters": _snapshots(41, 20, "test", held_out=("parameters",)),
    "classes-unseen-receiver": _snapshots(41, 20, "test", held_out=("receiver",)),
    "classes-unseen-background": _snapshots(41, 20, "test", held_out=("background",)),
    "detection-train": _detection(42, 60, "train"),
    "detection-design": _detection(42, 20, "design"),
    "detection-strong": _detection(
        43, 30, "test", families=STRUCTURED, jn_range_db=(-5.0, 20.0), interval_s=(10, 30)
    ),
    "detection-narrow": _detection(44, 24, "test", families=NARROW, jn_range_db=(-20.0, -10.0)),
    "detection-wide": _detection(
        45,
        40,
        "test",
        families=("noise", "chirp", "slow_chirp", "pulsed_noise", "ofdm"),
        jn_range_db=(-20.0, 5.0),
    ),
    "quiet-calibrate": _clean(46, 8, "train"),
    "quiet-verify": _clean(47, 25, "test"),
    # What an interval is called second by second, as a user sees it.
    "life-test": _detection(48, 40, "test"),
    "life-unseen-family": _detection(48, 8, "test", held_out=("family",)),
    "life-unseen-parameters": _detection(48, 10, "test", held_out=("parameters",)),
    "life-unseen-receiver": _detection(48, 10, "test", held_out=("receiver",)),
    "life-unseen-background": _detection(48, 10, "test", held_out=("background",)),
    # Wideband noise that raises the level by 0.5, 1 and 2 dB: J/N = 10 lg(10^(rise / 10) - 1).
    "noise-rise-0.5": _point(49, ("noise",), -9.14),
    "noise-rise-1": _point(49, ("noise",), -5.87),
    "noise-rise-2": _point(49, ("noise",), -2.33),
    "cw-10": _point(50, ("cw",), -10.0),
    "cw-20": _point(50, ("cw",), -20.0),
    "cw-25": _point(50, ("cw",), -25.0),
}
