# SPDX-License-Identifier: GPL-3.0-or-later
"""Campaigns: many sessions from one seed, for training, for design, for tests.

Session k of a campaign depends on seed, split and k alone. Splits have streams of random numbers of
their own, and a session is whole in one of them.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from ...core.errors import InputError
from ..families import FAMILIES, HELD_OUT_FAMILY
from .parameters import SAMPLE_RATE, draw_parameters, known_family
from .receiver_model import draw_receiver
from .session import GainStep, Interval, Session

SPLITS = ("train", "design", "test", "final")
#: What ordinary sets never have, and a set may ask for.
HELD_OUT = ("family", "parameters", "receiver", "background")
JN_RANGE_DB = (-20.0, 20.0)
_GAIN_STEP_DB = 3.0
_MAX_GAIN_STEPS = 3


def _checked(split: str, held_out: Collection[str], families: Sequence[str]) -> tuple[str, ...]:
    for name, value, known in (
        ("split", split, SPLITS),
        *(("held_out", value, HELD_OUT) for value in held_out),
    ):
        if value not in known:
            close = difflib.get_close_matches(value, known, n=1)
            remedy = f"did you mean {close[0]}?" if close else f"use {', '.join(known)}"
            raise InputError(f"campaign: {name} {value!r} is unknown; {remedy}")
    if not families:
        raise InputError("campaign: there are no families; give at least one")
    if HELD_OUT_FAMILY in families:
        raise InputError(f"campaign: {HELD_OUT_FAMILY} is held out; ask for it with held_out=('family',)")
    return (HELD_OUT_FAMILY,) if "family" in held_out else tuple(known_family(name) for name in families)


def _generator(seed: int, split: str, index: int, kind: int) -> np.random.Generator:
    return np.random.default_rng((seed, SPLITS.index(split), index, kind))


def _interval(
    rng: np.random.Generator,
    start_s: float,
    stop_s: float,
    family: str,
    jn_db: float,
    held_out: Collection[str],
    sample_rate: float,
) -> Interval:
    parameters = draw_parameters(family, rng, "parameters" in held_out, sample_rate)
    return Interval(start_s, stop_s, family, parameters, jn_db, int(rng.integers(1 << 63)))


def _gain_steps(rng: np.random.Generator, first_s: float, last_s: float, most: int) -> tuple[GainStep, ...]:
    times = np.sort(rng.uniform(first_s, last_s, rng.integers(0, most + 1)))
    return tuple(GainStep(float(time), float(rng.uniform(-_GAIN_STEP_DB, _GAIN_STEP_DB))) for time in times)


def campaign(
    seed: int,
    sessions: int,
    split: str = "train",
    *,
    duration_s: int = 300,
    baseline_s: int = 60,
    families: Sequence[str] = FAMILIES,
    jn_range_db: tuple[float, float] = JN_RANGE_DB,
    jammed_share: float = 0.5,
    interval_s: tuple[int, int] = (5, 30),
    gain_known: float = 1.0,
    held_out: Collection[str] = (),
    sample_rate: float = SAMPLE_RATE,
) -> Iterator[Session]:
    """Sessions with a schedule, for detection: a clean start, then jammed and clean stretches in turn.

    Parameters
    ----------
    seed, sessions : int
    split : str
        train, design, test or final.
    duration_s, baseline_s : int
        Of each session, and of its clean start.
    families : sequence of str
        Each jammed stretch has one of them, in shuffled order so that all come equally often.
    jn_range_db : (float, float)
        J/N is uniform between.
    jammed_share : float
        Part of the time behind the clean start; 0 gives clean sessions.
    interval_s : (int, int)
        Least and greatest length of a jammed stretch; edges lie on whole seconds.
    gain_known : float
        Part of the sessions whose receiver says what its gain is. The others have no gain steps, as
        nobody could tell them from noise.
    held_out : collection of str
        "family", "parameters", "receiver", "background": what to take from what other sets lack.
    sample_rate : float
        Hz.

    Yields
    ------
    Session

    Raises
    ------
    InputError
        For what does not exist.
    """
    names = _checked(split, held_out, families)
    if not 0 <= jammed_share < 1:
        raise InputError(f"campaign: jammed_share is {jammed_share}; give 0 up to below 1")
    if not 1 <= interval_s[0] <= interval_s[1] or duration_s <= baseline_s:
        raise InputError(
            f"campaign: stretches of {interval_s[0]} to {interval_s[1]} s in {duration_s} s after "
            f"{baseline_s} s; give at least 1 s, in order, and a session longer than its clean start"
        )
    for index in range(sessions):
        rng = _generator(seed, split, index, 0)
        receiver = draw_receiver(
            rng,
            other="receiver" in held_out,
            background="background" in held_out,
            sample_rate=sample_rate,
        )
        known = bool(rng.random() < gain_known)
        spans = _schedule(rng, baseline_s, duration_s, jammed_share, interval_s)
        order = _shuffled(rng, names, len(spans))
        intervals = tuple(
            _interval(rng, start, stop, family, float(rng.uniform(*jn_range_db)), held_out, sample_rate)
            for (start, stop), family in zip(spans, order, strict=True)
        )
        yield Session(
            duration_s=float(duration_s),
            receiver=receiver,
            intervals=intervals,
            gain_steps=_gain_steps(rng, baseline_s, duration_s, _MAX_GAIN_STEPS) if known else (),
            gain_known=known,
            sample_rate=sample_rate,
            seed=int(rng.integers(1 << 63)),
            index=index,
            baseline_s=float(baseline_s),
            held_out=tuple(held_out),
        )


def _schedule(
    rng: np.random.Generator, first_s: int, last_s: int, share: float, length_s: tuple[int, int]
) -> list[tuple[int, int]]:
    """Jammed stretches whose lengths over those of the clean ones between them tend to the share."""
    spans: list[tuple[int, int]] = []
    if share == 0:
        return spans
    mean_gap = (length_s[0] + length_s[1]) / 2 * (1 - share) / share
    time = first_s
    while True:
        # At least a second: two stretches of interference are two events.
        time += max(1, round(rng.uniform(0.4, 1.6) * mean_gap))
        stop = time + int(rng.integers(length_s[0], length_s[1] + 1))
        if stop >= last_s:
            return spans
        spans.append((time, stop))
        time = stop


def _shuffled(rng: np.random.Generator, names: Sequence[str], count: int) -> list[str]:
    order: list[str] = []
    while len(order) < count:
        order += [names[i] for i in rng.permutation(len(names))]
    return order[:count]


def snapshot_campaign(
    seed: int,
    sessions: int,
    split: str = "train",
    *,
    baseline_s: int = 10,
    waveforms: int = 11,
    levels: int = 2,
    clean_s: int = 2,
    families: Sequence[str] = FAMILIES,
    jn_range_db: tuple[float, float] = JN_RANGE_DB,
    held_out: Collection[str] = (),
    sample_rate: float = SAMPLE_RATE,
) -> Iterator[Session]:
    """Sessions for classification: a clean start, then jammed snapshots of 1 s, and clean ones at the end.

    Parameters
    ----------
    baseline_s : int
        Clean seconds at the start.
    waveforms : int
        Different ones in a session, families in shuffled order; parameters are drawn for each.
    levels : int
        Snapshots of each, with the same parameters and J/N of their own.
    clean_s : int
        Clean seconds at the end, for the class "none".
    seed, sessions, split, families, jn_range_db, held_out, sample_rate
        As of `campaign`.

    Yields
    ------
    Session
        Of baseline_s + waveforms * levels + clean_s seconds.
    """
    names = _checked(split, held_out, families)
    for index in range(sessions):
        rng = _generator(seed, split, index, 1)
        receiver = draw_receiver(
            rng,
            other="receiver" in held_out,
            background="background" in held_out,
            sample_rate=sample_rate,
        )
        intervals: list[Interval] = []
        time = baseline_s
        for family in _shuffled(rng, names, waveforms):
            first = _interval(rng, time, time + 1, family, 0.0, held_out, sample_rate)
            for _ in range(levels):
                level = float(rng.uniform(*jn_range_db))
                number = int(rng.integers(1 << 63))
                intervals.append(Interval(time, time + 1, family, first.parameters, level, number))
                time += 1
        yield Session(
            duration_s=float(time + clean_s),
            receiver=receiver,
            intervals=tuple(intervals),
            sample_rate=sample_rate,
            seed=int(rng.integers(1 << 63)),
            index=index,
            baseline_s=float(baseline_s),
            held_out=tuple(held_out),
        )
