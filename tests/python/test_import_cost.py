# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing the package stays light."""

import subprocess
import sys

HEAVY = ("sigmf", "jsonschema", "scipy.io.wavfile", "matplotlib", "torch", "fastapi", "osmosdr", "rtlsdr")


def test_nothing_heavy_is_loaded():
    program = f"import sys; from gnuradio import sentinel; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
