# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured of detection and of false alarms, as Markdown tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.curves import curve_crossing
from ...core.evaluation import ResultStore, markdown_table
from ...core.intervals import poisson_interval, poisson_upper_bound, rate_claim_holds, wilson_interval
from ..families import CLASSES
from .bench import DESIGN, DETECTORS, FINAL, TOLD, UNTOLD_GAIN
from .counts import Places, share_text, value_text
from .detection import CLEAN, IN_TIME_S, RATES, STRETCH
from .f2 import sessions_f2
from .grids import DETECTION, POINTS, QUIET

NO_RESULTS = "Not measured on this machine.\n"
TEXTS = {
    "trees": "boosted trees (default)",
    "rule": "rule without learning",
    "energy": "energy alone",
    "kurtosis": "max abs(K - 2) alone",
}
SET_TEXTS = {
    "detection-strong": "families with structure, J/N -5 to 20 dB",
    "detection-narrow": "narrow families, J/N -20 to -10 dB",
    "detection-wide": "wide families, J/N -20 to 5 dB",
}
#: F2: must, strong, stretch.
F2_TARGETS = {"detection-strong": (0.98, 0.99, 0.995), "detection-narrow": (0.90, 0.95, 0.98)}
REACHED = ("none", "must", "strong", "stretch")
_OF = {name: place for place, name in enumerate(STRETCH)}


@dataclass(frozen=True)
class Sessions:
    """What was found in sessions of one place.

    Attributes
    ----------
    stretches : ndarray, shape (n, len(STRETCH))
    owner : int64, shape (n,)
        Session of each stretch.
    clean : ndarray, shape (S, len(CLEAN))
    """

    stretches: np.ndarray
    owner: np.ndarray
    clean: np.ndarray

    def f2_counts(self, detector: str) -> np.ndarray:
        """True positives, false negatives, false positives of each session, shape (S, 3)."""
        found = self.stretches[:, _OF[f"found_{detector}"]]
        counts = np.zeros((len(self.clean), 3))
        np.add.at(counts[:, 0], self.owner, found)
        np.add.at(counts[:, 1], self.owner, self.stretches[:, _OF["seconds"]] - found)
        counts[:, 2] = self.clean[:, CLEAN.index(f"false_{detector}")]
        return counts

    def in_time(self, detector: str) -> np.ndarray:
        """Which stretches were found within the time allowed, bool."""
        after = self.stretches[:, _OF[f"after_{detector}"]]
        return (after >= 1) & (after <= IN_TIME_S)

    def of(self, rows: np.ndarray) -> Sessions:
        """The same with some of the stretches only."""
        return Sessions(self.stretches[rows], self.owner[rows], self.clean)

    @property
    def family(self) -> np.ndarray:
        """Class number of each stretch."""
        return self.stretches[:, 0].astype(int)


def sessions_of(
    store: Places, table: str, name: str, seeds: str, gains: tuple[str | None, ...]
) -> Sessions | None:
    """Results of a set with some kinds of gain; None if there are none."""
    stretches, owners, cleans, count = [], [], [], 0
    for gain in gains:
        key = {"table": table, "seeds": seeds, "set": name} | ({"gain": gain} if gain else {})
        total = store.total(key)
        if total is None:
            continue
        stretches.append(np.array(total["stretches"], float).reshape(-1, len(STRETCH)))
        owners.append(count + np.repeat(np.arange(len(total["stretch_count"])), total["stretch_count"]))
        cleans.append(np.array(total["clean"], float).reshape(-1, len(CLEAN)))
        count += len(cleans[-1])
    if not cleans:
        return None
    return Sessions(np.concatenate(stretches), np.concatenate(owners).astype(int), np.concatenate(cleans))


_BOTH = (TOLD, UNTOLD_GAIN)


def f2_table(store: ResultStore) -> str:
    """F2 per second of each set, detector by detector, gain told and untold apart."""
    places, rows = Places(store), []
    for name, text in SET_TEXTS.items():
        for seeds in (DESIGN, FINAL):
            for gains, gain_text in ((_BOTH, "all"), ((TOLD,), TOLD), ((UNTOLD_GAIN,), UNTOLD_GAIN)):
                found = sessions_of(places, DETECTION.name, name, seeds, gains)
                if found is not None:
                    values = [value_text(*sessions_f2(found.f2_counts(d))) for d in DETECTORS]
                    seconds = int(found.stretches[:, _OF["seconds"]].sum())
                    clean = int(found.clean[:, 0].sum())
                    rows.append([text, seeds, gain_text, len(found.clean), f"{seconds} / {clean}", *values])
    header = ["set", "seeds", "gain", "sessions", "seconds jammed / clean", *TEXTS.values()]
    return markdown_table(header, rows) if rows else NO_RESULTS


