"""Plot of several curves of a run's history, with a toolbar."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QKeyEvent, QPainter, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from core.language import _, all_of, number
from core.stats.keys import meaning, spread_of, valued
from studio import theme
from studio.model.history import History, ReportRows
from studio.widgets.basic.labels import IconButton, wrapped_tip
from studio.widgets.plots.legend import Entry, Legend
from studio.widgets.plots.plot_options import PlotOptions, muted
from studio.widgets.plots.pyqtgraph_import import pyqtgraph_import

if TYPE_CHECKING:
    from studio.widgets.plots.curve_canvas import CurveCanvas

FRAME_MS = 16
MARK_REACH = 6
"""Distance in pixels at which the readout explains a mark."""
MOST_REMARKS, LONGEST_REMARK = 5, 300
"""Marks explained at once (the newest), and characters for each."""
ROOM_FOR_TOOLS = 340
"""Width in pixels below which some tools move to the options menu."""
NARROWEST, LOWEST = 240, 116


class CurvePlot(QWidget):
    """Plot of `curves`, pairs of (key in the history, label).

    Follows new data until the person pans or zooms; `reset_view()` resumes. There is no polling: the owner of the
    history calls `refresh()`, at most about 30 times per second.
    """

    save_requested = Signal(str)  # "png" or "csv"
    moment_chosen = Signal(object)
    """Step chosen by a click or by dragging the moment's line; the previous value (None: newest) at the second click of
    a double-click."""

    def __init__(
        self, history: History, curves: Sequence[tuple[str, str]], parent: QWidget | None = None, *, log: bool = False
    ) -> None:
        super().__init__(parent)
        self._history = history
        self._curves = list(curves)
        self._canvas: CurveCanvas | None = None
        self._following = True
        self._drawn_version = -1
        self._cross_step: int | None = None
        self._moment: int | None = None
        self._moment_before: int | None = None
        self._marks: list[tuple[int, str]] = []
        self._is_beside = True
        """Tells whether the legend is beside the title."""
        # Dragging sends many range changes per frame; one redraw serves all.
        self._redraw = QTimer(self, singleShot=True, interval=FRAME_MS)
        self._redraw.timeout.connect(self._draw)
        self._build(log)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._say_what_it_shows()
        pyqtgraph_import.ended.connect(self._warm)

    def _build(self, log: bool) -> None:
        self._readout = Legend()
        self._options = PlotOptions(log)
        self._options.smoothing_changed.connect(self._redraw.start)
        self._options.log_changed.connect(self._set_canvas_log)
        self._options.reset_requested.connect(self.reset_view)
        self._options.save_requested.connect(self.save_requested)
        self._reset = IconButton(
            "arrows-out", _("Reset view"), _("Show all steps and follow new data (0, or double-click)")
        )
        self._reset.clicked.connect(self.reset_view)
        self._stack = QStackedLayout()
        self._empty_text = _("Losses appear here when training starts.")
        self._empty = muted(self._empty_text)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._lay_out()
        self._show_readout()

    def _lay_out(self) -> None:
        self._head = QHBoxLayout()
        self._head.setSpacing(6)
        self._tools = QHBoxLayout()
        self._tools.setSpacing(2)
        for widget in (self._reset, self._options):
            self._tools.addWidget(widget)
        self._top = QGridLayout()
        self._top.setContentsMargins(8, 2, 4, 2)
        self._top.setHorizontalSpacing(16)
        self._top.setVerticalSpacing(2)
        self._top.setColumnStretch(1, 1)
        self._top.addLayout(self._head, 0, 0)
        self._top.addWidget(self._readout, 0, 1)
        self._top.addLayout(self._tools, 0, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._top)
        layout.addLayout(self._stack, 1)
        self._stack.addWidget(self._empty)  # in the stack first, or it would show as a window

    # --- content ---

    def set_history(self, history: History, keep_view: bool = False) -> None:
        """Sets another run's history, or a fuller one of the same run (`keep_view`: the visible steps stay)."""
        self._history = history
        self._drawn_version = -1
        if keep_view:
            self.refresh()
        else:
            self.reset_view()

    def set_curves(self, curves: Sequence[tuple[str, str]]) -> None:
        """Sets the keys and labels of the curves."""
        if list(curves) == self._curves:
            return
        self._curves = list(curves)
        if self._canvas is not None:
            self._stack.removeWidget(self._canvas)
            self._canvas.deleteLater()
            self._canvas = None
        self._cross_step = None
        self._say_what_it_shows()
        self.reset_view()
        self._place_readout()

    def _say_what_it_shows(self) -> None:
        names = [label for _key, label in self._curves]
        self.setAccessibleName(_("Curves of {names}").format(names=all_of(names)) if names else "")
        said = meaning(self._curves[0][0]) if self._curves else ""
        self.setAccessibleDescription(said)
        self._readout.setToolTip(wrapped_tip(said))

    def set_marks(self, marks: Sequence[tuple[int, str]]) -> None:
        """Sets steps with events and their texts: lines that the readout explains under the pointer."""
        self._marks = list(marks)
        if self._canvas is not None:
            self._canvas.set_marks([step for step, _text in marks])

    def set_moment(self, step: int | None) -> None:
        """Sets the chosen moment: a line whose values the readout shows while the pointer is elsewhere."""
        self._moment = step
        if self._canvas is not None:
            self._canvas.show_moment(step)
        self._show_readout()

    def set_empty_text(self, text: str) -> None:
        """Sets the text shown before there are curves."""
        self._empty_text = text
        self._empty.setText(text)

    def refresh(self) -> None:
        """Draws new data of the history; costs nothing if there is none or the plot is hidden."""
        if self._drawn_version != self._history.version and self.isVisible():
            self._draw()

    def reset_view(self) -> None:
        """Shows all steps and follows new data again."""
        self._following = True
        self._draw()

    def following(self) -> bool:
        """Returns whether the view follows new data."""
        return self._following

    def smoothing(self) -> float:
        """Returns the smoothing, 0 (none) ... 0.99."""
        return self._options.smoothing()

    def set_smoothing(self, smoothing: float) -> None:
        """Sets the smoothing, 0 (none) ... 0.99."""
        self._options.set_smoothing(smoothing)

    def log(self) -> bool:
        """Returns whether the y axis is logarithmic."""
        return self._options.log()

    def set_log(self, log: bool) -> None:
        """Sets a logarithmic or linear y axis."""
        self._options.set_log(log)

    def _set_canvas_log(self, log: bool) -> None:
        if self._canvas is not None:
            self._canvas.set_log(log)
            self._redraw.start()

    def readout(self) -> str:
        """Returns the legend's text: names, and step and values under the crosshair."""
        return self._readout.plain

    # --- drawing ---

    def _draw(self) -> None:
        self._redraw.stop()
        span = self._history.span()
        if span is not None and not pyqtgraph_import.is_over():
            pyqtgraph_import.begin()  # drawn then
            self._empty.clear()
            return
        self._drawn_version = self._history.version
        if span is None:
            self._empty.setText(self._empty_text)
            self._stack.setCurrentIndex(0)
            self._show_readout()
            return
        canvas = self._ready_canvas()
        self._stack.setCurrentWidget(canvas)
        canvas.set_span(*span)
        if self._following:
            canvas.show_span()
        canvas.draw(self._history, self.smoothing())
        self._redraw.stop()  # setting the range requested the redraw that was just done
        self._show_readout()

    def _ready_canvas(self) -> CurveCanvas:
        if self._canvas is None:
            from studio.widgets.plots.curve_canvas import CurveCanvas

            self._canvas = CurveCanvas([key for key, _label in self._curves], [label for _key, label in self._curves])
            self._canvas.set_log(self.log())
            self._canvas.set_marks([step for step, _text in self._marks])
            self._canvas.moved_by_hand.connect(self._stop_following)
            self._canvas.fit_requested.connect(self._fit)
            self._canvas.range_changed.connect(self._redraw.start)
            self._canvas.hovered.connect(self._hover)
            self._canvas.moment_chosen.connect(self._choose_moment)
            self._canvas.show_moment(self._moment)
            self._stack.addWidget(self._canvas)
        return self._canvas

    def _stop_following(self) -> None:
        self._following = self._canvas is not None and self._canvas.shows_span()

    def _fit(self) -> None:
        self.moment_chosen.emit(self._moment_before)
        self.reset_view()

    def _hover(self, step: float | None) -> None:
        nearest = None if step is None else self._history.nearest_step(step)
        if nearest == self._cross_step:
            return
        self._cross_step = nearest
        if self._canvas is not None:
            self._canvas.show_cross(nearest)
        self._show_readout()

    def _choose_moment(self, step: float) -> None:
        first, last = self._history.span() or (0, 0)
        self._moment_before = self._moment
        self.moment_chosen.emit(round(min(max(step, first), last)))

    def _show_readout(self) -> None:
        step = self._moment if self._cross_step is None else self._cross_step
        colors = theme.current().curves([key for key, _label in self._curves])
        entries = [
            Entry(color, label, "" if step is None else self._value(key, step))
            for color, (key, label) in zip(colors, self._curves, strict=True)
        ]
        if step is None:
            self._readout.show_entries(entries)
        else:
            self._readout.show_entries(entries, _("step {step}").format(step=number(step)), self._marks_near(step))

    def _value(self, key: str, step: int) -> str:
        value = self._history.value_at(key, step)
        return "" if value is None else valued(value, self._history.value_at(spread_of(key), step))

    def _marks_near(self, step: int) -> list[str]:
        if self._canvas is None:
            return []
        reach = MARK_REACH * self._canvas.steps_a_pixel()
        near = [words for at, words in self._marks if abs(at - step) <= reach]
        return [shorten(words, LONGEST_REMARK, placeholder=" …") for words in near[-MOST_REMARKS:]]

    # --- saving ---

    def picture(self) -> QImage:
        """Returns the visible plot as an image, at double resolution with smooth lines."""
        canvas = self._ready_canvas()
        canvas.restyle(antialias=True)
        area = canvas.geometry().united(self._readout.geometry())
        image = QImage(area.size() * 2, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(2.0)
        image.fill(theme.current().surface)
        painter = QPainter(image)
        painter.translate(-area.topLeft())
        canvas.render(painter, QRectF(canvas.geometry()))
        self._readout.render(painter, self._readout.geometry().topLeft(), renderFlags=QWidget.RenderFlag.DrawChildren)
        painter.end()
        canvas.restyle()
        return image

    def numbers(self) -> ReportRows:
        """Returns every report of these curves."""
        known = self._history.keys()
        return self._history.rows([key for key, _label in self._curves if key in known])

    # --- Qt ---

    def sizeHint(self) -> QSize:
        return QSize(640, 320)

    def minimumSizeHint(self) -> QSize:
        return QSize(NARROWEST, LOWEST)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_tools(event.size().width() >= ROOM_FOR_TOOLS)
        self._place_readout()

    def _fit_tools(self, has_room: bool) -> None:
        """Shows toolbar copies of the options menu where there is room."""
        self._reset.setVisible(has_room)

    def _place_readout(self) -> None:
        """Places the readout beside the title if it fits in one row, else below."""
        beside = self._head.sizeHint().width() + self._tools.sizeHint().width() + 2 * self._top.horizontalSpacing()
        is_beside = self._readout.fits_one_row(self.width() - beside - 12)
        if is_beside != self._is_beside:
            self._is_beside = is_beside
            self._top.removeWidget(self._readout)
            self._top.addWidget(self._readout, *((0, 1) if is_beside else (1, 0, 1, 3)))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # After the first paint, so that the canvas is ready for the first report without blocking the window.
        QTimer.singleShot(0, self, self._warm)

    def _warm(self) -> None:
        if not pyqtgraph_import.is_over():
            pyqtgraph_import.begin()
        elif self.isVisible():
            self._ready_canvas()
            self.refresh()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_stack"):
            if self._canvas is not None:
                self._canvas.restyle()
            self._show_readout()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._canvas is None:
            super().keyPressEvent(event)
            return
        match event.key():
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self._canvas.scale_by(0.8)
            case Qt.Key.Key_Minus:
                self._canvas.scale_by(1.25)
            case Qt.Key.Key_Left:
                self._canvas.pan_by(-0.1)
            case Qt.Key.Key_Right:
                self._canvas.pan_by(0.1)
            case Qt.Key.Key_0 | Qt.Key.Key_Home:
                self.reset_view()
            case _:
                super().keyPressEvent(event)
