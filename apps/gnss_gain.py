# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel gnss --gain-control`: its options, and the loop with its lines and records."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.settings import build
from gnuradio.sentinel.core.sinks.lines import LineWriter
from gnuradio.sentinel.core.source import source
from gnuradio.sentinel.gnss.block import GnssMonitor
from gnuradio.sentinel.gnss.config import GnssSettings
from gnuradio.sentinel.gnss.gain.gain_control import GainChange
from gnuradio.sentinel.gnss.gain.gain_loop import GainLoop, GainLoopSettings

from .settings_arguments import add_settings, settings_values


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of gain control."""
    title = "gain control"
    add_settings(parser, GainLoopSettings, title)
    parser.add_argument(
        "--gain-control",
        action="store_true",
        help="keep the level of a radio by its gain, as long as there is no interference",
    )
    parser.add_argument("--gain-log", metavar="FILE.jsonl", help="write each change of gain as a JSON line")


def settings_of(arguments: argparse.Namespace, settings: GnssSettings) -> GainLoopSettings | None:
    """The settings of the loop, None if it is not asked for.

    Raises
    ------
    InputError
        Options of a loop that is not asked for, or a gain said to be what it then is not.
    """
    values = settings_values(arguments, GainLoopSettings)
    if not arguments.gain_control:
        flags = [GainLoopSettings.model_fields[name].json_schema_extra["flag"] for name in values]
        flags += ["--gain-log"] if arguments.gain_log else []
        if flags:
            raise InputError(f"{flags[0]} is for --gain-control; give that too, or leave it out")
        return None
    if settings.gain_is != "auto":
        raise InputError(
            f"--gain-is {settings.gain_is} contradicts --gain-control, which tells each step; leave it out"
        )
    return build(GainLoopSettings, values, "sentinel gnss")


class GainRun:
    """The loop of a run, also when its radio is opened again.

    Parameters
    ----------
    settings : GainLoopSettings
    tell : callable
        Takes each change.
    log_file : str, optional
        For JSON lines.

    Raises
    ------
    InputError
        If the file cannot be opened.
    """

    def __init__(
        self, settings: GainLoopSettings, tell: Callable[[GainChange], None], log_file: str | None
    ) -> None:
        self.settings = settings
        self.tell = tell
        self.loop: GainLoop | None = None
        self._lines = LineWriter(log_file, "changes of gain") if log_file else None

    def attach(self, monitor: GnssMonitor, stream_source: source) -> None:
        """Let a monitor set the gain of its source; what was calibrated before holds on."""
        memory = None if self.loop is None else self.loop.memory
        self.loop = monitor.control_gain(
            stream_source, self.settings, memory=memory, on_change=self._on_change
        )

    def _on_change(self, change: GainChange) -> None:
        self.tell(change)
        if self._lines is not None:
            self._lines.write(json.dumps(change.as_dict()) + "\n")

    def close(self) -> None:
        """Release the file."""
        if self._lines is not None:
            self._lines.close()