def false_seconds_table(store: ResultStore) -> str:
    """Clean seconds between jammed ones that are called interference."""
    places, rows = Places(store), []
    for name, text in SET_TEXTS.items():
        found = sessions_of(places, DETECTION.name, name, DESIGN, _BOTH)
        if found is not None:
            sums = found.clean.sum(axis=0)
            rows.append([text, *(f"{100 * value / sums[0]:.2f} %" for value in sums[1:])])
    return markdown_table(["set", *TEXTS.values()], rows) if rows else NO_RESULTS


def family_table(store: ResultStore) -> str:
    """Share of seconds found by set and family."""
    places, rows = Places(store), []
    for name, text in SET_TEXTS.items():
        found = sessions_of(places, DETECTION.name, name, DESIGN, _BOTH)
        for family in sorted(set(found.family)) if found else ():
            part = found.of(found.family == family)
            seconds = part.stretches[:, _OF["seconds"]].sum()
            shares = [f"{part.stretches[:, _OF[f'found_{d}']].sum() / seconds:.3f}" for d in DETECTORS]
            in_time = part.in_time("trees")
            row = [text, CLASSES[family], int(seconds), *shares]
            rows.append([*row, f"{in_time.sum()} of {len(in_time)}"])
    header = ["set", "family", "seconds", *TEXTS.values(), f"trees: found within {IN_TIME_S} s"]
    return markdown_table(header, rows) if rows else NO_RESULTS


def latency_table(store: ResultStore) -> str:
    """Seconds from the begin of a stretch to the open event, told at the end of a second."""
    places, rows = Places(store), []
    for name, text in SET_TEXTS.items():
        found = sessions_of(places, DETECTION.name, name, DESIGN, _BOTH)
        for detector in DETECTORS if found else ():
            after = found.stretches[:, _OF[f"after_{detector}"]]
            within = [f"{np.mean((after >= 1) & (after <= limit)):.3f}" for limit in (1, 2, 3)]
            in_time = found.in_time(detector)
            row = [text, TEXTS[detector], len(after), *within]
            rows.append([*row, share_text(in_time.sum(), len(in_time)), int((after < 0).sum())])
    header = ["set", "detector", "stretches", "1 s", "2 s", "3 s", f"{IN_TIME_S} s", "never"]
    return markdown_table(header, rows) if rows else NO_RESULTS


def wide_table(store: ResultStore) -> str:
    """J/N at which 90 % of the seconds are found, by wide family."""
    places, rows = Places(store), []
    found = sessions_of(places, DETECTION.name, "detection-wide", DESIGN, _BOTH)
    for family in sorted(set(found.family)) if found else ():
        part = found.of(found.family == family)
        rows.append([CLASSES[family], len(part.stretches), *(_crossing(part, d) for d in DETECTORS)])
    header = ["family", "stretches", *TEXTS.values()]
    return markdown_table(header, rows) if rows else NO_RESULTS


def _crossing(part: Sessions, detector: str, level: float = 0.9) -> str:
    """Whole stretches are counted: their seconds are not independent."""
    jn = part.stretches[:, _OF["jn_db"]]
    hits = part.in_time(detector).astype(float)
    if len(np.unique(jn)) < 4:
        return ""
    if hits.all():
        return f"below {jn.min():.1f}"
    if not hits.any():
        return "not reached"
    found = curve_crossing(jn, hits, np.ones(len(jn)), level)
    if found is None:
        return "not reached"
    return f"{found.x:.1f} ({found.interval.low:.1f} – {found.interval.high:.1f})"


def points_table(store: ResultStore) -> str:
    """Stretches of one level found in time."""
    places, rows = Places(store), []
    for name in POINTS.sets:
        for seeds in (DESIGN, FINAL):
            found = sessions_of(places, POINTS.name, name, seeds, (None,))
            if found is None:
                continue
            shares = [share_text(found.in_time(d).sum(), len(found.stretches)) for d in DETECTORS]
            rows.append([point_text(name, found), seeds, len(found.stretches), *shares])
    header = [f"found within {IN_TIME_S} s", "seeds", "stretches", *TEXTS.values()]
    return markdown_table(header, rows) if rows else NO_RESULTS


def point_text(name: str, found: Sessions) -> str:
    """What a set of one level holds."""
    jn = found.stretches[0, _OF["jn_db"]]
    if name.startswith("cw"):
        return f"CW anywhere in the band, J/N {jn:g} dB"
    return f"wideband noise, +{name.rsplit('-', 1)[1]} dB (J/N {jn:g} dB)"


