"""Where on the way from A to B: a slider, the kind of way, and a button that walks it."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QSize, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from core.latent import Mode
from studio import theme
from studio.widgets.slider_row import SliderRow

FRAME_MS = 33
WALK_SECONDS = 4.0
"""From A to B when it plays."""
LONGEST_STEP = 0.05
"""Of the way, between two frames: a slow generator walks slower rather than in jumps."""
MODES: dict[str, Mode] = {"Spherical (slerp)": "slerp", "Straight (lerp)": "lerp"}


class LatentWalk(QWidget):
    """0 is A, 1 is B. Playing takes a step only after `set_waiting(False)`, so a slow answer never builds a backlog."""

    moved = Signal()
    """To another place, by hand or by playing."""
    arrived = Signal()
    """Playing went past B and stands at a new beginning: B should become A now. Comes instead of `moved`."""
    mode_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._waiting = False
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._advance)
        self._clock = QElapsedTimer()
        self._play = QToolButton()
        self._play.setIconSize(QSize(18, 18))
        self._play.clicked.connect(self.toggle)
        self._place = SliderRow(
            "A → B", 0.0, 1.0, 0.0, step=0.001, help="Where the image stands on the way from seed A to seed B."
        )
        self._place.valueChanged.connect(self.moved)
        self._mode = QComboBox()
        for label, mode in MODES.items():
            self._mode.addItem(label, mode)
        self._mode.setAccessibleName("Interpolation")
        self._mode.setToolTip("The way: around the sphere on which latents lie (slerp), or straight through it (lerp).")
        self._mode.currentIndexChanged.connect(self.mode_changed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 8)
        layout.setSpacing(10)
        layout.addWidget(self._play)
        layout.addWidget(self._place, 1)
        layout.addWidget(self._mode)
        self._show_playing()

    def place(self) -> float:
        return self._place.value()

    def set_place(self, place: float) -> None:
        self._place.set_value(place)

    def mode(self) -> Mode:
        mode: Mode = self._mode.currentData()
        return mode

    def set_waiting(self, waiting: bool) -> None:
        """Whether the image of the present place has yet to come."""
        self._waiting = waiting

    def is_playing(self) -> bool:
        return self._timer.isActive()

    def play(self) -> None:
        """Walk from here on, without an end."""
        self._clock.start()
        self._timer.start()
        self._show_playing()

    def stop(self) -> None:
        """Stand still where it is."""
        self._timer.stop()
        self._show_playing()

    def toggle(self) -> None:
        if self.is_playing():
            self.stop()
        else:
            self.play()

    def _advance(self) -> None:
        if self._waiting:
            return
        place = self.place() + min(self._clock.restart() / 1000 / WALK_SECONDS, LONGEST_STEP)
        self.set_place(place % 1.0)
        if place < 1.0:
            self.moved.emit()
        else:
            self.arrived.emit()

    def _show_playing(self) -> None:
        playing = self.is_playing()
        self._play.setIcon(theme.icon("pause" if playing else "play"))
        self._play.setAccessibleName("Pause the walk" if playing else "Play the walk")
        self._play.setToolTip("Pause (Space)" if playing else "Walk from A to B, and on to new seeds (Space)")
