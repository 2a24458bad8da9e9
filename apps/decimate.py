# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel decimate`: one narrow channel of an input, sent as UDP packets of IQ or kept as a recording."""

from __future__ import annotations

import argparse
import json
import logging
import time

from gnuradio import blocks, gr, sentinel
from gnuradio.sentinel import kernel
from gnuradio.sentinel.core import logs
from gnuradio.sentinel.core.decimation import DecimationPlan, deviation_ppm, plan_rates
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.files import write_atomic
from gnuradio.sentinel.core.progress import progress
from gnuradio.sentinel.core.run_report import RunReport
from gnuradio.sentinel.core.runner import Runner
from gnuradio.sentinel.core.sigmf_recorder import SigmfRecorder
from gnuradio.sentinel.core.sinks.lines import raise_output_error
from gnuradio.sentinel.core.source import source
from gnuradio.sentinel.core.units import format_frequency, parse_frequency, parse_rate

from .input_arguments import add_input_arguments

log = logging.getLogger("gnuradio.sentinel.decimate.command")

#: Where the published decimator sends.
PUBLISHED_DESTINATIONS = "127.0.0.1:10000,127.0.0.1:10001"
#: What a throttle lets through at a time, seconds of signal.
PACE_S = 0.02

EPILOG = """\
examples:
  sentinel decimate zmqiq:tcp://127.0.0.1:5555 --udp 127.0.0.1:10000,127.0.0.1:10001
  sentinel decimate wide.sigmf-meta --shift 25k --udp 127.0.0.1:10000
  sentinel decimate wide.sigmf-meta --shift=-40k --rate-out 9600 --out narrow.sigmf-meta
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel decimate`."""
    parser.add_argument("input", help="recording, - or receiver")
    parser.add_argument("--rate-out", default="3840", metavar="HZ", help="rate of the channel (3840)")
    parser.add_argument(
        "--shift",
        default="10k",
        metavar="HZ",
        help="added to all frequencies first (10k): a radio tuned 10 kHz above the tag has it at 0 Hz then",
    )
    parser.add_argument(
        "--udp",
        metavar="HOST:PORT,...",
        help=f"send packets there ({PUBLISHED_DESTINATIONS} unless --out is given)",
    )
    parser.add_argument("--frame", type=int, default=1024, help="samples per packet with its header (1024)")
    parser.add_argument("--out", metavar="FILE.sigmf-meta", help="keep the channel as a recording")
    parser.add_argument(
        "--pace",
        choices=("real", "full"),
        help="how fast a recording is read: as it was received (where it is sent), or as fast as can be",
    )
    parser.add_argument(
        "--strict-input-rate",
        action="store_true",
        help="take no deviation of the input's rate, and end where it changes",
    )
    parser.add_argument(
        "--rate-tol-ppm",
        type=float,
        default=5000.0,
        metavar="PPM",
        help="how far the input's rate may lie from a multiple of --rate-out (5000)",
    )
    parser.add_argument("--center-freq", metavar="HZ", help="centre of the input; a radio is tuned to it")
    add_input_arguments(parser)
    group = parser.add_argument_group("output")
    group.add_argument("--report", metavar="FILE", help="write the summary of the run as JSON")
    logs.add_log_arguments(group)


