# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cells the tables of the pulse room are made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...core.canonical import Scalar
from ...core.evaluation import Cell, CellFunction, final_seed
from .detection import VARIANTS, measure_detection
from .false_alarms import INPUTS, measure_false_alarms, measure_spread
from .robustness import SCENES, measure_robustness

DESIGN, FINAL = "design", "final"

#: E/N0 of the points, dB: from hardly ever to always. 15 dB is where errors are quoted.
_POINTS = {
    "nominal": (6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 15.0),
    "hop nw/4": (6.0, 7.0, 8.0, 9.0, 10.0, 11.0),
    "K 1": (12.0, 13.0, 14.0, 15.0, 16.0, 17.0),
    "K 3": (8.0, 9.0, 10.0, 11.0, 12.0, 13.0),
    "K 10": (4.0, 5.0, 6.0, 7.0, 8.0, 9.0),
    "interval +0.5 %": (10.0, 12.0, 14.0, 16.0, 18.0, 20.0),
    "jitter 5 ms": (7.0, 8.0, 9.0, 10.0, 11.0, 12.0),
    "fading 6 dB": (4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 18.0, 21.0),
    "drift 10 Hz/s": (8.0, 9.0, 10.0, 11.0, 12.0, 13.0),
    "cu8, noise 0.5 step": (7.0, 8.0, 9.0, 10.0, 11.0, 12.0),
    "width 8 ms": (7.0, 8.0, 9.0, 10.0, 11.0),
}
_DEFAULT_POINTS = (6.0, 7.0, 8.0, 9.0, 10.0, 11.0)
_MAIN_VARIANTS = ("nominal", "hop nw/4", "K 1", "K 3", "K 10")
_NOMINAL_CHUNKS, _MAIN_TRIALS, _OTHER_TRIALS = 4, 1000, 400
_SCENE_TRIALS = 1000
_WHITE_CHUNKS, _WHITE_TRIALS, _OTHER_CYCLES = 30, 10_000, 5000


@dataclass(frozen=True)
class Table:
    """One table: its cells' keys with the trials of each chunk, what measures a cell, and the quick check.

    Attributes
    ----------
    places : sequence of (key, trials, chunks)
    measure : callable
    quick_share, quick_trials
        Part of the places that `--quick` computes again, and with how many trials; 0 leaves it out.
    quick_names : sequence of str
        Counts that are compared.
    """

    name: str
    places: Sequence[tuple[Mapping[str, Scalar], int, int]]
    measure: CellFunction
    quick_share: float = 0.1
    quick_trials: int = 0
    quick_names: Sequence[str] = ("hits",)

    def cells(self, seeds: str, scale: float = 1.0, seed_of: Callable | None = None) -> Iterator[Cell]:
        """The cells, in chunks so that a long run can be interrupted; `scale` multiplies the trials."""
        for key, trials, chunks in self.places:
            full = {"table": self.name, "seeds": seeds, **key}
            count = max(1, math.floor(chunks * scale)) if chunks > 1 else 1
            each = trials if chunks > 1 and chunks * scale >= 1 else max(20, round(trials * chunks * scale))
            for chunk in range(1, count + 1):
                yield Cell(full, each, seed_of({**full, "chunk": chunk}) if seed_of else chunk)


def _detection_places() -> Iterator[tuple[dict[str, Scalar], int, int]]:
    for variant in VARIANTS:
        for en0 in _POINTS.get(variant, _DEFAULT_POINTS):
            trials = _MAIN_TRIALS if variant in _MAIN_VARIANTS else _OTHER_TRIALS
            yield {"variant": variant, "en0_db": en0}, trials, _NOMINAL_CHUNKS if variant == "nominal" else 1


def _false_alarm_places() -> Iterator[tuple[dict[str, Scalar], int, int]]:
    for name in INPUTS:
        if name == "white":
            yield {"input": name}, _WHITE_TRIALS, _WHITE_CHUNKS
        else:
            yield {"input": name}, _OTHER_CYCLES, 1


DETECTION = Table("detection", tuple(_detection_places()), measure_detection, quick_trials=100)
ROBUSTNESS = Table(
    "robustness",
    tuple(({"scene": scene}, _SCENE_TRIALS, 1) for scene in SCENES),
    measure_robustness,
    quick_trials=150,
)
SPREAD = Table("spread", (({"noise_cycles": 1000}, 10, 4), ({"noise_cycles": 100}, 200, 1)), measure_spread)
FALSE_ALARMS = Table(
    "false_alarms",
    tuple(_false_alarm_places()),
    measure_false_alarms,
    quick_trials=1500,
    quick_names=("above_1e-1", "hits"),
)
TABLES = (DETECTION, ROBUSTNESS, SPREAD, FALSE_ALARMS)


def all_cells(scale: float = 1.0, frozen: str | None = None) -> list[tuple[Table, Cell]]:
    """Every cell with its table.

    Parameters
    ----------
    scale : float
        Of the trials.
    frozen : str, optional
        Hash of what is frozen: the cells then have final seeds, and places of their own.
    """
    seeds = DESIGN if frozen is None else FINAL
    seed_of = None if frozen is None else lambda key: final_seed(frozen, key)
    return [(table, cell) for table in TABLES for cell in table.cells(seeds, scale, seed_of)]
