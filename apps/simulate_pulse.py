# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of `sentinel simulate pulse`, and the scene they describe."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.impairments import DcOffset, GainDrift, IqImbalance, PhaseNoise
from gnuradio.sentinel.core.key_values import parse_key_values
from gnuradio.sentinel.core.units import format_frequency, parse_frequency, parse_rate
from gnuradio.sentinel.pulse.disturbances import (
    Carrier,
    ColouredNoise,
    ImpulsiveSamples,
    NoiseStep,
    PeriodicClicks,
    RandomClicks,
)
from gnuradio.sentinel.pulse.simulate import Scene, SimulatedTag

#: Length of a scene if none is given.
DURATION_S = 60.0
_DEFAULT_TAG = "freq=500,tip=2,tp=0.015,en0=12"


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"{what} {text!r} is not a number; write it as 0.015 or 1.5e-2") from error


def _whole(text: str, what: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise InputError(f"{what} {text!r} is not a whole number; write it as 3") from error


def _switch(text: str, what: str) -> bool:
    try:
        return {"coherent": True, "random": False}[text]
    except KeyError as error:
        raise InputError(f"{what} is {text!r}; give coherent or random") from error


def _text(text: str, what: str) -> str:
    return text


@dataclass(frozen=True)
class _Key:
    """One key of an option: the field it sets, how its text is read, and what holds if it is left out."""

    field: str
    read: Callable[[str, str], Any] = _number
    required: bool = False
    default: Any = None


_TAG_KEYS = {
    "freq": _Key("freq_hz", parse_frequency, True),
    "tip": _Key("interval_s", _number, True),
    "tp": _Key("pulse_width_s", default=0.015),
    "en0": _Key("en0_db", _number, True),
    "start": _Key("start_s"),
    "id": _Key("tag_id", _text),
    "jitter": _Key("jitter_s"),
    "tip-error": _Key("interval_error"),
    "drift": _Key("drift_hz_per_s"),
    "fade": _Key("fade_db"),
    "rise": _Key("rise_s"),
    "phase": _Key("coherent", _switch),
}

_DISTURBANCES = {
    "clicks": (
        RandomClicks,
        {
            "rate": _Key("rate_hz", _number, True),
            "en0": _Key("en0_db", _number, True),
            "samples": _Key("samples", _whole),
        },
        "clicks at random times: rate a second, E/N0 dB of each",
    ),
    "periodic-clicks": (
        PeriodicClicks,
        {
            "interval": _Key("interval_s", _number, True),
            "en0": _Key("en0_db", _number, True),
            "samples": _Key("samples", _whole),
            "start": _Key("start_s"),
        },
        "clicks every so many seconds",
    ),
    "impulses": (
        ImpulsiveSamples,
        {
            "probability": _Key("probability", _number, True),
            "gain": _Key("gain_db", _number, True),
        },
        "single samples that come stronger by gain dB",
    ),
    "noise-step": (
        NoiseStep,
        {"db": _Key("db", _number, True), "at": _Key("at_s")},
        "noise stronger from some time on (random without at)",
    ),
    "carrier": (
        Carrier,
        {
            "freq": _Key("freq_hz", parse_frequency, True),
            "en0": _Key("en0_db", _number, True),
            "am": _Key("am_depth"),
            "am-rate": _Key("am_freq_hz", parse_frequency),
            "cell": _Key("cell_s"),
        },
        "steady or amplitude-modulated carrier; en0 is its energy in 15 ms over N0, dB",
    ),
    "iq-imbalance": (
        IqImbalance,
        {"gain": _Key("gain_db"), "phase": _Key("phase_deg")},
        "Q differs from I by gain dB and phase degrees",
    ),
    "dc-offset": (DcOffset, {"i": _Key("i"), "q": _Key("q")}, "constant, full scale is 1"),
    "gain-drift": (
        GainDrift,
        {"db": _Key("db", _number, True), "period": _Key("period_s")},
        "gain that swings by +-db",
    ),
    "phase-noise": (
        PhaseNoise,
        {"linewidth": _Key("linewidth_hz", parse_frequency, True)},
        "oscillator line of so many Hz",
    ),
}


def _build(kind: type, keys: dict[str, _Key], text: str, option: str) -> Any:
    """The object that `key=value,...` describes; every error names option and text."""
    found = parse_key_values(text, keys, option)
    missing = [name for name, key in keys.items() if key.required and name not in found]
    if missing:
        raise InputError(f"{option} {text!r}: {missing[0]} is missing; add {missing[0]}=..")
    values = {key.field: key.default for key in keys.values() if key.default is not None}
    values |= {keys[name].field: keys[name].read(value, f"{option} {name}") for name, value in found.items()}
    try:
        return kind(**values)
    except InputError as error:
        raise InputError(f"{option} {text!r}: {error}") from error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that describe a scene of tags."""
    parser.add_argument("--rate", default="3840", metavar="HZ", help="sample rate (default 3840)")
    parser.add_argument(
        "--duration", type=float, metavar="S", help=f"seconds (default {DURATION_S:g}; live without end)"
    )
    parser.add_argument(
        "--tag",
        action="append",
        metavar="KEY=VALUE,..",
        help=f"one tag, as {_DEFAULT_TAG} (the default); further keys {', '.join(list(_TAG_KEYS)[4:])}; "
        "freq is the offset from the centre; may be given again; none for a scene without tags",
    )
    parser.add_argument("--center-freq", metavar="HZ", help="absolute frequency of the centre, as 146M")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is random (default 0)")
    parser.add_argument(
        "--noise-dbfs",
        type=float,
        default=-26.0,
        metavar="DB",
        help="noise power against full scale (default -26, about 6 steps of an 8-bit receiver)",
    )
    for name, (_, keys, text) in _DISTURBANCES.items():
        example = ",".join(f"{key}=.." for key in keys)
        parser.add_argument(
            f"--{name}", action="append", default=[], metavar="KEYS", help=f"{text}: {example}"
        )
    parser.add_argument("--slope", type=float, metavar="DB", help="noise floor rises by DB across the band")


def scene_of(arguments: argparse.Namespace) -> Scene:
    """The scene that the arguments of `simulate pulse` describe. Raises InputError."""
    rate = parse_rate(arguments.rate, "--rate")
    texts = arguments.tag or [_DEFAULT_TAG]
    if "none" in texts and texts != ["none"]:
        raise InputError("--tag none stands beside other tags; leave one of them out")
    tags = [_build(SimulatedTag, _TAG_KEYS, text, "--tag") for text in texts if text != "none"]
    disturbances = [
        _build(kind, keys, text, f"--{name}")
        for name, (kind, keys, _) in _DISTURBANCES.items()
        for text in getattr(arguments, name.replace("-", "_"))
    ]
    if arguments.slope is not None:
        disturbances.insert(0, ColouredNoise.slope(rate, arguments.slope))
    center = arguments.center_freq
    if not -300 <= arguments.noise_dbfs <= 300:
        raise InputError(f"--noise-dbfs is {arguments.noise_dbfs}; give a level such as -26")
    return Scene(
        sample_rate=rate,
        duration_s=DURATION_S if arguments.duration is None else arguments.duration,
        tags=tuple(tags),
        center_freq=None if center is None else parse_frequency(center, "--center-freq"),
        noise_power=10 ** (arguments.noise_dbfs / 10),
        disturbances=tuple(disturbances),
        seed=arguments.seed,
    )


def summary(scene: Scene, annotations: list[dict[str, Any]], out: str, datatype: str) -> str:
    """What was written, for people: one line, and one for each tag."""
    center = "" if scene.center_freq is None else f", centre {format_frequency(scene.center_freq)}"
    lines = [
        f"{out}: {scene.duration_s:g} s at {format_frequency(scene.sample_rate)}{center}, "
        f"{datatype}, seed {scene.seed}"
    ]
    sent = [annotation["core:label"] for annotation in annotations]
    lines += [
        f"  {tag.tag_id}: {tag.freq_hz:+.10g} Hz, tip {tag.true_interval_s:.6g} s, "
        f"tp {1e3 * tag.pulse_width_s:.6g} ms, E/N0 {tag.en0_db:g} dB, {sent.count(tag.tag_id)} pulses"
        for tag in scene.tags
    ]
    return "\n".join(lines)
