# SPDX-License-Identifier: GPL-3.0-or-later
"""The measured figures of the pulse room as Markdown tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ...core.curves import Crossing, curve_crossing
from ...core.evaluation import ResultStore, markdown_table
from ...core.intervals import poisson_interval, poisson_upper_bound
from .bench import PUBLISHED_RATE
from .detection import VARIANTS
from .false_alarms import INPUTS, STATED
from .grids import DESIGN, FINAL
from .real import BURST_EN0_DB, BURST_INTERVAL_S
from .robustness import REASONS, SCENES
from .theory import bound_en0_db, frequency_bound_hz

#: 50 % and 90 % points of the published detector, dB: repaired as its description means it, and as shipped.
PUBLISHED_ROUND = (8.5, 10.2)
PUBLISHED_FLOOR = ("12.2", "never")
#: Sensitivity at 50 % and 90 %, dB: must, strong, stretch.
TARGET_EN0_DB = ((8.2, 9.8), (7.9, 9.4), (7.6, 9.1))
_PULSES = {"K 1": 1, "K 3": 3, "K 10": 10}
_MAIN = ("nominal", "hop nw/4", "K 1", "K 3", "K 10")
_PF = 1e-4

Total = Mapping[str, Any]
NO_RESULTS = "Not measured on this machine.\n"


class Results:
    """All totals of a store, by table, seeds and place."""

    def __init__(self, store: ResultStore):
        self._places = store.totals()

    def of(self, table: str, seeds: str = DESIGN) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Key and totals of every place of a table."""
        return [
            (key, total)
            for key, total in self._places
            if key.get("table") == table and key.get("seeds", DESIGN) == seeds
        ]

    def by(self, table: str, name: str, seeds: str = DESIGN) -> dict[Any, dict[str, Any]]:
        """Totals of a table whose places differ in one value only."""
        return {key[name]: total for key, total in self.of(table, seeds)}

    def curve(self, variant: str, seeds: str = DESIGN) -> list[tuple[float, dict[str, Any]]]:
        """Points of a detection curve, ascending in E/N0."""
        points = [(k["en0_db"], t) for k, t in self.of("detection", seeds) if k["variant"] == variant]
        return sorted(points, key=lambda point: point[0])


def crossing(points: Iterable[tuple[float, Total]], level: float, name: str = "hits") -> Crossing | None:
    """Where a detection curve reaches a level; None if its points do not show it."""
    points = list(points)
    if len(points) < 2:
        return None
    x, totals = zip(*points, strict=True)
    return curve_crossing(x, [t[name] for t in totals], [t["trials"] for t in totals], level)


def _decibels(found: Crossing | None) -> str:
    if found is None:
        return "not reached"
    return f"{found.x:.2f} ({found.interval.low:.2f} – {found.interval.high:.2f})"


def detection_table(results: Results) -> str:
    """Probability of a correct declaration against E/N0."""
    levels = sorted({en0 for name in _MAIN for en0, _ in results.curve(name)})
    rows = []
    for name in _MAIN:
        points = dict(results.curve(name))
        if points:
            cells = [f"{points[x]['hits'] / points[x]['trials']:.3f}" if x in points else "" for x in levels]
            rows.append([name, *cells, max(p["trials"] for p in points.values())])
    header = ["E/N0, dB", *(f"{x:g}" for x in levels), "trials a point"]
    return markdown_table(header, rows) if rows else NO_RESULTS


def crossing_table(results: Results) -> str:
    """50 % and 90 % points beside the bound, the published method and the targets."""
    rows = []
    for name in _MAIN:
        pulses = _PULSES.get(name, 5)
        bounds = [bound_en0_db(p, pulses, 2 * PUBLISHED_RATE, _PF) for p in (0.5, 0.9)]
        for seeds in (DESIGN, FINAL):
            points = results.curve(name, seeds)
            if points:
                ends = [_decibels(crossing(points, level)) for level in (0.5, 0.9)]
                rows.append([VARIANTS[name].text, seeds, *ends, *(f"{b:.2f}" for b in bounds)])
    if not rows:
        return NO_RESULTS
    for text, ends in (
        ("published method, interval rounded", [f"{x:g}" for x in PUBLISHED_ROUND]),
        ("published method as shipped (interval floored)", PUBLISHED_FLOOR),
    ):
        rows.append([text, "", *ends, "6.81", "8.34"])
    for text, ends in zip(("must", "strong", "stretch"), TARGET_EN0_DB, strict=True):
        rows.append([f"target: {text}", "", *(f"<= {x:g}" for x in ends), "", ""])
    return markdown_table(["", "seeds", "50 %, dB", "90 %, dB", "bound 50 %", "bound 90 %"], rows)


