# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing a file so that a reader never sees half of it."""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

TEMPORARY_PREFIX = ".partial-"


def write_atomic(path: str | os.PathLike, content: str | bytes) -> None:
    """Write `content` (text as UTF-8) to `path`: a reader sees the old content or the new, never a part.

    It goes to a new file in the same folder, which then takes the name. A link is followed, and
    what is not a regular file (a pipe, /dev/stdout) is written directly, since it cannot be replaced.

    Raises
    ------
    OSError
        The folder cannot be written; no partial file stays behind.
    """
    target = Path(os.path.realpath(path))
    data = content.encode("utf-8") if isinstance(content, str) else content
    if target.exists() and not target.is_file():
        with open(path, "wb") as stream:
            stream.write(data)
        return
    temporary = target.with_name(f"{TEMPORARY_PREFIX}{os.getpid()}-{secrets.token_hex(8)}")
    try:
        # O_EXCL and not mkstemp, so that the user's umask decides who may read the result.
        with open(temporary, "xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise


@contextlib.contextmanager
def locked_folder(folder: str | os.PathLike) -> Iterator[None]:
    """Let nobody else who asks for it change files of a folder meanwhile; waits for who does.

    For a file that is read, changed and written anew by several processes. Nothing is left behind.

    Raises
    ------
    OSError
        There is no such folder, or its file system knows no locks.
    """
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)
