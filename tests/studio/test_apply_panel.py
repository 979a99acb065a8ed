"""The Apply panel: pictures before and after a translator, blended, saved, copied and exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, QRect, Qt, QUrl
from PySide6.QtGui import QContextMenuEvent, QDesktopServices, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QLabel, QMenu, QSlider
from pytestqt.qtbot import QtBot

from core.checkpoint import save
from core.imaging.provenance import KIND
from core.translation import preview
from studio import theme
from studio.application import Application
from studio.main_window import EXPLORE
from studio.model.apply import Thumbnail, Translation
from studio.model.explore import PublishedWeights, Translator
from studio.panels.apply import ApplyPanel
from studio.widgets.apply.comparison import Comparison
from studio.widgets.apply.header import ApplyHeader
from studio.widgets.apply.picture_strip import PictureStrip
from studio.widgets.basic.empty_page import EmptyPage
from tests.core.images import colored, encoded
from tests.core.translators import random_translator
from tests.core.videos import waves
from tests.studio.conftest import PATIENCE
from tests.studio.test_whole_path import button, click, drop


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of translators by task. Read only."""
    folder = tmp_path_factory.mktemp("translators")
    for task in ("denoise", "enlarge", "repair"):
        save(random_translator(task), folder / f"{task}.safetensors")
    save(random_translator("enlarge", translator="rrdb"), folder / "esrgan.safetensors")
    return folder


@pytest.fixture
def applying(qtbot: QtBot, studio: Application, checkpoints: Path) -> Application:
    """The studio with the Apply panel of a model that denoises."""
    open_translator(qtbot, studio, checkpoints / "denoise.safetensors")
    return studio


def test_a_dropped_picture_is_shown_before_and_after(qtbot: QtBot, applying: Application, tmp_path: Path) -> None:
    panel = applying.window.apply
    assert "step 0" in header(panel).text()
    made = translated(qtbot, applying, picture(tmp_path, "photo.png"))
    np.testing.assert_array_equal(made.before, np.asarray(colored(0, 60, 40)))
    assert made.after.shape == (40, 60, 3)
    assert (made.after != made.before).any()
    np.testing.assert_array_equal(view(panel).images()[0], made.after)
    assert "photo.png, divider at 50 %" in view(panel).accessibleDescription()


