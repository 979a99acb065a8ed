"""Run strip on top of the Train workspace: the run's name, its state, step, speed, goal, metrics and health."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QProgressBar, QSizePolicy, QWidget

from core.language import _, number
from core.runs.run_name import LONGEST_NAME
from studio.model.run_status import RunStatus, resting
from studio.widgets.basic.labels import ElidedLabel, plain_tip
from studio.widgets.basic.scale import scale_length
from studio.widgets.train.health_chip import HealthChip
from studio.widgets.train.metric_card import MetricChip

STEPS = 1000
"""Steps of the progress bar."""
UNNAMED = _("Untitled run")


class NameEdit(QLineEdit):
    """Field for the run's name. Enter or leaving it keeps the name; Escape reverts it."""

    renamed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("name")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # or it would take keys of the workspace
        self.setMaxLength(LONGEST_NAME)
        self.setAccessibleName(_("Run name"))
        self._name = ""
        self._title = ""
        self.editingFinished.connect(self._keep)
        self.set_title("")

    def set_name(self, name: str) -> None:
        """Sets the run's name, empty for none; keeps a text being edited."""
        if not (self.hasFocus() and self.isModified()):
            self.setText(name)
            self.setCursorPosition(0)
        self._name = name
        self._describe()

    def set_title(self, title: str) -> None:
        """Sets the title shown while the run has no name."""
        self._title = title
        self.setPlaceholderText(title or UNNAMED)
        self._describe()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.setText(self._name)
            self.clearFocus()
            return
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clearFocus()

    def edit(self) -> None:
        """Focuses the field with the whole name selected."""
        self.setFocus()
        self.selectAll()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.setCursorPosition(0)

    def _keep(self) -> None:
        if self.isModified():
            self.setModified(False)
            if (name := self.text()) != self._name:
                self._name = name
                self.renamed.emit(name)
                self._describe()

    def _describe(self) -> None:
        shown = self._name or self._title or UNNAMED
        how = _("Click or press F2 to rename the run; Enter keeps the name, Esc reverts it")
        self.setToolTip(plain_tip(f"{shown}\n{how}"))


class RunStrip(QFrame):
    """One line with a fixed height and fixed places."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self.name = NameEdit()
        scale_length(self.name, self.name.setMinimumWidth, 110)
        scale_length(self.name, self.name.setMaximumWidth, 320)
        self.metrics, self.health = MetricChip(), HealthChip()
        self._state, self._step, self._speed, self._time = (ElidedLabel() for _index in range(4))
        self._state.setObjectName("title")
        self._speed.setObjectName("muted")
        self._bar = QProgressBar(textVisible=False)
        scale_length(self._bar, self._bar.setMinimumWidth, 60)
        scale_length(self._bar, self._bar.setMaximumWidth, 320)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setRetainSizeWhenHidden(True)
        self._bar.setSizePolicy(policy)
        self._bar.setAccessibleName(_("Training goal"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(14)
        row.addWidget(self.name, 3)
        for label in (self._state, self._step, self._speed):
            row.addWidget(label)
        row.addWidget(self._time)
        row.addWidget(self._bar, 4)
        row.addStretch(1)
        row.addWidget(self.metrics)
        row.addWidget(self.health)
        self._keep_places()
        self.show_run(resting("", resumes=False))

    def show_run(self, status: RunStatus) -> None:
        """Shows state, step, speed and time of one moment."""
        self._state.setText(status.state)
        self._step.setText(status.step)
        self._speed.setText(status.speed)
        self._time.setText(status.time)
        for label in (self._state, self._step, self._speed, self._time, self._bar):
            label.setToolTip(plain_tip(status.details or " · ".join(filter(None, (status.state, status.line)))))
        self._bar.setVisible(status.is_busy or status.share is not None)
        self._bar.setRange(0, 0 if status.is_busy else STEPS)
        if status.share is not None:
            self._bar.setValue(round(STEPS * min(max(status.share, 0.0), 1.0)))

    def _keep_places(self) -> None:
        """Reserves the width of usual texts, so that the layout does not move."""
        for label, usual in (
            (self._state, _("Stopped") + " mm"),  # wider than any state but "Reading ..."
            (self._step, _("step {step}").format(step=number(8_888_888))),
            (self._speed, _("{rate} images/s").format(rate=number(88_888))),
            (self._time, _("{duration} elapsed").format(duration="88:88:88")),
        ):
            label.set_usual(usual, keeps=label is self._state)