def quiet_table(store: ResultStore) -> str:
    """Events per hour without interference, stated and counted."""
    places, rows = Places(store), []
    for seeds in (DESIGN, FINAL):
        for gains, text in ((_BOTH, "all"), ((TOLD,), TOLD), ((UNTOLD_GAIN,), UNTOLD_GAIN)):
            counts = quiet_counts(places, seeds, gains)
            for rate in RATES if counts else ():
                hours, opened = counts["seconds"] / 3600, counts[f"opened_{rate:g}"]
                expected = rate * hours
                ratio = value_text(opened / expected, poisson_interval(opened, expected), 2)
                bound = poisson_upper_bound(opened, hours)
                enough = "" if expected >= 30 else "fewer than 30 expected: only the bound counts"
                row = [f"{rate:g}", seeds, text, f"{hours:.1f}", f"{expected:.3g}", opened]
                rows.append([*row, ratio, f"{bound:.2f}", enough])
    header = ["stated, 1/h", "seeds", "gain", "hours", "expected", "opened", "measured / stated"]
    return markdown_table([*header, "95 % bound, 1/h", ""], rows) if rows else NO_RESULTS


def quiet_counts(places: Places, seeds: str, gains: tuple[str, ...]) -> dict[str, int]:
    """Sums over kinds of gain; empty where nothing was watched."""
    sums: dict[str, int] = {}
    for gain in gains:
        key = {"table": QUIET.name, "seeds": seeds, "set": "quiet-verify", "gain": gain}
        for name, value in (places.total(key) or {}).items():
            sums[name] = sums.get(name, 0) + value
    return sums


def detection_targets(store: ResultStore) -> list[list[str]]:
    """Rows of measured against asked for."""
    places, rows = Places(store), []
    for name, targets in F2_TARGETS.items():
        found = sessions_of(places, DETECTION.name, name, DESIGN, _BOTH)
        if found is not None:
            value, interval = sessions_f2(found.f2_counts("trees"))
            reached = REACHED[sum(value >= target for target in targets)]
            row = [f"detection F2, {SET_TEXTS[name]}", value_text(value, interval)]
            rows.append([*row, *(f"{target:g}" for target in targets), reached])
            in_time = found.in_time("trees")
            if name == "detection-strong":
                rows.append(_share_row("the same, opened within 5 s", in_time, ("99 %", "", "")))
    limits = {"cw": ("cw-10", "cw-20", "cw-25"), "noise": ("noise-rise-2", "noise-rise-1", "noise-rise-0.5")}
    for names in limits.values():
        for place, name in enumerate(names):
            found = sessions_of(places, POINTS.name, name, DESIGN, (None,))
            if found is not None:
                wanted = tuple("99 %" if index == place else "" for index in range(3))
                text = f"{point_text(name, found)} found within 5 s"
                rows.append(_share_row(text, found.in_time("trees"), wanted, REACHED[place + 1]))
    counts = quiet_counts(places, DESIGN, _BOTH)
    if counts:
        rows += _quiet_rows(counts)
    return rows


def _share_row(
    text: str, hits: np.ndarray, wanted: tuple[str, str, str], level: str = "must", least: float = 0.99
) -> list[str]:
    """A share reaches its target if what was counted does not speak against it: its interval holds it."""
    share = float(np.mean(hits))
    holds = share >= least or wilson_interval(hits.sum(), len(hits)).high >= least
    how = level if share >= least else f"{level} within its interval" if holds else "missed"
    return [text, share_text(hits.sum(), len(hits)), *wanted, how]


def _quiet_rows(counts: dict[str, int]) -> list[list[str]]:
    hours, opened = counts["seconds"] / 3600, counts["opened_1"]
    bound = poisson_upper_bound(opened, hours)
    levels = [rate_claim_holds(opened, hours, limit) for limit in (1.0, 1 / 24)]
    row = ["false openings at 1/h stated", f"{opened} in {hours:.1f} h, bound {bound:.2f}/h"]
    rows = [[*row, "1/h", "1 in 24 h", "", REACHED[sum(levels)]]]
    expected = 20 * hours
    low, high = poisson_interval(counts["opened_20"], expected)
    held = low <= 1 <= high
    text = value_text(counts["opened_20"] / expected, poisson_interval(counts["opened_20"], expected), 2)
    reached = "needs 30 expected" if expected < 30 else "stretch" if held else "missed"
    reached += "; fewer than stated" if high < 1 else ""
    return [*rows, ["measured / stated at 20/h", text, "", "", "1 within its interval", reached]]
