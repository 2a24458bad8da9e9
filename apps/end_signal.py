# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C and SIGTERM as a question that a loop asks: a first one ends in good order, a second at once."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any


class EndSignal:
    """Context in which Ctrl-C and SIGTERM only set `number`; called, it says whether one has come."""

    def __init__(self) -> None:
        self.number: int | None = None
        self._previous: dict[int, Any] = {}

    def __call__(self) -> bool:
        return self.number is not None

    def __enter__(self) -> EndSignal:
        # Only the main thread may set handlers; a program that runs us elsewhere keeps its own.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_exception: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: Any) -> None:
        if self.number is not None:
            os._exit(128 + number)
        self.number = number
