# SPDX-License-Identifier: GPL-3.0-or-later
"""What the openers of all live inputs share: what they give, how drivers are tried, how they are tuned."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import InputError
from .input_stream import RadioGain, Tuning
from .inputs import InputSpec
from .units import format_frequency

#: Seconds a driver may take to open its device.
OPEN_TIMEOUT_S = 30.0
#: Share by which the rate that a device grants may differ from the one asked for.
RATE_TOLERANCE = 0.01
_WIDEST_RANGE_DB = 300.0


def _no_counters() -> dict[str, int]:
    return {}


def _no_failure() -> str:
    return ""


@dataclass(frozen=True)
class Feed:
    """Blocks that make the samples of one live input, and what is known of them.

    Attributes
    ----------
    blocks : tuple of gnuradio block
        In the order of the flow; what the last one gives goes to the guard.
    sample_rate : float
        Hz.
    center_freq_hz : float or None
    format : str
        Of the items.
    clipping_known : bool
    reconnects : bool
        Whether it takes up again by itself after its sender was away.
    tuning : Tuning or None
    notes, warnings : tuple of str
    counters : callable
        Its own, over those of the guard.
    failure : callable
        Why it ended; empty while all is well.
    names_stream : bool
        Whether the blocks write the tag sentinel_stream themselves.
    gain : RadioGain or None
        Of a radio.
    """

    blocks: tuple[Any, ...]
    sample_rate: float
    center_freq_hz: float | None
    format: str = "cf32_le"
    clipping_known: bool = False
    reconnects: bool = True
    tuning: Tuning | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    counters: Callable[[], dict[str, int]] = _no_counters
    failure: Callable[[], str] = _no_failure
    names_stream: bool = False
    gain: RadioGain | None = None


def try_in_child(spec: InputSpec, program: str, argument: str, remedy: str) -> None:
    """Open the device once in a process of its own, which may print, hang or crash.

    A driver that does so in our process could not be stopped: it holds the interpreter meanwhile.

    Parameters
    ----------
    program : str
        Python that opens the device named by its first argument.
    remedy : str
        For the error text.

    Raises
    ------
    InputError
        If it does not end well.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, argument],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=OPEN_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise InputError(
            f"{spec.text}: the driver did not open the device within {OPEN_TIMEOUT_S:g} s; {remedy}"
        ) from None
    if done.returncode < 0:
        raise InputError(f"{spec.text}: the driver crashed with signal {-done.returncode}; {remedy}")
    if done.returncode:
        raise refusal(spec, done.stderr, remedy)


def refusal(spec: InputSpec, text: str, remedy: str) -> InputError:
    """The error of a driver that refused, from what it printed or raised; its last line tells most."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["nothing"]
    said = lines[-1].removeprefix("RuntimeError: ").rstrip(".")
    return InputError(f"{spec.text}: cannot be opened, the driver says {said!r}; {remedy}")


def gain_steps(start_db: float, stop_db: float, nearest: Callable[[float], float]) -> tuple[float, ...]:
    """The gains of a driver that only tells which of its gains is nearest to another one, to 0.1 dB."""
    if not 0 < stop_db - start_db <= _WIDEST_RANGE_DB:
        return ()  # none, or none that could be told
    tenths = range(round(10 * start_db), round(10 * stop_db) + 1)
    return tuple(sorted({round(nearest(tenth / 10), 1) + 0.0 for tenth in tenths}))


def check_granted(spec: InputSpec, tuning: Tuning) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Notes and warnings on what a radio granted.

    Raises
    ------
    InputError
        If its sample rate is another one.
    """
    asked, granted = spec.sample_rate, tuning.sample_rate
    if not abs(granted - asked) <= RATE_TOLERANCE * asked:
        raise InputError(
            f"{spec.text}: grants a sample rate of {format_frequency(granted)} instead of "
            f"{format_frequency(asked)}; give --rate {granted:.10g} or another one that it has"
        )
    warnings = []
    if abs(tuning.center_freq_hz - spec.center_freq_hz) > granted / 2:
        warnings.append(
            f"{spec.text}: tuned to {format_frequency(tuning.center_freq_hz)} instead of "
            f"{format_frequency(spec.center_freq_hz)}"
        )
    if spec.gain_db is not None and tuning.gain_db is not None and abs(tuning.gain_db - spec.gain_db) > 3:
        warnings.append(f"{spec.text}: gain {tuning.gain_db:g} dB instead of {spec.gain_db:g} dB")
    return (_granted_note(spec, tuning),), tuple(warnings)


def _granted_note(spec: InputSpec, tuning: Tuning) -> str:
    if tuning.automatic_gain:
        gain = "automatic gain"
    elif tuning.gain_db is None:
        gain = f"gain {spec.gain_db:g} dB asked, not read back"
    else:
        gain = f"gain {tuning.gain_db:g} dB"
    ppm = f", {tuning.ppm:g} ppm" if tuning.ppm else ""
    return (
        f"{spec.text}: granted {format_frequency(tuning.sample_rate)} around "
        f"{format_frequency(tuning.center_freq_hz)}, {gain}{ppm}"
    )
