# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel companion`: GNU Radio Companion with the interpreter and the blocks of this installation.

Companion's own first line names /usr/bin/python3, which does not see a module in a virtual environment,
and its block path does not hold ours.
"""

from __future__ import annotations

import argparse
import difflib
import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import gnuradio.sentinel
from gnuradio.sentinel.core.errors import InputError

EPILOG = """\
examples:
  sentinel companion                  an empty flowgraph; our blocks are under [Sentinel]
  sentinel companion pulse            one that comes with this project
  sentinel companion my_station.grc
"""
APT = "sudo apt install gnuradio gir1.2-gtk-3.0 python3-gi-cairo"
_MARK = "sentinel_source.block.yml"  # stands in every folder of our block descriptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel companion`."""
    parser.add_argument(
        "flowgraphs", nargs="*", metavar="X.grc", help=f"flowgraph; of ours: {', '.join(sorted(shipped()))}"
    )


def run(arguments: argparse.Namespace) -> int:
    """Become Companion; returns only if that fails.

    Raises
    ------
    InputError
        Companion, GTK, a display or a flowgraph is missing.
    """
    files = [find_flowgraph(text) for text in arguments.flowgraphs]
    program = find_companion()
    for lacking in (missing_gtk(), missing_display(os.environ)):
        if lacking:
            raise InputError(lacking)
    environment = os.environ | {"GRC_BLOCKS_PATH": blocks_path(os.environ)}
    sys.stdout.flush()
    # The flowgraphs it runs take Companion's interpreter, and with it this module.
    os.execve(sys.executable, [sys.executable, program, *map(str, files)], environment)


def find_companion() -> str:
    """Path of GNU Radio Companion. Raises InputError with the remedy."""
    found = shutil.which("gnuradio-companion", path=f"/usr/bin{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise InputError(f"gnuradio-companion is not installed; {APT}")
    return found


def missing_gtk() -> str:
    """Why Companion's window cannot be made, with the remedy; empty if it can."""
    if importlib.util.find_spec("gi") is None:
        return f"GTK for Python is not installed, Companion needs it; {APT}"
    import gi

    try:
        gi.require_version("Gtk", "3.0")
    except ValueError:
        return f"GTK 3 is not installed, Companion needs it; {APT}"
    return ""


def missing_display(environment: Mapping[str, str]) -> str:
    """Why no window can be shown, with the remedy; empty if one can."""
    if environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"):
        return ""
    return (
        "Companion needs a display and there is none; start it on a desktop or over ssh -X. "
        "`sentinel pulse` and programs made by grcc run without one"
    )


def block_folders() -> list[Path]:
    """Folders with our block descriptions: the source tree's, then the installed ones.

    Companion takes the last of two descriptions, and the installed ones fit the module that will run.
    """
    above = Path(gnuradio.sentinel.__file__).resolve().parents
    source = [parent / "grc" for parent in above]
    installed = [parent / "share" / "gnuradio" / "grc" / "blocks" for parent in above]
    return [folder for folder in (*source, *installed) if (folder / _MARK).exists()]


def blocks_path(environment: Mapping[str, str]) -> str:
    """GRC_BLOCKS_PATH with our folders after those that are set already."""
    folders = [*filter(None, environment.get("GRC_BLOCKS_PATH", "").split(os.pathsep))]
    return os.pathsep.join(dict.fromkeys([*folders, *map(str, block_folders())]))


def shipped() -> dict[str, Path]:
    """The flowgraphs that come with this project, by name; those of the source tree come first."""
    found: dict[str, Path] = {}
    for folder in block_folders():
        if folder.name == "grc":
            places = [folder.parent / "apps", folder.parent / "examples"]
        else:
            places = [folder.parents[1] / "examples" / "sentinel"]
        for path in (path for place in places for path in sorted(place.glob("*.grc"))):
            found.setdefault(path.stem, path)
    return found


def find_flowgraph(text: str) -> Path:
    """A flowgraph by its path, or one of ours by its name. Raises InputError if there is none."""
    path = Path(text)
    if path.is_file():
        return path.absolute()
    ours = shipped()
    if path.name == text and path.suffix in ("", ".grc") and path.stem in ours:
        return ours[path.stem]
    close = difflib.get_close_matches(path.stem, ours, 1)
    hint = f"did you mean {close[0]}?" if close else f"ours are {', '.join(sorted(ours)) or 'not installed'}"
    raise InputError(f"{text}: no such flowgraph; {hint}")
