"""Slices of the search: the goal over each varied setting, a dot for each trial."""

from __future__ import annotations

from math import hypot

import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor

from core.language import _
from studio import theme
from studio.model.search.axes import Axis, PlottedTrial
from studio.widgets.search.trial_canvas import HEIGHT, TrialCanvas, pen

DOT, SELECTED_DOT = 9, 14
"""Sizes of dots in pixels."""


class SlicePlot(TrialCanvas):
    """A plot for each setting, with the goal upwards. Pruned and running trials are crosses."""

    def __init__(self) -> None:
        self._boxes: list[pg.ViewBox] = []
        super().__init__(_("Goal over each setting"))

    def redraw(self) -> None:
        self._boxes = []
        super().redraw()

    def point(self, trial: PlottedTrial, column: int) -> tuple[float, float] | None:
        """Returns the place of a trial in the plot of a setting; None before its first measurement."""
        assert self._goal is not None
        across, up = self._axes[column].place(trial.values[column]), self._goal.place(trial.goal)
        return None if across is None or up is None else (across, up)

    def _draw(self, goal: Axis) -> None:
        for column, axis in enumerate(self._axes):
            plot = self._add_plot(column)
            box = plot.getViewBox()
            self._boxes.append(box)
            box.setRange(xRange=HEIGHT, yRange=HEIGHT, padding=0)
            plot.setLabel("bottom", axis.title, color=theme.current().text)
            plot.getAxis("bottom").setTicks([axis.ticks()])
            plot.getAxis("bottom").setStyle(hideOverlappingLabels=False)  # nor those at the ends
            plot.getAxis("left").setTicks([goal.ticks()])
            if column:
                plot.getAxis("left").setStyle(showValues=False)
            else:
                plot.setLabel("left", goal.title, color=theme.current().text)
            for trial in self._ordered():
                self._draw_trial(plot, trial, column)

    def _draw_trial(self, plot: pg.PlotItem, trial: PlottedTrial, column: int) -> None:
        if (point := self.point(trial, column)) is None:
            return
        is_selected = trial.number == self._selected
        dot = pg.ScatterPlotItem(
            [point[0]],
            [point[1]],
            size=SELECTED_DOT if is_selected else DOT,
            symbol="o" if trial.is_complete else "x",
            brush=self._color(trial),
            pen=pen(QColor(theme.current().surface)),
        )
        plot.addItem(dot, ignoreBounds=True)

    def _distances(self, position: QPointF) -> dict[int, float]:
        found: dict[int, float] = {}
        for column, box in enumerate(self._boxes):
            for trial in self._trials:
                if (point := self.point(trial, column)) is not None:
                    away = box.mapViewToScene(QPointF(*point)) - position
                    found[trial.number] = min(hypot(away.x(), away.y()), found.get(trial.number, float("inf")))
        return found
