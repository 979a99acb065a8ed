"""The dialogs that open checkpoints and export images, used as a person does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QTreeWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.concurrency import run_to_end
from core.errors import UserError
from core.export.selection import FileOptions, RequestSelection, SeedSelection
from core.generator_inputs import parse_seeds
from core.latent.request import LatentRequest, Point, Walk
from core.presets import preset
from core.runs.retention import prune
from core.runs.saved_checkpoints import delete_checkpoint, offered_name, rename_checkpoint, set_note
from studio.background.workers import Workers
from studio.dialogs.export_images import ExportImagesDialog
from studio.dialogs.open_checkpoint import OpenCheckpointDialog
from studio.model.export import Exportable, ExportChoice
from studio.model.train import CheckpointRow, CheckpointRows
from studio.services.train.checkpoint_list import CheckpointList, read_checkpoints
from studio.widgets.basic.banner import Banner
from studio.widgets.images.image_grid import ImageGrid

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEFT = Qt.MouseButton.LeftButton
NO_KEYS = Qt.KeyboardModifier.NoModifier


def button(dialog: QWidget, text: str) -> QPushButton:
    return next(one for one in dialog.findChildren(QPushButton) if one.text() == text)


def field(dialog: QWidget, name: str) -> QLineEdit:
    return next(one for one in dialog.findChildren(QLineEdit) if one.accessibleName() == name)


def texts(dialog: QWidget) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())


# --- opening a checkpoint ---


def row(number: int, step: int, dataset: str = "sample:digits") -> CheckpointRow:
    path = Path(f"/runs/{number:05d}-run/checkpoints/{step:09d}.safetensors")
    preview = np.full((32, 32, 3), number, np.uint8)
    return CheckpointRow(path, step, "studio", "64 × 64 px", dataset, NOON - timedelta(hours=number), preview)


@pytest.fixture
def opener(qtbot: QtBot) -> OpenCheckpointDialog:
    dialog = OpenCheckpointDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


@pytest.fixture
def listed(opener: OpenCheckpointDialog) -> OpenCheckpointDialog:
    rows = (row(1, 12000), row(2, 400, "/home/me/emoji.zip"), row(3, 900, "/home/me/emoji.zip"))
    opener.show_summaries(CheckpointRows(rows, ()))
    return opener


def shown_rows(dialog: OpenCheckpointDialog) -> list[str]:
    tree = dialog.findChild(QTreeWidget)
    assert tree is not None
    items = [tree.topLevelItem(index) for index in range(tree.topLevelItemCount())]
    return [item.text(0) for item in items if item is not None and not item.isHidden()]


def test_it_says_that_it_searches_and_that_there_is_nothing(opener: OpenCheckpointDialog) -> None:
    opener.show_busy(True)
    bar = opener.findChild(QProgressBar)
    assert bar is not None
    assert bar.isVisible()
    assert "Listing checkpoints" in texts(opener)
    opener.show_summaries(CheckpointRows((), ()))
    assert not bar.isVisible()
    assert "No checkpoints yet." in texts(opener)
    assert not button(opener, "Open").isEnabled()


def test_enter_opens_the_first_row_with_its_preview(qtbot: QtBot, listed: OpenCheckpointDialog) -> None:
    preview = listed.findChild(ImageGrid)
    assert preview is not None
    assert preview.images().shape == (1, 32, 32, 3)
    assert int(preview.images()[0, 0, 0, 0]) == 1
    with qtbot.waitSignal(listed.chosen) as chosen:
        QTest.keyClick(field(listed, "Filter"), Qt.Key.Key_Return)
    assert chosen.args == [row(1, 12000).path]
    assert not listed.isVisible()


def test_filter_words_and_arrows_choose_without_a_mouse(qtbot: QtBot, listed: OpenCheckpointDialog) -> None:
    words = field(listed, "Filter")
    QTest.keyClicks(words, "studio emoji")
    assert shown_rows(listed) == ["00002-run", "00003-run"]
    QTest.keyClick(words, Qt.Key.Key_Down)
    QTest.keyClick(words, Qt.Key.Key_Down)
    with qtbot.waitSignal(listed.chosen) as chosen:
        QTest.keyClick(words, Qt.Key.Key_Return)
    assert chosen.args == [row(3, 900).path]


def test_a_filter_without_a_match_opens_nothing(qtbot: QtBot, listed: OpenCheckpointDialog) -> None:
    QTest.keyClicks(field(listed, "Filter"), "zebra")
    assert "No checkpoint matches “zebra”." in texts(listed)
    with qtbot.assertNotEmitted(listed.chosen):
        QTest.keyClick(field(listed, "Filter"), Qt.Key.Key_Return)
    assert listed.isVisible()
    field(listed, "Filter").clear()
    assert len(shown_rows(listed)) == 3
    assert button(listed, "Open").isEnabled()


def test_a_double_click_opens_once(qtbot: QtBot, listed: OpenCheckpointDialog) -> None:
    chosen: list[Path] = []
    listed.chosen.connect(chosen.append)
    tree = listed.findChild(QTreeWidget)
    assert tree is not None
    position = tree.visualRect(tree.model().index(1, 0)).center()
    QTest.mouseClick(tree.viewport(), LEFT, NO_KEYS, position)
    QTest.mouseDClick(tree.viewport(), LEFT, NO_KEYS, position)
    assert chosen == [row(2, 400).path]


def test_enter_in_the_list_opens_once(qtbot: QtBot, listed: OpenCheckpointDialog) -> None:
    chosen: list[Path] = []
    listed.chosen.connect(chosen.append)
    tree = listed.findChild(QTreeWidget)
    assert tree is not None
    tree.setFocus()
    QTest.keyClick(tree, Qt.Key.Key_Down)
    QTest.keyClick(tree, Qt.Key.Key_Return)
    assert chosen == [row(2, 400).path]


def test_problems_and_unreadable_files_are_told(opener: OpenCheckpointDialog) -> None:
    damaged = tuple(Path(f"/runs/00001-run/checkpoints/{step}.safetensors") for step in range(5))
    opener.show_summaries(CheckpointRows((row(1, 1),), damaged))
    banner = opener.findChild(Banner)
    assert banner is not None
    assert "5 files could not be read and are left out: 00001-run/checkpoints/0.safetensors" in banner.text()
    assert banner.text().endswith("and 2 more.")
    opener.show_problem(UserError("The folder is gone.", "Choose another."))
    assert "The folder is gone." in banner.text()
    opener.show_summaries(CheckpointRows((row(1, 1),), ()))
    assert not banner.isVisible()


def choose_in(qtbot: QtBot, dialog: QWidget, path: Path, opens: str) -> None:
    """Picks a path in the file dialog that a button opens."""
    QTest.mouseClick(button(dialog, opens), LEFT)
    files = dialog.findChild(QFileDialog)
    assert files is not None
    files.setDirectory(str(path.parent))
    files.selectFile(path.name)
    files.accept()
    qtbot.waitUntil(lambda: dialog.findChild(QFileDialog) is None)


@pytest.mark.usefixtures("no_native_dialogs")
def test_browse_opens_any_file_and_any_folder(qtbot: QtBot, listed: OpenCheckpointDialog, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    file = tmp_path / "shared.safetensors"
    file.touch()
    with qtbot.waitSignal(listed.folder_requested) as folder:
        choose_in(qtbot, listed, tmp_path / "runs", "Another folder…")
    assert folder.args == [tmp_path / "runs"]
    assert shown_rows(listed) == []
    with qtbot.waitSignal(listed.chosen) as chosen:
        choose_in(qtbot, listed, file, "Browse…")
    assert chosen.args == [file]


# --- the reader ---


def write_checkpoint(path: Path, step: int, name: str = "studio") -> None:
    import torch

    from core.checkpoint import Checkpoint, Meta, save

    meta = Meta(
        settings=preset(name).apply(),
        channels=3,
        step=step,
        images=0,
        seconds=0.0,
        epoch=0,
        index=0,
        dataset="sample:digits",
        dataset_fingerprint="",
        device="cpu",
        precision="fp32",
        memory_format="contiguous",
        created=NOON + timedelta(seconds=step),
    )
    save(Checkpoint(meta, {"preview": torch.zeros(8, 8, 3, dtype=torch.uint8)}), path)


def test_the_reader_finds_every_run_newest_first_and_names_the_damaged(tmp_path: Path) -> None:
    for run, step in (("00001-a", 5), ("00002-b", 9), ("00001-a", 7)):
        write_checkpoint(tmp_path / run / "checkpoints" / f"{step:09d}.safetensors", step)
    damaged = tmp_path / "00002-b" / "checkpoints" / "000000001.safetensors"
    damaged.write_bytes(b"half of a file")
    found = run_to_end(read_checkpoints(tmp_path))
    assert [(one.run, one.step) for one in found.rows] == [("00002-b", 9), ("00001-a", 7), ("00001-a", 5)]
    assert found.damaged == (damaged,)
    first = found.rows[0]
    assert (first.preset, first.size, first.preview.shape) == ("studio", "64 × 64 px", (8, 8, 3))
    assert [one.step for one in run_to_end(read_checkpoints(tmp_path / "00001-a")).rows] == [7, 5]


def test_points_have_no_size_in_pixels(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "00001-ring" / "checkpoints" / "000000003.safetensors", 3, "playground")
    (found,) = run_to_end(read_checkpoints(tmp_path)).rows
    assert (found.preset, found.size) == ("playground", "2-D")


def test_a_folder_that_is_not_there_has_no_checkpoints(tmp_path: Path) -> None:
    assert run_to_end(read_checkpoints(tmp_path / "none")) == CheckpointRows((), ())


# --- exporting ---

LIKE = Point(7, psi=0.8, offset=(1.0, 0.0))
SHOWN = LatentRequest(Walk((Point(7), Point(8))), (0.5,))
SEEDS = Exportable(like=LIKE, size=(64, 64))


def exporter(qtbot: QtBot, tmp_path: Path, what: Exportable = SEEDS) -> ExportImagesDialog:
    dialog = ExportImagesDialog(what, tmp_path)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def radio(dialog: QWidget, text: str) -> QRadioButton:
    return next(one for one in dialog.findChildren(QRadioButton) if one.text() == text)


def checkbox(dialog: QWidget, start: str) -> QCheckBox:
    return next(one for one in dialog.findChildren(QCheckBox) if one.text().startswith(start))


def tick(qtbot: QtBot, box: QCheckBox) -> None:
    QTest.mouseClick(box, LEFT, NO_KEYS, QPoint(8, box.height() // 2))


def write(qtbot: QtBot, edit: QLineEdit, text: str) -> None:
    edit.selectAll()
    QTest.keyClicks(edit, text) if text else QTest.keyClick(edit, Qt.Key.Key_Delete)


def export(qtbot: QtBot, dialog: ExportImagesDialog) -> ExportChoice:
    with qtbot.waitSignal(dialog.accepted_request) as accepted:
        QTest.mouseClick(button(dialog, "Export"), LEFT)
    choice = accepted.args[0]
    assert isinstance(choice, ExportChoice)
    return choice


def test_seeds_are_exported_with_psi_and_directions(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = exporter(qtbot, tmp_path)
    assert f"64 PNG images of 64 × 64 px into {tmp_path}" in texts(dialog)
    write(qtbot, field(dialog, "Seeds"), "5, 8-9")
    assert "3 PNG images" in texts(dialog)
    tick(qtbot, checkbox(dialog, "Overwrite"))
    expected = SeedSelection((5, 8, 9), Point(psi=0.8, offset=(1.0, 0.0)))
    assert export(qtbot, dialog) == ExportChoice(expected, tmp_path, FileOptions(), True)
    assert not dialog.isVisible()


def test_directions_can_be_left_out(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = exporter(qtbot, tmp_path)
    tick(qtbot, checkbox(dialog, "Apply directions"))
    assert export(qtbot, dialog).selection == SeedSelection(tuple(range(64)), Point(psi=0.8))
    plain = exporter(qtbot, tmp_path, Exportable())
    assert not checkbox(plain, "Apply directions").isEnabled()


def test_consecutive_seeds(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = exporter(qtbot, tmp_path)
    QTest.mouseClick(radio(dialog, "Consecutive seeds"), LEFT)
    assert not field(dialog, "Seeds").isEnabled()
    count = dialog.findChild(QSpinBox)
    assert count is not None
    count.setFocus()
    count.selectAll()
    QTest.keyClicks(count, "3")
    selection = export(qtbot, dialog).selection
    assert isinstance(selection, SeedSelection)
    assert selection.seeds == (7, 8, 9)


def test_seeds_for_each_class(qtbot: QtBot, tmp_path: Path) -> None:
    assert not checkbox(exporter(qtbot, tmp_path), "Per class").isVisible()
    dialog = exporter(qtbot, tmp_path, Exportable(classes=("cat", "dog", "owl")))
    tick(qtbot, checkbox(dialog, "Per class"))
    assert "192 PNG images" in texts(dialog)
    selection = export(qtbot, dialog).selection
    assert isinstance(selection, SeedSelection)
    assert selection.classes == ("cat", "dog", "owl")


def test_the_selected_pictures_need_no_selection(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = exporter(qtbot, tmp_path, Exportable(pictures=5))
    assert "5 PNG images" in texts(dialog)
    assert not field(dialog, "Seeds").isEnabled()
    assert export(qtbot, dialog) == ExportChoice(None, tmp_path, FileOptions(), False)
    assert not radio(exporter(qtbot, tmp_path), "0 selected images").isVisible()


def test_what_is_on_screen_is_exported_as_it_was_made(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = exporter(qtbot, tmp_path, Exportable(SHOWN, like=LIKE))
    assert radio(dialog, "Image on screen").isChecked()
    assert export(qtbot, dialog).selection == RequestSelection(SHOWN, "image")


def pick(dialog: ExportImagesDialog, name: str, text: str) -> None:
    box = next(each for each in dialog.findChildren(QComboBox) if each.accessibleName() == name)
    box.setFocus()
    for _ in range(abs(box.findText(text) - box.currentIndex())):
        QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.currentText() == text


def test_formats_sizes_and_packings(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = exporter(qtbot, tmp_path)
    assert not field(dialog, "File name").isEnabled()
    assert not checkbox(dialog, "Smooth").isEnabled()
    pick(dialog, "Format", "JPEG")
    pick(dialog, "Size", "× 4")
    tick(qtbot, checkbox(dialog, "Smooth"))
    assert f"64 JPEG images of 256 × 256 px into {tmp_path}" in texts(dialog)
    pick(dialog, "Packing", "One zip")
    write(qtbot, field(dialog, "File name"), "a/b")
    assert "without slashes" in texts(dialog)
    write(qtbot, field(dialog, "File name"), "faces")
    choice = export(qtbot, dialog)
    assert (choice.target, choice.file_options) == (tmp_path / "faces.zip", FileOptions("jpeg", "zip", 4, True))
    sheet = exporter(qtbot, tmp_path)
    pick(sheet, "Packing", "Contact sheet")
    assert export(qtbot, sheet).target == tmp_path / "images.png"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("Seeds", "0-x", "Write seeds as 0,1,4-6."),
        ("Seeds", "", "Write seeds as 0,1,4-6."),
        ("Seeds", "9-3", "ends before it begins"),
        ("Seeds", "0-99999999", "more than 1,000,000"),
        ("Seeds", "4294967296", "Seeds go from 0 to 4294967295"),
        ("Folder", "", "The folder is missing."),
        ("Folder", "here", "The folder is a relative path."),
    ],
)
def test_what_is_wrong_is_said_and_export_waits(
    qtbot: QtBot, tmp_path: Path, name: str, text: str, reason: str
) -> None:
    dialog = exporter(qtbot, tmp_path)
    write(qtbot, field(dialog, name), text)
    assert reason in texts(dialog)
    assert not button(dialog, "Export").isEnabled()
    assert reason in button(dialog, "Export").toolTip()
    with qtbot.assertNotEmitted(dialog.accepted_request):
        QTest.keyClick(field(dialog, name), Qt.Key.Key_Return)
    assert dialog.isVisible()


@pytest.mark.usefixtures("no_native_dialogs")
def test_browse_fills_in_the_folder(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    dialog = exporter(qtbot, tmp_path)
    choose_in(qtbot, dialog, tmp_path / "mine", "Browse…")
    assert export(qtbot, dialog).target == tmp_path / "mine"


def test_escape_exports_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = exporter(qtbot, tmp_path)
    with qtbot.assertNotEmitted(dialog.accepted_request):
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_seeds_keep_their_order() -> None:
    assert parse_seeds(" 9, 3 - 4 ,0") == (9, 3, 4, 0)


# --- what a person saved ---


def note_field(dialog: QWidget) -> QLineEdit:
    return field(dialog, "Note")


def select(dialog: OpenCheckpointDialog, name: str) -> None:
    tree = dialog.findChild(QTreeWidget)
    assert tree is not None
    (item,) = tree.findItems(name, Qt.MatchFlag.MatchStartsWith)
    QTest.mouseClick(tree.viewport(), LEFT, NO_KEYS, tree.visualItemRect(item).center())


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A checkpoint where the dialog that saves it begins, in a run with one of its own."""
    run = tmp_path / "00000-flowers"
    write_checkpoint(run / "checkpoints" / "000000137.safetensors", 137)
    write_checkpoint(run / "flowers, step 109.safetensors", 109)
    return run / "flowers, step 109.safetensors"


