"""Drop area of the Home page: drops, open buttons, samples and recent datasets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from studio import theme
from studio.widgets.basic.labels import Glyph, Label, literal, plain_tip

SAMPLES = (("Handwritten digits", "sample:digits"), ("Coloured shapes", "sample:shapes"))
TOYS = (
    ("Ring of 8", "toy:ring8"),
    ("Grid of 25", "toy:grid25"),
    ("Two moons", "toy:moons"),
    ("Spiral", "toy:spiral"),
)
MOST_RECENTS = 5


class DropArea(QWidget):
    """Looks like a target and offers the other ways in. The window around it takes the drop itself."""

    chosen = Signal(str)  # a path, sample:NAME or toy:NAME
    open_folder_requested = Signal()
    open_file_requested = Signal()
    download_requested = Signal()

    def __init__(self, samples: Sequence[tuple[str, str]] = SAMPLES, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._highlighted = False
        self._glyph = Glyph("image", 56, "muted")
        self._headline = _centred("Drop a folder or file of images", "headline")
        hint = _centred("Photos, drawings, icons: a few hundred that look alike work best.", "muted")
        hint.setWordWrap(True)
        folder = QPushButton(theme.icon("folder-open", "on_accent"), "Open folder…")
        folder.setObjectName("primary")
        folder.clicked.connect(self.open_folder_requested)
        file = QPushButton(theme.icon("file-arrow-up"), "Open file…")
        file.setToolTip("An archive, an array or a video")
        file.clicked.connect(self.open_file_requested)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch(1)
        for button in (folder, file, self._sample_button(samples)):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._recents = QVBoxLayout()
        self._recents.setSpacing(2)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(32, 32, 32, 32)
        layout.setSpacing(10)
        layout.addStretch(1)
        layout.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._headline)
        layout.addWidget(hint)
        layout.addSpacing(8)
        layout.addLayout(buttons)
        layout.addSpacing(8)
        layout.addLayout(self._recents)
        layout.addStretch(1)
        self.setAccessibleName("Drop a folder or file of images here")

    def _sample_button(self, samples: Sequence[tuple[str, str]]) -> QPushButton:
        button = QPushButton(theme.icon("sparkle"), "Try a sample")
        button.setProperty("hasMenu", True)
        menu = QMenu(button)
        for name, source in samples:
            menu.addAction(name, partial(self.chosen.emit, source))
        plane = menu.addMenu("2-D playground")
        for name, source in TOYS:
            plane.addAction(name, partial(self.chosen.emit, source))
        menu.addSeparator()
        menu.addAction("Download a dataset…", self.download_requested.emit)
        button.setMenu(menu)
        return button

    def set_highlighted(self, highlighted: bool) -> None:
        """Show that what hovers over the window would be taken."""
        if highlighted != self._highlighted:
            self._highlighted = highlighted
            self._glyph.set_glyph("download-simple" if highlighted else "image", "accent" if highlighted else "muted")
            self._headline.setText("Let go to open" if highlighted else "Drop a folder or file of images")
            self.update()

    def highlighted(self) -> bool:
        """Whether it shows that a drop would be taken."""
        return self._highlighted

    def set_recents(self, paths: Sequence[str]) -> None:
        """List what was opened before, newest first."""
        while (item := self._recents.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.setParent(None)
                widget.deleteLater()
        if paths:
            self._recents.addWidget(_centred("Recent", "muted"))
        for path in paths[:MOST_RECENTS]:
            self._recents.addWidget(self._recent(path), 0, Qt.AlignmentFlag.AlignHCenter)

    def _recent(self, path: str) -> QPushButton:
        recent = Path(path)
        button = QPushButton(theme.icon("clock-counter-clockwise", "muted"), literal(recent.name or path))
        button.setObjectName("link")
        button.setToolTip(plain_tip(path))
        button.setAccessibleName(f"Open {path}")
        button.clicked.connect(lambda: self.chosen.emit(path))
        return button

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, scheme = QPainter(self), theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(scheme.accent if self._highlighted else scheme.outline), 2 if self._highlighted else 1.5)
        pen.setDashPattern([5, 4])
        painter.setPen(pen)
        painter.setBrush(QColor(scheme.notice_strip if self._highlighted else scheme.surface))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(9, 9, -9, -9), 12, 12)

    def minimumSizeHint(self) -> QSize:
        return super().minimumSizeHint().expandedTo(QSize(420, 300))


def _centred(text: str, name: str) -> QLabel:
    label = Label(text)
    label.setObjectName(name)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return label
