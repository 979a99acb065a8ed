"""The latent laboratory: one image, a tool that leads through latent space, what bends the images, and the pins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from core.events import Images
from core.generator_inputs import Latents
from core.latent.explore_state import PLACES, Direction, DirectionKind, DirectionSets, ExploreState, Pin
from core.latent.request import LatentRequest, Loop, Point, Walk, to_numbers
from studio.model.explore import ExploreSource
from studio.model.undo import Undo
from studio.widgets.basic.empty_page import EmptyPage
from studio.widgets.explore.edit_controls import EditControls
from studio.widgets.explore.header import ExploreHeader
from studio.widgets.explore.pin_shelf import PinShelf
from studio.widgets.explore.stage import ExploreStage

Points = tuple[Point, ...]
IMAGE, WAY, PINS = "image", "way", "pins"
"""The slots of a request: the large image, the tool's small ones, and those on the shelf."""
PINS_SECONDS = 5.0
"""While a training is followed, pins show what it has learned only so often."""


class ExplorePanel(QWidget):
    """Asks for images at every change and shows what comes back; whoever answers may skip all but the newest."""

    requested = Signal(str, object)
    """A slot and the `LatentRequest` for it."""
    pin_requested = Signal(object)
    """A request whose image is wanted as a point of its own, to be pinned with `add_pin`."""
    board_changed = Signal(object, object)
    """The source's home, and the `SavedPins` to be kept there."""
    live_changed = Signal(bool)
    open_requested = Signal()
    export_requested = Signal(object)
    """The `LatentRequest` that gives the images which the person sees or selected."""
    file_requested = Signal(object, object)
    """A `LatentRequest` whose image is being dragged to another program, and the `Path` at which it will be looked for.
    """
    film_requested = Signal()
    """The way of the tool in hand is wanted as a film."""
    neighbours_requested = Signal(object)
    """A request: to what training images is its image near?"""
    components_requested = Signal(object)
    """A `Point` of whose class and codes the images are to be whose components are wanted."""
    samples_requested = Signal()
    """A direction is to be made of samples."""
    sum_requested = Signal(object, object, object)
    """Three groups of points, whose sum `show_total` is told."""
    notice = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source: ExploreSource | None = None
        self._undo = Undo(ExploreState())
        self._bases = DirectionSets()
        self._pins_shown: tuple[Points, float] = (), 0.0
        self._header = ExploreHeader()
        self._stage = ExploreStage()
        self._lens = EditControls()
        self._shelf = PinShelf()
        self._pages = QStackedLayout()
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._build()
        self._connect()
        self.set_training(False)
        self.show_source(None)

    # Told what to show

    def show_source(self, source: ExploreSource | None) -> None:
        """What is explored from now on, newer weights of the same training included; None: nothing is."""
        is_another = source is None or self._source is None or source.home != self._source.home
        self._source = source
        self._header.show_source(source)
        self._pages.setCurrentIndex(0 if source is None else 1)
        if source is None:
            self._stage.clear()
            return
        if is_another:
            self._undo = Undo(replace(self.lab, board=source.board))
        self._lens.set_generator(source.classes, source.conditions, source.style_layers, len(source.directions))
        if is_another or self._bases.closed.shape[1:] != source.directions.shape[1:]:
            self._bases = DirectionSets()  # components are those of one generator
            self._lens.directions.set_names("components", ())
        self._bases = replace(self._bases, closed=source.directions)
        self._keep_what_fits(source)
        self._show_lab()

    def show_images(self, slot: str, request: LatentRequest, images: Images) -> None:
        """The answer to a request; older ones are shown as well, so that a drag looks continuous."""
        if self._source is None:
            return
        if slot == IMAGE:
            self._stage.show_image(request, images)
        elif slot == WAY:
            self._stage.show_overview(images)
        elif slot == PINS:
            self._shelf.show_images(request.way.points, images)

    def add_pin(self, point: Point) -> None:
        """A point for the shelf, unless it is there already."""
        if any(pin.point == point for pin in self.lab.board.pins):
            self.notice.emit("This is pinned already.")
        else:
            self._do(self.lab.with_pin(Pin(point)))

    def show_total(
        self, plus: tuple[Point, ...], minus: tuple[Point, ...], also: tuple[Point, ...], total: Point
    ) -> None:
        """The sum of three groups; one that is no longer looked at is ignored."""
        if (plus, minus, also) == (self.lab.plus, self.lab.minus, self.lab.also):
            self._undo.amend(replace(self.lab, total=total))
            self._show_lab()

    def use(self, point: Point, name: str) -> None:
        """A point that was found for a picture: it is pinned, and stands at A, where the lens edits it."""
        lab = self.lab.settled(self._bases).with_pin(Pin(point, name))
        self._do(replace(lab, tool="between", a=point, between_place=0.0))

    def set_components(self, directions: Latents) -> None:
        """Principal components (k, numbers), which get sliders."""
        self._bases = replace(self._bases, components=directions)
        names = [f"Component {number + 1}" for number in range(len(directions))]
        self._lens.directions.set_names("components", names)
        self._show_lab()

    def film(self) -> Walk | Loop | None:
        """The way of the tool in hand; None for one that is no line."""
        way = self.lab.way(self._bases)
        return way if isinstance(way, Loop) or (isinstance(way, Walk) and len(way.points) > 1) else None

    def add_direction(self, direction: Direction) -> None:
        """One more of the person's own."""
        self._do(self.lab.with_direction(direction))
        self._lens.directions.show_kind("own")

    def restore(self, request: LatentRequest) -> None:
        """The tool and the points that made an image."""
        self._do(self.lab.restored(request))

    def set_training(self, running: bool) -> None:
        """Whether there is a training that can be followed."""
        self._header.set_training(running)

    def set_live(self, live: bool) -> None:
        """Whether it is followed."""
        self._header.set_live(live)

    # What is on screen

    @property
    def lab(self) -> ExploreState:
        """Everything that is set."""
        return self._undo.state

    def current_request(self) -> LatentRequest:
        """The images selected in the overview if there are several, otherwise the large one."""
        places = self._stage.tool.selected_places()
        return self.lab.request(self._bases, places if len(places) > 1 else ())

    def image(self) -> Images:
        """The large image, (1, H, W, C), as it was rendered last; none before that."""
        return self._stage.image()

    def like(self) -> Point:
        """What the lens does to a seed, as a point: what other seeds' images take over from the one on screen."""
        lens = self.lab.lens
        return lens.bend(Point(self.lab.a.seed), self._bases.offset(lens))

    def home(self) -> Path | None:
        """The folder of the run whose generator is explored, if it is of one."""
        home = self._source.home if self._source else None
        return home if home is not None and home.suffix != ".safetensors" else None

    def exported(self) -> tuple[tuple[str, ...], tuple[int, int] | None]:
        """The classes that can be asked for, and width and height of the images."""
        return (self._source.classes, self._source.settings.size) if self._source else ((), None)

    # Changing

    def _do(self, lab: ExploreState, gesture: str = "") -> None:
        """A new state, by whatever changed it."""
        self._undo.do(lab, gesture, monotonic())
        self._show_lab()

    def _take(self, fields: Mapping[str, Any], gesture: str) -> None:
        """What a widget has changed, and shows already, such as a slider under the hand."""
        before, lab = self.lab, replace(self.lab, **fields)
        self._undo.do(lab, gesture, monotonic())
        if gesture and lab.board == before.board and lab.tool == before.tool:
            self._show_undo()
            self._ask_image()
            if not fields.keys() <= PLACES and lab.way(self._bases) != before.way(self._bases):
                self._ask_way()
            if lab.a != before.a:
                self._lens.set_seed(lab.a.seed)
        else:
            self._show_lab()

    def _drop(self, point: Point, put: Callable[[ExploreState, Point], ExploreState]) -> None:
        """A pin comes in, and looks as it did: so what the lens did until now goes into the other points."""
        if self._belongs(point):
            self._do(put(self.lab.settled(self._bases), point))

    def _look_at(self, pin: Pin) -> None:
        if self._belongs(pin.point):
            self._do(replace(self.lab.settled(self._bases), tool="between", a=pin.point, between_place=0.0))

    def _belongs(self, point: Point) -> bool:
        if self._source is None or self._source.fits(point):
            return True
        self.notice.emit("This pin belongs to another generator: open the checkpoint that it was made with.")
        return False

    def _go_back(self) -> None:
        if self._undo.undo():
            self._show_lab()

    def _go_again(self) -> None:
        if self._undo.redo():
            self._show_lab()

    def _keep_what_fits(self, source: ExploreSource) -> None:
        """Lets go of what another generator's images were made of."""
        lab, lens, facts = self.lab, self.lab.lens, source.conditions
        if not all(
            source.fits(point) for point in (lab.a, lab.b, *lab.corners, *lab.path, *lab.plus, *lab.minus, *lab.also)
        ):
            lab = ExploreState(board=lab.board)
        lens = replace(
            lens,
            classes=lens.classes if len(lens.classes) == facts.classes else (),
            codes=lens.codes if len(lens.codes) == facts.codes else (),
            mix=lens.mix if source.style_layers else None,
        )
        if replace(lab, lens=lens) != self.lab:
            self._undo = Undo(replace(lab, lens=lens))

    # Showing

    def _show_lab(self) -> None:
        lab = self.lab
        self._header.show_film(lab.tool not in ("square", "sum"))
        self._stage.show_lab(lab)
        self._shelf.show_lab(lab)
        self._bases = replace(self._bases, own=self._own())
        self._lens.directions.set_names("own", [direction.name for direction in lab.board.directions])
        self._lens.set_seed(lab.a.seed)
        self._lens.show_lens(lab.lens)
        self._show_undo()
        self._ask_image()
        self._ask_way()
        self._ask_pins()
        if self._source is not None and self._source.home is not None and lab.board != self._source.board:
            self._source = replace(self._source, board=lab.board)
            if self._source.trouble is None:
                self.board_changed.emit(self._source.home, lab.board)

    def _show_undo(self) -> None:
        self._header.show_undo(self._undo.can_undo, self._undo.can_redo)

    def _own(self) -> Latents:
        """The person's directions, (k, numbers); one of another generator adds nothing."""
        numbers = self._bases.closed.shape[1]
        vectors = (each.vector for each in self.lab.board.directions)
        rows = [vector if len(vector) == numbers else (0.0,) * numbers for vector in vectors]
        return np.array(rows, np.float32).reshape(len(rows), numbers)

    def _ask_image(self) -> None:
        if self._source is not None:
            request = self.lab.request(self._bases)
            self._stage.await_image(request)
            self.requested.emit(IMAGE, request)

    def _ask_way(self) -> None:
        request = self._stage.overview(self.lab, self._bases)
        if self._source is not None and request is not None:
            self.requested.emit(WAY, request)
        if self._source is not None and self.lab.wants_total:
            self.sum_requested.emit(self.lab.plus, self.lab.minus, self.lab.also)

    def _ask_pins(self) -> None:
        if self._source is None:
            return
        points, (shown, when) = tuple(filter(self._source.fits, self._shelf.points())), self._pins_shown
        if not points:
            return
        follows = self._source.path is None
        if points != shown or not follows or monotonic() - when > PINS_SECONDS:
            self._pins_shown = points, monotonic()
            self.requested.emit(PINS, LatentRequest.of(*points))

    # Keys, leaving

    def event(self, event: QEvent) -> bool:
        # A window may pause its training with Space. Where the focus is in here, Space is the walk's, or the button's.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_space(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._source is None or not self._key(event):
            super().keyPressEvent(event)

    def _key(self, event: QKeyEvent) -> bool:
        if event.matches(QKeySequence.StandardKey.Undo):
            self._go_back()
        elif event.matches(QKeySequence.StandardKey.Redo) or QKeySequence(event.keyCombination()) == _CTRL_Y:
            self._go_again()
        elif event.matches(QKeySequence.StandardKey.Copy):
            if self._stage.copy():
                self.notice.emit("The image is on the clipboard.")
        elif event.modifiers():
            return False
        elif event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._stage.tool.toggle()
        elif event.key() == Qt.Key.Key_P:
            self._pin()
        else:
            return False
        return True

    def hideEvent(self, event: QHideEvent) -> None:
        self._stage.tool.stop()
        super().hideEvent(event)

    # Pinning, exporting

    def _pin(self) -> None:
        for index in range(len(self.current_request().places)):
            self.pin_requested.emit(self.current_request().part(index, index + 1))

    def _export_shown(self, what: str) -> None:
        """`what` as the context menu of an image grid says it: "grid", "image" or "selected"."""
        tool = self._stage.tool
        places = {"grid": tool.places(self.lab), "selected": tool.selected_places()}.get(what, ())
        self.export_requested.emit(self.lab.request(self._bases, places))

    def _keep_direction(self, kind: DirectionKind, number: int, name: str) -> None:
        vectors = self._bases.closed if kind == "closed" else self._bases.components
        self.add_direction(Direction(name, to_numbers(vectors[number])))

    # Building

    def _build(self) -> None:
        text = "Nothing to explore yet. Train for a moment, or open a checkpoint."
        empty = EmptyPage(text, "Open…", "folder-open", "Open a checkpoint", "Choose a checkpoint to explore.")
        empty.asked.connect(self.open_requested)
        self._pages.addWidget(empty)
        self._pages.addWidget(self._main_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._header)
        layout.addLayout(self._pages, 1)

    def _main_page(self) -> QWidget:
        page = QWidget()
        across = QHBoxLayout()
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(self._stage, 1)
        across.addWidget(self._lens)
        down = QVBoxLayout(page)
        down.setContentsMargins(0, 0, 0, 0)
        down.setSpacing(0)
        down.addLayout(across, 1)
        down.addWidget(self._shelf)
        return page

    def _connect(self) -> None:
        self._header.live_changed.connect(self.live_changed)
        self._header.undo_requested.connect(self._go_back)
        self._header.redo_requested.connect(self._go_again)
        self._header.open_requested.connect(self.open_requested)
        self._header.film_requested.connect(self.film_requested)
        self._header.export_requested.connect(lambda: self.export_requested.emit(self.current_request()))
        for part in (self._header, self._stage):
            part.neighbours_requested.connect(lambda: self.neighbours_requested.emit(self.lab.request(self._bases)))
        self._stage.file_requested.connect(self.file_requested)
        self._stage.changed.connect(self._take)
        self._stage.dropped.connect(self._drop)
        self._stage.save_requested.connect(self._export_shown)
        self._lens.changed.connect(lambda lens, gesture: self._take({"lens": lens}, gesture))
        self._lens.directions.fit_requested.connect(lambda: self.components_requested.emit(self.like()))
        self._lens.directions.find_requested.connect(self.samples_requested)
        self._lens.directions.keep_requested.connect(self._keep_direction)
        self._lens.directions.renamed.connect(lambda number, name: self._do(self.lab.with_name(number, name)))
        self._lens.directions.removed.connect(lambda number: self._do(self.lab.without_direction(number)))
        self._shelf.changed.connect(self._take)
        self._shelf.pin_requested.connect(self._pin)
        self._shelf.chosen.connect(self._look_at)


_CTRL_Y = QKeySequence("Ctrl+Y")


def _is_space(event: QKeyEvent) -> bool:
    return event.key() == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.NoModifier
