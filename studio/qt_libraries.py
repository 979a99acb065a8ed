"""System libraries that Qt needs and no wheel brings, and the Debian packages that hold them."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from core.devices.device import Trouble
from core.language import _
from studio.qt_import import import_qt

PACKAGES = (
    "libegl1 libgl1 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 libglib2.0-0 libx11-xcb1"
    " libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0"
    " libxcb-xinerama0 libxcb-xkb1 fonts-dejavu-core"
)
"""The same as in tools/setup.sh."""
ADVICE = _("Install the libraries that it needs; on Debian and Ubuntu")
COMMAND = f"sudo apt-get install --no-install-recommends {PACKAGES}"


def library_problem() -> Trouble | None:
    """Returns which library is missing, and the command that installs them; None if Qt has all that it needs.

    Without the libraries of its platform Qt would abort the process.
    """
    if sys.platform != "linux":
        return None
    try:
        import_qt()
        import PySide6.QtWidgets

        platform = os.environ.get("QT_QPA_PLATFORM") or ("wayland" if os.environ.get("WAYLAND_DISPLAY") else "xcb")
        plugin = Path(PySide6.QtWidgets.__file__).with_name("Qt") / "plugins" / "platforms" / "libqxcb.so"
        if platform.startswith("xcb") and plugin.exists():
            ctypes.CDLL(str(plugin))
    except (ImportError, OSError) as error:
        library = str(error).partition(":")[0]
        what = _("Qt cannot open a window: {library} is missing.").format(library=library)
        return Trouble(what, ADVICE, COMMAND)
    return None
