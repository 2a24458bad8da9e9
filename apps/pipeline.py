# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel pipeline`: receiver or simulator, decimator and detector as processes that run together."""

from __future__ import annotations

import argparse
import logging
import math
import shlex
import shutil
import signal
import time
from dataclasses import dataclass

from gnuradio.sentinel.core import logs
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.inputs import parse_input
from gnuradio.sentinel.core.ports import check_free, udp_port_is_bound
from gnuradio.sentinel.core.runner import EXIT_INTERRUPTED
from gnuradio.sentinel.core.units import parse_frequency, parse_rate
from gnuradio.sentinel.pulse.config import PulseSettings

from .children import SENTINEL, Child, Children, Program
from .end_signal import EndSignal
from .input_arguments import add_output_arguments
from .settings_arguments import add_settings

log = logging.getLogger("gnuradio.sentinel.pipeline")

EPILOG = """\
examples:
  sentinel pipeline pulse
  sentinel pipeline pulse --source rtl_tcp:127.0.0.1:1234 --rate 960k --center-freq 146.01M --tip 2
  sentinel pipeline pulse --source zmq:tcp://127.0.0.1:5555 --receiver 'airspyhf_zeromq_rx -f 146.010' --tip 2
"""

SIMULATOR = "simulator"
_SIMULATED_RATE = "768k"
_SIMULATED_CENTER = "146.01M"
_SIMULATED_TIP = "2"
_SIMULATED_EN0_DB = 16
_READY_S = 300.0
_POLL_S = 0.05
#: Settings that this command itself turns into options of the programs.
_OWN = ("center_freq", "channel_rate")
_OUTPUTS = ("csv", "sigmf_out", "zmq", "decisions", "plot", "report")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel pipeline`."""
    rooms = parser.add_subparsers(dest="room", metavar="ROOM", required=True)
    pulse = rooms.add_parser(
        "pulse",
        help="the pulse detector behind a receiver and a decimator",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_stream_arguments(pulse)
    _add_simulator_arguments(pulse.add_argument_group("simulator"))
    pulse.add_argument("--tags", metavar="FILE.yaml", help="watch the tags of this file, not one --tip")
    pulse.add_argument(
        "--snr-definition", choices=("en0", "published"), help="what SNR in the lines means (en0)"
    )
    add_settings(pulse, PulseSettings)
    add_output_arguments(pulse)


def _add_stream_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("stream")
    group.add_argument(
        "--source", default=SIMULATOR, metavar="INPUT", help="simulator (default), or any input"
    )
    group.add_argument("--receiver", metavar="COMMAND", help="a program to start that feeds --source")
    group.add_argument("--rate", metavar="HZ", help=f"rate of the source (simulator {_SIMULATED_RATE})")
    group.add_argument(
        "--shift",
        default="10k",
        metavar="HZ",
        help="mixed onto the source before it is decimated: the tag is so far below the centre (10k)",
    )
    group.add_argument(
        "--frame", type=int, default=1024, metavar="N", help="samples in a datagram, its header counted"
    )
    group.add_argument("--duration", type=float, metavar="S", help="end after so many seconds of signal")
    group.add_argument(
        "--port", type=int, default=10000, metavar="N", help="UDP port from decimator to detector (10000)"
    )
    group.add_argument(
        "--zmq-port", type=int, default=5555, metavar="N", help="TCP port from simulator to decimator (5555)"
    )
    group.add_argument(
        "--grace", type=float, default=5.0, metavar="S", help="seconds from TERM to KILL at the end (5)"
    )
    for name, program in (("rx", "simulator"), ("dec", "decimator"), ("det", "detector")):
        group.add_argument(
            f"--{name}", default="", metavar="'OPTIONS'", help=f"further options of the {program}"
        )


def _add_simulator_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--tag",
        action="append",
        metavar="KEY=VALUE,..",
        help=f"one simulated tag, as sentinel simulate has it, freq from the source's centre "
        f"(one at 0 Hz of the channel, E/N0 {_SIMULATED_EN0_DB} dB, with --tip and --tp)",
    )
    group.add_argument("--seed", type=int, metavar="N", help="of all that is random")


def run(arguments: argparse.Namespace) -> int:
    """Run the programs to the end of one of them, and return the exit code.

    Raises
    ------
    InputError
        An option makes no sense, a port is in use, or a program is not there; before anything starts.
    """
    logs.configure(arguments.log_level, arguments.log_json)
    if not 0 <= arguments.grace < math.inf:
        raise InputError(f"--grace is {arguments.grace}; give seconds, 0 or more")
    plan = _plan(arguments)
    _check_ports(arguments)
    children = Children(arguments.grace)
    with EndSignal(children.kill) as ended:
        try:
            _start(plan, children, arguments.port, ended)
            children.wait(ended)
        except InputError:
            children.kill()
            raise
        code = children.end()
    if ended.number is not None:
        return EXIT_INTERRUPTED if ended.number == signal.SIGINT else 0
    return code


@dataclass(frozen=True)
class Plan:
    """The programs; `receiver` is None where the decimator itself opens the source."""

    receiver: Program | None
    decimator: Program
    detector: Program


def _plan(arguments: argparse.Namespace) -> Plan:
    """What is started, with all options passed on. Raises InputError."""
    simulated = arguments.source == SIMULATOR
    if not simulated and (arguments.tag or arguments.seed is not None or arguments.rx):
        raise InputError("--tag, --seed and --rx are for the simulator; leave them out, or --source")
    if simulated and arguments.receiver:
        raise InputError("--receiver needs --source, which says where its samples come from")
    rate = arguments.rate or (_SIMULATED_RATE if simulated else None)
    center = arguments.center_freq or (_SIMULATED_CENTER if simulated else None)
    shift_hz = parse_frequency(arguments.shift, "--shift")
    channel_hz = parse_rate(arguments.channel_rate or "3840", "--fs")
    if simulated:
        receiver = _simulator(arguments, rate, center, shift_hz)
        source = f"zmqiq:tcp://127.0.0.1:{arguments.zmq_port}"
    else:
        receiver = _receiver(arguments.receiver)
        source = arguments.source
        parse_input(source, sample_rate=rate, center_freq=center)
    return Plan(
        receiver=receiver,
        decimator=_decimator(arguments, source, rate, center, shift_hz, channel_hz),
        detector=_detector(arguments, center, shift_hz, channel_hz),
    )


def _simulator(arguments: argparse.Namespace, rate: str, center: str, shift_hz: float) -> Program:
    tip = arguments.interval_s or _SIMULATED_TIP
    width = arguments.pulse_width_s or "0.015"
    tags = arguments.tag or [f"freq={-shift_hz:.10g},tip={tip},tp={width},en0={_SIMULATED_EN0_DB}"]
    words = ["simulate", "pulse", "--rate", rate, "--center-freq", center]
    words += ["--zmqiq", f"tcp://127.0.0.1:{arguments.zmq_port}"]
    for tag in tags:
        words += ["--tag", tag]
    words += _given({"--seed": arguments.seed, "--duration": arguments.duration})
    return _sentinel("rx", words, arguments, arguments.rx)


def _receiver(command: str | None) -> Program | None:
    if command is None:
        return None
    words = _words(command, "--receiver")
    if not words or shutil.which(words[0]) is None:
        raise InputError(
            f"--receiver {command!r}: there is no program {words[0] if words else ''!r}; "
            "install it, or give its path"
        )
    return Program("rx", tuple(words))


def _decimator(
    arguments: argparse.Namespace,
    source: str,
    rate: str | None,
    center: str | None,
    shift_hz: float,
    channel_hz: float,
) -> Program:
    words = ["decimate", source, "--rate-out", f"{channel_hz:.10g}", f"--shift={shift_hz:.10g}"]
    words += ["--udp", f"127.0.0.1:{arguments.port}", "--frame", str(arguments.frame)]
    live = arguments.source != SIMULATOR  # the simulator's packets say rate and duration themselves
    words += _given(
        {
            "--rate": rate if live else None,
            "--center-freq": center,
            "--duration": arguments.duration if live else None,
        }
    )
    return _sentinel("dec", words, arguments, arguments.dec)


def _detector(
    arguments: argparse.Namespace, center: str | None, shift_hz: float, channel_hz: float
) -> Program:
    words = ["pulse", f"udp:127.0.0.1:{arguments.port}", "--rate", f"{channel_hz:.10g}"]
    words += ["--fs", f"{channel_hz:.10g}"]
    if center is not None:
        # What was so far below the centre is now in the middle.
        words += ["--center-freq", f"{parse_frequency(center, '--center-freq') - shift_hz:.10g}"]
    if arguments.source == SIMULATOR and not arguments.tags and arguments.interval_s is None:
        words += ["--tip", _SIMULATED_TIP]
    for name, field in PulseSettings.model_fields.items():
        if name not in _OWN:
            words += _given({field.json_schema_extra["flag"]: getattr(arguments, name)})
    words += _given({"--tags": arguments.tags, "--snr-definition": arguments.snr_definition})
    words += _given({f"--{name.replace('_', '-')}": getattr(arguments, name) for name in _OUTPUTS})
    words += ["--json"] if arguments.json else []
    return _sentinel("det", words, arguments, arguments.det, results=arguments.json)


def _given(options: dict[str, object]) -> list[str]:
    # As one word, so that a value such as -10k is not taken for an option; -k takes it as it comes.
    return [
        word
        for flag, value in options.items()
        if value is not None
        for word in ([f"{flag}={value}"] if flag.startswith("--") else [flag, str(value)])
    ]


def _sentinel(
    name: str, words: list[str], arguments: argparse.Namespace, further: str, results: bool = False
) -> Program:
    words = [*words, "--log-level", arguments.log_level]
    words += ["--log-json"] if arguments.log_json else []
    return Program(name, (*SENTINEL, *words, *_words(further, f"--{name}")), results)


def _words(text: str, option: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise InputError(f"{option} {text!r}: {error}; close its quotation marks") from error


def _check_ports(arguments: argparse.Namespace) -> None:
    check_free("UDP", arguments.port, "--port")
    if arguments.source == SIMULATOR:
        check_free("TCP", arguments.zmq_port, "--zmq-port")


def _start(plan: Plan, children: Children, port: int, ended: EndSignal) -> None:
    """Start the end of the stream first, so that its first sample finds everybody listening."""
    detector = children.start(plan.detector)
    _wait_for_port(detector, port, ended)
    if ended() or not detector.running:
        return
    children.start(plan.decimator)
    if plan.receiver is not None:
        children.start(plan.receiver)


def _wait_for_port(detector: Child, port: int, ended: EndSignal) -> None:
    """The detector listens when it has its threshold, which takes some seconds the first time."""
    deadline = time.monotonic() + _READY_S
    while detector.running and not ended() and not udp_port_is_bound(port):
        if time.monotonic() > deadline:
            log.warning("the detector does not listen on UDP port %d yet; going on without it", port)
            return
        time.sleep(_POLL_S)
