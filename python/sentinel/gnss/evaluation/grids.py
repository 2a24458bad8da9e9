# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cells the tables of the gnss room are made of: a cell is a session."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...core.canonical import Scalar
from ...core.evaluation import Cell, final_seed
from ..training.sets import SETS
from .bench import DESIGN, FINAL, TOLD, UNTOLD_GAIN, Bench, design_seeds
from .classes import measure_classes
from .detection import measure_detection, measure_quiet

Measure = Callable[[Cell, Bench], dict[str, Any]]


@dataclass(frozen=True)
class Table:
    """Sessions of some sets, and what measures them.

    Attributes
    ----------
    name : str
    sets : tuple of str
    measure : callable
    gains : bool
        Whether sessions whose gain is told stand apart from those where it is not.
    quick : dict
        What is different of a session that `--quick` makes, besides its seed.
    compared : (str, str, float)
        Successes and trials that `--quick` compares, and how many trials weigh as an independent one.
    """

    name: str
    sets: tuple[str, ...]
    measure: Measure
    compared: tuple[str, str, float]
    gains: bool = False
    quick: Mapping[str, Scalar] | None = None

    def places(self, seeds: str = DESIGN) -> Iterator[tuple[dict[str, Scalar], list[int]]]:
        """Keys, and the design seeds of the sessions of each."""
        for name in self.sets:
            for gain in (TOLD, UNTOLD_GAIN) if self.gains else (None,):
                key = {"table": self.name, "seeds": seeds, "set": name}
                yield key | ({"gain": gain} if gain else {}), design_seeds(name, gain)

    def cells(self, frozen: str | None = None, scale: float = 1.0) -> Iterator[Cell]:
        """The cells; with final seeds where the hash of what is frozen is given."""
        for key, numbers in self.places(DESIGN if frozen is None else FINAL):
            numbers = numbers[: max(1, math.ceil(scale * len(numbers)))]
            for number in numbers:
                seed = number if frozen is None else final_seed(frozen, {**key, "session": number})
                yield Cell(key, 1, seed)


def _named(start: str) -> tuple[str, ...]:
    return tuple(name for name in SETS if name.startswith(start))


DETECTION = Table(
    "gnss_detection",
    ("detection-strong", "detection-narrow", "detection-wide"),
    measure_detection,
    ("in_time", "stretch_total", 1.0),
    gains=True,
)
POINTS = Table(
    "gnss_points",
    (*_named("cw-"), *_named("noise-rise")),
    measure_detection,
    ("in_time", "stretch_total", 1.0),
    quick={"duration_s": 120},
)
QUIET = Table(
    "gnss_quiet",
    ("quiet-verify",),
    measure_quiet,
    ("opened_20", "seconds", 1.0),
    gains=True,
    quick={"duration_s": 240},
)
CLASSES = Table(
    "gnss_classes",
    ("classes-test", *_named("classes-unseen")),
    measure_classes,
    # Three seconds of one waveform are alike.
    ("right_given", "total_given", 3.0),
)
LIFE = Table("gnss_life", _named("life-"), measure_classes, ("right_given", "total_given", 15.0))
TABLES = (DETECTION, POINTS, QUIET, CLASSES, LIFE)
