"""View of a glossary term: title, sentence, formula, paper and place in the window."""

from __future__ import annotations

import re
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from core.language import _
from core.learn.glossary import Term
from studio.widgets.basic.labels import WrappedLabel

_SCRIPTS = {"_": "sub", "^": "sup"}
_SCRIPT = re.compile(r"([_^])(?:\{([^}]*)\}|\(([^)]*)\)|(\w+))")
"""Matches an index or exponent: in braces, in parentheses, or one word."""
_BREAK = "   "
"""Separator between the parts of a formula."""


class FormulaLabel(QLabel):
    """Formula with indices and exponents, each part on its own line. Its accessible name is the plain text."""

    def __init__(self, formula: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, textFormat=Qt.TextFormat.RichText, wordWrap=True)
        self.setObjectName("formula")
        self.setAccessibleName(formula)
        self.setText("<br>".join(map(markup, formula.split(_BREAK))))


class PaperLabel(QLabel):
    """Papers as links to arXiv."""

    def __init__(self, papers: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, textFormat=Qt.TextFormat.RichText, wordWrap=True, openExternalLinks=True)
        by = Qt.TextInteractionFlag
        self.setTextInteractionFlags(by.LinksAccessibleByMouse | by.LinksAccessibleByKeyboard)
        self.setAccessibleName(papers)
        self.setText("<br>".join(map(_link, papers.split("; "))))


class TermView(QWidget):
    """View of all parts of a glossary term."""

    def __init__(self, shown: Term, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(WrappedLabel(shown.title, "title"))
        column.addWidget(WrappedLabel(shown.sentence))
        if shown.formula:
            column.addWidget(FormulaLabel(shown.formula))
        if shown.paper:
            column.addWidget(PaperLabel(shown.paper))
        column.addWidget(WrappedLabel(_("In the window: {place}").format(place=shown.where), "muted"))


def markup(formula: str) -> str:
    """Returns a formula as rich text, with indices (`_`) and exponents (`^`) lowered and raised."""
    found, end = "", 0
    for script in _SCRIPT.finditer(formula):
        inner = next(text for text in script.groups()[1:] if text is not None)
        tag = _SCRIPTS[script[1]]
        found += f"{escape(formula[end : script.start()])}<{tag}>{markup(inner)}</{tag}>"
        end = script.end()
    return (found + escape(formula[end:])).replace("  ", "&nbsp; ")


def _link(paper: str) -> str:
    number = paper.rpartition(" ")[2]
    return f'<a href="https://arxiv.org/abs/{number}">{escape(paper)}</a>'
