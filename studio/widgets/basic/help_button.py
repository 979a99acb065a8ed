"""Help button: a small "?" that shows a term of the glossary in a card."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeyEvent
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from core.language import _
from core.learn.addresses import SCHEME
from core.learn.glossary import Term, term
from studio import theme
from studio.widgets.basic.labels import IconButton, plain_tip
from studio.widgets.basic.scale import follow_scale
from studio.widgets.learn.term_view import TermView

WIDTH = 380
SIDE = 20
MARGIN = 8
"""Pixels between a card and the edge of the screen."""


class HelpButton(IconButton):
    """Button that shows the card of a term by click, Space or Enter."""

    def __init__(self, key: str, parent: QWidget | None = None) -> None:
        """Raises `KeyError` if the glossary has no such term."""
        shown = term(key)  # an error leaves no half-built widget behind
        super().__init__("question", "", pixels=14, parent=parent)
        self._show_term(shown)
        self.setObjectName("mark")
        self.setIcon(theme.icon("question", "muted"))
        follow_scale(self, lambda: self.setFixedSize(theme.scaled(SIDE), theme.scaled(SIDE)))
        self.clicked.connect(self._show_card)

    def explain(self, key: str) -> None:
        """Sets the term to explain. Raises `KeyError` if the glossary has no such term."""
        self._show_term(term(key))

    def _show_term(self, shown: Term) -> None:
        self.term = shown
        name = question(shown)
        self.setAccessibleName(name)
        self.setAccessibleDescription(self.term.sentence)
        self.setToolTip(plain_tip(name))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def _show_card(self) -> None:
        card = TermCard(self.term, self)
        card.move(_place(card.size(), self))
        card.show()
        card.setFocus(Qt.FocusReason.PopupFocusReason)


class TermCard(QFrame):
    """Popup with title, sentence, formula and paper of a term; Esc or a click elsewhere closes it."""

    def __init__(self, shown: Term, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("popup")
        self.setAccessibleName(shown.title)
        self.setAccessibleDescription(shown.sentence)
        self._key = shown.key
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(10)
        column.addWidget(TermView(shown))
        more = QPushButton(_("Open glossary"))
        more.setToolTip(_("Show all terms, with search"))
        more.setAutoDefault(True)  # Enter presses it
        more.clicked.connect(self._open_glossary)
        column.addWidget(more, 0, Qt.AlignmentFlag.AlignLeft)
        self.setFocusProxy(more)
        width = theme.scaled(WIDTH)
        self.setFixedSize(width, column.totalHeightForWidth(width))

    def _open_glossary(self) -> None:
        self.close()
        QDesktopServices.openUrl(glossary_url(self._key))


def question(asked: Term) -> str:
    """Returns the accessible name of a help button: "What is FID?"."""
    return (_("What are {term}?") if asked.is_plural else _("What is {term}?")).format(term=asked.title)


def glossary_url(key: str) -> QUrl:
    """Returns the address of a term's page in the glossary."""
    return QUrl(f"{SCHEME}:glossary/{key}")


def _place(size: QSize, button: QWidget) -> QPoint:
    """Returns the corner of a card: below the button, or above it where there is no room, on its screen."""
    room = button.screen().availableGeometry().adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
    above = button.mapToGlobal(QPoint(0, 0))
    below = button.mapToGlobal(QPoint(0, button.height() + 2))
    card = QRect(below, size)
    if card.bottom() > room.bottom():
        card.moveBottom(above.y() - 2)
    card.moveLeft(max(room.left(), min(card.left(), room.right() - size.width())))
    card.moveTop(max(room.top(), min(card.top(), room.bottom() - size.height())))
    return card.topLeft()
