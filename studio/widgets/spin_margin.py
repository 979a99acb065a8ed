"""Where a spin box has its number."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractSpinBox


def indent(*boxes: QAbstractSpinBox) -> None:
    """As far from the left as a combo box has its text; the style sheet's padding is not obeyed there."""
    for box in boxes:
        box.lineEdit().setTextMargins(5, 0, 0, 0)
