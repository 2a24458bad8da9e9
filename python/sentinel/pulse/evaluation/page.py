# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of measured figures, docs/results-pulse.md: text around sections that are replaced."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ...core.evaluation import ResultStore, replace_section
from ..calibration import KERNEL_VERSION, TRIALS
from . import tables
from .bench import make_bench
from .grids import TABLES
from .plots import save_plots
from .real import RECORDINGS

_PAGE = """# Pulse detection: measured figures

Everything between markers is written by `sentinel evaluate pulse`; the cells it is made of lie in
`data/results-pulse.jsonl`. `sentinel evaluate pulse --quick` computes a tenth of them again, with other
seeds, and fails where the result lies outside what is committed.

<!-- begin:conditions -->
<!-- end:conditions -->

## Against the targets

<!-- begin:targets -->
<!-- end:targets -->

## Detection

A correct declaration lies within 70 Hz and 16 ms of the tag. Carriers are uniform in ±1700 Hz, the arrival
is uniform in the interval, each pulse has a random phase. E/N0 is the energy of one pulse over the noise
density. The bound is that of the non-coherent sum of K matched pulses over sample rate × interval
independent cells. Intervals hold with 95 %.

![Detection against E/N0](images/pulse-detection.png)

<!-- begin:detection -->
<!-- end:detection -->

Where the curves reach 50 % and 90 %:

<!-- begin:crossings -->
<!-- end:crossings -->

Errors of what is correctly declared. Frequency is compared with the Cramér-Rao bound of five pulses of
independent phase.

<!-- begin:errors -->
<!-- end:errors -->

What the tests for clicks, traffic, lone bursts and other intervals cost a tag in white noise. Without them
every train above the threshold counts.

<!-- begin:cost -->
<!-- end:cost -->

Tags and receivers that the tests were not adjusted with:

<!-- begin:generalisation -->
<!-- end:generalisation -->

## False alarms

Counted are noise cycles whose strongest score exceeds the threshold of the stated probability, before any
test refuses a train; a detector that also tests declares less often. The noise has other seeds than the
calibration's, the threshold is that of one ordinary calibration. Intervals are exact (Poisson, 95 %).

![Measured over stated false-alarm probability](images/pulse-false-alarms.png)

<!-- begin:false_alarms -->
<!-- end:false_alarms -->

Other geometries, parts of the band, and what a receiver does to noise:

<!-- begin:false_alarm_inputs -->
<!-- end:false_alarm_inputs -->

How much the threshold for 1e-4 depends on the noise a calibration happened to see, in units of the
score; 5 % and 95 % quantiles as 10 log10 of it:

<!-- begin:spread -->
<!-- end:spread -->

## Robustness

Cycles without any tag of the searched interval (2 s). A click is three samples of one phase, its energy over
N0 given; impulses multiply single samples; steps come at a uniform time in the middle half. "Without tests"
is the share of cycles with a score above the threshold. The bound is one-sided, 95 %.

<!-- begin:robustness -->
<!-- end:robustness -->

## Real recordings

Busy on/off-keyed traffic of remotes and sensors, repeated to 21 s, searched for 15 ms pulses in 81 channels
over the whole band and in the channel at the centre. The recordings themselves are shorter than a cycle,
which the detector says. Intervals near a recording's own length are left out: tiled, it really repeats then.

<!-- begin:traffic -->
<!-- end:traffic -->

A burst cut out of one recording, put every 2 s into another. E/N0 is what the matched filter collects of the
burst over the noise density of the background there. Where the background's own traffic fills the burst's
frequency, the train is refused. The bursts of X10 and TFA-Twin-Plus chirp or are keyed and have several lines
of like strength: a declaration more than 70 Hz from the strongest counts as "declared elsewhere".

<!-- begin:bursts -->
<!-- end:bursts -->
"""

_SECTIONS: dict[str, Callable[[tables.Results], str]] = {
    "targets": tables.target_table,
    "detection": tables.detection_table,
    "crossings": tables.crossing_table,
    "errors": tables.error_table,
    "cost": tables.cost_table,
    "generalisation": tables.generalisation_table,
    "false_alarms": tables.false_alarm_table,
    "false_alarm_inputs": tables.false_alarm_inputs_table,
    "spread": tables.spread_table,
    "robustness": tables.robustness_table,
    "traffic": tables.traffic_table,
    "bursts": tables.burst_table,
}


def write_page(store: ResultStore, out: str | os.PathLike) -> list[Path]:
    """Write the page and its pictures; text between the sections is kept if the page is there.

    Returns
    -------
    list of Path
        What was written.
    """
    out = Path(out)
    results = tables.Results(store)
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(_PAGE, encoding="utf-8")
    replace_section(out, "conditions", conditions(results))
    for name, section in _SECTIONS.items():
        replace_section(out, name, section(results))
    return [out, *save_plots(results, out.parent / "images")]


def conditions(results: tables.Results) -> str:
    """How the figures came about."""
    bench = make_bench()
    trials = sum(
        total["trials"] for t in TABLES for s in ("design", "final") for _, total in results.of(t.name, s)
    )
    group = bench.group
    return (
        f"Command: `sentinel evaluate pulse` (`--final` for the final seeds). Kernels {KERNEL_VERSION}; "
        f"NumPy {np.__version__}, Python {platform.python_version()}. Design seeds are 1, 2, 3, … per cell; "
        "final seeds come from the hash of the calibration, which nobody knew before it was frozen. "
        f"{trials} trials in all.\n\n"
        f"Unless said otherwise: {group.channel_rate:g} Hz, 15 ms, 2 s, K 5, windows of {group.window} "
        f"samples every {group.hop}, {group.rows} frequency rows, false-alarm probability 1e-4 a cycle of "
        f"{bench.cycle_samples / group.channel_rate:.2f} s, threshold {bench.threshold:.2f} from {TRIALS} "
        f"noise cycles. Real recordings: {RECORDINGS}.\n"
    )
