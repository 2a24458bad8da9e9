# SPDX-License-Identifier: GPL-3.0-or-later
"""Scoring pulse events: each stands for K pulses, and these are matched with the truth's pulses.

An event is right if at least half of its pulses are pulses of one tag that follow each other as the
event says: with no pulse of the tag left out between them. So an event at twice a tag's interval is
false although each of its pulses is real. A pulse of the truth belongs to one event at most; the event
with more right pulses, then the nearer one, takes it. Only pulses of right events count as found.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..core.intervals import Interval, wilson_interval
from ..core.matching import Tolerances, candidates
from ..core.regions import Region, region_of_event
from ..core.scoring import (
    ErrorSummary,
    detail_errors,
    error_line,
    false_alarm_line,
    false_alarm_rate,
    percent,
    score_to_json,
    summarize_errors,
    tolerance_text,
)

#: One pulse width in time and one resolution cell in frequency of the published 15 ms pulse.
PULSE_TOLERANCES = Tolerances(time_s=0.016, freq_hz=70.0, start_s=0.016, center_hz=70.0)


@dataclass(frozen=True)
class PulseTrain:
    """One event: the region it spans, and its K pulses in order."""

    region: Region
    pulses: tuple[Region, ...]


@dataclass(frozen=True)
class TagScore:
    """One label: truth pulses and how many were found; right events on it (so named), false ones so named."""

    pulses: int
    found: int
    events: int
    named: int
    false: int
    detection: Interval
    freq_error_hz: ErrorSummary | None
    start_error_s: ErrorSummary | None


@dataclass(frozen=True)
class PulseScore:
    """Result of scoring. `truths` and `found` count pulses; `events`, `right`, `false`, `named` events.

    `duplicates` are the false events that would be right if another event had not the same pulses.
    Pulses of one event are found together, so the interval of the detection rate counts groups of
    `pulses_per_event`. The frequency error is one figure an event, the start error one a pulse.
    """

    events: int
    right: int
    false: int
    duplicates: int
    named: int
    truths: int
    found: int
    missed: int
    pulses_per_event: float
    detection_rate: float | None
    detection_interval: Interval
    observed_s: float | None
    false_alarms_per_hour: float | None
    false_alarm_interval: Interval | None
    freq_error_hz: ErrorSummary | None
    start_error_s: ErrorSummary | None
    tolerances: Tolerances
    labels: dict[str, TagScore] = field(default_factory=dict)
    details: dict[str, ErrorSummary] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON, intervals as objects with low and high."""
        return score_to_json(self)


def train_of_event(event: Mapping[str, Any], center_hz: float = 0.0) -> PulseTrain:
    """Return the pulses that an event in its JSON form stands for.

    `details.pulse_starts` are samples of the input, `details.pulse_width_s` seconds. An event without
    them is one pulse, of its own place.

    Raises
    ------
    ValueError, KeyError, TypeError
        A field is missing or of another type.
    """
    region = region_of_event(event, center_hz)
    details = event.get("details") or {}
    if event.get("snr_db") is not None:
        # A pulse event's SNR is its estimate of E/N0, which the truth states under this name.
        region = replace(region, details={**region.details, "en0_db": float(event["snr_db"])})
    if "pulse_starts" not in details:
        return PulseTrain(region, (region,))
    rate, width_s = float(event["sample_rate"]), float(details["pulse_width_s"])
    starts = sorted(int(start) for start in details["pulse_starts"])
    if not starts:
        raise ValueError("details.pulse_starts is empty")
    return PulseTrain(
        region, tuple(replace(region, start_s=start / rate, duration_s=width_s) for start in starts)
    )


@dataclass(frozen=True)
class _Reading:
    """One way to read an event: as the pulses of one tag. `pairs` are (pulse of the event, truth)."""

    event: int
    pairs: tuple[tuple[int, int], ...]
    cost: float


def _numbers(truths: Sequence[Region]) -> list[int]:
    """The number of each pulse within its tag: as the truth states it, else by order of time."""
    counted: Counter[str] = Counter()
    numbers = [0] * len(truths)
    for index in sorted(range(len(truths)), key=lambda index: truths[index].start_s):
        label = truths[index].label
        numbers[index] = int(truths[index].details.get("pulse", counted[label]))
        counted[label] += 1
    return numbers


def _readings(
    trains: Sequence[PulseTrain], truths: Sequence[Region], tolerances: Tolerances
) -> list[_Reading]:
    """All readings in which at least half of an event's pulses are right, best first."""
    places = [(event, k) for event, train in enumerate(trains) for k in range(len(train.pulses))]
    flat = [pulse for train in trains for pulse in train.pulses]
    numbers = _numbers(truths)
    groups: dict[tuple[int, str, int], dict[int, tuple[float, int]]] = {}
    for pulse, truth, cost in zip(*candidates(flat, truths, tolerances), strict=True):
        event, k = places[pulse]
        # Pulses that follow each other keep the distance between their numbers here and there.
        group = groups.setdefault((event, truths[truth].label, numbers[truth] - k), {})
        group[k] = min(group.get(k, (np.inf, -1)), (float(cost), int(truth)))
    readings = [
        _Reading(
            event,
            tuple((k, truth) for k, (_, truth) in sorted(group.items())),
            float(np.mean([cost for cost, _ in group.values()])),
        )
        for (event, _, _), group in groups.items()
        if 2 * len(group) >= len(trains[event].pulses)
    ]
    return sorted(readings, key=lambda reading: (-len(reading.pairs), reading.cost, reading.event))


