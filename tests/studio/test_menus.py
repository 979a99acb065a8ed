"""The menus: an entry of the File menu for each module, in order, the shortcuts that people know, looks and help."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, QPoint, QTranslator
from PySide6.QtGui import QAction, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QDialogButtonBox,
    QLineEdit,
    QMenu,
    QPushButton,
    QSpinBox,
    QTreeWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.language import VARIABLE, choice, in_language, languages
from studio import theme, window_state
from studio.application import Application
from studio.controllers.dialogs.context import entries
from studio.controllers.shell.help import TAIL, tail
from studio.dialogs.help.about import AboutDialog
from studio.dialogs.help.keys import KeysDialog, keys_of
from studio.dialogs.help.log import LogDialog
from studio.main_window import DATA, EXPLORE, HOME, TRAIN
from studio.qt_translations import has_signs, install
from studio.widgets.basic.labels import IconButton
from studio.widgets.explore.pin_strip import PinStrip
from studio.widgets.settings.row_label import RowLabel
from tests.core.tiny import save_pictures
from tests.studio.conftest import PATIENCE

SHORTCUTS = {
    "Glossary": "F1",
    "Open folder…": "Ctrl+O",
    "Open checkpoint…": "Ctrl+Shift+O",
    "Open run…": "Ctrl+Shift+R",
    "Save checkpoint…": "Ctrl+S",
    "Export images…": "Ctrl+E",
    "Quit": "Ctrl+Q",
    "Undo": "Ctrl+Z",
    "Redo": "Ctrl+Shift+Z",
    "Copy": "Ctrl+C",
    "Start or continue": "Ctrl+Return",
    "Pause or resume": "Ctrl+P",
    "Add to queue": "Ctrl+Shift+Return",
    "Measure now": "Ctrl+M",
    "Settings": "Ctrl+,",
    "Home": "Ctrl+0",
    "Data": "Ctrl+1",
    "Train": "Ctrl+2",
    "Explore": "Ctrl+3",
    "Queue": "Ctrl+4",
    "Full screen": "F11",
    "Keys": "Ctrl+/",
}
FILE = [
    ["Open folder…", "Open file…", "Open checkpoint…", "Open run…", "Compare runs…", "Recent"],
    ["Download a dataset…", "Prepared datasets…"],
    [
        "Save checkpoint…",
        "Export images…",
        "Export video…",
        "Export time-lapse…",
        "Save report…",
        "Export generator…",
        "Report privacy…",
    ],
    ["Quit"],
]


def sections(menu: QMenu) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for action in menu.actions():
        if action.isSeparator():
            found.append([])
        else:
            found[-1].append(action.text())
    return found


def test_the_file_menu_has_an_entry_for_each_module_of_a_dialog(studio: Application) -> None:
    menu = next(menu for menu in studio.window.menuBar().findChildren(QMenu) if menu.title() == "&File")
    assert sections(menu) == FILE
    assert [entry.title for entry in entries()] == [
        title for section in FILE[:-1] for title in section if title != "Recent"
    ]


def test_every_shortcut_is_where_it_was(studio: Application) -> None:
    actions = [action for action in studio.window.findChildren(QAction) if not action.shortcut().isEmpty()]
    assert {action.text(): action.shortcut().toString() for action in actions} == SHORTCUTS


# -- recent things ----------------------------------------------------------------------------------------------------


def test_what_was_opened_can_be_opened_again(qtbot: QtBot, studio: Application, trained: Path, tmp_path: Path) -> None:
    images = save_pictures(tmp_path / "A & B")
    for source in (images, trained):
        studio.open(str(source))
        qtbot.waitUntil(lambda: not studio.session.reading, timeout=PATIENCE)
    recent = studio.controllers.menus.recent
    recent.aboutToShow.emit()
    listed = [action for action in recent.actions() if not action.isSeparator()]
    assert [action.text() for action in listed] == ["run", "A && B", "Clear list"]
    assert listed[0].toolTip() == str(trained)
    assert studio.window.pages.currentIndex() == TRAIN
    listed[1].trigger()
    assert studio.session.reading == str(images)
    qtbot.waitUntil(lambda: not studio.session.reading, timeout=PATIENCE)
    assert studio.window.pages.currentIndex() == DATA
    studio.controllers.menus.forget.trigger()
    recent.aboutToShow.emit()
    assert [action.text() for action in recent.actions() if not action.isSeparator()] == ["Clear list"]


# -- looks ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def app() -> Iterator[QApplication]:
    """The application, which looks as before when the test is over."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    font, sheet, palette, style = app.font(), app.styleSheet(), app.palette(), app.style().objectName()
    yield app
    app.setStyle(style)
    app.setFont(font)
    app.setStyleSheet(sheet)
    app.setPalette(palette)
    if hasattr(hints := QGuiApplication.styleHints(), "unsetColorScheme"):
        hints.unsetColorScheme()


