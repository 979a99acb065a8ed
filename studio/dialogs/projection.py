"""Dialog that shows a photo beside its projection while it is computed."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from core.events import Images
from core.language import _, number
from core.latent.request import Point
from studio.widgets.basic.help_button import HelpButton
from studio.widgets.basic.labels import Label
from studio.widgets.images.image_grid import ImageGrid


class ProjectionDialog(QDialog):
    """Non-modal. Closing it stops the search."""

    use_requested = Signal(object, str)
    """The `Point` found and the photo's name."""
    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Your photo"))
        self._point: Point | None = None
        self._name = ""
        self._is_over = False
        self._picture, self._image = ImageGrid(), ImageGrid(generated=True)
        self._picture.setAccessibleName(_("Your photo"))
        self._image.setAccessibleName(_("Closest generated image"))
        self._state = Label(wordWrap=True)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._use_button = QPushButton(_("Explore it"))
        self._use_button.setObjectName("primary")
        self._use_button.setToolTip(_("Pin the closest match and edit it with the sliders in Explore."))
        self._use_button.clicked.connect(self.use)
        self._stop = QPushButton(_("Stop"))
        self._stop.setToolTip(_("Stop the search (Esc)."))
        self._stop.clicked.connect(self.reject)
        self.finished.connect(self._end)
        self._build()
        self.resize(640, 420)

    def show_projection(
        self, name: str, picture: Images, image: Images, done: float, psnr: float, point: Point
    ) -> None:
        """Shows the progress of the search; see `studio.model.explore.ProjectionProgress`."""
        if self._point is None:
            self._picture.set_images(np.ascontiguousarray(picture)[None])
        self._name, self._point = name, point
        self._image.set_images(np.ascontiguousarray(image)[None])
        self._bar.setValue(round(1000 * done))
        self._state.setText(
            _("{name}: {likeness} ({decibels} dB)").format(
                name=name, likeness=_likeness(psnr), decibels=number(psnr, 1)
            )
        )
        self._use_button.setEnabled(True)
        self._is_over = done >= 1.0
        self._stop.setText(_("Close") if self._is_over else _("Stop"))

    def _end(self) -> None:
        if not self._is_over:
            self.stopped.emit()

    def closest(self) -> Images:
        """Returns the closest image so far, (H, W, C)."""
        image: Images = self._image.images()[0]
        return image

    def use(self) -> None:
        """Uses the closest match so far and closes."""
        assert self._point is not None
        self.use_requested.emit(self._point, self._name)
        self.accept()

    def _build(self) -> None:
        grid = QGridLayout()
        columns = (_("Your photo"), self._picture), (_("Closest match"), self._image)
        for column, (title, view) in enumerate(columns):
            label = Label(title, alignment=Qt.AlignmentFlag.AlignCenter)
            label.setObjectName("muted")
            grid.addWidget(view, 0, column)
            grid.addWidget(label, 1, column)
        grid.setRowStretch(0, 1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self._stop)
        buttons.addWidget(self._use_button)
        self._use_button.setEnabled(False)
        self._state.setText(_("Finding a start…"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(10)
        layout.addLayout(grid, 1)
        layout.addWidget(self._bar)
        line = QHBoxLayout()
        line.addWidget(self._state, 1)
        line.addWidget(HelpButton("projection"))
        layout.addLayout(line)
        layout.addLayout(buttons)


def _likeness(psnr: float) -> str:
    if psnr >= 30:
        return _("nearly identical")
    if psnr >= 20:
        return _("similar")
    return _("roughly similar") if psnr >= 12 else _("no match: the generator cannot make such images")
