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

from core.config.preparation import Preparation
from core.data.health.findings import HealthFinding, HealthReport
from studio.dialogs.restore_excluded import RestoreExcludedDialog
from studio.main_window import MainWindow
from studio.model.data import Examined, Page
from studio.model.train import TrainingState
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


def test_the_first_images_are_seen_before_all_are_read(qtbot: QtBot, window: MainWindow, photos: Path) -> None:
    shown: list[int] = []
    # Looked at as it comes, because a quick scan has ended before the test goes on.
    window.session.reader.glimpsed.connect(lambda _: shown.append(len(window.data._glimpse.images())))
    drop(window, photos)
    wait_for_report(qtbot, window)
    assert shown[0] == 12
    assert window.data._stack.currentWidget() is window.data.view


# -- how images are prepared -------------------------------------------------------------------------------------------


def test_preparation_is_one_setting_in_two_places(qtbot: QtBot, window: MainWindow, photos: Path) -> None:
    open_images(qtbot, window, photos)
    form, reader = window.train.form, window.session.reader
    assert form.settings().resolution == shown(window, "resolution") == 64

    set_here(window, "resolution", 32)
    assert form.settings().resolution == 32
    set_here(window, "fit", "pad")
    wait_for_preparation(qtbot, window, Preparation((32, 32), "pad"))
    assert window.session.dataset is not None
    assert window.session.dataset.size == (32, 32)

    choose(window, "fit", "smart")
    assert shown(window, "fit") == "smart"
    wait_for_preparation(qtbot, window, Preparation((32, 32), "smart"))
    choose(window, "preset", "gan")  # belongs to the images and not to a recipe
    assert reader.how == form.settings().preparation == Preparation((32, 32), "smart")


def test_a_colour_is_chosen_by_its_name_or_number(qtbot: QtBot, window: MainWindow, photos: Path) -> None:
    open_images(qtbot, window, photos)
    background = controls(window)._fields["background"].widget._text  # type: ignore[attr-defined]
    background.setText("navy")
    background.editingFinished.emit()
    assert window.train.form.settings().background == background.text() == "#000080"
    background.setText("no colour")
    background.editingFinished.emit()
    assert background.text() == "#000080"
    wait_for_preparation(qtbot, window, Preparation((64, 64), background="#000080"))


def test_transparency_is_offered_where_there_is_some(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    (tmp_path / "clear").mkdir()
    for number in range(4):
        Image.fromarray(random.integers(0, 255, (32, 32, 4), np.uint8)).save(tmp_path / "clear" / f"{number}.png")
    open_images(qtbot, window, tmp_path / "clear")
    assert controls(window)._fields["alpha"].widget.isVisible()
    assert not controls(window)._fields["frame_step"].widget.isVisible()
    set_here(window, "alpha", True)
    qtbot.waitUntil(lambda: channels(window) == 4, timeout=PATIENCE)


def test_what_suits_the_images_is_taken_with_one_click(qtbot: QtBot, window: MainWindow, photos: Path) -> None:
    open_images(qtbot, window, photos)
    assert not controls(window)._suggestion.isVisible()
    set_here(window, "resolution", 16)
    wait_for_preparation(qtbot, window, Preparation((16, 16)))
    use = button(controls(window), "Use")
    qtbot.waitUntil(use.isVisible, timeout=PATIENCE)
    click(use)
    assert not use.isVisible()
    wait_for_preparation(qtbot, window, Preparation((64, 64)))


def test_cancel_keeps_the_images_as_they_were(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    folder = fill(tmp_path / "many", 3)
    large = Image.fromarray(np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), np.uint8))
    large.save(folder / "large.png")
    for number in range(16):
        (folder / f"large {number}.png").write_bytes((folder / "large.png").read_bytes())
    open_images(qtbot, window, folder)
    before, how = window.session.dataset, window.session.reader.how
    set_here(window, "fit", "stretch")
    cancel = button(controls(window), "Cancel")
    qtbot.waitUntil(cancel.isVisible, timeout=PATIENCE)
    assert window.data._stack.currentWidget() is window.data.view
    click(cancel)
    qtbot.waitUntil(lambda: not cancel.isVisible(), timeout=PATIENCE)
    assert window.session.dataset is before
    assert window.train.form.settings().fit == shown(window, "fit") == "crop"
    qtbot.wait(600)  # longer than a change would wait
    assert window.session.reader.how == how


