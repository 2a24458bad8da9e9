# SPDX-License-Identifier: GPL-3.0-or-later
"""The sets of simulated sessions that models are trained, calibrated and judged on: names and recipes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from .campaign import campaign, snapshot_campaign
from .families import STRUCTURED
from .session import Session

#: Share of the sessions of detection sets whose gain steps are not told.
UNTOLD = 3


def _untold(sessions: Iterable[Session]) -> Iterator[Session]:
    """Every third session keeps its gain steps to itself, as a tuner's own control does."""
    for session in sessions:
        yield replace(session, gain_known=False) if session.index % UNTOLD == UNTOLD - 1 else session


def _detection(seed: int, sessions: int, split: str, **keys) -> Callable[[], Iterator[Session]]:
    return lambda: _untold(campaign(seed, sessions, split, duration_s=150, baseline_s=20, **keys))


def _clean(seed: int, hours: int, split: str) -> Callable[[], Iterator[Session]]:
    return lambda: _untold(campaign(seed, 2 * hours, split, duration_s=1800, baseline_s=20, jammed_share=0.0))


def _snapshots(seed: int, sessions: int, split: str, **keys) -> Callable[[], Iterator[Session]]:
    return lambda: snapshot_campaign(
        seed, sessions, split, baseline_s=8, waveforms=11, levels=3, clean_s=3, **keys
    )


#: Name of a set: the sessions in it.
SETS: dict[str, Callable[[], Iterable[Session]]] = {
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
    "detection-narrow": _detection(
        44, 24, "test", families=("cw", "multitone", "am", "fm"), jn_range_db=(-20.0, -10.0)
    ),
    "detection-wide": _detection(
        45,
        40,
        "test",
        families=("noise", "chirp", "slow_chirp", "pulsed_noise", "ofdm"),
        jn_range_db=(-20.0, 5.0),
    ),
    "quiet-calibrate": _clean(46, 4, "train"),
    "quiet-verify": _clean(47, 24, "test"),
}
