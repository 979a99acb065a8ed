"""The Data workspace in the real window: first images, preparation, before and after, health, and what is left out."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QPushButton
from pytestqt.qtbot import QtBot

from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.data.health.findings import HealthFinding, HealthReport
from studio.application import Application
from studio.dialogs.restore_excluded import RestoreExcludedDialog
from studio.model.data import Examined, Page
from studio.model.train import TrainingState
from studio.services.data.review import compare
from studio.widgets.data.dataset_view import HEALTH, PAIRS
from studio.widgets.data.finding_card import FindingCard
from studio.widgets.data.finding_view import MOST_NAMES
from studio.widgets.images.image_tile import ImageTile
from studio.widgets.settings.preparation_controls import PreparationControls
from tests.core.photos import fill
from tests.core.test_health import trouble
from tests.studio.conftest import PATIENCE
from tests.studio.test_whole_path import answer, begin, button, choose, click, drop


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Wide photos, of which the first two are the same."""
    folder = fill(tmp_path / "photos", 20)
    for number in range(20, 24):
        random = np.random.default_rng(number)
        Image.fromarray(random.integers(0, 256, (40, 60, 3), np.uint8)).save(folder / f"{number:03}.png")
    (folder / "copy.png").write_bytes((folder / "000.png").read_bytes())
    return folder


# -- while it is read --------------------------------------------------------------------------------------------------


def test_the_first_images_are_seen_before_all_are_read(qtbot: QtBot, studio: Application, photos: Path) -> None:
    studio.window.complete()
    shown: list[int] = []
    # Looked at as it comes, because a quick scan has ended before the test goes on.
    studio.session.data.first_images_read.connect(
        lambda _: shown.append(len(studio.window.data._first_images.images()))
    )
    drop(studio, photos)
    wait_for_report(qtbot, studio)
    assert shown[0] == 12
    assert studio.window.data._stack.currentWidget() is studio.window.data.view


# -- how images are prepared -------------------------------------------------------------------------------------------


def test_preparation_is_one_setting_in_two_places(qtbot: QtBot, studio: Application, photos: Path) -> None:
    open_images(qtbot, studio, photos)
    form, reader = studio.window.train.form, studio.session.data
    assert form.settings().resolution == shown(studio, "resolution") == 64

    set_here(studio, "resolution", 32)
    assert form.settings().resolution == 32
    set_here(studio, "fit", "pad")
    wait_for_preparation(qtbot, studio, Preparation((32, 32), "pad"))
    assert studio.session.data.dataset is not None
    assert studio.session.data.dataset.size == (32, 32)

    choose(studio, "fit", "smart")
    assert shown(studio, "fit") == "smart"
    wait_for_preparation(qtbot, studio, Preparation((32, 32), "smart"))
    choose(studio, "preset", "gan")  # belongs to the images and not to a recipe
    assert reader.how == form.settings().preparation == Preparation((32, 32), "smart")


def test_a_colour_is_chosen_by_its_name_or_number(qtbot: QtBot, studio: Application, photos: Path) -> None:
    open_images(qtbot, studio, photos)
    background = controls(studio)._fields["background"].widget._text  # type: ignore[attr-defined]
    background.setText("navy")
    background.editingFinished.emit()
    assert studio.window.train.form.settings().background == background.text() == "#000080"
    background.setText("no colour")
    background.editingFinished.emit()
    assert background.text() == "#000080"
    wait_for_preparation(qtbot, studio, Preparation((64, 64), background="#000080"))