def error_table(results: Results) -> str:
    """Errors of correct declarations of the nominal tag."""
    rows = []
    for en0, total in results.curve("nominal"):
        hits = total["hits"]
        if hits < 100:
            continue
        bias = total["snr_error"] / hits
        spread = math.sqrt(max(0.0, total["snr_error_sq"] / hits - bias**2))
        rows.append(
            [
                f"{en0:g}",
                hits,
                f"{math.sqrt(total['frequency_sq'] / hits):.2f}",
                f"{frequency_bound_hz(en0, 5, 0.015):.2f}",
                f"{1e3 * math.sqrt(total['time_sq'] / hits):.2f}",
                f"{bias:+.2f}",
                f"{spread:.2f}",
                f"{total['extra']} of {total['trials']}",
            ]
        )
    header = [
        "E/N0, dB",
        "declared",
        "frequency rms, Hz",
        "bound, Hz",
        "time rms, ms",
        "E/N0 bias, dB",
        "E/N0 sd, dB",
        "cycles with a wrong declaration",
    ]
    return markdown_table(header, rows) if rows else NO_RESULTS


def cost_table(results: Results) -> str:
    """What the tests cost a clean tag: 50 % and 90 % points with and without them."""
    rows = []
    for name in (*_MAIN, "fading 6 dB", "jitter 5 ms", "edges 7.5 ms"):
        points = results.curve(name)
        ends = [(crossing(points, p), crossing(points, p, "plain")) for p in (0.5, 0.9)]
        if not points or any(a is None or b is None for a, b in ends):
            continue
        row = [VARIANTS[name].text]
        for with_tests, without in ends:
            row += [f"{without.x:.2f}", f"{with_tests.x:.2f}", f"{with_tests.x - without.x:+.2f}"]
        rows.append(row)
    header = ["", "50 % without", "with", "cost, dB", "90 % without", "with", "cost, dB"]
    return markdown_table(header, rows) if rows else NO_RESULTS


def generalisation_table(results: Results) -> str:
    """50 % and 90 % points of tags and receivers the detector was not made with."""
    rows = []
    nominal = [crossing(results.curve("nominal"), level) for level in (0.5, 0.9)]
    for name, variant in VARIANTS.items():
        points = results.curve(name)
        if name in _MAIN or not points:
            continue
        ends = [crossing(points, level) for level in (0.5, 0.9)]
        extra = sum(t["extra"] for _, t in points)
        changes = [f"{a.x - b.x:+.2f}" if a and b else "" for a, b in zip(ends, nominal, strict=True)]
        row = [variant.text]
        for end, change in zip(ends, changes, strict=True):
            row += [_decibels(end), change]
        rows.append([*row, f"{extra} of {sum(t['trials'] for _, t in points)}"])
    header = ["", "50 %, dB", "against nominal", "90 %, dB", "against nominal", "wrong declarations"]
    return markdown_table(header, rows) if rows else NO_RESULTS


def _ratio(count: int, trials: int, stated: float) -> str:
    low, high = poisson_interval(count, trials * stated)
    return f"{count / (trials * stated):.2f} ({low:.2f} – {high:.2f})"


