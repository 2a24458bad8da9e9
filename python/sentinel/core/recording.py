# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening a recording: every fault of the file is told here, before anything runs."""

import os
from pathlib import Path

from .data_file import canonical_format
from .errors import InputError
from .recording_model import Capture, Recording, Region
from .recording_raw import open_raw, open_stdin
from .recording_wav import open_wav
from .units import parse_frequency, parse_rate

__all__ = ["Capture", "Recording", "Region", "open_recording"]


def open_recording(
    path: str | os.PathLike,
    sample_rate: float | str | None = None,
    fmt: str | None = None,
    center_freq: float | str | None = None,
    channel: int = 0,
    verify_checksum: bool | None = None,
) -> Recording:
    """Find out what a recording is, without reading its samples.

    Parameters
    ----------
    path : str or path
        `.sigmf-meta`, `.sigmf-data` or `.sigmf`; `.wav`; a raw file whose suffix names its type, or any
        file with `fmt`; `-` for standard input.
    sample_rate : float or str, optional
        Hz; needed where the file does not say it, and otherwise compared with what it says.
    fmt : str, optional
        Sample type of a raw file (SigMF datatype, or cs8, cs16, cf32).
    center_freq : float or str, optional
        Hz; likewise.
    channel : int
        Which of several interleaved channels.
    verify_checksum : bool, optional
        Whether to compare `core:sha512` with the data. None does so up to 16 MiB of data.

    Raises
    ------
    InputError
        One line with file, place and remedy.
    """
    rate = None if sample_rate is None else parse_rate(sample_rate, "--rate")
    freq = None if center_freq is None else parse_frequency(center_freq, "--center-freq")
    fmt = None if fmt is None else canonical_format(fmt, "--format")
    if isinstance(channel, bool) or not isinstance(channel, int) or channel < 0:
        raise InputError(f"{path}: channel {channel!r} must be 0 or more")
    if str(path) == "-":
        return open_stdin(rate, fmt, freq, channel)
    if not str(path):
        raise InputError("the input is empty; name a recording or a receiver")
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in (".sigmf-meta", ".sigmf-data", ".sigmf"):
        # The library with its schema takes a third of the package's loading time.
        from .recording_sigmf import open_archive, open_sigmf

        open_one = open_archive if suffix == ".sigmf" else open_sigmf
        return open_one(path, rate, fmt, freq, channel, verify_checksum)
    if suffix == ".wav":
        return open_wav(path, rate, fmt, freq, channel)
    return open_raw(path, rate, fmt, freq, channel)
