# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock of a simulated radio: when a sample is taken, what its time stamp says, when it is sent."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from .errors import InputError

_SECOND_NS = 1_000_000_000
# A signal handler that only sets a flag does not end a sleep.
_SLICE_S = 0.1


@dataclass(frozen=True)
class ClockStep:
    """From `at_s` on, time stamps are `step_s` ahead of what they were."""

    step_s: float
    at_s: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.step_s) or not 0 <= self.at_s < math.inf:
            raise InputError(
                f"clock step of {self.step_s} s at {self.at_s} s; give finite seconds, the place from 0 on"
            )


@dataclass(frozen=True)
class SampleClock:
    """A crystal that is `ppm` off, and a clock that stamps what it takes.

    Parameters
    ----------
    sample_rate : float
        Nominal, Hz: the one that is announced.
    ppm : float
        The real rate is sample_rate * (1 + ppm / 1e6). Time stamps are true.
    steps : tuple of ClockStep
        Only time stamps jump; samples are taken evenly.
    """

    sample_rate: float
    ppm: float = 0.0
    steps: tuple[ClockStep, ...] = ()

    def __post_init__(self) -> None:
        if not -1e5 <= self.ppm <= 1e5:
            raise InputError(f"clock error of {self.ppm} ppm; give at most 100000, usual are 0.5 to 50")

    def elapsed_ns(self, index: int) -> int:
        """Nanoseconds from sample 0 to sample `index`; whole seconds are taken out first and stay exact."""
        rate = self.sample_rate * (1 + self.ppm / 1e6)
        seconds, rest = divmod(index, int(rate)) if rate == int(rate) else divmod(index, rate)
        return int(seconds) * _SECOND_NS + round(rest / rate * 1e9)

    def stamp_ns(self, index: int, start_ns: int) -> int:
        """Time stamp of sample `index` when sample 0 has `start_ns`; nanoseconds since 1970, not below."""
        elapsed_ns = self.elapsed_ns(index)
        jumps = (step.step_s for step in self.steps if elapsed_ns >= round(step.at_s * 1e9))
        return max(0, start_ns + elapsed_ns + sum(round(jump * 1e9) for jump in jumps))


class Pacer:
    """Waits until a moment after the start has come; who is late goes on at once and so catches up.

    Parameters
    ----------
    full_speed : bool
        Never wait.
    speed : float
        So many seconds of the stream pass in one of the clock.
    ended : callable
        Asked several times a second; waiting ends when it is true.
    now_ns, sleep : callable
        Monotonic nanoseconds; sleeping for seconds.
    """

    def __init__(
        self,
        full_speed: bool = False,
        ended: Callable[[], bool] = lambda: False,
        now_ns: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
        speed: float = 1.0,
    ) -> None:
        self.full_speed = full_speed
        self.speed = speed
        #: Most seconds by which a moment was missed.
        self.most_behind_s = 0.0
        self._ended = ended
        self._now_ns = now_ns
        self._sleep = sleep
        self._start_ns = now_ns()

    def wait(self, moment_ns: int) -> None:
        """Return when the stream has passed `moment_ns` nanoseconds since the pacer was made."""
        if self.full_speed:
            return
        late_s = -self._left_s(moment_ns)
        self.most_behind_s = max(self.most_behind_s, late_s)
        while (left_s := self._left_s(moment_ns)) > 0 and not self._ended():
            self._sleep(min(left_s, _SLICE_S))

    def _left_s(self, moment_ns: int) -> float:
        return (self._start_ns + moment_ns / self.speed - self._now_ns()) / 1e9
