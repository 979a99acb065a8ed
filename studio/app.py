"""Entry point of the program: the window, or a headless command. The window is built before torch is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UserError
from core.language import _, number, sentences

if TYPE_CHECKING:
    from studio.main_window import MainWindow

DEVICES = {
    "offscreen": "/",
    "minimal": "/",
    "minimalegl": "/",
    "vnc": "/",
    "eglfs": "/dev/dri",
    "vkkhrdisplay": "/dev/dri",
    "linuxfb": "/dev/fb0",
}
"""Platforms of Qt without a window system, and what each needs."""
QT_PATIENCE = 60.0
"""Seconds after which Qt, asked for its screens, is given up."""


def main(arguments: Sequence[str] | None = None) -> int:
    """`gan-studio [PATH]` opens the window, `gan-studio COMMAND ...` runs without one. Returns the exit code.

    Without `arguments` it takes those of the process, in which whatever nothing handles leaves a crash report.
    """
    if arguments is None:
        from core.crash.watch import run_watched

        return run_watched(lambda: main(sys.argv[1:]))
    # While one thread of a convolution waits for another it spins, milliseconds by default: with two cores and anything
    # else running that halves the training's rate. GNU's OpenMP reads this when torch loads it.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    if arguments:
        from core.cli import main as cli

        if arguments[0] in cli.commands() or arguments[0].startswith("-"):
            return cli.main(arguments, _window_facts)
        arguments = [os.path.expanduser(text) for text in arguments]  # noqa: PTH111 (it may be sample:digits)
        if complaint := mistake(arguments, cli.commands()):
            return _refuse(complaint)
    from studio.qt_libraries import library_problem

    if problem := screen_problem():
        return _refuse(str(problem))
    if trouble := library_problem():
        return _refuse(sentences(trouble.what, trouble.advice))
    return open_window(arguments[0] if arguments else None)


def open_window(source: str | None, kind: type[MainWindow] | None = None) -> int:
    """Shows the window, on `source` if one is given, until it is closed. `kind`: a `MainWindow` that does more."""
    from studio.qt_import import import_qt

    import_qt()
    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QApplication

    from core.desktop.files import PNG
    from core.jobs.interruption import Interruption
    from studio import qt_translations, theme, window_state
    from studio.application import Application
    from studio.termination import Termination
    from studio.widgets.plots.pyqtgraph_import import pyqtgraph_import

    # Python hands the interpreter on every 5 ms by default; the window must not wait so long for a busy training.
    sys.setswitchinterval(0.001)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("GAN Studio")
    app.setOrganizationName("GAN Studio")
    app.setDesktopFileName("gan-studio")
    qt_translations.install(app)
    theme.apply(app, window_state.theme(), window_state.scale() / 100)
    studio = Application(kind() if kind else None)
    studio.window.seen.connect(lambda: app.setWindowIcon(QIcon(str(PNG))))  # decoded after the first paint
    if source is not None:
        studio.window.painted.connect(lambda: studio.open(source))
    studio.window.show()
    with Interruption() as interruption:
        termination = Termination(interruption, studio.end, lambda: studio.is_ending)
        studio.window.closed.connect(app.exit)  # dialogs that are still open end as well
        code = app.exec()
        termination.close()
    pyqtgraph_import.wait()
    return interruption.exit_code if interruption else code


def _refuse(complaint: str) -> int:
    """Writes one line on stderr and returns the exit code of bad input."""
    from core.cli.messages import MESSAGES

    MESSAGES.complain(complaint)
    return 2


def _window_facts() -> dict[str, Any]:
    """Returns facts about Qt and the screens, asked for in a process of its own: Qt ends one in which it fails."""
    import json
    from subprocess import PIPE, SubprocessError

    from core.concurrency import own_process
    from studio.qt_libraries import ADVICE, COMMAND, library_problem

    complaint, said = screen_problem(), b""
    environment = {"QT_QPA_PLATFORM": "offscreen"} if complaint else {}
    try:
        with own_process("-m", "studio.window_facts", stdout=PIPE, stderr=PIPE, environment=environment) as process:
            try:
                answer, said = process.communicate(timeout=QT_PATIENCE)
            finally:
                process.kill()
        if process.returncode:
            raise SubprocessError(f"the process ended with {process.returncode}")
        facts: dict[str, Any] = json.loads(answer)
    except (OSError, ValueError, SubprocessError) as error:
        lines = said.decode("utf-8", "replace").strip().splitlines()
        reason = next((line for line in lines if "qt" in line.lower()), str(error))
        missing = library_problem()
        what = missing.what if missing else _("Qt cannot open a window: {reason}").format(reason=reason)
        return {"trouble": (what, ADVICE, COMMAND)}
    if complaint:
        facts |= {"Platform": "none", "Screen": complaint.what}
    return facts


def mistake(arguments: Sequence[str], commands: Sequence[str]) -> str:
    """Returns what is wrong with arguments of which the first is no command; empty if they are one thing to open."""
    from core.cli.parser import did_you_mean

    first = arguments[0]
    if os.path.lexists(first) or (len(arguments) == 1 and (":" in first or os.sep in first)):
        if len(arguments) == 1:
            return ""
        return _("Only one thing can be opened at a time, and not {count}.").format(count=number(len(arguments)))
    hint = did_you_mean(first, commands) or _("See gan-studio --help.")
    return sentences(_("There is no command, file or folder {name!r}.").format(name=first), hint)


def screen_problem() -> UserError | None:
    """Returns why no window can be opened, and what to do; None if one can. Qt itself would abort the process.

    Variables may be left over from a session that is gone, so that each screen is asked.
    """
    if sys.platform != "linux":
        return None
    wanted = [name.partition(":")[0] for name in os.environ.get("QT_QPA_PLATFORM", "").split(";") if name]
    display, wayland = os.environ.get("DISPLAY"), os.environ.get("WAYLAND_DISPLAY")
    if any(name in DEVICES and Path(DEVICES[name]).exists() for name in wanted):
        return None  # a platform that needs neither
    if wayland and (not wanted or any(name.startswith("wayland") for name in wanted)):
        if _wayland_answers(wayland):
            return None
        os.environ.pop("WAYLAND_DISPLAY")  # or Qt would insist on it
    if display and (not wanted or "xcb" in wanted) and _display_answers():
        return None
    remedy = _("Run it in a desktop session, or train without a window: gan-studio train --help.")
    if wanted and not {"xcb", *DEVICES} & {*wanted} and not any(name.startswith("wayland") for name in wanted):
        what = _("QT_QPA_PLATFORM is {name!r}, which is no platform of Qt.").format(name=os.environ["QT_QPA_PLATFORM"])
        return UserError(what, _("Unset it."))
    if named := wayland or display:
        return UserError(_("The screen {name!r} does not answer.").format(name=named), remedy)
    return UserError(_("There is no screen to open a window on."), remedy)


def _wayland_answers(display: str) -> bool:
    import socket

    place = Path(os.environ.get("XDG_RUNTIME_DIR", ""), display)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(place))
    except OSError:
        return False
    return True


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
