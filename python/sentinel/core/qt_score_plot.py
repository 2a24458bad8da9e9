# SPDX-License-Identifier: GPL-3.0-or-later
"""The block Score Plot: the score of each decision against its threshold, in a Qt window."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Any

from gnuradio import gr
from PyQt5 import QtCore, QtGui, QtWidgets

from .block import SafeBlock, guarded
from .decision import Decision
from .errors import InputError
from .qt_event_table import REFRESH_MS

#: Room around the plot in pixels: left, top, right, bottom.
MARGINS = (52, 28, 14, 54)
_ABOVE = QtGui.QColor("#1a7f37")
_BELOW = QtGui.QColor("#8c959f")
_LINE = QtGui.QColor("#c1121f")
_DAMAGED = QtGui.QColor("#d9822b")
_GRID = QtGui.QColor("#e3e6ea")
_INK = QtGui.QColor("#24292f")


class score_plot(SafeBlock, gr.basic_block):
    """Scores of the last decisions, on a logarithmic scale; its message port is `decisions`.

    Parameters
    ----------
    count : int
        Decisions that are shown.
    parent : QWidget, optional

    Attributes
    ----------
    widget : QWidget
        To be put into a window.
    decisions : deque of Decision
        The last of them, oldest first.

    Raises
    ------
    InputError
        If `count` is not a whole number from 2 to 10000.
    """

    def __init__(self, count: int = 60, parent: Any = None) -> None:
        if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= 10_000:
            raise InputError(f"count {count!r} must be a whole number from 2 to 10000")
        gr.basic_block.__init__(self, "score_plot", None, None)
        self.decisions: deque[Decision] = deque(maxlen=count)
        self.widget = ScorePlotWidget(self.decisions, parent)
        self.register_handler("decisions", self.handle_decision)

    @guarded
    def handle_decision(self, message: Any) -> None:
        """Take one decision."""
        self.decisions.append(Decision.from_pmt(message))


class ScorePlotWidget(QtWidgets.QWidget):
    """Draws the decisions of a bounded deque that another thread appends to."""

    def __init__(self, decisions: deque[Decision], parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._decisions = decisions
        self._newest: Decision | None = None
        self.setMinimumSize(240, 160)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(REFRESH_MS)

    def _look(self) -> None:
        newest = self._decisions[-1] if self._decisions else None
        if newest is not self._newest:
            self._newest = newest
            self.update()

    def paintEvent(self, _event: QtGui.QPaintEvent) -> None:
        """Draw all of it; called by Qt."""
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.Antialiasing)
        painter.fillRect(self.rect(), QtCore.Qt.white)
        left, top, right, bottom = MARGINS
        area = QtCore.QRectF(self.rect()).adjusted(left, top, -right, -bottom)
        decisions = list(self._decisions.copy())
        low, high = score_range(decisions)
        painter.setPen(_INK)
        head = QtCore.QRectF(area.left(), 0, area.width(), top)
        painter.drawText(head, QtCore.Qt.AlignCenter, "Score of each cycle against its threshold")
        for tick in ticks(low, high):
            y = _height(tick, low, high, area)
            painter.setPen(_GRID)
            painter.drawLine(QtCore.QPointF(area.left(), y), QtCore.QPointF(area.right(), y))
            painter.setPen(_INK)
            box = QtCore.QRectF(0, y - 10, left - 6, 20)
            painter.drawText(box, QtCore.Qt.AlignRight | QtCore.Qt.AlignVCenter, f"{tick:g}")
        painter.setPen(_INK)
        painter.drawRect(area)
        step = area.width() / max(len(decisions), self._decisions.maxlen)
        places = [area.left() + (index + 0.5) * step for index in range(len(decisions))]
        self._draw_thresholds(painter, decisions, places, step, low, high, area)
        for place, decision in zip(places, decisions, strict=True):
            _draw_score(painter, decision, place, low, high, area)
        self._label_times(painter, decisions, places, area)

    def _draw_thresholds(self, painter, decisions, places, step, low, high, area) -> None:
        painter.setPen(QtGui.QPen(_LINE, 1.5))
        for place, decision in zip(places, decisions, strict=True):
            if decision.threshold is not None:
                y = _height(decision.threshold, low, high, area)
                painter.drawLine(QtCore.QPointF(place - step / 2, y), QtCore.QPointF(place + step / 2, y))

    def _label_times(self, painter, decisions, places, area) -> None:
        painter.setPen(_INK)
        box = QtCore.QRectF(0, area.bottom() + 26, area.right(), 24)
        legend = "green: above, grey: below, orange ring: with gaps, cross: not decided"
        painter.drawText(box, QtCore.Qt.AlignRight, legend)
        if not decisions:
            painter.drawText(area, QtCore.Qt.AlignCenter, "no decision yet")
            return
        half = painter.fontMetrics().horizontalAdvance("00:00:00") / 2 + 2
        free = -math.inf
        for place, decision in zip(places, decisions, strict=True):
            # No text over another one, nor beyond the window.
            if decision.time is None or place - half < free or place + half > self.width():
                continue
            free = place + half + 8
            box = QtCore.QRectF(place - half, area.bottom() + 3, 2 * half, 22)
            painter.drawText(box, QtCore.Qt.AlignHCenter, decision.time[11:19])


def _draw_score(painter, decision: Decision, place: float, low: float, high: float, area) -> None:
    if decision.score is None or decision.threshold is None:
        painter.setPen(QtGui.QPen(_LINE, 1.5))
        x, y = place, area.bottom() - 8
        painter.drawLine(QtCore.QPointF(x - 4, y - 4), QtCore.QPointF(x + 4, y + 4))
        painter.drawLine(QtCore.QPointF(x - 4, y + 4), QtCore.QPointF(x + 4, y - 4))
        return
    colour = _ABOVE if decision.score > decision.threshold else _BELOW
    y = _height(decision.score, low, high, area)
    painter.setPen(QtGui.QPen(colour, 1.5))
    painter.drawLine(QtCore.QPointF(place, area.bottom()), QtCore.QPointF(place, y))
    painter.setBrush(colour)
    painter.drawEllipse(QtCore.QPointF(place, y), 3.5, 3.5)
    painter.setBrush(QtCore.Qt.NoBrush)
    if decision.filled or decision.lost:
        painter.setPen(QtGui.QPen(_DAMAGED, 2))
        painter.drawEllipse(QtCore.QPointF(place, y), 6.5, 6.5)


def _height(value: float, low: float, high: float, area) -> float:
    share = math.log(max(value, low) / low) / math.log(high / low)
    return area.bottom() - share * area.height()


def score_range(decisions: Sequence[Decision]) -> tuple[float, float]:
    """Ends of a logarithmic axis that holds all scores and thresholds: 10 to 100 while there are none."""
    values = [v for d in decisions for v in (d.score, d.threshold) if v is not None and v > 0]
    if not values:
        return 10.0, 100.0
    return min(values) / 1.3, max(values) * 1.3


def ticks(low: float, high: float) -> list[float]:
    """Round numbers on that axis: 1, 2 and 5 times powers of ten, of more than two decades the powers."""
    steps = (1, 2, 5) if high / low < 100 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
