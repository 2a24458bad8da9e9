# SPDX-License-Identifier: GPL-3.0-or-later
"""Features of consecutive snapshots as arrays: what everything behind the feature block works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

#: Scalars at the end of a record of Channelizer Features, in order; see `Snapshots` for their meaning.
RECORD_SCALARS = (
    "entropy",
    "row_kurtosis",
    "rows",
    "saturated_share",
    "filled_share",
    "lost_samples",
    "gain_db",
    "dc_i",
    "dc_q",
)


def record_length(channels: int) -> int:
    """Floats in one record: power, kurtosis, real and imaginary coherence of each channel, then scalars."""
    return 4 * channels + len(RECORD_SCALARS)


@dataclass(frozen=True)
class Snapshots:
    """T snapshots of N channels, in order of time.

    Channels are in ascending frequency, DC at index N / 2; channel k is centred at
    (k - N / 2) sample_rate / N from the centre.

    Attributes
    ----------
    sample_rate : float
        Hz, of the input.
    center_freq : float or None
        Hz.
    snapshot_samples : int
        Samples of a full snapshot.
    sample_start, sample_count : int64, shape (T,)
        Place on the input's own timeline; only the last of a segment is shorter than `snapshot_samples`.
    time_s : float64, shape (T,)
        POSIX time of the first sample, NaN where the source has no clock.
    power : float32, shape (T, N)
        P = mean |y|^2; full scale 1, unit white noise leaves 1 / N.
    kurtosis : float32, shape (T, N)
        K = mean |y|^4 / (mean |y|^2)^2: 2 for circular Gaussian noise, 1 for constant modulus.
    coherence : complex64, shape (T, N)
        mean(y[m] conj(y[m - 1])) / P: modulus 1 for a carrier, its phase the carrier's place in the channel.
    entropy : float32, shape (T,)
        H = -sum q log2 q bits, q = P / sum P.
    row_kurtosis : float32, shape (T,)
        mean S^2 / (mean S)^2 of the power S of a row over all channels: 1 + 1 / N for noise, more for pulses.
    rows : float32, shape (T,)
        Outputs of the channelizer that entered the means; 0 leaves power at 0 and the ratios at NaN.
    saturated_share, filled_share : float32, shape (T,)
        Of the samples; saturated is NaN where the native type does not show it.
    lost_samples : float32, shape (T,)
        Samples lost within the snapshot.
    gain_db : float32, shape (T,)
        Of the receiver as its source tells, NaN where not known.
    dc_i, dc_q : float32, shape (T,)
        Mean of the offset removed.
    """

    sample_rate: float
    center_freq: float | None
    snapshot_samples: int
    sample_start: np.ndarray
    sample_count: np.ndarray
    time_s: np.ndarray
    power: np.ndarray
    kurtosis: np.ndarray
    coherence: np.ndarray
    entropy: np.ndarray
    row_kurtosis: np.ndarray
    rows: np.ndarray
    saturated_share: np.ndarray
    filled_share: np.ndarray
    lost_samples: np.ndarray
    gain_db: np.ndarray
    dc_i: np.ndarray
    dc_q: np.ndarray

    def __len__(self) -> int:
        return len(self.sample_start)

    @property
    def channels(self) -> int:
        """N."""
        return self.power.shape[1]

    def __getitem__(self, place: slice | np.ndarray) -> Snapshots:
        """Some of the snapshots: a slice, a mask or indices."""
        return replace(self, **{name: getattr(self, name)[place] for name in _ARRAYS})

    @classmethod
    def from_records(
        cls,
        records: np.ndarray,
        sample_start: Sequence[int],
        sample_count: Sequence[int],
        *,
        sample_rate: float,
        snapshot_samples: int,
        center_freq: float | None = None,
        time_s: Sequence[float] | None = None,
    ) -> Snapshots:
        """Snapshots of records, shape (T, record_length(N)), as Channelizer Features gives them.

        Raises
        ------
        ValueError
            If the records have another length.
        """
        records = np.atleast_2d(np.asarray(records, np.float32))
        channels, rest = divmod(records.shape[1] - len(RECORD_SCALARS), 4)
        if rest or channels < 2:
            raise ValueError(f"records of {records.shape[1]} floats are not those of any number of channels")
        parts = [records[:, i * channels : (i + 1) * channels] for i in range(4)]
        scalars = {name: records[:, 4 * channels + i] for i, name in enumerate(RECORD_SCALARS)}
        count = len(records)
        return cls(
            sample_rate=float(sample_rate),
            center_freq=center_freq,
            snapshot_samples=int(snapshot_samples),
            sample_start=np.asarray(sample_start, np.int64).reshape(count),
            sample_count=np.asarray(sample_count, np.int64).reshape(count),
            time_s=np.full(count, np.nan) if time_s is None else np.asarray(time_s, float).reshape(count),
            power=parts[0],
            kurtosis=parts[1],
            coherence=(parts[2] + 1j * parts[3]).astype(np.complex64),
            **scalars,
        )


#: Names of the fields with one row per snapshot.
_ARRAYS = tuple(
    field.name
    for field in fields(Snapshots)
    if field.name not in ("sample_rate", "center_freq", "snapshot_samples")
)


def join(parts: Sequence[Snapshots]) -> Snapshots:
    """Snapshots one after the other; rate, centre and length are those of the first.

    Raises
    ------
    ValueError
        For no parts, or parts of different numbers of channels or sample rates.
    """
    if not parts:
        raise ValueError("there are no snapshots to join")
    if len({(part.channels, part.sample_rate) for part in parts}) > 1:
        raise ValueError("snapshots of different numbers of channels or sample rates cannot be joined")
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
    return replace(parts[0], **arrays)
