# SPDX-License-Identifier: GPL-3.0-or-later
"""What a simulated radio sends: one scene, the same again and again, or scenes without end."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import numpy as np
from gnuradio.sentinel.pulse.simulate import Scene, scene_annotations, scene_chunks

#: Where an endless programme goes on with the next seed; tags keep their rhythm up to there.
DAY_S = 86_400.0


@dataclass(frozen=True)
class Programme:
    """Scenes, one behind the other.

    Parameters
    ----------
    scene : Scene
    loop : bool
        The same samples again and again.
    endless : bool
        Days of the scene's tags and disturbances, each of its own seed; its duration does not count.
    """

    scene: Scene
    loop: bool = False
    endless: bool = False

    def scenes(self) -> Iterator[Scene]:
        """The scenes in order; without end if `loop` or `endless`."""
        if self.loop:
            yield from repeat(self.scene)
        if not self.endless:
            yield self.scene
            return
        seed = self.scene.seed
        while True:
            yield replace(self.scene, duration_s=DAY_S, seed=seed)
            seed = (seed + 1) % (1 << 64)

    def unrounded(self) -> "Programme":
        """Itself: its samples are complex numbers anyway."""
        return self

    def check(self) -> None:
        """Raise InputError if a disturbance does not fit; otherwise the first block would."""
        scene_chunks(next(self.scenes()))

    def chunks(self) -> Iterator[np.ndarray]:
        """Samples, complex64; memory does not grow with the time sent."""
        for scene in self.scenes():
            yield from scene_chunks(scene)

    def captures(self, sample_count: int) -> list[dict[str, Any]]:
        """Nothing changes in the receiver of tags."""
        return []

    def annotations(self, sample_count: int) -> list[dict[str, Any]]:
        """The truth of the first `sample_count` samples: the pulses that lie wholly in them."""
        found: list[dict[str, Any]] = []
        first = 0
        for scene in self.scenes():
            if first >= sample_count:
                break
            for annotation in scene_annotations(scene):
                start = first + annotation["core:sample_start"]
                if start + annotation["core:sample_count"] <= sample_count:
                    found.append(_moved(annotation, start, first / scene.sample_rate))
            first += scene.sample_count
        return found


def _moved(annotation: dict[str, Any], start: int, seconds: float) -> dict[str, Any]:
    details = annotation["sentinel:details"]
    details = {**details, "start_s": details["start_s"] + seconds}
    return {**annotation, "core:sample_start": start, "sentinel:details": details}
