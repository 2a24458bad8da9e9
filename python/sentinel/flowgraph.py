# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks as programs that Companion makes build them: an error of input ends these with one line.

A program of your own takes the blocks from `gnuradio.sentinel` and handles `InputError` as it likes. The
programs that Companion makes handle nothing, so that a file that is missing would end them with a traceback.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

from gnuradio import blocks

from . import _sentinel, kernel
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


def _channelizer_features(*values: Any, **keys: Any) -> Any:
    try:
        return _sentinel.channelizer_features(*values, **keys)
    except ValueError as error:
        raise InputError(f"Channelizer Features: {error}") from error


def _pace(input: str, sample_rate: float, speed: float = 1.0, format: str = "cf32_le") -> blocks.throttle:
    """A Throttle behind Sentinel Source: see `inputs.pace_rate`."""
    if not speed > 0:
        raise InputError(f"--speed {speed:g} must be above 0; 1 is the pace the recording was made at")
    item_bytes = 8 if format == "cf32_le" else kernel.bytes_per_sample(format)
    return blocks.throttle(item_bytes, inputs.pace_rate(input, sample_rate, speed), True)


def _of_gnss(name: str) -> Callable:
    """A block of the gnss room, which is loaded when one is made and not before."""

    def make(*values: Any, **keys: Any) -> Any:
        return getattr(importlib.import_module(".gnss.block", __package__), name)(*values, **keys)

    return make


channelizer_features = ending_in_one_line(_channelizer_features)
event_sink = ending_in_one_line(EventSink)
gnss_monitor = ending_in_one_line(_of_gnss("GnssMonitor"))
input_center = ending_in_one_line(inputs.input_center)
input_format = ending_in_one_line(inputs.input_format)
input_rate = ending_in_one_line(inputs.input_rate)
pace = ending_in_one_line(_pace)
pace_rate = ending_in_one_line(inputs.pace_rate)
interference_classifier = ending_in_one_line(_of_gnss("interference_classifier"))
interference_detector = ending_in_one_line(_of_gnss("interference_detector"))
kfold_integrator = ending_in_one_line(block.kfold_integrator)
pulse_detector = ending_in_one_line(block.PulseDetector)
source = ending_in_one_line(_source)
