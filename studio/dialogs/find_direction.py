"""Dialog that finds a direction in latent space from images marked as positive or negative examples."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from core.events import Images
from core.language import _, number
from core.latent.request import LatentRequest, Point
from studio import theme
from studio.widgets.basic.help_button import HelpButton
from studio.widgets.basic.labels import Label
from studio.widgets.images.image_grid import ImageGrid

COUNT = 24
COLUMNS = 8


class MarkedGrid(ImageGrid):
    """Grid in which each click marks an image as positive, negative or neither."""

    marked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.marks: dict[int, int] = {}
        self.setAccessibleName(_("Images to mark"))
        self.setToolTip(_("Click once to mark as positive, twice as negative, a third time to clear."))
        self.set_columns(COLUMNS)
        self.clicked.connect(self.mark)

    def mark(self, index: int) -> None:
        """Switches an image to its next mark."""
        following = {0: 1, 1: -1, -1: 0}[self.marks.get(index, 0)]
        self.marks[index] = following
        self.marked.emit()
        self.update()

    def chosen(self, mark: int) -> list[int]:
        return sorted(index for index, own in self.marks.items() if own == mark)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and len(self.images()):
            self.mark(self.current())
        else:
            super().keyPressEvent(event)

    def paint_frame(self, painter: QPainter, tile: QRectF, index: int) -> None:
        super().paint_frame(painter, tile, index)
        mark, scheme = self.marks.get(index, 0), theme.current()
        if mark:
            color, glyph = (scheme.good, "thumbs-up") if mark > 0 else (scheme.error, "thumbs-down")
            painter.setPen(QPen(QColor(color), 4))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(tile.adjusted(2, 2, -2, -2))
            badge = QRectF(tile.right() - 28, tile.top() + 4, 24, 24).toRect()
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(color))
            painter.drawEllipse(badge)
            theme.paint_glyph(painter, badge.adjusted(4, 4, -4, -4), glyph, QColor(scheme.on_accent))


class FindDirectionDialog(QDialog):
    """Requests images of seeds, and returns two groups of points and a name."""

    requested = Signal(object)
    """`LatentRequest` of the wanted images."""
    chosen = Signal(list, list, str)
    """Positive and negative `Point`s and the direction's name; the dialog closes with it."""

    def __init__(self, like: Point, parent: QWidget | None = None) -> None:
        """`like`: the request whose settings the seeds' images take over."""
        super().__init__(parent)
        self.setWindowTitle(_("Create direction from samples"))
        self._like = like
        self._first = 0
        self._liked: list[Point] = []
        self._disliked: list[Point] = []
        self._grid = MarkedGrid()
        self._state = Label()
        self._name = QLineEdit()
        self._name.setPlaceholderText(_("Such as smile or thickness"))
        self._name.setAccessibleName(_("Name of the direction"))
        self._more = QPushButton(_("More images"))
        self._more.setToolTip(_("Keep the marks and show images of further seeds."))
        self._make = QPushButton(_("Create direction"))
        self._make.setObjectName("primary")
        self._grid.marked.connect(self._show)
        self._more.clicked.connect(self._go_on)
        self._make.clicked.connect(self._accept)
        self._build()
        self._show()
        self.resize(900, 520)

    def ask(self) -> None:
        """Requests the first images; connect `requested` before."""
        self.requested.emit(self._request())

    def show_images(self, request: LatentRequest, images: Images) -> None:
        """Shows the requested images; ignores the answer to an older request."""
        if request == self._request():
            self._grid.set_images(images)

    def _request(self) -> LatentRequest:
        return LatentRequest.of(*self._points())

    def _points(self) -> list[Point]:
        like = self._like
        return [
            Point(seed, psi=like.psi, offset=like.offset, classes=like.classes, codes=like.codes, mix=like.mix)
            for seed in range(self._first, self._first + COUNT)
        ]

    def _groups(self) -> tuple[list[Point], list[Point]]:
        points = self._points()
        liked = [*self._liked, *(points[index] for index in self._grid.chosen(1))]
        return liked, [*self._disliked, *(points[index] for index in self._grid.chosen(-1))]

    def _go_on(self) -> None:
        self._liked, self._disliked = self._groups()
        self._first += COUNT
        self._grid.marks.clear()
        self.requested.emit(self._request())
        self._show()

    def _accept(self) -> None:
        liked, disliked = self._groups()
        self.accept()
        self.chosen.emit(liked, disliked, self._name.text().strip() or _("From samples"))

    def _show(self) -> None:
        liked, disliked = self._groups()
        self._state.setText(
            _("{positive} positive, {negative} negative").format(
                positive=number(len(liked)), negative=number(len(disliked))
            )
        )
        ready = bool(liked) and bool(disliked)
        self._make.setEnabled(ready)
        self._make.setToolTip(
            _("Add a slider for the direction (Enter).")
            if ready
            else _("Mark at least one positive and one negative image.")
        )

    def _build(self) -> None:
        hint = Label(_("Click an image once to mark it positive, twice for negative. Three or more of each work best."))
        hint.setObjectName("muted")
        row = QHBoxLayout()
        row.addWidget(self._more)
        row.addWidget(self._state)
        row.addWidget(HelpButton("directions"))
        row.addStretch(1)
        row.addWidget(self._name, 1)
        row.addWidget(self._make)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(10)
        layout.addWidget(hint)
        layout.addWidget(self._grid, 1)
        layout.addLayout(row)
