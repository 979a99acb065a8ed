"""Labels, icons, headings and buttons; labels and combo boxes that elide text that does not fit."""

from __future__ import annotations

from html import escape
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPaintEvent, QPalette
from PySide6.QtGui import Qt as RichText
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)

from studio import theme
from studio.widgets.basic.scale import follow_scale, scale_icon

DOTS = Qt.TextElideMode.ElideRight
WIDEST_WORD = 160
"""Largest width in pixels that a word of a wrapped label may require."""
BESIDE_ICON = 8
"""Pixels that styles leave between an icon and its text, and a margin."""


class Label(QLabel):
    """Label that shows plain text, even if it looks like markup."""

    def __init__(self, *arguments: Any, **properties: Any) -> None:
        super().__init__(*arguments, **properties)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        # A long path without a break would otherwise widen its container.
        return hint.boundedTo(QSize(WIDEST_WORD, hint.height())) if self.wordWrap() else hint


class ElidedLabel(Label):
    """One line of plain text, elided to the available width."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._usual, self._keeps = "", False
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def set_usual(self, text: str, keeps: bool = False) -> None:
        """Reserves the width of this text, so that neighbors do not move as the text changes; `keeps`: even where room
        is short.
        """
        self._usual, self._keeps = text, keeps
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        # A label rounds up where its metrics round down.
        return hint.expandedTo(QSize(self.fontMetrics().horizontalAdvance(self._usual) + 2, hint.height()))

    def minimumSizeHint(self) -> QSize:
        least = self.fontMetrics().horizontalAdvance(self._usual) + 2 if self._keeps else 0
        return QSize(least, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), DOTS, room.width())
        self.style().drawItemText(painter, room, int(self.alignment()), self.palette(), self.isEnabled(), text)


class YieldingButton(QPushButton):
    """Button that shows its icon alone where there is no room for its text too."""

    def __init__(self, icon: QIcon, text: str, parent: QWidget | None = None) -> None:
        super().__init__(icon, text, parent)
        self.setAccessibleName(text)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        text = self.fontMetrics().horizontalAdvance(self.text())
        return QSize(max(hint.width() - text, hint.height()), hint.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        option, painter = QStyleOptionButton(), QStylePainter(self)
        self.initStyleOption(option)
        if self.width() < super().minimumSizeHint().width():
            option.text = ""
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)


class WrappedLabel(Label):
    """Plain text over as many lines as it needs.

    `role`: object name known to the style sheet, such as "muted".
    """

    def __init__(self, text: str = "", role: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setObjectName(role)
        self.setWordWrap(True)


class ElidedComboBox(QComboBox):
    """Combo box that elides its text to fit a narrow column."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)

    def shown_text(self) -> str:
        """Returns the text of the closed box."""
        return self.currentText()

    def paintEvent(self, event: QPaintEvent) -> None:
        option, painter = QStyleOptionComboBox(), QStylePainter(self)
        self.initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        icon = 0 if option.currentIcon.isNull() else option.iconSize.width() + BESIDE_ICON
        text = self.shown_text()
        if self.currentIndex() < 0:
            text = self.placeholderText()
            option.palette.setBrush(QPalette.ColorRole.ButtonText, option.palette.placeholderText())
        option.currentText = option.fontMetrics.elidedText(text, DOTS, field.width() - icon)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)


class Glyph(QWidget):
    """Icon `name`, painted at `pixels` square in a color role of the current scheme."""

    def __init__(self, name: str, pixels: int, role: str = "text", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._role = role
        follow_scale(self, lambda: self.setFixedSize(theme.scaled(pixels), theme.scaled(pixels)))

    def set_glyph(self, name: str, role: str) -> None:
        """Sets another icon."""
        self._name, self._role = name, role
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        color = QColor(getattr(theme.current(), self._role))
        theme.paint_glyph(QPainter(self), self.rect(), self._name, color)


class Heading(QWidget):
    """Title on the left and an optional button on the right."""

    def __init__(self, title: str, button: QToolButton | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        label = Label(title)
        label.setObjectName("title")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label, 1)
        if button is not None:
            row.addWidget(button)


class ScaledButton(QToolButton):
    """Button whose icon scales with the font."""

    def __init__(self, pixels: int, parent: QWidget | None = None) -> None:
        """`pixels`: side of the icon at the usual scale."""
        super().__init__(parent)
        scale_icon(self, pixels)


class LabeledButton(ScaledButton):
    """Button with an icon and a text. `name`: accessible name, where the text alone is ambiguous."""

    def __init__(self, icon: str, text: str, tip: str, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(16, parent)
        self.setText(text)
        self.setIcon(theme.icon(icon))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setToolTip(plain_tip(tip))
        self.setAccessibleName(name or text)


class IconButton(ScaledButton):
    """Button with an icon alone. `name`: its accessible name."""

    def __init__(self, icon: str, name: str, tip: str = "", pixels: int = 18, parent: QWidget | None = None) -> None:
        super().__init__(pixels, parent)
        self.setAutoRaise(True)
        self.setIcon(theme.icon(icon))
        self.setAccessibleName(name)
        self.setToolTip(plain_tip(tip))


def plain_tip(text: str) -> str:
    """Returns a tip that shows `text` literally, even where Qt would take it for markup."""
    return f"<p style='white-space: pre-wrap'>{escape(text)}</p>" if RichText.mightBeRichText(text) else text


def literal(name: str) -> str:
    """Returns a name as the text of a button or label, with & escaped, as Qt takes it for a mnemonic."""
    return name.replace("&", "&&")


def wrapped_tip(*paragraphs: str) -> str:
    """Returns a tip as rich text, the only kind that Qt wraps. Omits empty paragraphs."""
    return "".join(f"<p>{escape(text)}</p>" for text in paragraphs if text)
