# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio's own ZMQ streams: `zmq:`."""

from __future__ import annotations

import importlib.util

from .errors import InputError
from .inputs import InputSpec
from .radio import Feed

#: Messages that wait in front of a reader that is slow. Beyond that the sender drops them, unseen.
HIGH_WATER_MARK = 1000
_SAMPLE_BYTES = 8


def open_zmq(spec: InputSpec) -> Feed:
    """Subscribe to a ZMQ PUB sink of complex samples. Raises InputError."""
    if importlib.util.find_spec("gnuradio.zeromq") is None:
        raise InputError(f"{spec.text}: gr-zeromq is not installed; sudo apt install gnuradio")
    from gnuradio import zeromq

    try:
        block = zeromq.sub_source(
            _SAMPLE_BYTES, 1, spec.target, timeout=100, pass_tags=False, hwm=HIGH_WATER_MARK
        )
    except RuntimeError as error:
        raise InputError(f"{spec.text}: {error}; check host and port") from None
    note = (
        f"{spec.text}: up to {HIGH_WATER_MARK} messages wait for this reader, what the sender drops "
        "beyond is only seen by the clock"
    )
    return Feed((block,), spec.sample_rate, spec.center_freq_hz, notes=(note,))
