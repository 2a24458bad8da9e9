# SPDX-License-Identifier: GPL-3.0-or-later
"""Spectrum monitoring inside GNU Radio.

Blocks stand here (`sentinel.wmatrix_stft`), DSP kernels in `sentinel.kernel`, what all rooms
share in `sentinel.core`, and each detector in a room of its own (`sentinel.pulse`, `sentinel.gnss`).
Importing the package loads no learning framework, no web server, no window toolkit and no radio driver.
"""

import sys as _sys

from ._sentinel import (
    channelizer,
    channelizer_features,
    decimator,
    gap_guard,
    kernel,
    kfold_watch,
    recording_gain,
    recording_segment,
    recording_source,
    rtl_byte_map,
    udp_iq_sink,
    udp_iq_source,
    wmatrix_stft,
    zmq_iq_sink,
    zmq_iq_source,
)

# Modules below import the kernels by this name.
_sys.modules[__name__ + ".kernel"] = kernel

from . import flowgraph  # noqa: E402
from .core.event_sink import EventSink as event_sink  # noqa: E402
from .core.source import source  # noqa: E402
from .pulse.block import PulseDetector as pulse_detector  # noqa: E402
from .pulse.block import kfold_integrator  # noqa: E402

__all__ = [
    "channelizer",
    "channelizer_features",
    "decimator",
    "event_sink",
    "flowgraph",
    "gap_guard",
    "kernel",
    "kfold_integrator",
    "kfold_watch",
    "pulse_detector",
    "recording_gain",
    "recording_segment",
    "recording_source",
    "rtl_byte_map",
    "source",
    "udp_iq_sink",
    "udp_iq_source",
    "wmatrix_stft",
    "zmq_iq_sink",
    "zmq_iq_source",
]

__version__ = "0.1.0"

#: Names that are loaded when they are asked for, and only then: blocks with a window need Qt, the gnss
#: room its models.
_LATE = {
    "event_table": ("core.qt_event_table", "event_table"),
    "feature_raster": ("core.qt_feature_raster", "feature_raster"),
    "score_plot": ("core.qt_score_plot", "score_plot"),
    "gnss_monitor": ("gnss.block", "GnssMonitor"),
    "interference_classifier": ("gnss.block", "interference_classifier"),
    "interference_detector": ("gnss.block", "interference_detector"),
}


def __getattr__(name):
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    module, attribute = _LATE[name]
    return getattr(importlib.import_module(f".{module}", __name__), attribute)