def false_alarm_table(results: Results) -> str:
    """Measured against stated false-alarm probability in white noise."""
    rows = []
    for seeds in (DESIGN, FINAL):
        total = results.by("false_alarms", "input", seeds).get("white")
        for name, stated in STATED.items() if total else ():
            count, trials = total[f"above_{name}"], total["trials"]
            low, high = poisson_interval(count, trials)
            rows.append(
                [
                    name,
                    seeds,
                    trials,
                    f"{trials * stated:.0f}",
                    count,
                    f"{count / trials:.3g} ({low:.2g} – {high:.2g})",
                    _ratio(count, trials, stated),
                ]
            )
    header = ["stated", "seeds", "noise cycles", "expected", "counted", "measured", "measured / stated"]
    return markdown_table(header, rows) if rows else NO_RESULTS


def false_alarm_inputs_table(results: Results) -> str:
    """Measured over stated for other geometries, bands and inputs."""
    names = ("1e-1", "1e-2", "1e-3")
    places = results.by("false_alarms", "input")
    rows = [
        [
            INPUTS[name].text,
            places[name]["trials"],
            *(_ratio(places[name][f"above_{p}"], places[name]["trials"], STATED[p]) for p in names),
        ]
        for name in INPUTS
        if name in places
    ]
    header = ["input", "noise cycles", *(f"measured / stated at {name}" for name in names)]
    return markdown_table(header, rows) if rows else NO_RESULTS


def spread_table(results: Results) -> str:
    """How much the threshold for 1e-4 varies from calibration to calibration."""
    rows = []
    for cycles, total in sorted(results.by("spread", "noise_cycles").items(), reverse=True):
        for name, text in (("threshold", "one constant fitted, as here"), ("gumbel", "Gumbel, as published")):
            values = np.array(total[name])
            rows.append(
                [text, cycles, len(values), f"{values.mean():.2f}", f"{values.std(ddof=1):.2f}"]
                + [f"{10 * math.log10(q):.2f}" for q in np.quantile(values, (0.05, 0.95))]
            )
    header = ["fit", "noise cycles", "repeats", "mean threshold", "sd", "5 %, dB", "95 %, dB"]
    return markdown_table(header, rows) if rows else NO_RESULTS


def robustness_table(results: Results) -> str:
    """False declarations in scenes that hold no tag of the searched interval."""
    places, final = (results.by("robustness", "scene", seeds) for seeds in (DESIGN, FINAL))
    rows = []
    for scene in SCENES:
        if scene not in places:
            continue
        total = places[scene]
        hits, trials = total["hits"], total["trials"]
        refused = [f"{name} {total[f'refused_{name}']}" for name in REASONS if total[f"refused_{name}"]]
        rows.append(
            [
                scene,
                f"{100 * total['plain'] / trials:.1f} %",
                f"{hits} of {trials}",
                f"{100 * poisson_upper_bound(hits, trials):.2f} %",
                ", ".join(refused),
                f"{final[scene]['hits']} of {final[scene]['trials']}" if scene in final else "",
            ]
        )
    header = ["scene", "without tests", "false", "95 % bound", "strongest train refused for", "final seeds"]
    return markdown_table(header, rows) if rows else NO_RESULTS


def traffic_table(results: Results) -> str:
    """Declarations in real on/off-keyed traffic."""
    rows = []
    places = results.of("real_traffic")
    for interval_s in sorted({key["interval_s"] for key, _ in places}, reverse=True):
        totals = [total for key, total in places if key["interval_s"] == interval_s]
        counts = {name: sum(total[name] for total in totals) for name in totals[0]}
        rows.append(
            [
                f"{interval_s:g} s",
                f"{counts['hits']} of {len(totals)}",
                counts["declared_centre"],
                f"{counts['declared']} of {counts['cycles']}",
                f"{100 * poisson_upper_bound(counts['declared'], counts['cycles']):.3f} %",
                counts["plain"],
                ", ".join(f"{name} {counts[f'refused_{name}']}" for name in REASONS),
                f"{counts['too_short']} of {len(totals)}",
            ]
        )
    header = [
        "searched",
        "recordings with a declaration",
        "in the centre channel",
        "cycles with one, whole band",
        "95 % bound",
        "without tests",
        "refused for",
        "refused as too short untiled",
    ]
    return markdown_table(header, rows) if rows else "The recordings were not available.\n"


