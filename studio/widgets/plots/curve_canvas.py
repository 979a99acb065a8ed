"""Canvas of `CurvePlot`: isolates the cost of pyqtgraph from the rest of the window."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QApplication

from core.language import _, all_of
from studio import theme

Line = NDArray[np.float64]

WIDTH = 2.0
"""Width of the smoothed lines in pixels."""
TOP = 7
"""Pixels above the plot for half a label of the highest tick."""
TICK_ROOM = 26
"""Smallest distance between value ticks, in pixels."""
GRIP = 5
"""Distance in pixels at which the moment's line can be grabbed."""
MOST_MARKS = 100
"""Most marks; each is a separate item, which takes time in every frame."""
SIZES = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
"""Thresholds, divisors and suffixes of axis labels."""
MOST_ZOOM = 10_000
"""Largest zoom: at least 1 / `MOST_ZOOM` of the steps stays visible."""
FEW, DOT = 40, 5
"""A curve of at most `FEW` points is drawn as dots of `DOT` pixels, as a single point would be no line."""


class _StepAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Step axis with labels such as 250, 40k and 1.5M instead of 1e+06."""

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return _short(values)


class _ValueAxis(pg.AxisItem):  # type: ignore[misc]
    """Value axis with a label at every tick, so that each grid line has a label."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        # `size` differs by a pixel or two between the calls for labels and for the grid.
        return [_ticks(minVal, maxVal, self.linkedView().height(), self.logMode)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [_short([10.0**value])[0] for value in values] if self.logMode else _short(values)


class CurveSource(Protocol):
    """Source of curves, with a `view` like that of `History`."""

    def view(
        self, key: str, x0: float, x1: float, pixels: int, /
    ) -> tuple[Line, NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]: ...


class CurveCanvas(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Canvas that draws the visible part of curves of a `History`: raw values faint (a band where they are dense),
    their smoothed mean strong."""

    hovered = Signal(object)  # step under the pointer as a float, None when it left
    moved_by_hand = Signal()
    range_changed = Signal()
    fit_requested = Signal()  # double-click; its first click has chosen a moment
    moment_chosen = Signal(float)  # a clicked step, or the step to which the moment's line is dragged

    def __init__(self, keys: Sequence[str], labels: Sequence[str]) -> None:
        super().__init__(
            axisItems={"bottom": _StepAxis("bottom"), "left": _ValueAxis("left")},
            viewBox=pg.ViewBox(enableMenu=False),
            enableMenu=False,
        )
        self._keys = list(keys)
        self._log = False
        self._span = 0.0, 1.0
        self._marks: list[pg.InfiniteLine] = []
        self._set_up_plot()
        self._box = self.getPlotItem().getViewBox()
        self._add_items()
        self._pressed: QPointF | None = None
        self._is_held = False
        self._connect()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys belong to the parent
        self.setAccessibleName(_("Plot of {names}").format(names=all_of(labels)))
        self.restyle()

    def _set_up_plot(self) -> None:
        plot = self.getPlotItem()
        plot.hideButtons()
        plot.layout.setContentsMargins(0, TOP, 0, 0)
        # Never shown, but without a parent it would outlive the plot with its seven submenus.
        plot.ctrlMenu.setParent(self, plot.ctrlMenu.windowFlags())
        plot.setLabel("bottom", _("step"))
        plot.getAxis("bottom").showLabel(False)  # only a saved image stands alone
        plot.getAxis("bottom").enableAutoSIPrefix(False)
        plot.getAxis("left").enableAutoSIPrefix(False)
        plot.getAxis("left").setWidth(52)  # fixed, or the plot moves as the labels grow
        plot.disableAutoRange()
        plot.getViewBox().setDefaultPadding(0.0)
        plot.getViewBox().setMouseEnabled(x=True, y=False)  # the height always fits the visible values

    def _add_items(self) -> None:
        plot = self.getPlotItem()
        self._bands = [_curve(z=0, fillLevel="enclosed") for _key in self._keys]
        self._raw = [_curve(z=1) for _key in self._keys]
        self._smooth = [_curve(z=2) for _key in self._keys]
        self._dots = [pg.ScatterPlotItem(size=DOT, pen=None) for _key in self._keys]
        for item in (*self._bands, *self._raw, *self._smooth, *self._dots):
            plot.addItem(item, ignoreBounds=True)
        self._cross = pg.InfiniteLine(angle=90, movable=False)
        self._moment = pg.InfiniteLine(angle=90, movable=False)
        for line, z in ((self._cross, 3), (self._moment, 4)):
            line.setZValue(z)
            line.hide()
            plot.addItem(line, ignoreBounds=True)

    def _connect(self) -> None:
        self._box.sigRangeChangedManually.connect(lambda *_: self.moved_by_hand.emit())
        self._box.sigXRangeChanged.connect(lambda *_: self.range_changed.emit())
        # The grid is painted as the background, which Qt caches.
        self._box.sigYRangeChanged.connect(lambda *_: self.resetCachedContent())
        self._box.sigResized.connect(lambda *_: self.resetCachedContent())
        self._box.sigResized.connect(lambda *_: self.range_changed.emit())

    # --- content ---

    def draw(self, history: CurveSource, smoothing: float) -> None:
        """Redraws the visible steps, at the height that fits them."""
        (x0, x1), pixels = self._box.viewRange()[0], max(int(self._box.width()), 16)
        heights: list[NDArray[np.floating]] = []
        curves = zip(self._keys, self._bands, self._raw, self._smooth, self._dots, strict=True)
        for key, band, raw, smooth, dots in curves:
            x, low, high, mean = history.view(key, x0, x1, pixels // 2)
            if self._log:
                x, low, high, mean = _logarithms(x, low, high, mean)
            # Points are closer after zooming out; weighting by distance keeps the smoothing constant.
            spacing = pixels / max(len(x), 1) * _share(x, x0, x1)
            line = smoothed(mean.astype(np.float64), smoothing, spacing)
            if np.array_equal(low, high):
                band.setData([], [])
                raw.setData(x, mean, skipFiniteCheck=True)
            else:
                raw.setData([], [])
                band.setData(np.concatenate([x, x[::-1]]), np.concatenate([low, high[::-1]]), skipFiniteCheck=True)
            smooth.setData(x, line, skipFiniteCheck=True)
            dots.setData(*(x, line) if len(x) <= FEW else ([], []))
            visible = (x >= x0) & (x <= x1)
            heights.extend((line[visible], low[visible], high[visible]))
        self._fit_height(heights)

    def _fit_height(self, heights: Sequence[NDArray[np.floating]]) -> None:
        values = np.concatenate([np.asarray(part, np.float64) for part in heights])
        if not len(values):
            return
        # A single spike must not flatten the rest: ignores the outermost percent.
        cut = len(values) // 100 if len(values) >= 200 else 0
        ordered = np.partition(values, [cut, len(values) - 1 - cut])
        low, high = float(ordered[cut]), float(ordered[-1 - cut])
        margin = 0.06 * (high - low) or max(abs(high) * 0.1, 0.1)
        if (low - margin, high + margin) != tuple(self._box.viewRange()[1]):
            self._box.setYRange(low - margin, high + margin, padding=0)

    def set_span(self, first: float, last: float) -> None:
        """Sets the range of steps, which limits pan and zoom."""
        last = max(last, first + 1.0)
        if self._span != (first, last):
            self._span = first, last
            self._box.setLimits(xMin=first, xMax=last, minXRange=(last - first) / MOST_ZOOM)

    def show_span(self) -> None:
        """Shows all steps."""
        if not self.shows_span():
            self._box.setXRange(*self._span, padding=0)

    def shows_span(self) -> bool:
        """Returns whether all steps are visible."""
        return bool(np.allclose(self._box.viewRange()[0], self._span, rtol=0, atol=1e-6 * np.ptp(self._span)))

    def scale_by(self, factor: float) -> None:
        """Zooms the steps around the middle; a `factor` below 1 shows fewer."""
        self._box.scaleBy((factor, 1.0))
        self.moved_by_hand.emit()

    def pan_by(self, share: float) -> None:
        """Pans by a share of the visible steps."""
        x0, x1 = self._box.viewRange()[0]
        self._box.translateBy(x=share * (x1 - x0))
        self.moved_by_hand.emit()

    def set_log(self, log: bool) -> None:
        """Sets a logarithmic y axis, which omits values of zero and below."""
        self._log = log
        self.getPlotItem().getAxis("left").setLogMode(log)
        self.resetCachedContent()

    def steps_a_pixel(self) -> float:
        """Returns the number of steps per pixel."""
        x0, x1 = self._box.viewRange()[0]
        return float((x1 - x0) / max(self._box.width(), 1.0))

    def show_cross(self, step: float | None) -> None:
        """Marks one step with a vertical line."""
        self._cross.setVisible(step is not None)
        if step is not None:
            self._cross.setPos(step)

    def show_moment(self, step: float | None) -> None:
        """Marks the chosen moment with a draggable line."""
        self._moment.setVisible(step is not None)
        if step is not None:
            self._moment.setPos(step)

    def set_marks(self, steps: Sequence[int]) -> None:
        """Marks events with thin vertical lines, at most `MOST_MARKS`, evenly picked."""
        for mark in self._marks:
            self.getPlotItem().removeItem(mark)
        distinct = sorted(set(steps))
        drawn = np.linspace(0, len(distinct) - 1, min(len(distinct), MOST_MARKS)).round().astype(int).tolist()
        self._marks = [pg.InfiniteLine(distinct[number], angle=90, movable=False) for number in drawn]
        for mark in self._marks:
            mark.setZValue(0.5)
            self.getPlotItem().addItem(mark, ignoreBounds=True)
        self._style_marks()

    def _style_marks(self) -> None:
        pen = _pen(QColor(theme.current().accent), 1.0)
        pen.setStyle(Qt.PenStyle.DashLine)
        for mark in self._marks:
            mark.setPen(pen)

    def restyle(self, antialias: bool = False) -> None:
        """Applies the colors of the current scheme. `antialias`: smooth edges and a named axis for a saved image; too
        slow for live curves."""
        scheme = theme.current()
        self.setBackground(scheme.surface)
        colors = scheme.curves(self._keys)
        for color, band, raw, smooth, dots in zip(
            colors, self._bands, self._raw, self._smooth, self._dots, strict=True
        ):
            shade = QColor(color)
            shade.setAlphaF(0.25)
            band.setPen(None)
            band.setBrush(shade)
            raw.setPen(_pen(theme.blend(color, scheme.surface, 0.38), 1.0))
            smooth.setPen(_pen(QColor(color), WIDTH))
            dots.setBrush(QColor(color))
            smooth.opts["antialias"] = antialias
        for side in ("left", "bottom"):
            axis = self.getPlotItem().getAxis(side)
            axis.setPen(_pen(QColor(scheme.border), 1.0))
            axis.setTextPen(QColor(scheme.muted))
        self.getPlotItem().getAxis("bottom").showLabel(antialias)
        self.getPlotItem().layout.activate()
        self._cross.setPen(_pen(QColor(scheme.muted), 1.0))
        self._moment.setPen(_pen(QColor(scheme.accent), 1.0))
        self._style_marks()

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        super().drawBackground(painter, rect)
        # Replaces pyqtgraph's grid, whose translucent lines take nine tenths of a frame's time.
        axis, (bottom, top) = self.getPlotItem().getAxis("left"), self._box.viewRange()[1]
        inside = self._box.sceneBoundingRect()
        painter.setPen(_pen(theme.blend(theme.current().border, theme.current().surface, 0.7), 1.0))
        for value in axis.tickValues(bottom, top, inside.height())[0][1]:
            y = round(inside.bottom() - (value - bottom) / (top - bottom) * inside.height())
            painter.drawLine(int(inside.left()), y, int(inside.right()), y)

    # --- pointer ---

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._inside(event.position()):
            self._pressed, self._is_held = event.position(), self._is_on_moment(event.position())
        if self._is_held:
            event.accept()  # moves the line instead of panning
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        position = event.position()
        if self._is_held:
            self.moment_chosen.emit(self._step_at(position))
            return
        # pyqtgraph's own signal drops quick moves and can miss that the pointer has left.
        super().mouseMoveEvent(event)
        self.viewport().setCursor(
            Qt.CursorShape.SplitHCursor if self._is_on_moment(position) else Qt.CursorShape.ArrowCursor
        )
        self.hovered.emit(self._step_at(position) if self._inside(position) else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, held, self._pressed, self._is_held = self._pressed, self._is_held, None, False
        if not held:
            super().mouseReleaseEvent(event)
        if pressed is None or held:
            return
        if (event.position() - pressed).manhattanLength() < QApplication.startDragDistance():
            self.moment_chosen.emit(self._step_at(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._inside(event.position()):
            event.accept()
            self.fit_requested.emit()
        else:
            super().mouseDoubleClickEvent(event)

    def _inside(self, position: QPointF) -> bool:
        return bool(self._box.sceneBoundingRect().contains(position))

    def _step_at(self, position: QPointF) -> float:
        return float(self._box.mapSceneToView(position).x())

    def _is_on_moment(self, position: QPointF) -> bool:
        reach = GRIP * self.steps_a_pixel()
        near = abs(self._step_at(position) - self._moment.value()) <= reach
        return bool(self._moment.isVisible() and near and self._inside(position))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered.emit(None)


def smoothed(values: Line, smoothing: float, spacing: float) -> Line:
    """Returns the exponential moving average without start-up bias; `smoothing` s in [0, 1) has a memory of about 4 s /
    (1 - s) pixels. `spacing`: distance of two values in pixels."""
    if smoothing <= 0 or len(values) < 2:
        return values
    keep = float(np.exp(-max(spacing, 1e-3) * (1 - smoothing) / (4 * smoothing)))
    sums = np.fromiter(accumulate(values.tolist(), lambda total, value: keep * total + value), np.float64, len(values))
    # total[i] starts with the bare first value, so its weights sum to 1 + keep + ... + keep ** i.
    weights = (1 - keep ** np.arange(1, len(values) + 1)) / (1 - keep)
    return np.asarray(sums / weights)


def _short(values: Sequence[float]) -> list[str]:
    """Returns axis labels with a common unit."""
    largest = max((abs(value) for value in values), default=0.0)
    size, sign = next(((size, sign) for least, size, sign in SIZES if largest >= least), (1.0, ""))
    return [f"{value / size:.7g}{sign}" if value else "0" for value in values]


def _ticks(low: float, high: float, pixels: float, log: bool) -> tuple[float, list[float]]:
    """Returns the distance of the ticks and their values; on a logarithmic axis at powers of ten, or 1, 2 and 5 times
    these, whichever gives enough."""
    most = max(int(pixels / TICK_ROOM), 3)
    if log and high - low >= 1:
        every = -int(-(high - low) // most)
        decades = np.arange(np.floor(low / every), np.ceil(high / every) + 1) * every
        parts = [1, 2, 5] if 2.5 * TICK_ROOM * (high - low) <= pixels else [1]
        values = (decades[:, None] + np.log10(parts)).ravel()
        return 1.0, values[(values >= low) & (values <= high)].tolist()
    ends = (10**low, 10**high) if log else (low, high)
    least = max((ends[1] - ends[0]) / most, 1e-12)
    power = 10.0 ** np.floor(np.log10(least))
    spacing = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))
    values = np.arange(np.ceil(ends[0] / spacing), np.floor(ends[1] / spacing) + 1) * spacing
    values[np.abs(values) < spacing / 2] = 0.0  # not -0
    return float(spacing), (np.log10(values[values > 0]) if log else values).tolist()


def _share(x: Line, x0: float, x1: float) -> float:
    """Returns the share of the visible width that the points cover."""
    return min(float(x[-1] - x[0]) / max(x1 - x0, 1e-9), 1.0) if len(x) > 1 else 1.0


def _logarithms(
    x: Line, low: NDArray[np.float32], high: NDArray[np.float32], mean: NDArray[np.float32]
) -> tuple[Line, NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    there = mean > 0
    x, low, high, mean = x[there], low[there], high[there], mean[there]
    # Where the band reaches below zero, clip it at a tenth of its mean.
    return x, np.log10(np.where(low > 0, low, mean / 10)), np.log10(high), np.log10(mean)


def _curve(z: float, **options: object) -> pg.PlotCurveItem:
    curve = pg.PlotCurveItem(skipFiniteCheck=True, antialias=False, **options)
    curve.setZValue(z)
    return curve


def _pen(color: QColor, width: float) -> QPen:
    pen = QPen(color, width)
    pen.setCosmetic(True)
    return pen
