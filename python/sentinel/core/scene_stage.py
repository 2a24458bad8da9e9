# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stages of a simulated scene have in common.

A scene is made in blocks of a fixed size: noise, then the stages in order. A stage is a function of
a block and of the index of its first sample, called once for each block in turn; it may keep state.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

Stage = Callable[[np.ndarray, int], np.ndarray]

#: Where a disturbance acts: on the noise alone, beside the signals, or on all that is received.
PLACES = ("noise", "air", "receiver")


@dataclass(frozen=True)
class SceneFrame:
    """What a stage must know of its scene: Hz, samples, and noise variance of one complex sample."""

    sample_rate: float
    sample_count: int
    noise_power: float

    def amplitude(self, energy_db: float, duration_s: float) -> float:
        """The constant amplitude over `duration_s` whose energy is `energy_db` over the noise density."""
        return (self.noise_power * 10 ** (energy_db / 10) / (duration_s * self.sample_rate)) ** 0.5


class Disturbance(Protocol):
    """A description of something that disturbs a scene; `stage` makes the function that does it."""

    place: ClassVar[str]

    def stage(self, frame: SceneFrame, rng: np.random.Generator) -> Stage:
        """Return the stage; all that is random comes from `rng`."""


def rechunk(blocks: Iterable[np.ndarray], chunk_samples: int) -> Iterator[np.ndarray]:
    """Cut blocks of any length into chunks of `chunk_samples`; the last may be shorter."""
    if chunk_samples < 1:
        raise ValueError(f"chunk of {chunk_samples} samples; it must hold at least 1")
    held: list[np.ndarray] = []
    count = 0
    for block in blocks:
        while count + len(block) >= chunk_samples:
            cut = chunk_samples - count
            # A copy in any case, so that who changes a chunk changes nothing else.
            yield np.concatenate([*held, block[:cut]])
            held, count, block = [], 0, block[cut:]
        if len(block):
            held.append(block)
            count += len(block)
    if count:
        yield np.concatenate(held)
