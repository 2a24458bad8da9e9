# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C and SIGTERM as a question that a loop asks: a first one ends in good order, a second at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any


class EndSignal:
    """Context in which Ctrl-C and SIGTERM only set `number`; called, it says whether one has come.

    Parameters
    ----------
    at_once : callable, optional
        What must still be done when the second one ends the process.
    """

    def __init__(self, at_once: Callable[[], None] = lambda: None) -> None:
        self.number: int | None = None
        self._at_once = at_once
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
            self._at_once()
            os._exit(128 + number)
        self.number = number
