"""Canvas of trials: a pyqtgraph layout that knows which trial is under the pointer and which is selected."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPen

from studio import theme
from studio.model.search.axes import Axis, PlottedTrial

REACH = 12.0
"""Distance in pixels at which a trial is under the pointer."""
FAINTEST = 0.3
"""Strength of the color of the worst trial; the best has 1."""
HEIGHT = -0.06, 1.06
"""Range of the positions on an axis, with a margin."""


class TrialCanvas(pg.GraphicsLayoutWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Draws trials in shades of one color by their rank, and the selected one in another that differs for every kind of
    color blindness. Base class: `_draw` adds the items, `_distances` measures from the pointer."""

    hovered = Signal(object)
    """Number of the trial under the pointer; None if there is none."""
    chosen = Signal(int)
    """Number of the clicked trial."""
    opened = Signal(int)
    """Number of the double-clicked trial."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._axes: tuple[Axis, ...] = ()
        self._goal: Axis | None = None
        self._trials: tuple[PlottedTrial, ...] = ()
        self._selected: int | None = None
        self._under: int | None = None
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the table beside it has the keys
        self.setMouseTracking(True)
        self.setBackground(theme.current().surface)

    def show_trials(self, axes: Sequence[Axis], goal: Axis, trials: Sequence[PlottedTrial]) -> None:
        """Shows trials; `axes` are those of their values."""
        new = tuple(axes), goal, tuple(trials)
        if new != (self._axes, self._goal, self._trials):
            self._axes, self._goal, self._trials = new
            self.redraw()

    def select(self, number: int | None) -> None:
        """Highlights a trial."""
        if number != self._selected:
            self._selected = number
            self.redraw()

    def trial_at(self, position: QPointF) -> int | None:
        """Returns the number of the trial at a position of the widget, the nearest within `REACH`."""
        distances = self._distances(position)
        nearest = min(distances, key=distances.__getitem__, default=None)
        return nearest if nearest is not None and distances[nearest] <= REACH else None

    def redraw(self) -> None:
        """Draws everything again, in the colors of the current scheme."""
        self.setBackground(theme.current().surface)
        self.clear()
        if self._goal is not None and self._axes:
            self._draw(self._goal)

    def _draw(self, goal: Axis) -> None:
        raise NotImplementedError

    def _distances(self, position: QPointF) -> dict[int, float]:
        """Returns the distance of each trial from a position, in pixels."""
        raise NotImplementedError

    def _add_plot(self, column: int) -> pg.PlotItem:
        """Adds an empty plot that cannot be moved or zoomed."""
        plot = self.addPlot(0, column, viewBox=pg.ViewBox(enableMenu=False, enableMouse=False), enableMenu=False)
        plot.hideButtons()
        plot.ctrlMenu.setParent(self, plot.ctrlMenu.windowFlags())  # without a parent it would outlive the plot
        plot.disableAutoRange()
        plot.getViewBox().setDefaultPadding(0.0)
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(pen(QColor(theme.current().border)))
            axis.setTextPen(QColor(theme.current().text))
        return plot

    def _color(self, trial: PlottedTrial) -> QColor:
        """Returns the color of a trial: stronger for a smaller goal."""
        scheme = theme.current()
        if trial.number == self._selected:
            return QColor(scheme.discriminator)
        if trial.goal is None or not trial.is_complete:
            return theme.blend(scheme.muted, scheme.surface, 0.75)
        goals = sorted(each.goal for each in self._trials if each.goal is not None and each.is_complete)
        rank = goals.index(trial.goal) / max(len(goals) - 1, 1)
        return theme.blend(scheme.generator, scheme.surface, 1 - (1 - FAINTEST) * rank)

    def _ordered(self) -> list[PlottedTrial]:
        """Returns the trials from the bottom to the top of the picture: incomplete ones, worse before better ones, and
        the selected one."""

        def height(trial: PlottedTrial) -> tuple[bool, bool, float]:
            return trial.number == self._selected, trial.is_complete, -(trial.goal or 0.0)

        return sorted(self._trials, key=height)

    # --- pointer ---

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.trial_at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        found = self.trial_at(event.position())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(found)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self.trial_at(event.position())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit(found)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(None)

    def _hover(self, number: int | None) -> None:
        if number != self._under:
            self._under = number
            shape = Qt.CursorShape.ArrowCursor if number is None else Qt.CursorShape.PointingHandCursor
            self.viewport().setCursor(shape)
            self.hovered.emit(number)


def pen(color: QColor, width: float = 1.0, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """Returns a pen whose width is in pixels."""
    found = QPen(color, width, style)
    found.setCosmetic(True)
    return found
