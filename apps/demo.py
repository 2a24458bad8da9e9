# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel demo [ROOM]`: a minute's scene with a result worth showing."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from gnuradio.sentinel.core.errors import OutputError

ROOMS = ("pulse", "gnss")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel demo`."""
    parser.add_argument("room", nargs="?", choices=ROOMS, default="pulse", help="which detector (pulse)")
    parser.add_argument("--out", metavar="FOLDER", help="where the scene and the picture go (default ./out)")


def run(arguments: argparse.Namespace) -> int:
    """Show the demo and return the exit code: 1 if something was missed."""
    folder = Path(arguments.out or "out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; give another folder with --out") from error
    return importlib.import_module(f".demo_{arguments.room}", __package__).show(folder)
