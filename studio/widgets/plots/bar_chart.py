"""Bar chart of the number of images of each size, shape or class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.data.health.findings import Histogram
from core.language import _, number, titled
from studio import theme
from studio.widgets.basic.labels import plain_tip

TICKS = 4
MOST_NAMES = 8
LINE = 18
WIDEST_BAR = 48
SIZE, WIDEST = QSize(200, LINE * (MOST_NAMES + 1)), 320


class BarChart(QWidget):
    """Bar chart painted with QPainter, as importing pyqtgraph would block the window for half a second."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._counts: list[int] = []
        self._texts: list[str] = []
        self._lies = False
        self.setMaximumWidth(WIDEST)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)

    def show_histogram(self, histogram: Histogram) -> None:
        """Shows vertical bars with some of their bin edges; the axis is logarithmic."""
        edges = histogram.edges.tolist()
        if len(edges) == 2:  # a single value between two artificial edges
            self._texts = [_number(float(np.sqrt(edges[0] * edges[1])))]
        else:
            ticks = np.linspace(0, len(edges) - 1, TICKS).round().astype(int)
            self._texts = [_number(edges[tick]) for tick in ticks]
        self._counts, self._lies = histogram.counts.tolist(), False
        self._describe(_("from {lowest} to {highest}").format(lowest=self._texts[0], highest=self._texts[-1]))

    def show_counts(self, names: Sequence[str], counts: Sequence[int]) -> None:
        """Shows horizontal bars with names; the first ones if there are many."""
        self._texts, self._counts, self._lies = list(names[:MOST_NAMES]), list(counts[:MOST_NAMES]), True
        if len(names) > MOST_NAMES:
            self._title = _("{title} ({shown} of {count})").format(
                title=self._title, shown=MOST_NAMES, count=number(len(names))
            )
        self._describe("\n".join(titled(name, number(count)) for name, count in zip(names[:40], counts, strict=False)))

    def sizeHint(self) -> QSize:
        return SIZE

    def minimumSizeHint(self) -> QSize:
        return QSize(120, SIZE.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, scheme = QPainter(self), theme.current()
        painter.setPen(QColor(scheme.text))
        painter.drawText(QRectF(0, 0, self.width(), LINE), Qt.AlignmentFlag.AlignLeft, self._title)
        if self._counts:
            area = QRectF(0, LINE + 2, self.width(), self.height() - LINE - 2)
            self._paint_lying(painter, area) if self._lies else self._paint_standing(painter, area)

    def _paint_standing(self, painter: QPainter, area: QRectF) -> None:
        scheme, most = theme.current(), max(self._counts)
        bars = area.adjusted(0, LINE, 0, -LINE)
        width = min(bars.width() / len(self._counts), WIDEST_BAR)
        left = bars.center().x() - width * len(self._counts) / 2
        for index, count in enumerate(self._counts):
            # Non-zero counts stay visible.
            height = max(bars.height() * count / most, 2) if count else 0
            bar = QRectF(left + index * width, bars.bottom() - height, max(width - 1, 1), height)
            painter.fillRect(bar, QColor(scheme.generator))
        painter.fillRect(QRectF(bars.left(), bars.bottom(), bars.width(), 1), QColor(scheme.outline))
        painter.setPen(QColor(scheme.muted))
        painter.drawText(QRectF(bars.left(), area.top(), bars.width(), LINE), Qt.AlignmentFlag.AlignLeft, number(most))
        last = max(len(self._texts) - 1, 1)
        for index, text in enumerate(self._texts):
            side = Qt.AlignmentFlag.AlignLeft if index == 0 else Qt.AlignmentFlag.AlignRight
            inner = Qt.AlignmentFlag.AlignHCenter if 0 < index < last or len(self._texts) == 1 else side
            middle = bars.left() + bars.width() * (index / last if len(self._texts) > 1 else 0.5)
            tick = QRectF(middle - 40, bars.bottom() + 2, 80, LINE)
            tick.moveLeft(min(max(tick.left(), bars.left()), bars.right() - tick.width()))
            painter.drawText(tick, inner, text)

    def _paint_lying(self, painter: QPainter, area: QRectF) -> None:
        scheme, most = theme.current(), max(self._counts)
        metrics = painter.fontMetrics()
        names = area.width() * 0.4
        numbers = metrics.horizontalAdvance(f" {number(most)}") + 4
        painter.setPen(QColor(scheme.muted))
        for row, (name, count) in enumerate(zip(self._texts, self._counts, strict=True)):
            line = QRectF(area.left(), area.top() + row * LINE, names - 6, LINE)
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(line.width()))
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
            length = max((area.width() - names - numbers) * count / most, 2)
            painter.fillRect(QRectF(area.left() + names, line.top() + 4, length, LINE - 8), QColor(scheme.generator))
            beside = QRectF(area.left() + names + length, line.top(), numbers, LINE)
            painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, number(count))

    def _describe(self, text: str) -> None:
        self.setToolTip(plain_tip(text))
        self.setAccessibleDescription(text)
        self.update()


def _number(value: float) -> str:
    return number(value) if value >= 10 else f"{value:.2g}"
