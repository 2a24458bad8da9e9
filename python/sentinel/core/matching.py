# SPDX-License-Identifier: GPL-3.0-or-later
"""Which event found which truth: one to one, by assignment."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from .regions import Region


@dataclass(frozen=True)
class Tolerances:
    """How near an event must lie to a truth to have found it. All stated conditions hold at once.

    Parameters
    ----------
    time_s, freq_hz : float
        Gap allowed between the two spans of time and of frequency; 0 means that they touch.
    min_iou : float
        For areas: least intersection over union; 0 asks for none.
    start_s, center_hz : float, optional
        For points in a wider span: largest difference of the starts, and of the centres.
    same_label : bool
        Whether the labels must agree.
    """

    time_s: float = 0.0
    freq_hz: float = 0.0
    min_iou: float = 0.0
    start_s: float | None = None
    center_hz: float | None = None
    same_label: bool = False

    def __post_init__(self) -> None:
        for name in ("time_s", "freq_hz", "start_s", "center_hz"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise ValueError(f"tolerance {name} is {value}; it must be finite and not negative")
        if not 0 <= self.min_iou <= 1:
            raise ValueError(f"min_iou is {self.min_iou}; it must lie in 0 .. 1")


@dataclass(frozen=True)
class Matching:
    """Pairs of event and truth index, and the events that found a truth which another event has."""

    pairs: list[tuple[int, int]]
    duplicates: list[int]


def columns_of(regions: Sequence[Region]) -> np.ndarray:
    """Return start, end, lower and upper edge of each region, shape (4, regions)."""
    rows = [
        (
            region.start_s,
            region.start_s + region.duration_s,
            region.freq_hz - region.bandwidth_hz / 2,
            region.freq_hz + region.bandwidth_hz / 2,
        )
        for region in regions
    ]
    return np.array(rows, dtype=np.float64).reshape(len(rows), 4).T


def overlap_area(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the common area of regions given as columns of start, end, lower, upper; s * Hz."""
    time = np.minimum(a[1], b[1]) - np.maximum(a[0], b[0])
    freq = np.minimum(a[3], b[3]) - np.maximum(a[2], b[2])
    return np.maximum(time, 0) * np.maximum(freq, 0)


def area(a: np.ndarray) -> np.ndarray:
    """Return the area of regions given as columns of start, end, lower, upper; s * Hz."""
    return (a[1] - a[0]) * (a[3] - a[2])


def candidates(
    events: Sequence[Region], truths: Sequence[Region], tolerances: Tolerances
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return every pair within the tolerances, and its cost.

    Returns
    -------
    event, truth : ndarray of int, shape (pairs,)
    cost : ndarray, shape (pairs,)
        0 for equal places to 1 at the tolerance, plus 1 if the labels differ.
    """
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    if not events or not truths:
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
    event_columns, truth_columns = columns_of(events), columns_of(truths)
    order = np.argsort(truth_columns[0], kind="stable")
    truth_columns = truth_columns[:, order]
    labels = np.array([truths[index].label for index in order], dtype=object)
    starts = truth_columns[0]
    # The latest end so far: what begins before a place is worth looking at only if something reaches it.
    reach = np.maximum.accumulate(truth_columns[1])
    for index, event in enumerate(events):
        e = event_columns[:, index]
        # Half a nanosecond and a millihertz forgive the rounding of places that just touch.
        first = np.searchsorted(reach, e[0] - tolerances.time_s - 5e-10, side="left")
        last = np.searchsorted(starts, e[1] + tolerances.time_s + 5e-10, side="right")
        t = truth_columns[:, first:last]
        gap_s = np.maximum(e[0], t[0]) - np.minimum(e[1], t[1])
        gap_hz = np.maximum(e[2], t[2]) - np.minimum(e[3], t[3])
        keep = (gap_s <= tolerances.time_s + 5e-10) & (gap_hz <= tolerances.freq_hz + 1e-3)
        offset_s = np.abs(e[0] + e[1] - t[0] - t[1]) / 2
        offset_hz = np.abs(e[2] + e[3] - t[2] - t[3]) / 2
        differs = labels[first:last] != event.label
        if tolerances.start_s is not None:
            keep &= np.abs(e[0] - t[0]) <= tolerances.start_s + 5e-10
        if tolerances.center_hz is not None:
            keep &= offset_hz <= tolerances.center_hz + 1e-3
        if tolerances.min_iou > 0:
            common = overlap_area(e, t)
            keep &= common >= tolerances.min_iou * (area(e) + area(t) - common)
            keep &= common > 0
        if tolerances.same_label:
            keep &= ~differs
        # Where two spans touch, their centres differ by half of both lengths: that is cost 1.
        reach_s = (e[1] - e[0] + t[1] - t[0]) / 2 + tolerances.time_s + 1e-9
        reach_hz = (e[3] - e[2] + t[3] - t[2]) / 2 + tolerances.freq_hz + 1e-3
        cost = (offset_s / reach_s + offset_hz / reach_hz) / 2 + differs
        near = np.flatnonzero(keep)
        found.append((np.full(len(near), index), order[first:last][near], cost[near]))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def match(events: Sequence[Region], truths: Sequence[Region], tolerances: Tolerances) -> Matching:
    """Assign each event to at most one truth and each truth to at most one event.

    As many pairs as possible; among those, the nearest and, before that, those of equal labels. Regions
    that no chain of candidate pairs connects are solved apart, so that the cost follows the crowding
    and not the length of the recording.
    """
    event, truth, cost = candidates(events, truths, tolerances)
    if not len(event):
        return Matching([], [])
    nodes = len(events) + len(truths)
    graph = coo_matrix((np.ones(len(event)), (event, truth + len(events))), shape=(nodes, nodes))
    part = connected_components(graph, directed=False)[1][event]
    order = np.argsort(part, kind="stable")
    pairs: list[tuple[int, int]] = []
    for group in np.split(order, np.flatnonzero(np.diff(part[order])) + 1):
        rows, row = np.unique(event[group], return_inverse=True)
        columns, column = np.unique(truth[group], return_inverse=True)
        # One pair that is none must cost more than all real ones together, so that none is given up.
        forbidden = 3.0 * (min(len(rows), len(columns)) + 1)
        costs = np.full((len(rows), len(columns)), forbidden)
        costs[row, column] = cost[group]
        for i, j in zip(*linear_sum_assignment(costs), strict=True):
            if costs[i, j] < forbidden:
                pairs.append((int(rows[i]), int(columns[j])))
    matched = {index for index, _ in pairs}
    return Matching(sorted(pairs), sorted(set(event.tolist()) - matched))
