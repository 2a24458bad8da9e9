# SPDX-License-Identifier: GPL-3.0-or-later
"""Real recordings without any tag: what is declared in them, and a burst of one put into another.

The recordings are 8-bit, 250 kS/s, of on/off-keyed remotes and sensors; see `RECORDINGS`. The project
does not contain them, so these tables are computed where a folder with them is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from gnuradio.sentinel import kernel

from ...core.canonical import Scalar
from ...core.channels import extract_channels
from ...core.errors import InputError
from ...core.evaluation import Cell
from ..detector import detect
from .bench import FREQUENCY_TOLERANCE_HZ, TIME_TOLERANCE_S, make_bench
from .robustness import REASONS

RATE = 250e3
RECORDINGS = "rtl_433_tests (433.92 MHz, cu8, 250 kS/s)"
SUFFIX = "_433.92M_250k.cu8"
TILED_S = 21.0
#: Channels of 3846 Hz are searched over 3231 Hz, so that these miss nothing of the band.
SWEEP_HZ = tuple(3000.0 * step for step in range(-40, 41))
#: Away from the recordings' own lengths (0.524, 0.786, 1.049, 1.311, 1.573 s, ...), at which what is tiled
#: really repeats.
TRAFFIC_INTERVALS_S = (2.0, 1.4, 0.9)

#: Bursts: recording, start (s), length (s), pulse width searched (s). The first three are unbroken and have
#: one main line; the last two are keyed or chirp within the burst, and no single frequency is theirs.
BURSTS = {
    "chuango": ("chuango_01_gfile003", 0.289, 0.0124, 0.015),
    "silvercrest": ("silvercrest_01_gfile001", 0.307, 0.015, 0.015),
    "cardin": ("cardin_01_S466-TX2_01", 0.213, 0.0095, 0.0095),
    "X10": ("x10_01_record-x10-b1-on-001", 0.1412, 0.0094, 0.0094),
    "TFA-Twin-Plus": ("TFA-Twin-Plus-30.3049_01_gfile001", 0.239, 0.0156, 0.015),
}
BACKGROUNDS = (
    "PT2262_01_gfile002",
    "auriol_01_gfile001",
    "GT-WT-02_01_gfile003",
    "door_bell_01_gfile003",
)
BURST_EN0_DB = 15.0
BURST_INTERVAL_S = 2.0
BURST_SEARCHED_S = (2.0, 1.7, 2.3)
_FIRST_BURST_S = 0.613


@lru_cache(maxsize=4)
def read_samples(folder: str, stem: str) -> np.ndarray:
    """Samples of one recording, complex64."""
    native = np.fromfile(Path(folder) / (stem + SUFFIX), np.uint8)
    return kernel.convert_samples(native, "cu8")[0]


def tiled(samples: np.ndarray) -> np.ndarray:
    """The recording again and again, `TILED_S` long."""
    return np.resize(samples, round(TILED_S * RATE))


def traffic_places(folder: str) -> Iterator[dict[str, Scalar]]:
    """Keys of the table of real traffic."""
    for path in sorted(Path(folder).glob("*" + SUFFIX)):
        for interval_s in TRAFFIC_INTERVALS_S:
            yield {"recording": path.name.removesuffix(SUFFIX), "interval_s": interval_s}


def measure_traffic(cell: Cell, folder: str) -> dict[str, int]:
    """Search a tiled recording in a channel at its centre and in a sweep of channels over the band.

    Returns
    -------
    dict
        `too_short`: whether the recording itself is refused as shorter than a cycle; `cycles` searched;
        `plain`: with a train above the threshold; `declared` and `declared_centre`: cycles with a
        declaration, in all channels and in the centre; `refused_REASON`; `hits`: 1 if anything was declared.
    """
    interval_s = float(cell.key["interval_s"])
    samples = read_samples(folder, str(cell.key["recording"]))
    bench = make_bench(sample_rate=RATE, interval_s=interval_s)
    group = bench.group
    channels = extract_channels(tiled(samples), RATE, group.decimation, SWEEP_HZ)
    names = ("cycles", "plain", "declared", "declared_centre", *(f"refused_{reason}" for reason in REASONS))
    counts = dict.fromkeys(names, 0)
    for offset_hz, channel in zip(SWEEP_HZ, channels.T, strict=True):
        for first in range(0, len(channel) - bench.cycle_samples + 1, bench.cycle_samples):
            trains = bench.trains(np.ascontiguousarray(channel[first : first + bench.cycle_samples]))
            declared = any(train.reason.name == "pulses" for train in trains)
            counts["cycles"] += 1
            counts["plain"] += bool(trains)
            counts["declared"] += declared
            counts["declared_centre"] += declared and offset_hz == 0.0
            if trains and trains[0].reason.name in REASONS:
                counts[f"refused_{trains[0].reason.name}"] += 1
    counts["too_short"] = int(is_refused_as_short(samples, interval_s))
    counts["hits"] = int(counts["declared"] > 0)
    return counts


def is_refused_as_short(samples: np.ndarray, interval_s: float) -> bool:
    """Whether the detector refuses samples as shorter than one cycle, and says how long that is."""
    try:
        detect(samples, RATE, interval_s=interval_s)
    except InputError as error:
        return "shorter than one cycle" in str(error) and " need " in str(error)
    return False


def burst_places() -> Iterator[dict[str, Scalar]]:
    """Keys of the table of inserted bursts."""
    for burst in BURSTS:
        for background in BACKGROUNDS:
            for interval_s in BURST_SEARCHED_S:
                yield {"burst": burst, "background": background, "interval_s": interval_s}


def burst_carrier_hz(burst: np.ndarray) -> float:
    """Frequency of a burst's strongest line, Hz."""
    spectrum = np.abs(np.fft.fft(burst, 8 * len(burst)))
    return float(np.fft.fftfreq(len(spectrum), 1 / RATE)[np.argmax(spectrum)])


