# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions every kind of recording asks of its file, answered with one clear line."""

import os
import stat
from pathlib import Path

from .. import kernel
from .errors import InputError

# What --format takes beside the SigMF names, and what it means.
FORMAT_ALIASES = {
    "cs8": "ci8",
    "cs16": "ci16_le",
    "ci16": "ci16_le",
    "cs16_le": "ci16_le",
    "cs16_be": "ci16_be",
    "cu16": "cu16_le",
    "cf32": "cf32_le",
    "fc32": "cf32_le",
    "cf64": "cf64_le",
    "complex16s": "ci8",
    "complex16u": "cu8",
}
FORMATS = ("cu8", "ci8", "cu16_le", "ci16_le", "ci16_be", "cf32_le", "cf32_be", "cf64_le")


def canonical_format(name: str, where: str) -> str:
    """SigMF name of a sample format.

    Raises
    ------
    InputError
        If samples of that type cannot be read; `where` (option, file and key) stands in the text.
    """
    known = FORMAT_ALIASES.get(str(name).lower(), str(name).lower())
    if known in FORMATS:
        return known
    if known.startswith("r"):
        raise InputError(
            f"{where}: datatype {name!r} is real, I/Q is needed; convert it to complex samples first"
        )
    raise InputError(f"{where}: datatype {name!r} is unknown; use one of {', '.join(FORMATS)}")


def check_regular_file(path: Path, what: str = "file") -> os.stat_result:
    """The status of a file that can be opened and read at any place.

    Raises
    ------
    InputError
        If it is missing, a folder, a pipe or device, or not allowed to be read.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{path}: is a folder, not a {what}; name a file in it")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path}: is not a regular file; pipe its bytes in and give - as the input")
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise InputError(f"{path}: {what} not found; check the name{_similar(path)}") from None
    except PermissionError:
        raise InputError(f"{path}: no permission to read it; ask its owner or use chmod +r") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be opened: {error.strerror}; check the name and the disk") from None
    return status


def count_samples(path: Path, data_bytes: int, fmt: str, channels: int) -> tuple[int, int, list[str]]:
    """Whole samples of each channel in `data_bytes`, the bytes left over, and a warning for those.

    Raises
    ------
    InputError
        If there is not a single sample.
    """
    frame = kernel.bytes_per_sample(fmt) * channels
    if data_bytes <= 0:
        raise InputError(f"{path}: holds no samples (0 bytes of data); was the recording stopped at once?")
    count, left_over = divmod(data_bytes, frame)
    of_what = f"{fmt} sample" + (f" of {channels} channels" if channels > 1 else "")
    if count == 0:
        raise InputError(
            f"{path}: holds {data_bytes} bytes, less than one {of_what} ({frame} bytes); check --format"
        )
    if not left_over:
        return count, 0, []
    return (
        count,
        left_over,
        [
            f"{path}: ends with {left_over} of the {frame} bytes of a {of_what}, "
            f"at byte {count * frame} of its data; they are left out (cut short, or another --format)"
        ],
    )


def _similar(path: Path) -> str:
    """A hint at a name in the same folder that looks alike."""
    import difflib

    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return ""
    close = difflib.get_close_matches(path.name, names, n=1)
    return f" (did you mean {close[0]}?)" if close else ""
