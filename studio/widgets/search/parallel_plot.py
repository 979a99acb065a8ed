"""Parallel coordinates of trials: an axis for each varied setting and for the goal, a line for each trial."""

from __future__ import annotations

from itertools import pairwise
from math import hypot

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor

from core.language import _
from studio import theme
from studio.model.search.axes import Axis, PlottedTrial
from studio.widgets.search.trial_canvas import HEIGHT, TrialCanvas, pen

MARGIN, TITLES = 0.4, 1.16
"""Room left and right of the outer axes, in distances of two axes, and the height of the titles."""


class ParallelPlot(TrialCanvas):
    """Lines of trials through the axes. Pruned and running trials are dashed, and end at their last value."""

    def __init__(self) -> None:
        self._box: pg.ViewBox | None = None
        super().__init__(_("Parallel coordinates of the trials"))

    def redraw(self) -> None:
        self._box = None
        super().redraw()

    def points(self, trial: PlottedTrial) -> list[tuple[float, float]]:
        """Returns the corners of the line of a trial; axes without a value are left out."""
        assert self._goal is not None
        axes, values = (*self._axes, self._goal), (*trial.values, trial.goal)
        places = [axis.place(value) for axis, value in zip(axes, values, strict=True)]
        return [(float(column), at) for column, at in enumerate(places) if at is not None]

    def _draw(self, goal: Axis) -> None:
        plot = self._add_plot(0)
        self._box = plot.getViewBox()
        axes = *self._axes, goal
        self._box.setRange(xRange=(-MARGIN, len(axes) - 1 + MARGIN), yRange=(HEIGHT[0], TITLES), padding=0)
        for side in ("left", "bottom"):
            plot.hideAxis(side)
        for trial in self._ordered():
            self._draw_trial(plot, trial)
        for column, axis in enumerate(axes):
            self._draw_axis(plot, column, axis)

    def _draw_trial(self, plot: pg.PlotItem, trial: PlottedTrial) -> None:
        points = self.points(trial)
        style = Qt.PenStyle.SolidLine if trial.is_complete else Qt.PenStyle.DashLine
        width = 3.0 if trial.number == self._selected else 1.6
        line = pg.PlotCurveItem(
            [x for x, _y in points], [y for _x, y in points], pen=pen(self._color(trial), width, style), antialias=True
        )
        plot.addItem(line, ignoreBounds=True)

    def _draw_axis(self, plot: pg.PlotItem, column: int, axis: Axis) -> None:
        scheme = theme.current()
        line = pg.PlotCurveItem([column, column], [0.0, 1.0], pen=pen(QColor(scheme.outline)))
        plot.addItem(line, ignoreBounds=True)
        title = pg.TextItem(axis.title, QColor(scheme.text), anchor=(0.5, 0.0))
        title.setPos(column, TITLES)
        plot.addItem(title, ignoreBounds=True)
        for at, label in axis.ticks():
            text = pg.TextItem(label, QColor(scheme.text), anchor=(1.1, 0.5), fill=QColor(scheme.surface))
            text.setPos(column, at)
            plot.addItem(text, ignoreBounds=True)

    def _distances(self, position: QPointF) -> dict[int, float]:
        if self._box is None:
            return {}
        found = {}
        for trial in self._trials:
            corners = [self._box.mapViewToScene(QPointF(x, y)) for x, y in self.points(trial)]
            lines = pairwise(corners)
            found[trial.number] = min((_distance(position, *ends) for ends in lines), default=float("inf"))
        return found


def _distance(point: QPointF, start: QPointF, end: QPointF) -> float:
    """Returns the distance of a point from a line between two others."""
    along, to = end - start, point - start
    length = QPointF.dotProduct(along, along)
    share = min(max(QPointF.dotProduct(to, along) / length, 0.0), 1.0) if length else 0.0
    rest = to - along * share
    return hypot(rest.x(), rest.y())
