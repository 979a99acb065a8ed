"""Widget sizes that follow the scale of the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QSize
from PySide6.QtWidgets import QAbstractButton, QWidget

from studio import theme


class _Follower(QObject):
    """Event filter with its widget's lifetime."""

    def __init__(self, widget: QWidget, apply: Callable[[], object]) -> None:
        super().__init__(widget)
        self._apply = apply
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.StyleChange:
            self._apply()
        return False


def follow_scale(widget: QWidget, apply: Callable[[], object]) -> None:
    """Calls `apply` now and whenever the scale of the window changes."""
    _Follower(widget, apply)
    apply()


def scale_length(widget: QWidget, set_length: Callable[[int], object], pixels: int) -> None:
    """Keeps a length of the widget, such as its fixed width, at `pixels` of the usual scale."""
    follow_scale(widget, lambda: set_length(theme.scaled(pixels)))


def scale_icon(button: QAbstractButton, pixels: int) -> None:
    """Keeps the side of a button's icon at `pixels` of the usual scale."""
    follow_scale(button, lambda: button.setIconSize(QSize(theme.scaled(pixels), theme.scaled(pixels))))
