# SPDX-License-Identifier: GPL-3.0-or-later
"""The block Event Table: the last events in a Qt window, with a line on decisions and gaps below."""

from __future__ import annotations

from typing import Any

import pmt
from gnuradio import gr
from PyQt5 import QtCore, QtGui, QtWidgets

from .block import SafeBlock, guarded
from .decision import Decision
from .desk_board import HEADS, DeskBoard, cells
from .event_pmt import from_pmt
from .gap_reader import Gap

#: Milliseconds between two looks for something new.
REFRESH_MS = 200
_RIGHT = QtCore.Qt.AlignRight | QtCore.Qt.AlignVCenter
_NUMBERS = frozenset(("SNR (dB)", "Score", "Threshold", "Frequency"))


class event_table(SafeBlock, gr.basic_block):
    """A table of the last events, newest first; its message ports are `events`, `decisions` and `gaps`.

    Parameters
    ----------
    rows : int
        Events that are kept.
    parent : QWidget, optional

    Attributes
    ----------
    widget : QWidget
        To be put into a window. It may be gone before the block is.
    board : DeskBoard
        What it shows.

    Raises
    ------
    InputError
        If `rows` is not a whole number from 1 to 10000.
    """

    def __init__(self, rows: int = 200, parent: Any = None) -> None:
        self.board = DeskBoard(rows)
        gr.basic_block.__init__(self, "event_table", None, None)
        self.widget = EventTableWidget(self.board, parent)
        self.register_handler("events", self.handle_event)
        self.register_handler("decisions", self.handle_decision)
        self.register_handler("gaps", self.handle_gap)

    @guarded
    def handle_event(self, message: Any) -> None:
        """Show one event."""
        self.board.add_event(from_pmt(message))

    @guarded
    def handle_decision(self, message: Any) -> None:
        """Count one decision. A message that is none is a failure: something is wired wrongly."""
        Decision.from_pmt(message)
        self.board.add_decision()

    @guarded
    def handle_gap(self, message: Any) -> None:
        """Count one gap."""
        self.board.add_gap(Gap(**pmt.to_python(message)))


class EventTableWidget(QtWidgets.QWidget):
    """Shows a board. Messages come in threads of the scheduler, so that Qt's own looks for them."""

    def __init__(self, board: DeskBoard, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.board = board
        self._shown = -1
        self.table = QtWidgets.QTableWidget(0, len(HEADS), self)
        self.table.setHorizontalHeaderLabels(HEADS)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(22)
        self.table.setEditTriggers(QtWidgets.QAbstractItemView.NoEditTriggers)
        self.table.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectRows)
        self.table.setAlternatingRowColors(True)
        self.table.horizontalHeader().setSectionResizeMode(QtWidgets.QHeaderView.ResizeToContents)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.status = QtWidgets.QLabel(self)
        self.status.setWordWrap(True)  # a long line must not widen the window
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.table)
        layout.addWidget(self.status)
        self.setMinimumHeight(160)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(REFRESH_MS)
        self.refresh()

    def refresh(self) -> None:
        """Show what is new since the last time."""
        version = self.board.version
        if version == self._shown:
            return
        self._shown = version
        self.status.setText(self.board.status())
        events = self.board.events()
        self.table.setRowCount(len(events))
        for row, event in enumerate(events):
            for column, text in enumerate(cells(event)):
                item = QtWidgets.QTableWidgetItem(text)
                if HEADS[column] in _NUMBERS:
                    item.setTextAlignment(_RIGHT)
                if "samples_lost" in event.flags or "zero_filled" in event.flags:
                    item.setForeground(QtGui.QColor("#a04000"))
                self.table.setItem(row, column, item)
