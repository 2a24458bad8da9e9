# SPDX-License-Identifier: GPL-3.0-or-later
"""What all waveforms have in common: blocks of a fixed size, handed out in pieces of any length."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

#: Samples made at a time. Fixed, so that samples are equal to the last bit however they are taken.
BLOCK_SAMPLES = 1 << 16


class Waveform(ABC):
    """Complex samples without end, of mean power 1 inside the sampled band.

    Parameters
    ----------
    sample_rate : float
        Hz.
    seed : int
        Of all that is random in it.
    """

    def __init__(self, sample_rate: float, seed: int) -> None:
        self.sample_rate = float(sample_rate)
        self.rng = np.random.default_rng(seed)
        #: Index of the first sample of the next block.
        self.position = 0
        self._rest = np.zeros(0, np.complex64)

    @abstractmethod
    def _block(self) -> np.ndarray:
        """The next BLOCK_SAMPLES samples, from `position` on."""

    def take(self, count: int) -> np.ndarray:
        """The next `count` samples, complex64."""
        samples = np.empty(count, np.complex64)
        filled = 0
        while filled < count:
            if not len(self._rest):
                self._rest = self._block()
                self.position += len(self._rest)
            now = min(count - filled, len(self._rest))
            samples[filled : filled + now] = self._rest[:now]
            self._rest = self._rest[now:]
            filled += now
        return samples

    def kernel_seed(self) -> int:
        """A seed for a kernel's own generator."""
        return int(self.rng.integers(1 << 63))
