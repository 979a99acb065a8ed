"""Help > About this computer: facts that come from a thread, troubles with their commands, and text to paste."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from core.concurrency import run_to_end
from core.devices.device import Trouble
from core.events import Progress
from core.jobs import doctor
from core.jobs.device_trial import DeviceTrial
from studio.application import Application
from studio.dialogs.about_computer import AboutComputerDialog
from studio.widgets.basic.banner import Banner
from studio.window_facts import window_facts


def button(dialog: AboutComputerDialog, text: str) -> QPushButton:
    return next(one for one in dialog.findChildren(QPushButton) if one.text() == text)


def texts(dialog: AboutComputerDialog) -> list[str]:
    return [label.text() for label in dialog.findChildren(QLabel)]


def opened(studio: Application) -> AboutComputerDialog:
    studio.controllers.menus.about_computer.trigger()
    (dialog,) = studio.window.findChildren(AboutComputerDialog)
    return dialog


def test_what_the_command_says_is_shown_and_copied(studio: Application, qtbot: QtBot) -> None:
    dialog = opened(studio)
    assert opened(studio) is dialog  # one is enough
    assert not button(dialog, "Copy").isEnabled()
    qtbot.waitUntil(lambda: button(dialog, "Copy").isEnabled(), timeout=30_000)
    facts = run_to_end(doctor.examine(window_facts(), quick=True))
    assert {name for name, _ in doctor.rows(facts)} <= {*texts(dialog)}
    button(dialog, "Copy").click()
    copied = QGuiApplication.clipboard().text()
    assert "Program  GAN Studio" in copied
    assert "cpu  CPU" in copied
    assert "offscreen" in copied
    dialog.close()


def test_a_test_adds_what_each_device_trains(
    studio: Application, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(name: str, seconds: float) -> Generator[Progress, None, DeviceTrial]:
        yield Progress(f"Training on {name}", 0, 0)
        return DeviceTrial(123.0, 5)

    monkeypatch.setattr(doctor, "try_device", answer)
    dialog = opened(studio)
    qtbot.waitUntil(lambda: button(dialog, "Test training").isEnabled(), timeout=30_000)
    assert not any("123 images/s" in text for text in texts(dialog))
    button(dialog, "Test training").click()
    assert not button(dialog, "Test training").isEnabled()
    qtbot.waitUntil(lambda: any("123 images/s" in text for text in texts(dialog)), timeout=30_000)
    qtbot.waitUntil(lambda: button(dialog, "Test training").isEnabled(), timeout=30_000)
    dialog.close()


def test_closing_it_ends_the_test(studio: Application, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []

    def never(name: str, seconds: float) -> Iterator[Progress]:
        try:
            while True:
                yield Progress(f"Training on {name}", 0, 0)
        finally:
            ended.append(name)

    monkeypatch.setattr(doctor, "try_device", never)
    dialog = opened(studio)
    qtbot.waitUntil(lambda: button(dialog, "Test training").isEnabled(), timeout=30_000)
    button(dialog, "Test training").click()
    qtbot.waitUntil(lambda: "Training on cpu" in texts(dialog), timeout=30_000)
    dialog.close()
    qtbot.waitUntil(lambda: ended == ["cpu"], timeout=30_000)


def test_each_trouble_is_a_message_with_its_command(qtbot: QtBot) -> None:
    dialog = AboutComputerDialog()
    qtbot.addWidget(dialog)
    dialog.show_facts([("cpu", "CPU")], [Trouble("It is <b>old</b>.", "Install another", "uv pip install")], "text")
    (banner,) = dialog.findChildren(Banner)
    assert "It is <b>old</b>." in banner.text()
    assert "Install another: uv pip install" in banner.text()
    dialog.show_facts([("cpu", "CPU")], [], "text")
    qtbot.waitUntil(lambda: not dialog.findChildren(Banner))
