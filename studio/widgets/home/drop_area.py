"""Drop area of the Home page: the last run, a drop target, open buttons and samples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from core.language import _, number
from studio import theme
from studio.model.home import Project
from studio.widgets.basic.flow_layout import FlowLayout
from studio.widgets.basic.labels import Glyph, Label, literal, plain_tip

SAMPLES = ((_("Handwritten digits"), "sample:digits"), (_("Colored shapes"), "sample:shapes"))
TOYS = (
    (_("Ring of 8"), "toy:ring8"),
    (_("Grid of 25"), "toy:grid25"),
    (_("Two moons"), "toy:moons"),
    (_("Spiral"), "toy:spiral"),
)
LONGEST_NAME = 28
"""Most characters of a run name on a button."""


class DropArea(QWidget):
    """Drop target with buttons for the other ways to open data. The window around it handles the drop."""

    chosen = Signal(str)  # a path, sample:NAME or toy:NAME
    open_folder_requested = Signal()
    open_file_requested = Signal()
    download_requested = Signal()
    tour_requested = Signal()

    def __init__(self, samples: Sequence[tuple[str, str]] = SAMPLES, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._last: Project | None = None
        self._glyph = Glyph("image", 56, "muted")
        self._headline = _centerd(_("Drop a folder of images here"), "headline")
        self._hint = _centerd(_("Photos, drawings, icons: a few hundred similar images work best."), "muted")
        self._hint.setWordWrap(True)
        self._continue = QPushButton(theme.icon("play", "on_accent"), _("Continue"))
        self._continue.setObjectName("primary")
        self._continue.clicked.connect(self._choose_last)
        self._continue.hide()
        self._folder = QPushButton(theme.icon("folder-open"), _("Open folder…"))
        self._folder.clicked.connect(self.open_folder_requested)
        file = QPushButton(theme.icon("file-arrow-up"), _("Open file…"))
        file.setToolTip(_("Open an archive, array or video"))
        file.clicked.connect(self.open_file_requested)
        buttons = FlowLayout(spacing=10, is_centered=True)
        for button in (self._continue, self._folder, file, self._sample_button(samples)):
            buttons.addWidget(button)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(32, 32, 32, 32)
        layout.setSpacing(10)
        layout.addStretch(1)
        layout.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._headline)
        layout.addWidget(self._hint)
        layout.addSpacing(8)
        layout.addLayout(buttons)
        tour = QPushButton(_("Take the tour"))
        tour.setObjectName("link")
        tour.setToolTip(_("Train a GAN on handwritten digits, step by step, in two minutes"))
        tour.clicked.connect(self.tour_requested)
        layout.addWidget(tour, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        self.setAccessibleName(_("Drop a folder or file of images here"))
        self.offer(None)

    def set_compact(self, compact: bool) -> None:
        """Reserves room for the content below."""
        self._glyph.setVisible(not compact)
        self.setSizePolicy(
            QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum if compact else QSizePolicy.Policy.Preferred
        )

    def offer(self, last: Project | None) -> None:
        """Offers to continue the last run, or the tour where there is none."""
        self._last = last
        self._continue.setVisible(last is not None)
        self._folder.setObjectName("" if last else "primary")
        self._folder.setIcon(theme.icon("folder-open", "text" if last else "on_accent"))
        self._folder.style().unpolish(self._folder)
        self._folder.style().polish(self._folder)
        if last is not None:
            if self._folder.hasFocus():  # default focus, not a person's choice
                self._continue.setFocus()
            short = last.name if len(last.name) <= LONGEST_NAME else f"{last.name[:LONGEST_NAME]}…"
            self._continue.setText(
                literal(_("Continue {name}, step {step}").format(name=short, step=number(last.step)))
            )
            self._continue.setToolTip(plain_tip(_("Open the last run\n{source}").format(source=last.source)))
            self._continue.setAccessibleName(_("Continue {name}").format(name=last.title))

    def _choose_last(self) -> None:
        if self._last is not None:
            self.chosen.emit(self._last.source)

    def _sample_button(self, samples: Sequence[tuple[str, str]]) -> QPushButton:
        button = QPushButton(theme.icon("sparkle"), _("Try a sample"))
        button.setObjectName("samples")
        button.setProperty("hasMenu", True)
        menu = QMenu(button)
        for name, source in samples:
            menu.addAction(name, partial(self.chosen.emit, source))
        plane = menu.addMenu(_("2-D playground"))
        for name, source in TOYS:
            plane.addAction(name, partial(self.chosen.emit, source))
        menu.addSeparator()
        menu.addAction(_("Download a dataset…"), self.download_requested.emit)
        button.setMenu(menu)
        return button

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, scheme = QPainter(self), theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(scheme.outline), 1.5)
        pen.setDashPattern([5, 4])
        painter.setPen(pen)
        painter.setBrush(QColor(scheme.surface))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), 12, 12)

    def minimumSizeHint(self) -> QSize:
        return super().minimumSizeHint().expandedTo(QSize(420, 0))


def _centerd(text: str, name: str) -> QLabel:
    label = Label(text)
    label.setObjectName(name)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return label
