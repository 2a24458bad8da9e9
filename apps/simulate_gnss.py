# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of `sentinel simulate gnss`, and the scene they describe."""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from typing import Any

import numpy as np
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.key_values import parse_key_values
from gnuradio.sentinel.core.units import format_frequency, parse_frequency, parse_rate
from gnuradio.sentinel.gnss.families import FAMILIES
from gnuradio.sentinel.gnss.simulation.parameters import RANGES, check_parameters
from gnuradio.sentinel.gnss.simulation.receiver_model import Receiver, Spur, draw_receiver
from gnuradio.sentinel.gnss.simulation.scene import L1_HZ, GnssScene, scene_annotations
from gnuradio.sentinel.gnss.simulation.schedule import demo_schedule, interval_seed, read_schedule
from gnuradio.sentinel.gnss.simulation.session import GainStep, Interval, Session

from . import simulate_nmea

#: Length of a scene if none is given.
DURATION_S = 60.0
DEFAULT_DATATYPE = "cu8"
_JN_DB = 5.0

#: Keys of --receiver, and the fields of the receiver they set.
_RECEIVER_KEYS = {
    "dc-i": "dc_i_lsb",
    "dc-q": "dc_q_lsb",
    "iq-gain": "iq_gain_db",
    "iq-phase": "iq_phase_deg",
    "tilt": "tilt_db",
    "ripple": "ripple_db",
    "ripple-cycles": "ripple_cycles",
    "rolloff": "rolloff_db",
    "linewidth": "linewidth_hz",
    "drift-period": "drift_period_s",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that describe a scene of interference."""
    parser.add_argument("--rate", default="2.56M", metavar="HZ", help="sample rate (default 2.56M)")
    parser.add_argument(
        "--seconds",
        "--duration",
        dest="duration",
        type=float,
        metavar="S",
        help=f"length (default {DURATION_S:g}; live without end)",
    )
    parser.add_argument(
        "--center-freq", default=f"{L1_HZ / 1e6:g}M", metavar="HZ", help="of the band (default 1575.42M)"
    )
    simulate_nmea.add_arguments(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is random (default 0)")
    _add_interference(parser.add_argument_group("interference; a scene with several kinds if none is given"))
    _add_receiver(parser.add_argument_group("receiver"))


def _add_interference(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--family", metavar="NAME", help=f"one of {', '.join(FAMILIES)}, hopping; or none for a clean scene"
    )
    group.add_argument(
        "--jn",
        type=float,
        metavar="DB",
        help=f"mean power over that of the noise in the sampled band (default {_JN_DB:g})",
    )
    group.add_argument("--start", type=float, metavar="S", help="of the interference (default a third)")
    group.add_argument("--stop", type=float, metavar="S", help="of the interference (default two thirds)")
    group.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="KEY=VALUE,..",
        help="of the waveform, as period_s=20e-6; those not given are usual ones; may be given again",
    )
    group.add_argument(
        "--schedule", metavar="FILE.yaml", help="several intervals and gain steps, from a file"
    )


def _add_receiver(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--noise-lsb",
        type=float,
        metavar="X",
        help="standard deviation of the noise in I and in Q, steps of 8 bits (default 8)",
    )
    group.add_argument("--gain", type=float, metavar="DB", help="that the receiver tells (default 30)")
    group.add_argument(
        "--gain-step",
        action="append",
        default=[],
        metavar="DB@S",
        help="gain so much over that at the start from S seconds on, as --gain-step=-3@30",
    )
    group.add_argument("--hide-gain", action="store_true", help="do not write what the gain is")
    group.add_argument("--drift", type=float, metavar="DB", help="gain swings by +-DB, and nobody knows")
    group.add_argument(
        "--spur",
        action="append",
        default=[],
        metavar="HZ,DB",
        help="carrier of its own, level over the noise, as --spur=-100k,-30",
    )
    group.add_argument(
        "--receiver",
        metavar="KEYS",
        help="random (drawn by --seed), other (a worse kind), or "
        + ",".join(f"{k}=.." for k in _RECEIVER_KEYS),
    )


def scene_of(arguments: argparse.Namespace) -> GnssScene:
    """The scene that the arguments of `simulate gnss` describe. Raises InputError."""
    simulate_nmea.check(arguments)
    rate = parse_rate(arguments.rate, "--rate")
    duration_s = DURATION_S if arguments.duration is None else arguments.duration
    if not 0 < duration_s < math.inf:
        raise InputError(f"--seconds is {duration_s}; give a positive number")
    if not 0 <= arguments.seed < 1 << 63:
        raise InputError(f"--seed is {arguments.seed}; give a whole number in 0 .. 2^63 - 1")
    intervals, steps = _interference(arguments, duration_s, rate)
    session = Session(
        duration_s=duration_s,
        receiver=_receiver(arguments, rate),
        intervals=intervals,
        gain_steps=(*steps, *(_gain_step(text) for text in arguments.gain_step)),
        gain_known=not arguments.hide_gain,
        sample_rate=rate,
        seed=arguments.seed,
    )
    return GnssScene(session, parse_frequency(arguments.center_freq, "--center-freq"))


def _interference(
    arguments: argparse.Namespace, duration_s: float, rate: float
) -> tuple[tuple[Interval, ...], tuple[GainStep, ...]]:
    given = [
        f"--{name}" for name in ("jn", "start", "stop", "param") if getattr(arguments, name) not in (None, [])
    ]
    if arguments.family is None:
        if given:
            raise InputError(f"{given[0]} is for one kind of interference; say which with --family")
        if arguments.schedule is not None:
            return read_schedule(arguments.schedule, arguments.seed, rate)
        return demo_schedule(duration_s, arguments.seed, rate)
    if arguments.schedule is not None:
        raise InputError("--family and --schedule exclude each other; write it into the schedule")
    if arguments.family == "none":
        if given:
            raise InputError(f"{given[0]} stands beside --family none; leave one of them out")
        return (), ()
    parameters = check_parameters(arguments.family, _parameters(arguments), rate)
    start = duration_s / 3 if arguments.start is None else arguments.start
    stop = arguments.stop
    if stop is None:
        stop = max(2 * duration_s / 3, start + min(1.0, duration_s / 3))
    if stop > duration_s and arguments.stop is not None:
        raise InputError(
            f"--stop {stop:g} is behind the end of the scene, {duration_s:g} s; give --seconds {stop:g}"
        )
    jn_db = _JN_DB if arguments.jn is None else arguments.jn
    try:
        interval = Interval(
            start, stop, arguments.family, parameters, jn_db, interval_seed(arguments.seed, 1)
        )
    except InputError as error:
        raise InputError(f"--jn, --start, --stop: {error}") from error
    return (interval,), ()


def _parameters(arguments: argparse.Namespace) -> dict[str, Any]:
    known = RANGES.get(arguments.family)
    if known is None:  # which check_parameters says better
        return {}
    found: dict[str, str] = {}
    for text in arguments.param:
        for key, value in parse_key_values(text, known, "--param").items():
            if key in found:
                raise InputError(f"--param: {key!r} comes twice; give it once")
            found[key] = value
    # Frequencies may have a suffix, as everywhere else.
    return {
        key: parse_frequency(value, f"--param {key}") if key.endswith("_hz") else value
        for key, value in found.items()
    }


def _receiver(arguments: argparse.Namespace, rate: float) -> Receiver:
    text = arguments.receiver
    if text in ("random", "other"):
        rng = np.random.default_rng((arguments.seed, 1))
        receiver = draw_receiver(rng, other=text == "other", sample_rate=rate)
    else:
        receiver = Receiver()
        if text is not None:
            values = parse_key_values(text, _RECEIVER_KEYS, "--receiver")
            fields = {
                _RECEIVER_KEYS[key]: _number(value, f"--receiver {key}") for key, value in values.items()
            }
            receiver = replace(receiver, **fields)
    changes = {"noise_lsb": arguments.noise_lsb, "gain_db": arguments.gain, "drift_db": arguments.drift}
    receiver = replace(receiver, **{name: value for name, value in changes.items() if value is not None})
    spurs = tuple(_spur(text, rate) for text in arguments.spur)
    return replace(receiver, spurs=receiver.spurs + spurs)


def _number(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{what} {text!r} is not a number; write it as 0.5")
    return value


def _spur(text: str, rate: float) -> Spur:
    offset, comma, level = text.partition(",")
    if not comma:
        raise InputError(f"--spur {text!r}: write it as 100k,-30: offset in Hz, level in dB")
    spur = Spur(parse_frequency(offset, "--spur"), _number(level, "--spur level"))
    if abs(spur.offset_hz) > rate / 2 or not -100 <= spur.level_db <= 60:
        raise InputError(
            f"--spur {text!r}: give an offset up to {rate / 2:g} Hz and a level of -100 to 60 dB"
        )
    return spur


def _gain_step(text: str) -> GainStep:
    change, at, time = text.partition("@")
    if not at:
        raise InputError(f"--gain-step {text!r}: write it as 3@30, dB at seconds")
    return GainStep(_number(time, "--gain-step time"), _number(change, "--gain-step"))


def summary(scene: GnssScene, out: str, datatype: str) -> str:
    """What was written, for people: one line, one for each interval and each gain step."""
    session = scene.session
    lines = [
        f"{out}: {session.duration_s:g} s at {format_frequency(session.sample_rate)}, centre "
        f"{format_frequency(scene.center_freq)}, {datatype}, noise {session.receiver.noise_lsb:.3g} LSB, "
        f"seed {session.seed}"
    ]
    for annotation in scene_annotations(scene):
        start_s = annotation["core:sample_start"] / session.sample_rate
        stop_s = start_s + annotation["core:sample_count"] / session.sample_rate
        shown = ", ".join(
            f"{key} {_short(value)}" for key, value in annotation["sentinel:parameters"].items()
        )
        lines.append(
            f"  {start_s:g} to {stop_s:g} s: {annotation['core:label']}, "
            f"J/N {annotation['sentinel:j_n_db']:g} dB; {shown}"
        )
    lines += [
        f"  {step.at_s:g} s: gain {step.change_db:+g} dB against the start" for step in session.gain_steps
    ]
    return "\n".join(lines)


def _short(value: float | int | str | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
