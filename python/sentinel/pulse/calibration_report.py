# SPDX-License-Identifier: GPL-3.0-or-later
"""A calibration in words, and its false-alarm rate counted on fresh noise."""

from __future__ import annotations

from dataclasses import dataclass

from gnuradio.sentinel import kernel

from ..core.calibration import Calibration
from ..core.calibration_cache import CalibrationCache
from ..core.intervals import poisson_interval
from ..core.tails import fit_gumbel
from .calibration import SEED, TRIALS, calibrate, tail_of
from .events import false_alarms_per_hour
from .plan import Group

#: Noise of the check; calibrations have `calibration.SEED`.
CHECK_SEED = SEED + 1
#: Trials of the Gumbel fit that the published detectors make.
PUBLISHED_TRIALS = 100


@dataclass(frozen=True)
class CalibrationReport:
    """What is known of the threshold of a plan's first watch.

    Attributes
    ----------
    calibration : Calibration
    probability : float
        Stated, per cycle.
    cycle_s : float
    threshold, published_threshold : float
        As used here, and by a Gumbel fit of `PUBLISHED_TRIALS` cycles, for the same probability.
    extrapolated : bool
        Whether no noise cycle of the calibration reached the threshold.
    """

    calibration: Calibration
    probability: float
    cycle_s: float
    threshold: float
    published_threshold: float
    extrapolated: bool


def report(group: Group, trials: int = TRIALS, cache: CalibrationCache | None = None) -> CalibrationReport:
    """Calibrate the first watch of a plan, or look its calibration up."""
    watch = group.watches[0]
    geometry = group.geometry(watch)
    calibration = calibrate(group, watch, cache or CalibrationCache(), trials)
    threshold = tail_of(group, watch, calibration).threshold(watch.false_alarm_probability)
    published = fit_gumbel(kernel.pulse_null_maxima(geometry, PUBLISHED_TRIALS, SEED))
    return CalibrationReport(
        calibration=calibration,
        probability=watch.false_alarm_probability,
        cycle_s=geometry.cycle_samples / group.channel_rate,
        threshold=threshold,
        published_threshold=published.threshold(watch.false_alarm_probability),
        extrapolated=calibration.is_extrapolated(threshold),
    )


def describe(made: CalibrationReport) -> str:
    """The report as lines of text."""
    rate = false_alarms_per_hour(made.probability, made.cycle_s)
    tail = made.calibration.tail
    note = "; beyond all of them, so the fitted tail speaks" if made.extrapolated else ""
    return "\n".join(
        [
            f"threshold      {made.threshold:.2f} from {made.calibration.trials} noise cycles{note}",
            f"stated         {made.probability:g} per cycle of {made.cycle_s:.2f} s: {rate:.3g} false alarms "
            f"an hour, one in {1 / rate:.3g} h",
            f"fitted         {tail.independent_cells:.4g} independent cells, "
            f"standard error {100 * tail.log_cells_error:.0f} %",
            f"published      {made.published_threshold:.2f} by a Gumbel fit of {PUBLISHED_TRIALS} cycles",
        ]
    )


def check(group: Group, made: CalibrationReport, cycles: int, seed: int = CHECK_SEED) -> str:
    """Count fresh noise cycles above the threshold, and say what that means for the stated rate."""
    maxima = kernel.pulse_null_maxima(group.geometry(group.watches[0]), cycles, seed)
    count = int((maxima >= made.threshold).sum())
    low, high = poisson_interval(count, cycles)
    expected = cycles * made.probability
    line = (
        f"measured       {count} of {cycles} fresh noise cycles, {expected:.3g} expected: "
        f"{count / cycles:.3g} per cycle (95 %: {low:.2g} to {high:.2g})"
    )
    if expected < 30:
        line += f"; {30 / made.probability:.0f} cycles would pin it down"
    return line
