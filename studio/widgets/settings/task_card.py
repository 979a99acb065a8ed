"""Card that chooses what a training makes its images from, with a preview on the person's own images."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import floor, log10
from typing import Any

import numpy as np
from annotated_types import Gt
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QSlider,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from core.config.choices import choices_of
from core.config.fields import title_of
from core.config.settings import Settings
from core.events import Images
from core.language import _
from core.presets.settings_diff import value_text
from core.registry import components, ranked
from studio import theme
from studio.model.data import ExampleRequest, Examples
from studio.widgets.basic.labels import ElidedComboBox, ElidedLabel, Label, WrappedLabel, plain_tip
from studio.widgets.basic.scale import follow_scale, scale_length
from studio.widgets.basic.spin_boxes import WheelGuard
from studio.widgets.images.tile_view import TileView
from studio.widgets.settings.fields import bounds, field_of
from studio.widgets.settings.preset_fit import STRENGTHS

TASKS = "translation.tasks"
LIST_WIDTH = 430
MARGIN = 8
SHOWN = 3
"""Examples in the preview."""
TILE = 84
"""Height of an image of the preview in pixels."""
SETTLE_MS = 80
"""Shortest time between changes by a moving slider, as each is checked against all settings."""
POSITIONS = 80
"""Fewest positions of a slider."""


class TaskCard(QFrame):
    """Choice of the task, which the core's registry lists, and of the strengths that it uses."""

    changes_chosen = Signal(object)
    """New values by setting name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.box = ElidedComboBox()
        self.box.setAccessibleName(_("Task"))
        self.box.setItemDelegate(TaskDelegate(self.box))
        self.box.view().setMinimumWidth(LIST_WIDTH)
        self.box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.box.installEventFilter(WheelGuard(self.box))
        for task in ranked(TASKS):
            self.box.addItem(task.title, task.name)
        self.box.currentIndexChanged.connect(lambda _index: self._choose("task", self.box.currentData()))
        self._summary = WrappedLabel(role="muted")
        self._preview = ExamplePreview()
        self._awaited: ExampleRequest | None = None
        self._is_waiting = False
        self._strengths = {name: self._strength(name) for name in STRENGTHS}
        follow_scale(self, self._align)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(6)
        for widget in (self.box, self._summary, self._preview, *self._strengths.values()):
            column.addWidget(widget)

    def show_values(self, values: Mapping[str, Any], is_locked: bool) -> None:
        """Shows the task and the strengths among the values of all settings."""
        task = components(TASKS)[values["task"]]
        with QSignalBlocker(self.box):
            self.box.setCurrentIndex(self.box.findData(task.name))
        self.box.setEnabled(not is_locked)
        self.box.setAccessibleDescription(task.summary)
        self._summary.setText(task.summary)
        self._preview.setVisible(bool(task.facts["SIDES"]))
        for name, row in self._strengths.items():
            row.setVisible(name in task.facts["STRENGTHS"])
            row.setEnabled(not is_locked)
            row.set_value(values[name])

    def await_examples(self, request: ExampleRequest, has_data: bool) -> None:
        """Shows that requested examples are being made, or will be of images that are not open yet."""
        if request != self._awaited:
            self._awaited, self._is_waiting = request, True
        if self._is_waiting:
            waiting = _("Making examples…") if has_data else _("Examples appear here when images are open.")
            self._preview.show_reason(waiting)

    def show_examples(self, examples: Examples) -> None:
        """Shows inputs and targets of the open dataset."""
        self._is_waiting = False
        self._preview.show_examples(examples)

    def _align(self) -> None:
        labels = [row.label for row in self._strengths.values()]
        width = max(label.sizeHint().width() for label in labels)
        for label in labels:
            label.setMinimumWidth(width)

    def _choose(self, name: str, value: Any) -> None:
        self.changes_chosen.emit({name: value})

    def _strength(self, name: str) -> StrengthSlider | StrengthChoice:
        row = StrengthChoice(name) if choices_of(name, Settings.model_fields[name]) else StrengthSlider(name)
        row.valueChanged.connect(partial(self._choose, name))
        return row


class StrengthSlider(QWidget):
    """Slider of a strength, between the bounds of its setting, with the value beside it."""

    valueChanged = Signal(object)  # as Qt's own sliders call it

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        info = Settings.model_fields[name]
        self._kind: type[int] | type[float] = int if info.annotation is int else float
        self._name, (low, high) = name, bounds(info)
        self._step = 1.0 if self._kind is int else 10.0 ** floor(log10((high - low) / POSITIONS))
        is_exclusive = any(isinstance(bound, Gt) for bound in info.metadata)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(round(low / self._step) + is_exclusive, round(high / self._step))
        self._slider.setPageStep(max(self._slider.maximum() // 10, 1))
        self._slider.setAccessibleName(title_of(name))
        self._slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._slider.installEventFilter(WheelGuard(self._slider))
        self._slider.valueChanged.connect(self._slide)
        self._soon = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._soon.timeout.connect(lambda: self.valueChanged.emit(self._value()))
        self.label, self._text = Label(title_of(name)), ElidedLabel()
        self.label.setBuddy(self._slider)
        self._text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._text.set_usual(value_text(name, self._kind(high - self._step)), keeps=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in (self.label, self._slider, self._text):
            widget.setToolTip(plain_tip(info.description or ""))
            row.addWidget(widget, int(widget is self._slider))

    def set_value(self, value: float) -> None:
        """Shows a value; emits nothing. While the person moves the slider, their value stays."""
        if not self._soon.isActive():
            with QSignalBlocker(self._slider):
                self._slider.setValue(round(value / self._step))
            self._text.setText(value_text(self._name, value))

    def _value(self) -> float:
        return self._kind(round(self._slider.value() * self._step, 6))

    def _slide(self, _position: int) -> None:
        self._text.setText(value_text(self._name, self._value()))
        if not self._soon.isActive():
            self._soon.start()


class StrengthChoice(QWidget):
    """Choice of a strength with few values."""

    valueChanged = Signal(object)  # as Qt's own sliders call it

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        info = Settings.model_fields[name]
        extra: Any = info.json_schema_extra
        self._field = field_of(name, info, extra["unit"])
        self._field.widget.setAccessibleName(title_of(name))
        self._field.connect(lambda: self.valueChanged.emit(self._field.value()))
        self.label = Label(title_of(name))
        self.label.setBuddy(self._field.widget)
        self.label.setToolTip(self._field.widget.toolTip())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.label)
        row.addWidget(self._field.widget, 1)

    def set_value(self, value: Any) -> None:
        """Shows a value; emits nothing."""
        self._field.set_value(value)


class ExamplePreview(QStackedWidget):
    """Inputs above their targets, or why there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._views = {title: TileView() for title in (_("Input"), _("Target"))}
        self._reason = WrappedLabel(role="muted")
        self._reason.setAlignment(Qt.AlignmentFlag.AlignCenter)
        pictures = QWidget()
        column = QVBoxLayout(pictures)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for title, view in self._views.items():
            view.setAccessibleName(title)
            scale_length(view, view.setFixedHeight, TILE)
            column.addWidget(Label(title, objectName="muted"))
            column.addWidget(view)
        self.addWidget(self._reason)
        self.addWidget(pictures)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def images(self) -> list[Images]:
        """Returns the shown inputs and targets."""
        return [view.images() for view in self._views.values()]

    def show_reason(self, text: str) -> None:
        """Sets why there are no examples."""
        self._reason.setText(text)

    def show_examples(self, examples: Examples) -> None:
        """Shows inputs and targets, or why there are none."""
        self.show_reason(examples.reason)
        self.setCurrentIndex(bool(examples.pairs))
        sides = zip(*((pair.before, pair.after) for pair in examples.pairs), strict=True) if examples.pairs else ()
        for view, images in zip(self._views.values(), sides, strict=False):
            view.set_images(np.stack(images))