def burst_table(results: Results) -> str:
    """Real bursts inserted into real backgrounds."""
    rows: dict[tuple[str, str], list[str]] = {}
    places = sorted(results.of("real_burst"), key=lambda place: place[0]["interval_s"] != BURST_INTERVAL_S)
    for key, total in places:
        row = rows.setdefault((key["burst"], key["background"]), [])
        if key["interval_s"] == BURST_INTERVAL_S:
            row.append(f"{total['hits']} of {total['cycles']}")
            row.append(str(total["declared"] - total["hits"]))
        else:
            row.append(f"{total['declared']} of {total['cycles']} at {key['interval_s']:g} s")
    header = [
        "burst of",
        "in background",
        f"found at {BURST_INTERVAL_S:g} s, E/N0 {BURST_EN0_DB:g} dB",
        "declared elsewhere",
        "at a wrong interval",
        "at another wrong one",
    ]
    body = [[*names, *row] for names, row in rows.items()]
    return markdown_table(header, body) if body else "The recordings were not available.\n"


def _scene_limit(total: Mapping[str, Any]) -> float:
    return 100 * poisson_upper_bound(total["hits"], total["trials"])


def target_table(results: Results) -> str:
    """What was measured beside what was asked for."""
    rows = []
    points = results.curve("nominal")
    for level, place in ((0.5, 0), (0.9, 1)):
        found = crossing(points, level)
        if found:
            targets = [t[place] for t in TARGET_EN0_DB]
            reached = sum(found.x <= t for t in targets)
            rows.append(
                [f"E/N0 for {100 * level:.0f} % at pf 1e-4", _decibels(found) + " dB"]
                + [f"<= {t:g}" for t in targets]
                + [("none", "must", "strong", "stretch")[reached]]
            )
            plain = crossing(points, level, "plain")
            cost = found.x - plain.x if plain else math.nan
            rows.append(
                [f"clean loss of the tests at {100 * level:.0f} %", f"{cost:.2f} dB"]
                + ["<= 0.3"] * 3
                + ["stretch" if cost <= 0.3 else "none"]
            )
    at_15 = dict(points).get(15.0)
    if at_15 and at_15["hits"]:
        error = math.sqrt(at_15["frequency_sq"] / at_15["hits"])
        reached = "none" if error > 5 else "must" if error > 3 else "strong"
        rows.append(["frequency rms at 15 dB", f"{error:.2f} Hz", "<= 5", "<= 3", "towards 2.1", reached])
    white = results.by("false_alarms", "input").get("white")
    for name in ("1e-2", "1e-3", "1e-4") if white else ():
        ratio = white[f"above_{name}"] / (white["trials"] * STATED[name])
        text = _ratio(white[f"above_{name}"], white["trials"], STATED[name])
        rows.append(
            [f"measured / stated pf at {name}", text, "0.5 – 1.5", "0.5 – 1.5", "0.5 – 1.5"]
            + ["stretch" if 0.5 <= ratio <= 1.5 else "none"]
        )
    named = {
        "random 1 ms clicks, 1/s, 2": "random clicks of 20 and 25 dB",
        "0.1 %": "0.1 % of samples +20 dB",
        "noise step +6": "noise step +6 dB",
        "tag at 4/3 s": "tag at 4/3 s, 13 to 25 dB",
        "tag at 1.0 s": "tag at 1.0 s, 13 to 25 dB",
    }
    scenes = results.by("robustness", "scene")
    for start, text in named.items():
        totals = [total for scene, total in scenes.items() if scene.startswith(start)]
        if totals:
            worst = max(_scene_limit(total) for total in totals)
            # "<= x" is shown when the upper bound is at most 1.5 x.
            reached = sum(worst <= 1.5 * limit for limit in (5, 2, 1))
            texts = [f"{total['hits']} of {total['trials']}" for total in totals]
            rows.append(
                [f"false: {text}", f"{', '.join(texts)}; bound {worst:.2f} %", "< 5 %", "< 2 %", "< 1 %"]
                + [("none", "must", "strong", "stretch")[reached]]
            )
    return (
        markdown_table(["", "measured", "must", "strong", "stretch", "reached"], rows) if rows else NO_RESULTS
    )
