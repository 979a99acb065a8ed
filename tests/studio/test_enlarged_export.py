"""The dialog that exports images of Explore, larger with a trained model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from core.checkpoint import save
from core.export.recipe import TRANSLATION
from studio.application import Application
from studio.dialogs.export_images import ExportImagesDialog
from studio.model.export import Exportable
from tests.core.tiny import finished, tiny_trainer
from tests.core.translators import random_translator

PATIENCE = 30_000
"""Milliseconds; the first step waits for torch to be imported."""


@pytest.fixture
def exploring(qtbot: QtBot, studio: Application, tmp_path: Path) -> Application:
    """A generator of 16 px, beside two runs of translations and a damaged one."""
    for name, task in (("00001-photos", "enlarge"), ("00002-old", "colorize"), ("00003-damaged", "")):
        run = tmp_path / "runs" / name
        (run / "checkpoints").mkdir(parents=True)
        (run / "config.json").write_text(json.dumps({"dataset": "/data/photos", "settings": {"task": task}}))
        (run / "stats.jsonl").touch()
        checkpoint = run / "checkpoints" / "000000001.safetensors"
        if task:
            save(random_translator(task), checkpoint)
        else:
            checkpoint.write_bytes(b"nothing")
    path = tmp_path / "tiny.safetensors"
    save(finished(tiny_trainer("gan", steps=1)).checkpoint(), path)
    studio.open(str(path))
    qtbot.waitUntil(lambda: len(studio.window.explore.image()) == 1, timeout=PATIENCE)
    return studio


def in_dialog(studio: Application, act: Callable[[ExportImagesDialog], None]) -> None:
    """Opens the dialog, and calls `act` with it while it is open."""

    def begin() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, ExportImagesDialog)
        try:
            act(dialog)
        finally:
            dialog.close()

    QTimer.singleShot(0, begin)
    studio.controllers.dialogs.show("export_images")


def models(dialog: ExportImagesDialog) -> QComboBox:
    return next(box for box in dialog.findChildren(QComboBox) if box.accessibleName() == "Enlarge")


def offered(dialog: ExportImagesDialog) -> list[str]:
    return [models(dialog).itemText(index) for index in range(models(dialog).count())]


def said(dialog: ExportImagesDialog) -> str:
    return " ".join(label.text() for label in dialog.findChildren(QLabel))


def test_the_image_on_screen_is_enlarged_with_a_run(qtbot: QtBot, exploring: Application, tmp_path: Path) -> None:
    def fill_in(dialog: ExportImagesDialog) -> None:
        qtbot.waitUntil(lambda: len(offered(dialog)) == 2, timeout=PATIENCE)
        assert offered(dialog) == ["No", "× 4 with photos: Enlarge"]
        assert "16 × 16 px" in said(dialog)
        models(dialog).setCurrentIndex(1)
        assert "64 × 64 px" in said(dialog)
        folder = next(line for line in dialog.findChildren(QLineEdit) if line.accessibleName() == "Folder")
        folder.setText(str(tmp_path / "out"))
        next(each for each in dialog.findChildren(QPushButton) if each.text() == "Export").click()

    with qtbot.waitSignal(exploring.session.jobs.saved, timeout=PATIENCE):
        in_dialog(exploring, fill_in)
    with Image.open(tmp_path / "out" / "image.png") as image:
        image.load()
        assert image.size == (64, 64)
        assert json.loads(image.info[TRANSLATION])["file"] == "00001-photos/000000001.safetensors"


def choose_file(dialog: ExportImagesDialog, path: Path) -> None:
    next(each for each in dialog.findChildren(QPushButton) if each.text() == "Choose a file…").click()
    files = dialog.findChildren(QFileDialog)[-1]
    files.setDirectory(str(path.parent))
    files.selectFile(path.name)
    files.accept()


@pytest.mark.usefixtures("no_native_dialogs")
def test_a_chosen_file_is_offered_or_says_why_not(qtbot: QtBot, exploring: Application, tmp_path: Path) -> None:
    save(random_translator("enlarge", factor=2), tmp_path / "twice.safetensors")

    def choose(dialog: ExportImagesDialog) -> None:
        choose_file(dialog, tmp_path / "tiny.safetensors")
        qtbot.waitUntil(lambda: "tiny.safetensors does not enlarge images" in said(dialog), timeout=PATIENCE)
        choose_file(dialog, tmp_path / "twice.safetensors")
        qtbot.waitUntil(lambda: models(dialog).currentText() == "× 2 with twice", timeout=PATIENCE)
        assert "32 × 32 px" in said(dialog)

    in_dialog(exploring, choose)


def test_pictures_of_a_training_are_exported_as_they_are(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = ExportImagesDialog(Exportable(pictures=2), tmp_path)
    qtbot.addWidget(dialog)
    assert not models(dialog).isEnabled()