def run(arguments: argparse.Namespace) -> int:
    """Decimate to the end of the input and return the exit code.

    Raises
    ------
    InputError
        Whatever of the input or the options makes no sense; before anything is read.
    """
    logs.configure(arguments.log_level, arguments.log_json)
    shift_hz = parse_frequency(arguments.shift, "--shift")
    rate_out = parse_rate(arguments.rate_out, "--rate-out")
    destinations = _destinations(arguments)
    if not 2 <= arguments.frame <= 8188:
        raise InputError(f"--frame {arguments.frame}: a packet holds 2 to 8188 samples, its header included")
    if not arguments.rate_tol_ppm >= 0:
        raise InputError(f"--rate-tol-ppm {arguments.rate_tol_ppm:g} must be 0 or more")
    stream_source = source(
        arguments.input,
        sample_rate=arguments.rate,
        center_freq=arguments.center_freq,
        format=arguments.format,
        start_s=arguments.start,
        duration_s=arguments.duration,
        channel=arguments.channel,
    )
    for warning in stream_source.warnings:
        log.warning("%s", warning)
    try:
        plan = plan_rates(
            stream_source.sample_rate, rate_out, arguments.rate_tol_ppm, strict=arguments.strict_input_rate
        )
        plan.check_shift(shift_hz)
    except InputError as error:
        raise InputError(f"{arguments.input}: {error}") from None
    return DecimateRun(arguments, plan, shift_hz, destinations, stream_source).run()


