# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of the channelizer: `sentinel bench channelizer`.

All rates are million input samples per second of CPU time, the best of a few repeats taken in turn,
so that a busy neighbour hits both sides. Kernels are timed by the process's CPU clock. Blocks run in
a flowgraph between a null source with head and a null sink and are timed by GNU Radio's performance
counters on the CPU clock of their thread: samples over time in their own work(). What the whole
process achieves, scheduler and source included, stands in the conditions.
"""

import time
from collections.abc import Callable

import numpy as np
from gnuradio import blocks, filter, gr, sentinel
from gnuradio.sentinel.core.channel_filter import channel_taps
from gnuradio.sentinel.core.channels import choose_fft_size

from .numpy_baselines import channelizer as plain

REPEATS = 5
FLOWGRAPH_SAMPLES = 12_000_000


def cpu_rates(samples: int, runs: dict[str, Callable]) -> dict[str, float]:
    """MS/s of CPU time of each run, repeats interleaved."""
    best = dict.fromkeys(runs, np.inf)
    for _ in range(REPEATS):
        for name, run in runs.items():
            begin = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - begin)
    return {name: samples / seconds / 1e6 for name, seconds in best.items()}


def row(name: str, ours: float, baseline: float, conditions: str) -> dict:
    return dict(name=name, ours=ours, baseline=baseline, ratio=ours / baseline, conditions=conditions)


def noise(count: int) -> np.ndarray:
    return sentinel.kernel.gaussian_noise(1).generate(count)


def make_bank(rate: float, decimation: int, size: int, taps: np.ndarray, frequencies) -> object:
    tunings = [sentinel.kernel.channelizer.tune(f, rate, size) for f in frequencies]
    return sentinel.kernel.channelizer(rate, decimation, size, taps, *zip(*tunings, strict=True))


def all_channels_against_numpy(rate: float, channels: int, taps: np.ndarray) -> dict:
    samples = noise(channels * 4000)
    bank = sentinel.kernel.channelizer(rate, channels, channels, taps, list(range(channels)))
    runs = {"ours": lambda: bank.push(samples)}
    for fold in (plain.fold_real, plain.fold_complex):
        runs[fold.__name__] = lambda fold=fold: plain.channelize_all(samples, taps, channels, channels, fold)
    rates = cpu_rates(len(samples), runs)
    baseline = max(rates[name] for name in rates if name != "ours")
    conditions = f"{len(taps)} taps, complex64, kernel against NumPy einsum + SciPy FFT, MS/s of CPU"
    return row(f"{rate:g} S/s to {channels} channels, NumPy", rates["ours"], baseline, conditions)


def one_channel_against_numpy(rate: float, decimation: int, frequency: float) -> dict:
    samples, taps = noise(decimation * 4000), channel_taps(rate, decimation)
    size = choose_fft_size(rate, decimation, [frequency])
    bank = make_bank(rate, decimation, size, taps, [frequency])
    rates = cpu_rates(
        len(samples),
        {
            "ours": lambda: bank.push(samples),
            "numpy": lambda: plain.channelize_one(samples, taps, decimation, frequency / rate),
        },
    )
    conditions = f"{len(taps)} taps, {size} bins, complex64, kernel against one BLAS product, MS/s of CPU"
    return row(f"{rate:g} S/s to 1 channel, NumPy", rates["ours"], rates["numpy"], conditions)


def many_free_channels(rate: float, decimation: int, count: int) -> dict:
    """Channels anywhere in the band: NumPy filters one after the other."""
    samples, taps = noise(decimation * 2000), channel_taps(rate, decimation)
    frequencies = np.random.default_rng(5).uniform(-0.45, 0.45, count) * rate
    size = choose_fft_size(rate, decimation, frequencies)
    bank = make_bank(rate, decimation, size, taps, frequencies)
    rates = cpu_rates(
        len(samples),
        {
            "ours": lambda: bank.push(samples),
            "numpy, one": lambda: plain.channelize_one(samples, taps, decimation, frequencies[0] / rate),
        },
    )
    conditions = (
        f"{len(taps)} taps, {size} bins, complex64, kernel against {count} BLAS products, MS/s of CPU"
    )
    name = f"{rate:g} S/s to {count} channels anywhere, NumPy"
    return row(name, rates["ours"], rates["numpy, one"] / count, conditions)


def run_graph(block, width: int) -> float:
    """Null source, head, the block, null sink; seconds in the block's work()."""
    top = gr.top_block()
    head = blocks.head(gr.sizeof_gr_complex, FLOWGRAPH_SAMPLES)
    sink = blocks.null_sink(gr.sizeof_gr_complex * width)
    top.connect(blocks.null_source(gr.sizeof_gr_complex), head, block, sink)
    top.run()
    return block.pc_work_time_total() * 1e-9


