# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of Channelizer Features: `sentinel bench gnss`.

64 channels of 8 taps from bytes and from complex samples, in a flowgraph, against the chain of GNU Radio's
own blocks that gives power and kurtosis, and against NumPy. All in million input samples per second of
CPU time, best of a few repeats in turn; blocks by performance counters on the clock of their thread.
"""

import time
from collections.abc import Callable

import numpy as np
from gnuradio import blocks, filter, gr, sentinel
from gnuradio.sentinel import kernel

from .bench_channelizer import REPEATS, cpu_rates, noise, row
from .numpy_baselines import features as plain

RATE, CHANNELS, DEPTH = 2.56e6, 64, 8
#: Enough that the scheduler runs in; the stock chain is slow.
OURS_SAMPLES, STOCK_SAMPLES = 60_000_000, 6_000_000
PERIOD = 1 << 20
#: A signal that repeats, so that the source costs a copy of memory and nothing else.
SCENE = (0.2 * noise(PERIOD)).astype(np.complex64)


def as_bytes(samples: np.ndarray) -> np.ndarray:
    """cu8 of complex samples."""
    return np.clip(np.round(samples.view(np.float32) * 127.5 + 127.5), 0, 255).astype(np.uint8)


def source_of(format: str, count: int) -> list:
    """Repeating source and head of native items."""
    if format == "cu8":
        head = blocks.head(2, count)
        return [blocks.vector_source_b(as_bytes(SCENE).tolist(), True, 2), head]
    return [blocks.vector_source_c(SCENE, True), blocks.head(8, count)]


def timed(top: gr.top_block) -> float:
    """Seconds of CPU that the process spent on a run."""
    begin = time.process_time()
    top.run()
    return time.process_time() - begin


def run_ours(format: str, coherence: bool = True) -> tuple[float, float]:
    """Seconds in the block's own work(), and of the process."""
    top = gr.top_block()
    block = sentinel.channelizer_features(RATE, format, CHANNELS, DEPTH, coherence=coherence)
    sink = blocks.null_sink(4 * block.record_length)
    top.connect(*source_of(format, OURS_SAMPLES), block, sink)
    process = timed(top)
    return block.pc_work_time_total() * 1e-9, process


def run_alone(format: str) -> tuple[float, float]:
    """Source and head into a null sink: seconds of the process, twice."""
    top = gr.top_block()
    chain = source_of(format, OURS_SAMPLES)
    top.connect(*chain, blocks.null_sink(2 if format == "cu8" else 8))
    process = timed(top)
    return process, process


def run_stock(taps: np.ndarray) -> tuple[float, float]:
    """Channelizer, power and its square, both added up per channel; seconds in the work() of all."""
    top = gr.top_block()
    split = blocks.stream_to_streams(gr.sizeof_gr_complex, CHANNELS)
    bank = filter.pfb_channelizer_ccf(CHANNELS, taps, 1.0)
    join = blocks.streams_to_vector(gr.sizeof_gr_complex, CHANNELS)
    power, square = blocks.complex_to_mag_squared(CHANNELS), blocks.multiply_ff(CHANNELS)
    sums = [blocks.integrate_ff(1000, CHANNELS) for _ in range(2)]
    top.connect(*source_of("cf32_le", STOCK_SAMPLES), split)
    for k in range(CHANNELS):
        top.connect((split, k), (bank, k))
        top.connect((bank, k), (join, k))
    top.connect(join, power, sums[0], blocks.null_sink(4 * CHANNELS))
    top.connect(power, (square, 0))
    top.connect(power, (square, 1))
    top.connect(square, sums[1], blocks.null_sink(4 * CHANNELS))
    process = timed(top)
    work = sum(block.pc_work_time_total() for block in (split, bank, join, power, square, *sums))
    return work * 1e-9, process


def best_rates(runs: dict[str, tuple[int, Callable]]) -> dict[str, tuple[float, float]]:
    """MS/s in work() and of the process of each (samples, run), repeats interleaved."""
    best = {name: [np.inf, np.inf] for name in runs}
    for _ in range(REPEATS):
        for name, (_, run) in runs.items():
            best[name] = [min(pair) for pair in zip(best[name], run(), strict=True)]
    return {name: tuple(samples / s / 1e6 for s in best[name]) for name, (samples, _) in runs.items()}


def in_a_flowgraph(taps: np.ndarray) -> list[dict]:
    """The block from bytes and complex samples against the stock chain of the same run."""
    runs: dict[str, tuple[int, Callable]] = {"stock": (STOCK_SAMPLES, lambda: run_stock(taps))}
    for format in ("cu8", "cf32_le"):
        runs[format] = (OURS_SAMPLES, lambda format=format: run_ours(format))
        runs[f"{format} without"] = (OURS_SAMPLES, lambda format=format: run_ours(format, False))
        runs[f"{format} alone"] = (OURS_SAMPLES, lambda format=format: run_alone(format))
    rates = best_rates(runs)
    made = []
    for format, name in (("cu8", "uint8"), ("cf32_le", "complex64")):
        work, process = rates[format]
        what = (
            f"{DEPTH} taps, MS/s of CPU in work() against stream_to_streams + pfb_channelizer_ccf + power and "
            f"power^2 sums; whole process {process:.0f} against {rates['stock'][1]:.1f}, source and head alone "
            f"{rates[f'{format} alone'][1]:.0f}; without coherence {rates[f'{format} without'][0]:.0f}"
        )
        made.append(row(f"features of {name}, GNU Radio", work, rates["stock"][0], what))
    return made


def against_numpy(taps: np.ndarray) -> list[dict]:
    """The kernel against NumPy, one snapshot of 1 s."""
    made = []
    second = np.tile(SCENE, 3)[: int(RATE)]
    for format, samples in (("cu8", as_bytes(second)), ("cf32_le", second)):
        features = kernel.channelizer_features(RATE, format, CHANNELS, taps, int(RATE))
        rates = cpu_rates(
            int(RATE),
            {
                "ours": lambda f=features, x=samples: f.process(x),
                "numpy": lambda x=samples: plain.features(x, taps, CHANNELS),
            },
        )
        name = "uint8" if format == "cu8" else "complex64"
        what = f"{DEPTH} taps, kernel against NumPy einsum + SciPy FFT, MS/s of CPU"
        made.append(row(f"features of {name}, NumPy", rates["ours"], rates["numpy"], what))
    return made


def run() -> list[dict]:
    """Name, ours and baseline (MS/s of CPU time), ratio, conditions, one row per comparison."""
    taps = kernel.channelizer_prototype(CHANNELS, DEPTH)
    return [*in_a_flowgraph(taps), *against_numpy(taps)]
