"""Controller of the looks: theme and scale, kept for the next time."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QApplication

from studio import theme, window_state
from studio.controllers.menus import Menus
from studio.theme import Theme


class AppearanceController:
    """Applies what is chosen in View > Theme and View > Scale at once."""

    def __init__(self, menus: Menus) -> None:
        self._menus = menus
        menus.themes[window_state.theme()].setChecked(True)
        menus.scales[window_state.scale()].setChecked(True)
        for name, action in menus.themes.items():
            action.triggered.connect(partial(self.choose_theme, name))
        for percent, action in menus.scales.items():
            action.triggered.connect(partial(self.choose_scale, percent))

    def choose_theme(self, chosen: Theme, *_: object) -> None:
        """Puts on a theme."""
        window_state.keep_theme(chosen)
        theme.choose(_application(), chosen)

    def choose_scale(self, percent: int, *_: object) -> None:
        """Shows letters and icons in another size."""
        window_state.keep_scale(percent)
        theme.set_scale(_application(), percent / 100)


def _application() -> QApplication:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    return application