def run_pfb(channels: int, taps: np.ndarray) -> float:
    """The stock channelizer with the splitter it needs; seconds in the work() of both."""
    top = gr.top_block()
    head = blocks.head(gr.sizeof_gr_complex, FLOWGRAPH_SAMPLES)
    split = blocks.stream_to_streams(gr.sizeof_gr_complex, channels)
    bank, sink = filter.pfb_channelizer_ccf(channels, taps, 1.0), blocks.null_sink(gr.sizeof_gr_complex)
    top.connect(blocks.null_source(gr.sizeof_gr_complex), head, split)
    for i in range(channels):
        top.connect((split, i), (bank, i))
        top.connect((bank, i), (sink, i))
    top.run()
    return (split.pc_work_time_total() + bank.pc_work_time_total()) * 1e-9


def compare_blocks(name: str, what: str, ours: Callable[[], float], stock: Callable[[], float]) -> dict:
    work, process = dict(ours=np.inf, stock=np.inf), dict(ours=np.inf, stock=np.inf)
    for _ in range(REPEATS):
        for side, run in (("ours", ours), ("stock", stock)):
            begin = time.process_time()
            work[side] = min(work[side], run())
            process[side] = min(process[side], time.process_time() - begin)
    rates = {side: FLOWGRAPH_SAMPLES / work[side] / 1e6 for side in work}
    whole = {side: FLOWGRAPH_SAMPLES / process[side] / 1e6 for side in process}
    conditions = (
        f"{what}, VOLK's best kernels, MS/s of CPU in work(); "
        f"whole process {whole['ours']:.0f} against {whole['stock']:.0f}"
    )
    return row(name, rates["ours"], rates["stock"], conditions)


def all_channels_against_pfb(rate: float, channels: int, taps: np.ndarray) -> dict:
    frequencies = (np.arange(channels) * rate / channels + rate / 2) % rate - rate / 2
    return compare_blocks(
        f"{rate:g} S/s to {channels} channels, GNU Radio",
        f"{len(taps)} taps, block against stream_to_streams + pfb_channelizer_ccf",
        lambda: run_graph(sentinel.channelizer(rate, channels, channels, taps, frequencies), channels),
        lambda: run_pfb(channels, taps),
    )


def one_channel_against_xlating(rate: float, decimation: int, frequency: float) -> dict:
    taps = channel_taps(rate, decimation)
    size = choose_fft_size(rate, decimation, [frequency])
    complex_taps = taps.astype(complex)
    return compare_blocks(
        f"{rate:g} S/s to 1 channel, GNU Radio",
        f"{len(taps)} taps, {size} bins, block against freq_xlating_fir_filter_ccc",
        lambda: run_graph(sentinel.channelizer(rate, decimation, size, taps, [frequency]), 1),
        lambda: run_graph(filter.freq_xlating_fir_filter_ccc(decimation, complex_taps, frequency, rate), 1),
    )


def prototype_of(channels: int, per_branch: int = 8) -> np.ndarray:
    """Hann-windowed sinc, -6 dB at the channel edge, odd length."""
    n = np.arange(channels * per_branch + 1)
    taps = np.hanning(len(n)) * np.sinc(n / channels - per_branch / 2)
    return (taps / taps.sum()).astype(np.float32)


def run() -> list[dict]:
    """Name, ours and baseline (MS/s of CPU time), ratio, conditions, one row per comparison."""
    pulse_taps = channel_taps(768e3, 200)
    return [
        all_channels_against_numpy(768e3, 200, pulse_taps),
        all_channels_against_pfb(768e3, 200, pulse_taps),
        many_free_channels(768e3, 200, 200),
        one_channel_against_numpy(768e3, 200, 10e3),
        one_channel_against_xlating(768e3, 200, 10e3),
        one_channel_against_numpy(2.4e6, 625, 10e3),
        one_channel_against_xlating(2.4e6, 625, 10e3),
        all_channels_against_numpy(2.4e6, 64, prototype_of(64)),
        all_channels_against_pfb(2.4e6, 64, prototype_of(64)),
    ]
