# SPDX-License-Identifier: GPL-3.0-or-later
"""Spectrum monitoring inside GNU Radio.

Blocks stand here (`sentinel.wmatrix_stft`), DSP kernels in `sentinel.kernel`, what all rooms
share in `sentinel.core`, and each detector in a room of its own (`sentinel.pulse`). Importing
the package loads no learning framework, no web server and no radio driver.
"""

import sys as _sys

from ._sentinel import channelizer, kernel, kfold_watch, recording_segment, recording_source, wmatrix_stft
from .core.event_sink import EventSink as event_sink
from .core.source import source

__all__ = [
    "channelizer",
    "event_sink",
    "kernel",
    "kfold_watch",
    "recording_segment",
    "recording_source",
    "source",
    "wmatrix_stft",
]

_sys.modules[__name__ + ".kernel"] = kernel

__version__ = "0.1.0"
