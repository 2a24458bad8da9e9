# SPDX-License-Identifier: GPL-3.0-or-later
"""Cost of the gap guard: `sentinel bench streams`.

A C++ source of packets is not part of the house, so the packets come from a stock vector source that
repeats one tagged packet; it stands in both chains. Rates are million samples per second of CPU time
in a block's own work(), by GNU Radio's performance counters on the CPU clock of its thread, and, in the
conditions, of the whole process. The best of a few repeats taken in turn.
"""

import time
from collections.abc import Callable

import numpy as np
import pmt
from gnuradio import blocks, gr, sentinel

REPEATS = 5
SAMPLES = 20_000_000
PACKET = 1023  # items of a decimator's packet
RATE = 2.4e6


def tagged_source() -> gr.basic_block:
    """Packets of 1023 complex items, with the tag that says so."""
    tag = gr.tag_t()
    tag.offset, tag.key, tag.value = 0, pmt.intern("sentinel_packet"), pmt.from_uint64(PACKET)
    return blocks.vector_source_c(np.zeros(PACKET, np.complex64), True, 1, [tag])


def plain_source() -> gr.basic_block:
    """The stock source without packets."""
    return blocks.null_source(gr.sizeof_gr_complex)


def guard() -> gr.basic_block:
    """The block under test, as a source without numbers and stamps uses it."""
    return sentinel.gap_guard(gr.sizeof_gr_complex, RATE, accounting="sequence")


def run_chain(source: Callable, block: Callable) -> tuple[float, float]:
    """CPU seconds in the work() of a block, and of the process, for SAMPLES items."""
    top, under_test, first = gr.top_block(), block(), source()
    head, sink = blocks.head(gr.sizeof_gr_complex, SAMPLES), blocks.null_sink(gr.sizeof_gr_complex)
    top.connect(first, head, under_test, sink)
    begin = time.process_time()
    top.run()
    return under_test.pc_work_time_total() * 1e-9, time.process_time() - begin


def compare(name: str, source: Callable) -> dict:
    """The guard against the stock copy behind the same source."""
    chains = {"guard": guard, "copy": lambda: blocks.copy(gr.sizeof_gr_complex)}
    best = {side: (np.inf, np.inf) for side in chains}
    for _ in range(REPEATS):
        for side, block in chains.items():
            best[side] = tuple(np.minimum(best[side], run_chain(source, block)))
    ours, stock = (SAMPLES / best[side][0] / 1e6 for side in chains)
    whole = {side: seconds for side, (_, seconds) in best.items()}
    conditions = (
        f"complex64, MS/s of CPU in work(); the whole process takes {whole['guard']:.3f} s against "
        f"{whole['copy']:.3f} s for {SAMPLES / 1e6:g} MS, {100 * (whole['guard'] / whole['copy'] - 1):+.0f} %"
    )
    return dict(name=name, ours=ours, baseline=stock, ratio=ours / stock, conditions=conditions)


def run() -> list[dict]:
    """Name, ours and baseline (MS/s of CPU time), ratio, conditions, one row per comparison."""
    return [
        compare("gap guard without packets, copy", plain_source),
        compare(f"gap guard of packets of {PACKET} items, copy", tagged_source),
    ]
