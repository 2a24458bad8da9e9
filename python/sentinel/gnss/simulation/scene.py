# SPDX-License-Identifier: GPL-3.0-or-later
"""A session as a recording: its samples in a file's type, and its truth as SigMF captures and annotations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .parameters import half_width_hz
from .session import Interval, Session

#: Centre of GPS L1 and Galileo E1.
L1_HZ = 1575.42e6


@dataclass(frozen=True)
class GnssScene:
    """A session at a place in the spectrum.

    Attributes
    ----------
    session : Session
    center_freq : float or None
        Hz.
    """

    session: Session
    center_freq: float | None = L1_HZ

    @property
    def sample_rate(self) -> float:
        """Hz."""
        return self.session.sample_rate

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return self.session.duration_s

    @property
    def sample_count(self) -> int:
        """Samples."""
        return self.session.sample_count

    @property
    def seed(self) -> int:
        """Of all that is random."""
        return self.session.seed

    def again(self, number: int) -> GnssScene:
        """The same scene with other random numbers; 0 is the scene itself."""
        modulus = 1 << 64
        intervals = tuple(
            replace(part, seed=(part.seed + number) % modulus) for part in self.session.intervals
        )
        session = replace(self.session, seed=(self.session.seed + number) % modulus, intervals=intervals)
        return replace(self, session=session)


def scene_chunks(scene: GnssScene, datatype: str = "cu8", chunk_s: float = 0.1) -> Iterator[np.ndarray]:
    """Samples of a scene: integers of shape (count, 2), or complex64 of shape (count,) for cf32_le."""
    for samples, _ in scene.session.chunks(datatype, chunk_s):
        yield samples if datatype == "cf32_le" else samples.reshape(-1, 2)


def occupied_hz(interval: Interval, sample_rate: float) -> tuple[float, float]:
    """Lower and upper edge within the sampled band, offsets from its centre."""
    middle = interval.parameters["offset_hz"]
    # A carrier has no width, but an area of none would overlap with nothing.
    half = max(half_width_hz(interval.family, interval.parameters), 100.0)
    edge = sample_rate / 2
    low, high = max(middle - half, -edge), min(middle + half, edge)
    return (low, high) if low < high else (-edge, edge)


def scene_annotations(scene: GnssScene) -> list[dict[str, Any]]:
    """The truth as SigMF annotations, one for each interval of interference."""
    session, center = scene.session, scene.center_freq or 0.0
    annotations = []
    for interval in session.intervals:
        low, high = occupied_hz(interval, session.sample_rate)
        start = session.sample_at(interval.start_s)
        count = session.sample_at(interval.stop_s) - start
        if count <= 0:
            continue
        annotations.append(
            {
                "core:sample_start": start,
                "core:sample_count": count,
                "core:freq_lower_edge": center + low,
                "core:freq_upper_edge": center + high,
                "core:label": interval.family,
                "core:generator": "gr-sentinel simulate",
                "sentinel:detector": "gnss",
                "sentinel:offset_hz": (low + high) / 2,
                "sentinel:bandwidth_hz": high - low,
                "sentinel:j_n_db": float(interval.jn_db),
                "sentinel:parameters": dict(interval.parameters),
            }
        )
    return annotations


def scene_captures(scene: GnssScene) -> list[dict[str, Any]]:
    """SigMF captures: one from the first sample on, and one for each step of a gain that is told."""
    session = scene.session
    starts = {0}
    if session.gain_known:
        starts |= {session.sample_at(step.at_s) for step in session.gain_steps}
    captures = []
    for start in sorted(place for place in starts if place < session.sample_count):
        capture: dict[str, Any] = {"core:sample_start": start}
        if session.gain_known:
            capture["sentinel:gain_db"] = session.receiver.gain_db + session.gain_change_db(start)
        captures.append(capture)
    return captures
