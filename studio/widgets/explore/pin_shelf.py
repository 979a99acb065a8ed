"""The shelf of pins: what was found and is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from core.events import Images
from core.latent.explore_state import ExploreState, Pin, SavedPins
from core.latent.request import Point
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
        self._lab = ExploreState()
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

    def show_lab(self, lab: ExploreState) -> None:
        """Its pins."""
        is_new = lab.board.pins != self._lab.board.pins
        self._lab = lab
        if is_new:
            self._show()

    def points(self) -> tuple[Point, ...]:
        """Whose images the shelf needs: also of pins that are out of sight now, because they have no star."""
        return tuple(pin.point for pin in self._lab.board.pins)

    def show_images(self, points: Sequence[Point], images: Images) -> None:
        """Pictures of points, as far as they are pinned."""
        self._strip.set_pictures(points, images)

    def _shown(self) -> tuple[Pin, ...]:
        pins = self._lab.board.pins
        return tuple(pin for pin in pins if pin.favourite) if self._favourites.isChecked() else pins

    def _show(self) -> None:
        self._favourites.setVisible(bool(self._lab.board.pins))
        self._strip.set_pins(self._shown())

    def _send(self, pins: tuple[Pin, ...], gesture: str = "") -> None:
        self.changed.emit({"board": SavedPins(pins, self._lab.board.directions)}, gesture)

    def _place(self, row: int) -> int:
        """Among all pins, of a row of those that are shown."""
        pins, shown = self._lab.board.pins, self._shown()
        return pins.index(shown[row]) if row < len(shown) else len(pins)

    def _remove(self, gone: list[Pin]) -> None:
        self._send(tuple(pin for pin in self._lab.board.pins if pin not in gone))

    def _rename(self, row: int, name: str) -> None:
        self._change(self._shown()[row], name=name)

    def _change(self, pin: Pin, **values: object) -> None:
        changed = replace(pin, **values)  # type: ignore[arg-type]
        self._send(tuple(changed if each is pin else each for each in self._lab.board.pins))

    def _move(self, row: int, to: int) -> None:
        pins, shown = list(self._lab.board.pins), list(self._shown())
        moved = shown.pop(row)
        pins.remove(moved)
        place = pins.index(shown[to]) if to < len(shown) else len(pins)
        self._send((*pins[:place], moved, *pins[place:]))

    def _insert(self, row: int, point: Point) -> None:
        pins, place = self._lab.board.pins, self._place(row)
        self._send((*pins[:place], Pin(point, favourite=self._favourites.isChecked()), *pins[place:]))

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
        self._add(menu, "Add to the path", lambda: self.changed.emit({"path": (*self._lab.path, pin.point)}, ""))
        menu.addSeparator()
        self._add(menu, "Remove", lambda: self._remove([pin]))
        menu.exec(self._strip.viewport().mapToGlobal(at))
        menu.deleteLater()

    def _add(self, menu: QMenu, text: str, do: object) -> QAction:
        action = menu.addAction(text)
        action.triggered.connect(do)
        return action