def assign_pulses(
    trains: Sequence[PulseTrain], truths: Sequence[Region], tolerances: Tolerances
) -> tuple[dict[int, list[tuple[int, int]]], list[int]]:
    """Return the (pulse, truth) pairs of each right event, and the events that are duplicates."""
    right: dict[int, list[tuple[int, int]]] = {}
    taken: set[int] = set()
    readings = _readings(trains, truths, tolerances)
    for reading in readings:
        free = [(k, truth) for k, truth in reading.pairs if truth not in taken]
        if reading.event not in right and 2 * len(free) >= len(trains[reading.event].pulses):
            right[reading.event] = free
            taken.update(truth for _, truth in free)
    return right, sorted({reading.event for reading in readings} - right.keys())


def _interval(found: int, truths: int, group: float) -> Interval:
    return wilson_interval(found / group, truths / group)


@dataclass
class _Errors:
    """What is gathered of the right events of one label, or of all."""

    freq_hz: list[float] = field(default_factory=list)
    start_s: list[float] = field(default_factory=list)
    events: int = 0
    named: int = 0
    found: int = 0

    def add(self, train: PulseTrain, truths: Sequence[Region], pairs: Sequence[tuple[int, int]]) -> None:
        self.freq_hz.append(train.region.freq_hz - float(np.mean([truths[t].freq_hz for _, t in pairs])))
        self.start_s += [train.pulses[k].start_s - truths[t].start_s for k, t in pairs]
        self.events += 1
        self.named += train.region.label == truths[pairs[0][1]].label
        self.found += len(pairs)


def _mean_details(truths: Sequence[Region], pairs: Sequence[tuple[int, int]]) -> Region:
    """The first truth of an event with the mean of the parameters that all of them name."""
    regions = [truths[t] for _, t in pairs]
    names = set.intersection(*(set(region.details) for region in regions))
    means = {name: float(np.mean([region.details[name] for region in regions])) for name in names}
    return replace(regions[0], details=means)


def score_pulses(
    trains: Sequence[PulseTrain],
    truths: Sequence[Region],
    tolerances: Tolerances = PULSE_TOLERANCES,
    observed_s: float | None = None,
) -> PulseScore:
    """Score pulse events against the pulses of the truth.

    Parameters
    ----------
    trains : sequence of PulseTrain
    truths : sequence of Region
        One a pulse; label is the tag, `details["pulse"]` its number within the tag if known.
    tolerances : Tolerances
        Of one pulse.
    observed_s : float, optional
        Length of what was searched, for the false-alarm rate.
    """
    right, duplicates = assign_pulses(trains, truths, tolerances)
    total, tags = _Errors(), {truth.label: _Errors() for truth in truths}
    for event, pairs in right.items():
        for errors in (total, tags[truths[pairs[0][1]].label]):
            errors.add(trains[event], truths, pairs)
    counted = [trains[event] for event in right] or trains
    group = float(np.mean([len(train.pulses) for train in counted])) if counted else 1.0
    false = len(trains) - len(right)
    false_labels = Counter(train.region.label for event, train in enumerate(trains) if event not in right)
    wanted = Counter(truth.label for truth in truths)
    per_hour, per_hour_interval = false_alarm_rate(false, observed_s)
    labels = {}
    for label in sorted(wanted.keys() | false_labels.keys()):
        errors = tags.get(label, _Errors())
        labels[label] = TagScore(
            pulses=wanted[label],
            found=errors.found,
            events=errors.events,
            named=errors.named,
            false=false_labels[label],
            detection=_interval(errors.found, wanted[label], group),
            freq_error_hz=summarize_errors(errors.freq_hz),
            start_error_s=summarize_errors(errors.start_s),
        )
    return PulseScore(
        events=len(trains),
        right=len(right),
        false=false,
        duplicates=len(duplicates),
        named=total.named,
        truths=len(truths),
        found=total.found,
        missed=len(truths) - total.found,
        pulses_per_event=group,
        detection_rate=total.found / len(truths) if truths else None,
        detection_interval=_interval(total.found, len(truths), group),
        observed_s=observed_s,
        false_alarms_per_hour=per_hour,
        false_alarm_interval=per_hour_interval,
        freq_error_hz=summarize_errors(total.freq_hz),
        start_error_s=summarize_errors(total.start_s),
        tolerances=tolerances,
        labels=labels,
        details=detail_errors([(trains[e].region, _mean_details(truths, p)) for e, p in right.items()]),
    )


def format_pulse_score(result: PulseScore) -> str:
    """Return the score as lines for a terminal; intervals are of 95 %."""
    lines = [
        f"Tolerances     {tolerance_text(result.tolerances)} (each pulse)",
        f"Events         {result.events}: {result.right} right, {result.false} false "
        f"({result.duplicates} of them duplicates)",
        f"Truth pulses   {result.truths}: {result.found} found, {result.missed} missed",
        f"Detection      {percent(result.found, result.truths, result.detection_interval)}",
        f"Right label    {result.named} of {result.right}",
        false_alarm_line(result.false, result.observed_s),
    ]
    errors = [
        ("Frequency", result.freq_error_hz, "Hz"),
        ("Start", result.start_error_s, "s"),
        *((name, summary, "") for name, summary in result.details.items()),
    ]
    lines += [error_line(name, summary, unit) for name, summary, unit in errors if summary is not None]
    width = max((len(label) for label in result.labels), default=0)
    for label, tag in result.labels.items():
        rate = percent(tag.found, tag.pulses, tag.detection) if tag.pulses else "no truth"
        name = (label or "(none)").ljust(width)
        line = (
            f"  {name}  {tag.found}/{tag.pulses} pulses, {rate}; "
            f"{tag.events} events, {tag.named} so named, {tag.false} false"
        )
        if tag.freq_error_hz is not None:
            line += f"; rms {tag.freq_error_hz.rms:.3g} Hz, {1e3 * tag.start_error_s.rms:.3g} ms"
        lines.append(line)
    return "\n".join(lines)