def test_the_divider_follows_pointer_and_keys(qtbot: QtBot, applying: Application, tmp_path: Path) -> None:
    made = translated(qtbot, applying, picture(tmp_path, "photo.png"))
    shown = view(applying.window.apply)
    tile = shown.tile_rect(0)
    QTest.mouseMove(shown, QPoint(tile.left() + tile.width() // 4, tile.center().y()))
    qtbot.waitUntil(lambda: shown.divider() < 0.45)
    picture_shown = shown.grab().toImage()
    ratio = picture_shown.devicePixelRatio()
    for x, image in ((tile.left() + tile.width() // 8, made.before), (tile.left() + 5 * tile.width() // 8, made.after)):
        column = (x - tile.left()) * 60 // tile.width()
        color = picture_shown.pixelColor(round(x * ratio), round((tile.top() + 30.5 * tile.height() / 40) * ratio))
        assert (color.red(), color.green(), color.blue()) == tuple(image[30, column])
    before = shown.divider()
    QTest.keyClick(shown, Qt.Key.Key_Right)
    assert shown.divider() == pytest.approx(before + 0.02)
    QTest.keyClick(shown, Qt.Key.Key_Home)
    assert shown.divider() == 0
    QTest.keyClick(shown, Qt.Key.Key_Plus)
    assert shown.zoom() == 1.25
    click(button_named(applying.window.apply, "Fit"))
    assert shown.zoom() == 1


def test_strength_blends_without_translating_anew(qtbot: QtBot, applying: Application, tmp_path: Path) -> None:
    panel = applying.window.apply
    made = translated(qtbot, applying, picture(tmp_path, "photo.png"))
    slider = next(each for each in panel.findChildren(QSlider) if each.accessibleName() == "Strength")
    with qtbot.assertNotEmitted(applying.session.applying.translated):
        slider.setValue(50)
        half = (made.before.astype(float) + made.after) / 2
        assert np.abs(view(panel).images()[0] - half).max() <= 1
        slider.setValue(0)
        np.testing.assert_array_equal(view(panel).images()[0], made.before)
    click(button(panel, "Copy"))
    png = bytes(QGuiApplication.clipboard().mimeData().data("image/png").data())
    assert KIND.encode() in png


def test_pictures_are_chosen_in_the_strip_and_kept(qtbot: QtBot, applying: Application, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(3):
        picture(folder, f"{index}.png", index)
    (folder / "drawing.svg").write_text("<svg/>", "utf-8")
    translated(qtbot, applying, folder)
    assert "drawing.svg" in applying.window.banner.text()
    strip = applying.window.apply.findChildren(PictureStrip)[0]
    assert [strip.item(row).text() for row in range(strip.count())] == ["0.png", "1.png", "2.png"]
    with qtbot.waitSignal(applying.session.applying.translated, timeout=PATIENCE) as first:
        QTest.keyClick(strip, Qt.Key.Key_Right)
    np.testing.assert_array_equal(first.args[0].before, np.asarray(colored(1, 60, 40)))
    with qtbot.waitSignal(applying.session.applying.translated, timeout=PATIENCE):
        QTest.keyClick(strip, Qt.Key.Key_Right)
    with qtbot.waitSignal(applying.session.applying.translated, timeout=1000) as again:
        QTest.keyClick(strip, Qt.Key.Key_Left)
    assert again.args[0] is first.args[0]
    click(button_named(applying.window.apply, "Clear"))
    assert strip.count() == 0
    assert applying.session.applying.paths == ()
    assert asks_for_pictures(applying.window.apply)


def test_all_are_saved_with_the_strength_and_nothing_is_replaced(
    qtbot: QtBot, applying: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, window, target = applying.session, applying.window, tmp_path / "results"
    target.mkdir()
    (target / "0.png").write_bytes(b"mine")
    paths = [picture(tmp_path, f"{index}.png", index) for index in range(2)]
    broken = [tmp_path / f"broken {number}.png" for number in range(3)]
    for path in broken:
        path.write_bytes(b"no image")
    made = translated(qtbot, applying, *paths, *broken)
    next(each for each in window.apply.findChildren(QSlider) if each.accessibleName() == "Strength").setValue(50)
    chosen_folder(monkeypatch, target)
    shown: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", shown.append)
    with qtbot.waitSignal(session.applying.written, timeout=PATIENCE):
        click(button(window.apply, "Save all"))
    assert (target / "0.png").read_bytes() == b"mine"
    assert {path.name for path in target.iterdir()} == {"0.png", "0-2.png", "1.png"}
    saved = np.asarray(Image.open(target / "0-2.png"))
    assert np.abs(saved.astype(int) - made.blended(0.5)).max() <= 1
    assert "Saved 2 results" in window.banner.text()
    assert "broken 0.png" in window.banner.text()
    assert window.banner.text().endswith("2 more files have problems.")
    click(button(window.banner, "Show"))
    assert [url.toLocalFile() for url in shown] == [str(target)]


def test_pictures_and_films_are_chosen_in_a_dialog(
    qtbot: QtBot, applying: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[str] = []

    def choose(_window: object, _title: str, filter: str) -> tuple[list[str], str]:
        offered.append(filter)
        return [str(picture(tmp_path, "photo.png"))], ""

    monkeypatch.setattr(QFileDialog, "getOpenFileNames", choose)
    with qtbot.waitSignal(applying.session.applying.translated, timeout=PATIENCE):
        click(button(applying.window.apply, "Open pictures…"))
    assert {"*.png", "*.jpg", "*.mp4"} <= set(offered[0].replace("(", " ").replace(")", " ").split())

    folder = tmp_path / "photos"
    folder.mkdir()
    picture(folder, "other.png", 1)
    chosen_folder(monkeypatch, folder)
    with qtbot.waitSignal(applying.session.applying.listed, timeout=PATIENCE) as listed:
        applying.window.apply.folder_requested.emit()
    assert [each.name for each in listed.args[0].pictures] == ["other.png"]


def test_saving_can_be_canceled(
    qtbot: QtBot, applying: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, target = applying.session, tmp_path / "results"
    translated(qtbot, applying, *(picture(tmp_path, f"{index}.png", index, (400, 300)) for index in range(12)))
    chosen_folder(monkeypatch, target)
    with qtbot.waitSignal(session.jobs.progressed, timeout=PATIENCE):
        click(button(applying.window.apply, "Save all"))
    with qtbot.waitSignal(session.jobs.ended, timeout=PATIENCE), qtbot.assertNotEmitted(session.applying.written):
        click(button(applying.window.jobs, "Cancel"))
    assert len(list(target.glob("*"))) < 12
    assert not list(tmp_path.rglob("*.partial"))


def test_what_cannot_be_translated_says_why_and_loses_nothing(
    qtbot: QtBot, applying: Application, checkpoints: Path, tmp_path: Path
) -> None:
    session, panel = applying.session, applying.window.apply
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    with qtbot.waitSignal(session.applying.failed, timeout=PATIENCE):
        drop_all(applying, broken, picture(tmp_path, "photo.png"))
    assert "broken.png cannot be read as an image" in view(panel).accessibleDescription()
    assert not button(panel, "Copy").isEnabled()
    strip = panel.findChildren(PictureStrip)[0]
    with qtbot.waitSignal(session.applying.translated, timeout=PATIENCE):
        QTest.keyClick(strip, Qt.Key.Key_Right)
    with qtbot.waitSignal(session.applying.failed, timeout=PATIENCE):  # the picture stays for the next model
        open_translator(qtbot, applying, checkpoints / "repair.safetensors")
    assert "nothing to repair" in view(panel).accessibleDescription()
    assert strip.count() == 2


def test_another_model_translates_the_same_pictures(
    qtbot: QtBot, applying: Application, checkpoints: Path, tmp_path: Path
) -> None:
    session, panel = applying.session, applying.window.apply
    translated(qtbot, applying, picture(tmp_path, "photo.png"))
    with qtbot.waitSignal(session.applying.translated, timeout=PATIENCE) as larger:
        open_translator(qtbot, applying, checkpoints / "enlarge.safetensors")
    assert larger.args[0].before.shape == larger.args[0].after.shape == (160, 240, 3)
    assert "Enlarge" in header(panel).text()
    panel.resize(900, 460)
    assert view(panel).height() > 150


def test_a_large_picture_is_shown_in_part_and_its_translation_is_canceled(
    qtbot: QtBot, applying: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, panel = applying.session, applying.window.apply
    monkeypatch.setattr(preview, "MOST_PIXELS", 100 * 100)
    made = translated(qtbot, applying, picture(tmp_path, "large.png", 0, (400, 100)))
    assert (made.width, made.height) == (400, 100)
    assert made.after.shape[:2] == (50, 200)
    assert "the middle is shown" in made.facts()
    monkeypatch.setattr(preview, "MOST_PIXELS", 2**24)
    with qtbot.waitSignal(session.applying.progressed, timeout=PATIENCE):
        drop_all(applying, picture(tmp_path, "larger.png", 1, (1500, 1000)))
        qtbot.waitUntil(lambda: panel.findChildren(PictureStrip)[0].count() == 2, timeout=PATIENCE)
        QTest.keyClick(panel.findChildren(PictureStrip)[0], Qt.Key.Key_Right)
    click(button(panel, "Cancel"))
    assert "Canceled" in view(panel).accessibleDescription()


def test_a_film_shows_its_first_frame(qtbot: QtBot, applying: Application, tmp_path: Path) -> None:
    import av

    path = tmp_path / "film.mp4"
    frame = waves()
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", 24)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        for number in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame(number), "rgb24")))
        container.mux(stream.encode())
    made = translated(qtbot, applying, path)
    assert made.after.shape == (24, 32, 3)
    assert "first frame" in made.facts()


def test_the_model_is_exported_for_other_programs(
    qtbot: QtBot, applying: Application, checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As weights, which is fast; the dialog offers them for networks that other programs know."""
    offered: list[str] = []

    def choose(_window: object, _title: str, _start: str, kinds: str) -> tuple[str, str]:
        offered.append(kinds)
        return str(tmp_path / "model"), kinds.rsplit(";;", maxsplit=1)[-1]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    open_translator(qtbot, applying, checkpoints / "esrgan.safetensors")
    with qtbot.waitSignal(applying.session.jobs.saved, timeout=PATIENCE):
        click(button(applying.window.apply, "Export model"))
    assert "*.onnx" in offered[0]
    assert (tmp_path / "model.safetensors").stat().st_size > 1000
    assert "model.safetensors" in applying.window.banner.text()


def test_weights_of_a_running_training_are_applied(qtbot: QtBot, applying: Application, tmp_path: Path) -> None:
    session, panel = applying.session, applying.window.apply
    before = translated(qtbot, applying, picture(tmp_path, "photo.png"))
    checkpoint = random_translator("denoise")
    weights = {name: value + 0.01 for name, value in checkpoint.part("G_ema").items()}
    meta = checkpoint.meta.model_copy(update={"step": 1234})
    with qtbot.waitSignal(session.applying.translated, timeout=PATIENCE) as newer:
        session.explore.load(PublishedWeights(meta, weights, None, "cpu"))
    assert (newer.args[0].after != before.after).any()
    np.testing.assert_array_equal(newer.args[0].before, before.before)
    assert "step 1,234" in header(panel).text()


def test_the_head_names_the_task_once(qtbot: QtBot, checkpoints: Path) -> None:
    shown = ApplyHeader()
    qtbot.addWidget(shown)
    settings = random_translator("denoise").meta.settings
    for title in ("flowers: Denoise", "denoise", "a name of its own"):
        shown.show_translator(Translator(None, None, 7, settings, "flowers", title))
        assert shown.text().startswith(title)
        assert shown.text().count("Denoise") == 1
        assert "step 7" in shown.text()


def test_a_picture_is_removed_from_the_strip_and_not_saved(
    qtbot: QtBot, applying: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, panel, folder = applying.session, applying.window.apply, tmp_path / "photos"
    folder.mkdir()
    for index in range(3):
        picture(folder, f"{index}.png", index)
    alone = picture(tmp_path, "alone.png", 3)
    translated(qtbot, applying, folder, alone, folder / "1.png")
    strip = panel.findChildren(PictureStrip)[0]
    with qtbot.waitSignal(session.applying.translated, timeout=PATIENCE) as following:
        QTest.keyClick(strip, Qt.Key.Key_Delete)
    np.testing.assert_array_equal(following.args[0].before, np.asarray(colored(1, 60, 40)))
    context_menu(strip, strip.visualItemRect(strip.item(2)).center()).actions()[0].trigger()
    assert [strip.item(row).text() for row in range(strip.count())] == ["1.png", "2.png"]
    chosen_folder(monkeypatch, tmp_path / "results")
    with qtbot.waitSignal(session.applying.written, timeout=PATIENCE):
        click(button(panel, "Save all"))
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"1.png", "2.png"}
    with qtbot.waitSignal(session.applying.listed, timeout=PATIENCE):
        drop_all(applying, folder)
    assert [strip.item(row).text() for row in range(strip.count())] == ["1.png", "2.png", "0.png"]
    for _ in range(3):
        QTest.keyClick(strip, Qt.Key.Key_Backspace)
    assert asks_for_pictures(panel)
    assert session.applying.paths == ()
    assert alone.exists()


def test_the_current_picture_is_marked_and_not_tinted(qtbot: QtBot, applying: Application, tmp_path: Path) -> None:
    red = tmp_path / "red.png"
    red.write_bytes(encoded(Image.new("RGB", (60, 40), "#ff0000"), "PNG"))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    strip = applying.window.apply.findChildren(PictureStrip)[0]
    thumbnails: list[Thumbnail] = []
    applying.session.applying.thumbnail_made.connect(thumbnails.append)
    translated(qtbot, applying, red, broken)
    qtbot.waitUntil(lambda: len(thumbnails) == 2, timeout=PATIENCE)
    red_cell, broken_cell = (strip.visualItemRect(strip.item(row)) for row in range(2))
    assert red_cell.width() == broken_cell.width()
    assert colors(strip, red_cell) >= {"#ff0000", theme.current().accent}
    strip.setCurrentRow(1)
    assert colors(strip, broken_cell) >= {theme.current().on_accent, theme.current().accent}


def test_nothing_of_explore_is_undone_while_it_is_hidden(applying: Application) -> None:
    window, menus = applying.window, applying.controllers.menus
    window.explore.undo_changed.emit(True, True)
    assert not any(action.isEnabled() for action in (menus.undo, menus.redo, menus.pin))
    assert menus.copy.isEnabled()
    window.set_translates(False)
    window.explore.undo_changed.emit(True, True)
    assert all(action.isEnabled() for action in (menus.undo, menus.redo, menus.pin))


def test_the_workspace_is_named_after_what_the_model_does(applying: Application) -> None:
    actions = [action for menu in applying.window.menuBar().findChildren(QMenu) for action in menu.actions()]
    apply = next(action for action in actions if action.text() == "Apply")
    assert apply.toolTip() == "Apply (Ctrl+3)"
    applying.window.set_translates(False)
    assert (apply.text(), apply.toolTip()) == ("Explore", "Explore (Ctrl+3)")


def test_a_checkpoint_dropped_on_the_panel_is_opened(qtbot: QtBot, applying: Application, checkpoints: Path) -> None:
    with qtbot.waitSignal(applying.session.explore.translator_found, timeout=PATIENCE):
        drop(applying, checkpoints / "enlarge.safetensors")
    assert "Enlarge" in header(applying.window.apply).text()


def open_translator(qtbot: QtBot, studio: Application, path: Path) -> None:
    with qtbot.waitSignal(studio.session.explore.translator_found, timeout=PATIENCE):
        studio.open(str(path))
    studio.window.show_workspace(EXPLORE)


def translated(qtbot: QtBot, studio: Application, *paths: Path) -> Translation:
    """Drops pictures and returns the translation of the first."""
    with qtbot.waitSignal(studio.session.applying.translated, timeout=PATIENCE) as made:
        drop_all(studio, *paths)
    assert isinstance(made.args[0], Translation)
    return made.args[0]


def drop_all(studio: Application, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(studio.window, QDragEnterEvent(QPoint(200, 200), copy, data, left, none))
    QApplication.sendEvent(studio.window, QDropEvent(QPointF(200, 200), copy, data, left, none))


def picture(folder: Path, name: str, seed: int = 0, size: tuple[int, int] = (60, 40)) -> Path:
    path = folder / name
    path.write_bytes(encoded(colored(seed, *size), "PNG"))
    return path


def context_menu(strip: PictureStrip, place: QPoint) -> QMenu:
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, strip.viewport().mapToGlobal(place))
    QApplication.sendEvent(strip.viewport(), event)
    return next(menu for menu in strip.findChildren(QMenu) if menu.isVisible())


def colors(strip: PictureStrip, area: QRect) -> set[str]:
    shown = strip.viewport().grab(area).toImage()
    return {shown.pixelColor(x, y).name() for x in range(shown.width()) for y in range(shown.height())}


def chosen_folder(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The person accepts a folder as soon as a dialog asks for one."""

    def accept(dialog: QFileDialog) -> None:
        dialog.fileSelected.emit(str(folder))
        dialog.reject()

    monkeypatch.setattr(QFileDialog, "open", accept)


def view(panel: ApplyPanel) -> Comparison:
    return panel.findChildren(Comparison)[0]


def asks_for_pictures(panel: ApplyPanel) -> bool:
    labels = [label for page in panel.findChildren(EmptyPage) for label in page.findChildren(QLabel)]
    return any(label.isVisible() and label.text().startswith("Drop pictures") for label in labels)


def header(panel: ApplyPanel) -> ApplyHeader:
    return panel.findChildren(ApplyHeader)[0]


def button_named(panel: ApplyPanel, name: str) -> QAbstractButton:
    return next(each for each in panel.findChildren(QAbstractButton) if each.accessibleName() == name)
