"""Preview of a video, played as fast as its frames can be rendered."""

from __future__ import annotations

from time import monotonic

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from core.language import _
from core.latent.request import LatentRequest
from studio.widgets.images.image_grid import ImageGrid

TICK_MS = 33
"""Interval of about 30 frames per second."""


class AnimationPreview(ImageGrid):
    """Preview that requests the frame due at each tick; the service may skip all but the newest."""

    requested = Signal(object)
    """`LatentRequest` of one frame."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setAccessibleName(_("Preview of the video"))
        self.setToolTip(_("The video at its real speed; frames are dropped if rendering is slower."))
        self.setFixedSize(220, 220)
        self._frames: LatentRequest | None = None
        self._fps, self._began, self._frame = 1.0, 0.0, -1
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._ask)

    def play(self, frames: LatentRequest, fps: float) -> None:
        """Plays these frames, from the start if they have changed."""
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
