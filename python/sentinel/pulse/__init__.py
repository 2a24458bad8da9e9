# SPDX-License-Identifier: GPL-3.0-or-later
"""Weak periodic pulses of VHF wildlife tags."""

from .config import PulseSettings, TagSettings, WatchedTag
from .detector import Detection, detect
from .events import Stream
from .tags import read_tags

__all__ = ["Detection", "PulseSettings", "Stream", "TagSettings", "WatchedTag", "detect", "read_tags"]
