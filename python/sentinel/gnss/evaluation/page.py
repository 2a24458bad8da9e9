# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of measured figures, docs/results-gnss.md: text around sections that are replaced."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ...core.evaluation import ResultStore, markdown_table, replace_section
from . import class_tables as classes
from . import closed_forms, place, published, unseen
from . import detection_tables as detection
from .bench import DESIGN, FINAL
from .grids import TABLES
from .run import RESULTS_VERSION

_PAGE = """# Interference monitor: measured figures

Everything between markers is written by `sentinel evaluate gnss`; the cells it is made of lie in
`data/results-gnss.jsonl` and `data/results-gnss-place.jsonl`. `sentinel evaluate gnss --quick` simulates
a session of each tenth place again, with other seeds, and fails where the result lies outside what is
committed.

<!-- begin:conditions -->
<!-- end:conditions -->

## Against the targets

<!-- begin:targets -->
<!-- end:targets -->

## Detection

One session is one receiver: 20 clean seconds, then jammed and clean stretches in turn, half of the time each,
with ±0.5 dB of slow drift and gain steps of ±3 dB. In every third session the receiver keeps its steps to
itself ("untold"). Each second is judged as it comes. All detectors have a threshold for one false alarm per
hour, found on the same quiet sessions; the plain ones share the reference that the rule learns. F2 is that of
interference, 5 TP / (5 TP + 4 FN + FP), counted in seconds; intervals draw whole sessions again, 95 %.

<!-- begin:f2 -->
<!-- end:f2 -->

Clean seconds called interference in these sessions. Here the five-second mean may hold weak seconds of the
stretch before; on undisturbed input see False alarms below.

<!-- begin:false_seconds -->
<!-- end:false_seconds -->

Share of jammed seconds found, by family:

<!-- begin:families -->
<!-- end:families -->

Time from the begin of a stretch to the event, which is told at the end of a second, so that 1 s is the least:

<!-- begin:latency -->
<!-- end:latency -->

J/N in dB at which 90 % of the stretches of wide families are found within 5 s, with the interval of the fit:

<!-- begin:wide -->
<!-- end:wide -->

Many short stretches of one level, the gain told:

<!-- begin:points -->
<!-- end:points -->

## False alarms

Events that the whole monitor opens in sessions without interference, with drift and gain steps, behind their
first 20 s. Intervals are exact (Poisson, 95 %), the bound is one-sided.

<!-- begin:quiet -->
<!-- end:quiet -->

## Classification

Twelve classes: a second counts as right if the detector (one false alarm per hour) and the forest behind it
give its class, `none` where the detector is silent. Accuracy is the mean over classes of the share rightly
named. J/N is uniform in -20 to 20 dB, sessions are kept apart. "Seconds alone" do not follow each other as in
life: the detector's five-second buffer is emptied before each, which costs it the weak ones. "As it runs"
is the monitor on stretches of 5 to 30 s. Eleven classes: the forest alone, on seconds with interference,
detected or not. The rule stands behind the same detector.

<!-- begin:accuracy -->
<!-- end:accuracy -->

By J/N, 12 classes / 11 classes:

<!-- begin:levels -->
<!-- end:levels -->

What each class is called, seconds alone:

<!-- begin:confusion -->
<!-- end:confusion -->

What was never learned. `unknown` is said where the uncertainty exceeds what 5 % of known interference has:

<!-- begin:held_out -->
<!-- end:held_out -->

Error rate of the most likely class when the least sure seconds are rejected; every answer to the unseen
family is an error. The gain is 1 where all errors are rejected first, 0 at random:

<!-- begin:rejection -->
<!-- end:rejection -->

Each class left out of training in turn, a small forest with `none` as a class of its own and no detector in
front:

<!-- begin:unseen -->
<!-- end:unseen -->

## Published configurations

A forest of 1000 on 36 chosen features of one second, and ResNet18 on pictures of 5 s, trained as published on
four chirp jammers and `none`, and on the 12 classes; by session, and with the published random split, which
leaves neighbouring seconds on both sides. The published figures are of other data: four real jammers in a
van.

<!-- begin:published -->
<!-- end:published -->

## Features against closed forms

Means over seconds of simulated samples. M is the number of rows in a second, 40 kHz.

<!-- begin:closed_forms -->
<!-- end:closed_forms -->

## Ranging

<!-- begin:ranging -->
<!-- end:ranging -->

## Positions

<!-- begin:positions -->
<!-- end:positions -->

## Lanes

<!-- begin:lanes -->
<!-- end:lanes -->
"""

_SECTIONS: dict[str, Callable[[ResultStore], str]] = {
    "f2": detection.f2_table,
    "false_seconds": detection.false_seconds_table,
    "families": detection.family_table,
    "latency": detection.latency_table,
    "wide": detection.wide_table,
    "points": detection.points_table,
    "quiet": detection.quiet_table,
    "accuracy": classes.accuracy_table,
    "levels": classes.level_table,
    "confusion": classes.confusion_table,
    "held_out": classes.held_out_table,
    "rejection": classes.rejection_table,
    "unseen": unseen.section,
    "published": published.section,
    "closed_forms": closed_forms.section,
}


def write_page(store: ResultStore, place_store: ResultStore, out: str | os.PathLike) -> Path:
    """Write the page; text between the sections is kept if the page is there."""
    out = Path(out)
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(_PAGE, encoding="utf-8")
    replace_section(out, "conditions", _conditions(store))
    replace_section(out, "targets", target_table(store))
    for name, section in _SECTIONS.items():
        replace_section(out, name, section(store))
    for name, text in place.sections(place_store).items():
        replace_section(out, name, text)
    return out


def target_table(store: ResultStore) -> str:
    """What was measured beside what was asked for."""
    rows = detection.detection_targets(store) + classes.class_targets(store)
    rows += closed_forms.closed_form_targets(store)
    header = ["", "measured", "must", "strong", "stretch", "reached"]
    return markdown_table(header, rows) if rows else detection.NO_RESULTS


def _conditions(store: ResultStore) -> str:
    counts = {DESIGN: 0, FINAL: 0}
    wanted = {
        DESIGN: sum(len(numbers) for table in TABLES for _, numbers in table.places()),
    }
    wanted[FINAL] = wanted[DESIGN]
    names = {table.name for table in TABLES}
    for key, total in store.totals():
        if key.get("table") in names:
            counts[str(key["seeds"])] += total["trials"]
    done = ", ".join(f"{counts[seeds]} of {wanted[seeds]} with {seeds} seeds" for seeds in counts)
    return (
        f"Command: `sentinel evaluate gnss` (`--final` for the final seeds). Version {RESULTS_VERSION}, "
        f"models {store.model[:12]}; NumPy {np.__version__}, Python {platform.python_version()}. Sessions "
        f"simulated: {done}. Sessions of the design seeds are those of the test sets; final seeds come "
        "from the hash of the model files, which nobody knew before they were frozen.\n\n"
        f"For comparison: accuracy published for 5 classes, {classes.PUBLISHED}, with neighbouring seconds "
        f"on both sides of the split; a forest of 1000 on 448 snapshots of 0.1 s of these 12 classes has "
        f"{classes.FLOOR}.\n"
    )
