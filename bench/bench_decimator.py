# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of the decimator: `sentinel bench decimate`.

768 kS/s to 3840 by the published 8 x 5 x 5, on one core: times real time of the kernel, and ratios of CPU
time against SciPy's upfirdn and GNU Radio's own blocks with the same taps. Measured as in bench_channelizer.
"""

import numpy as np
from gnuradio import blocks, filter, gr, sentinel
from gnuradio.sentinel import kernel
from scipy.signal import upfirdn

from .bench_channelizer import FLOWGRAPH_SAMPLES, compare_blocks, cpu_rates, noise, row, run_graph

RATE, DECIMATION, SHIFT = 768e3, 200, 10e3
FACTORS = [8, 5, 5]
TAPS = [kernel.cascade_taps(factor).astype(np.float32) for factor in FACTORS]


def plain(samples: np.ndarray, phasors: np.ndarray) -> np.ndarray:
    """Mix and filter a whole block with NumPy and SciPy."""
    values = samples * phasors
    for factor, taps in zip(FACTORS, TAPS, strict=True):
        values = upfirdn(taps, values, 1, factor)
    return values


def against_scipy() -> list[dict]:
    """The kernel against real time and against SciPy."""
    samples = noise(DECIMATION * 8000)
    phasors = np.exp(2j * np.pi * SHIFT / RATE * np.arange(len(samples))).astype(np.complex64)
    made = kernel.cascade_decimator(RATE, DECIMATION, SHIFT)
    rates = cpu_rates(
        len(samples), {"ours": lambda: made.push(samples), "scipy": lambda: plain(samples, phasors)}
    )
    what = "129, 81, 81 taps, complex64, kernel, MS/s of CPU"
    return [
        row("768 kS/s to 3840, real time", rates["ours"], RATE / 1e6, f"{what}; baseline: input rate"),
        row(
            "768 kS/s to 3840, SciPy",
            rates["ours"],
            rates["scipy"],
            f"{what}, against upfirdn",
        ),
    ]


def run_stock() -> float:
    """freq_xlating_fir_filter_ccf and two decimating filters; seconds in the work() of all."""
    top = gr.top_block()
    head = blocks.head(gr.sizeof_gr_complex, FLOWGRAPH_SAMPLES)
    stages = [filter.freq_xlating_fir_filter_ccf(FACTORS[0], TAPS[0], -SHIFT, RATE)]
    stages += [
        filter.fir_filter_ccf(factor, taps) for factor, taps in zip(FACTORS[1:], TAPS[1:], strict=True)
    ]
    top.connect(
        blocks.null_source(gr.sizeof_gr_complex), head, *stages, blocks.null_sink(gr.sizeof_gr_complex)
    )
    top.run()
    return sum(stage.pc_work_time_total() for stage in stages) * 1e-9


def run() -> list[dict]:
    """Name, ours and baseline (MS/s of CPU time), ratio, conditions, one row per comparison."""
    stock = compare_blocks(
        "768 kS/s to 3840, GNU Radio",
        "block against freq_xlating_fir_filter_ccf + 2 fir_filter_ccf with the same taps",
        lambda: run_graph(sentinel.decimator(RATE, DECIMATION, SHIFT), 1),
        run_stock,
    )
    return [*against_scipy(), stock]
