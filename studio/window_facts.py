"""Facts about Qt and the screens for Help > About this computer; run as a program, it prints them as JSON."""

from __future__ import annotations

import json
import os
from typing import Any

from PySide6 import __version__
from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QGuiApplication, QScreen

from core.language import _, listed, number


def window_facts() -> dict[str, Any]:
    """Returns facts by name. Call it in the GUI thread of a running application."""
    application = QGuiApplication.instance()
    assert isinstance(application, QGuiApplication)
    variables = ("XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP")
    session = [os.environ[name] for name in variables if os.environ.get(name)]
    scheme = application.styleHints().colorScheme()
    colors = {Qt.ColorScheme.Light: [_("light colors")], Qt.ColorScheme.Dark: [_("dark colors")]}.get(scheme, [])
    facts: dict[str, Any] = {
        "Qt": f"{qVersion()}, PySide6 {__version__}",
        "Platform": listed([application.platformName(), *session, *colors]),
        "Screen": [_screen(screen) for screen in application.screens()],
    }
    scaled = [f"{name}={value}" for name, value in os.environ.items() if name.startswith("QT_") and "SCAL" in name]
    return facts | ({"Scaling": scaled} if scaled else {})


def _screen(screen: QScreen) -> str:
    size, ratio = screen.size(), screen.devicePixelRatio()
    return _("{width} x {height} at {scale}%, {density} dpi, {rate} Hz").format(
        width=size.width(),
        height=size.height(),
        scale=number(100 * ratio),
        density=number(screen.logicalDotsPerInch()),
        rate=number(screen.refreshRate()),
    )


if __name__ == "__main__":
    application = QGuiApplication([])
    print(json.dumps(window_facts()))
