"""Image for the clipboard and dragging: pixels for every program, and a PNG with its provenance."""

from __future__ import annotations

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage

from core.events import Images
from core.imaging.grid import png


def add_image(mime: QMimeData, picture: QImage, pixels: Images, generated: bool) -> QMimeData:
    """Adds an image to `mime` and returns it; `pixels`: the same as `picture`, uint8 (H, W, C)."""
    mime.setImageData(picture)
    mime.setData("image/png", png(pixels, generated))
    return mime
