# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples to snapshots: thin calls of the kernel `channelizer_features`."""

from __future__ import annotations

import math

import numpy as np

from .. import kernel
from ..core.errors import InputError
from .record_reader import RecordReader
from .snapshots import Snapshots

__all__ = ["DTYPES", "RecordReader", "measure", "native_format", "snapshot_length"]

#: Array type of the samples of each format.
DTYPES = {"cu8": np.uint8, "ci8": np.int8, "cu16_le": np.uint16, "ci16_le": np.int16, "cf32_le": np.complex64}
_FORMATS = {np.dtype(dtype): name for name, dtype in DTYPES.items()}


def native_format(samples: np.ndarray) -> str:
    """Format of samples by their array type: complex64, or interleaved integers of 8 or 16 bit.

    Raises
    ------
    InputError
        For any other type.
    """
    try:
        return _FORMATS[samples.dtype]
    except KeyError:
        known = ", ".join(str(dtype) for dtype in _FORMATS)
        raise InputError(f"samples are {samples.dtype}; give one of {known}") from None


def snapshot_length(sample_rate: float, snapshot_s: float, channels: int) -> int:
    """Samples of a snapshot, at least one per channel.

    Raises
    ------
    InputError
        If the snapshot is too short for that.
    """
    samples = round(sample_rate * snapshot_s) if math.isfinite(sample_rate * snapshot_s) else 0
    if samples < channels:
        raise InputError(
            f"a snapshot of {snapshot_s:g} s at {sample_rate:g} S/s does not hold one sample for each of "
            f"{channels} channels: make it longer"
        )
    return samples


def measure(
    samples: np.ndarray,
    sample_rate: float = 2.56e6,
    *,
    format: str | None = None,
    channels: int = 64,
    taps_per_channel: int = 8,
    snapshot_s: float = 1.0,
    center_freq: float | None = None,
    start_time_s: float | None = None,
) -> Snapshots:
    """Snapshots of a whole recording; the last one is as short as the recording leaves it.

    Parameters
    ----------
    samples : complex64 (n,) or integers (2 n,)
        Interleaved I and Q as a receiver gave them, or complex samples of full scale 1.
    sample_rate : float
        Hz.
    format : str, optional
        cu8, ci8, cu16_le, ci16_le or cf32_le, where the array type is to be checked against it.
    snapshot_s : float
        Length of a snapshot, seconds.
    center_freq : float, optional
        Hz, for the record only.
    start_time_s : float, optional
        POSIX time of the first sample.

    Raises
    ------
    InputError
        For samples of another type, half a sample at the end, or settings that make no sense.
    """
    samples = np.ascontiguousarray(samples)
    if samples.dtype == np.complex128:
        samples = samples.astype(np.complex64)
    found = native_format(samples)
    if samples.ndim != 1:
        raise InputError(f"samples have {samples.ndim} dimensions; give a one-dimensional array")
    if format is not None and kernel.sample_format_name(format) != found:
        raise InputError(
            f"samples are {samples.dtype}, format {format} needs {DTYPES.get(format, 'another')}"
        )
    length = snapshot_length(sample_rate, snapshot_s, channels)
    try:
        taps = kernel.channelizer_prototype(channels, taps_per_channel)
        features = kernel.channelizer_features(
            sample_rate=sample_rate, format=found, channels=channels, taps=taps, snapshot_samples=length
        )
        records = np.concatenate([features.process(samples), features.finish()])
    except ValueError as error:
        raise InputError(str(error)) from None
    start = length * np.arange(len(records), dtype=np.int64)
    return Snapshots.from_records(
        records,
        start,
        np.minimum(length, features.next_sample - start),
        sample_rate=sample_rate,
        snapshot_samples=length,
        center_freq=center_freq,
        time_s=None if start_time_s is None else start_time_s + start / sample_rate,
    )
