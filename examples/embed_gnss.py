#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interference monitoring in a radio program of your own: what your program does, and a watch beside it.

.venv/bin/python examples/embed_gnss.py out/gnss.sigmf-meta

Any INPUT will do, a receiver too. Ctrl-C and a receiver that is gone end it in good order.
"""

import argparse
import math
import sys

import numpy as np
from gnuradio import gr, sentinel
from gnuradio.sentinel.core.block import SafeBlock, guarded
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.event_pmt import from_pmt
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


class Watch(SafeBlock, gr.basic_block):
    """A message block of our own that receives events; a receiver of yours may mute itself here."""

    def __init__(self):
        gr.basic_block.__init__(self, "watch", None, None)
        self.register_handler("events", self.handle_event)

    @guarded
    def handle_event(self, message):
        event = from_pmt(message)
        begin_s = event.sample_start / event.sample_rate
        if event.state == "open":
            print(f"{begin_s:6.1f} s  interference: {event.label}, J/N {event.snr_db:.1f} dB", flush=True)
        elif event.state == "closed":
            loss_db = event.details["cn0_loss_db"]
            print(
                f"{begin_s:6.1f} s  it was {event.label} for {event.duration_s:.1f} s, "
                f"J/N {event.snr_db:.1f} dB, costs a receiver {loss_db:.1f} dB of C/N0",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description="Interference monitoring in a radio program of your own.")
    parser.add_argument("input")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--center-freq", type=float)
    parser.add_argument("--gain", type=float)
    parser.add_argument("--duration", type=float)
    words = parser.parse_args()

    source = sentinel.source(
        words.input,
        sample_rate=words.rate,
        center_freq=words.center_freq,
        gain=words.gain,
        duration_s=words.duration,
    )
    monitor = sentinel.gnss_monitor(source.sample_rate, false_alarms_per_hour=1.0)
    # Kept in variables: GNU Radio holds no reference to a Python block.
    meter, watch = LevelMeter(), Watch()

    top = gr.top_block("my radio", catch_exceptions=source.live)
    top.connect(source, meter)
    top.connect(source, monitor)
    top.msg_connect(monitor, "events", watch, "events")
    code = Runner(top, source, [*monitor.readers, meter, watch], stall_timeout_s=10.0).run()
    print(f"{meter.count} samples, mean level {meter.dbfs():.1f} dBFS")
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        sys.exit(f"embed_gnss.py: {error}")
