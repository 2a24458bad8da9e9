# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw samples without any metadata: the suffix or --format says the type, --rate the rate."""

import difflib
from pathlib import Path

from .data_file import FORMATS, check_regular_file, count_samples
from .errors import InputError
from .recording_model import Capture, Recording

# .complex16s and .complex16u are inspectrum's and rtl_433's names for 8-bit components.
SUFFIX_FORMATS = {
    ".cf32": "cf32_le",
    ".fc32": "cf32_le",
    ".cs16": "ci16_le",
    ".cs8": "ci8",
    ".cu8": "cu8",
    ".complex16s": "ci8",
    ".complex16u": "cu8",
}
_OTHER_SUFFIXES = (".sigmf-meta", ".sigmf-data", ".sigmf", ".wav")


def open_raw(
    path: Path, sample_rate: float | None, fmt: str | None, center_freq: float | None, channel: int
) -> Recording:
    """A raw file. Raises InputError if its type or rate is not known or it holds no sample."""
    status = check_regular_file(path)
    fmt = fmt or SUFFIX_FORMATS.get(path.suffix.lower())
    if fmt is None:
        raise InputError(f"{path}: the suffix {path.suffix!r} does not say the sample type; {_hint(path)}")
    if channel != 0:
        raise InputError(f"{path}: channel {channel} does not exist; a raw recording has channel 0 only")
    require_rate(str(path), sample_rate)
    count, left_over, notes = count_samples(path, status.st_size, fmt, 1)
    return Recording(
        name=str(path),
        path=path,
        format=fmt,
        byte_offset=0,
        sample_rate=sample_rate,
        sample_count=count,
        bytes_left_over=left_over,
        captures=(Capture(center_freq_hz=center_freq),),
        warnings=tuple(notes),
    )


def open_stdin(
    sample_rate: float | None, fmt: str | None, center_freq: float | None, channel: int
) -> Recording:
    """Standard input as raw samples. Raises InputError without type or rate."""
    if fmt is None:
        raise InputError(
            f"-: standard input needs the sample type; give --format, one of {', '.join(FORMATS)}"
        )
    if channel != 0:
        raise InputError(f"-: channel {channel} does not exist; standard input has channel 0 only")
    require_rate("-", sample_rate)
    return Recording(
        name="-",
        path=None,
        format=fmt,
        byte_offset=0,
        sample_rate=sample_rate,
        sample_count=None,
        captures=(Capture(center_freq_hz=center_freq),),
        warnings=("-: standard input cannot tell lost samples; losses before this point stay unseen",),
        accounting="none",
    )


def require_rate(name: str, sample_rate: float | None) -> None:
    if sample_rate is None:
        raise InputError(f"{name}: raw samples do not say their rate; give --rate, for instance --rate 250k")


def _hint(path: Path) -> str:
    formats = f"give --format, one of {', '.join(FORMATS)}"
    close = difflib.get_close_matches(
        path.suffix.lower(), [*SUFFIX_FORMATS, *_OTHER_SUFFIXES], n=1, cutoff=0.6
    )
    return f"did you mean {close[0]}? Else {formats}" if close else formats
