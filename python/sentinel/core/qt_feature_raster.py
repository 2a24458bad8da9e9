# SPDX-License-Identifier: GPL-3.0-or-later
"""The block Feature Raster: the newest vector as a line, and those before it as a scrolling picture.

GNU Radio's Time Raster Sink is made for many short rows: of those that come once a second it leaves most
out, and its Vector Sink often draws nothing of a vector a second.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from typing import Any

import numpy as np
import pmt
from gnuradio import gr
from PyQt5 import QtCore, QtGui, QtWidgets

from .block import SafeBlock, guarded
from .errors import InputError
from .qt_event_table import REFRESH_MS
from .qt_score_plot import Axis, linear_ticks

#: Room around the picture in pixels: left, top, right, bottom.
MARGINS = (70, 26, 76, 42)
#: Share of the height that the newest vector's line takes.
STRIP = 0.32
_INK = QtGui.QColor("#24292f")
_GRID = QtGui.QColor("#e3e6ea")
_LINE = QtGui.QColor("#0550ae")
# Dark blue to yellow, of rising lightness, so that it can be read without colours too.
_ANCHORS = np.array([(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)], float)


class feature_raster(SafeBlock, gr.sync_block):
    """The newest vector as a line, below it a picture of the last ones, newest on top.

    Parameters
    ----------
    channels : int
        Values of a vector, in ascending frequency.
    sample_rate : float
        Hz, which the vector spans.
    center_freq : float
        Hz; 0 labels offsets from the centre.
    rows : int
        Vectors that are kept.
    row_s : float
        Seconds from one to the next, for the labels where the stream has no clock.
    title, unit : str
    low, high : float, optional
        Ends of the colours; None follows what is shown.
    parent : QWidget, optional

    Attributes
    ----------
    widget : QWidget
        To be put into a window.
    rows : deque of (str, ndarray)
        Time and values of each vector, oldest first.

    Raises
    ------
    InputError
        Sizes that make no sense, or ends of the colours the wrong way round.
    """

    def __init__(
        self,
        channels: int,
        sample_rate: float,
        center_freq: float = 0.0,
        rows: int = 120,
        row_s: float = 1.0,
        title: str = "",
        unit: str = "",
        low: float | None = None,
        high: float | None = None,
        parent: Any = None,
    ) -> None:
        for name, value in (("channels", channels), ("rows", rows)):
            if isinstance(value, bool) or not isinstance(value, int) or not 2 <= value <= 10_000:
                raise InputError(f"{name} {value!r} must be a whole number from 2 to 10000")
        if low is not None and high is not None and not low < high:
            raise InputError(f"lowest value {low:g} must be below the highest, {high:g}")
        gr.sync_block.__init__(self, "feature_raster", [(np.float32, channels)], None)
        self.rows: deque[tuple[str, np.ndarray]] = deque(maxlen=rows)
        span = ((center_freq - sample_rate / 2) / 1e6, (center_freq + sample_rate / 2) / 1e6)
        self.widget = FeatureRasterWidget(self.rows, span, title, unit, (low, high), parent)
        self._row_s = row_s

    @guarded
    def work(self, input_items: list[np.ndarray], _output_items: list) -> int:
        """Keep the newest vectors."""
        vectors = input_items[0]
        first = self.nitems_read(0)
        times = {tag.offset: tag.value for tag in self.get_tags_in_window(0, 0, len(vectors), _TIME)}
        for offset, vector in enumerate(vectors, first):
            place = f"{offset * self._row_s:g} s"
            self.rows.append((_clock(times[offset]) if offset in times else place, vector.copy()))
        return len(vectors)


_TIME = pmt.intern("rx_time")


def _clock(value: Any) -> str:
    """Time of day, UTC, of a value of rx_time."""
    return time.strftime("%H:%M:%S", time.gmtime(pmt.to_uint64(pmt.tuple_ref(value, 0))))


class FeatureRasterWidget(QtWidgets.QWidget):
    """Draws the vectors of a bounded deque that another thread appends to."""

    def __init__(
        self,
        rows: deque[tuple[str, np.ndarray]],
        span_mhz: tuple[float, float],
        title: str,
        unit: str,
        ends: tuple[float | None, float | None],
        parent: QtWidgets.QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._rows, self._span, self._title, self._unit, self._ends = rows, span_mhz, title, unit, ends
        self._newest: Any = None
        self.setMinimumSize(240, 160)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(REFRESH_MS)

    def _look(self) -> None:
        newest = self._rows[-1] if self._rows else None
        if newest is not self._newest:
            self._newest = newest
            self.update()

    def paintEvent(self, _event: QtGui.QPaintEvent) -> None:
        """Draw all of it; called by Qt."""
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), QtCore.Qt.white)
        left, top, right, bottom = MARGINS
        whole = QtCore.QRectF(self.rect()).adjusted(left, top, -right, -bottom)
        strip = QtCore.QRectF(whole.left(), whole.top(), whole.width(), STRIP * whole.height())
        area = whole.adjusted(0, strip.height() + 8, 0, 0)
        painter.setPen(_INK)
        painter.drawText(QtCore.QRectF(left, 0, whole.width(), top), QtCore.Qt.AlignCenter, self._title)
        rows = list(self._rows.copy())[::-1]
        if rows:
            values = np.array([vector for _, vector in rows])
            low, high = colour_range(values, *self._ends)
            height = area.height() / self._rows.maxlen
            box = QtCore.QRectF(area.left(), area.top(), area.width(), height * len(rows))
            painter.drawImage(box, _image(values, low, high))
            self._draw_times(painter, [label for label, _ in rows], height, area)
            self._draw_legend(painter, low, high, area)
            _draw_line(painter, rows[0][1], low, high, strip)
        else:
            painter.drawText(area, QtCore.Qt.AlignCenter, "nothing yet")
        painter.setPen(_INK)
        painter.drawRect(strip)
        painter.drawRect(area)
        self._draw_frequencies(painter, area)

    def _draw_times(self, painter, labels: list[str], height: float, area) -> None:
        step = max(1, -(-40 // max(1, int(height)))) if height < 40 else 1
        for index, label in itertools.islice(enumerate(labels), 0, None, step):
            box = QtCore.QRectF(0, area.top() + (index + 0.5) * height - 9, area.left() - 5, 18)
            painter.drawText(box, QtCore.Qt.AlignRight | QtCore.Qt.AlignVCenter, label)

    def _draw_legend(self, painter, low: float, high: float, area) -> None:
        bar = QtCore.QRectF(area.right() + 8, area.top(), 10, area.height())
        painter.drawImage(bar, _image(np.linspace(high, low, 128)[:, None], low, high))
        for share in (0.0, 0.5, 1.0):
            y = bar.bottom() - share * bar.height()
            box = QtCore.QRectF(bar.right() + 4, min(max(y - 9, bar.top() - 4), bar.bottom() - 14), 52, 18)
            painter.drawText(box, QtCore.Qt.AlignLeft, f"{low + share * (high - low):.3g}")
        painter.drawText(QtCore.QRectF(bar.left(), 2, 66, 20), QtCore.Qt.AlignLeft, self._unit)

    def _draw_frequencies(self, painter, area) -> None:
        low, high = self._span
        digits = 2 if high - low > 0.1 else 4
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            x = area.left() + share * area.width()
            painter.drawLine(QtCore.QPointF(x, area.bottom()), QtCore.QPointF(x, area.bottom() + 4))
            box = QtCore.QRectF(x - 50, area.bottom() + 5, 100, 18)
            painter.drawText(box, QtCore.Qt.AlignHCenter, f"{low + share * (high - low):.{digits}f}")
        box = QtCore.QRectF(area.left(), area.bottom() + 21, area.width(), 18)
        painter.drawText(box, QtCore.Qt.AlignHCenter, "MHz")


def _draw_line(painter, vector: np.ndarray, low: float, high: float, area) -> None:
    """A vector as steps, one per channel, with a quarter of the colours' range above and below."""
    margin = (high - low) / 4
    axis = Axis(low - margin, high + margin, "linear")
    for tick in linear_ticks(axis.low, axis.high, 5):
        y = area.bottom() - axis.share(tick) * area.height()
        painter.setPen(_GRID)
        painter.drawLine(QtCore.QPointF(area.left(), y), QtCore.QPointF(area.right(), y))
        painter.setPen(_INK)
        box = QtCore.QRectF(0, y - 10, area.left() - 5, 20)
        painter.drawText(box, QtCore.Qt.AlignRight | QtCore.Qt.AlignVCenter, f"{tick:g}")
    step = area.width() / len(vector)
    line = QtGui.QPolygonF()
    for channel, value in enumerate(np.nan_to_num(vector, nan=low)):
        y = area.bottom() - min(axis.share(float(value)), 1.0) * area.height()
        line.append(QtCore.QPointF(area.left() + channel * step, y))
        line.append(QtCore.QPointF(area.left() + (channel + 1) * step, y))
    painter.setPen(QtGui.QPen(_LINE, 1.5))
    painter.drawPolyline(line)


def colour_range(values: np.ndarray, low: float | None, high: float | None) -> tuple[float, float]:
    """Ends of the colours: those that are given, else of nearly all finite values, never the same."""
    finite = values[np.isfinite(values)]
    found = np.percentile(finite, (1, 99.8)) if finite.size else (0.0, 1.0)
    low = float(found[0]) if low is None else low
    high = float(found[1]) if high is None else high
    return low, max(high, low + 1e-3 * max(1.0, abs(low)))


def colours(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Red, green, blue of values, uint8 (..., 3); what is not finite is grey."""
    share = np.clip((values - low) / (high - low), 0, 1)
    place = np.nan_to_num(share) * (len(_ANCHORS) - 1)
    stops = np.arange(len(_ANCHORS))
    made = np.stack([np.interp(place, stops, part) for part in _ANCHORS.T], -1)
    return np.where(np.isfinite(values)[..., None], made, 200).astype(np.uint8)


def _image(values: np.ndarray, low: float, high: float) -> QtGui.QImage:
    made = np.ascontiguousarray(colours(values, low, high))
    height, width, _ = made.shape
    # Copied: the image would keep no hold of the array.
    return QtGui.QImage(made.data, width, height, 3 * width, QtGui.QImage.Format_RGB888).copy()