def test_a_training_that_runs_has_its_images(qtbot: QtBot, window: MainWindow, photos: Path) -> None:
    begin(qtbot, window, photos)
    fit = controls(window)._fields["fit"].widget
    assert not fit.isEnabled()
    assert "training runs" in fit.toolTip()
    click(button(window.footer, "Stop"))
    qtbot.waitUntil(lambda: window.session.state is TrainingState.IDLE, timeout=PATIENCE)
    assert fit.isEnabled()


def test_originals_are_seen_beside_what_becomes_of_them(qtbot: QtBot, window: MainWindow, photos: Path) -> None:
    open_images(qtbot, window, photos)
    window.data.view.tabs.setCurrentIndex(PAIRS)
    pairs = window.data.view._pairs
    qtbot.waitUntil(lambda: len(pairs.pairs()) == 6, timeout=PATIENCE)
    assert {before.width() for _, before, _ in pairs.pairs()} <= {60, 80}
    assert {after.width() for _, _, after in pairs.pairs()} == {64}
    set_here(window, "resolution", 32)
    qtbot.waitUntil(lambda: {after.width() for _, _, after in pairs.pairs()} == {32}, timeout=PATIENCE)


def test_a_sample_says_why_it_has_no_originals(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.session.reader.dataset_opened, timeout=2 * PATIENCE):
        window.open_path("sample:shapes")
    window.data.view.tabs.setCurrentIndex(PAIRS)
    qtbot.waitUntil(lambda: "not at hand" in window.data.view._pairs._text, timeout=PATIENCE)


# -- health ------------------------------------------------------------------------------------------------------------


