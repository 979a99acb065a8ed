"""Stage of the Explore workspace: the large image with zoom, pan and comparison."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from PySide6.QtCore import QDir, QRect, Qt, QUrl, Signal
from PySide6.QtGui import QColor, QDrag, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from core.events import Images
from core.language import _, in_context
from core.latent.request import LatentRequest
from studio import theme
from studio.widgets.basic.labels import plain_tip
from studio.widgets.basic.scale import scale_icon
from studio.widgets.explore.point_mime import request_to_mime
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.images.image_viewer import ImageViewer
from studio.widgets.images.tile_view import NO_IMAGES

BEFORE = _("Before edit")


class StageImage(ImageGrid):
    """One image: the wheel zooms around the pointer, dragging pans, a double-click fits."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, generated=True, comparable=True)
        self._badge = ""

    def set_badge(self, text: str) -> None:
        """Shows a word over the image; empty for none."""
        self._badge = text
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._badge:
            return
        painter, scheme = QPainter(self), theme.current()
        room = painter.fontMetrics().boundingRect(self._badge).adjusted(-10, -5, 10, 5)
        place = QRect(12, 12, room.width(), room.height())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(scheme.accent))
        painter.drawRoundedRect(place, 6, 6)
        painter.setPen(QColor(scheme.on_accent))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, self._badge)


class ExploreStage(QWidget):
    """Large image and its display options. Setters emit nothing."""

    save_requested = Signal(str)
    """Save the image; argument as in `ImageGrid`."""
    nearest_requested = Signal()
    """Find the training images nearest to the image."""
    file_requested = Signal(object, object)
    """`LatentRequest` of a dragged image, and the `Path` where other programs expect it."""
    comparing = Signal(bool)
    """Show the image before the edit (True), or end that (False)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = StageImage()
        self._image.setAccessibleName(_("Image"))
        self._image.set_empty_text(_("Rendering…"))
        self._image.setToolTip(
            _("Wheel zooms, dragging pans, double-click fits. Hold A to compare with the image before the edit.")
        )
        self._request: LatentRequest | None = None
        self._shown: Images = NO_IMAGES
        self._compares = False
        self._smooth, self._fit, self._before, self._enlarge = (QToolButton() for _index in range(4))
        self._describe()
        self._build()
        self._connect()

    def await_image(self, request: LatentRequest) -> None:
        """Sets the requested image."""
        self._request = request

    def show_image(self, request: LatentRequest, image: Images) -> bool:
        """Shows an answer, perhaps to an older request; returns whether it is the newest."""
        self._shown = image
        if not self._compares:
            self._image.set_images(image)
        return request == self._request

    def show_before(self, image: Images) -> None:
        """Shows the image before the edit, while compared."""
        if self._compares:
            self._image.set_images(image)
            self._image.set_badge(BEFORE)

    def compare(self, on: bool) -> None:
        """Starts or ends the comparison with the image before the edit."""
        if on == self._compares:
            return
        self._compares = on
        if not on:
            self._image.set_badge("")
            self._image.set_images(self._shown)
        self.comparing.emit(on)

    def is_smooth(self) -> bool:
        """Returns whether enlarged images are interpolated."""
        return self._smooth.isChecked()

    def set_smooth(self, smooth: bool) -> None:
        """Sets whether enlarged images are interpolated or keep square pixels."""
        self._smooth.setChecked(smooth)

    def clear(self) -> None:
        """Clears the stage; there is no generator."""
        self._shown = NO_IMAGES
        self._image.set_images(NO_IMAGES)

    def image(self) -> Images:
        """Returns the large image, (1, H, W, C), or none before it was rendered."""
        return self._shown

    def copy(self) -> bool:
        """Copies the image to the clipboard; returns whether there was one."""
        if not len(self._image.images()):
            return False
        self._image.copy(0)
        return True

    def _drag(self) -> None:
        """Drags the image as a file, as an image, and as a latent point."""
        assert self._request is not None
        first, picture = self._request.part(0, 1), self._image.image(0)
        name = uuid4().hex[:8]
        file = Path(QDir.tempPath(), f"gan-studio-{name}", f"{name}.png")  # a private folder
        self.file_requested.emit(first, file)  # written long before the drop
        mime = request_to_mime(first)
        self._image.add_to(mime, 0)
        mime.setUrls([QUrl.fromLocalFile(str(file))])
        drag = QDrag(self)
        drag.setMimeData(mime)
        drag.setPixmap(QPixmap.fromImage(picture).scaled(72, 72, Qt.AspectRatioMode.KeepAspectRatio))
        drag.exec(Qt.DropAction.CopyAction)

    def _open_viewer(self) -> None:
        viewer = ImageViewer(self._image.images(), 0, self, generated=self._image.is_generated, comparable=True)
        viewer.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        viewer.save_requested.connect(lambda _: self.save_requested.emit("image"))
        viewer.nearest_requested.connect(lambda _: self.nearest_requested.emit())
        viewer.open()

    def _describe(self) -> None:
        for button, icon, name, tip in (
            (self._fit, "frame-corners", in_context("zoom", "Fit"), _("Fit the image (0, or double-click).")),
            (self._smooth, "drop", _("Smooth"), _("Interpolate between pixels; off keeps square pixels.")),
            (self._before, "columns", BEFORE, _("Hold to show the image before the edit (A).")),
            (
                self._enlarge,
                "magnifying-glass-plus",
                in_context("view", "Enlarge"),
                _("Show the image in a separate window (Enter)."),
            ),
        ):
            button.setIcon(theme.icon(icon))
            scale_icon(button, 18)
            button.setAutoRaise(True)
            button.setAccessibleName(name)
            button.setToolTip(plain_tip(tip))
        self._smooth.setCheckable(True)

    def _build(self) -> None:
        side = QVBoxLayout()
        side.setContentsMargins(2, 8, 4, 8)
        side.setSpacing(2)
        for button in (self._fit, self._smooth, self._before, self._enlarge):
            side.addWidget(button)
        side.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._image, 1)
        row.addLayout(side)

    def _connect(self) -> None:
        self._fit.clicked.connect(self._image.fit)
        self._smooth.toggled.connect(self._image.set_smooth)
        self._before.pressed.connect(lambda: self.compare(True))
        self._before.released.connect(lambda: self.compare(False))
        self._enlarge.clicked.connect(self._open_viewer)
        self._image.activated.connect(self._open_viewer)
        self._image.nearest_requested.connect(lambda _: self.nearest_requested.emit())
        self._image.dragged.connect(self._drag)
        self._image.save_requested.connect(lambda _: self.save_requested.emit("image"))
