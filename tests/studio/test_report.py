"""The report of a run, saved from the window's menu."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QFileDialog, QToolButton
from pytestqt.qtbot import QtBot

from studio.application import Application
from tests.studio.conftest import PATIENCE


def save_report(studio: Application, monkeypatch: pytest.MonkeyPatch, answer: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(answer), ""))
    next(action for action in studio.window.findChildren(QAction) if action.text() == "Save report…").trigger()


def test_the_report_of_the_open_run(
    qtbot: QtBot, studio: Application, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.session.training.run_folder = shutil.copytree(trained, tmp_path / "runs" / "00000-noise")
    save_report(studio, monkeypatch, tmp_path / "my report")
    target = tmp_path / "my report.html"
    qtbot.waitUntil(lambda: studio.window.banner.text() == f"Saved: {target}", timeout=PATIENCE)
    assert studio.window.banner.kind() == "good"
    assert "00000-noise" in target.read_text("utf-8")
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    next(button for button in studio.window.banner.findChildren(QToolButton) if button.text() == "Open").click()
    assert opened == [QUrl.fromLocalFile(str(target))]


def test_a_name_that_nobody_was_asked_about_is_not_overwritten(
    qtbot: QtBot, studio: Application, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.session.training.run_folder = trained
    (tmp_path / "mine.html").write_text("mine", "utf-8")
    save_report(studio, monkeypatch, tmp_path / "mine")
    qtbot.waitUntil(lambda: "already exists" in studio.window.banner.text(), timeout=PATIENCE)
    save_report(studio, monkeypatch, tmp_path / "mine.html")
    qtbot.waitUntil(lambda: "Saved" in studio.window.banner.text(), timeout=PATIENCE)
    assert (tmp_path / "mine.html").read_text("utf-8") != "mine"


def test_without_a_run_there_is_nothing_to_report(studio: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    save_report(studio, monkeypatch, Path("never.html"))
    assert studio.window.banner.text().startswith("No run is open.")
