# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors that a person is meant to read."""


class InputError(ValueError):
    """A mistake in what the user gave: file, option or setting. Its text names what, where and remedy.

    The command ends with exit code 2.
    """


class EventError(ValueError):
    """An event or decision that breaks the message contract. Its text names key, value and rule."""


class OutputError(OSError):
    """An output that failed while it was being written (disk full, say). Its text names the output.

    The command ends with exit code 1. A closed stdout pipe is not one of these: it stays a BrokenPipeError.
    """
