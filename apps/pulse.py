# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel pulse`: the pulse detector on any input."""

from __future__ import annotations

import argparse
import logging

from gnuradio import gr
from gnuradio.sentinel.core import logs
from gnuradio.sentinel.core.calibration_cache import CalibrationCache
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.gap_reader import GapReader
from gnuradio.sentinel.core.progress import progress
from gnuradio.sentinel.core.settings import build
from gnuradio.sentinel.core.source import source
from gnuradio.sentinel.pulse.block import PulseDetector
from gnuradio.sentinel.pulse.config import PulseSettings
from gnuradio.sentinel.pulse.events import false_alarms_per_hour

from .clipping import ClippingCheck
from .detector_run import DetectorRun, say
from .input_arguments import add_input_arguments, add_output_arguments, open_source
from .pulse_console import PulseConsole
from .pulse_gaps import GapLines
from .settings_arguments import add_settings, settings_values

log = logging.getLogger("gnuradio.sentinel.pulse.command")

EPILOG = """\
examples:
  sentinel pulse scene.sigmf-meta --tip 2.0
  sentinel pulse night.cu8 --rate 2.4M --center-freq 150.1M --tags herd.yaml --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel pulse`."""
    parser.add_argument("input", nargs="?", help="recording, - or receiver; udp:127.0.0.1:PORT if left out")
    parser.add_argument(
        "--tags", metavar="FILE.yaml", help="watch the tags of this file instead of one --tip"
    )
    parser.add_argument("--port", type=int, default=10000, help="UDP port when no INPUT is given (10000)")
    parser.add_argument(
        "--snr-definition",
        choices=("en0", "published"),
        default="en0",
        help="what SNR in the lines means: energy of a pulse over noise density, or score / (K noise)",
    )
    parser.add_argument(
        "--fill-below",
        type=float,
        metavar="S",
        help="fill shorter gaps of a live input, begin anew after longer ones (twice the pulse width); "
        "up to the interval costs a pulse at the most",
    )
    add_settings(parser, PulseSettings)
    add_input_arguments(parser)
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the detector and return the exit code.

    Raises
    ------
    InputError
        Whatever of the input, options or outputs makes no sense; before anything is read.
    """
    logs.configure(arguments.log_level, arguments.log_json)
    settings = _settings(arguments)
    if arguments.fill_below is not None and not 0 <= arguments.fill_below <= settings.interval_s:
        raise InputError(
            f"--fill-below {arguments.fill_below:g} s must lie in 0 .. {settings.interval_s:g}, one interval"
        )
    text = arguments.input or f"udp:127.0.0.1:{arguments.port}"
    if arguments.plot and text == "-":
        raise InputError("--plot needs a recording, which can be read a second time; - cannot")
    rate = arguments.rate or (settings.channel_rate if text.startswith("udp:") else None)
    stream_source = open_source(text, arguments, rate, settings.center_freq or None)
    _tell_breaks(stream_source, text)
    run = PulseRun(arguments, settings, text, stream_source)
    return run.run()


class PulseRun(DetectorRun):
    """The flowgraph of the command and what it counts."""

    def __init__(self, arguments: argparse.Namespace, settings: PulseSettings, text: str, stream_source):
        center = settings.center_freq or stream_source.center_freq or 0.0
        self.settings = settings.model_copy(update={"center_freq": center})
        self.console = PulseConsole(
            (lambda _line: None) if arguments.json else say,
            many=bool(arguments.tags),
            published_snr=arguments.snr_definition == "published",
        )
        self.source, self.arguments = stream_source, arguments
        with progress(None, "calibrating", quiet=arguments.json):
            self.make_detector()
        super().__init__("pulse", arguments, text, stream_source, log)
        self.console.gaps = GapLines.of(self.detector.groups, arguments.fill_below)

    def banner(self) -> None:
        """Say what is looked for."""
        self.console.banner(self.settings, self.detector.groups, self.text, self.source.sample_rate)

    def make_detector(self) -> None:
        """The detector for the source as it is now."""
        self.detector = PulseDetector(
            self.source.sample_rate,
            self.settings,
            tags=self.arguments.tags or "",
            cache=CalibrationCache(),
            sample_count=self.source.sample_count,
        )

    def graph(self):
        """Flowgraph, source and Python blocks, for the runner."""
        # A driver may throw while it runs; that would end the process instead of its stream.
        top_block = gr.top_block("sentinel pulse", catch_exceptions=self.source.live)
        top_block.connect(self.source, self.detector)
        for port in ("events", "decisions"):
            top_block.msg_connect(self.detector, port, self.sink, port)
        clipping = ClippingCheck(self.source)
        for reader in self.detector.readers:
            reader.check_event = clipping
            reader.on_cycle = self._on_cycle
        blocks = [*self.detector.readers, self.sink]
        if self.source.live:
            self.source.set_fill_below(self.console.gaps.limit_s)
            gaps = GapReader(self.console.gap)
            top_block.msg_connect(self.source, "gaps", gaps, "gaps")
            blocks.insert(0, gaps)
        return top_block, self.source, blocks

    def _on_cycle(self, cycle, group, events) -> None:
        self.console.cycle(cycle, group, events)
        if self.arguments.plot:
            self.found.extend(events)

    def finish(self) -> None:
        """Print the statistics."""
        if self.console.undecided:
            log.warning(
                "%s: %d of %d cycles hold samples too large to judge, above 1e16 of full scale; "
                "see whether --format is right",
                self.text,
                self.console.undecided,
                self.console.cycles,
            )
        self.console.statistics()

    def counts(self) -> dict:
        """For the report."""
        rates = [
            false_alarms_per_hour(
                watch.false_alarm_probability, group.geometry(watch).cycle_samples / group.channel_rate
            )
            for group in self.detector.groups
            for watch in group.watches
        ]
        return {
            "decisions": self.console.cycles,
            "events": self.console.events,
            "judged_samples": self.console.judged_samples,
            "false_alarms_per_hour": sum(rates),
        }


#: Settings that a tags file has for each tag, or that make no sense for many.
_OF_ONE_TAG = ("pulse_width_s", "pulses", "offset_hz", "top", "merge_hz", "tag_id")


def _tell_breaks(stream_source: source, text: str) -> None:
    """Say that cycles begin anew where the frequency or the clock jumps."""
    breaks = stream_source.stream.breaks
    if breaks:
        first = (breaks[0] - stream_source.sample_start) / stream_source.sample_rate
        log.warning(
            "%s: its frequency or clock jumps %d times, first %.3f s from the start; no cycle runs across",
            text,
            len(breaks),
            first,
        )


def _settings(arguments: argparse.Namespace) -> PulseSettings:
    values = settings_values(arguments, PulseSettings)
    if arguments.tags and "interval_s" in values:
        raise InputError("--tip and --tags exclude each other: the tags file has an interval for each tag")
    for name in _OF_ONE_TAG:
        if arguments.tags and name in values:
            flag = PulseSettings.model_fields[name].json_schema_extra["flag"]
            raise InputError(f"{flag} and --tags exclude each other: it is for one tag, the file has many")
    if arguments.tags:
        values["interval_s"] = 2.0  # not used: each tag has its own
    if "interval_s" not in values:
        raise InputError(
            "--tip is missing: say the tag's inter-pulse interval in seconds, or --tags FILE.yaml"
        )
    return build(PulseSettings, values, "sentinel pulse")
