# SPDX-License-Identifier: GPL-3.0-or-later
"""Where events go: JSON lines, CSV, SigMF, ZeroMQ, the console."""

from .base import REVISIONS, Sink
from .console import ConsoleSink, format_event
from .csv_table import CsvSink
from .factory import FORMS, make_sink
from .json_lines import DecisionLinesSink, JsonLinesSink
from .lines import silence_stdout
from .rolling import Roll, RollingSink
from .sigmf_meta import SigmfSink
from .zmq_pub import ZmqSink

__all__ = [
    "FORMS",
    "REVISIONS",
    "ConsoleSink",
    "CsvSink",
    "DecisionLinesSink",
    "JsonLinesSink",
    "Roll",
    "RollingSink",
    "SigmfSink",
    "Sink",
    "ZmqSink",
    "format_event",
    "make_sink",
    "silence_stdout",
]
