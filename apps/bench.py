# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel bench`: speed as ratios, measured in one run."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
from pathlib import Path

PARTS = {
    "pulse": "bench_pulse",
    "channelizer": "bench_channelizer",
    "decimate": "bench_decimator",
    "gnss": "bench_gnss",
    "gnss-models": "bench_gnss_models",
    "streams": "bench_streams",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel bench`."""
    parser.add_argument("part", nargs="*", help=f"of {', '.join(PARTS)}; all if left out")
    parser.add_argument(
        "--out", metavar="FILE.md", help="write the tables to this page, e.g. docs/benchmarks.md"
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write and return the exit code."""
    from gnuradio.sentinel.core.evaluation import markdown_table, replace_section

    # The package sets the environment of the measurement when it is imported.
    importlib.import_module("gnuradio.sentinel.bench")
    for part in arguments.part or PARTS:
        rows = importlib.import_module(f"gnuradio.sentinel.bench.{PARTS[part]}").run()
        print(f"{part}:")
        for row in rows:
            print(f"  {row['name']}: {row['ours']:.3g} against {row['baseline']:.3g}, {row['ratio']:.1f} x")
            print(f"      {row['conditions']}")
        if arguments.out:
            header = ["comparison", "ours", "baseline", "ratio", "conditions"]
            table = markdown_table(header, [_cells(row) for row in rows])
            replace_section(Path(arguments.out), part, f"{_machine()}\n\n{table}")
    return 0


def _cells(row: dict) -> list[str]:
    numbers = [f"{row['ours']:.3g}", f"{row['baseline']:.3g}", f"{row['ratio']:.1f}"]
    return [row["name"], *numbers, row["conditions"]]


def _machine() -> str:
    return (
        f"`sentinel bench --out docs/benchmarks.md` on {os.cpu_count()} x {_processor()}, load average "
        f"{os.getloadavg()[0]:.1f}. Quote the ratios: times depend on the machine and its neighbours."
    )


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
