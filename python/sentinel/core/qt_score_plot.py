# SPDX-License-Identifier: GPL-3.0-or-later
"""The block Score Plot: the score of each decision against its threshold, in a Qt window."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gnuradio import gr
from PyQt5 import QtCore, QtGui, QtWidgets

from .block import SafeBlock, guarded
from .decision import Decision
from .errors import InputError
from .qt_event_table import REFRESH_MS

SCALES = ("log", "linear")
#: Room around the plot in pixels: left, top, right, bottom.
MARGINS = (52, 28, 14, 54)
_ABOVE = QtGui.QColor("#1a7f37")
_BELOW = QtGui.QColor("#8c959f")
_LINE = QtGui.QColor("#c1121f")
_DAMAGED = QtGui.QColor("#d9822b")
_GRID = QtGui.QColor("#e3e6ea")
_INK = QtGui.QColor("#24292f")


class score_plot(SafeBlock, gr.basic_block):
    """Scores of the last decisions; its message port is `decisions`.

    Parameters
    ----------
    count : int
        Decisions that are shown.
    parent : QWidget, optional
    scale : {"log", "linear"}
        `log` for scores that are ratios of power, `linear` for those that may be negative.

    Attributes
    ----------
    widget : QWidget
        To be put into a window.
    decisions : deque of Decision
        The last of them, oldest first.

    Raises
    ------
    InputError
        If `count` is not a whole number from 2 to 10000, or `scale` neither of the two.
    """

    def __init__(self, count: int = 60, parent: Any = None, scale: str = "log") -> None:
        if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= 10_000:
            raise InputError(f"count {count!r} must be a whole number from 2 to 10000")
        if scale not in SCALES:
            raise InputError(f"scale {scale!r} must be one of {', '.join(SCALES)}")
        gr.basic_block.__init__(self, "score_plot", None, None)
        self.decisions: deque[Decision] = deque(maxlen=count)
        self.widget = ScorePlotWidget(self.decisions, parent, scale)
        self.register_handler("decisions", self.handle_decision)

    @guarded
    def handle_decision(self, message: Any) -> None:
        """Take one decision."""
        self.decisions.append(Decision.from_pmt(message))


class ScorePlotWidget(QtWidgets.QWidget):
    """Draws the decisions of a bounded deque that another thread appends to."""

    def __init__(
        self, decisions: deque[Decision], parent: QtWidgets.QWidget | None = None, scale: str = "log"
    ) -> None:
        super().__init__(parent)
        self._decisions = decisions
        self._scale = scale
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
        axis = axis_of(decisions, self._scale)
        painter.setPen(_INK)
        head = QtCore.QRectF(area.left(), 0, area.width(), top)
        painter.drawText(head, QtCore.Qt.AlignCenter, "Score of each decision against its threshold")
        for tick in axis.ticks():
            y = area.bottom() - axis.share(tick) * area.height()
            painter.setPen(_GRID)
            painter.drawLine(QtCore.QPointF(area.left(), y), QtCore.QPointF(area.right(), y))
            painter.setPen(_INK)
            box = QtCore.QRectF(0, y - 10, left - 6, 20)
            painter.drawText(box, QtCore.Qt.AlignRight | QtCore.Qt.AlignVCenter, f"{tick:g}")
        painter.setPen(_INK)
        painter.drawRect(area)
        step = area.width() / max(len(decisions), self._decisions.maxlen)
        places = [area.left() + (index + 0.5) * step for index in range(len(decisions))]
        self._draw_thresholds(painter, decisions, places, step, axis, area)
        for place, decision in zip(places, decisions, strict=True):
            _draw_score(painter, decision, place, axis, area)
        self._label_times(painter, decisions, places, area)

    def _draw_thresholds(self, painter, decisions, places, step, axis, area) -> None:
        painter.setPen(QtGui.QPen(_LINE, 1.5))
        for place, decision in zip(places, decisions, strict=True):
            if decision.threshold is not None:
                y = area.bottom() - axis.share(decision.threshold) * area.height()
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


def _draw_score(painter, decision: Decision, place: float, axis: Axis, area) -> None:
    if decision.score is None or decision.threshold is None:
        painter.setPen(QtGui.QPen(_LINE, 1.5))
        x, y = place, area.bottom() - 8
        painter.drawLine(QtCore.QPointF(x - 4, y - 4), QtCore.QPointF(x + 4, y + 4))
        painter.drawLine(QtCore.QPointF(x - 4, y + 4), QtCore.QPointF(x + 4, y - 4))
        return
    colour = _ABOVE if decision.score > decision.threshold else _BELOW
    y = area.bottom() - axis.share(decision.score) * area.height()
    painter.setPen(QtGui.QPen(colour, 1.5))
    painter.drawLine(QtCore.QPointF(place, area.bottom()), QtCore.QPointF(place, y))
    painter.setBrush(colour)
    painter.drawEllipse(QtCore.QPointF(place, y), 3.5, 3.5)
    painter.setBrush(QtCore.Qt.NoBrush)
    if decision.filled or decision.lost:
        painter.setPen(QtGui.QPen(_DAMAGED, 2))
        painter.drawEllipse(QtCore.QPointF(place, y), 6.5, 6.5)


@dataclass(frozen=True)
class Axis:
    """A scale of scores.

    Attributes
    ----------
    low, high : float
        Its ends.
    scale : {"log", "linear"}
    """

    low: float
    high: float
    scale: str

    def share(self, value: float) -> float:
        """Place of a value, 0 at the low end and 1 at the high; what lies below is at the low end."""
        value = max(value, self.low)
        if self.scale == "linear":
            return (value - self.low) / (self.high - self.low)
        return math.log(value / self.low) / math.log(self.high / self.low)

    def ticks(self) -> list[float]:
        """Round numbers on it: 1, 2 and 5 times powers of ten; over more than two decades the powers."""
        if self.scale == "linear":
            return linear_ticks(self.low, self.high)
        steps = (1, 2, 5) if self.high / self.low < 100 else (1,)
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        values = [step * 10.0**power for power in powers for step in steps]
        return [value for value in values if self.low <= value <= self.high]


def axis_of(decisions: Sequence[Decision], scale: str) -> Axis:
    """An axis that holds all scores and thresholds; while there are none 10 to 100, or -1 to 1."""
    values = [v for d in decisions for v in (d.score, d.threshold) if v is not None]
    if scale == "linear":
        low, high = (min(values), max(values)) if values else (-1.0, 1.0)
        margin = 0.08 * (high - low) or 1.0
        return Axis(low - margin, high + margin, scale)
    positive = [value for value in values if value > 0]
    return Axis(min(positive) / 1.3, max(positive) * 1.3, scale) if positive else Axis(10.0, 100.0, scale)


def linear_ticks(low: float, high: float, count: int = 8) -> list[float]:
    """At most `count` multiples of 1, 2 or 5 times a power of ten from low to high."""
    power = 10.0 ** math.floor(math.log10((high - low) / count))
    step = next(m * power for m in (1, 2, 5, 10) if (high - low) / (m * power) <= count - 1 or m == 10)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [number * step for number in range(first, last + 1)]
