# SPDX-License-Identifier: GPL-3.0-or-later
"""What a detector found, missed and made up: events against the truth of a recording."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from .intervals import Interval, poisson_interval, wilson_interval
from .matching import Matching, Tolerances, area, columns_of, match, overlap_area
from .regions import Region

__all__ = ["ErrorSummary", "LabelScore", "Matching", "Region", "Score", "Tolerances", "format_score", "score"]


@dataclass(frozen=True)
class ErrorSummary:
    """Errors (event less truth) of matched pairs: how many, root mean square, median of the magnitudes."""

    count: int
    rms: float
    median: float
    bias: float


def summarize_errors(errors: Sequence[float]) -> ErrorSummary | None:
    """Return count, rms, median magnitude and mean of errors, None if there are none."""
    if not len(errors):
        return None
    values = np.asarray(errors, dtype=np.float64)
    return ErrorSummary(
        len(values),
        float(np.sqrt(np.mean(values**2))),
        float(np.median(np.abs(values))),
        float(np.mean(values)),
    )


def false_alarm_rate(false: int, observed_s: float | None) -> tuple[float | None, Interval | None]:
    """Return false alarms per hour and their interval, None for an unknown time."""
    if observed_s is None:
        return None, None
    if not (math.isfinite(observed_s) and observed_s > 0):
        raise ValueError(f"observed time is {observed_s} s; it must be positive")
    return false / (observed_s / 3600), poisson_interval(false, observed_s / 3600)


def false_alarm_line(false: int, observed_s: float | None) -> str:
    """Return one line of the false-alarm rate."""
    rate, interval = false_alarm_rate(false, observed_s)
    if interval is None:
        return "False alarms   length of the recording unknown, no rate"
    return f"False alarms   {rate:.3g}/h ({interval.low:.3g} .. {interval.high:.3g}) in {observed_s:.6g} s"


def score_to_json(score: Any) -> dict[str, Any]:
    """Return plain values for JSON of a score, that of regions or of pulses; intervals as objects."""
    plain = asdict(score)
    plain["detection_interval"] = score.detection_interval._asdict()
    if score.false_alarm_interval is not None:
        plain["false_alarm_interval"] = score.false_alarm_interval._asdict()
    for name, label in score.labels.items():
        plain["labels"][name]["detection"] = label.detection._asdict()
    return plain


@dataclass(frozen=True)
class LabelScore:
    """One label: truths and how many were found (under any label, under this one), false events with it."""

    truths: int
    found: int
    named: int
    false: int
    detection: Interval


@dataclass(frozen=True)
class Score:
    """Result of scoring. Rates are None where there is nothing to divide by.

    `false` counts the events without a truth of their own; `duplicates` are those among them that lie on
    a truth another event has. `excess_area` is the share of the events' area (s * Hz) outside their truth.
    """

    events: int
    truths: int
    matched: int
    missed: int
    false: int
    duplicates: int
    named: int
    detection_rate: float | None
    detection_interval: Interval
    observed_s: float | None
    false_alarms_per_hour: float | None
    false_alarm_interval: Interval | None
    freq_error_hz: ErrorSummary | None
    start_error_s: ErrorSummary | None
    duration_error_s: ErrorSummary | None
    bandwidth_error_hz: ErrorSummary | None
    excess_area: float | None
    tolerances: Tolerances
    labels: dict[str, LabelScore] = field(default_factory=dict)
    details: dict[str, ErrorSummary] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON, intervals as objects with low and high."""
        return score_to_json(self)


def _label_scores(
    events: Sequence[Region], truths: Sequence[Region], pairs: Sequence[tuple[int, int]]
) -> dict[str, LabelScore]:
    wanted = Counter(truth.label for truth in truths)
    found = Counter(truths[t].label for _, t in pairs)
    named = Counter(truths[t].label for e, t in pairs if truths[t].label == events[e].label)
    taken = {e for e, _ in pairs}
    false = Counter(event.label for index, event in enumerate(events) if index not in taken)
    return {
        label: LabelScore(
            wanted[label],
            found[label],
            named[label],
            false[label],
            wilson_interval(found[label], wanted[label]),
        )
        for label in sorted(wanted.keys() | false.keys())
    }


def _excess_area(
    events: Sequence[Region], truths: Sequence[Region], pairs: Sequence[tuple[int, int]]
) -> float | None:
    total = float(np.sum(area(columns_of(events))))
    if total == 0:
        return None
    e = columns_of([events[i] for i, _ in pairs])
    t = columns_of([truths[j] for _, j in pairs])
    return 1 - float(np.sum(overlap_area(e, t))) / total