class TaskDelegate(QStyledItemDelegate):
    """Paints entries of the list of tasks: title above a sentence. The entry's data is the task's name."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        summary = components(TASKS)[index.data(Qt.ItemDataRole.UserRole)].summary
        metrics = QFontMetrics(option.font)
        room = metrics.boundingRect(0, 0, LIST_WIDTH - 2 * MARGIN, 0, Qt.TextFlag.TextWordWrap, summary)
        return QSize(LIST_WIDTH, metrics.height() + room.height() + 2 * MARGIN)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        task, scheme = components(TASKS)[index.data(Qt.ItemDataRole.UserRole)], theme.current()
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        text, muted = (scheme.on_accent,) * 2 if is_selected else (scheme.text, scheme.muted)
        bold = QFont(option.font)
        bold.setBold(True)
        painter.save()
        painter.fillRect(option.rect, QColor(scheme.accent if is_selected else scheme.surface))
        room = option.rect.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        painter.setFont(bold)
        painter.setPen(QColor(text))
        painter.drawText(room, Qt.AlignmentFlag.AlignTop, task.title)
        painter.setFont(option.font)
        painter.setPen(QColor(muted))
        below = room.adjusted(0, QFontMetrics(option.font).height(), 0, 0)
        painter.drawText(below, Qt.TextFlag.TextWordWrap, task.summary)
        painter.restore()
