# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel calibrate`: the threshold of a detector, and how often noise really crosses it."""

import argparse

from gnuradio.sentinel.core.errors import InputError

CHECK_CYCLES = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel calibrate`."""
    parser.add_argument("room", choices=("pulse",), help="what is calibrated")
    from gnuradio.sentinel.pulse.config import PulseSettings

    for name in ("interval_s", "pulse_width_s", "pulses", "channel_rate", "false_alarm_probability"):
        field = PulseSettings.model_fields[name]
        extra = field.json_schema_extra
        parser.add_argument(
            extra["flag"],
            dest=name,
            required=field.is_required(),
            metavar=extra["unit"] or "N",
            help=field.description.replace("%", "%%"),
        )
    parser.add_argument("--rate", metavar="HZ", help="sample rate of the input; the channel's if left out")
    parser.add_argument("--trials", type=int, metavar="N", help="noise cycles the calibration is made from")
    parser.add_argument(
        "--check-cycles",
        type=int,
        default=CHECK_CYCLES,
        metavar="N",
        help=f"fresh noise cycles the result is checked with ({CHECK_CYCLES}); 0 leaves the check out",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print threshold and rates and return the exit code.

    Raises
    ------
    InputError
        A setting is out of range or does not fit the others.
    """
    from gnuradio.sentinel.core.settings import build
    from gnuradio.sentinel.core.units import parse_rate
    from gnuradio.sentinel.pulse.calibration import TRIALS
    from gnuradio.sentinel.pulse.calibration_report import check, describe, report
    from gnuradio.sentinel.pulse.config import PulseSettings
    from gnuradio.sentinel.pulse.plan import plan_single

    names = ("interval_s", "pulse_width_s", "pulses", "channel_rate", "false_alarm_probability")
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    settings = build(PulseSettings, given, "calibrate pulse")
    trials = TRIALS if arguments.trials is None else arguments.trials
    if trials < 100:
        raise InputError(f"--trials is {trials}; a tail needs at least 100 noise cycles")
    if arguments.check_cycles < 0:
        raise InputError(f"--check-cycles is {arguments.check_cycles}; give 0 or more")
    rate = settings.channel_rate if arguments.rate is None else parse_rate(arguments.rate, "--rate")
    group = plan_single(settings, rate)
    made = report(group, trials)
    print(describe(made), flush=True)
    if arguments.check_cycles:
        print(check(group, made, arguments.check_cycles))
    return 0
