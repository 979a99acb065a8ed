"""Fixtures of every test: its own user folders, one thread of torch, and a check that nothing of Qt is left behind.

Imports neither torch nor Qt, so that a test of the core pays for neither.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from PySide6.QtCore import QThread
    from PySide6.QtWidgets import QWidget

if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest_plugins = ["tests.core.far_host", "tests.core.server"]

# One thread of torch for each worker: workers do not fight for cores, and sums come out the same on every machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
os.environ.setdefault("QT_API", "pyside6")
# Tests look for English texts, whatever the language of the system.
os.environ["GAN_STUDIO_LANGUAGE"] = os.environ.get("GAN_STUDIO_TEST_LANGUAGE", "en")

# The same examples every time, and however busy the machine is.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")

_users = count()


@pytest.fixture(autouse=True)
def user_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands in for the user's caches, settings and data in this test."""
    home = tmp_path_factory.getbasetemp() / "users" / str(next(_users))  # mktemp reads the names of all before
    home.mkdir(parents=True)
    monkeypatch.setenv("GAN_STUDIO_CACHE", str(home / "cache"))
    monkeypatch.setenv("GAN_STUDIO_QUEUE", str(home / "queue"))
    for kind in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
    if "PySide6.QtCore" in sys.modules:
        from PySide6.QtCore import QSettings

        # Only the ini format can be moved on every platform.
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        for format in (QSettings.Format.IniFormat, QSettings.Format.NativeFormat):
            QSettings.setPath(format, QSettings.Scope.UserScope, str(home / "config"))
    return home


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails a test that leaves a top-level widget or a running QThread."""
    if "PySide6.QtCore" not in sys.modules:
        yield
        return
    import shiboken6

    started = _record_started_threads(monkeypatch)
    before = _top_level_widgets()
    yield
    running = [thread for thread in started if shiboken6.isValid(thread) and thread.isRunning()]
    for thread in running:
        thread.requestInterruption()
        thread.quit()
        thread.wait(2000)
    left = _top_level_widgets() - before
    if left:
        # Neither what the test's own fixtures handed out nor what waits in a reference cycle is a leak.
        request.node.funcargs.clear()
        gc.collect()
        left &= _top_level_widgets()
    for widget in left:
        widget.deleteLater()
    assert not running, f"threads still running: {running}"
    assert not left, f"top-level widgets left: {left}"


def _record_started_threads(monkeypatch: pytest.MonkeyPatch) -> list[QThread]:
    from PySide6.QtCore import QThread

    started: list[QThread] = []
    start = QThread.start

    def recorded(thread: QThread, *args: Any) -> None:
        started.append(thread)
        start(thread, *args)

    monkeypatch.setattr(QThread, "start", recorded)
    return started


def _top_level_widgets() -> set[QWidget]:
    if "PySide6.QtWidgets" not in sys.modules:
        return set()
    from PySide6.QtCore import QCoreApplication, QEvent
    from PySide6.QtWidgets import QApplication

    if QApplication.instance() is None:
        return set()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return set(QApplication.topLevelWidgets())
