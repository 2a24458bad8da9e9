# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what radio drivers print away from what a command prints."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


class Noise:
    """What was printed in a `captured_output` block; complete once it has been left."""

    text: str = ""


@contextlib.contextmanager
def captured_output() -> Iterator[Noise]:
    """Keep everything that is written to the descriptors of standard output and error, also by C code.

    For the short while in which a driver opens its device. Lines of other threads are kept too.
    """
    noise = Noise()
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file:
        kept = [(number, os.dup(number)) for number in (1, 2)]
        try:
            for number, _ in kept:
                os.dup2(file.fileno(), number)
            yield noise
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in kept:
                os.dup2(copy, number)
                os.close(copy)
            file.seek(0)
            noise.text = file.read().decode(errors="replace")


def reserve_stdout() -> None:
    """Keep standard output for what Python prints; what C code prints there goes to standard error.

    For commands, whose output another program may read: drivers print while they run, too. From then on
    `sys.stdout` writes to a copy of the descriptor.
    """
    sys.stdout.flush()
    copy = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = open(  # noqa: SIM115 (open as long as the process)
        copy, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, buffering=-1
    )
