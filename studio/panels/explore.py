"""Panel of the Explore workspace: one image, a timeline and other tools, an edit of all images, and pins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QHideEvent, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from core.events import Images
from core.generator_inputs import Latents
from core.language import _, number, sentences
from core.latent.explore_state import (
    Direction,
    DirectionKind,
    DirectionSets,
    Edit,
    ExploreState,
    Maker,
    Pin,
)
from core.latent.request import LatentRequest, Loop, Point, Position, Walk, to_numbers
from studio.model.explore import ExploreSource
from studio.model.undo import Undo
from studio.widgets.basic.empty_page import EmptyPage
from studio.widgets.explore.direction_controls import REACH
from studio.widgets.explore.header import ExploreHeader
from studio.widgets.explore.layout import ExploreLayout
from studio.widgets.explore.tools.tool import Timed

Points = tuple[Point, ...]
NOTHING = _("Nothing to explore yet. Train for a few minutes, or open a checkpoint.")
IMAGE, OVERVIEW, PINS, ENDS, BEFORE = "image", "overview", "pins", "ends", "before"
"""Slots of requests: the large image, the tool's overview, pins, a direction's ends, and the image before the edit."""


class ExplorePanel(QWidget):
    """Panel that requests images at every change and shows the answers; the service may skip all but the newest."""

    requested = Signal(str, object)
    """A slot and its `LatentRequest`."""
    pin_requested = Signal(object)
    """Request of an image to pin; answer with `add_pin`."""
    maker_requested = Signal(object, object)
    """The source's home, and the `Maker` of a pin whose generator to explore."""
    newest_requested = Signal()
    """Explore the newest weights of the training."""
    pins_changed = Signal(object, object)
    """The source's home, and the `SavedPins` to store there."""
    point_requested = Signal(object, object)
    """Request of an image to turn into a single point, and a function that takes this `Point`."""
    undo_changed = Signal(bool, bool)
    """Tells whether undo and redo are possible."""
    live_changed = Signal(bool)
    open_requested = Signal()
    export_requested = Signal(object)
    """`LatentRequest` of the shown or selected images."""
    file_requested = Signal(object, object)
    """`LatentRequest` of an image dragged to another program, and the `Path` where it is expected."""
    video_requested = Signal()
    """Export the trajectory of the current tool as a video."""
    nearest_requested = Signal(object)
    """Request of an image whose nearest training images to find."""
    components_requested = Signal(object)
    """Compute principal components for the class and codes of this `Point`."""
    samples_requested = Signal()
    """Create a direction from samples."""
    sum_requested = Signal(object, object, object)
    """Three groups of points; answer with `show_total`."""
    notice = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source: ExploreSource | None = None
        self._undo = Undo(ExploreState())
        self._directions = DirectionSets()
        self._awaited: Pin | None = None
        """Pin to show once its generator is explored."""
        self._names: dict[Point, str] = {}
        """Names of points whose pins are being made."""
        self._ends: tuple[DirectionKind, int, LatentRequest] | None = None
        """Direction whose ends are being rendered."""
        self._header = ExploreHeader()
        self._layout = ExploreLayout(self._header)
        self._stage, self._tools = self._layout.stage, self._layout.tools
        self._edit_controls, self._shelf = self._layout.controls, self._layout.shelf
        self._pages = QStackedLayout()
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._build()
        self._connect()
        self.show_source(None)

    # Display

    def show_source(self, source: ExploreSource | None) -> None:
        """Shows another explored generator, or newer weights of the same training; None for none."""
        is_another = source is None or self._source is None or source.home != self._source.home
        self._source = source
        self._layout.show_source(source)
        self._pages.setCurrentIndex(0 if source is None else 1)
        if source is None:
            return
        if is_another:
            self._edit_controls.directions.clear_ends()
            self._undo = Undo(replace(self.state, saved=source.saved))
        if is_another or self._directions.closed.shape[1:] != source.directions.shape[1:]:
            self._directions = DirectionSets()  # components belong to one generator
        self._directions = replace(self._directions, closed=source.directions)
        self._let_go_of_others(source)
        self._show_state()
        awaited, self._awaited = self._awaited, None
        if awaited is not None and source.made(awaited):
            self._look_at(awaited)

    def show_opening(self, name: str) -> None:
        """Shows which generator is being opened, if none is yet; empty: opening failed."""
        self._empty.set_text(_("Opening {name}…").format(name=name) if name else NOTHING)

    def show_images(self, slot: str, request: LatentRequest, images: Images) -> None:
        """Shows the answer to a request, an older one too, so that a drag looks continuous."""
        if self._source is None:
            return
        if slot == IMAGE:
            if self._stage.show_image(request, images):
                self._tools.tool.set_waiting(False)
        elif slot == OVERVIEW:
            self._tools.tool.show_overview(images)
        elif slot == PINS:
            self._shelf.show_images(request.trajectory.points, images)
        elif slot == BEFORE:
            self._stage.show_before(images)
        elif slot == ENDS and self._ends is not None and request == self._ends[2]:
            kind, number, _ = self._ends
            self._edit_controls.directions.show_ends(kind, number, images)

    def add_pin(self, pin: Pin) -> None:
        """Adds a pin, unless the same point of the same generator is pinned already."""
        self._shelf.end_pinning()
        pin = replace(pin, name=self._names.pop(pin.point, pin.name))
        if any((each.point, each.maker) == (pin.point, pin.maker) for each in self.state.saved.pins):
            self.notice.emit(_("Already pinned."))
        else:
            self._do(self.state.with_pin(pin))

    def end_pinning(self, *_: object) -> None:
        """Stops waiting for pins after an error."""
        self._shelf.end_pinning()

    def show_total(self, plus: Points, minus: Points, also: Points, total: Point) -> None:
        """Shows the sum of three groups; ignores the sum of earlier ones."""
        if (plus, minus, also) == (self.state.plus, self.state.minus, self.state.also):
            self._undo.amend(replace(self.state, total=total))
            self._show_state()

    def use(self, point: Point, name: str) -> None:
        """Shows a point found for a photo, and pins it under the photo's name."""
        self._do(self._showing(point))
        self._names[point] = name
        self.pin()

    def set_components(self, directions: Latents) -> None:
        """Shows sliders for principal components (k, numbers)."""
        self._directions = replace(self._directions, components=directions)
        self._show_state()

    def add_direction(self, direction: Direction) -> None:
        """Adds a custom direction."""
        self._do(self.state.with_direction(direction))
        self._edit_controls.directions.show_kind("own")

    def restore(self, request: LatentRequest) -> None:
        """Restores the tool and points that made an image."""
        self._do(self._tools.restored(self.state, request))

    def set_newest(self, step: int | None) -> None:
        """Offers weights of this step, newer than the explored ones; None for none."""
        self._header.set_newest(step)

    def set_live(self, live: bool) -> None:
        """Shows whether the training is followed."""
        self._header.set_live(live)

    def choices(self) -> dict[str, Any]:
        """Returns the arrangement of the workspace as JSON values, for `restore_choices`."""
        return {"pins": self._shelf.action.isChecked(), "smooth": self._stage.is_smooth()}

    def restore_choices(self, choices: Mapping[str, Any]) -> None:
        """Restores the arrangement; ignores invalid parts."""
        for name, choose in (("pins", self._shelf.action.setChecked), ("smooth", self._stage.set_smooth)):
            if isinstance(chosen := choices.get(name), bool):
                choose(chosen)

    def panel_actions(self) -> list[QAction]:
        """Returns the actions that show and hide parts of the workspace, for a menu."""
        return [self._shelf.action]

    # Current values

    @property
    def state(self) -> ExploreState:
        """Returns the current state."""
        return self._undo.state

    def current_request(self) -> LatentRequest:
        """Returns a request for the images selected in the overview if there are several, else for the large one."""
        positions = self._tools.tool.selected_positions()
        return self._request(positions if len(positions) > 1 else ())

    def line(self) -> Walk | Loop | None:
        """Returns the trajectory of the current tool, to export as a video; None where there is none."""
        trajectory = self._tools.tool.edited(self.state, self._directions)
        if isinstance(trajectory, Loop):
            return trajectory
        return trajectory if isinstance(trajectory, Walk) and len(trajectory.points) > 1 else None

    def durations(self) -> tuple[float, ...]:
        """Returns the seconds of each segment of `line`."""
        tool = self._tools.tool
        return tool.durations(self.state) if isinstance(tool, Timed) else ()

    def image(self) -> Images:
        """Returns the large image, (1, H, W, C), as rendered last; None before."""
        return self._stage.image()

    def like(self) -> Point:
        """Returns the edit as a point of A's seed: the settings that other seeds take over."""
        edit = self.state.edit
        return edit.apply(Point(self.state.a.seed), self._directions.offset(edit))

    def home(self) -> Path | None:
        """Returns the run folder of the explored generator, if there is one."""
        home = self._source.home if self._source else None
        return home if home is not None and home.suffix != ".safetensors" else None

    def exported(self) -> tuple[tuple[str, ...], tuple[int, int] | None]:
        """Returns the available classes, and width and height of the images."""
        return (self._source.classes, self._source.settings.size) if self._source else ((), None)

    # Changes

    def _do(self, state: ExploreState, gesture: str = "") -> None:
        """Sets and shows a new state, unless it has more pins or directions than can be saved."""
        if not self._exceeds(state):
            self._undo.do(state, gesture, monotonic())
        self._show_state()

    def _exceeds(self, state: ExploreState) -> bool:
        """Shows which pins or directions exceed the limit; returns whether any do."""
        if excess := state.saved.excess:
            self.notice.emit(sentences(excess, _("Remove some first.")))
        return bool(excess)

    def _take(self, fields: Mapping[str, Any], gesture: str) -> None:
        """Takes over a change that a widget already shows, such as a moving slider."""
        before, state, edited = self.state, replace(self.state, **fields), self._tools.tool.edited
        if self._exceeds(state):
            self._show_state()
            return
        self._undo.do(state, gesture, monotonic())
        if gesture and state.saved == before.saved and state.tool == before.tool:
            self._show_undo()
            self._ask_image()
            if edited(state, self._directions) != edited(before, self._directions):
                self._ask_overview()
            if state.a != before.a:
                self._edit_controls.set_seed(state.a.seed)
        else:
            self._show_state()

    def _drop(self, point: Point, put: Callable[[ExploreState, Point], ExploreState]) -> None:
        """Inserts a pin with its look; the current edit moves into the other points."""
        if not self._belongs(point):
            return
        self._do(put(self.state.baked(self._directions), point))
        makers = {pin.maker for pin in self.state.saved.pins if pin.point == point}
        if self._source is not None and makers and not makers & {None, self._maker()}:
            step = next(maker.step for maker in makers if maker is not None)
            text = _("The pin was made at step {made}. Step {step} draws it now.")
            self.notice.emit(text.format(made=number(step), step=number(self._source.step)))

    def _drop_image(self, request: LatentRequest, put: Callable[[ExploreState, Point], ExploreState]) -> None:
        """Inserts an image between points, which becomes a point first."""
        if all(map(self._belongs, request.trajectory.points)):
            self.point_requested.emit(request, lambda point: self._drop(point, put))

    def _maker(self) -> Maker | None:
        return Maker(self._source.step, self._source.weights) if self._source and self._source.weights else None

    def _look_at(self, pin: Pin) -> None:
        if self._belongs(pin.point):
            self._do(self._showing(pin.point))

    def _open_maker(self, pin: Pin) -> None:
        """Opens the generator that made a pin, then shows the pin."""
        if self._source is not None and self._source.home is not None:
            self._awaited = pin
            self.maker_requested.emit(self._source.home, pin.maker)

    def _showing(self, point: Point) -> ExploreState:
        """Returns the state that shows a single point."""
        state = self.state.baked(self._directions)
        return self._tools.restored(state, LatentRequest.of(point))

    def _belongs(self, point: Point) -> bool:
        if self._source is None or self._source.fits(point):
            return True
        self.notice.emit(_("This pin belongs to another generator. Open the checkpoint that it was made with."))
        return False

    def undo(self) -> None:
        """Undoes the last change."""
        if self._undo.undo():
            self._show_state()

    def redo(self) -> None:
        """Redoes an undone change."""
        if self._undo.redo():
            self._show_state()

    def copy(self) -> bool:
        """Copies the image to the clipboard; returns whether there was one."""
        is_copied = self._source is not None and self._stage.copy()
        if is_copied:
            self.notice.emit(_("Image copied to the clipboard."))
        return is_copied

    def pin(self) -> None:
        """Pins the current image."""
        if self._source is None:
            return
        request = self.current_request()
        for index in range(len(request.positions)):
            self._pin_image(request.part(index, index + 1))

    def _pin_image(self, request: LatentRequest) -> None:
        if all(map(self._belongs, request.trajectory.points)):
            self._shelf.await_pin()
            self.pin_requested.emit(request)

    def _let_go_of_others(self, source: ExploreSource) -> None:
        """Removes points that belong to another generator."""
        fitting = source.fitting(self.state)
        if fitting != self.state:
            self._undo = Undo(fitting)

    # Requests

    def _show_state(self) -> None:
        state = self.state
        if self._source is not None:
            self._directions = replace(self._directions, own=self._source.vectors(state.saved))
        self._layout.show_state(state, self._directions)
        self._show_undo()
        self._ask_image()
        self._ask_overview()
        self._ask_pins()
        if self._source is not None and self._source.home is not None and state.saved != self._source.saved:
            self._source = replace(self._source, saved=state.saved)
            if self._source.pins_problem is None:
                self.pins_changed.emit(self._source.home, state.saved)

    def _show_undo(self) -> None:
        self._header.show_undo(self._undo.can_undo, self._undo.can_redo)
        self.undo_changed.emit(self._undo.can_undo, self._undo.can_redo)

    def _request(self, positions: tuple[Position, ...] = ()) -> LatentRequest:
        return self._tools.tool.request(self.state, self._directions, positions)

    def _ask_image(self) -> None:
        if self._source is not None:
            request = self._request()
            self._stage.await_image(request)
            self._tools.tool.set_waiting(True)
            self.requested.emit(IMAGE, request)
            self._edit_controls.directions.renew_ends()

    def _ask_overview(self) -> None:
        if self._source is None:
            return
        request = self._tools.tool.overview(self.state, self._directions)
        if request is not None:
            self.requested.emit(OVERVIEW, request)
        groups = self._tools.tool.wanted_sum(self.state)
        if groups is not None:
            self.sum_requested.emit(*groups)

    def _ask_pins(self) -> None:
        request = self._shelf.wanted(self._source) if self._source is not None else None
        if request is not None:
            self.requested.emit(PINS, request)

    def _ask_ends(self, kind: DirectionKind, number: int) -> None:
        """Requests the images at both ends of a direction, at the current point."""
        if self._source is None:
            return
        point, edit = self._tools.tool.nearest_point(self.state), self.state.edit
        moved = [edit.with_amount(kind, number, amount) for amount in (-REACH, REACH)]
        ends = [each.apply(point, self._directions.offset(each)) for each in moved]
        self._ends = kind, number, LatentRequest.of(*ends)
        self.requested.emit(ENDS, self._ends[2])

    def _compare(self, on: bool) -> None:
        """Requests the image before the edit while it is compared."""
        if on and self._source is not None:
            self.requested.emit(BEFORE, self._tools.tool.request(replace(self.state, edit=Edit()), self._directions))

    # Keys, leaving

    def event(self, event: QEvent) -> bool:
        # A window may pause its training with Space. With the focus in here, Space belongs to playback or the button.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_space(event):
            event.accept()
            return True
        if event.type() == QEvent.Type.WindowDeactivate:  # the key may be released elsewhere
            self._stage.compare(False)
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._source is None or not self._key(event):
            super().keyPressEvent(event)

    def _key(self, event: QKeyEvent) -> bool:
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo()
        elif event.matches(QKeySequence.StandardKey.Redo) or QKeySequence(event.keyCombination()) == _CTRL_Y:
            self.redo()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.modifiers():
            return False
        elif event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._tools.tool.toggle()
        elif event.key() == Qt.Key.Key_P:
            self.pin()
        elif event.key() == Qt.Key.Key_A:
            self._stage.compare(True)
        else:
            return False
        return True

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_A and not event.isAutoRepeat():
            self._stage.compare(False)
        else:
            super().keyReleaseEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.focusWidget() is None:
            self.setFocus()  # or Space would press the first button of the page
        self._show_undo()
        self._edit_controls.directions.renew_ends()

    def hideEvent(self, event: QHideEvent) -> None:
        self._tools.tool.stop()
        self._stage.compare(False)
        super().hideEvent(event)

    # Export and construction

    def _export_shown(self, what: str) -> None:
        """Exports `what` of the context menu of an image grid: "grid", "image" or "selected"."""
        tool = self._tools.tool
        positions = {"grid": tool.positions(self.state), "selected": tool.selected_positions()}.get(what, ())
        self.export_requested.emit(self._request(positions))

    def _keep_direction(self, kind: DirectionKind, number: int, name: str) -> None:
        vectors = self._directions.closed if kind == "closed" else self._directions.components
        self.add_direction(Direction(name, to_numbers(vectors[number])))

    # Construction

    def _build(self) -> None:
        self._empty = EmptyPage(
            NOTHING, _("Open…"), "folder-open", _("Open a checkpoint"), _("Choose a checkpoint to explore.")
        )
        self._empty.asked.connect(self.open_requested)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._header)
        layout.addLayout(self._pages, 1)  # before it has pages, or the first would show as a window
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._layout)

    def _connect(self) -> None:
        self._header.live_changed.connect(self.live_changed)
        self._header.newest_requested.connect(self.newest_requested)
        self._header.undo_requested.connect(self.undo)
        self._header.redo_requested.connect(self.redo)
        self._header.open_requested.connect(self.open_requested)
        self._header.video_requested.connect(self.video_requested)
        self._header.export_requested.connect(lambda: self.export_requested.emit(self.current_request()))
        for part in (self._header, self._stage):
            part.nearest_requested.connect(lambda: self.nearest_requested.emit(self._request()))
        self._stage.file_requested.connect(self.file_requested)
        self._stage.comparing.connect(self._compare)
        self._tools.changed.connect(self._take)
        self._tools.dropped.connect(self._drop)
        self._tools.image_dropped.connect(self._drop_image)
        self._stage.save_requested.connect(self._export_shown)
        self._tools.save_requested.connect(self._export_shown)
        self._edit_controls.changed.connect(
            lambda fields, gesture: self._take({"edit": replace(self.state.edit, **fields)}, gesture)
        )
        self._edit_controls.directions.fit_requested.connect(lambda: self.components_requested.emit(self.like()))
        self._edit_controls.directions.find_requested.connect(self.samples_requested)
        self._edit_controls.directions.keep_requested.connect(self._keep_direction)
        self._edit_controls.directions.renamed.connect(
            lambda kind, number, name: self._do(self.state.with_name(kind, number, name))
        )
        self._edit_controls.directions.removed.connect(lambda number: self._do(self.state.without_direction(number)))
        self._shelf.changed.connect(self._take)
        self._edit_controls.directions.ends_requested.connect(self._ask_ends)
        self._shelf.pin_requested.connect(self.pin)
        self._shelf.undo_requested.connect(self.undo)
        self._shelf.image_dropped.connect(self._pin_image)
        self._shelf.timeline_requested.connect(
            lambda pin: self._drop(pin.point, lambda state, point: state.with_keyframe(len(state.keyframes), point))
        )
        self._shelf.chosen.connect(self._look_at)
        self._shelf.maker_requested.connect(self._open_maker)


_CTRL_Y = QKeySequence("Ctrl+Y")


def _is_space(event: QKeyEvent) -> bool:
    return event.key() == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.NoModifier
