"""Header of the Explore workspace: the explored generator, and actions for the image."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QWidget

from studio import theme
from studio.model.explore import ExploreSource
from studio.widgets.basic.labels import ElidedLabel, plain_tip


class ExploreHeader(QWidget):
    """The setters emit nothing."""

    live_changed = Signal(bool)
    undo_requested = Signal()
    redo_requested = Signal()
    nearest_requested = Signal()
    open_requested = Signal()
    video_requested = Signal()
    export_requested = Signal()
    newest_requested = Signal()
    """The newest weights of the training are to be explored."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._caption = ElidedLabel()
        self._caption.setObjectName("title")
        self._caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._live = QCheckBox("Follow the training")
        self._live.setAccessibleName("Follow the training")
        self._live.setToolTip("Show what the running training has learned so far, and keep it up to date.")
        self._live.toggled.connect(self.live_changed)
        self._newest = QToolButton()
        self._newest.setObjectName("chip")
        self._newest.setAccessibleName("Explore the newest weights")
        self._newest.setToolTip("Explore the newest weights of the training, once.")
        self._newest.clicked.connect(self.newest_requested)
        self._newest.hide()
        self._back, self._again, self._near = QToolButton(), QToolButton(), QToolButton()
        self._open, self._video, self._export = QPushButton("Open…"), QPushButton("Film…"), QPushButton("Export…")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 4)
        row.setSpacing(10)
        row.addWidget(self._caption, 1)
        row.addWidget(self._newest)
        row.addWidget(self._live)
        for button, icon, signal, name, tip in (
            (self._back, "arrow-u-up-left", self.undo_requested, "Undo", "Undo (Ctrl+Z)"),
            (self._again, "arrow-u-up-right", self.redo_requested, "Redo", "Redo (Ctrl+Y)"),
            (
                self._near,
                "copy",
                self.nearest_requested,
                "Nearest training images",
                "Which training images are nearest to this one?",
            ),
            (self._open, "folder-open", self.open_requested, "Open a checkpoint", "Explore another checkpoint."),
            (self._video, "film-strip", self.video_requested, "Export a film", "Write this way as a film."),
            (self._export, "export", self.export_requested, "Export images", "Write images to files (Ctrl+E)."),
        ):
            button.setIcon(theme.icon(icon))
            button.setAccessibleName(name)
            button.setToolTip(plain_tip(tip))
            button.clicked.connect(signal)
            row.addWidget(button)

    def show_source(self, source: ExploreSource | None) -> None:
        """Shows which generator is explored; None: none is."""
        self._caption.setText(_caption(source))
        self._caption.setToolTip(plain_tip(str(source.path) if source and source.path else ""))
        for widget in (self._export, self._video, self._near):
            widget.setEnabled(source is not None)
        self._open.setVisible(source is not None)  # without a source it stands in the middle of the panel

    def show_undo(self, can_undo: bool, can_redo: bool) -> None:
        self._back.setEnabled(can_undo)
        self._again.setEnabled(can_redo)

    def show_video(self, possible: bool) -> None:
        """Says whether the trajectory of the tool in hand can be exported as a video."""
        self._video.setEnabled(possible)

    def set_newest(self, step: int | None) -> None:
        """Offers newer weights than those that are explored; None: there are none."""
        self._newest.setVisible(step is not None)
        if step is not None:
            self._newest.setText(f"Newest: step {step:,}, go")

    def set_live(self, live: bool) -> None:
        with QSignalBlocker(self._live):
            self._live.setChecked(live)


def _caption(source: ExploreSource | None) -> str:
    if source is None:
        return ""
    return f"{source.title} · step {source.step:,} · averaged weights"