@pytest.fixture
def served(qtbot: QtBot, opener: OpenCheckpointDialog, saved: Path) -> Iterator[OpenCheckpointDialog]:
    """The dialog with the service behind it."""
    workers = Workers(opener)
    service = CheckpointList(workers, opener)
    service.checkpoints_listed.connect(opener.show_summaries)
    workers.problem.connect(opener.show_problem)
    opener.note_changed.connect(service.note)
    opener.rename_requested.connect(service.rename)
    opener.delete_requested.connect(service.delete)
    service.list(saved.parents[1])
    qtbot.waitUntil(lambda: len(shown_rows(opener)) == 2)
    yield opener
    workers.shutdown()


def test_what_was_saved_in_the_runs_folder_is_listed_by_its_name(served: OpenCheckpointDialog) -> None:
    assert shown_rows(served) == ["00000-flowers", "flowers, step 109"]


def test_a_saved_checkpoint_is_noted_and_found_by_its_note(
    qtbot: QtBot, served: OpenCheckpointDialog, saved: Path
) -> None:
    select(served, "flowers, step 109")
    note_field(served).setFocus()
    QTest.keyClicks(note_field(served), "the best petals")
    with qtbot.assertNotEmitted(served.chosen):
        QTest.keyClick(note_field(served), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "flowers, step 109: the best petals" in shown_rows(served))
    assert (saved.parent / "flowers, step 109.safetensors.note").read_text("utf-8") == "the best petals"
    assert note_field(served).text() == "the best petals"
    QTest.keyClicks(field(served, "Filter"), "petals")
    assert len(shown_rows(served)) == 1