def test_every_trouble_has_a_card_and_two_clicks_mend_it(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    report = open_images(qtbot, window, trouble(tmp_path / "trouble"))
    warnings = sum(one.severity == "warning" for one in report.findings)
    tabs = window.data.view.tabs
    assert tabs.tabText(HEALTH) == f"Health ({warnings})"
    cards = window.data.view.health.findChildren(FindingCard)
    assert [card.finding for card in cards] == list(report.findings)
    assert {card.finding.kind for card in cards if card.finding.severity != "good"} == {
        "unreadable", "exact_duplicates", "near_duplicates", "near_empty", "small_originals", "proportions",
        "colours", "print_colours", "transparency", "classes", "few_images",
    }  # fmt: skip

    with qtbot.waitSignal(window.session.curator.examined, timeout=PATIENCE) as again:
        tabs.setCurrentIndex(HEALTH)
        click(button(window.data, "Leave out all that is suggested (7)"))
    assert len(window.session.dataset.images) == report.images - 7  # type: ignore[union-attr]
    assert again.args[0].report.excluded == 7
    assert tabs.currentIndex() == HEALTH
    assert window.banner.text() == "7 images are left out."
    assert not [found for found in window.data.findChildren(QPushButton) if found.text().startswith("Leave out all")
                and found.isVisible()]  # fmt: skip


def test_what_was_left_out_comes_back_by_undo(qtbot: QtBot, window: MainWindow, photos: Path) -> None:
    report = open_images(qtbot, window, photos)
    with qtbot.waitSignal(window.session.curator.examined, timeout=PATIENCE):
        click(button(card(window, "exact_duplicates"), "Leave out 1 image"))
    assert count(window) == report.images - 1
    with qtbot.waitSignal(window.session.curator.examined, timeout=PATIENCE):
        click(button(window.banner, "Undo"))
    assert count(window) == report.images
    assert window.banner.text() == "copy.png is included again."


def test_each_image_of_a_finding_is_kept_or_left_out(qtbot: QtBot, window: MainWindow, photos: Path) -> None:
    report = open_images(qtbot, window, photos)
    click(button(card(window, "exact_duplicates"), "Look at them"))
    view = window.data.view.health.finding
    qtbot.waitUntil(lambda: len(view.findChildren(ImageTile)) == 2, timeout=PATIENCE)
    first, copy = view.findChildren(ImageTile)
    assert [(tile.text(), tile.isChecked()) for tile in (first, copy)] == [("000.png", False), ("copy.png", True)]
    click(copy)
    assert not button(view, "Leave out 0 images").isEnabled()
    click(first)
    with qtbot.waitSignal(window.session.curator.examined, timeout=PATIENCE):
        click(button(view, "Leave out 1 image"))
    assert count(window) == report.images - 1
    assert window.session.dataset is not None
    assert window.session.dataset.excluded == ("000.png",)


def test_it_is_remembered_and_can_be_included_again(
    qtbot: QtBot, window: MainWindow, photos: Path, tmp_path: Path
) -> None:
    report = open_images(qtbot, window, photos)
    with qtbot.waitSignal(window.session.curator.examined, timeout=PATIENCE):
        click(button(card(window, "exact_duplicates"), "Leave out 1 image"))
    open_images(qtbot, window, fill(tmp_path / "others", 3, 30))
    open_images(qtbot, window, photos)
    assert count(window) == report.images - 1

    with qtbot.waitSignal(window.session.curator.examined, timeout=PATIENCE):
        answer(RestoreExcludedDialog, lambda dialog: click(button(dialog, "Include all 1")))
        click(button(window.data, "Include again… (1)"))
    assert count(window) == report.images
    assert not button(window.data, "Include again…").isVisible()


def test_files_that_cannot_be_read_are_listed_by_what_is_wrong(qtbot: QtBot, window: MainWindow, photos: Path) -> None:
    (photos / "empty.png").touch()
    (photos / "text.png").write_text("not an image")
    open_images(qtbot, window, photos)
    click(button(card(window, "unreadable"), "Show files"))
    text = window.data.view.health.finding._names.toPlainText()
    assert "Empty file (1)\n    empty.png" in text
    assert "damaged (1)\n    text.png" in text


def test_findings_never_stop_a_training(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    report = open_images(qtbot, window, trouble(tmp_path / "trouble"))
    assert not report.healthy
    assert button(window.footer, "Start").isEnabled()


# -- a window that never stands still ----------------------------------------------------------------------------------


def test_a_report_of_many_images_does_not_stop_the_window(qtbot: QtBot, window: MainWindow, photos: Path) -> None:
    report = open_images(qtbot, window, photos)
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

    timer = QTimer(window, interval=5)
    timer.timeout.connect(beat)
    timer.start()
    view = window.data.view
    view.tabs.setCurrentIndex(HEALTH)
    view.show_report(Examined(many, finding.excludable))
    qtbot.wait(50)
    click(button(card(window, "unreadable"), "Show files"))
    assert len(view.health.finding._names.toPlainText().splitlines()) == MOST_NAMES + 2
    qtbot.wait(50)
    window.session.curator.looked.disconnect()  # rows of another dataset than the one that is open
    view.health.finding.show_finding(finding)
    view.health.finding.show_page(Page(finding, 0, 417, ()))
    qtbot.wait(50)
    assert button(view.health, "Leave out 10,000 images").isEnabled()
    assert longest[0] < 1.0


# -- what the tests above do -------------------------------------------------------------------------------------------


def open_images(qtbot: QtBot, window: MainWindow, folder: Path) -> HealthReport:
    with qtbot.waitSignal(window.session.curator.examined, timeout=PATIENCE) as examined:
        drop(window, folder)
    report = examined.args[0].report
    assert isinstance(report, HealthReport)
    qtbot.waitUntil(window.data.view.health._bar.isHidden, timeout=PATIENCE)
    return report


def wait_for_report(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.session.curator.examined, timeout=PATIENCE):
        pass


def wait_for_preparation(qtbot: QtBot, window: MainWindow, how: Preparation) -> None:
    qtbot.waitUntil(lambda: window.session.reader.how == how, timeout=PATIENCE)


def controls(window: MainWindow) -> PreparationControls:
    return window.data.view.controls


def shown(window: MainWindow, name: str) -> object:
    return controls(window)._fields[name].value()


def set_here(window: MainWindow, name: str, value: object) -> None:
    """As a person does with the widget in the Data workspace."""
    field = controls(window)._fields[name]
    if isinstance(field.widget, QComboBox):
        field.widget.setCurrentIndex(field.widget.findData(value))
    else:
        field.widget.setChecked(value)  # type: ignore[attr-defined]


def card(window: MainWindow, kind: str) -> FindingCard:
    window.data.view.tabs.setCurrentIndex(HEALTH)
    return next(each for each in window.data.view.health.findChildren(FindingCard) if each.finding.kind == kind)


def count(window: MainWindow) -> int:
    assert window.session.dataset is not None
    return len(window.session.dataset.images)


def channels(window: MainWindow) -> int:
    assert window.session.dataset is not None
    return window.session.dataset.images.shape[1]
