#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pulse detector as a block in a program of your own, and as a function on the same samples.

.venv/bin/python examples/embed_detector.py
"""

from gnuradio import blocks, gr, sentinel
from gnuradio.sentinel import pulse
from gnuradio.sentinel.core.block import SafeBlock, guarded
from gnuradio.sentinel.core.event_pmt import from_pmt
from gnuradio.sentinel.core.runner import Runner
from gnuradio.sentinel.pulse.simulate import Scene, SimulatedTag, scene_samples

RATE = 3840.0


def describe(event):
    return f"{event.offset_hz:+7.1f} Hz  E/N0 {event.snr_db:.1f} dB  sample {event.sample_start}"


class Printer(SafeBlock, gr.basic_block):
    """A message block of our own that receives events."""

    def __init__(self):
        gr.basic_block.__init__(self, "printer", None, None)
        self.register_handler("events", self.handle_event)

    @guarded
    def handle_event(self, message):
        event = from_pmt(message)
        print("block:   ", describe(event))


class VectorInput:
    """What a Runner needs to know of a source."""

    def __init__(self, samples):
        self.block = blocks.vector_source_c(samples, False)

    def request_end(self):
        """A vector ends by itself."""

    def failure(self):
        return ""


def main():
    tag = SimulatedTag(freq_hz=420.0, interval_s=2.0, pulse_width_s=0.015, en0_db=13.0, start_s=0.4)
    samples = scene_samples(Scene(RATE, 31.0, (tag,), seed=1))

    top = gr.top_block()
    source = VectorInput(samples)
    detector = sentinel.pulse_detector(RATE, interval_s=2.0)
    printer = Printer()  # kept in a variable: GNU Radio holds no reference to a Python block
    top.connect(source.block, detector)
    top.msg_connect(detector, "events", printer, "events")
    Runner(top, source, [*detector.readers, printer]).run()

    for event in pulse.detect(samples, RATE, interval_s=2.0).events:
        print("function:", describe(event))


if __name__ == "__main__":
    main()
