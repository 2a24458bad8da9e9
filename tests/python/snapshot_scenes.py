# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots drawn from the closed forms of noise and interference, without a single sample.

A scene is a list of parts; each is so many snapshots of one receiver with at most one signal. Channel by
channel the moments are those of noise and signal together, and scatter as the mean of so many rows does.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from gnuradio.sentinel.gnss.snapshots import RECORD_SCALARS, Snapshots

#: White noise behind the prototype of 8 taps per channel; `test_gnss_baseline` holds it against the kernel.
WHITE_COHERENCE = 0.10217749


@dataclass(frozen=True)
class Signal:
    """Power over the noise's, own kurtosis and own coherence in each channel; `duty` of wideband pulses."""

    ratio: np.ndarray
    kurtosis: np.ndarray
    coherence: np.ndarray
    duty: float = 1.0


def carrier(jn_db, channel=40, turn=0.1, channels=64):
    """A carrier in one channel; `turn` is its phase from row to row."""
    ratio = np.zeros(channels)
    ratio[channel] = channels * 10 ** (jn_db / 10)
    return Signal(ratio, np.ones(channels), np.full(channels, np.exp(2j * np.pi * turn)))


def comb(jn_db, channels=64, kurtosis=1.0, modulus=1.0):
    """A fast coherent chirp: a line in each channel (kurtosis 1), or a few incoherent sweeps (below 2)."""
    turns = np.random.default_rng(3).uniform(0, 1, channels)
    return Signal(
        np.full(channels, 10 ** (jn_db / 10)),
        np.full(channels, float(kurtosis)),
        modulus * np.exp(2j * np.pi * turns),
    )


def wide_noise(jn_db, channels=64):
    """White noise."""
    white = np.full(channels, WHITE_COHERENCE)
    return Signal(np.full(channels, 10 ** (jn_db / 10)), np.full(channels, 2.0), white)


def pulses(jn_db, duty=0.1, channels=64):
    """White noise that is on for part of the time."""
    return replace(wide_noise(jn_db, channels), kurtosis=np.full(channels, 2.0 / duty), duty=duty)


@dataclass(frozen=True)
class Part:
    """`count` snapshots alike.

    Attributes
    ----------
    signal : Signal or None
    gain_db : float
        True gain.
    told : bool
        Whether the source says it.
    ramp_db : float
        Change of the signal's power from one snapshot to the next.
    drift_db : float
        The same of the whole level, not told.
    row_excess : float
        Further variance of the power of rows, as a step inside a snapshot makes.
    """

    count: int
    signal: Signal | None = None
    gain_db: float = 20.0
    told: bool = True
    ramp_db: float = 0.0
    drift_db: float = 0.0
    row_excess: float = 0.0
    filled_share: float = 0.0
    saturated_share: float = 0.0


@dataclass(frozen=True)
class Antenna:
    """The receiver of a scene.

    Attributes
    ----------
    passband_db : float
        Ripple of its passband.
    birdies : dict of int to float
        Ratio of weak carriers of its making, by channel.
    """

    channels: int = 64
    rows: int = 39_993
    passband_db: float = 1.5
    birdies: dict[int, float] = field(default_factory=dict)
    seed: int = 1
    start_s: float = 1_782_907_200.0
    snapshot_s: float = 1.0

    @property
    def noise(self):
        """Power of noise in each channel at a gain of 20 dB, 8 LSB in all."""
        place = np.arange(self.channels) / self.channels
        shape = 10 ** (self.passband_db * np.sin(5 * np.pi * place) / 10)
        return 2 * (8 / 127.5) ** 2 * shape / shape.sum()


