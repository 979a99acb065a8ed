"""Controller of View > Theme and View > Scale; both are kept between sessions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from studio import theme, window_state
from studio.controllers.menus import Menus
from studio.theme import Theme


class AppearanceController:
    """Applies the theme and scale at once."""

    def __init__(self, menus: Menus) -> None:
        self._menus = menus
        menus.themes[window_state.theme()].setChecked(True)
        menus.scales[window_state.scale()].setChecked(True)
        for name, action in menus.themes.items():
            action.triggered.connect(partial(self.choose_theme, name))
        for percent, action in menus.scales.items():
            action.triggered.connect(partial(self.choose_scale, percent))

    def choose_theme(self, chosen: Theme, *_: object) -> None:
        """Applies a theme."""
        window_state.keep_theme(chosen)
        with _busy() as application:
            theme.choose(application, chosen)

    def choose_scale(self, percent: int, *_: object) -> None:
        """Applies a scale to letters and icons."""
        window_state.keep_scale(percent)
        with _busy() as application:
            theme.set_scale(application, percent / 100)


@contextmanager
def _busy() -> Iterator[QApplication]:
    """Returns the application under a busy pointer: restyling every widget can take a second."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    application.setOverrideCursor(Qt.CursorShape.WaitCursor)
    try:
        yield application
    finally:
        application.restoreOverrideCursor()
