# SPDX-License-Identifier: GPL-3.0-or-later
"""The measured figures of the pulse room as pictures."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ...core.intervals import poisson_interval, wilson_interval
from .bench import PUBLISHED_RATE
from .false_alarms import STATED
from .tables import PUBLISHED_ROUND, Results
from .theory import bound_probability

_PF = 1e-4


def save_plots(results: Results, folder: str | os.PathLike) -> list[Path]:
    """Write `pulse-detection.png` and `pulse-false-alarms.png` and return their paths."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in (("pulse-detection", _draw_detection), ("pulse-false-alarms", _draw_false_alarms)):
        figure = Figure(figsize=(7.0, 4.5), layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure.subplots(), results)
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=110, metadata={"Software": None})
        paths.append(path)
    return paths


def _draw_detection(axes, results: Results) -> None:
    x = np.linspace(0.0, 17.0, 200)
    for name, pulses, color in (
        ("nominal", 5, "C0"),
        ("K 1", 1, "C1"),
        ("K 3", 3, "C2"),
        ("K 10", 10, "C3"),
    ):
        points = results.curve(name)
        axes.plot(x, bound_probability(x, pulses, 2 * PUBLISHED_RATE, _PF), color=color, lw=1, ls="--")
        if points:
            en0, totals = zip(*points, strict=True)
            share = np.array([t["hits"] / t["trials"] for t in totals])
            ends = np.array([wilson_interval(t["hits"], t["trials"]) for t in totals]).T
            errors = np.abs(ends - share)
            label = "K 5" if name == "nominal" else name
            axes.errorbar(en0, share, errors, color=color, marker=".", lw=1, capsize=2, label=label)
    axes.plot(PUBLISHED_ROUND, (0.5, 0.9), "k^", ms=6, label="published method, K 5")
    axes.plot([], [], "k--", lw=1, label="bound")
    axes.set(xlabel="E/N0 of one pulse, dB", ylabel="probability of a correct declaration", xlim=(3, 17))
    axes.set_title("15 ms pulses every 2 s, one false alarm in 10 000 cycles")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize=8)


def _draw_false_alarms(axes, results: Results) -> None:
    stated = np.array(list(STATED.values()))
    axes.axhspan(0.5, 1.5, color="0.92")
    axes.axhline(1.0, color="0.4", lw=1)
    total = results.by("false_alarms", "input").get("white")
    if total:
        counts = [total[f"above_{name}"] for name in STATED]
        ratio = np.array(counts) / (total["trials"] * stated)
        ends = np.array(
            [poisson_interval(c, total["trials"] * p) for c, p in zip(counts, stated, strict=True)]
        ).T
        label = f"{total['trials']} cycles of white noise"
        axes.errorbar(stated, ratio, np.abs(ends - ratio), marker="o", ms=4, lw=1, capsize=3, label=label)
        axes.legend(fontsize=8)
    axes.set(xscale="log", xlabel="stated false-alarm probability per cycle", ylim=(0, 2))
    axes.set(ylabel="measured / stated")
    axes.grid(alpha=0.3)
