#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A live source in a radio program of your own: a level meter of yours, and the pulse detector beside it.

.venv/bin/python examples/embed_live.py udp:127.0.0.1:10000 --rate 3840 --tip 2

Any INPUT will do, a recording too. Ctrl-C, the end of `--duration` and a sender that is gone end it in good
order.
"""

import argparse
import math
import sys

import numpy as np
from gnuradio import gr, sentinel
from gnuradio.sentinel.core.block import SafeBlock, guarded
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.event_pmt import from_pmt
from gnuradio.sentinel.core.gap_reader import GapReader
from gnuradio.sentinel.core.runner import Runner


class LevelMeter(SafeBlock, gr.sync_block):
    """What your own program does with the samples; here their mean power."""

    def __init__(self):
        gr.sync_block.__init__(self, "level_meter", [np.complex64], None)
        self.count = 0
        self.power = 0.0

    @guarded
    def work(self, input_items, _output_items):
        samples = input_items[0]
        self.count += len(samples)
        self.power += float(np.vdot(samples, samples).real)
        return len(samples)

    def dbfs(self):
        return 10 * math.log10(self.power / self.count) if self.power else -math.inf


class Printer(SafeBlock, gr.basic_block):
    """A message block of your own that receives events."""

    def __init__(self):
        gr.basic_block.__init__(self, "printer", None, None)
        self.register_handler("events", self.handle_event)

    @guarded
    def handle_event(self, message):
        event = from_pmt(message)
        flags = " ".join(flag for flag in event.flags if flag != "clipping_unknown")
        print(f"{event.offset_hz:+7.1f} Hz  E/N0 {event.snr_db:.1f} dB  {flags}".rstrip(), flush=True)


def print_gap(gap):
    print(f"gap: {gap.kind}, {gap.samples} samples, {gap.seconds * 1e3:.1f} ms", flush=True)


def main():
    parser = argparse.ArgumentParser(description="A live source in a program of your own.")
    parser.add_argument("input")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--center-freq", type=float)
    parser.add_argument("--tip", type=float, default=2.0)
    parser.add_argument("--duration", type=float)
    words = parser.parse_args()

    pulse_width_s = 0.015
    source = sentinel.source(
        words.input,
        sample_rate=words.rate,
        center_freq=words.center_freq,
        duration_s=words.duration,
        fill_below_s=2 * pulse_width_s,  # a longer gap begins a new cycle
    )
    detector = sentinel.pulse_detector(source.sample_rate, interval_s=words.tip, pulse_width_s=pulse_width_s)
    # Kept in variables: GNU Radio holds no reference to a Python block.
    meter, printer, gaps = LevelMeter(), Printer(), GapReader(print_gap)

    top = gr.top_block("my radio", catch_exceptions=source.live)
    top.connect(source, detector)
    top.connect(source, meter)
    top.msg_connect(source, "gaps", gaps, "gaps")
    top.msg_connect(detector, "events", printer, "events")
    print(f"listening to {words.input}", flush=True)
    runner = Runner(top, source, [gaps, *detector.readers, meter, printer], stall_timeout_s=10.0)
    code = runner.run()
    print(f"{meter.count} samples, mean level {meter.dbfs():.1f} dBFS")
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        sys.exit(f"embed_live.py: {error}")