def test_a_theme_is_put_on_at_once_and_kept(app: QApplication, studio: Application) -> None:
    themes = studio.controllers.menus.themes
    assert themes["system"].isChecked()
    for name in ("dark", "light"):
        themes[name].trigger()
        assert theme.current().name == name
        assert window_state.theme() == name
        assert studio.window.palette().color(QPalette.ColorRole.Window).name() == theme.current().window


def test_a_language_is_kept_for_the_next_start_and_its_notice_is_in_that_language(
    studio: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("LANGUAGE", "en")
    view = next(menu for menu in studio.window.menuBar().findChildren(QMenu) if menu.title() == "&View")
    menu = next(entry.menu() for entry in view.actions() if entry.text() == "Language")
    assert isinstance(menu, QMenu)
    listed = {entry.text(): entry for entry in menu.actions()}
    assert [*listed] == ["System", *languages().values()]
    assert [text for text, entry in listed.items() if entry.isChecked()] == ["System"]
    listed["简体中文"].trigger()
    assert (choice.stored(), choice.choose()) == ("zh_CN", "zh_CN")
    text = "The language changes when GAN Studio is opened the next time."
    assert studio.window.banner.text() == in_language("zh_CN", text)
    listed["System"].trigger()
    assert (choice.stored(), choice.choose()) == ("", "en")
    assert studio.window.banner.text() == "The language stays English."


def test_a_language_that_cannot_be_stored_is_not_chosen(studio: Application, user_folders: Path) -> None:
    (user_folders / "config").mkdir(exist_ok=True)
    (user_folders / "config" / "gan-studio").write_text("a file where the folder belongs")
    actions = studio.controllers.menus.languages
    actions["zh_CN"].trigger()
    assert (studio.window.banner.kind(), actions[""].isChecked()) == ("error", True)
    assert "was not stored" in studio.window.banner.text()


def test_a_language_without_a_font_names_the_package(studio: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFontDatabase, "families", lambda *_: [])
    assert has_signs("en")
    assert not has_signs("zh_CN")
    monkeypatch.setattr("studio.qt_translations.has_signs", lambda: False)
    studio.controllers.language.check_signs()
    assert "fonts-noto-cjk" in studio.window.banner.text()


def test_the_buttons_of_qt_are_in_the_language(app: QApplication) -> None:
    before = QLocale()
    install(app, "zh_CN")
    translators = app.findChildren(QTranslator)
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    try:
        assert box.buttons()[0].text().startswith("取消")
        assert QLocale().language() is QLocale.Language.Chinese
    finally:
        QLocale.setDefault(before)
        for translator in translators:
            app.removeTranslator(translator)


def test_letters_and_icons_grow_at_once_and_start_stays_on_screen(
    qtbot: QtBot, app: QApplication, studio: Application
) -> None:
    window = studio.window
    window.complete()
    window.resize(1280, 720)
    label = next(each for each in window.train.findChildren(RowLabel) if each.title.text() == "Network")
    before = label.title.width()
    close = next(each for each in window.findChildren(IconButton) if each.iconSize().width() == 18)
    studio.controllers.menus.scales[200].trigger()
    qtbot.wait(1)
    assert window_state.scale() == 200
    assert app.font().pixelSize() == window.font().pixelSize() == 2 * theme.BASE_PIXELS
    assert close.iconSize().width() == 36
    assert label.title.width() == pytest.approx(2 * before, abs=1)
    assert window.size().width() == 1280
    for button in filter(QPushButton.isVisible, window.footer.findChildren(QPushButton)):
        corner = button.mapTo(window, QPoint(button.width(), button.height()))
        assert (corner.x() <= window.width(), corner.y() <= window.height()) == (True, True)


def test_a_focused_button_is_as_large_as_another_at_every_scale(app: QApplication, qtbot: QtBot) -> None:
    theme.apply(app)
    for percent in window_state.SCALES:
        theme.set_scale(app, percent / 100)
        sheet = app.styleSheet()
        assert "-1px" not in sheet.replace("margin: -1px", "")
        for kind in (QPushButton, QLineEdit):
            rule, focused = padding(sheet, kind.__name__, ""), padding(sheet, kind.__name__, ":focus")
            assert [side - 1 for side in rule] == focused


def padding(sheet: str, kind: str, state: str) -> list[int]:
    """The padding that the style sheet gives a kind of widget."""
    rules = (rule.partition("{") for rule in sheet.split("}"))
    found = [body for names, _, body in rules if f"{kind}{state}" in names.strip().split(", ") and "padding:" in body]
    return [int(side.strip("px")) for side in found[0].partition("padding:")[2].partition(";")[0].split()]


def test_panels_are_shown_and_hidden_from_the_view_menu(qtbot: QtBot, studio: Application, trained: Path) -> None:
    studio.open(str(trained))
    qtbot.waitUntil(lambda: studio.window.explore.home() is not None, timeout=PATIENCE)
    window, actions = studio.window, studio.controllers.menus.panels.actions()
    pins = window.explore.findChildren(PinStrip)[0]
    parts: dict[str, tuple[int, QWidget]] = {
        "Settings": (TRAIN, window.train.settings),
        "Plots": (TRAIN, window.train.plots),
        "Pins": (EXPLORE, pins),
    }
    for name, (workspace, part) in parts.items():
        window.show_workspace(workspace)
        action = next(each for each in actions if each.text() == name)
        for shown in (True, False, True):
            assert (action.isChecked(), part.isVisible()) == (shown, shown), name
            action.trigger()
        action.trigger()


# -- editing ----------------------------------------------------------------------------------------------------------


def test_undo_and_redo_are_those_of_the_workspace_on_screen(qtbot: QtBot, studio: Application) -> None:
    menus, form = studio.controllers.menus, studio.window.train.form
    studio.window.show_workspace(TRAIN)
    assert not menus.undo.isEnabled()
    batch = form.widget("batch")
    assert isinstance(batch, QSpinBox)
    before = batch.value()
    batch.setValue(before + 1)
    assert menus.undo.isEnabled()
    studio.window.show_workspace(HOME)
    assert not menus.undo.isEnabled()
    assert not menus.copy.isEnabled()
    studio.window.show_workspace(TRAIN)
    menus.undo.trigger()
    assert batch.value() == before
    assert menus.redo.isEnabled()
    menus.redo.trigger()
    assert batch.value() == before + 1
    menus.copy.trigger()
    assert "Nothing to copy" in studio.window.banner.text()


# -- the title bar ----------------------------------------------------------------------------------------------------


def test_the_title_names_the_run_and_its_step(qtbot: QtBot, studio: Application, trained: Path, tmp_path: Path) -> None:
    assert studio.window.windowTitle() == "GAN Studio"
    images = save_pictures(tmp_path / "flowers")
    studio.open(str(images))
    qtbot.waitUntil(lambda: studio.window.windowTitle() == "flowers (GAN Studio)", timeout=PATIENCE)
    studio.open(str(trained))
    qtbot.waitUntil(lambda: studio.window.windowTitle().startswith("noise"), timeout=PATIENCE)
    studio.session.set_resume(trained / "checkpoints" / "000000006.safetensors")
    assert studio.window.windowTitle() == "noise · step 6 (GAN Studio)"


# -- help -------------------------------------------------------------------------------------------------------------


def test_every_shortcut_is_listed_under_keys(studio: Application) -> None:
    studio.controllers.menus.keys.trigger()
    dialog = studio.window.findChild(KeysDialog)
    assert isinstance(dialog, KeysDialog)
    table = dialog.findChild(QTreeWidget)
    assert isinstance(table, QTreeWidget)
    items = [table.topLevelItem(row) for row in range(table.topLevelItemCount())]
    assert {text.rstrip("…") for text in SHORTCUTS} <= {item.text(0) for item in items if item}
    search = dialog.findChild(QLineEdit)
    assert isinstance(search, QLineEdit)
    search.setText("redo")
    assert [item.text(2) for item in items if item and not item.isHidden()] == ["Ctrl+Shift+Z, Ctrl+Y"]
    dialog.close()


def test_titles_under_keys_have_no_marks(app: QApplication) -> None:
    menu = QMenu("文件(&F)")
    menu.addAction("打开(&O)…").setShortcut("Ctrl+O")
    menu.addAction("&Save").setShortcut("Ctrl+S")
    found = [(key.place, key.action) for key in keys_of(menu.title(), menu.actions())]
    assert found == [("文件", "打开"), ("文件", "Save")]


def test_the_log_of_the_run_is_shown(qtbot: QtBot, studio: Application, trained: Path, tmp_path: Path) -> None:
    studio.controllers.menus.log.trigger()
    dialog = studio.window.findChild(LogDialog)
    assert isinstance(dialog, LogDialog)
    assert dialog.text() == ""
    dialog.close()
    studio.open(str(trained))
    qtbot.waitUntil(lambda: studio.session.training.run_folder == trained, timeout=PATIENCE)
    studio.controllers.menus.log.trigger()
    shown = next(each for each in studio.window.findChildren(LogDialog) if each.isVisible())
    qtbot.waitUntil(lambda: "begins at step 0" in shown.text(), timeout=PATIENCE)
    shown.close()
    long = tmp_path / "log.txt"
    long.write_text("".join(f"line {number}\n" for number in range(20_000)))
    assert tail(long).splitlines()[-1] == "line 19999"
    assert len(tail(long)) < TAIL
    assert tail(tmp_path / "missing") == ""


def test_about_says_versions_and_license(studio: Application) -> None:
    studio.controllers.menus.about.trigger()
    dialog = studio.window.findChild(AboutDialog)
    assert isinstance(dialog, AboutDialog)
    next(each for each in dialog.findChildren(QPushButton) if each.text() == "Copy").click()
    copied = QGuiApplication.clipboard().text()
    assert "GAN Studio" in copied
    assert "PyTorch" in copied
    dialog.close()
