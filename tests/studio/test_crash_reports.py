"""Crash reports in the window: offered at once, or at the next start."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from core.crash import report, watch
from studio import window_state
from studio.application import Application
from studio.background.threads import as_problem
from studio.controllers.shell.crashes import BEFORE, NOW, SHOW, untold
from studio.dialogs.help.crash_report import CrashReportDialog


def show_report(qtbot: QtBot, studio: Application) -> CrashReportDialog:
    """Presses the button of the banner."""
    buttons = studio.window.banner.findChildren(QToolButton)
    next(button for button in buttons if button.text() == SHOW).click()
    (dialog,) = studio.window.findChildren(CrashReportDialog)
    qtbot.waitUntil(lambda: bool(dialog.text()))
    return dialog


def test_an_exception_in_a_thread_is_offered_at_once(qtbot: QtBot, studio: Application) -> None:
    def fail() -> None:
        raise LookupError("in a thread")

    with watch._hooks():
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    qtbot.waitUntil(lambda: studio.window.banner.text() == NOW)
    (file,) = report.reports()
    assert window_state.told_crash() == file.name
    dialog = show_report(qtbot, studio)
    assert "LookupError: in a thread" in dialog.text()
    dialog.close()
    assert untold(report.time_of(file.name), report.now()) is None


def test_an_exception_in_a_slot_reaches_the_hook(qtbot: QtBot) -> None:
    def fail() -> None:
        raise LookupError("in a slot")

    heard: list[Path] = []
    watch.add_listener(heard.append)
    try:
        with qtbot.captureExceptions(), watch._hooks():
            QTimer.singleShot(0, fail)
            qtbot.waitUntil(lambda: bool(heard))
    finally:
        watch.remove_listener(heard.append)
    assert "in a slot" in heard[0].read_text("utf-8")


@pytest.mark.parametrize("kind", ["window", "fault"])
def test_what_no_window_could_tell_is_offered_at_the_next_start(kind: str, qtbot: QtBot) -> None:
    if kind == "window":
        report.write("window", "the report")
    else:
        stacks = report.reports_folder() / watch.STACKS.format(2**22 + 1)  # above the number of any process
        stacks.parent.mkdir(parents=True)
        stacks.write_text("the report", "utf-8")
    studio = Application()
    qtbot.addWidget(studio.window)
    studio.window.show()
    qtbot.waitUntil(lambda: studio.window.banner.text() == BEFORE)
    assert show_report(qtbot, studio).text().endswith("the report")
    (file,) = report.reports()
    assert window_state.told_crash() == file.name


def test_what_a_command_told_is_not_told_again() -> None:
    report.write("command", "the report")
    assert untold("", report.now()) is None


def test_the_details_of_an_internal_error_are_a_report_without_personal_paths() -> None:
    problem = as_problem(LookupError(str(Path.home() / "secret.png")))
    assert "LookupError: ~" in problem.details
    assert "Program: GAN Studio" in problem.details
