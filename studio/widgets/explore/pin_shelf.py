"""Gallery of saved pins: a drawer at the side with reserved room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QCursor
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from core.events import Images
from core.language import _, number
from core.latent.explore_state import LONGEST_NAME, ExploreState, Pin
from core.latent.request import LatentRequest, Point
from studio import theme
from studio.model.explore import ExploreSource
from studio.widgets.basic.labels import LabeledButton
from studio.widgets.basic.scale import follow_scale
from studio.widgets.explore.pin_strip import PinStrip

OPEN, CLOSED = 124, 44
"""Width of the drawer, in pixels."""


class PinShelf(QWidget):
    """All pins or favorites only; `action` opens and closes the drawer. Setters emit nothing."""

    changed = Signal(object, str)
    """Same as `ToolView.changed`."""
    pin_requested = Signal()
    """Pin the current image."""
    chosen = Signal(object)
    """A `Pin` to show."""
    maker_requested = Signal(object)
    """A `Pin` to show with the generator that made it."""
    image_dropped = Signal(object)
    """`LatentRequest` of an image to pin."""
    timeline_requested = Signal(object)
    """A `Pin` to append to the timeline."""
    undo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = ExploreState()
        self._source: ExploreSource | None = None
        self._asked: tuple[Point, ...] = ()
        self._is_open = True
        self._removed = False
        """Tells whether the last change removed pins here."""
        self._awaited = 0
        """Number of pins being made."""
        self._pin = LabeledButton("push-pin", _("Pin"), _("Keep the current image (P)."), _("Pin current image"))
        self._pin.clicked.connect(self.pin_requested)
        self._collapse, self._favorites = QToolButton(), QToolButton()
        self._favorites.setIcon(theme.icon("star"))
        self._favorites.setAccessibleName(_("Favorites"))
        self._favorites.setToolTip(_("Show favorites only."))
        self._favorites.setCheckable(True)
        self._favorites.toggled.connect(self._show)
        self.action = QAction(theme.icon("push-pin"), _("Pins"), self, checkable=True, checked=True)
        self.action.setToolTip(_("Show or hide the pins"))
        self.action.toggled.connect(self._set_open)
        self._collapse.clicked.connect(self.action.toggle)
        self._strip = PinStrip(
            _("Pins"),
            _(
                "Pinned images. Double-click shows one; drag it to the timeline or a corner; F2 renames, Delete "
                "removes."
            ),
            _("No pins yet. Press P to keep the current image."),
            vertical=True,
        )
        self._undo = QPushButton(_("Undo remove"))
        self._undo.setObjectName("link")
        self._undo.setToolTip(_("Restore the removed pins (Ctrl+Z)."))
        self._undo.clicked.connect(self.undo_requested)
        self._strip.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._strip.customContextMenuRequested.connect(self._open_menu)
        self._strip.chosen.connect(lambda row: self._choose(self._shown()[row]))
        self._strip.removed.connect(lambda rows: self._remove([self._shown()[row] for row in rows]))
        self._strip.renamed.connect(self._rename)
        self._strip.moved.connect(self._move)
        self._strip.image_dropped.connect(self.image_dropped)
        self._build()
        self._show()

    def _build(self) -> None:
        policy = self._undo.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # reserves its room from the start
        policy.setHorizontalPolicy(QSizePolicy.Policy.Ignored)
        self._undo.setSizePolicy(policy)
        self._undo.hide()
        self._pin.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self._collapse)
        head.addWidget(self._favorites)
        head.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 4, 4)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._pin)
        column.addWidget(self._strip, 1)
        column.addWidget(self._undo)
        self._set_open(True)
        follow_scale(self, self._fit)

    def _fit(self) -> None:
        self.setFixedWidth(theme.scaled(OPEN if self._is_open else CLOSED))

    def _set_open(self, is_open: bool) -> None:
        self._is_open = is_open
        self._fit()
        for widget in (self._favorites, self._pin, self._strip):
            widget.setVisible(is_open)
        self._undo.setVisible(is_open and self._removed)
        self._collapse.setIcon(theme.icon("caret-left" if is_open else "caret-right"))
        self._collapse.setAccessibleName(_("Close pins") if is_open else _("Open pins"))
        self._collapse.setToolTip(_("Close the pins.") if is_open else _("Open the pins."))

    def show_state(self, state: ExploreState) -> None:
        """Shows the saved pins."""
        is_new = state.saved.pins != self._state.saved.pins
        self._state = state
        if is_new:
            self._show()
            self._undo.setVisible(self._removed and self._is_open)
            self._removed = False

    def show_source(self, source: ExploreSource | None) -> None:
        """Sets the explored generator; pins of other generators ask before they are shown."""
        self._source = source

    def _choose(self, pin: Pin) -> None:
        """Shows a pin; if another generator made it, asks which one to use."""
        source = self._source
        if source is None or pin.maker is None or source.made(pin):
            self.chosen.emit(pin)
            return
        menu = QMenu(self)
        menu.setAccessibleName(_("Older pin"))
        made, explored = number(pin.maker.step), number(source.step)
        menu.addAction(_("Made at step {step}").format(step=made)).setEnabled(False)
        menu.addSeparator()
        self._add(menu, _("Open step {step}").format(step=made), lambda: self.maker_requested.emit(pin))
        self._add(menu, _("Show with step {step}").format(step=explored), lambda: self.chosen.emit(pin))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(QCursor.pos())

    def await_pin(self) -> None:
        """Shows that a pin is being made, which may save its generator first."""
        self._awaited += 1
        self._show_waiting()

    def end_pinning(self) -> None:
        """Shows that a pin has arrived or failed."""
        self._awaited = max(self._awaited - 1, 0)
        self._show_waiting()

    def _show_waiting(self) -> None:
        self._pin.setText(_("Pinning…") if self._awaited else _("Pin"))

    def wanted(self, source: ExploreSource) -> LatentRequest | None:
        """Returns a request for pins without stored images; None if there are none."""
        pins = [pin for pin in self._state.saved.pins if not pin.picture and source.fits(pin.point)]
        points = tuple(pin.point for pin in pins)
        if not points or points == self._asked:
            return None
        self._asked = points
        return LatentRequest.of(*points)

    def show_images(self, points: Sequence[Point], images: Images) -> None:
        """Shows images of points that are pinned without a stored image."""
        self._strip.set_pictures(points, images)

    def _shown(self) -> tuple[Pin, ...]:
        pins = self._state.saved.pins
        return tuple(pin for pin in pins if pin.favourite) if self._favorites.isChecked() else pins

    def _show(self) -> None:
        self._strip.set_pins(self._shown())

    def _send(self, pins: tuple[Pin, ...], gesture: str = "") -> None:
        self.changed.emit({"saved": replace(self._state.saved, pins=pins)}, gesture)

    def _remove(self, gone: list[Pin]) -> None:
        self._removed = True
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

    def _open_menu(self, at: QPoint) -> None:
        item = self._strip.itemAt(at)
        if item is None:
            return
        pin, menu = self._shown()[self._strip.row(item)], QMenu(self)
        self._add(menu, _("Show"), lambda: self._choose(pin))
        star = _("Remove from favorites") if pin.favourite else _("Add to favorites")
        self._add(menu, star, lambda: self._change(pin, favourite=not pin.favourite))
        self._add(menu, _("Rename…"), lambda: self._strip.editItem(item))
        menu.addSeparator()
        self._add(menu, _("Add to timeline"), lambda: self.timeline_requested.emit(pin))
        menu.addSeparator()
        self._add(menu, _("Remove"), lambda: self._remove([pin]))
        menu.exec(self._strip.viewport().mapToGlobal(at))
        menu.deleteLater()

    def _add(self, menu: QMenu, text: str, do: object) -> QAction:
        action = menu.addAction(text)
        action.triggered.connect(do)
        return action
