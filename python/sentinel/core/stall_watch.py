# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells when a live input has gone silent, when it speaks again, and when it counts as lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger("gnuradio.sentinel.core.live")

#: Seconds of silence that are told, and after which a radio is opened again.
WARN_AFTER_S = 3.0


class StallWatch:
    """Follows one live input over all its streams.

    Parameters
    ----------
    name : str
        Of the input, for the lines.
    timeout_s : float
        Seconds of silence after which it is lost; 0 is never.
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, name: str, timeout_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.timeout_s = timeout_s
        self._clock = clock
        self._last = clock()
        self._told = False

    def look(self, last_data_s: float | None) -> None:
        """Take note of when data came last, and tell what changed."""
        if last_data_s is not None and last_data_s > self._last:
            gap_s = last_data_s - self._last
            self._last = last_data_s
            if self._told:
                log.warning("data again from %s after %.0f s", self.name, gap_s)
                self._told = False
        if self.silent_s > WARN_AFTER_S and not self._told:
            log.warning("no data for %.0f s from %s", self.silent_s, self.name)
            self._told = True

    @property
    def silent_s(self) -> float:
        """Seconds since data came last, or since the watch began."""
        return max(0.0, self._clock() - self._last)

    @property
    def lost(self) -> bool:
        """Whether the silence has reached the timeout."""
        return self.timeout_s > 0 and self.silent_s >= self.timeout_s

    def left_s(self) -> float:
        """Seconds until it is lost; infinite where it never is."""
        return self.timeout_s - self.silent_s if self.timeout_s > 0 else float("inf")


def back_off_s(attempt: int) -> float:
    """Wait before an attempt to open a radio again, counted from 0: 1, 2, 4 .. 30 s."""
    return float(min(30, 1 << min(attempt, 5)))
