"""Box of a latent point: a seed field or a dropped pin."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedLayout, QToolButton, QWidget

from core.language import _, titled
from core.latent.request import Point
from studio import theme
from studio.widgets.basic.labels import Label, plain_tip
from studio.widgets.basic.scale import scale_icon
from studio.widgets.basic.spin_boxes import SeedBox
from studio.widgets.explore.point_mime import describe, from_mime, is_plain


class PointBox(QWidget):
    """Box of one point. Emits for changes by the user only."""

    seed_changed = Signal(object)
    """Seed as an int; starts a new point."""
    dropped = Signal(object)
    """A dropped `Point`."""

    def __init__(self, name: str, meaning: str, parent: QWidget | None = None) -> None:
        """`name`: a noun such as "keyframe"; `meaning`: what the point is for."""
        super().__init__(parent)
        self._name = name
        self._point = Point()
        self._seed = SeedBox()
        field = self._seed.focusProxy() or self._seed  # accessible name
        field.setAccessibleName(_("Seed {name}").format(name=name))
        tip = _("Seed {name}: {meaning}. You can drop a pin here.").format(name=name, meaning=meaning)
        field.setToolTip(plain_tip(tip))
        for button in self._seed.findChildren(QToolButton):
            button.setAccessibleName(_("{action} {name}").format(action=button.accessibleName(), name=name))
        self._seed.valueChanged.connect(self.seed_changed)
        self._text = Label()
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._back = QToolButton()
        self._back.setIcon(theme.icon("x"))
        scale_icon(self._back, 14)
        self._back.setAutoRaise(True)
        self._back.setAccessibleName(_("Use a seed for {name}").format(name=name))
        self._back.setToolTip(_("Discard this point and use a seed."))
        self._back.clicked.connect(lambda: self.seed_changed.emit(self._point.seed))
        self._pages = QStackedLayout(self)
        self._pages.setContentsMargins(0, 0, 0, 0)
        self._pages.addWidget(self._seed)
        self._pages.addWidget(self._chip())
        self.setAcceptDrops(True)

    def point(self) -> Point:
        return self._point

    def set_point(self, point: Point) -> None:
        """Shows a point; emits nothing."""
        self._point = point
        self._seed.set_value(point.seed)
        self._text.setText(describe(point).capitalize())
        self._text.setToolTip(plain_tip(titled(self._name, describe(point))))
        self._pages.setCurrentIndex(0 if is_plain(point) else 1)

    def _chip(self) -> QWidget:
        chip = QWidget()
        chip.setObjectName("chip")
        chip.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        sign = Label()
        sign.setPixmap(theme.icon("push-pin").pixmap(16, 16))
        row = QHBoxLayout(chip)
        row.setContentsMargins(8, 2, 4, 2)
        row.setSpacing(6)
        row.addWidget(sign)
        row.addWidget(self._text, 1)
        row.addWidget(self._back)
        return chip

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if from_mime(event.mimeData()) is not None:
            event.acceptProposedAction()
            self._highlight(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._highlight(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._highlight(False)
        point = from_mime(event.mimeData())
        if point is not None:
            event.acceptProposedAction()
            self.dropped.emit(point)

    def _highlight(self, on: bool) -> None:
        self.setProperty("drop", on)
        for widget in (self, *self.findChildren(QWidget)):
            widget.style().unpolish(widget)
            widget.style().polish(widget)
