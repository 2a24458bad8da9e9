# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing a file so that a reader never sees half of it."""

import contextlib
import os
import secrets
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
