"""Banner: a message strip at the top of the window that never blocks the user."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QEnterEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QToolButton, QVBoxLayout, QWidget

from core.language import _
from studio.widgets.basic.labels import Glyph, IconButton, Label
from studio.widgets.basic.scale import scale_length

MessageKind = Literal["error", "notice", "good"]

Offer = tuple[str, Callable[[], object]]
"""Label and handler of an action."""
MOST_OFFERS = 2
PATIENCE_MS = 12_000
LINE = 28  # as high as the buttons, so that a single line is aligned with them

_GLYPHS: dict[MessageKind, tuple[str, str]] = {
    "error": ("warning-circle", "error"),
    "notice": ("info", "accent"),
    "good": ("check-circle", "good"),
}


class Banner(QFrame):
    """Message strip, hidden while empty. A `UserError` shows its sentence, its remedy, and its details on demand."""

    closed = Signal()

    def __init__(self, passes: bool = False, parent: QWidget | None = None) -> None:
        """`passes`: a message without an action disappears after a while, unless the pointer rests on it."""
        super().__init__(parent)
        self._passes = passes
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self.dismiss)
        self.setObjectName("banner")
        self._glyph = Glyph("info", 20)
        beside = QVBoxLayout()
        beside.setContentsMargins(0, 4, 0, 0)
        beside.addWidget(self._glyph)
        beside.addStretch()
        self._text = Label()
        self._text.setMinimumHeight(LINE)
        self._text.setWordWrap(True)
        # Plain text: a file name may look like markup. The remedy has its own line.
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._offers = [QToolButton() for _index in range(MOST_OFFERS)]
        self._do: list[Callable[[], object]] = []
        for index, button in enumerate(self._offers):
            button.clicked.connect(partial(self._take_offer, index))
        self._toggle = QToolButton()
        self._toggle.setText(_("Details"))
        self._toggle.setCheckable(True)
        self._toggle.toggled.connect(self._show_details)
        close = IconButton("x", _("Close the message"), _("Close"), 16)
        close.clicked.connect(self.dismiss)
        self._close = close
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        scale_length(self._details, self._details.setFixedHeight, 120)
        self._details.setAccessibleName(_("Details"))
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addLayout(beside)
        top.addWidget(self._text, 1)
        for button in self._offers:
            top.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self._toggle, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.addLayout(top)
        layout.addWidget(self._details)
        self.hide()

    def show_problem(self, what: str, remedy: str, details: str = "", offers: Sequence[Offer] = ()) -> None:
        """Shows an error and its remedy; `offers`: at most `MOST_OFFERS` actions that fix it."""
        self._show("error", f"{what}\n{remedy}".strip(), details)
        self._offer(offers)

    def show_notice(self, text: str) -> None:
        """Shows a notice; nothing has stopped."""
        self._show("notice", text, "")

    def show_offer(self, text: str, action: str, do: Callable[[], object], kind: MessageKind = "notice") -> None:
        """Shows a notice with a button for `action`, which calls `do`, such as undo."""
        self.show_offers(text, [(action, do)], kind)

    def show_offers(self, text: str, offers: Sequence[Offer], kind: MessageKind = "notice") -> None:
        """Shows a notice with a button for each of at most `MOST_OFFERS` actions."""
        self._show(kind, text, "")
        self._offer(offers)

    def show_good(self, text: str) -> None:
        """Shows a success message."""
        self._show("good", text, "")

    def dismiss(self) -> None:
        """Hides the message."""
        self._patience.stop()
        if not self.isHidden():
            self.hide()
            self.closed.emit()

    def kind(self) -> str:
        """Returns "error", "notice" or "good"."""
        return str(self.property("kind"))

    def text(self) -> str:
        """Returns the visible message."""
        return self._text.text()

    def details(self) -> str:
        """Returns the text behind the Details button."""
        return self._details.toPlainText()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._patience.stop()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._wait()

    def _wait(self) -> None:
        """Hides the message after a while if it asks for no action."""
        if self._passes and self.kind() != "error" and self._offers[0].isHidden():
            self._patience.start()
        else:
            self._patience.stop()

    def _offer(self, offers: Sequence[Offer]) -> None:
        self._patience.stop()
        self._do = [do for _action, do in offers]
        for button, (action, _do) in zip(self._offers, offers, strict=False):
            button.setText(action)
            button.show()

    def _take_offer(self, index: int) -> None:
        do = self._do[index]
        self.dismiss()
        do()

    def _show(self, kind: MessageKind, text: str, details: str) -> None:
        self._glyph.set_glyph(*_GLYPHS[kind])
        self._text.setText(text)
        for button in self._offers:
            button.hide()
        self._toggle.setChecked(False)
        self._toggle.setVisible(bool(details))
        self._details.setPlainText(details)
        self._details.hide()
        self.setProperty("kind", kind)
        self.style().unpolish(self)  # a style sheet reads a property only when polished again
        self.style().polish(self)
        self.setAccessibleName(text)
        self.show()
        self._wait()
        # Announced to screen readers, as the focus stays where it was.
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def _show_details(self, shown: bool) -> None:
        self._details.setVisible(shown)
        self._toggle.setText(_("Hide details") if shown else _("Details"))