def test_transparency_is_offered_where_there_is_some(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    (tmp_path / "clear").mkdir()
    for number in range(4):
        Image.fromarray(random.integers(0, 255, (32, 32, 4), np.uint8)).save(tmp_path / "clear" / f"{number}.png")
    open_images(qtbot, studio, tmp_path / "clear")
    assert controls(studio)._fields["alpha"].widget.isVisible()
    assert not controls(studio)._fields["frame_step"].widget.isVisible()
    set_here(studio, "alpha", True)
    qtbot.waitUntil(lambda: channels(studio) == 4, timeout=PATIENCE)


def test_what_suits_the_images_is_taken_with_one_click(qtbot: QtBot, studio: Application, photos: Path) -> None:
    open_images(qtbot, studio, photos)
    assert not controls(studio)._suggestion.isVisible()
    set_here(studio, "resolution", 16)
    wait_for_preparation(qtbot, studio, Preparation((16, 16)))
    use = button(controls(studio), "Use")
    qtbot.waitUntil(use.isVisible, timeout=PATIENCE)
    click(use)
    assert not use.isVisible()
    wait_for_preparation(qtbot, studio, Preparation((64, 64)))


def test_cancel_keeps_the_images_as_they_were(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    folder = fill(tmp_path / "many", 3)
    large = Image.fromarray(np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), np.uint8))
    large.save(folder / "large.png")
    for number in range(16):
        (folder / f"large {number}.png").write_bytes((folder / "large.png").read_bytes())
    open_images(qtbot, studio, folder)
    before, how = studio.session.data.dataset, studio.session.data.how
    set_here(studio, "fit", "stretch")
    cancel = button(controls(studio), "Cancel")
    qtbot.waitUntil(cancel.isVisible, timeout=PATIENCE)
    assert studio.window.data._stack.currentWidget() is studio.window.data.view
    click(cancel)
    qtbot.waitUntil(lambda: not cancel.isVisible(), timeout=PATIENCE)
    assert studio.session.data.dataset is before
    assert studio.window.train.form.settings().fit == shown(studio, "fit") == "crop"
    qtbot.wait(600)  # longer than a change would wait
    assert studio.session.data.how == how


def test_a_training_that_runs_has_its_images(qtbot: QtBot, studio: Application, photos: Path) -> None:
    begin(qtbot, studio, photos)
    fit = controls(studio)._fields["fit"].widget
    assert not fit.isEnabled()
    assert "training runs" in fit.toolTip()
    click(button(studio.window.footer, "Stop"))
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.IDLE, timeout=PATIENCE)
    assert fit.isEnabled()


def test_originals_are_seen_beside_what_becomes_of_them(qtbot: QtBot, studio: Application, photos: Path) -> None:
    open_images(qtbot, studio, photos)
    studio.window.data.view.tabs.setCurrentIndex(PAIRS)
    pairs = studio.window.data.view._pairs
    qtbot.waitUntil(lambda: len(pairs.pairs()) == 6, timeout=PATIENCE)
    assert {before.width() for _, before, _ in pairs.pairs()} <= {60, 80}
    assert {after.width() for _, _, after in pairs.pairs()} == {64}
    set_here(studio, "resolution", 32)
    qtbot.waitUntil(lambda: {after.width() for _, _, after in pairs.pairs()} == {32}, timeout=PATIENCE)


def test_originals_of_twelve_bits_are_not_black_there(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 4096, (6, 32, 32), np.uint16)
    for number, image in enumerate(values):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    found = run_to_end(compare(str(tmp_path), Preparation((32, 32)), 0))
    assert len(found.pairs) == 6
    assert all(min(pair.before.max(), pair.after.max()) > 250 for pair in found.pairs)


def test_a_sample_says_why_it_has_no_originals(qtbot: QtBot, studio: Application) -> None:
    with qtbot.waitSignal(studio.session.data.dataset_opened, timeout=2 * PATIENCE):
        studio.open("sample:shapes")
    studio.window.data.view.tabs.setCurrentIndex(PAIRS)
    qtbot.waitUntil(lambda: "not at hand" in studio.window.data.view._pairs._text, timeout=PATIENCE)


# -- health ------------------------------------------------------------------------------------------------------------


