"""Controls that follow a training: its newest weights once, or from now on."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QToolButton, QWidget

from core.language import _, number


class FollowControls(QWidget):
    """Button that loads the newest weights, shown while there are any, and a box to follow. Setters emit nothing."""

    live_changed = Signal(bool)
    newest_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._live = QCheckBox(_("Follow training"))
        self._live.setAccessibleName(_("Follow training"))
        self._live.setToolTip(_("Show the newest weights of the running training and keep updating."))
        self._live.toggled.connect(self.live_changed)
        self._newest = QToolButton()
        self._newest.setObjectName("chip")
        self._newest.setAccessibleName(_("Explore newest weights"))
        self._newest.setToolTip(_("Load the newest weights of the training once."))
        self._newest.clicked.connect(self.newest_requested)
        self._newest.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self._newest)
        row.addWidget(self._live)

    def set_newest(self, step: int | None) -> None:
        """Offers weights newer than the present ones; None for none."""
        self._newest.setVisible(step is not None)
        if step is not None:
            self._newest.setText(_("Load step {step}").format(step=number(step)))

    def set_live(self, live: bool) -> None:
        with QSignalBlocker(self._live):
            self._live.setChecked(live)
