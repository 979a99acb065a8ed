"""Entry point of the program: the window, or a headless command. The window is built before torch is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.main_window import MainWindow


def main(arguments: Sequence[str] | None = None) -> int:
    """`gan-studio [PATH]` opens the window, `gan-studio COMMAND ...` runs without one. Returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    # While one thread of a convolution waits for another it spins, milliseconds by default: with two cores and anything
    # else running that halves the training's rate. GNU's OpenMP reads this when torch loads it.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    if arguments:
        from core.cli import main as cli

        if arguments[0] in cli.commands():
            return cli.main(arguments)
    if complaint := screen_complaint():
        print(f"gan-studio: {complaint}", file=sys.stderr)
        return 2
    return open_window(arguments[0] if arguments else None)


def open_window(source: str | None, kind: type[MainWindow] | None = None) -> int:
    """Shows the window, on `source` if one is given, until it is closed. `kind`: a `MainWindow` that does more."""
    from PySide6.QtWidgets import QApplication

    from studio import theme
    from studio.application import Application
    from studio.widgets.plots.pyqtgraph_import import pyqtgraph_import

    # Python hands the interpreter on every 5 ms by default; the window must not wait so long for a busy training.
    sys.setswitchinterval(0.001)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("GAN Studio")
    app.setOrganizationName("GAN Studio")
    app.setDesktopFileName("gan-studio")
    theme.apply(app)
    studio = Application(kind() if kind else None)
    if source is not None:
        studio.window.painted.connect(lambda: studio.open(source))
    studio.window.show()
    code = app.exec()
    pyqtgraph_import.wait()
    return code


def screen_complaint() -> str:
    """Why no window can be opened, and what to do; empty if one can. Qt itself would abort the process."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM") or os.environ.get("WAYLAND_DISPLAY"):
        return ""
    remedy = "Run it in a desktop session, or train without a window: gan-studio train --help."
    display = os.environ.get("DISPLAY")
    if not display:
        return f"There is no screen to open a window on. {remedy}"
    if not _display_answers():
        return f"The screen {display!r} does not answer. {remedy}"
    return ""


def _display_answers() -> bool:
    import ctypes.util

    library = ctypes.util.find_library("xcb")
    if library is None:
        return True  # Qt will say what is missing
    xcb = ctypes.CDLL(library)
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    fails = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not fails


if __name__ == "__main__":
    sys.exit(main())
