"""Shelf of saved pins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from core.events import Images
from core.latent.explore_state import LONGEST_NAME, ExploreState, Pin, SavedPins
from core.latent.request import LatentRequest, Point
from studio.model.explore import ExploreSource
from studio.widgets.basic.labels import LabelledButton
from studio.widgets.explore.pin_strip import PinStrip


class PinShelf(QWidget):
    """All pins, or the favourites only. The setters emit nothing."""

    changed = Signal(object, str)
    """As `ToolView.changed`."""
    pin_requested = Signal()
    """Pin what is on screen."""
    chosen = Signal(object)
    """A `Pin` to look at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = ExploreState()
        self._asked: tuple[Point, ...] = ()
        self._awaited = 0
        """Pins that are being made."""
        self._pin = LabelledButton("push-pin", "Pin", "Keep what is on screen (P).", "Pin what is on screen")
        self._pin.clicked.connect(self.pin_requested)
        self._favourites = LabelledButton("star", "Favourites", "Show only the pins that have a star.")
        self._favourites.setCheckable(True)
        self._favourites.toggled.connect(self._show)
        self._strip = PinStrip(
            "Pins",
            "Pinned images. Double-click looks at one; drag it to A, B, a corner or a path; F2 renames it.",
            "Nothing is pinned yet. Press P, or Pin, to keep what you see.",
        )
        self._strip.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._strip.customContextMenuRequested.connect(self._open_menu)
        self._strip.chosen.connect(lambda row: self.chosen.emit(self._shown()[row]))
        self._strip.removed.connect(lambda rows: self._remove([self._shown()[row] for row in rows]))
        self._strip.renamed.connect(self._rename)
        self._strip.moved.connect(self._move)
        self._strip.dropped.connect(self._insert)
        self._build()
        self._show()

    def _build(self) -> None:
        side = QVBoxLayout()
        side.setSpacing(6)
        side.addWidget(self._pin)
        side.addWidget(self._favourites)
        side.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 4)
        row.setSpacing(12)
        row.addLayout(side)
        row.addWidget(self._strip, 1)

    def show_state(self, state: ExploreState) -> None:
        """Shows the saved pins."""
        is_new = state.saved.pins != self._state.saved.pins
        self._state = state
        if is_new:
            self._show()

    def await_pin(self) -> None:
        """Says that a pin is being made: its generator may have to be saved first."""
        self._awaited += 1
        self._show_waiting()

    def end_pinning(self) -> None:
        """A pin has come, or will not."""
        self._awaited = max(self._awaited - 1, 0)
        self._show_waiting()

    def _show_waiting(self) -> None:
        self._pin.setText("Pinning…" if self._awaited else "Pin")

    def wanted(self, source: ExploreSource) -> LatentRequest | None:
        """Returns a request for the images of pins that have no picture of their own; None where none are needed."""
        pins = [pin for pin in self._state.saved.pins if not pin.picture and source.fits(pin.point)]
        points = tuple(pin.point for pin in pins)
        if not points or points == self._asked:
            return None
        self._asked = points
        return LatentRequest.of(*points)

    def show_images(self, points: Sequence[Point], images: Images) -> None:
        """Shows pictures of points, as far as they are pinned without one of their own."""
        self._strip.set_pictures(points, images)

    def _shown(self) -> tuple[Pin, ...]:
        pins = self._state.saved.pins
        return tuple(pin for pin in pins if pin.favourite) if self._favourites.isChecked() else pins

    def _show(self) -> None:
        self._favourites.setVisible(bool(self._state.saved.pins))
        self._strip.set_pins(self._shown())

    def _send(self, pins: tuple[Pin, ...], gesture: str = "") -> None:
        self.changed.emit({"saved": SavedPins(pins, self._state.saved.directions)}, gesture)

    def _position(self, row: int) -> int:
        """Returns the position among all pins of a row of those that are shown."""
        pins, shown = self._state.saved.pins, self._shown()
        return pins.index(shown[row]) if row < len(shown) else len(pins)

    def _remove(self, gone: list[Pin]) -> None:
        self._send(tuple(pin for pin in self._state.saved.pins if pin not in gone))

    def _rename(self, row: int, name: str) -> None:
        self._change(self._shown()[row], name=name[:LONGEST_NAME])

    def _change(self, pin: Pin, **values: object) -> None:
        changed = replace(pin, **values)  # type: ignore[arg-type]
        self._send(tuple(changed if each is pin else each for each in self._state.saved.pins))

    def _move(self, row: int, to: int) -> None:
        pins, shown = list(self._state.saved.pins), list(self._shown())
        moved = shown.pop(row)
        pins.remove(moved)
        position = pins.index(shown[to]) if to < len(shown) else len(pins)
        self._send((*pins[:position], moved, *pins[position:]))

    def _insert(self, row: int, point: Point) -> None:
        pins, position = self._state.saved.pins, self._position(row)
        self._send((*pins[:position], Pin(point, favourite=self._favourites.isChecked()), *pins[position:]))

    def _open_menu(self, at: QPoint) -> None:
        item = self._strip.itemAt(at)
        if item is None:
            return
        pin, menu = self._shown()[self._strip.row(item)], QMenu(self)
        self._add(menu, "Look at it", lambda: self.chosen.emit(pin))
        star = "Take the star away" if pin.favourite else "Give it a star"
        self._add(menu, star, lambda: self._change(pin, favourite=not pin.favourite))
        self._add(menu, "Rename…", lambda: self._strip.editItem(item))
        menu.addSeparator()
        self._add(menu, "Add to the path", lambda: self.changed.emit({"path": (*self._state.path, pin.point)}, ""))
        menu.addSeparator()
        self._add(menu, "Remove", lambda: self._remove([pin]))
        menu.exec(self._strip.viewport().mapToGlobal(at))
        menu.deleteLater()

    def _add(self, menu: QMenu, text: str, do: object) -> QAction:
        action = menu.addAction(text)
        action.triggered.connect(do)
        return action
