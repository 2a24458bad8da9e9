# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing text line by line, to a file or to a stream such as standard output.

A file is written without a buffer of ours: each line is in the kernel's hands when `write` returns,
nothing is lost when the process is killed, and a full disk is noticed at the line that did not fit.

Standard output may be closed by its reader (`sentinel ... | head`). `write` then raises BrokenPipeError,
which the command turns into a quiet end::

    try:
        ...
    except BrokenPipeError:
        silence_stdout()
        return 0

Without `silence_stdout` the interpreter flushes sys.stdout once more as it exits and prints
"Exception ignored in ... BrokenPipeError".
"""

import os
import sys
from pathlib import Path
from typing import TextIO

from ..errors import InputError, OutputError


class LineWriter:
    """Lines of text to one output.

    Parameters
    ----------
    target : str, Path or text stream
        A path, "-" for standard output, or an open text stream, which `close` leaves open.
    what : str
        What the lines are, for the error text.

    Raises
    ------
    InputError
        If the file cannot be opened for writing.
    """

    def __init__(self, target: str | Path | TextIO, what: str = "events") -> None:
        self._stream: TextIO | None = None
        self._file = None
        self._what = what
        #: Bytes written to a file so far.
        self.size_bytes = 0
        if target == "-":
            target = sys.stdout
        if isinstance(target, str | Path):
            self.name = str(target)
            self._file = open_output(target, what)
        else:
            self.name = str(getattr(target, "name", "stream"))
            self._stream = target

    def write(self, line: str) -> None:
        """Write a line; the newline is part of it. Raises OutputError, or BrokenPipeError on a stream."""
        try:
            if self._file is not None:
                data = line.encode("utf-8")
                _write_all(self._file, data)
                self.size_bytes += len(data)
            elif self._stream is not None:
                self._stream.write(_printable(line, self._stream))
                self._stream.flush()
            else:
                raise OutputError(f"cannot write {self._what} to {self.name}: it is closed")
        except OSError as error:
            raise_output_error(error, self._what, self.name)

    def close(self) -> None:
        """Close a file; leave a stream to its owner."""
        file, self._file, self._stream = self._file, None, None
        if file is not None:
            file.close()


def open_output(path: str | Path, what: str):
    """Open a file for unbuffered binary writing. Raises InputError that names it."""
    try:
        return open(path, "wb", buffering=0)
    except OSError as error:
        raise InputError(
            f"cannot write {what} to {path}: {error.strerror or error}; choose a file in a folder that "
            "exists and may be written"
        ) from error


def raise_output_error(error: OSError, what: str, name: str) -> None:
    """Raise the OutputError of a failed write; a closed pipe and an OutputError stay as they are."""
    if isinstance(error, BrokenPipeError | OutputError):
        raise error
    raise OutputError(
        f"cannot write {what} to {name}: {error.strerror or error}; what was written so far is kept"
    ) from error


def silence_stdout() -> None:
    """Point standard output at the null device, so that nothing is printed or raised at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def _write_all(file, data: bytes) -> None:
    # A raw file may take only the part that still fits; the rest then raises.
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _printable(line: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return line.encode(encoding, "backslashreplace").decode(encoding)
