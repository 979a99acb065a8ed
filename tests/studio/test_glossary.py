"""The glossary window: search, keyboard, addresses, and the places in the window that it names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QGroupBox, QLabel, QTabBar, QTreeWidget, QTreeWidgetItemIterator, QWidget
from pytestqt.qtbot import QtBot

from core.learn.glossary import TERMS
from core.registry import components
from studio.application import Application
from studio.dialogs.glossary import GlossaryDialog, SearchField
from studio.widgets.basic.help_button import HelpButton
from studio.widgets.learn.term_view import TermView
from studio.widgets.plots.subjects import subjects


@pytest.fixture
def dialog(qtbot: QtBot) -> GlossaryDialog:
    dialog = GlossaryDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def part(dialog: QWidget, kind: type[QWidget]) -> QWidget:
    (found,) = dialog.findChildren(kind)
    return found


def listed(dialog: GlossaryDialog) -> list[str]:
    (terms,) = dialog.findChildren(QTreeWidget)
    every = QTreeWidgetItemIterator(terms, QTreeWidgetItemIterator.IteratorFlag.NotHidden)
    found = []
    while item := every.value():
        group = item.parent()
        if group and not group.isHidden():
            found.append(item.text(0))
        every += 1
    return found


def shown(dialog: GlossaryDialog) -> str:
    return dialog.shown_term().key


def glossaries(studio: Application) -> list[GlossaryDialog]:
    return [each for each in studio.window.findChildren(GlossaryDialog) if each.isVisible()]


def test_every_term_is_listed_and_has_its_page(dialog: GlossaryDialog) -> None:
    assert listed(dialog) == [each.title for each in TERMS]
    for each in TERMS:
        dialog.show_term(each.key)
        assert shown(dialog) == each.key
        assert part(dialog, TermView).isVisible()


def test_a_search_leaves_what_holds_its_words_and_shows_the_nearest(qtbot: QtBot, dialog: GlossaryDialog) -> None:
    search = part(dialog, SearchField)
    qtbot.keyClicks(search, "fid")
    assert shown(dialog) == "fid"
    assert "KID" in listed(dialog)  # its text names FID
    assert "Adam" not in listed(dialog)
    qtbot.keyClicks(search, " d nonsense")
    assert not listed(dialog)
    assert shown(dialog) == "fid"  # the page stays
    search.clear()  # type: ignore[attr-defined]
    assert len(listed(dialog)) == len(TERMS)


@pytest.mark.parametrize(("words", "found"), [("潜向量", 1), ("gan", 1), ("an", 0), ("随机 潜", 0)])
def test_a_language_without_spaces_is_searched(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, words: str, found: int
) -> None:
    term = replace(TERMS[0], title="生成器", sentence="训练GAN时，网络把潜向量变成图像。")
    monkeypatch.setattr("studio.dialogs.glossary.GROUPS", {"网络": (term,)})
    dialog = GlossaryDialog()
    qtbot.addWidget(dialog)
    part(dialog, SearchField).setText(words)  # type: ignore[attr-defined]
    assert len(listed(dialog)) == found


def test_the_keyboard_alone_leads_from_the_search_through_the_list(qtbot: QtBot, dialog: GlossaryDialog) -> None:
    search, terms = part(dialog, SearchField), part(dialog, QTreeWidget)
    dialog.activateWindow()
    search.setFocus()
    qtbot.keyClicks(search, "collapse")
    qtbot.keyClick(search, Qt.Key.Key_Down)
    assert terms.hasFocus()
    first = shown(dialog)
    qtbot.keyClick(terms, Qt.Key.Key_Home)
    qtbot.keyClick(terms, Qt.Key.Key_Down)
    assert shown(dialog) != first
    qtbot.keyClick(terms, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_the_menu_and_an_address_open_one_window(qtbot: QtBot, studio: Application) -> None:
    studio.controllers.menus.glossary.trigger()
    QDesktopServices.openUrl(QUrl("ganstudio:glossary/kid"))
    (dialog,) = glossaries(studio)
    assert shown(dialog) == "kid"
    assert not dialog.isModal()
    QDesktopServices.openUrl(QUrl("ganstudio:glossary/no-such-term"))
    assert shown(dialog) == "kid"


def test_the_glossary_stays_usable_above_a_modal_dialog(studio: Application) -> None:
    studio.controllers.menus.glossary.trigger()
    modal = QDialog(studio.window)
    modal.open()
    QDesktopServices.openUrl(QUrl("ganstudio:glossary/directions"))
    (glossary,) = modal.findChildren(GlossaryDialog)
    assert glossary.isVisible()
    assert shown(glossary) == "directions"
    modal.close()


def test_the_glossary_closes_with_the_window(qtbot: QtBot, studio: Application) -> None:
    studio.controllers.menus.glossary.trigger()
    assert glossaries(studio)
    studio.window.close()
    qtbot.waitUntil(lambda: not studio.window.isVisible())
    assert not glossaries(studio)


# -- the places that the terms name ----------------------------------------------------------------------------------

PLOTTED = (
    "Loss/D/loss",
    "Loss/scores/real",
    "Score/real",
    "Signal/D/accuracy_real",
    "Signal/G/gradient",
    "Signal/G/update",
    "Signal/diversity",
    "Signal/gap",
)
"""Numbers of a run, one of each family that a term may point to."""


def texts_of(panel: QWidget) -> set[str]:
    """Titles, names and labels of what is on a workspace, on screen or not."""
    tabs = {bar.tabText(index) for bar in panel.findChildren(QTabBar) for index in range(bar.count())}
    labels = {label.text() for label in panel.findChildren(QLabel)}
    return tabs | labels | {each.accessibleName() for each in panel.findChildren(QWidget)}


def test_every_term_names_a_place_that_exists(studio: Application) -> None:
    window, menus = studio.window, studio.controllers.menus
    window.complete()
    numbers = [name for metric in components("evaluation.metrics").values() for name in metric.facts["NUMBERS"]]
    metrics = [f"Metrics/{name}@vgg16:10:10:all" for name in numbers]
    places = {
        "Settings": texts_of(window.train.settings)
        | {box.title() for box in window.train.settings.findChildren(QGroupBox)},
        "Train": {subject.title.partition(": ")[0] for subject in subjects([*PLOTTED, *metrics]).values()},
        "Explore": texts_of(window.explore),
        "File": {action.text().rstrip("…") for action in menus.dialogs.values()},
    }
    missing = []
    for each in TERMS:
        place, _, name = each.where.partition(" > ")
        if name not in places.get(place, ()):
            missing.append(f"{each.key}: {each.where}")
    assert not missing


def test_every_help_button_of_the_window_explains_a_term_and_can_be_reached(studio: Application) -> None:
    studio.window.complete()
    buttons = studio.window.findChildren(HelpButton)
    assert len(buttons) >= 20
    assert {each.term for each in buttons} <= set(TERMS)
    assert not [each for each in buttons if not each.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert not [each for each in buttons if not (each.accessibleName() and each.toolTip())]
