# SPDX-License-Identifier: GPL-3.0-or-later
"""Sinks from one string each: the grammar of the block `Event Sink` and of the command."""

import difflib
from pathlib import Path

from ..errors import InputError
from .base import Sink
from .console import ConsoleSink
from .csv_table import CsvSink
from .json_lines import DecisionLinesSink, JsonLinesSink
from .rolling import Roll, RollingSink
from .sigmf_meta import SigmfSink
from .zmq_pub import ZmqSink

#: Every kind of sink, as shown to users.
FORMS = {
    "console": "console",
    "jsonl": "jsonl:FILE (or jsonl:- for standard output)",
    "csv": "csv:FILE",
    "sigmf": "sigmf:FILE.sigmf-meta",
    "zmq": "zmq:tcp://HOST:PORT",
    "decisions": "decisions:FILE",
}


def make_sink(
    text: str,
    revisions: str = "closed",
    recording: str | Path | None = None,
    roll: Roll | None = None,
) -> Sink:
    """The sink that a string names.

    Parameters
    ----------
    text : str
        One of `FORMS`.
    revisions : str
        `closed` or `all`, see `Sink`.
    recording : str or Path, optional
        SigMF metadata of the recording being read, for `sigmf:`.
    roll : Roll, optional
        Complete files and begin new ones by time and size, as fits live input.

    Raises
    ------
    InputError
        If the string names no sink, or its output cannot be opened.
    """
    kind, _, target = text.partition(":") if isinstance(text, str) else (repr(text), "", "")
    if kind not in FORMS:
        near = difflib.get_close_matches(kind, FORMS, n=1)
        hint = f"did you mean {FORMS[near[0]]}?" if near else f"use one of {', '.join(FORMS.values())}"
        raise InputError(f"sink {text!r} is unknown; {hint}")
    if kind == "console":
        if target:
            raise InputError(f"sink {text!r}: console takes nothing after it; write console")
        return ConsoleSink(revisions=revisions)
    if not target:
        raise InputError(f"sink {text!r} names no output; write {FORMS[kind]}")
    classes = {"jsonl": JsonLinesSink, "csv": CsvSink, "zmq": ZmqSink, "decisions": DecisionLinesSink}

    def make(path: str | Path) -> Sink:
        return SigmfSink(path, recording) if kind == "sigmf" else classes[kind](path, revisions=revisions)

    if roll and kind != "zmq" and target != "-":
        if kind == "sigmf":
            SigmfSink(target)  # its name is right, and its folder can be written
        return RollingSink(target, make, roll)
    return make(target)
