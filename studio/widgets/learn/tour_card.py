"""Tour card: a step of the tour in words, and a frame around the control that it speaks of."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from studio import theme
from studio.widgets.basic.labels import Label, WrappedLabel

WIDTH = 330
GAP = 12
"""Pixels between the card and what it speaks of, and between the card and the edge of the window."""
FOOT = 60
"""Pixels at the lower edge of the window that the card leaves free, where a training is started and stopped."""
LINE = 3


class TourCard(QFrame):
    """Lies over the window, beside a control, and takes no input but that of its own buttons."""

    next_requested = Signal()
    back_requested = Signal()
    act_requested = Signal()
    """The program is to do what the step asks for."""
    ended = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("tour")
        self.setAccessibleName("Tour")
        self._window, self._frame = window, _Frame(window)
        self._place = Label()
        self._place.setObjectName("muted")
        self._text = WrappedLabel()
        self._act, self._back, self._next, self._end = (
            QPushButton(text) for text in ("&Do it for me", "&Back", "&Next", "End")
        )
        self._act.setToolTip("The program does what this step asks for")
        self._back.setToolTip("The step before")
        self._next.setToolTip("The next step")
        self._end.setToolTip("End the tour (Esc); what you opened and trained stays")
        for button, signal in (
            (self._act, self.act_requested),
            (self._back, self.back_requested),
            (self._next, self.next_requested),
            (self._end, self.ended),
        ):
            button.setAutoDefault(True)  # Enter presses it
            button.clicked.connect(signal)
        self._next.setObjectName("primary")
        self._build()

    def show_step(self, number: int, count: int, text: str) -> None:
        """Shows the step `number` of `count`, the first being 1."""
        self._place.setText(f"Tour, {number} of {count}")
        self._text.setText(text)
        self._back.setEnabled(number > 1)
        is_last = number == count
        self._next.setText("Finish" if is_last else "&Next")
        self._end.setHidden(is_last)
        self.setAccessibleDescription(text)
        self.show()
        self.raise_()
        # Read out even though the focus stays where it was.
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def set_waiting(self, is_waiting: bool, can_act: bool) -> None:
        """Whether the person has something to do before the next step, and whether the program can do it now."""
        held = self.has_keyboard
        self._next.setEnabled(not is_waiting)
        self._act.setVisible(is_waiting)
        self._act.setEnabled(can_act)
        if held:
            self.take_keyboard()

    @property
    def has_keyboard(self) -> bool:
        """Whether a button that leads on has it."""
        return self._window.focusWidget() in (self._next, self._act)

    def take_keyboard(self) -> None:
        """Gives the keyboard to the button that leads on."""
        (self._next if self._next.isEnabled() else self._act).setFocus()

    def point_at(self, target: QWidget | None) -> None:
        """Frames a control of the window, and moves beside it; without one, into a corner."""
        layout = self.layout()
        assert layout is not None
        self.resize(WIDTH, layout.totalHeightForWidth(WIDTH))
        rect = _visible_part(target, self._window) if target else QRect()
        self._frame.surround(rect)
        self.move(place(rect, self.size(), self._window.rect().adjusted(GAP, GAP, -GAP, -FOOT)))

    def close_tour(self) -> None:
        """Takes card and frame away for good."""
        for part in (self._frame, self):
            part.hide()
            part.deleteLater()

    def _build(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._end)
        buttons.addStretch()
        buttons.addWidget(self._back)
        buttons.addWidget(self._next)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(10)
        column.addWidget(self._place)
        column.addWidget(self._text)
        column.addWidget(self._act, 0, Qt.AlignmentFlag.AlignLeft)
        column.addLayout(buttons)
        for before, after in ((self._act, self._back), (self._back, self._next), (self._next, self._end)):
            QWidget.setTabOrder(before, after)


class _Frame(QWidget):
    """Lines around a control, which pass every click and key on to it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def surround(self, rect: QRect) -> None:
        self.setVisible(not rect.isEmpty())
        if not rect.isEmpty():
            self.setGeometry(rect.adjusted(-2 * LINE, -2 * LINE, 2 * LINE, 2 * LINE))
            self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.current().accent), LINE))
        inner = LINE / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inner, inner, -inner, -inner), 8, 8)


def place(target: QRect, size: QSize, room: QRect) -> QPoint:
    """Returns the corner of a card of this size: below, above, right or left of the target, where it fits into the room
    without covering the target; else in the room's lower right corner."""
    corner = QRect(QPoint(0, 0), size)
    corner.moveBottomRight(room.bottomRight())
    if target.isEmpty():
        return corner.topLeft()
    gap = GAP + 2 * LINE
    x = max(room.left(), min(target.center().x() - size.width() // 2, room.right() + 1 - size.width()))
    y = max(room.top(), min(target.center().y() - size.height() // 2, room.bottom() + 1 - size.height()))
    for spot in (
        QPoint(x, target.bottom() + gap),
        QPoint(x, target.top() - gap - size.height()),
        QPoint(target.right() + gap, y),
        QPoint(target.left() - gap - size.width(), y),
    ):
        if room.contains(QRect(spot, size)):
            return spot
    return corner.topLeft()


def _visible_part(target: QWidget, window: QWidget) -> QRect:
    """Returns what is on screen of a widget, in the window's pixels; empty where it is hidden."""
    if not target.isVisible():
        return QRect()
    rect = QRect(target.mapTo(window, QPoint(0, 0)), target.size())
    above = target.parentWidget()
    while above is not None and above is not window:
        rect &= QRect(above.mapTo(window, QPoint(0, 0)), above.size())
        above = above.parentWidget()
    return rect & window.rect()
