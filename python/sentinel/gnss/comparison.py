# SPDX-License-Identifier: GPL-3.0-or-later
"""One snapshot against what its receiver shows when nothing is there, in units of its own scatter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .snapshots import Snapshots

#: Decibels per unit of a natural logarithm of power.
DB = 10 / np.log(10)


@dataclass(frozen=True)
class Look:
    """What one snapshot shows, as the comparison needs it.

    Attributes
    ----------
    level_db : float
        Median over the channels of the power, dB: a carrier does not move it.
    shape_db : ndarray, shape (N,)
        Power of each channel over `level_db`.
    kurtosis, coherence : ndarray, shape (N,)
    row_excess : float
        (R - 1) / sum q^2 - 1 with R the row kurtosis and q the shares of the channels: 0 for noise of any
        spectrum, above for pulses.
    gain_db : float
        NaN where not known.
    rows : float
        Rows in the means.
    """

    level_db: float
    shape_db: np.ndarray
    kurtosis: np.ndarray
    coherence: np.ndarray
    row_excess: float
    gain_db: float
    rows: float


def look(snapshots: Snapshots, index: int) -> Look:
    """The view of one snapshot that has rows and power in every channel; see `judgeable`."""
    power = snapshots.power[index].astype(float)
    concentration = float(np.sum((power / power.sum()) ** 2))
    power_db = DB * np.log(np.maximum(power, 1e-30))
    level_db = float(np.median(power_db))
    return Look(
        level_db=level_db,
        shape_db=power_db - level_db,
        kurtosis=snapshots.kurtosis[index].astype(float),
        coherence=snapshots.coherence[index].astype(complex),
        row_excess=float((snapshots.row_kurtosis[index] - 1) / concentration - 1),
        gain_db=float(snapshots.gain_db[index]),
        rows=float(snapshots.rows[index]),
    )


def judgeable(snapshots: Snapshots, index: int, least_share: float = 0.25) -> bool:
    """Whether a snapshot holds enough to be judged: rows for a share of a full one, finite values, power."""
    full = snapshots.snapshot_samples / snapshots.channels
    row = snapshots.power[index]
    return bool(
        snapshots.rows[index] >= max(16.0, least_share * full)
        and np.isfinite(row).all()
        and np.isfinite(snapshots.kurtosis[index]).all()
        and np.isfinite(snapshots.coherence[index]).all()
        and np.isfinite(snapshots.row_kurtosis[index])
        and row.max() > 0
    )


@dataclass(frozen=True)
class Comparison:
    """Departures of one snapshot from the reference, of unit variance on stationary noise but for the rise.

    Attributes
    ----------
    shape, kurtosis : ndarray, shape (N,)
        Of power (relative to the level) and of kurtosis (relative to its median over the channels).
    coherence : ndarray, shape (N,), complex
        E|c|^2 = 1.
    common_kurtosis : float
        Median departure of the kurtosis over all channels: wideband pulses, or a step of the gain.
    row_kurtosis : float
        Departure of the row excess; the same two causes, far more sensitive.
    rise_db : float
        Level above the reference with the known gain taken off, dB.
    rise_sigma_db : float
        How far the level of this receiver is expected to be off by itself, dB.
    excess : ndarray, shape (N,)
        Power over the reference's at the reference's level, minus 1: the ratio r of what came on top.
    rows : float
    reference_share : float
        Part of the variance that is the error of the reference: the same in snapshot after snapshot.
    """

    shape: np.ndarray
    kurtosis: np.ndarray
    coherence: np.ndarray
    common_kurtosis: float
    row_kurtosis: float
    rise_db: float
    rise_sigma_db: float
    excess: np.ndarray
    rows: float
    reference_share: float = 0.0
