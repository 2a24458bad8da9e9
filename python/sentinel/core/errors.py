# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that are the user's to mend."""


class InputError(ValueError):
    """A mistake in what the user gave: file, option or setting.

    Its text names what, where and remedy. The command ends with exit code 2.
    """
