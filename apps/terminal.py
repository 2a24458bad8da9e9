# SPDX-License-Identifier: GPL-3.0-or-later
"""What the terminal can show."""

from __future__ import annotations

import os
import sys


def unicode_terminal() -> bool:
    """Whether standard output takes block elements."""
    encoding = (sys.stdout.encoding or "").lower()
    return "utf" in encoding and os.environ.get("TERM") != "linux"


def shades() -> str:
    """Characters from empty to full."""
    return " ▁▂▃▄▅▆▇█" if unicode_terminal() else " .:-=+*%#"
