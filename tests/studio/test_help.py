"""Help buttons: the card of a term by mouse and by keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.learn.glossary import TERMS, Term, term
from studio import theme
from studio.widgets.basic.help_button import HelpButton, TermCard
from studio.widgets.basic.labels import Label
from studio.widgets.learn.term_view import FormulaLabel, PaperLabel, markup


class Opened(QObject):
    """Takes the addresses that would be opened."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.found.append(url.toString())


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    return window


@pytest.fixture
def button(window: QWidget) -> HelpButton:
    button = HelpButton("fid", window)
    button.show()
    return button


def card() -> TermCard:
    shown = QApplication.activePopupWidget()
    assert isinstance(shown, TermCard)
    return shown


def texts(widget: QWidget) -> list[str]:
    return [label.text() for label in widget.findChildren(Label)]


def names(widget: QWidget, kind: type[QLabel]) -> list[str]:
    """Returns the names of labels of a kind for a screen reader."""
    return [label.accessibleName() for label in widget.findChildren(kind)]


def test_a_screen_reader_is_told_what_the_button_explains(button: HelpButton) -> None:
    assert button.accessibleName() == button.toolTip() == "What is FID?"
    assert button.accessibleDescription() == term("fid").sentence
    assert HelpButton("precision_recall", button.window()).accessibleName() == "What are Precision and recall?"


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_a_key_opens_the_card_and_esc_closes_it(qtbot: QtBot, button: HelpButton, key: Qt.Key) -> None:
    button.setFocus()
    qtbot.keyClick(button, key)
    fid = term("fid")
    assert texts(card()) == [fid.title, fid.sentence, f"In the window: {fid.where}"]
    assert names(card(), FormulaLabel) == [fid.formula]
    assert names(card(), PaperLabel) == [fid.paper]
    qtbot.keyClick(card(), Qt.Key.Key_Escape)
    assert QApplication.activePopupWidget() is None


def test_the_card_opens_the_glossary_at_its_term(qtbot: QtBot, button: HelpButton) -> None:
    opened = Opened()
    QDesktopServices.setUrlHandler("ganstudio", opened, "take")  # type: ignore[arg-type]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    more = card().findChild(QPushButton)
    assert isinstance(more, QPushButton)
    qtbot.keyClick(more, Qt.Key.Key_Return)
    QDesktopServices.unsetUrlHandler("ganstudio")
    assert opened.found == ["ganstudio:glossary/fid"]
    assert QApplication.activePopupWidget() is None


@pytest.mark.parametrize("scheme", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_no_text_of_any_card_is_cut(window: QWidget, scheme: theme.Scheme) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    theme.apply_scheme(application, scheme)
    for each in TERMS:
        shown = TermCard(each, window)
        shown.show()
        cut = [label for label in shown.findChildren(QLabel) if label.height() < label.heightForWidth(label.width())]
        assert not cut, each.key
        shown.close()
    application.setStyleSheet("")
    application.setPalette(application.style().standardPalette())


def test_a_card_stays_on_the_screen(qtbot: QtBot, button: HelpButton) -> None:
    room = button.screen().availableGeometry()
    button.window().move(room.bottomRight())
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert room.contains(card().geometry())
    card().close()


def test_a_button_of_no_term_is_an_error() -> None:
    with pytest.raises(KeyError):
        HelpButton("fuzziness")


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("min_G D(x)", "min<sub>G</sub> D(x)"),
        ("a < e^(−s)", "a &lt; e<sup>−s</sup>"),
        ("max_{‖f‖_L ≤ 1}  f", "max<sub>‖f‖<sub>L</sub> ≤ 1</sub>&nbsp; f"),
        ("(Σ_r Σ_g)^½", "(Σ<sub>r</sub> Σ<sub>g</sub>)<sup>½</sup>"),
    ],
)
def test_indices_and_exponents_are_set(formula: str, shown: str) -> None:
    assert markup(formula) == shown


@pytest.mark.parametrize("each", TERMS, ids=lambda each: each.key)
def test_no_formula_keeps_a_sign_of_its_notation(each: Term) -> None:
    assert not set("_^{}") & set(markup(each.formula))