def test_a_saved_checkpoint_is_renamed_and_its_note_goes_with_it(
    qtbot: QtBot, served: OpenCheckpointDialog, saved: Path
) -> None:
    set_note(saved, "petals")
    select(served, "flowers, step 109")
    QTest.mouseClick(button(served, "Rename…"), LEFT)
    asked = served.findChild(QInputDialog)
    assert asked is not None
    asked.setTextValue("red v1.5")
    asked.accept()
    qtbot.waitUntil(lambda: "red v1.5: petals" in shown_rows(served))
    assert sorted(path.name for path in saved.parent.glob("*.*")) == [
        "red v1.5.safetensors",
        "red v1.5.safetensors.note",
    ]
    assert note_field(served).text() == "petals"


@pytest.mark.parametrize("name", ["", "a/b", "..", "000000109", "con", "a" * 200])
def test_a_name_that_cannot_be_is_refused(served: OpenCheckpointDialog, saved: Path, name: str) -> None:
    select(served, "flowers, step 109")
    QTest.mouseClick(button(served, "Rename…"), LEFT)
    asked = served.findChild(QInputDialog)
    assert asked is not None
    asked.setTextValue(name)
    asked.accept()
    banner = served.findChild(Banner)
    assert banner is not None
    assert banner.isVisible()
    assert saved.is_file()


