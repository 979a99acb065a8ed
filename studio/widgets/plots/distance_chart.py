"""Chart of two histograms: distances of generated and of real images to their nearest training images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.language import _
from studio import theme

BINS = 24
LINE = 18
FOOT = 2 * LINE + 4


class DistanceChart(QWidget):
    """Histogram painted with QPainter, as importing pyqtgraph would block the window for half a second."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        nothing = np.empty(0, np.float64)
        self._parts: list[tuple[str, str, NDArray[np.float64]]] = []
        self._edges = nothing
        self._here = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(_("Distances to the nearest training image"))

    def show_distances(
        self, here: float, generated: NDArray[np.float64], real: NDArray[np.float64], real_name: str
    ) -> None:
        """Shows the distances. `here`: distance of the compared image; the others (n,) of each kind."""
        scheme = theme.current()
        largest = max([here, *generated.tolist(), *real.tolist()])
        self._edges = np.linspace(0.0, max(largest, 1e-6) * 1.02, BINS + 1)
        self._here = here
        kinds = ((real_name, scheme.discriminator, real), (_("generated images"), scheme.generator, generated))
        self._parts = [(name, color, self._shares(values)) for name, color, values in kinds if len(values)]
        self.update()

    def shares(self) -> dict[str, NDArray[np.float64]]:
        """Returns the height of each bar by label, as shares of 1."""
        return {name: shares for name, _color, shares in self._parts}

    def _shares(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.histogram(values, self._edges)[0] / len(values))

    def sizeHint(self) -> QSize:
        return QSize(480, 170)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 130)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._parts:
            return
        painter, scheme = QPainter(self), theme.current()
        bars = QRectF(8, LINE + 6, self.width() - 16, self.height() - LINE - 6 - FOOT)
        most = max(float(shares.max()) for _name, _color, shares in self._parts)
        left = bars.left()
        for name, color, shares in self._parts:
            self._paint_bars(painter, bars, shares / most, color)
            left = self._paint_name(painter, QPointF(left, LINE - 4), name, color)
        painter.fillRect(QRectF(bars.left(), bars.bottom(), bars.width(), 1), QColor(scheme.outline))
        self._paint_here(painter, bars)
        painter.setPen(QColor(scheme.muted))
        foot = QRectF(bars.left(), bars.bottom() + LINE, bars.width(), LINE)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, "0")
        painter.drawText(foot, Qt.AlignmentFlag.AlignHCenter, _("distance to the nearest training image"))
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, f"{self._edges[-1]:.3g}")

    def _paint_bars(self, painter: QPainter, bars: QRectF, heights: NDArray[np.float64], color: str) -> None:
        shade = QColor(color)
        shade.setAlphaF(0.45)
        width = bars.width() / BINS
        for index, height in enumerate(heights.tolist()):
            if height:
                tall = max(bars.height() * height, 2)
                bar = QRectF(bars.left() + index * width, bars.bottom() - tall, width - 1, tall)
                painter.fillRect(bar, shade)
                painter.fillRect(QRectF(bar.left(), bar.top(), bar.width(), 2), QColor(color))

    def _paint_name(self, painter: QPainter, position: QPointF, name: str, color: str) -> float:
        """Paints a label; returns the x position of the next one."""
        painter.fillRect(QRectF(position.x(), position.y() - 9, 9, 9), QColor(color))
        painter.setPen(QColor(theme.current().text))
        painter.drawText(position + QPointF(14, 0), name)
        return position.x() + 14 + painter.fontMetrics().horizontalAdvance(name) + 18

    def _paint_here(self, painter: QPainter, bars: QRectF) -> None:
        """Paints the mark below the axis, where it hides no bar."""
        scheme = theme.current()
        x = bars.left() + bars.width() * self._here / float(self._edges[-1])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(scheme.text), 1))
        painter.drawLine(QPointF(x, bars.top()), QPointF(x, bars.bottom()))
        painter.setBrush(QColor(scheme.text))
        corners = ((x, 2), (x - 4, 8), (x + 4, 8))
        painter.drawPolygon(QPolygonF([QPointF(left, bars.bottom() + below) for left, below in corners]))
        text = _("this one: {distance}").format(distance=f"{self._here:.3g}")
        room = painter.fontMetrics().horizontalAdvance(text)
        start = min(max(x + 8, bars.left()), bars.right() - room)
        painter.drawText(QPointF(start, bars.bottom() + LINE - 3), text)
