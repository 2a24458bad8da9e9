# SPDX-License-Identifier: GPL-3.0-or-later
"""A detector on a bench: one watch, calibrated, that judges single cycles of samples."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from gnuradio.sentinel import kernel

from ...core.calibration_cache import CalibrationCache
from ...core.settings import build
from ..calibration import threshold_of
from ..config import PulseSettings
from ..plan import Group, Watch, plan_single

#: A find counts as correct within these of the truth (the tolerances of `sentinel score`).
FREQUENCY_TOLERANCE_HZ = 70.0
TIME_TOLERANCE_S = 0.016
PUBLISHED_RATE = 3840.0


@dataclass(frozen=True)
class Bench:
    """One watch and its kernels; not for several threads at once.

    Attributes
    ----------
    group, watch
        See `plan`.
    geometry : kernel.pulse_train_geometry
    threshold : float
    search : kernel.pulse_train_search
    stft : kernel.wmatrix_stft
    """

    group: Group
    watch: Watch
    geometry: Any
    threshold: float
    search: Any
    stft: Any

    @property
    def cycle_samples(self) -> int:
        """Samples of one cycle."""
        return self.geometry.cycle_samples

    def trains(self, samples: np.ndarray) -> list[Any]:
        """Trains above the threshold in one cycle, refused ones with their reason, strongest first."""
        watch = self.watch
        return self.search.search(
            self.stft(samples, self.group.hop),
            np.float32(self.threshold),
            watch.top,
            watch.merge_hz / self.group.channel_rate,
        )


@dataclass(frozen=True)
class Match:
    """A train compared with the tag it should be: errors in Hz and s, and whether within the tolerances."""

    frequency_hz: float
    time_s: float

    @property
    def correct(self) -> bool:
        """Whether both errors lie within the tolerances."""
        return abs(self.frequency_hz) <= FREQUENCY_TOLERANCE_HZ and abs(self.time_s) <= TIME_TOLERANCE_S


def match(train: Any, sample_rate: float, freq_hz: float, first_s: float, interval_s: float) -> Match:
    """Errors of a train. The time is that to the nearest pulse of the tag: a train may begin with any."""
    time_s = train.start / sample_rate - first_s
    time_s -= interval_s * round(time_s / interval_s)
    difference = train.frequency - freq_hz / sample_rate
    return Match((difference - round(difference)) * sample_rate, time_s)


def make_group(
    *,
    interval_s: float = 2.0,
    width_s: float = 0.015,
    pulses: int = 5,
    pf: float = 1e-4,
    hop_divisor: int = 2,
    sample_rate: float = PUBLISHED_RATE,
) -> Group:
    """A plan of one watch; `hop_divisor` 4 has 75 % overlap of the windows."""
    settings = build(
        PulseSettings,
        {
            "interval_s": interval_s,
            "pulse_width_s": width_s,
            "pulses": pulses,
            "false_alarm_probability": pf,
        },
        "evaluation",
    )
    group = plan_single(settings, sample_rate)
    return replace(group, hop=math.ceil(group.window / hop_divisor)) if hop_divisor != 2 else group


@lru_cache(maxsize=8)
def make_bench(**settings: Any) -> Bench:
    """A bench of `make_group(**settings)`, its threshold from the cache where it is known."""
    group = make_group(**settings)
    watch = group.watches[0]
    geometry = group.geometry(watch)
    return Bench(
        group=group,
        watch=watch,
        geometry=geometry,
        threshold=threshold_of(group, watch, CalibrationCache()),
        search=kernel.pulse_train_search(geometry),
        stft=kernel.wmatrix_stft(group.window, group.rows),
    )