def test_renaming_overwrites_nothing(saved: Path) -> None:
    other = saved.with_name("other.safetensors")
    other.write_bytes(b"somebody's")
    with pytest.raises(UserError, match="already exists"):
        rename_checkpoint(saved, "other")
    assert other.read_bytes() == b"somebody's"
    assert saved.is_file()


def test_a_saved_checkpoint_is_deleted_after_a_question(
    qtbot: QtBot, served: OpenCheckpointDialog, saved: Path
) -> None:
    set_note(saved, "petals")
    for answer in ("Cancel", "Delete"):
        assert saved.is_file()
        select(served, "flowers, step 109")
        QTest.mouseClick(button(served, "Delete…"), LEFT)
        question = served.findChild(QMessageBox)
        assert question is not None
        assert "flowers, step 109" in question.text()
        QTest.mouseClick(next(one for one in question.buttons() if one.text().strip("&") == answer), LEFT)
        qtbot.waitUntil(lambda: served.findChild(QMessageBox) is None)
    qtbot.waitUntil(lambda: shown_rows(served) == ["00000-flowers"])
    assert list(saved.parent.glob("*.*")) == []


def test_a_runs_own_checkpoint_and_the_open_one_keep_their_names(served: OpenCheckpointDialog, saved: Path) -> None:
    select(served, "00000-flowers")
    assert not button(served, "Rename…").isEnabled()
    assert not button(served, "Delete…").isEnabled()
    select(served, "flowers, step 109")
    assert button(served, "Delete…").isEnabled()
    served.set_open(saved)
    assert not button(served, "Rename…").isEnabled()
    assert not button(served, "Delete…").isEnabled()
    own = saved.parent / "checkpoints" / "000000137.safetensors"
    for refused in (lambda: rename_checkpoint(own, "other"), lambda: delete_checkpoint(own)):
        with pytest.raises(UserError, match="managed by its run"):
            refused()


def test_a_noted_checkpoint_is_not_pruned(saved: Path) -> None:
    own = saved.parent / "checkpoints"
    for step in (200, 300):
        (own / f"{step:09d}.safetensors").touch()
    set_note(own / "000000137.safetensors", "petals")
    assert prune(own, own / "000000300.safetensors", 1) == [own / "000000200.safetensors"]
    assert saved.is_file()


def test_saving_offers_the_data_and_the_step(tmp_path: Path) -> None:
    first = offered_name(tmp_path, "flowers", 109)
    assert first.name == "flowers, step 109.safetensors"
    first.touch()
    assert offered_name(tmp_path, "flowers", 109).name == "flowers, step 109 (2).safetensors"
    assert offered_name(tmp_path, "a/b: c", 1).name == "a b  c, step 1.safetensors"
