# SPDX-License-Identifier: GPL-3.0-or-later
"""The four faces of an event: PMT, JSON line, SigMF annotation, row. All lossless both ways."""

from .event_compare import first_difference, same_event
from .event_json import from_json_line, to_json_line
from .event_pmt import from_pmt, to_pmt
from .event_row import COLUMNS, from_row, to_row
from .event_sigmf import EXTENSION, from_sigmf_annotation, to_sigmf_annotation

__all__ = [
    "COLUMNS",
    "EXTENSION",
    "first_difference",
    "from_json_line",
    "from_pmt",
    "from_row",
    "from_sigmf_annotation",
    "same_event",
    "to_json_line",
    "to_pmt",
    "to_row",
    "to_sigmf_annotation",
]