def insert_burst(background: np.ndarray, burst: np.ndarray, offset_hz: float, width_s: float) -> np.ndarray:
    """Background with the burst every `BURST_INTERVAL_S` from `_FIRST_BURST_S` on.

    The burst is scaled so that what a matched filter of `width_s` collects of it is `BURST_EN0_DB` over
    the noise density of the background in the channel at `offset_hz`.
    """
    bench = make_bench(sample_rate=RATE, interval_s=BURST_INTERVAL_S, width_s=width_s)
    group = bench.group

    def cells(samples: np.ndarray) -> np.ndarray:
        channel = extract_channels(samples, RATE, group.decimation, [offset_hz])[:, 0]
        return bench.stft(np.ascontiguousarray(channel), 1 if len(samples) < RATE else group.hop)

    alone = np.zeros(round(0.1 * RATE), np.complex64)
    alone[len(alone) // 2 : len(alone) // 2 + len(burst)] = burst
    collected = float(np.max(np.abs(cells(alone)) ** 2))
    bench.search.maximum(np.ascontiguousarray(cells(background)[: bench.geometry.cycle_windows]))
    gain = np.sqrt(10 ** (BURST_EN0_DB / 10) * bench.search.noise / collected)
    mixed = background.copy()
    for start_s in np.arange(_FIRST_BURST_S, TILED_S, BURST_INTERVAL_S):
        first = round(start_s * RATE)
        piece = burst[: len(mixed) - first]
        mixed[first : first + len(piece)] += (gain * piece).astype(np.complex64)
    return mixed


def measure_burst(cell: Cell, folder: str) -> dict[str, int]:
    """Search for an inserted burst at its own interval or another.

    Returns
    -------
    dict
        `cycles`; `declared` events; `hits`: those at the burst's frequency and time.
    """
    stem, start_s, length_s, width_s = BURSTS[str(cell.key["burst"])]
    first = round(start_s * RATE)
    burst = read_samples(folder, stem)[first : first + round(length_s * RATE)]
    carrier_hz = burst_carrier_hz(burst)
    # Off the channel's centre, where a receiver's own spur would be.
    offset_hz = round(carrier_hz) - 700.0
    background = tiled(read_samples(folder, str(cell.key["background"])))
    mixed = insert_burst(background, burst, offset_hz, width_s)
    found = detect(
        mixed,
        RATE,
        interval_s=float(cell.key["interval_s"]),
        pulse_width_s=width_s,
        offset_hz=offset_hz,
    )
    correct = 0
    for event in found.events:
        since_s = event.sample_start / RATE - _FIRST_BURST_S
        time_error_s = since_s - BURST_INTERVAL_S * round(since_s / BURST_INTERVAL_S)
        correct += (
            abs(event.offset_hz - carrier_hz) <= FREQUENCY_TOLERANCE_HZ
            and abs(time_error_s) <= TIME_TOLERANCE_S
        )
    return {"cycles": len(found.decisions), "declared": len(found.events), "hits": correct}
