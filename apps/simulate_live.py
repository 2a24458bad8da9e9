# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel simulate ... --udp`, `--zmq`, `--zmqiq`, `--rtl-tcp`: a scene sent as a radio would."""

from __future__ import annotations

import argparse
import json
import logging
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gnuradio.sentinel.core import logs
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.files import write_atomic
from gnuradio.sentinel.core.inputs import parse_input
from gnuradio.sentinel.core.live_sender import Outlet, ReceiverGone, Sent, send_stream
from gnuradio.sentinel.core.outlets import MAX_UDP_SAMPLES, UdpOutlet, ZmqOutlet
from gnuradio.sentinel.core.packet_damage import Damage
from gnuradio.sentinel.core.quantise import dequantise
from gnuradio.sentinel.core.rtl_tcp_server import RtlTcpServer
from gnuradio.sentinel.core.runner import EXIT_INTERRUPTED, EXIT_OK
from gnuradio.sentinel.core.sender_clock import ClockStep, SampleClock
from gnuradio.sentinel.core.sigmf_time import format_datetime, parse_datetime
from gnuradio.sentinel.core.simulate_io import write_truth
from gnuradio.sentinel.core.sinks.lines import raise_output_error

from .end_signal import EndSignal
from .live_programme import Programme
from .live_repeats import RepeatedScene
from .simulate_rooms import ROOMS

log = logging.getLogger("gnuradio.sentinel.simulate")

