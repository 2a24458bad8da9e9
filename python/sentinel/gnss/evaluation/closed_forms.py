# SPDX-License-Identifier: GPL-3.0-or-later
"""Measured features of signals whose moments are known: one second each, through 8-bit samples as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import kernel
from ...core.evaluation import Cell, ResultStore, cell_generator, markdown_table
from ...core.quantise import quantise
from ..features import measure
from .counts import Places

TABLE = "gnss_closed_forms"
RATE, CHANNELS, SECOND = 2.56e6, 64, 2_560_000
TRIALS = 5
#: Rms of the noise, of full scale.
_NOISE = 0.05
_CHANNEL = 10
#: J/N dB of a carrier at a channel's centre: rise dB, K, entropy bits, for 1 tap (Hann) and for 8.
CARRIER = {
    -30: {1: (0.18, 1.998, 6.000), 8: (0.30, 1.996, 6.000)},
    -20: {1: (1.54, 1.911, 5.998), 8: (2.34, 1.826, 5.995)},
    -10: {1: (7.22, 1.344, 5.897), 8: (9.11, 1.230, 5.806)},
    0: {1: (16.40, 1.045, 4.495), 8: (18.60, 1.027, 3.776)},
    10: {1: (26.31, 1.005, 2.085), 8: (28.55, 1.003, 0.889)},
}
_JN_DB = (-20.0, -10.0, 0.0)


@dataclass(frozen=True)
class Known:
    """A signal whose own kurtosis in a channel is known.

    Attributes
    ----------
    text : str
    kurtosis : float
        Of the signal alone, E|s|^4 / (E|s|^2)^2.
    """

    text: str
    kurtosis: float


#: Gates of 50 ms: the filter's 0.2 ms of edge change nothing.
SIGNALS = {
    "cw": Known("CW", 1.0),
    "two tones": Known("2 equal tones, 2 - 1/N", 1.5),
    "four tones": Known("4 equal tones, 2 - 1/N", 1.75),
    "am": Known("AM, depth 0.8", 1.764),
    "fm": Known("FM, 1 kHz deviation", 1.0),
    "gated cw": Known("CW gated, duty 1/4: 1/d", 4.0),
    "gated noise": Known("noise gated, duty 1/4: 2/d", 8.0),
}


def mixed_kurtosis(signal: float, ratio: float) -> float:
    """K of a signal at a power ratio to noise in its channel, (Ks r^2 + 4 r + 2) / (1 + r)^2."""
    return (signal * ratio**2 + 4 * ratio + 2) / (1 + ratio) ** 2


def cells(scale: float = 1.0) -> list[Cell]:
    """All cells: noise, carriers by J/N and taps, signals of known kurtosis."""
    trials = max(1, round(TRIALS * scale))
    keys: list[dict] = [{"signal": "noise", "taps": taps, "format": "cu8"} for taps in (1, 8)]
    keys += [{"signal": "noise", "taps": 8, "format": "cf32_le"}]
    keys += [{"signal": "carrier", "taps": taps, "jn_db": jn} for jn in CARRIER for taps in (1, 8)]
    keys += [{"signal": name, "jn_db": jn} for name in SIGNALS for jn in _JN_DB]
    return [Cell({"table": TABLE, **key}, trials, 1) for key in keys]


def measure_closed_forms(cell: Cell) -> dict[str, Any]:
    """Sums over the trials of rise (dB), K and entropy of one signal, and what is expected of K.

    Of noise also the worst channel of each trial, in deviations of K.
    """
    rng = cell_generator(cell)
    name = str(cell.key["signal"])
    taps = int(cell.key.get("taps", 8))
    sums: dict[str, Any] = {}
    for _ in range(cell.trials):
        noise = (_NOISE * kernel.gaussian_noise(int(rng.integers(1 << 63))).generate(SECOND)).astype(
            np.complex64
        )
        if name == "noise":
            row = _noise(noise, taps, str(cell.key["format"]))
        else:
            row = _mixture(noise, name, taps, float(cell.key["jn_db"]), rng)
        sums = {key: sums[key] + value if key in sums else value for key, value in row.items()}
    return sums


def _noise(noise: np.ndarray, taps: int, datatype: str) -> dict[str, Any]:
    found = measure(noise if datatype == "cf32_le" else quantise(noise, datatype), taps_per_channel=taps)
    rows = float(found.rows[0])
    power = found.power[0] / found.power[0].mean()
    worst = float(np.abs(found.kurtosis[0] - 2 * rows / (rows + 1)).max() * np.sqrt(rows) / 2)
    return {
        "kurtosis": float(found.kurtosis[0].mean()),
        "kurtosis_sd": float(found.kurtosis[0].std() * np.sqrt(rows) / 2),
        "power_sd": float(power.std() * np.sqrt(rows)),
        "worst": [worst],
        "entropy": float(found.entropy[0]),
    }


def _mixture(noise: np.ndarray, name: str, taps: int, jn_db: float, rng: np.random.Generator) -> dict:
    signal = _signal("cw" if name == "carrier" else name, rng)
    scale = np.sqrt(10 ** (jn_db / 10) * np.vdot(noise, noise).real / np.vdot(signal, signal).real)
    signal = (scale * signal).astype(np.complex64)
    place = CHANNELS // 2 + _CHANNEL
    mixed, floor = measure(noise + signal, taps_per_channel=taps), measure(noise, taps_per_channel=taps)
    alone = measure(signal, taps_per_channel=taps)
    ratio = float(alone.power[0, place] / floor.power[0, place])
    own = 1.0 if name == "carrier" else SIGNALS[name].kurtosis
    return {
        "rise_db": float(10 * np.log10(mixed.power[0, place] / floor.power[0, place])),
        "kurtosis": float(mixed.kurtosis[0, place]),
        "expected": mixed_kurtosis(own, ratio),
        "entropy": float(mixed.entropy[0]),
    }


def _signal(name: str, rng: np.random.Generator) -> np.ndarray:
    """One second of a signal around the centre of a channel, any level."""
    time = np.arange(SECOND) / RATE
    carrier = np.exp(2j * np.pi * (_CHANNEL * RATE / CHANNELS * time + rng.random()))
    if name in ("two tones", "four tones"):
        # Whole numbers of turns in a second that never line up.
        offsets = (-1500, 2100) if name == "two tones" else (-2900, -700, 1300, 3700)
        return carrier * sum(np.exp(2j * np.pi * (f * time + rng.random())) for f in offsets)
    if name == "am":
        return carrier * (1 + 0.8 * np.cos(2 * np.pi * 400 * time))
    if name == "fm":
        return carrier * np.exp(1j * 1000 / 400 * np.sin(2 * np.pi * 400 * time))
    gate = (time % 0.2) < 0.05
    if name == "gated cw":
        return carrier * gate
    if name == "gated noise":
        # In all channels alike: any narrower noise would not be Gaussian and stationary behind the filter.
        return kernel.gaussian_noise(int(rng.integers(1 << 63))).generate(SECOND) * gate
    return carrier


def section(store: ResultStore) -> str:
    """Measured beside expected, Markdown."""
    found = Places(store)
    parts = [_noise_table(found), _carrier_table(found), _kurtosis_table(found)]
    return "\n".join(parts) if all(parts) else "Not measured on this machine.\n"


def closed_form_targets(store: ResultStore) -> list[list[str]]:
    """Rows of measured against asked for."""
    rows = []
    for datatype, level in (("cf32_le", "must"), ("cu8", "strong")):
        mean = _mean(Places(store), signal="noise", taps=8, format=datatype)
        if mean:
            row = [f"K of noise, worst of 64 channels and {TRIALS} s, {datatype}", f"{mean['worst']:.2f} sd"]
            wanted = ["5 sd" if level == name else "" for name in ("must", "strong", "stretch")]
            rows.append([*row, *wanted, level if mean["worst"] <= 5 else "missed"])
    return rows


def _mean(found: Places, **key: object) -> dict[str, float] | None:
    total = found.total({"table": TABLE, **key})
    if total is None:
        return None
    return {n: max(v) if isinstance(v, list) else v / total["trials"] for n, v in total.items()}


def _noise_table(found: Places) -> str:
    rows = []
    for taps, datatype in ((1, "cu8"), (8, "cu8"), (8, "cf32_le")):
        mean = _mean(found, signal="noise", taps=taps, format=datatype)
        if mean:
            values = (mean["kurtosis"], mean["kurtosis_sd"], mean["power_sd"], mean["worst"])
            rows.append([taps, datatype, *(f"{v:.3f}" for v in values), f"{mean['entropy']:.5f}"])
    header = ["taps a channel", "samples", "mean K (2)", "scatter of K / (2 / √M) (1)"]
    header += ["scatter of power / (1 / √M) (1)", "worst channel, deviations", "entropy, bits (6)"]
    return markdown_table(header, rows) if rows else ""


def _carrier_table(found: Places) -> str:
    rows = []
    for jn, by_taps in CARRIER.items():
        for taps, (rise, kurtosis, bits) in by_taps.items():
            mean = _mean(found, signal="carrier", taps=taps, jn_db=jn)
            if mean:
                rows.append([f"{jn:+d}", taps, f"{mean['rise_db']:.2f}", f"{rise:.2f}"])
                rows[-1] += [f"{mean['kurtosis']:.3f}", f"{kurtosis:.3f}", f"{mean['entropy']:.3f}"]
                rows[-1].append(f"{bits:.3f}")
    header = ["J/N of a carrier, dB", "taps", "rise, dB", "closed form", "K", "closed form"]
    return markdown_table([*header, "entropy, bits", "closed form"], rows) if rows else ""


def _kurtosis_table(found: Places) -> str:
    rows = []
    for name, known in SIGNALS.items():
        cells = []
        for jn in _JN_DB:
            mean = _mean(found, signal=name, jn_db=jn)
            cells.append(f"{mean['kurtosis']:.3f} / {mean['expected']:.3f}" if mean else "")
        if any(cells):
            rows.append([known.text, f"{known.kurtosis:g}", *cells])
    header = ["signal in one channel", "its own K", *(f"J/N {jn:+g} dB: K / closed form" for jn in _JN_DB)]
    return markdown_table(header, rows) if rows else ""
