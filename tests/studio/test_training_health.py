"""Findings of a training in the window: the chip, the curves that show them, remedies and their undo."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel
from pytestqt.qtbot import QtBot

from core.diagnosis.case import Diagnosis, Remedy
from core.errors import UserError
from core.events import Measured
from core.runs.retention import record_metric
from core.runs.run import Run
from studio.application import Application
from studio.main_window import TRAIN
from studio.model.train import BestCheckpoint, TrainingState
from studio.services.train.evaluation import read_best
from studio.widgets.train.health_chip import HealthChip
from tests.studio.conftest import PATIENCE
from tests.studio.test_whole_path import begin, choose, click, drop, pictures

__all__ = ["pictures"]

FID = "Metrics/fid@vgg16:1000:3000:train"
OTHER_FID = "Metrics/fid@vgg16:2000:3000:train"
SLOWER = Remedy("Halve the discriminator's learning rate.", {"lr_d": 0.0001})
STRONG = Diagnosis("strong_discriminator", "bad", "D is far ahead.", ("Signal/D/accuracy_real",), (SLOWER,))
STALLED = Diagnosis("stalled", "watch", "Nothing moves.", ("Loss/G/loss",))
FINE = Diagnosis("balance", "good", "Nothing is wrong.")


@pytest.fixture
def chip(qtbot: QtBot) -> HealthChip:
    chip = HealthChip()
    qtbot.addWidget(chip)
    chip.show()
    return chip


def texts(chip: HealthChip) -> list[str]:
    return [each.text() for each in chip.list.findChildren(QLabel) if each.isVisibleTo(chip.panel) and each.text()]


def named(chip: HealthChip, text: str) -> QAbstractButton:
    found = [each for each in chip.list.findChildren(QAbstractButton) if each.text() == text]
    found = [each for each in found if each.isVisibleTo(chip.panel)]
    assert len(found) == 1
    return found[0]


def test_the_chip_says_it_in_few_words_and_never_moves_anything(chip: HealthChip) -> None:
    sizes = [chip.sizeHint()]
    said = [chip.text()]
    for found in ([STALLED], [STRONG, STALLED], [FINE], [STRONG] * 12, []):
        chip.show_diagnoses(found)
        said.append(chip.text())
        sizes.append(chip.sizeHint())
    assert said == ["No findings", "1 finding", "2 findings", "Healthy", "12 findings", "No findings"]
    assert len(set(map(str, sizes))) == 1
    assert chip.minimumSizeHint() == chip.sizeHint()


def test_the_panel_shows_every_finding_and_lies_over_the_window(qtbot: QtBot, studio: Application) -> None:
    studio.window.show_workspace(TRAIN)
    train = studio.window.train
    chip = train.health
    QApplication.processEvents()
    before = places(studio)
    studio.session.diagnosis.diagnosed.emit((STRONG, STALLED))
    click(chip)
    assert chip.panel.isVisible()
    assert texts(chip) == ["D is far ahead.", "Nothing moves."]
    QApplication.processEvents()
    assert places(studio) == before
    QTest.keyClick(chip.panel, Qt.Key.Key_Escape)
    assert not chip.panel.isVisible()
    studio.session.diagnosis.diagnosed.emit(())
    QApplication.processEvents()
    assert places(studio) == before


def places(studio: Application) -> list[QRect]:
    """Where the parts of the Train workspace stand."""
    train = studio.window.train
    return [each.geometry() for each in (train.strip, train.health, train.stage, train.samples, train.time_line)]


def test_remedies_are_offered_while_a_training_runs(qtbot: QtBot, chip: HealthChip) -> None:
    chip.show_diagnoses([STRONG])
    click(chip)
    said = [each.text() for each in chip.list.findChildren(QAbstractButton)]
    assert "Halve the discriminator's learning rate" not in said
    chip.set_can_edit(True)
    qtbot.wait(1)  # rows that were replaced are deleted by the event loop
    with qtbot.waitSignal(chip.remedy_requested) as asked:
        click(named(chip, "Halve the discriminator's learning rate"))
    assert asked.args == [SLOWER]
    with qtbot.waitSignal(chip.evidence_requested) as evidence:
        click(named(chip, "Show evidence"))
    assert evidence.args == [("Signal/D/accuracy_real",)]
    assert not chip.panel.isVisible()


def test_the_same_findings_leave_the_buttons_where_they_are(chip: HealthChip) -> None:
    chip.set_can_edit(True)
    chip.show_diagnoses([STRONG])
    before = named(chip, "Halve the discriminator's learning rate")
    chip.show_diagnoses([STRONG])
    assert named(chip, "Halve the discriminator's learning rate") is before


def test_a_panel_with_much_to_say_stays_on_the_screen(qtbot: QtBot, chip: HealthChip) -> None:
    chip.set_can_edit(True)
    chip.show_diagnoses([STRONG, STALLED] * 15)
    chip.show_applied({"lr_d": 0.0004})
    click(chip)
    room = chip.screen().availableGeometry()
    assert room.contains(chip.panel.frameGeometry().intersected(room))
    assert chip.panel.height() <= 0.6 * room.height()
    assert "Learning rate D 0.0004" in " ".join(texts(chip))


def test_all_remedies_can_be_seen_and_pressed(qtbot: QtBot, chip: HealthChip) -> None:
    texts = "Restart: Lower learning rate D to 0.0004", "Lower learning rate D to 0.0004", "Turn on augmentation"
    remedies = tuple(Remedy(text, {"lr_d": 0.0004}) for text in texts)
    chip.set_can_edit(True)
    chip.show_diagnoses([Diagnosis("strong_discriminator", "bad", STRONG.sentence * 9, STRONG.evidence, remedies)])
    click(chip)
    qtbot.waitExposed(chip.panel)
    for text in (*texts, "Show evidence"):
        button = named(chip, text)
        assert button.visibleRegion().boundingRect() == button.rect(), text


def test_a_remedy_is_applied_recorded_and_taken_back(qtbot: QtBot, studio: Application, pictures: Path) -> None:
    begin(qtbot, studio, pictures)
    before = studio.session.training.settings.lr_d
    studio.controllers.health.apply(SLOWER)
    qtbot.waitUntil(lambda: edits(studio) == [{"lr_d": 0.0001}], timeout=PATIENCE)
    assert studio.window.train.form.settings().lr_d == 0.0001
    click(named(studio.window.train.health, "Undo"))
    qtbot.waitUntil(lambda: edits(studio) == [{"lr_d": 0.0001}, {"lr_d": before}], timeout=PATIENCE)
    assert studio.window.train.form.settings().lr_d == before


def test_a_training_that_has_ended_can_be_measured(qtbot: QtBot, studio: Application, pictures: Path) -> None:
    drop(studio, pictures)
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    assert not studio.controllers.menus.measure.isEnabled()
    choose(studio, "preset", "gan")
    form = studio.window.train.form
    form.set_settings(form.settings().changed(evaluation_features="vgg16", evaluation_images=50))
    studio.controllers.train.start()
    qtbot.waitUntil(lambda: len(studio.window.train.history) >= 1, timeout=PATIENCE)
    studio.session.training.stop()
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.IDLE, timeout=PATIENCE)
    with qtbot.waitSignal(studio.session.measured, timeout=PATIENCE) as measured:
        studio.controllers.menus.measure.trigger()
        qtbot.waitUntil(studio.window.jobs.isVisible, timeout=PATIENCE)
    values = measured.args[0].values
    assert set(values) <= set(studio.window.train.history.keys())
    qtbot.waitUntil(studio.window.jobs.isHidden, timeout=PATIENCE)
    said = next(label for label in studio.window.footer.findChildren(QLabel) if "FID" in label.text())
    assert re.fullmatch(r"measured step [\d,]+: FID [\d.e+]+", said.text())
    assert "vgg16 features, 50 generated against" in said.toolTip()
    assert re.search(r"KID [-0-9.e]+ ± [0-9.e-]+,", said.toolTip())


def test_a_training_that_is_beyond_help_begins_anew(qtbot: QtBot, studio: Application, pictures: Path) -> None:
    begin(qtbot, studio, pictures)
    first = studio.session.training.run_folder
    assert first is not None
    studio.controllers.health.apply(Remedy("Begin anew, and lower the rate.", {"lr_d": 0.0001}, anew=True))
    qtbot.waitUntil(
        lambda: (
            studio.session.training.state is TrainingState.RUNNING
            and studio.session.training.run_folder not in (None, first)
        ),
        timeout=PATIENCE,
    )
    assert studio.session.training.settings.lr_d == 0.0001
    assert int(Run(first).newest().stem) > 0
    studio.session.training.stop()
    qtbot.waitUntil(
        lambda: studio.session.training.state is TrainingState.IDLE, timeout=PATIENCE
    )  # and nothing begins once more


def test_a_training_that_cannot_be_saved_begins_nothing_later(
    qtbot: QtBot, studio: Application, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(qtbot, studio, pictures)
    first = studio.session.training.run_folder

    def refuse(*_: object) -> None:
        raise UserError("The disk is full.", "Free some space.")

    with monkeypatch.context() as full:
        full.setattr("core.runs.run.save", refuse)
        studio.controllers.health.apply(Remedy("Begin anew, and lower the rate.", {"lr_d": 0.0001}, anew=True))
        qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.PAUSED, timeout=PATIENCE)
    studio.session.training.stop()
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.IDLE, timeout=PATIENCE)
    assert studio.session.training.run_folder == first


def edits(studio: Application) -> list[dict[str, float]]:
    assert studio.session.training.run_folder is not None
    file = studio.session.training.run_folder / "edits.jsonl"
    return [json.loads(line)["changes"] for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def test_the_best_is_offered_when_later_images_were_worse(studio: Application, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for step, value in ((10, 40.0), (20, 30.0), (30, None), (40, 35.0)):
        checkpoint = folder / f"{step:09d}.safetensors"
        checkpoint.touch()
        # Until the last what was measured got better and better, and of the newest nothing is known.
        assert read_best(tmp_path) is None
        if value is not None:
            record_metric(checkpoint, FID, value)
    found = read_best(tmp_path)
    assert isinstance(found, BestCheckpoint)
    studio.controllers.health.offer_best(found)
    assert "step 20 of 40: FID 30" in studio.window.banner.text()


def test_what_was_measured_of_an_earlier_step_is_put_in_its_place(qtbot: QtBot, studio: Application) -> None:
    studio.window.show_workspace(TRAIN)
    history = studio.window.train.history
    for step in (10, 20, 30):
        history.append(step, float(step), {"Loss/D/loss": 1.0})
    studio.session.measured.emit(Measured(20, 20 * 8, 20.0, {FID: 50.0}))
    assert history.value_at(FID, 20) == 50.0
    assert history.span() == (10, 30)
    assert studio.session.training.state is TrainingState.IDLE
