# SPDX-License-Identifier: GPL-3.0-or-later
"""Table of positions: a transmitter that stands still among 1 to 4 sensors."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ...core.evaluation import Cell, ResultStore, markdown_table
from ..place.lanes import SENSOR_SETS, SENSORS
from ..place.positions import Area, LearnedPosition, Locator, inside_ellipse
from ..place.propagation import Assumptions, draw_power_db, measure, received_db
from .counts import Places, paired_generator, share_text

TABLE = "gnss_positions"
METHODS = ("likelihood", "forest")
SETS = ("one (front left)", "two front", "diagonal", "three", "four")
AREA = Area(step_m=1.0)
SECONDS = 5
ASSUMPTIONS = Assumptions()
#: Shares of errors below these distances are counted.
WITHIN_M = (2, 5)
_TRIALS, _TRAINING = 2000, 4000


def places() -> list[dict[str, Any]]:
    """Keys of the table's rows, in order."""
    return [
        {"table": TABLE, "power_sd_db": power, "sensors": name, "method": method}
        for power in (10, 0)
        for name in SETS
        for method in METHODS
    ]


def cells(scale: float = 1.0) -> list[Cell]:
    """The table's cells; `scale` multiplies the trials."""
    return [Cell(key, max(20, round(_TRIALS * scale)), 1) for key in places()]


def _draw(
    rng: np.random.Generator, count: int, sensors: np.ndarray, assumptions: Assumptions
) -> tuple[np.ndarray, np.ndarray]:
    """Places (B, 2) and levels (B, T, S)."""
    low, high = np.array([AREA.x_m, AREA.y_m]).T
    truth = rng.uniform(low, high, (count, 2))
    jn = received_db(truth, sensors, assumptions) + draw_power_db(rng, count, assumptions)[:, None]
    return truth, measure(rng, np.repeat(jn[:, None, :], SECONDS, axis=1), assumptions)


def measure_positions(cell: Cell) -> dict[str, float]:
    """Locate the trials of one cell.

    Returns
    -------
    dict
        `square`: sum of squared errors, m^2; `within_<m>`: errors below; `inside`: truths inside the 95 %
        ellipse; `area`: sum of the ellipses' areas, m^2 (likelihood only).
    """
    assumptions = replace(ASSUMPTIONS, power_sd_db=float(cell.key["power_sd_db"]))
    everyone = np.array(list(SENSORS.values()))
    columns = [list(SENSORS).index(name) for name in SENSOR_SETS[str(cell.key["sensors"])]]
    rng = paired_generator(cell, ("power_sd_db",))
    truth, levels = _draw(rng, cell.trials, everyone, assumptions)
    levels = levels[..., columns]
    result: dict[str, float] = {}
    if cell.key["method"] == "forest":
        known_truth, known = _draw(rng, _TRAINING, everyone, assumptions)
        mean = LearnedPosition(seed=cell.seed).fit(known[..., columns], known_truth).predict(levels)
    else:
        locator = Locator(everyone[columns], assumptions, AREA, SECONDS)
        mean, _, covariance = locator.estimate(levels)
        result["inside"] = int(inside_ellipse(truth, mean, covariance).sum())
        areas = np.sqrt(np.maximum(np.linalg.det(covariance), 0)) * -2 * math.log(0.05) * math.pi
        result["area"] = float(areas.sum())
    error = np.hypot(*(mean - truth).T)
    result["square"] = float(np.sum(error**2))
    return result | {f"within_{limit}": int((error < limit).sum()) for limit in WITHIN_M}


def section(store: ResultStore) -> str:
    """The table with its assumptions, Markdown; rows that were not measured are left out."""
    found = Places(store)
    rows = []
    for key in places():
        total = found.total(key)
        if total is None:
            continue
        trials = total["trials"]
        power = f"unknown, sd {key['power_sd_db']} dB" if key["power_sd_db"] else "known"
        row = [key["sensors"], power, key["method"], f"{math.sqrt(total['square'] / trials):.2f} m"]
        row += [share_text(total[f"within_{limit}"], trials) for limit in WITHIN_M]
        if "inside" in total:
            row += [share_text(total["inside"], trials), f"{total['area'] / trials:.0f} m²"]
        else:
            row += ["", ""]
        rows.append(row)
    if not rows:
        return "Not measured on this machine.\n"
    sides = [high - low for low, high in (AREA.x_m, AREA.y_m)]
    guess = math.sqrt(sum(side**2 for side in sides) / 12)
    header = ["sensors", "power", "method", "rms error", *(f"within {limit} m" for limit in WITHIN_M)]
    header += ["95 % ellipse holds", "its mean area"]
    return (
        f"A transmitter anywhere in {sides[0]:g} x {sides[1]:g} m, standing still for {SECONDS} s, sensors "
        f"at {', '.join(f'({x:g}, {y:g})' for x, y in SENSORS.values())} m; posterior mean over cells of "
        f"{AREA.step_m:g} m. {ASSUMPTIONS}\n\nAlways naming the middle of the area gives {guess:.2f} m. No "
        "figure is published. The forest (100 trees) learned 4000 places of the same kind.\n\n"
        + markdown_table(header, rows)
    )
