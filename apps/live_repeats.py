# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene of interference as a simulated radio sends it: once, again and again, or ever new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
from gnuradio.sentinel.gnss.simulation.scene import GnssScene, scene_annotations, scene_captures, scene_chunks


@dataclass(frozen=True)
class RepeatedScene:
    """Scenes, one behind the other, of bytes as an 8-bit receiver gives them.

    Parameters
    ----------
    scene : GnssScene
    loop : bool
        The same samples again and again.
    endless : bool
        The same schedule again and again, each time with other random numbers.
    datatype : str
        Of the samples.
    """

    scene: GnssScene
    loop: bool = False
    endless: bool = False
    datatype: str = "cu8"

    def scenes(self) -> Iterator[GnssScene]:
        """The scenes in order; without end if `loop` or `endless`."""
        if not self.loop and not self.endless:
            yield self.scene
            return
        for number in count():
            yield self.scene.again(number if self.endless else 0)

    def unrounded(self) -> RepeatedScene:
        """The same as complex numbers, for a server that scales it before it rounds."""
        return replace(self, datatype="cf32_le")

    def check(self) -> None:
        """A scene that could be made can be sent: there is nothing left to check."""

    def chunks(self) -> Iterator[np.ndarray]:
        """Bytes, shape (count, 2), or complex64; memory does not grow with the time sent."""
        for scene in self.scenes():
            yield from scene_chunks(scene, self.datatype)

    def annotations(self, sample_count: int) -> list[dict[str, Any]]:
        """The truth of the first `sample_count` samples; an interval that goes on is cut there."""
        return self._moved(scene_annotations, sample_count)

    def captures(self, sample_count: int) -> list[dict[str, Any]]:
        """Steps of the gain within the first `sample_count` samples."""
        return self._moved(scene_captures, sample_count)

    def _moved(self, entries_of: Any, sample_count: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        first = 0
        for scene in self.scenes():
            if first >= sample_count:
                break
            for entry in entries_of(scene):
                start = first + entry["core:sample_start"]
                if start >= sample_count:
                    continue
                entry = {**entry, "core:sample_start": start}
                if "core:sample_count" in entry:
                    entry["core:sample_count"] = min(entry["core:sample_count"], sample_count - start)
                found.append(entry)
            first += scene.sample_count
        return found
