# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel gnss`: the interference monitor on any input."""

from __future__ import annotations

import argparse
import logging
import math
import time
from pathlib import Path

from gnuradio import gr
from gnuradio.sentinel.core import logs
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.gap_reader import GapReader
from gnuradio.sentinel.core.inputs import KINDS, input_kind
from gnuradio.sentinel.core.settings import build
from gnuradio.sentinel.gnss.block import GnssMonitor
from gnuradio.sentinel.gnss.config import GnssSettings
from gnuradio.sentinel.gnss.feature_table import FeatureTable
from gnuradio.sentinel.gnss.gain.power_meter import opened_calibration
from gnuradio.sentinel.gnss.learned import ClassModel, DetectionModel

from . import gnss_gain
from .detector_run import DetectorRun, say
from .gnss_console import GnssConsole
from .input_arguments import add_input_arguments, add_output_arguments, open_source
from .settings_arguments import add_settings, settings_values

log = logging.getLogger("gnuradio.sentinel.gnss.command")

#: Centre of GPS L1, where a radio is tuned when nothing else is said, Hz.
L1_HZ = 1575.42e6
RATE = "2.56M"

EPILOG = """\
examples:
  sentinel gnss night.cu8 --rate 2.56M --center-freq 1575.42M
  sentinel gnss rtl_tcp:127.0.0.1:1234 --gain 30 --gpsd 127.0.0.1:2947 --features day.parquet
  sentinel gnss rtl_tcp:127.0.0.1:1234 --gain-control --power-calibration receiver.yaml
  sentinel gnss scene.sigmf-meta --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel gnss`."""
    parser.add_argument("input", help="recording, - or receiver")
    parser.add_argument("--features", metavar="FILE.parquet", help="write the features of each snapshot")
    parser.add_argument(
        "--gpsd",
        metavar="HOST:PORT",
        help="take the satellite receiver's word as well: a gpsd, or FILE.json as gpspipe -w writes it",
    )
    parser.add_argument(
        "--power-calibration",
        metavar="FILE.yaml",
        help="what 0 dBFS is in dBm at each gain; events then tell power_dbm",
    )
    parser.add_argument("--model", metavar="FILE.onnx", help="another detector than the shipped one")
    parser.add_argument("--class-model", metavar="FILE.onnx", help="another classifier than the shipped one")
    parser.add_argument(
        "--clusters",
        metavar="FILE.json",
        help="group intervals called unknown in this file; sentinel clusters FILE.json names the groups",
    )
    add_settings(parser, GnssSettings)
    gnss_gain.add_arguments(parser)
    add_input_arguments(parser)
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the monitor and return the exit code.

    Raises
    ------
    InputError
        Whatever of the input, options or outputs makes no sense; before anything is read.
    """
    logs.configure(arguments.log_level, arguments.log_json)
    settings = build(GnssSettings, settings_values(arguments, GnssSettings), "sentinel gnss")
    text = arguments.input
    if arguments.plot and text == "-":
        raise InputError("--plot needs a recording, which can be read a second time; - cannot")
    calibration = opened_calibration(arguments.power_calibration)
    gain_settings = gnss_gain.settings_of(arguments, settings)
    models = DetectionModel(arguments.model), ClassModel(arguments.class_model)
    radio = KINDS[input_kind(text)].radio
    rate = arguments.rate or (RATE if radio else None)
    center = settings.center_freq or (L1_HZ if radio else None)
    stream_source = open_source(text, arguments, rate, center, native=True)
    if gain_settings is None:
        settings = _with_gain(settings, arguments, radio)
    witness = _witness(arguments.gpsd)
    try:
        extras = witness, calibration, gain_settings
        return GnssRun(arguments, settings, text, stream_source, models, *extras).run()
    finally:
        if hasattr(witness, "stop"):
            witness.stop()


def _with_gain(settings: GnssSettings, arguments: argparse.Namespace, radio: bool) -> GnssSettings:
    """A radio whose gain was set and cannot step by itself has a known one."""
    set_by_hand = radio and arguments.gain not in (None, "auto")
    if settings.gain_is == "auto" and set_by_hand:
        return settings.model_copy(update={"gain_is": "fixed"})
    return settings


def _witness(text: str | None):
    """What the satellite receiver said: live from gpsd, or from a log; None if nobody is asked."""
    if text is None:
        return None
    if Path(text).is_file():
        from gnuradio.sentinel.gnss.receiver.gpsd_log import read_gpsd_log

        return read_gpsd_log(text)
    from gnuradio.sentinel.gnss.receiver.gpsd_client import GpsdClient, parse_gpsd_address

    client = GpsdClient(*parse_gpsd_address(text))
    client.start()
    return client


class GnssRun(DetectorRun):
    """The flowgraph of the command and what it counts."""

    def __init__(
        self, arguments, settings, text, stream_source, models, witness, calibration, gain_settings
    ) -> None:
        center = settings.center_freq or stream_source.center_freq or 0.0
        self.settings = settings.model_copy(update={"center_freq": center})
        self.models = models
        self.clusters = arguments.clusters
        self.witness = witness
        self.calibration = calibration
        tell = (lambda _line: None) if arguments.json else say
        self.console = GnssConsole(tell)
        self.gain = None
        if gain_settings is not None:
            self.gain = gnss_gain.GainRun(gain_settings, self.console.gain, arguments.gain_log)
        self.table = FeatureTable(arguments.features) if arguments.features else None
        self.judged = 0
        self.source = stream_source
        self.make_detector()
        super().__init__("gnss", arguments, text, stream_source, log)

    def make_detector(self) -> None:
        """The monitor for the source as it is now."""
        detection, classes = self.models
        self.detector = GnssMonitor(
            self.source.sample_rate,
            self.settings,
            format=self.source.format,
            stream=self.source.identity,
            detection_model=detection,
            class_model=classes,
            power_calibration=self.calibration,
            clusters=self.clusters,
        )
        if self.gain is not None:
            self.gain.attach(self.detector, self.source)

    def graph(self):
        """Flowgraph, source and Python blocks, for the runner."""
        top_block = gr.top_block("sentinel gnss", catch_exceptions=self.source.live)
        top_block.connect(self.source, self.detector)
        for port in ("events", "decisions"):
            top_block.msg_connect(self.detector, port, self.sink, port)
        self.detector.detector.on_step = self._on_step
        self.detector.classifier.on_event = self._on_event
        if self.witness is not None:
            self.detector.detector.receiver_at = self._receiver_at
        blocks = [*self.detector.readers, self.sink]
        if self.source.live:
            # Filled samples are left out of all sums: a gap costs no more than its own length.
            self.source.set_fill_below(self.settings.snapshot_s)
            gaps = GapReader(self.console.gap)
            top_block.msg_connect(self.source, "gaps", gaps, "gaps")
            blocks.insert(0, gaps)
        return top_block, self.source, blocks

    def _on_step(self, step, run, index) -> None:
        self.console.step(step, run.snapshots, index)
        if step.decision.decided:
            self.judged += int(run.snapshots.sample_count[index])
        if self.table is not None:
            self.table.add(step, run.snapshots, index)

    def _on_event(self, event) -> None:
        self.console.event(event)
        if self.arguments.plot and event.state == "closed":
            self.found.append(event)

    def _receiver_at(self, time_s: float):
        """What the receiver said of a snapshot; live samples without a stamp are those of just now."""
        if not math.isfinite(time_s):
            if not self.source.live:
                return None
            time_s = time.time() - self.settings.snapshot_s
        return self.witness.state_at(time_s)

    def banner(self) -> None:
        """Say what is watched."""
        self.console.banner(
            self.settings,
            self.text,
            self.source.sample_rate,
            self.settings.center_freq,
            self.arguments.gpsd or "",
            controlled=self.gain is not None,
        )

    def finish(self) -> None:
        """Print the statistics and complete the table."""
        self.console.statistics()
        if self.table is not None:
            self.table.close()
        if self.gain is not None:
            self.gain.close()

    def counts(self) -> dict:
        """For the report."""
        return {
            "decisions": self.console.decisions,
            "events": self.console.events,
            "judged_samples": self.judged,
            "false_alarms_per_hour": self.settings.false_alarms_per_hour,
        }
