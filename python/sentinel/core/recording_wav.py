# SPDX-License-Identifier: GPL-3.0-or-later
"""I/Q in WAV files, as SDR programs write them: two channels, I left and Q right."""

import struct
import warnings
from pathlib import Path

import numpy as np

from .data_file import check_regular_file, count_samples
from .errors import InputError
from .recording_model import Capture, Recording

# Unsigned 8-bit is read with the middle 127.5 of the dongles whose bytes such files hold.
_FORMATS = {"|u1": "cu8", "<i2": "ci16_le", ">i2": "ci16_be", "<f4": "cf32_le", ">f4": "cf32_be"}

# What scipy 1.10 raises for damaged headers: UnboundLocalError where the data chunk is missing,
# ZeroDivisionError for no channels.
_SCIPY_ERRORS = (ValueError, EOFError, struct.error, UnboundLocalError, OverflowError, ZeroDivisionError)
_AS_RAW = "rename it to end in .cu8, .cs16 or .cf32 and give --rate"


def open_wav(
    path: Path, sample_rate: float | None, fmt: str | None, center_freq: float | None, channel: int
) -> Recording:
    """A WAV file's samples in place. Raises InputError for what is not stereo 8, 16 or float 32 bit."""
    status = check_regular_file(path, "WAV file")
    if status.st_size == 0:
        raise InputError(f"{path}: holds no samples (0 bytes); was the recording stopped at once?")
    header_rate, samples = _map(path)
    if samples.ndim != 2 or samples.shape[1] != 2:
        channels = 1 if samples.ndim == 1 else samples.shape[1]
        raise InputError(f"{path}: WAV has {channels} channel(s), I/Q needs 2 (left I, right Q)")
    if channel != 0:
        raise InputError(f"{path}: channel {channel} does not exist; a WAV recording has channel 0 only")
    found = _FORMATS.get(samples.dtype.str)
    if found is None:
        raise InputError(
            f"{path}: WAV samples of type {samples.dtype.str} are not read; use PCM 8 or 16 bit or float 32"
        )
    if fmt is not None and fmt != found:
        raise InputError(f"{path}: --format {fmt} contradicts its header, which says {found}; leave it out")
    if sample_rate is not None and sample_rate != header_rate:
        raise InputError(
            f"{path}: --rate {sample_rate:.10g} contradicts the {header_rate} Hz of its header; leave it out"
        )
    if header_rate <= 0:
        raise InputError(f"{path}: its header says a rate of {header_rate} Hz; write the file again")
    count, left_over, notes = count_samples(path, samples.size * samples.itemsize, found, 1)
    return Recording(
        name=str(path),
        path=path,
        format=found,
        byte_offset=samples.offset,
        sample_rate=float(header_rate),
        sample_count=count,
        bytes_left_over=left_over,
        captures=(Capture(center_freq_hz=center_freq),),
        warnings=tuple(notes),
    )


def _map(path: Path) -> tuple[int, np.memmap]:
    from scipy.io import wavfile

    try:
        with warnings.catch_warnings():
            # Chunks of the recording program (auxi, LIST) are of no interest here.
            warnings.simplefilter("ignore", wavfile.WavFileWarning)
            return wavfile.read(path, mmap=True)
    except _SCIPY_ERRORS as error:
        raise InputError(f"{path}: {_reason(str(error))}") from None


def _reason(text: str) -> str:
    if "24-bit" in text or "bytes per sample" in text.lower() or "mmap=True not compatible" in text:
        return "24-bit WAV is not read; write it again with 16 bit or float 32"
    if "mmap length" in text or "buffer" in text:
        return f"is shorter than its WAV header says; copy it again, or to read what is there {_AS_RAW}"
    return f"is not a WAV file that can be read ({text.rstrip('.')}); if it holds raw samples, {_AS_RAW}"
