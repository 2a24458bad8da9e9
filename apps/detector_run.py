# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands of all rooms do with an input: run the flowgraph to its end, warn, report."""

from __future__ import annotations

import argparse
import logging
import time
from abc import ABC, abstractmethod
from typing import Any

from gnuradio.sentinel.core.event_sink import EventSink
from gnuradio.sentinel.core.progress import progress
from gnuradio.sentinel.core.run_report import RunReport, live_counts
from gnuradio.sentinel.core.runner import Runner
from gnuradio.sentinel.core.sinks.lines import raise_output_error
from gnuradio.sentinel.core.source import source

from .input_arguments import roll_of, sink_texts


class DetectorRun(ABC):
    """The flowgraph of a command and what it counts; a room fills in the rest.

    Parameters
    ----------
    room : str
        As in events and in the report.
    arguments : argparse.Namespace
        With those of `add_input_arguments` and `add_output_arguments`.
    text : str
        The input as the user named it.
    stream_source : source
        The opened input.
    log : logging.Logger
    """

    def __init__(
        self,
        room: str,
        arguments: argparse.Namespace,
        text: str,
        stream_source: source,
        log: logging.Logger,
    ) -> None:
        self.room = room
        self.arguments = arguments
        self.text = text
        self.source = stream_source
        self.log = log
        live = stream_source.live
        self.sink = EventSink(
            sink_texts(arguments),
            revisions="all" if live else "closed",
            recording=text if text.endswith((".sigmf-meta", ".sigmf-data")) else None,
            roll=roll_of(arguments, live),
        )
        self.found: list = []

    @abstractmethod
    def graph(self) -> tuple:
        """Flowgraph, source and Python blocks, for the runner."""

    @abstractmethod
    def make_detector(self) -> None:
        """Make the detector anew for a source that was opened again."""

    @abstractmethod
    def banner(self) -> None:
        """Say what begins."""

    @abstractmethod
    def finish(self) -> None:
        """Say how it went, after all else."""

    @abstractmethod
    def counts(self) -> dict[str, Any]:
        """`decisions`, `events`, `judged_samples` and `false_alarms_per_hour`, for the report."""

    def run(self) -> int:
        """Run to the end; print, report and draw. Returns the exit code."""
        graph = self.graph()
        began = time.monotonic()
        with progress(self.source.sample_count, "samples", quiet=self.arguments.json) as advance:
            runner = Runner(
                *graph,
                on_poll=self._reporter(advance),
                flush=self.sink.close,
                stall_timeout_s=self.arguments.stall_timeout,
                rebuild=self._rebuild,
                on_start=self.banner,
            )
            try:
                code = runner.run()
            finally:
                self.sink.close()
        self.warn_of_samples()
        self.finish()
        self._report(time.monotonic() - began)
        if self.arguments.plot:
            self.plot()
        return code

    def _rebuild(self) -> tuple:
        """The same with the source opened again; the outputs stay. Raises InputError."""
        self.source = self.source.reopen()
        self.make_detector()
        return self.graph()

    def _reporter(self, advance):
        done = 0

        def report() -> None:
            nonlocal done
            read = self.source.summary()["samples_read"]
            advance(read - done)
            done = read

        return report

    def warn_of_samples(self) -> None:
        """Say what was wrong with the samples, counted."""
        summary = self.source.summary()
        if summary["samples_nonfinite"]:
            self.log.warning(
                "%s: %d of %d samples are NaN or infinite; they were taken as 0",
                self.text,
                summary["samples_nonfinite"],
                summary["samples_read"],
            )
        if summary["clipped_share"]:
            self.log.warning(
                "%s: %d of %d samples are clipped; lower the receiver's gain",
                self.text,
                summary["samples_clipped"],
                summary["samples_read"],
            )
        if self.source.sample_count is None and summary["bytes_left_over"]:
            self.log.warning("%s: ends with %d bytes of a sample", self.text, summary["bytes_left_over"])

    def _report(self, work_s: float) -> None:
        if not self.arguments.report:
            return
        summary = self.source.summary()
        counts = self.counts()
        judged = counts.pop("judged_samples")
        report = RunReport(
            detector=self.room,
            source=self.text,
            accounting=self.source.accounting,
            samples_read=summary["samples_read"],
            signal_s=summary["seconds_of_signal"],
            work_s=work_s,
            gaps_filled=summary.get("gaps_filled", 0),
            gaps_cut=summary.get("gaps_cut", 0),
            samples_lost=sum(
                summary.get(name, 0) for name in ("samples_filled", "samples_cut", "samples_lost")
            ),
            samples_unjudged=max(0, summary["samples_read"] + summary.get("samples_filled", 0) - judged),
            clipped_share=summary["clipped_share"],
            live=live_counts(summary) if self.source.live else None,
            **counts,
        )
        try:
            report.write(self.arguments.report)
        except OSError as error:
            raise_output_error(error, "the report", self.arguments.report)

    def plot(self) -> None:
        """Draw what was found on a spectrogram."""
        from gnuradio.sentinel.core.plotting import plot_events

        plot_events(self.arguments.plot, self.source.spec, self.found)


def say(line: str) -> None:
    """Print a line of results; a closed pipe ends the command quietly."""
    try:
        print(line, flush=True)
    except OSError as error:
        raise_output_error(error, "lines", "standard output")