def detail_errors(pairs: Sequence[tuple[Region, Region]]) -> dict[str, ErrorSummary]:
    """Return the errors of each parameter that an event and its truth both name."""
    errors: dict[str, list[float]] = {}
    for event, truth in pairs:
        for name in event.details.keys() & truth.details.keys():
            errors.setdefault(name, []).append(event.details[name] - truth.details[name])
    return {name: summarize_errors(values) for name, values in sorted(errors.items())}


def score(
    events: Sequence[Region],
    truths: Sequence[Region],
    tolerances: Tolerances | None = None,
    observed_s: float | None = None,
) -> Score:
    """Score events against truth.

    Parameters
    ----------
    events, truths : sequence of Region
    tolerances : Tolerances, optional
        Plain overlap if left out.
    observed_s : float, optional
        Length of what was searched, for the false-alarm rate.
    """
    tolerances = tolerances or Tolerances()
    matching = match(events, truths, tolerances)
    pairs = [(events[e], truths[t]) for e, t in matching.pairs]
    false = len(events) - len(pairs)
    per_hour, per_hour_interval = false_alarm_rate(false, observed_s)
    return Score(
        events=len(events),
        truths=len(truths),
        matched=len(pairs),
        missed=len(truths) - len(pairs),
        false=false,
        duplicates=len(matching.duplicates),
        named=sum(e.label == t.label for e, t in pairs),
        detection_rate=len(pairs) / len(truths) if truths else None,
        detection_interval=wilson_interval(len(pairs), len(truths)),
        observed_s=observed_s,
        false_alarms_per_hour=per_hour,
        false_alarm_interval=per_hour_interval,
        freq_error_hz=summarize_errors([e.freq_hz - t.freq_hz for e, t in pairs]),
        start_error_s=summarize_errors([e.start_s - t.start_s for e, t in pairs]),
        duration_error_s=summarize_errors([e.duration_s - t.duration_s for e, t in pairs]),
        bandwidth_error_hz=summarize_errors([e.bandwidth_hz - t.bandwidth_hz for e, t in pairs]),
        excess_area=_excess_area(events, truths, matching.pairs),
        tolerances=tolerances,
        labels=_label_scores(events, truths, matching.pairs),
        details=detail_errors(pairs),
    )


def percent(count: int, trials: int, interval: Interval) -> str:
    """Return a share and its interval as text."""
    share = f"{100 * count / trials:.1f} %" if trials else "-"
    return f"{share} ({100 * interval.low:.1f} .. {100 * interval.high:.1f} %)"


def tolerance_text(tolerances: Tolerances) -> str:
    """Return the tolerances that count, as text."""
    rule = [f"time gap {tolerances.time_s:g} s", f"frequency gap {tolerances.freq_hz:g} Hz"]
    if tolerances.min_iou:
        rule.append(f"IoU {tolerances.min_iou:g}")
    if tolerances.start_s is not None:
        rule.append(f"start {tolerances.start_s:g} s")
    if tolerances.center_hz is not None:
        rule.append(f"centre {tolerances.center_hz:g} Hz")
    if tolerances.same_label:
        rule.append("same label")
    return ", ".join(rule)


def error_line(name: str, summary: ErrorSummary, unit: str) -> str:
    """Return one line of errors."""
    figures = f"rms {summary.rms:.4g}, median {summary.median:.4g}, bias {summary.bias:+.4g}"
    return f"{name:<14} error {figures} {unit}".rstrip()


def format_score(result: Score) -> str:
    """Return the score as lines for a terminal; intervals are of 95 %."""
    lines = [
        f"Tolerances     {tolerance_text(result.tolerances)}",
        f"Events         {result.events}: {result.matched} matched, {result.false} false "
        f"({result.duplicates} of them duplicates)",
        f"Truths         {result.truths}: {result.matched} found, {result.missed} missed",
        f"Detection      {percent(result.matched, result.truths, result.detection_interval)}",
        f"Right label    {result.named} of {result.matched}",
    ]
    lines.append(false_alarm_line(result.false, result.observed_s))
    errors = [
        ("Frequency", result.freq_error_hz, "Hz"),
        ("Start", result.start_error_s, "s"),
        ("Duration", result.duration_error_s, "s"),
        ("Bandwidth", result.bandwidth_error_hz, "Hz"),
        *((name, summary, "") for name, summary in result.details.items()),
    ]
    for name, summary, unit in errors:
        if summary is not None:
            lines.append(error_line(name, summary, unit))
    if result.excess_area is not None:
        lines.append(f"Excess area    {100 * result.excess_area:.1f} % of the events' area")
    width = max((len(label) for label in result.labels), default=0)
    for label, part in result.labels.items():
        rate = percent(part.found, part.truths, part.detection) if part.truths else "no truth"
        name = (label or "(none)").ljust(width)
        counts = f"{part.found}/{part.truths} found, {part.named} so named, {part.false} false"
        lines.append(f"  {name}  {counts}, {rate}")
    return "\n".join(lines)
