"""Header of the Explore workspace: the explored generator, and actions for the image."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QWidget

from core.language import _, number
from studio import theme
from studio.model.explore import ExploreSource
from studio.widgets.basic.labels import ElidedLabel, plain_tip
from studio.widgets.train.follow_controls import FollowControls


class ExploreHeader(QWidget):
    """Header with the explored generator and its actions. Setters emit nothing."""

    live_changed = Signal(bool)
    undo_requested = Signal()
    redo_requested = Signal()
    nearest_requested = Signal()
    open_requested = Signal()
    video_requested = Signal()
    export_requested = Signal()
    newest_requested = Signal()
    """Explore the newest weights of the training."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._caption = ElidedLabel()
        self._caption.setObjectName("title")
        self._caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._follow = FollowControls()
        self._follow.live_changed.connect(self.live_changed)
        self._follow.newest_requested.connect(self.newest_requested)
        self._back, self._again, self._near = QToolButton(), QToolButton(), QToolButton()
        self._open, self._video, self._export = (
            QPushButton(_("Open…")),
            QPushButton(_("Video…")),
            QPushButton(_("Export…")),
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 4)
        row.setSpacing(10)
        row.addWidget(self._caption, 1)
        row.addWidget(self._follow)
        for button, icon, signal, name, tip in (
            (self._back, "arrow-u-up-left", self.undo_requested, _("Undo"), _("Undo (Ctrl+Z)")),
            (self._again, "arrow-u-up-right", self.redo_requested, _("Redo"), _("Redo (Ctrl+Y)")),
            (
                self._near,
                "copy",
                self.nearest_requested,
                _("Nearest training images"),
                _("Find the training images nearest to this one."),
            ),
            (
                self._open,
                "folder-open",
                self.open_requested,
                _("Open a checkpoint"),
                _("Choose another checkpoint to explore."),
            ),
            (self._video, "film-strip", self.video_requested, _("Export a video"), _("Export this path as a video.")),
            (self._export, "export", self.export_requested, _("Export images"), _("Export images to files (Ctrl+E).")),
        ):
            button.setIcon(theme.icon(icon))
            button.setAccessibleName(name)
            button.setToolTip(plain_tip(tip))
            button.clicked.connect(signal)
            row.addWidget(button)

    def show_source(self, source: ExploreSource | None) -> None:
        """Shows the explored generator, or None."""
        self._caption.setText(_caption(source))
        self._caption.setToolTip(plain_tip(str(source.path) if source and source.path else ""))
        for widget in (self._export, self._video, self._near):
            widget.setEnabled(source is not None)
        self._open.setVisible(source is not None)  # without a source it is centered in the panel

    def show_undo(self, can_undo: bool, can_redo: bool) -> None:
        self._back.setEnabled(can_undo)
        self._again.setEnabled(can_redo)

    def show_video(self, possible: bool) -> None:
        """Sets whether the current tool's trajectory can be exported as a video."""
        self._video.setEnabled(possible)

    def set_newest(self, step: int | None) -> None:
        """Offers weights newer than the explored ones; None for none."""
        self._follow.set_newest(step)

    def set_live(self, live: bool) -> None:
        self._follow.set_live(live)


def _caption(source: ExploreSource | None) -> str:
    if source is None:
        return ""
    return _("{title} · step {step} · averaged weights").format(title=source.title, step=number(source.step))