KINDS = ("udp", "zmqiq", "zmq", "rtl_tcp")
_PACKET_S = 0.02
_DATATYPES = {"rtl_tcp": "cu8"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where a scene can be sent, and what may go wrong on the way."""
    group = parser.add_argument_group("live, instead of --out")
    group.add_argument(
        "--udp", metavar="HOST:PORT,..", help="decimator packets to these addresses; a bare port is local"
    )
    group.add_argument("--zmqiq", metavar="tcp://HOST:PORT", help="publish IQ packets with a header")
    group.add_argument("--zmq", metavar="tcp://HOST:PORT", help="publish complex64, as GNU Radio's ZMQ PUB")
    group.add_argument("--rtl-tcp", metavar="HOST:PORT", help="serve one client at a time, as rtl_tcp does")
    group.add_argument(
        "--obey-gain",
        type=float,
        metavar="DB",
        help="with --rtl-tcp: the gain at which the scene is sent as it is; one that the client sets changes "
        "its level",
    )
    group.add_argument(
        "--frame",
        type=int,
        metavar="N",
        help="samples in a packet (default 20 ms; --udp 1024, the header counted)",
    )
    group.add_argument(
        "--pace",
        default="real",
        metavar="real|full|X",
        help="as a radio (default), as fast as receivers take it, or at X times the pace of a radio",
    )
    group.add_argument("--loop", action="store_true", help="send the scene of --duration again and again")
    group.add_argument(
        "--no-wait", action="store_true", help="publish at once, not when the first subscriber is there"
    )
    group.add_argument("--truth", metavar="FILE.sigmf-meta", help="write what was sent, for sentinel score")
    group.add_argument("--report", metavar="FILE", help="write the last line, the counts, to a file too")
    logs.add_log_arguments(group)
    _add_damage_arguments(parser.add_argument_group("damage on the way, drawn by --seed"))


def _add_damage_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--loss", type=float, default=0.0, metavar="P", help="packets lost one by one")
    group.add_argument("--burst-loss", metavar="P,N", help="with P at each packet N are lost in a row")
    group.add_argument(
        "--reorder", type=float, default=0.0, metavar="P", help="packets overtaken by one to three"
    )
    group.add_argument("--duplicate", type=float, default=0.0, metavar="P", help="packets that come twice")
    group.add_argument("--late", type=float, default=0.0, metavar="P", help="packets overtaken by eight")
    group.add_argument(
        "--jitter", type=float, default=0.0, metavar="S", help="packets sent up to S seconds late"
    )
    group.add_argument(
        "--clock-ppm", type=float, default=0.0, metavar="X", help="samples come faster by X ppm"
    )
    group.add_argument(
        "--clock-step",
        action="append",
        default=[],
        metavar="S@T",
        help="time stamps jump by S seconds at T seconds; may be given again",
    )


def is_wanted(arguments: argparse.Namespace) -> bool:
    """Whether the scene is to be sent. Raises InputError for two places, or options that need one."""
    given = [kind for kind in KINDS if getattr(arguments, kind)]
    flags = [f"--{kind.replace('_', '-')}" for kind in given]
    if arguments.out is not None:
        flags.append("--out")
    if len(flags) > 1:
        raise InputError(f"{' and '.join(flags)} exclude each other; a scene goes to one of them")
    if not given:
        if arguments.obey_gain is not None:
            raise InputError("--obey-gain is for a scene that is sent with --rtl-tcp; leave it out")
        for option in ("frame", "loop", "no_wait", "truth", "report", *_DAMAGE_OPTIONS):
            if getattr(arguments, option):
                raise InputError(
                    f"--{option.replace('_', '-')} is for a scene that is sent; "
                    "leave it out, or send with --udp, --zmqiq, --zmq or --rtl-tcp"
                )
    return bool(given)


_DAMAGE_OPTIONS = (
    "loss",
    "burst_loss",
    "reorder",
    "duplicate",
    "late",
    "jitter",
    "clock_ppm",
    "clock_step",
)


@dataclass(frozen=True)
class Transmission:
    """All that is decided before the first packet."""

    room: str
    kind: str
    address: str
    programme: Programme | RepeatedScene
    packet_samples: int
    clock: SampleClock
    damage: Damage
    start_ns: int | None
    full_speed: bool
    speed: float = 1.0


def run(arguments: argparse.Namespace) -> int:
    """Send the scene, print the counts as a JSON line, and return the exit code.

    Raises
    ------
    InputError
        An argument is not what it should be, or an address cannot be used.
    OutputError
        The truth or the report cannot be written, or a packet cannot be sent.
    """
    logs.configure(arguments.log_level, arguments.log_json)
    transmission = _transmission(arguments)
    _check_files(arguments)
    outlet = _outlet(arguments, transmission)
    with EndSignal() as ended:
        try:
            sent = _send(transmission, outlet, ended)
        finally:
            outlet.close()
    report = _report(transmission, sent, outlet)
    if arguments.truth:
        _write_truth(arguments.truth, transmission, sent)
    line = json.dumps(report, allow_nan=False)
    if arguments.report:
        try:
            write_atomic(arguments.report, line + "\n")
        except OSError as error:
            raise_output_error(error, "the report", arguments.report)
    print(line)
    return EXIT_INTERRUPTED if ended.number == signal.SIGINT else EXIT_OK


def _transmission(arguments: argparse.Namespace) -> Transmission:
    kind = next(kind for kind in KINDS if getattr(arguments, kind))
    room = ROOMS[arguments.room]
    endless = arguments.duration is None and not arguments.loop
    programme = room.programme(room.scene_of(arguments), arguments.loop, endless)
    if arguments.obey_gain is not None:
        programme = programme.unrounded()
    programme.check()
    if arguments.datatype is not None:
        raise InputError("--datatype is for --out; leave it out, a live stream has its own")
    steps = tuple(_clock_step(text) for text in arguments.clock_step)
    _refuse_senseless(kind, arguments)
    return Transmission(
        room=arguments.room,
        kind=kind,
        address=getattr(arguments, kind),
        programme=programme,
        packet_samples=_packet_samples(kind, arguments.frame, programme.scene.sample_rate),
        clock=SampleClock(programme.scene.sample_rate, arguments.clock_ppm, steps),
        damage=_damage(arguments),
        start_ns=_start_ns(arguments.start_time),
        full_speed=arguments.pace == "full",
        speed=_speed(arguments.pace),
    )


def _refuse_senseless(kind: str, arguments: argparse.Namespace) -> None:
    if kind in ("zmq", "rtl_tcp") and arguments.clock_step:
        raise InputError("--clock-step: this stream has no time stamps; use --udp or --zmqiq")
    if kind != "rtl_tcp" and arguments.obey_gain is not None:
        raise InputError("--obey-gain: only a client of rtl_tcp sets a gain; use --rtl-tcp, or leave it out")
    if arguments.obey_gain is not None and not -100 <= arguments.obey_gain <= 200:
        raise InputError(f"--obey-gain {arguments.obey_gain:g}: give a gain in dB, for instance 30")
    for option in ("reorder", "duplicate", "late"):
        if kind == "rtl_tcp" and getattr(arguments, option):
            raise InputError(f"--{option}: TCP keeps order; use --udp or --zmqiq")


def _damage(arguments: argparse.Namespace) -> Damage:
    burst, packets = 0.0, 1
    if arguments.burst_loss is not None:
        try:
            probability, _, number = arguments.burst_loss.partition(",")
            burst, packets = float(probability), int(number)
        except ValueError as error:
            raise InputError(f"--burst-loss {arguments.burst_loss!r}: write it as 0.01,5") from error
    return Damage(
        loss=arguments.loss,
        burst_loss=burst,
        burst_packets=packets,
        reorder=arguments.reorder,
        duplicate=arguments.duplicate,
        late=arguments.late,
        jitter_s=arguments.jitter,
        seed=arguments.seed,
    )


def _speed(text: str) -> float:
    if text in ("real", "full"):
        return 1.0
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.001 <= speed <= 1e6:
        raise InputError(f"--pace {text!r}: give real, full, or a number such as 20: times real time")
    return speed


def _clock_step(text: str) -> ClockStep:
    step, _, place = text.partition("@")
    try:
        return ClockStep(float(step), float(place))
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"--clock-step {text!r}: write it as -0.5@30, seconds at seconds") from error


def _start_ns(text: str | None) -> int | None:
    start_ns = None if text is None else parse_datetime(text).time_ns
    if start_ns is not None and start_ns >= (1 << 32) * 1_000_000_000:
        raise InputError(f"--start-time {text}: packets count seconds up to 2106; give an earlier time")
    return start_ns


def _packet_samples(kind: str, frame: int | None, sample_rate: float) -> int:
    if kind == "udp":
        frame = 1024 if frame is None else frame
        if not 2 <= frame <= MAX_UDP_SAMPLES + 1:
            raise InputError(
                f"--frame {frame}: a datagram holds 2 to {MAX_UDP_SAMPLES + 1} samples with its header"
            )
        return frame - 1
    if frame is None:
        return min(max(round(_PACKET_S * sample_rate), 64), 16_384)
    if not 1 <= frame <= 1 << 20:
        raise InputError(f"--frame {frame}: give 1 to {1 << 20} samples")
    return frame


def _outlet(arguments: argparse.Namespace, transmission: Transmission) -> Outlet:
    kind, scene = transmission.kind, transmission.programme.scene
    if kind == "udp":
        return UdpOutlet([_address("udp", text) for text in transmission.address.split(",")])
    if kind == "rtl_tcp":
        host, port = _address("rtl_tcp", transmission.address)
        return RtlTcpServer(host, port, scene.sample_rate, scene.center_freq, arguments.obey_gain)
    parse_input(f"{kind}:{transmission.address}", sample_rate=scene.sample_rate)
    header_rate = None
    if kind == "zmqiq":
        header_rate = round(scene.sample_rate)
        if header_rate != scene.sample_rate or header_rate >= 1 << 32:
            raise InputError(f"--rate {scene.sample_rate:.10g}: the header of --zmqiq holds whole Hz only")
    return ZmqOutlet(
        transmission.address,
        header_rate,
        wait=not arguments.no_wait,
        full_speed=transmission.full_speed,
    )


def _address(kind: str, text: str) -> tuple[str, int]:
    text = text.strip()
    text = f"127.0.0.1:{text}" if text.isdecimal() else text
    spec = parse_input(f"{kind}:{text}", sample_rate=1.0, center_freq=0.0)
    return spec.host, spec.port


def _send(transmission: Transmission, outlet: Outlet, ended: Callable[[], bool]) -> Sent:
    """Send all of it to one receiver; one that leaves is followed by the next, from the first sample on."""
    sent = Sent()
    scene = transmission.programme.scene
    endless = transmission.programme.endless
    length = "" if endless else f"{scene.duration_s:g} s "
    length += "without end" if endless else "again and again" if transmission.programme.loop else "once"
    while outlet.wait_for_receiver(ended):
        sent = Sent()
        log.info(
            "sending to %s: %s, %.10g samples/s, %d in a packet",
            transmission.address,
            length,
            scene.sample_rate,
            transmission.packet_samples,
        )
        try:
            send_stream(
                _as_sent(transmission),
                transmission.packet_samples,
                transmission.clock,
                outlet,
                sent,
                damage=transmission.damage,
                start_ns=transmission.start_ns,
                full_speed=transmission.full_speed,
                speed=transmission.speed,
                ended=ended,
            )
            break
        except ReceiverGone as error:
            log.info("the client has gone (%s) after %d samples", error, sent.counts.samples["sent"])
    return sent


def _as_sent(transmission: Transmission) -> Iterator[np.ndarray]:
    """Bytes stay bytes where the stream has such; the other streams are complex64."""
    for chunk in transmission.programme.chunks():
        is_bytes = chunk.dtype == np.uint8 and transmission.kind != "rtl_tcp"
        yield dequantise(chunk.ravel(), "cu8") if is_bytes else chunk


def _report(transmission: Transmission, sent: Sent, outlet: Outlet) -> dict[str, Any]:
    scene = transmission.programme.scene
    report = {
        "schema": 1,
        "room": transmission.room,
        "output": f"{transmission.kind}:{transmission.address}",
        "sample_rate": scene.sample_rate,
        "center_freq": scene.center_freq,
        "seed": scene.seed,
        "packet_samples": transmission.packet_samples,
        **sent.to_json(),
    }
    if isinstance(outlet, RtlTcpServer):
        report["clients"] = outlet.clients
    return report


def _check_files(arguments: argparse.Namespace) -> None:
    """Refuse before an hour of sending what cannot be written behind it."""
    if arguments.truth and not arguments.truth.endswith(".sigmf-meta"):
        raise InputError(f"--truth {arguments.truth}: let the name end in .sigmf-meta")
    for option in ("truth", "report"):
        name = getattr(arguments, option)
        if name and not Path(name).parent.is_dir():
            raise InputError(f"--{option} {name}: there is no folder {Path(name).parent}; make it first")


def _write_truth(path: str, transmission: Transmission, sent: Sent) -> None:
    count = sent.counts.samples["made"]
    if count == 0:
        log.warning("%s is not written: nothing was sent", path)
        return
    scene = transmission.programme.scene
    write_truth(
        path,
        count,
        scene.sample_rate,
        scene.center_freq,
        format_datetime(sent.start_ns),
        transmission.programme.annotations(count),
        _DATATYPES.get(transmission.kind, "cf32_le"),
        transmission.programme.captures(count),
    )
