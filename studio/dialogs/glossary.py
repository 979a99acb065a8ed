"""Glossary window: a searchable list of terms and the page of the chosen one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.language import _
from core.learn.glossary import GROUPS, TERMS, Term, term
from studio.widgets.basic.labels import WrappedLabel
from studio.widgets.learn.term_view import TermView

SIZE = 720, 520
LIST_WIDTH = 240
KEY = Qt.ItemDataRole.UserRole


class GlossaryDialog(QDialog):
    """Non-modal, so that it can stay open beside the window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Glossary"))
        self._search = SearchField()
        self._nothing = WrappedLabel("", "muted")
        self._nothing.hide()
        self._list = QTreeWidget()
        self._shown = TERMS[0]
        self._groups, self._items = self._add_terms()
        self._page = QScrollArea(widgetResizable=True)
        self._page.setAccessibleName(_("Term"))
        self._search.textChanged.connect(self._filter)
        self._search.left.connect(self._list.setFocus)
        self._list.currentItemChanged.connect(self._show_current)
        self._build()
        self.resize(*SIZE)
        self._list.setCurrentItem(self._items[0][0])

    def show_term(self, key: str) -> None:
        """Shows the page of a term. Raises `KeyError` if there is none."""
        wanted = term(key)
        self._search.clear()
        self._list.setCurrentItem(next(item for item, each in self._items if each == wanted))

    def shown_term(self) -> Term:
        """Returns the term of the open page."""
        return self._shown

    def _add_terms(self) -> tuple[list[QTreeWidgetItem], list[tuple[QTreeWidgetItem, Term]]]:
        """Adds all terms below their groups; only terms can be chosen."""
        groups, items = [], []
        for title, terms in GROUPS.items():
            group = QTreeWidgetItem(self._list, [title])
            group.setFlags(Qt.ItemFlag.ItemIsEnabled)
            font = group.font(0)
            font.setBold(True)
            group.setFont(0, font)
            groups.append(group)
            for each in terms:
                item = QTreeWidgetItem(group, [each.title])
                item.setData(0, KEY, each.key)
                items.append((item, each))
        return groups, items

    def _build(self) -> None:
        self._list.setAccessibleName(_("Terms"))
        self._list.setHeaderHidden(True)
        self._list.setRootIsDecorated(False)
        self._list.setIndentation(12)
        self._list.setItemsExpandable(False)
        self._list.expandAll()
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._search)
        column.addWidget(self._nothing)
        column.addWidget(self._list, 1)
        splitter = QSplitter(childrenCollapsible=False)
        splitter.addWidget(left)
        splitter.addWidget(self._page)
        splitter.setSizes([LIST_WIDTH, SIZE[0] - LIST_WIDTH])
        splitter.setStretchFactor(1, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 12, 12, 12)
        row.addWidget(splitter)

    def _filter(self, text: str) -> None:
        """Lists the terms that contain every word, and shows the one whose title fits best."""
        words = text.casefold().split()
        for item, found in self._items:
            item.setHidden(not all(_holds(found, word) for word in words))
        for group in self._groups:
            group.setHidden(all(item.isHidden() for item, _term in self._items if item.parent() is group))
        left = [item for item, _term in self._items if not item.isHidden()]
        self._nothing.setVisible(not left)
        self._nothing.setText("" if left else _("No term contains “{text}”").format(text=text.strip()))
        if words and left:
            self._list.setCurrentItem(min(left, key=lambda item: _place(item.text(0).casefold(), words)))

    def _show_current(self, item: QTreeWidgetItem | None) -> None:
        if item is None or item.data(0, KEY) is None:  # a group, which has no page
            return
        self._shown = term(item.data(0, KEY))
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 4, 12, 12)
        column.addWidget(TermView(self._shown))
        column.addStretch()
        self._page.setWidget(page)
        self._list.scrollToItem(item)


class SearchField(QLineEdit):
    """Search field whose Down and Enter keys move to the list."""

    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, placeholderText=_("Search"), clearButtonEnabled=True)
        self.setAccessibleName(_("Search the glossary"))
        self.setToolTip(_("Search the titles and explanations"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left.emit()
        else:
            super().keyPressEvent(event)


def _holds(searched: Term, word: str) -> bool:
    """Returns whether a word is part of a term's title or starts a word of its sentence.

    Chinese has no spaces between words, so a word in other letters than Latin may stand anywhere.
    """
    sentence = searched.sentence.casefold()
    found = re.search(rf"\b{re.escape(word)}", sentence, re.ASCII) if word.isascii() else word in sentence
    return word in searched.title.casefold() or bool(found)


def _place(title: str, words: Sequence[str]) -> int:
    """Returns the rank of a title: 0 if it begins with the first word, 1 if it contains it, else more."""
    return 0 if title.startswith(words[0]) else 1 if words[0] in title else 2
