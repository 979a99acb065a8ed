"""Tour card: a step of the tour in words, and a frame around its control."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from core.language import _
from studio import theme
from studio.widgets.basic.labels import Label, WrappedLabel

WIDTH = 330
GAP = 12
"""Pixels between the card and its control or the edge of the window."""
FOOT = 60
"""Pixels at the lower edge that stay free for the buttons of the footer."""
LINE = 3


class TourCard(QFrame):
    """Card over the window beside a control; takes input for its own buttons only."""

    next_requested = Signal()
    back_requested = Signal()
    act_requested = Signal()
    """The program should do the step itself."""
    ended = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("tour")
        self.setAccessibleName(_("Tour"))
        self._window, self._frame = window, _Frame(window)
        self._place = Label()
        self._place.setObjectName("muted")
        self._text = WrappedLabel()
        self._act, self._back, self._next, self._end = (
            QPushButton(text) for text in (_("&Do it for me"), _("&Back"), _("&Next"), _("End"))
        )
        self._act.setToolTip(_("Let the program do this step"))
        self._back.setToolTip(_("Show the previous step"))
        self._next.setToolTip(_("Show the next step"))
        self._end.setToolTip(_("End the tour (Esc); your data and runs are kept"))
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
        """Shows step `number` of `count`, counted from 1."""
        self._place.setText(_("Tour, {step} of {count}").format(step=number, count=count))
        self._text.setText(text)
        self._back.setEnabled(number > 1)
        is_last = number == count
        self._next.setText(_("Finish") if is_last else _("&Next"))
        self._end.setHidden(is_last)
        self.setAccessibleDescription(text)
        self.show()
        self.raise_()
        # Announced to screen readers, as the focus stays where it was.
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def set_waiting(self, is_waiting: bool, can_act: bool) -> None:
        """Sets whether the step waits for the person, and whether the program can do it now."""
        held = self.has_keyboard
        self._next.setEnabled(not is_waiting)
        self._act.setVisible(is_waiting)
        self._act.setEnabled(can_act)
        if held:
            self.take_keyboard()

    @property
    def has_keyboard(self) -> bool:
        """Returns whether a forward button has the focus."""
        return self._window.focusWidget() in (self._next, self._act)

    def take_keyboard(self) -> None:
        """Focuses the forward button."""
        (self._next if self._next.isEnabled() else self._act).setFocus()

    def point_at(self, target: QWidget | None) -> None:
        """Frames a control of the window and moves beside it; without a control, into a corner."""
        layout = self.layout()
        assert layout is not None
        self.resize(WIDTH, layout.totalHeightForWidth(WIDTH))
        rect = _visible_part(target, self._window) if target else QRect()
        self._frame.surround(rect)
        self.move(place(rect, self.size(), self._window.rect().adjusted(GAP, GAP, -GAP, -FOOT)))

    def close_tour(self) -> None:
        """Removes card and frame."""
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
    """Frame around a control, which passes every click and key through."""

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
    """Returns the corner of a card of this size: below, above, right or left of the target, where it fits into `room`
    without covering the target; else in the lower right corner of `room`.
    """
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
    """Returns the visible part of a widget in window coordinates; empty where it is hidden."""
    if not target.isVisible():
        return QRect()
    rect = QRect(target.mapTo(window, QPoint(0, 0)), target.size())
    above = target.parentWidget()
    while above is not None and above is not window:
        rect &= QRect(above.mapTo(window, QPoint(0, 0)), above.size())
        above = above.parentWidget()
    return rect & window.rect()
