"""Strip with the progress of a background job, a cancel button, and the waiting jobs."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QProgressBar, QPushButton, QWidget

from core.events import Progress
from core.language import _, number, titled
from studio.widgets.basic.labels import ElidedLabel, literal, plain_tip
from studio.widgets.basic.scale import scale_length

NARROWEST_BAR, WIDEST_BAR = 48, 200
"""Width of the progress bar in pixels."""


class JobStrip(QFrame):
    """Strip of the running job, hidden while there is none."""

    canceled = Signal()
    waiting_canceled = Signal(int)
    """Index of a waiting job to cancel."""

    def __init__(self, canceling: str, parent: QWidget | None = None) -> None:
        """`canceling`: tip of the cancel button."""
        super().__init__(parent)
        self._text = ElidedLabel()
        self._bar = QProgressBar(textVisible=False)
        self._bar.setAccessibleName(_("Progress of the job"))
        scale_length(self._bar, self._bar.setMinimumWidth, NARROWEST_BAR)
        scale_length(self._bar, self._bar.setMaximumWidth, WIDEST_BAR)
        self._titles: list[str] = []
        self._waiting = QPushButton()
        self._waiting.setToolTip(_("Waiting jobs. Choose one to cancel it."))
        self._waiting.clicked.connect(self._open_menu)
        self._waiting.hide()
        cancel = QPushButton(_("Cancel"))
        cancel.setToolTip(plain_tip(canceling))
        cancel.clicked.connect(self.canceled)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(self._text, 2)
        row.addWidget(self._bar, 1)
        row.addWidget(self._waiting)
        row.addWidget(cancel)
        self.hide()

    def show_waiting(self, titles: list[str]) -> None:
        """Shows the number of waiting jobs; the button's menu lists their titles."""
        self._titles = titles
        self._waiting.setText(_("{count} waiting").format(count=number(len(titles))))
        self._waiting.setAccessibleName(_("Waiting jobs: {count}").format(count=number(len(titles))))
        self._waiting.setVisible(bool(titles))

    def _open_menu(self) -> None:
        menu = QMenu(self)
        for index, title in enumerate(self._titles):
            text = literal(_("Cancel: {job}").format(job=title))
            menu.addAction(text, partial(self.waiting_canceled.emit, index))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self._waiting.mapToGlobal(self._waiting.rect().topLeft()))

    def show_progress(self, progress: Progress) -> None:
        self._text.setText(titled(progress.text, progress.counted) if progress.total else progress.text)
        scale = max(progress.total // 2**30, 1)  # a progress bar counts to 2^31, fewer than a large download has bytes
        self._bar.setRange(0, progress.total // scale)
        self._bar.setValue(progress.done // scale)
        self.show()
