# SPDX-License-Identifier: GPL-3.0-or-later
"""The schedule file of a scene: what interferes when, and how the receiver's gain steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field

from ...core.errors import InputError
from ...core.settings import build
from .parameters import SAMPLE_RATE, check_parameters
from .session import GainStep, Interval


class IntervalEntry(BaseModel):
    """One interval of interference."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    family: str
    jn: float
    start: float
    stop: float
    parameters: dict[str, Any] = Field(default_factory=dict)
    seed: int | None = None


class GainEntry(BaseModel):
    """One step of the receiver's gain, dB over that at the start."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    at: float
    db: float


class Schedule(BaseModel):
    """A schedule file."""

    model_config = ConfigDict(extra="forbid")
    intervals: list[dict[str, Any]] = Field(default_factory=list)
    gain_steps: list[dict[str, Any]] = Field(default_factory=list)


def interval_seed(seed: int, number: int) -> int:
    """Seed of the waveform of interval `number` in a scene of this seed."""
    return int(np.random.SeedSequence((seed, number)).generate_state(1, np.uint64)[0])


def read_schedule(
    path: str | Path, seed: int = 0, sample_rate: float = SAMPLE_RATE
) -> tuple[tuple[Interval, ...], tuple[GainStep, ...]]:
    """Read a schedule file.

    ::

        intervals:
          - {family: chirp, jn: 5, start: 10, stop: 20, parameters: {period_s: 20e-6}}
          - {family: cw, jn: -12, start: 30, stop: 35}
        gain_steps:
          - {at: 25, db: -3}

    Parameters that are not given are in the middle of their ranges.

    Raises
    ------
    InputError
        Unreadable, no YAML, unknown keys, impossible values; with file and entry.
    """
    content = _content(path)
    schedule = build(Schedule, content, str(path))
    intervals = tuple(
        _interval(f"{path}: interval {number}", entry, number, seed, sample_rate)
        for number, entry in enumerate(schedule.intervals, 1)
    )
    steps = []
    for number, entry in enumerate(schedule.gain_steps, 1):
        where = f"{path}: gain step {number}"
        step = build(GainEntry, entry, where)
        steps.append(_named(where, GainStep, step.at, step.db))
    if not intervals and not steps:
        raise InputError(f"{path}: holds neither `intervals` nor `gain_steps`; add some")
    return intervals, tuple(steps)


def _interval(where: str, values: dict[str, Any], number: int, seed: int, sample_rate: float) -> Interval:
    entry = build(IntervalEntry, values, where)
    try:
        parameters = check_parameters(entry.family, entry.parameters, sample_rate)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    own = interval_seed(seed, number) if entry.seed is None else entry.seed
    return _named(where, Interval, entry.start, entry.stop, entry.family, parameters, entry.jn, own)


def _named(where: str, kind: type, *values: Any) -> Any:
    try:
        return kind(*values)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _content(path: str | Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; name a schedule file") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text file; name a schedule file") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InputError(f"{path}{line}: not YAML: {problem}; mend it") from error
    except (RecursionError, ValueError) as error:
        raise InputError(f"{path}: not a schedule file ({type(error).__name__}: {error}); mend it") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: a schedule file has the keys intervals and gain_steps; write them")
    return content


#: Of a scene of 60 s that nothing is said about: family, J/N, start, stop, parameters.
_DEMO: Sequence[tuple[str, float, float, float, dict[str, Any]]] = (
    ("chirp", 5.0, 8.0, 16.0, {"bandwidth_hz": 16e6, "period_s": 20e-6, "jitter": 0.002}),
    ("cw", -12.0, 22.0, 28.0, {"offset_hz": 5e3}),
    ("pulsed_noise", 6.0, 40.0, 46.0, {"period_s": 1e-3, "duty": 0.1}),
    ("noise", 3.0, 51.0, 56.0, {"bandwidth_hz": 6e6, "tilt_db": 0.0}),
)
_DEMO_S = 60.0
_DEMO_GAIN = GainStep(33.0, -3.0)


def demo_schedule(
    duration_s: float, seed: int = 0, sample_rate: float = SAMPLE_RATE
) -> tuple[tuple[Interval, ...], tuple[GainStep, ...]]:
    """Four kinds of interference and a step of the gain, spread over `duration_s`.

    A sweeping jammer, a weak carrier near the centre, bursts of noise, and noise that changes nothing
    but the level; the gain step is none of them, and should raise no alarm.
    """
    scale = duration_s / _DEMO_S
    if not math.isfinite(scale):
        raise InputError(f"a scene of {duration_s} s; give a duration in seconds")
    intervals = tuple(
        Interval(
            scale * start,
            scale * stop,
            family,
            check_parameters(family, given, sample_rate),
            jn_db,
            interval_seed(seed, number),
        )
        for number, (family, jn_db, start, stop, given) in enumerate(_DEMO, 1)
    )
    return intervals, (GainStep(scale * _DEMO_GAIN.at_s, _DEMO_GAIN.change_db),)
