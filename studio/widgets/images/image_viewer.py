"""Viewer of one enlarged image of a batch."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from core.events import Images
from core.language import _, in_context, number
from studio.widgets.basic.labels import IconButton, Label
from studio.widgets.images.image_grid import ImageGrid


class ImageViewer(QDialog):
    """Viewer of a batch. Arrow keys step through the images, + and - zoom, 0 fits, Esc closes."""

    save_requested = Signal(int)
    nearest_requested = Signal(int)

    def __init__(
        self,
        images: Images,
        index: int = 0,
        parent: QWidget | None = None,
        *,
        generated: Callable[[int], bool] = lambda index: False,
        comparable: bool = False,
    ) -> None:
        """`generated` returns whether an image is generated. `comparable`: as in `ImageGrid`."""
        super().__init__(parent)
        self.setWindowTitle(_("Image"))
        self._images = images
        self._index = index
        self._is_generated, self._is_comparable = generated, comparable
        # A grid of one image can fit, zoom and pan; unused arrow keys reach the dialog.
        self._view = ImageGrid()
        self._view.setAccessibleName(_("Enlarged image"))
        self._view.save_requested.connect(lambda _what: self.save_requested.emit(self._index))
        self._caption = Label()
        self._caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._build_buttons()
        self._near.setVisible(comparable)
        self._view.nearest_requested.connect(self._ask_nearest)
        self._lay_out()
        self.show_index(index)
        self._view.setFocus()

    def _build_buttons(self) -> None:
        self._previous = _button("caret-left", _("Previous image"), _("Previous (Left)"))
        self._previous.clicked.connect(lambda: self.show_index(self._index - 1))
        self._next = _button("caret-right", _("Next image"), _("Next (Right)"))
        self._next.clicked.connect(lambda: self.show_index(self._index + 1))
        self._smaller = _button("magnifying-glass-minus", _("Zoom out"), _("Zoom out (-)"))
        self._smaller.clicked.connect(lambda: self._view.zoom_by(0.8))
        self._larger = _button("magnifying-glass-plus", _("Zoom in"), _("Zoom in (+)"))
        self._larger.clicked.connect(lambda: self._view.zoom_by(1.25))
        self._fit = _button("frame-corners", in_context("zoom", "Fit"), _("Fit (0)"))
        self._fit.clicked.connect(self._view.fit)
        self._save = _button("floppy-disk", _("Save image"), _("Save this image (S)"))
        self._save.setShortcut("S")
        self._save.clicked.connect(lambda: self.save_requested.emit(self._index))
        self._near = _button(
            "copy", _("Nearest training images"), _("Find the training images nearest to this one (N)")
        )
        self._near.setShortcut("N")
        self._near.clicked.connect(self._ask_nearest)

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        for widget in (self._previous, self._caption, self._next):
            bar.addWidget(widget)
        bar.addStretch(1)
        for widget in (self._smaller, self._larger, self._fit, self._near, self._save):
            bar.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.addWidget(self._view, 1)
        layout.addLayout(bar)

    def set_images(self, images: Images) -> None:
        """Shows another batch, at the same index if possible."""
        self._images = images
        self.show_index(min(self._index, len(images) - 1))

    def show_index(self, index: int) -> None:
        """Shows one image; ignores an index outside the batch."""
        if not 0 <= index < self.count():
            return
        self._index = index
        place = _("{number} of {count}").format(number=number(index + 1), count=number(self.count()))
        self._caption.setText(place)
        self._previous.setEnabled(index > 0)
        self._next.setEnabled(index < self.count() - 1)
        self.load()

    def count(self) -> int:
        """Returns the number of images."""
        return len(self._images)

    def load(self) -> None:
        """Shows the image at the index."""
        self._view.generated = self._is_generated(self._index)
        self._view.comparable = self._is_comparable and self._view.generated
        self._near.setEnabled(self._view.comparable)
        self._view.set_images(self._images[self._index : self._index + 1])

    def end_comparing(self) -> None:
        """Ends waiting for the nearest images, found or not."""
        self._near.setEnabled(self._view.comparable)

    def index(self) -> int:
        """Returns the index of the shown image."""
        return self._index

    def caption(self) -> str:
        """Returns the position in the batch, such as "3 of 36"."""
        return self._caption.text()

    def image(self) -> QImage:
        """Returns the shown image at its own resolution."""
        return self._view.image(0)

    def zoom(self) -> float:
        """Returns the zoom, 1 when fitted."""
        return self._view.zoom()

    def _ask_nearest(self) -> None:
        self._near.setEnabled(False)
        self.nearest_requested.emit(self._index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Up | Qt.Key.Key_PageUp:
                self.show_index(self._index - 1)
            case Qt.Key.Key_Right | Qt.Key.Key_Down | Qt.Key.Key_PageDown:
                self.show_index(self._index + 1)
            case Qt.Key.Key_Home:
                self.show_index(0)
            case Qt.Key.Key_End:
                self.show_index(self.count() - 1)
            case _:
                super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(560, 600)


def _button(icon: str, name: str, tip: str) -> IconButton:
    button = IconButton(icon, name, tip)
    # The image keeps the focus, whichever button was used last.
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