class DecimateRun:
    """The flowgraph of the command and what it counts."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        plan: DecimationPlan,
        shift_hz: float,
        destinations: list[str],
        stream_source: source,
    ) -> None:
        self.arguments = arguments
        self.plan = plan
        self.shift_hz = shift_hz
        self.source = stream_source
        self.decimator = sentinel.decimator(plan.rate_in, plan.decimation, shift_hz)
        self.packets = None
        if destinations:
            try:
                self.packets = sentinel.udp_iq_sink(
                    sample_rate=plan.rate_out,
                    destinations=destinations,
                    samples_per_packet=arguments.frame,
                    header_counts=True,
                )
            except ValueError as error:
                raise InputError(f"--udp {','.join(destinations)}: {error}") from None
        self.recorder = SigmfRecorder(arguments.out, plan.rate_out) if arguments.out else None
        self.locked_rate = 0.0
        self.failed: InputError | None = None
        self.runner: Runner | None = None

    def run(self) -> int:
        """Run to the end; complete the recording, report."""
        self.runner = self._runner()
        began = time.monotonic()
        with progress(self.source.sample_count, "samples") as advance:
            self._advance = _counting(advance)
            try:
                code = self.runner.run()
                self._watch()
                if self.failed is not None:
                    raise self.failed
                if self.recorder is not None:
                    self.recorder.close()
            finally:
                if self.recorder is not None:
                    self.recorder.discard()
        self._warn_of_losses()
        self._report(time.monotonic() - began)
        return code

    def _runner(self) -> Runner:
        top_block = gr.top_block("sentinel decimate", catch_exceptions=False)
        chain = [self.source]
        if self._paced():
            self.throttle = blocks.throttle(gr.sizeof_gr_complex, self.plan.rate_in)
            self.throttle.set_max_noutput_items(max(1, round(PACE_S * self.plan.rate_in)))
            chain.append(self.throttle)
        top_block.connect(*chain, self.decimator)
        for sink in (self.packets, self.recorder):
            if sink is not None:
                top_block.connect(self.decimator, sink)
        safe_blocks = [self.recorder] if self.recorder is not None else []
        return Runner(top_block, self.source, safe_blocks, on_poll=self._watch)

    def _paced(self) -> bool:
        """A live input comes at its own pace; standard input may be one."""
        if self.source.spec.live or self.source.spec.kind == "stdin":
            return False
        return self.arguments.pace == "real" or (self.arguments.pace is None and self.packets is not None)

    def _watch(self) -> None:
        """Say which rate was found, and mind when it changes."""
        self._advance(self.source.summary()["samples_read"])
        rate = self.decimator.input_rate()
        if rate in (0.0, self.locked_rate):
            return
        if self.locked_rate == 0.0:
            for line in _opening_lines(self.plan, rate, self.shift_hz, self.source.center_freq):
                log.info("%s", line)
            self.locked_rate = rate
            return
        off = deviation_ppm(rate, self.locked_rate)
        text = f"{self.arguments.input}: its rate is {rate:g} Hz now, {off:.0f} ppm from the locked one"
        self.locked_rate = rate
        if off <= self.arguments.rate_tol_ppm and not self.arguments.strict_input_rate:
            log.info("%s", text)
        elif self.arguments.strict_input_rate:
            self.failed = InputError(f"{text}; leave out --strict-input-rate to go on")
            self.runner.end()
        else:
            log.warning("%s; the channel runs at %g Hz", text, rate / self.plan.decimation)

    def _warn_of_losses(self) -> None:
        nonfinite = self.source.summary()["samples_nonfinite"]
        if nonfinite:
            log.warning("%s: %d samples are NaN or infinite; taken as 0", self.arguments.input, nonfinite)
        if self.packets is not None:
            log.info("%d packets sent, all destinations together", self.packets.packets_sent())
            if self.packets.send_errors():
                log.warning("%d packets could not be sent", self.packets.send_errors())

    def _report(self, work_s: float) -> None:
        if not self.arguments.report:
            return
        summary = self.source.summary()
        report = RunReport(
            detector="decimate",
            source=self.arguments.input,
            accounting=self.source.accounting,
            samples_read=summary["samples_read"],
            signal_s=summary["seconds_of_signal"],
            work_s=work_s,
            gaps_filled=summary.get("gaps_filled", 0),
            gaps_cut=summary.get("gaps_cut", 0),
            samples_lost=sum(summary.get(f"samples_{how}", 0) for how in ("filled", "cut", "lost")),
            clipped_share=summary["clipped_share"],
        )
        flat_hz, clean_hz = self.plan.band_hz
        values = report.to_dict() | {
            "input_rate": self.locked_rate or self.plan.rate_in,
            "decimation": self.plan.decimation,
            "stages": list(self.plan.factors),
            "shift_hz": self.shift_hz,
            "flat_hz": flat_hz,
            "clean_hz": clean_hz,
            "packets_sent": self.packets.packets_sent() if self.packets else 0,
            "send_errors": self.packets.send_errors() if self.packets else 0,
            "samples_written": self.recorder.sample_count if self.recorder else 0,
        }
        try:
            write_atomic(self.arguments.report, json.dumps(values, indent=2, allow_nan=False) + "\n")
        except OSError as error:
            raise_output_error(error, "the report", self.arguments.report)


def _destinations(arguments: argparse.Namespace) -> list[str]:
    text = arguments.udp
    if text is None:
        text = "" if arguments.out else PUBLISHED_DESTINATIONS
    found = [part.strip() for part in text.split(",") if part.strip()]
    if arguments.udp is not None and not found:
        raise InputError("--udp names no destination; write it as 127.0.0.1:10000")
    for part in found:
        host, colon, port = part.rpartition(":")
        if not (host and colon and port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
            raise InputError(f"--udp {part}: must be HOST:PORT, for instance 127.0.0.1:10000")
    return found


def _opening_lines(plan: DecimationPlan, rate: float, shift_hz: float, center: float | None) -> list[str]:
    stages = " x ".join(map(str, plan.factors)) or "shift only"
    flat_hz, clean_hz = plan.band_hz
    delay_s = kernel.cascade_delay(list(plan.factors)) / rate
    where = f", centre {format_frequency(center - shift_hz)}" if center else ""
    return [
        f"locked input rate {rate:.10g} Hz; {stages} gives {rate / plan.decimation:.10g} Hz; "
        f"shift {shift_hz:+.10g} Hz{where}",
        f"usable band +-{flat_hz:.0f} Hz within 1 dB, aliases below -40 dB within +-{clean_hz:.0f} Hz; "
        f"group delay {1e3 * delay_s:.2f} ms, taken out of all times",
    ]


def _counting(advance):
    """Turn totals into the amounts that a progress bar wants."""
    seen = 0

    def tell(total: int) -> None:
        nonlocal seen
        advance(total - seen)
        seen = total

    return tell
