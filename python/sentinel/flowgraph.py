# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks as programs that Companion makes build them: an error of input ends these with one line.

A program of your own takes the blocks from `gnuradio.sentinel` and handles `InputError` as it likes. The
programs that Companion makes handle nothing, so that a file that is missing would end them with a traceback.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

from .core import inputs
from .core.errors import InputError
from .core.event_sink import EventSink
from .core.source import source as _source
from .pulse import block

EXIT_INPUT = 2


def ending_in_one_line(make: Callable) -> Callable:
    """The same function; its `InputError`, if nobody catches it, ends the program as it ends the command."""

    @functools.wraps(make, updated=())
    def call(*values: Any, **keys: Any) -> Any:
        try:
            return make(*values, **keys)
        except InputError:
            # Only now, so that a program without such an error keeps its own hook.
            _tell_in_one_line()
            raise

    return call


def _tell_in_one_line() -> None:
    other = sys.excepthook
    if getattr(other, "is_ours", False):
        return

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        # A prompt (python -i) must not end at a mistake.
        if not isinstance(error, InputError) or hasattr(sys, "ps1") or sys.flags.interactive:
            other(kind, error, trace)
            return
        print(f"{os.path.basename(sys.argv[0]) or 'sentinel'}: {error}", file=sys.stderr)
        raise SystemExit(EXIT_INPUT)

    hook.is_ours = True
    sys.excepthook = hook


event_sink = ending_in_one_line(EventSink)
input_rate = ending_in_one_line(inputs.input_rate)
pace_rate = ending_in_one_line(inputs.pace_rate)
kfold_integrator = ending_in_one_line(block.kfold_integrator)
pulse_detector = ending_in_one_line(block.PulseDetector)
source = ending_in_one_line(_source)
