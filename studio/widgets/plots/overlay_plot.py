"""Plot of the same curve of two runs: the first solid, the second dashed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QSize, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.language import _
from core.stats.curves import Curve, Line
from core.stats.keys import valued
from studio import theme
from studio.widgets.plots.curve_canvas import CurveCanvas
from studio.widgets.plots.legend import Entry, Legend

SIDES = ("A", "B")
STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine)
SMOOTHING = 0.6


@dataclass(frozen=True, eq=False)
class PlottedCurve:
    """A curve over another axis than steps."""

    x: Line
    curve: Curve

    def between(self, x0: float, x1: float) -> slice:
        """Returns the points from x0 to x1, and one more on either side."""
        first, last = np.searchsorted(self.x, x0), np.searchsorted(self.x, x1, "right")
        return slice(max(int(first) - 1, 0), int(last) + 1)

    def words(self, x: float) -> str:
        """Returns the mean at the point nearest to x, within the curve's range."""
        if x > self.x[-1]:
            return _("ended at {value}").format(value=f"{self.curve.mean[-1]:.4g}")
        at = int(np.abs(self.x - x).argmin())
        return valued(float(self.curve.mean[at]), None if self.curve.spread is None else float(self.curve.spread[at]))


class _Pair:
    """Source of the canvas with both curves."""

    def __init__(self, plotted: dict[str, PlottedCurve]) -> None:
        self.plotted = plotted

    def view(
        self, key: str, x0: float, x1: float, pixels: int, /
    ) -> tuple[Line, NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        found = self.plotted.get(key)
        if found is None:
            nothing = np.empty(0, np.float32)
            return np.empty(0), nothing, nothing, nothing
        part, curve = found.between(x0, x1), found.curve
        band = curve.band or (curve.mean, curve.mean)
        low, high, mean = (each[part].astype(np.float32) for each in (*band, curve.mean))
        return found.x[part], low, high, mean


class _Canvas(CurveCanvas):
    def __init__(self) -> None:
        super().__init__(SIDES, (_("run A"), _("run B")))

    def restyle(self, antialias: bool = True) -> None:
        super().restyle(antialias)  # these runs do not grow, so antialiasing is affordable
        pen = self._smooth[1].opts["pen"]
        pen.setStyle(STYLES[1])
        self._smooth[1].setPen(pen)


class OverlayPlot(QWidget):
    """Plot of two curves. Wheel and mouse zoom and pan as in other plots."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pair = _Pair({})
        self._names = {side: side for side in SIDES}
        self._unit = ""
        self._say: Callable[[float], str] = str
        self._whole = True
        self._at: float | None = None
        self._readout = Legend()
        self._canvas = _Canvas()
        self._canvas.setMouseTracking(True)
        self._redraw = QTimer(self, singleShot=True, interval=16)
        self._redraw.timeout.connect(self._draw)
        self._canvas.range_changed.connect(self._redraw.start)
        self._canvas.moved_by_hand.connect(self._leave_whole)
        self._canvas.fit_requested.connect(self.reset_view)
        self._canvas.hovered.connect(self._hover)
        row = QHBoxLayout()
        row.setContentsMargins(8, 4, 8, 0)
        row.addWidget(self._readout, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self._canvas, 1)
        self.setAccessibleName(_("Curves of both runs"))

    def set_names(self, names: dict[str, str]) -> None:
        """Sets the names of the sides."""
        self._names = names
        self._show_readout()

    def show_pair(self, plotted: dict[str, PlottedCurve], unit: str, say: Callable[[float], str]) -> None:
        """Shows the curves by side; `words` formats a position on their axis."""
        self._pair, self._unit, self._say = _Pair(plotted), unit, say
        self._canvas.getPlotItem().setLabel("bottom", unit)
        self._whole = True
        self._draw()
        self._show_readout()

    def set_log(self, log: bool) -> None:
        """Sets a logarithmic or linear y axis."""
        self._canvas.set_log(log)
        self._redraw.start()

    def reset_view(self) -> None:
        """Shows everything again."""
        self._whole = True
        self._draw()

    def plotted(self) -> dict[str, PlottedCurve]:
        """Returns the drawn curves by side."""
        return dict(self._pair.plotted)

    def readout(self) -> str:
        """Returns the readout's text."""
        return self._readout.plain

    def _leave_whole(self) -> None:
        self._whole = self._canvas.shows_span()

    def _draw(self) -> None:
        self._redraw.stop()
        ends = [plotted.x[-1] for plotted in self._pair.plotted.values()]
        if not ends:
            self._canvas.draw(self._pair, SMOOTHING)
            return
        self._canvas.set_span(0, max(ends))
        if self._whole:
            self._canvas.show_span()
        self._canvas.draw(self._pair, SMOOTHING)
        self._redraw.stop()  # setting the range requested what was just done

    def _hover(self, x: float | None) -> None:
        self._at = x
        self._canvas.show_cross(x)
        self._show_readout()

    def _show_readout(self) -> None:
        entries = [
            Entry(color, f"{side}: {self._names[side]}", "" if self._at is None else found.words(self._at), style)
            for color, style, side in zip(theme.current().curves(SIDES), STYLES, SIDES, strict=True)
            if (found := self._pair.plotted.get(side))
        ]
        self._readout.show_entries(entries, "" if self._at is None or not entries else self._say(self._at))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_canvas"):
            self._canvas.restyle()
            self._show_readout()

    def sizeHint(self) -> QSize:
        return QSize(640, 320)
