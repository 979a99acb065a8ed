"""Preview of a video, played as fast as its frames can be rendered."""

from __future__ import annotations

from time import monotonic

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from core.latent.request import LatentRequest
from studio.widgets.images.image_grid import ImageGrid

TICK_MS = 33
"""Some 30 frames a second."""


class AnimationPreview(ImageGrid):
    """Asks for the frame whose time has come; whoever answers may skip all but the newest."""

    requested = Signal(object)
    """The `LatentRequest` of one frame."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setAccessibleName("Preview of the film")
        self.setToolTip("The film as it will run, with frames left out where they take longer to make.")
        self.setFixedSize(220, 220)
        self._frames: LatentRequest | None = None
        self._fps, self._began, self._frame = 1.0, 0.0, -1
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._ask)

    def play(self, frames: LatentRequest, fps: float) -> None:
        """Goes on with these frames, from the first one if they have changed."""
        if self._frames is None or (frames.trajectory, len(frames.positions)) != (
            self._frames.trajectory,
            len(self._frames.positions),
        ):
            self._began, self._frame = monotonic(), -1
        self._frames, self._fps = frames, fps

    def _ask(self) -> None:
        if self._frames is None:
            return
        frame = int((monotonic() - self._began) * self._fps) % len(self._frames.positions)
        if frame != self._frame:
            self._frame = frame
            self.requested.emit(self._frames.part(frame, frame + 1))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)