def test_every_trouble_has_a_card_and_two_clicks_mend_it(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    report = open_images(qtbot, studio, trouble(tmp_path / "trouble"))
    warnings = sum(one.severity == "warning" for one in report.findings)
    tabs = studio.window.data.view.tabs
    assert tabs.tabText(HEALTH) == f"Health ({warnings})"
    cards = studio.window.data.view.health.findChildren(FindingCard)
    assert [card.finding for card in cards] == list(report.findings)
    assert {card.finding.kind for card in cards if card.finding.severity != "good"} == {
        "unreadable", "exact_duplicates", "near_duplicates", "near_empty", "small_originals", "proportions",
        "colours", "print_colours", "transparency", "classes", "few_images",
    }  # fmt: skip

    with qtbot.waitSignal(studio.session.data.examined, timeout=PATIENCE) as again:
        tabs.setCurrentIndex(HEALTH)
        click(button(studio.window.data, "Leave out all that is suggested (7)"))
    assert len(studio.session.data.dataset.images) == report.images - 7  # type: ignore[union-attr]
    assert again.args[0].report.excluded == 7
    assert tabs.currentIndex() == HEALTH
    assert studio.window.banner.text() == "7 images are left out."
    buttons = studio.window.data.findChildren(QPushButton)
    assert not [each for each in buttons if each.text().startswith("Leave out all") and each.isVisible()]


def test_what_was_left_out_comes_back_by_undo(qtbot: QtBot, studio: Application, photos: Path) -> None:
    report = open_images(qtbot, studio, photos)
    with qtbot.waitSignal(studio.session.data.examined, timeout=PATIENCE):
        click(button(card(studio, "exact_duplicates"), "Leave out 1 image"))
    assert count(studio) == report.images - 1
    with qtbot.waitSignal(studio.session.data.examined, timeout=PATIENCE):
        click(button(studio.window.banner, "Undo"))
    assert count(studio) == report.images
    assert studio.window.banner.text() == "copy.png is included again."


def test_each_image_of_a_finding_is_kept_or_left_out(qtbot: QtBot, studio: Application, photos: Path) -> None:
    report = open_images(qtbot, studio, photos)
    click(button(card(studio, "exact_duplicates"), "Look at them"))
    view = studio.window.data.view.health.finding
    qtbot.waitUntil(lambda: len(view.findChildren(ImageTile)) == 2, timeout=PATIENCE)
    first, copy = view.findChildren(ImageTile)
    assert [(tile.text(), tile.isChecked()) for tile in (first, copy)] == [("000.png", False), ("copy.png", True)]
    click(copy)
    assert not button(view, "Leave out 0 images").isEnabled()
    click(first)
    with qtbot.waitSignal(studio.session.data.examined, timeout=PATIENCE):
        click(button(view, "Leave out 1 image"))
    assert count(studio) == report.images - 1
    assert studio.session.data.dataset is not None
    assert studio.session.data.dataset.excluded == ("000.png",)


def test_it_is_remembered_and_can_be_included_again(
    qtbot: QtBot, studio: Application, photos: Path, tmp_path: Path
) -> None:
    report = open_images(qtbot, studio, photos)
    with qtbot.waitSignal(studio.session.data.examined, timeout=PATIENCE):
        click(button(card(studio, "exact_duplicates"), "Leave out 1 image"))
    open_images(qtbot, studio, fill(tmp_path / "others", 3, 30))
    open_images(qtbot, studio, photos)
    assert count(studio) == report.images - 1

    with qtbot.waitSignal(studio.session.data.examined, timeout=PATIENCE):
        answer(RestoreExcludedDialog, lambda dialog: click(button(dialog, "Include all 1")))
        click(button(studio.window.data, "Include again… (1)"))
    assert count(studio) == report.images
    assert not button(studio.window.data, "Include again…").isVisible()


def test_files_that_cannot_be_read_are_listed_by_what_is_wrong(qtbot: QtBot, studio: Application, photos: Path) -> None:
    (photos / "empty.png").touch()
    (photos / "text.png").write_text("not an image")
    open_images(qtbot, studio, photos)
    click(button(card(studio, "unreadable"), "Show files"))
    text = studio.window.data.view.health.finding._names.toPlainText()
    assert "Empty file (1)\n    empty.png" in text
    assert "damaged (1)\n    text.png" in text


def test_findings_never_stop_a_training(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    report = open_images(qtbot, studio, trouble(tmp_path / "trouble"))
    assert not report.healthy
    assert button(studio.window.footer, "Start").isEnabled()


# -- a window that never stands still ----------------------------------------------------------------------------------


def test_a_report_of_many_images_does_not_stop_the_window(qtbot: QtBot, studio: Application, photos: Path) -> None:
    report = open_images(qtbot, studio, photos)
    rows = np.arange(20_000)
    finding = HealthFinding("near_duplicates", "warning", "Many.", "Look.", tuple(rows.reshape(-1, 2)), rows[1::2])
    lost = HealthFinding(
        "unreadable", "warning", "Lost.", skipped={"empty file": tuple(f"{number}.png" for number in range(20_000))}
    )
    many = HealthReport(
        **{**vars(report), "images": 20_000, "findings": (finding, lost), "classes": {str(n): 20 for n in range(1000)}}
    )
    beats, longest = [monotonic()], [0.0]

    def beat() -> None:
        now = monotonic()
        longest[0] = max(longest[0], now - beats[-1])
        beats.append(now)

    timer = QTimer(studio.window, interval=5)
    timer.timeout.connect(beat)
    timer.start()
    view = studio.window.data.view
    view.tabs.setCurrentIndex(HEALTH)
    view.show_report(Examined(many, finding.excludable))
    qtbot.wait(50)
    click(button(card(studio, "unreadable"), "Show files"))
    assert len(view.health.finding._names.toPlainText().splitlines()) == MOST_NAMES + 2
    qtbot.wait(50)
    studio.session.review.page_shown.disconnect()  # rows of another dataset than the one that is open
    view.health.finding.show_finding(finding)
    view.health.finding.show_page(Page(finding, 0, 417, ()))
    qtbot.wait(50)
    assert button(view.health, "Leave out 10,000 images").isEnabled()
    assert longest[0] < 1.0


# -- what the tests above do -------------------------------------------------------------------------------------------


def open_images(qtbot: QtBot, studio: Application, folder: Path) -> HealthReport:
    with qtbot.waitSignal(studio.session.data.examined, timeout=PATIENCE) as examined:
        drop(studio, folder)
    report = examined.args[0].report
    assert isinstance(report, HealthReport)
    qtbot.waitUntil(studio.window.data.view.health._bar.isHidden, timeout=PATIENCE)
    return report


def wait_for_report(qtbot: QtBot, studio: Application) -> None:
    with qtbot.waitSignal(studio.session.data.examined, timeout=PATIENCE):
        pass


def wait_for_preparation(qtbot: QtBot, studio: Application, how: Preparation) -> None:
    qtbot.waitUntil(lambda: studio.session.data.how == how, timeout=PATIENCE)


def controls(studio: Application) -> PreparationControls:
    return studio.window.data.view.controls


def shown(studio: Application, name: str) -> object:
    return controls(studio)._fields[name].value()


def set_here(studio: Application, name: str, value: object) -> None:
    """As a person does with the widget in the Data workspace."""
    field = controls(studio)._fields[name]
    if isinstance(field.widget, QComboBox):
        field.widget.setCurrentIndex(field.widget.findData(value))
    else:
        field.widget.setChecked(value)  # type: ignore[attr-defined]


def card(studio: Application, kind: str) -> FindingCard:
    studio.window.data.view.tabs.setCurrentIndex(HEALTH)
    return next(each for each in studio.window.data.view.health.findChildren(FindingCard) if each.finding.kind == kind)


def count(studio: Application) -> int:
    assert studio.session.data.dataset is not None
    return len(studio.session.data.dataset.images)


def channels(studio: Application) -> int:
    assert studio.session.data.dataset is not None
    return studio.session.data.dataset.images.shape[1]