def scene(parts, antenna=None):
    """Snapshots of all parts one after the other."""
    antenna = antenna or Antenna()
    rng = np.random.default_rng(antenna.seed)
    records, level_db = [], 0.0
    for part in parts:
        for step in range(part.count):
            level_db += part.drift_db
            records.append(_record(rng, antenna, part, step * part.ramp_db, level_db))
    samples = round(antenna.rows / 39_993 * 2.56e6 * antenna.channels / 64)
    starts = samples * np.arange(len(records))
    return Snapshots.from_records(
        np.array(records),
        starts,
        np.full(len(records), samples),
        sample_rate=samples / antenna.snapshot_s,
        snapshot_samples=samples,
        center_freq=1575.42e6,
        time_s=antenna.start_s + antenna.snapshot_s * np.arange(len(records)),
    )


def _record(rng, antenna, part, ramp_db, level_db):
    channels, rows = antenna.channels, round(antenna.rows * (1 - part.filled_share))
    if rows == 0:
        return _empty(channels, part)
    ratio, own, coherent = np.zeros(channels), np.full(channels, 2.0), np.zeros(channels, complex)
    if part.signal is not None:
        ratio = part.signal.ratio * 10 ** (ramp_db / 10)
        own, coherent = part.signal.kurtosis, part.signal.coherence
    for channel, strength in antenna.birdies.items():
        ratio = ratio.copy()
        ratio[channel] += strength
        own, coherent = own.copy(), coherent.astype(complex)
        own[channel], coherent[channel] = 1.0, 1.0
    power = antenna.noise * 10 ** ((part.gain_db - 20 + level_db) / 10) * (1 + ratio)
    kurtosis = (own * ratio**2 + 4 * ratio + 2) / (1 + ratio) ** 2
    coherence = (coherent * ratio + WHITE_COHERENCE) / (1 + ratio)
    share = power / power.sum()
    duty = 1.0 if part.signal is None else part.signal.duty
    # Channels vary each for itself, but for what is switched: that moves them together.
    apart = (share**2 * (kurtosis - 1)).sum() if duty == 1 else (share**2).sum()
    together = (share * ratio / (1 + ratio)).sum() ** 2 * (1 / duty - 1)
    excess = (apart + together) * (1 + part.row_excess + rng.normal(0, np.sqrt(2 / rows)))
    scatter = rng.normal(0, 1, (4, channels)) / np.sqrt(rows)
    noise_share = 1 / (1 + ratio)
    coherence = coherence + noise_share * (scatter[2] + 1j * scatter[3]) / np.sqrt(2)
    kurtosis = kurtosis * (1 + scatter[1] * np.where(own < 2, noise_share, 1))
    power = power * (1 + scatter[0] * np.sqrt(np.maximum(kurtosis - 1, 0)))
    share = power / power.sum()
    scalars = dict.fromkeys(RECORD_SCALARS, 0.0) | {
        "entropy": -(share * np.log2(share)).sum(),
        "row_kurtosis": 1 + excess,
        "rows": rows,
        "saturated_share": part.saturated_share,
        "filled_share": part.filled_share,
        "gain_db": part.gain_db if part.told else np.nan,
    }
    return [*power, *kurtosis, *coherence.real, *coherence.imag, *scalars.values()]


def _empty(channels, part):
    """The record of a snapshot without a row, as the kernel gives it."""
    scalars = dict.fromkeys(RECORD_SCALARS, np.nan) | {"rows": 0, "lost_samples": 0, "dc_i": 0, "dc_q": 0}
    scalars |= {"filled_share": part.filled_share, "gain_db": part.gain_db if part.told else np.nan}
    return [*np.zeros(channels), *np.full(3 * channels, np.nan), *scalars.values()]


def changed(snapshots, **fields):
    """Snapshots with some of their arrays replaced."""
    return replace(snapshots, **fields)


def judge_all(detector, snapshots, threshold):
    """Judgements of all snapshots, settled by the threshold; and which were found."""
    judged = []
    for index in range(len(snapshots)):
        judgement = detector.judge(snapshots, index)
        detector.settle(not judgement.score >= threshold)
        judged.append(judgement)
    return judged, np.array([one.score >= threshold for one in judged])
