"""Card of a run or dataset: preview, name, facts, date, and a button that opens it."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from core.events import Images
from core.language import _
from studio import theme
from studio.model.home import Project, ProjectRead, day_text
from studio.widgets.basic.labels import ElidedLabel, plain_tip
from studio.widgets.images.tile_layout import TileSheet, fitted

LINES_WIDE = 14
"""Width of a card in line heights."""


class ProjectCard(QFrame):
    """Card that opens its project by a click anywhere."""

    chosen = Signal(str)
    """Source of the project."""

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.project = project
        self.problem = ""
        """Why the project cannot be opened; empty if it can."""
        self.picture = _Picture("chart-line" if project.is_run else "image")
        self._name, self._facts, self._date = ElidedLabel(), ElidedLabel(), ElidedLabel()
        self._name.setObjectName("title")
        for label in (self._facts, self._date):
            label.setObjectName("muted")
        self._open = QPushButton(_("Continue") if project.is_run else _("Open"))
        self._open.clicked.connect(self._choose)
        last = QHBoxLayout()
        last.addWidget(self._date, 1)
        last.addWidget(self._open)
        text = QVBoxLayout()
        text.setContentsMargins(12, 8, 8, 8)
        text.setSpacing(2)
        for line in (self._name, self._facts):
            text.addWidget(line)
        text.addLayout(last)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        layout.addWidget(self.picture)
        layout.addLayout(text)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.show_project(project)
        self._fit()

    def show_project(self, project: Project) -> None:
        """Updates the card of the same project."""
        self.project = project
        self._date.setText(day_text(project.date, datetime.now()))
        self._describe()

    def show_read(self, read: ProjectRead) -> None:
        """Shows the preview, or why there is none."""
        self.problem = read.problem
        self.picture.show_images(read.images, bool(read.problem), read.row)
        self._describe()

    def _describe(self) -> None:
        project = self.project
        self._name.setText(project.name)
        self._facts.setText(_("Unreadable") if self.problem else project.facts)
        self._facts.setObjectName("error" if self.problem else "muted")
        self._facts.style().unpolish(self._facts)
        self._facts.style().polish(self._facts)
        action = _("Continue {name}") if project.is_run else _("Open {name}")
        self._open.setEnabled(not self.problem)
        self._open.setAccessibleName(action.format(name=project.title))
        self._open.setAccessibleDescription(self.problem)
        self.setToolTip(plain_tip(f"{project.title}\n{self.problem or project.source}"))

    def _choose(self) -> None:
        if not self.problem:
            self.chosen.emit(self.project.source)

    def _fit(self) -> None:
        line = self.fontMetrics().height()
        self.setFixedWidth(LINES_WIDE * line)
        self.picture.setFixedHeight(LINES_WIDE * line // 2)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._choose()
        else:
            super().mouseReleaseEvent(event)


class _Picture(QWidget):
    """A few images, or an icon in their place."""

    def __init__(self, icon: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon, self._is_damaged = icon, False
        self._sheet: TileSheet | None = None
        self._count, self._row, self._size = 0, 0, QSize(1, 1)

    def show_images(self, images: Images, is_damaged: bool, row: int) -> None:
        self._count, self._is_damaged, self._row = len(images), is_damaged, row
        self._sheet = TileSheet(images) if len(images) else None
        self._size = QSize(images.shape[2], images.shape[1])
        self.update()

    def images(self) -> int:
        """Returns the number of images."""
        return self._count

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, scheme = QPainter(self), theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()).adjusted(0, 0, 0, 8), 7, 7)  # the card continues below
        painter.setClipPath(shape)
        painter.fillRect(self.rect(), QColor(scheme.sunken))
        if self._sheet is None:
            side = self.height() // 3
            place = QRectF(0, 0, side, side)
            place.moveCenter(QRectF(self.rect()).center())
            name, role = ("warning-circle", scheme.error) if self._is_damaged else (self._icon, scheme.muted)
            theme.paint_glyph(painter, place.toRect(), name, QColor(role))
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        area = QRectF(self.rect()).adjusted(4, 4, -4, -4)
        layout = fitted(self._count, self._size, area, 0, 1.0, QPointF(0.5, 0.5), self._row)
        for index in range(self._count):
            self._sheet.paint(painter, layout.tile(index), index)
