"""The report of a run, saved from the window's menu."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QFileDialog, QToolButton
from pytestqt.qtbot import QtBot

from studio.main_window import MainWindow
from tests.studio.conftest import PATIENCE


def save_report(window: MainWindow, monkeypatch: pytest.MonkeyPatch, answer: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(answer), ""))
    next(action for action in window.findChildren(QAction) if action.text() == "Save report…").trigger()


def test_the_report_of_the_open_run(
    qtbot: QtBot, window: MainWindow, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.session.run_folder = shutil.copytree(trained, tmp_path / "runs" / "00000-noise")
    save_report(window, monkeypatch, tmp_path / "my report")
    target = tmp_path / "my report.html"
    qtbot.waitUntil(lambda: window.banner.text() == f"Saved: {target}", timeout=PATIENCE)
    assert window.banner.kind() == "good"
    assert "00000-noise" in target.read_text("utf-8")
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    next(button for button in window.banner.findChildren(QToolButton) if button.text() == "Open").click()
    assert opened == [QUrl.fromLocalFile(str(target))]


def test_a_name_that_nobody_was_asked_about_is_not_overwritten(
    qtbot: QtBot, window: MainWindow, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.session.run_folder = trained
    (tmp_path / "mine.html").write_text("mine", "utf-8")
    save_report(window, monkeypatch, tmp_path / "mine")
    qtbot.waitUntil(lambda: "exists already" in window.banner.text(), timeout=PATIENCE)
    save_report(window, monkeypatch, tmp_path / "mine.html")
    qtbot.waitUntil(lambda: "Saved" in window.banner.text(), timeout=PATIENCE)
    assert (tmp_path / "mine.html").read_text("utf-8") != "mine"


def test_without_a_run_there_is_nothing_to_report(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    save_report(window, monkeypatch, Path("never.html"))
    assert window.banner.text().startswith("No run is open.")
