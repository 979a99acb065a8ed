"""The Data workspace in the real window: first images, preparation, all images, and findings."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QToolButton
from pytestqt.qtbot import QtBot

from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.data.cache.exclusions import excluded
from core.data.health.findings import HealthFinding, HealthReport
from core.data.records import RECORD, Records
from studio import theme
from studio.application import Application
from studio.model.data import Examined, ImageIndex, Page, TileRequest, Tiles
from studio.model.train import TrainingState
from studio.services.data.review import compare
from studio.widgets.data.dataset_view import PAIRS
from studio.widgets.data.finding_card import FindingCard
from studio.widgets.data.finding_view import MOST_NAMES
from studio.widgets.data.image_browser import ImageBrowser
from studio.widgets.data.preparation_controls import PreparationControls
from studio.widgets.images.image_tile import ImageTile
from studio.widgets.images.virtual_grid import VirtualGrid
from tests.core.photos import fill
from tests.core.test_health import trouble
from tests.studio.conftest import PATIENCE
from tests.studio.test_whole_path import begin, button, choose, click, drop


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


def test_a_color_is_chosen_by_its_name_or_number(qtbot: QtBot, studio: Application, photos: Path) -> None:
    open_images(qtbot, studio, photos)
    background = controls(studio)._fields["background"].widget._text  # type: ignore[attr-defined]
    background.setText("navy")
    background.editingFinished.emit()
    assert studio.window.train.form.settings().background == background.text() == "#000080"
    background.setText("no color")
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
    assert "Stop the training" in fit.toolTip()
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
    qtbot.waitUntil(lambda: "not available" in studio.window.data.view._pairs._text, timeout=PATIENCE)


def test_a_divided_folder_asks_which_images_to_use(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    for number, place in enumerate(("train/cat", "train/dog", "test/cat", "test/dog")):
        fill(tmp_path / "set" / place, 3, 3 * number)
    open_images(qtbot, studio, tmp_path / "set")
    assert count(studio) == 12
    assert {"cat 6", "dog 6"} <= {chip.text() for chip in browser(studio).filter_bar.findChildren(QToolButton)}
    question = studio.window.data.view._question
    assert "test and train" in question._text.text()
    click(button(question, "Train only"))
    assert not question.isVisible()
    qtbot.waitUntil(lambda: count(studio) == 6, timeout=PATIENCE)
    assert studio.window.train.form.settings().split == "train"
    wait_for_card(qtbot, studio, "folders")
    qtbot.waitUntil(lambda: check(studio, "folders", "Train folder only").isChecked(), timeout=PATIENCE)
    assert controls(studio)._fields["split"].widget.isVisible()
    click(check(studio, "folders", "Train folder only"))
    qtbot.waitUntil(lambda: count(studio) == 12, timeout=PATIENCE)
    assert not question.isVisible()  # it was answered

    set_here(studio, "split", "train")
    qtbot.waitUntil(lambda: count(studio) == 6, timeout=PATIENCE)
    fill(tmp_path / "other" / "train", 3)
    fill(tmp_path / "other" / "val", 3, 3)
    open_images(qtbot, studio, tmp_path / "other")
    assert (count(studio), shown(studio, "split")) == (6, "all")
    assert question.isVisible()


# -- all images --------------------------------------------------------------------------------------------------------


def test_the_grid_shows_every_image_by_its_row(qtbot: QtBot, studio: Application, photos: Path) -> None:
    open_images(qtbot, studio, photos)
    grid = browser(studio).grid
    assert grid.rows().tolist() == list(range(count(studio)))
    whole = studio.session.data.dataset
    assert whole is not None
    qtbot.waitUntil(lambda: not len(grid._atlas().missing(grid.rows()[:3])), timeout=PATIENCE)
    grid.set_side(64)
    qtbot.waitUntil(lambda: not len(grid._atlas().missing(grid.rows()[:3])), timeout=PATIENCE)
    tile, picture = grid.tile_rect(2), grid.viewport().grab().toImage()
    red, green, blue = np.asarray(whole.images)[2, :, 10, 20].tolist()
    assert picture.pixelColor(tile.left() + 20, tile.top() + 10) == QColor(red, green, blue)


def test_the_name_is_said_under_the_pointer(qtbot: QtBot, studio: Application, photos: Path) -> None:
    open_images(qtbot, studio, photos)
    grid = browser(studio).grid
    QTest.mouseMove(grid.viewport(), grid.tile_rect(1).center())
    assert browser(studio)._name.text() == "001.png"
    QTest.mouseMove(grid.viewport(), grid.viewport().rect().bottomRight())
    assert browser(studio)._name.text() == ""


def test_delete_leaves_out_and_undo_takes_back(qtbot: QtBot, studio: Application, photos: Path) -> None:
    report = open_images(qtbot, studio, photos)
    grid, said = browser(studio).grid, list[tuple[bool, bool]]()
    studio.window.data.undo_changed.connect(lambda *can: said.append(can))
    press(grid, 1)
    press(grid, 3, Qt.KeyboardModifier.ShiftModifier)
    press(grid, 5, Qt.KeyboardModifier.ControlModifier)
    assert grid.selected_rows().tolist() == [1, 2, 3, 5]
    QTest.keyClick(grid, Qt.Key.Key_Delete)
    assert said[-1] == (True, False)
    assert grid._left_out.nonzero()[0].tolist() == [1, 2, 3, 5]  # at once, whatever the disk does
    wait_for_count(qtbot, studio, report.images - 4)
    assert len(grid.rows()) == report.images  # dim in their places
    assert browser(studio).describe(2) == "002.png\nLeft out"
    assert button(browser(studio), "Restore 4").isEnabled()

    studio.controllers.menus.undo.trigger()
    assert said[-1] == (False, True)
    wait_for_count(qtbot, studio, report.images)
    studio.controllers.menus.redo.trigger()
    wait_for_count(qtbot, studio, report.images - 4)


def test_changes_in_quick_succession_end_as_the_last_one(qtbot: QtBot, studio: Application, photos: Path) -> None:
    report = open_images(qtbot, studio, photos)
    grid = browser(studio).grid
    for row in range(3):
        press(grid, row)
        QTest.keyClick(grid, Qt.Key.Key_Delete)
    studio.window.data.undo()
    wait_for_count(qtbot, studio, report.images - 2)
    assert excluded(str(photos)) == ("000.png", "001.png")


def test_a_start_right_after_leaving_out_has_settings_that_fit_the_rest(
    qtbot: QtBot, studio: Application, photos: Path
) -> None:
    report = open_images(qtbot, studio, photos)
    studio.window.train.form.change({"batch": report.images, "samples": 4, "width": 8})
    press(browser(studio).grid, 0)
    QTest.keyClick(browser(studio).grid, Qt.Key.Key_Delete)
    assert studio.session.review.is_changing
    studio.controllers.train.start()
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.RUNNING, timeout=PATIENCE)
    assert studio.session.training.settings.batch == report.images - 1


def test_too_few_are_not_left_out(qtbot: QtBot, studio: Application, photos: Path) -> None:
    report = open_images(qtbot, studio, photos)
    grid = browser(studio).grid
    grid.setFocus()
    QTest.keyClick(grid, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(grid, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: not grid._left_out.any(), timeout=PATIENCE)
    assert "Fewer than 2" in studio.window.banner.text()
    assert count(studio) == report.images
    assert excluded(str(photos)) == ()


def test_filters_combine_and_keep_to_the_order(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    open_images(qtbot, studio, trouble(tmp_path / "trouble"))
    bar, grid = browser(studio).filter_bar, browser(studio).grid
    assert {"few 2", "many 50", "Near-duplicates 3", "Too wide 1"} <= {
        chip.text() for chip in bar.findChildren(QToolButton) if not chip.isHidden()
    }
    click(button(bar, "Near-duplicates 3"))
    assert names_of(studio) == ["many/halved.png", "many/lighter.png", "many/saved anew.jpg"]
    click(button(bar, "few 2"))
    assert names_of(studio) == []
    click(button(bar, "few 2"))
    grid.select_all()
    click(button(browser(studio), "Leave out 3"))
    click(button(bar, "Near-duplicates 3"))
    click(button(bar, "Left out 3"))
    assert len(grid.rows()) == 3
    assert browser(studio).describe(int(grid.rows()[0])).endswith("Left out: near-duplicates and too small")
    click(button(bar, "Left out 3"))
    click(button(studio.window.data, "Shuffle"))
    assert sorted(grid.rows().tolist()) == list(range(52)) != grid.rows().tolist()
    click(button(studio.window.data, "Shuffle"))
    assert grid.rows().tolist() == list(range(52))


def test_many_classes_are_a_list_with_a_search(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    for number in range(12):
        fill(tmp_path / "many" / f"class {number}", 2, 2 * number)
    open_images(qtbot, studio, tmp_path / "many")
    picker = browser(studio).filter_bar._picker
    assert picker.text() == "Classes 12"
    QTest.keyClicks(picker._search, "11")
    seen = [item for item in picker._items() if not item.isHidden()]
    assert [item.text() for item in seen] == ["class 11  2"]
    seen[0].setCheckState(Qt.CheckState.Checked)
    assert names_of(studio) == ["class 11/022.png", "class 11/023.png"]
    assert picker.text() == "class 11"


def test_a_double_click_enlarges_and_copy_copies(qtbot: QtBot, studio: Application, photos: Path) -> None:
    open_images(qtbot, studio, photos)
    grid, dataset = browser(studio).grid, studio.session.data.dataset
    assert dataset is not None
    QTest.mouseDClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.tile_rect(2).center())
    viewer = studio.window.data._viewer
    assert viewer is not None
    qtbot.waitUntil(lambda: viewer.image().width() == 64, timeout=PATIENCE)
    QTest.keyClick(viewer, Qt.Key.Key_Right)
    assert viewer.caption() == f"4 of {count(studio)}   003.png"
    color = np.asarray(dataset.images)[3, :, 0, 0].tolist()
    qtbot.waitUntil(lambda: viewer.image().pixelColor(0, 0) == QColor(*color), timeout=PATIENCE)
    viewer.close()
    assert grid.current_row() == 3
    QGuiApplication.clipboard().clear()
    assert studio.window.data.copy()
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().image().width() == 64, timeout=PATIENCE)


def test_one_screen_is_asked_for_however_many_images_there_are(qtbot: QtBot) -> None:
    grid, asked, number = VirtualGrid(str), list[TileRequest](), 100_000
    table = np.zeros(number, RECORD)
    index = ImageIndex("many", (64, 64), Records(table, np.zeros(0, np.uint8)), None, (), frozenset())
    qtbot.addWidget(grid)
    grid.tiles_requested.connect(asked.append)
    grid.resize(800, 600)
    grid.set_index(index)
    grid.set_rows(np.arange(number))
    grid.show()
    bar = grid.verticalScrollBar()
    room = grid._atlas().nbytes
    for part in (0.3, 0.9, 0.1, 1.0):
        bar.setValue(round(part * bar.maximum()))
        qtbot.wait(1)
        newest = asked[-1]
        assert len(newest.rows) <= 2 * len(grid._geometry().places_in_sight())
        assert newest.rows[0] == grid.rows()[grid._geometry().places_in_sight().start]
        width, height = newest.size
        pixels = np.full((len(newest.rows), height, width), 0xFF00FF00, np.uint32)
        grid.add_tiles(Tiles(index.records, newest.size, newest.rows, pixels))
        picture = grid.viewport().grab().toImage()
        assert picture.pixelColor(grid.viewport().rect().center()).name() in ("#00ff00", theme.current().window)
        assert picture.pixelColor(grid.tile_rect(grid._geometry().places_in_sight()[-1]).topLeft()).name() == "#00ff00"
    assert newest.rows[-1] == number - 1
    assert grid._atlas().nbytes == room


# -- findings ----------------------------------------------------------------------------------------------------------


def test_every_trouble_has_a_card_and_one_click_mends_it(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    report = open_images(qtbot, studio, trouble(tmp_path / "trouble"))
    cards = studio.window.data.view.findings.findChildren(FindingCard)
    assert {card.finding.kind for card in cards if card.finding.severity != "good"} == {
        "unreadable", "too_large", "exact_duplicates", "near_duplicates", "near_empty", "small_originals",
        "proportions", "colours", "print_colours", "transparency", "classes", "few_images",
    }  # fmt: skip
    apply = button(studio.window.data, "Apply suggestions: leave out 7")
    click(apply)
    assert card(studio, "near_duplicates")._leave_out.isChecked()
    wait_for_count(qtbot, studio, report.images - 7)
    assert not apply.isVisible()
    assert card(studio, "near_duplicates") in cards  # nothing is built anew, or the list would jump
    studio.window.data.undo()
    wait_for_count(qtbot, studio, report.images)


def test_a_remedy_is_a_switch(qtbot: QtBot, studio: Application, photos: Path) -> None:
    report = open_images(qtbot, studio, photos)
    switch = card(studio, "exact_duplicates")._leave_out
    assert switch.text() == "Leave out 1"
    click(switch)
    wait_for_count(qtbot, studio, report.images - 1)
    assert "Only 24 images" in card(studio, "few_images").finding.text
    press(browser(studio).grid, 2)
    QTest.keyClick(browser(studio).grid, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: "Only 23 images" in card(studio, "few_images").finding.text, timeout=PATIENCE)
    click(switch)
    assert not switch.isChecked()
    wait_for_count(qtbot, studio, report.images - 1)


def test_remedies_that_are_settings_set_them_and_set_them_back(
    qtbot: QtBot, studio: Application, tmp_path: Path
) -> None:
    for number in range(6):
        (tmp_path / "wide").mkdir(exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (40, 96, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "wide" / f"{number}.png")
    open_images(qtbot, studio, tmp_path / "wide")
    form = studio.window.train.form
    assert form.value("augment") == "diffaug"  # as the preset has it for few images
    assert check(studio, "few_images", "Augment: DiffAugment").isChecked()
    click(check(studio, "few_images", "Mirror"))
    assert form.value("mirror") is True
    choose(studio, "augment", "none")
    assert not check(studio, "few_images", "Augment: DiffAugment").isChecked()

    click(check(studio, "proportions", "Pad"))
    assert form.value("fit") == "pad"
    qtbot.waitUntil(lambda: studio.session.data.how is not None and studio.session.data.how.fit == "pad")
    qtbot.waitUntil(lambda: check(studio, "proportions", "Pad").isChecked(), timeout=PATIENCE)
    click(check(studio, "proportions", "Pad"))
    assert form.value("fit") == "crop"

    own = "Proportion 5:2"
    with qtbot.waitSignal(studio.session.data.examined, timeout=PATIENCE):
        click(check(studio, "proportions", own))
    assert form.value("grid") == "10x4"
    qtbot.waitUntil(lambda: card(studio, "proportions").finding.severity == "good", timeout=PATIENCE)
    click(check(studio, "proportions", own))
    assert form.value("grid") == "4x4"


def test_each_image_of_a_group_is_kept_or_left_out(qtbot: QtBot, studio: Application, photos: Path) -> None:
    report = open_images(qtbot, studio, photos)
    click(button(card(studio, "exact_duplicates"), "Groups"))
    view = studio.window.data.view.groups
    qtbot.waitUntil(lambda: len(view.findChildren(ImageTile)) == 2, timeout=PATIENCE)
    first, copy = view.findChildren(ImageTile)
    assert [(tile.text(), tile.isChecked()) for tile in (first, copy)] == [("000.png", False), ("copy.png", False)]
    click(copy)
    assert card(studio, "exact_duplicates")._leave_out.isChecked()
    wait_for_count(qtbot, studio, report.images - 1)
    studio.window.data.undo()
    assert not copy.isChecked()
    click(button(view, "All images"))
    assert studio.window.data.view.is_browsing()


def test_it_is_remembered(qtbot: QtBot, studio: Application, photos: Path, tmp_path: Path) -> None:
    report = open_images(qtbot, studio, photos)
    click(card(studio, "exact_duplicates")._leave_out)
    wait_for_count(qtbot, studio, report.images - 1)
    open_images(qtbot, studio, fill(tmp_path / "others", 3, 30))
    assert not studio.window.data._undo.can_undo
    open_images(qtbot, studio, photos)
    assert count(studio) == report.images - 1
    assert card(studio, "exact_duplicates")._leave_out.isChecked()
    assert browser(studio).grid._left_out.sum() == 1


def test_files_that_cannot_be_read_are_listed_by_what_is_wrong(qtbot: QtBot, studio: Application, photos: Path) -> None:
    (photos / "empty.png").touch()
    (photos / "text.png").write_text("not an image")
    open_images(qtbot, studio, photos)
    click(button(card(studio, "unreadable"), "Show files"))
    text = studio.window.data.view.groups._names.toPlainText()
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
    table = np.zeros(20_000, RECORD)
    index = ImageIndex("many", (64, 64), Records(table, np.zeros(0, np.uint8)), None, (), frozenset())
    beats, longest = [monotonic()], [0.0]

    def beat() -> None:
        now = monotonic()
        longest[0] = max(longest[0], now - beats[-1])
        beats.append(now)

    timer = QTimer(studio.window, interval=5)
    timer.timeout.connect(beat)
    timer.start()
    view = studio.window.data.view
    studio.session.tiles.shutdown()  # rows of another dataset than the one that is open
    view.browser.set_index(index, frozenset())
    view.show_report(Examined(many, finding.excludable))
    qtbot.wait(50)
    click(button(card(studio, "unreadable"), "Show files"))
    assert len(view.groups._names.toPlainText().splitlines()) == MOST_NAMES + 2
    qtbot.wait(50)
    studio.session.review.page_shown.disconnect()
    view.groups.show_finding(finding)
    view.groups.show_page(Page(finding, 0, 417, ()))
    studio.session.review._opened = None
    click(card(studio, "near_duplicates")._leave_out)
    qtbot.wait(50)
    assert browser(studio).grid._left_out.sum() == 10_000
    assert longest[0] < 1.0


# -- what the tests above do -------------------------------------------------------------------------------------------


def open_images(qtbot: QtBot, studio: Application, folder: Path) -> HealthReport:
    def is_of_folder(_examined: Examined) -> bool:
        """Tells it from the examination of the images that were open before, which may end meanwhile."""
        return studio.session.data.dataset is not None and studio.session.data.dataset.source == str(folder)

    with qtbot.waitSignal(studio.session.data.examined, timeout=PATIENCE, check_params_cb=is_of_folder) as examined:
        drop(studio, folder)
    report = examined.args[0].report
    assert isinstance(report, HealthReport)
    qtbot.waitUntil(studio.window.data.view.findings._bar.isHidden, timeout=PATIENCE)
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
    return studio.window.data.view.findings._cards[kind]  # type: ignore[index]


def wait_for_card(qtbot: QtBot, studio: Application, kind: str) -> None:
    """The images are shown before they have been examined."""
    qtbot.waitUntil(lambda: kind in studio.window.data.view.findings._cards, timeout=PATIENCE)


def check(studio: Application, kind: str, title: str) -> QAbstractButton:
    """The switch of a remedy that is a setting."""
    return button(card(studio, kind), title)


def browser(studio: Application) -> ImageBrowser:
    return studio.window.data.view.browser


def names_of(studio: Application) -> list[str]:
    """Returns names of the images that pass the filter."""
    found = browser(studio)
    return sorted(found.describe(row).split("\n")[0] for row in found.grid.rows().tolist())


def press(grid: VirtualGrid, place: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, modifiers, grid.tile_rect(place).center())


def wait_for_count(qtbot: QtBot, studio: Application, images: int) -> None:
    qtbot.waitUntil(lambda: count(studio) == images, timeout=PATIENCE)
    assert not studio.session.review.is_changing


def count(studio: Application) -> int:
    assert studio.session.data.dataset is not None
    return len(studio.session.data.dataset.images)


def channels(studio: Application) -> int:
    assert studio.session.data.dataset is not None
    return studio.session.data.dataset.images.shape[1]
