"""Timeline: keyframes in order, open, closed, or a loop around a single one."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.events import Images
from core.generator_inputs import LARGEST_SEED
from core.language import _, in_context
from core.latent.explore_state import SECONDS, DirectionSets, ExploreState
from core.latent.request import Easing, LatentRequest, Loop, Point, Position, Trajectory, Walk, number_of
from studio import theme
from studio.widgets.basic.flow_layout import FlowLayout
from studio.widgets.basic.labels import plain_tip
from studio.widgets.basic.scale import scale_icon, scale_length
from studio.widgets.basic.spin_boxes import WheelGuard, indent_spin_box
from studio.widgets.explore.point_box import PointBox
from studio.widgets.explore.tools.scrubber import Scrubber
from studio.widgets.explore.tools.timeline_strip import TimelineStrip
from studio.widgets.explore.tools.tool import ToolView

TITLE = "Timeline"
ICON = "film-strip"
RANK = 1
COUNT = 8
"""Number of images along the timeline."""
RADIUS = 0.5
"""Radius of the loop around a single keyframe."""
EVEN: Easing = "even"
EASINGS: dict[Easing, str] = {EVEN: _("Even speed"), "smooth": _("Slow at keyframes")}
SHORTEST, LONGEST = 0.1, 600.0
"""Seconds from one keyframe to the next."""


class View(ToolView):
    """Images and keyframes of the timeline, the time, and the controls of the current keyframe."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strip, self._scrubber = TimelineStrip(), Scrubber()
        self._keyframe = PointBox(_("keyframe"), _("what the keyframe shows"))
        self._add, self._remove = QToolButton(), QToolButton()
        self._seconds = QDoubleSpinBox()
        self._closed = QCheckBox(in_context("path", "Closed"))
        self._easing = QComboBox()
        self._radius = QDoubleSpinBox()
        self._noise = QToolButton()
        self._describe()
        self._connect()
        self._build()

    def _describe(self) -> None:
        for button, icon, name, tip in (
            (self._add, "plus-circle", _("Add keyframe"), _("Add a random seed after this keyframe.")),
            (self._remove, "trash", _("Remove keyframe"), _("Remove this keyframe (Delete).")),
            (self._noise, "dice-five", _("Another loop"), _("Use another random loop around the keyframe.")),
        ):
            button.setIcon(theme.icon(icon))
            scale_icon(button, 16)
            button.setAccessibleName(name)
            button.setToolTip(plain_tip(tip))
        for spin, low, high, step, name, tip in (
            (self._seconds, SHORTEST, LONGEST, 0.5, _("Duration"), _("Seconds from this keyframe to the next.")),
            (
                self._radius,
                0.0,
                1.0,
                0.05,
                _("Radius"),
                _("Radius of the loop: 0 stands still, 1 ends at unrelated images. Usual: 0.5."),
            ),
        ):
            spin.setRange(low, high)
            spin.setSingleStep(step)
            spin.setKeyboardTracking(False)
            spin.setAccessibleName(name)
            spin.setToolTip(plain_tip(tip))
            spin.installEventFilter(WheelGuard(self))
            indent_spin_box(spin)
        self._seconds.setDecimals(1)
        self._seconds.setSuffix(_(" s"))
        self._closed.setToolTip(_("Continue from the last keyframe to the first; a single keyframe becomes a loop."))
        for easing, label in EASINGS.items():
            self._easing.addItem(label, easing)
        self._easing.setAccessibleName(_("Easing"))
        self._easing.setToolTip(_("Keep an even speed or slow down at keyframes."))

    def _connect(self) -> None:
        self._strip.scrubbed.connect(self._go_to)
        self._strip.chosen.connect(lambda row: self.move_to(float(row)))
        self._strip.moved.connect(self._move)
        self._strip.removed.connect(self._remove_keyframe)
        self._strip.dropped.connect(self._drop)
        self._strip.save_requested.connect(self.save_requested)
        self._scrubber.moved.connect(self._go_to)
        self._keyframe.seed_changed.connect(lambda seed: self._set_keyframe(Point(seed), "keyframe_seed"))
        self._keyframe.dropped.connect(lambda point: self.dropped.emit(point, self._replaced))
        self._add.clicked.connect(self._add_random)
        self._remove.clicked.connect(lambda: self._remove_keyframe(self._row()))
        self._seconds.valueChanged.connect(self._set_seconds)
        self._closed.clicked.connect(lambda closed: self.set_value("closed", closed))
        self._easing.activated.connect(lambda _: self.set_value("easing", self._easing.currentData()))
        self._radius.valueChanged.connect(lambda radius: self.set_value("radius", radius, "radius"))
        self._noise.clicked.connect(lambda: self.set_value("noise", random.randint(0, LARGEST_SEED)))

    def _build(self) -> None:
        row = FlowLayout()
        scale_length(self._keyframe, self._keyframe.setFixedWidth, 212)
        for widget in (
            self._keyframe,
            self._add,
            self._remove,
            self._seconds,
            self._closed,
            self._easing,
            self._radius,
            self._noise,
        ):
            widget.setMinimumHeight(self._seconds.sizeHint().height())  # centered in the row
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 0, 12, 4)
        column.setSpacing(4)
        column.addWidget(self._strip, 1)
        column.addWidget(self._scrubber)
        column.addLayout(row)

    # Conversions of a state

    def trajectory(self, state: ExploreState) -> Walk | Loop:
        closed = self.value(state, "closed", False)
        if closed and len(state.keyframes) == 1:
            radius, noise = self.value(state, "radius", RADIUS), self.value(state, "noise", 0)
            return Loop(state.keyframes[0], noise, radius)
        return Walk(state.keyframes, state.mode, closed, self.value(state, "easing", EVEN))

    def durations(self, state: ExploreState) -> tuple[float, ...]:
        """Returns the seconds of each segment."""
        return state.durations if self.value(state, "closed", False) else state.durations[:-1]

    def request(
        self, state: ExploreState, directions: DirectionSets, positions: tuple[Position, ...] = ()
    ) -> LatentRequest:
        if state.single is not None and not positions:
            return LatentRequest.of(state.edit.apply(state.single, directions.offset(state.edit)))
        return super().request(state, directions, positions)

    def restored(self, state: ExploreState, trajectory: Trajectory) -> ExploreState | None:
        if isinstance(trajectory, Loop):
            state = replace(state, keyframes=(trajectory.centre,), durations=(2 * SECONDS,), single=None)
            state = self.with_value(self.with_value(state, "closed", True), "noise", trajectory.seed)
            return self.with_value(state, "radius", trajectory.radius)
        if not isinstance(trajectory, Walk):
            return None
        if len(trajectory.points) == 1 and not trajectory.closed:
            return replace(state, single=trajectory.points[0])
        durations = (SECONDS,) * len(trajectory.points)
        state = replace(state, keyframes=trajectory.points, durations=durations, mode=trajectory.mode, single=None)
        state = self.with_value(state, "closed", trajectory.closed)
        return self.with_value(state, "easing", trajectory.easing)

    def position(self, state: ExploreState) -> Position:
        return min(number_of(super().position(state)), self._length(state))

    def moved(self, state: ExploreState, position: Position) -> ExploreState:
        found = self._at(state, number_of(position))
        return replace(found, single=None) if found.single is not None else found

    def move_to(self, position: Position) -> None:
        state = self.moved(self.state, position)
        if state is not self.state:
            self.change("position", values=state.values, single=None)
            self.show_position()

    def positions(self, state: ExploreState) -> tuple[Position, ...]:
        """Returns the keyframes."""
        return tuple(map(float, range(len(state.keyframes))))

    def overview(self, state: ExploreState, directions: DirectionSets) -> LatentRequest | None:
        durations = self.durations(state)
        if not durations:
            return self.request(state, directions, (0.0,))
        places = tuple(position_at(durations, (index + 0.5) / COUNT, self._length(state)) for index in range(COUNT))
        return self.request(state, directions, places)

    def _length(self, state: ExploreState) -> float:
        trajectory = self.trajectory(state)
        return 1.0 if isinstance(trajectory, Loop) else float(trajectory.length)

    # Controls

    def show_state(self, state: ExploreState) -> None:
        closed = self.value(state, "closed", False)
        is_loop = closed and len(state.keyframes) == 1
        self._strip.set_keyframes(state.durations, closed)
        self._scrubber.set_seconds(sum(self.durations(state)))
        super().show_state(state)
        self._closed.setChecked(closed)
        self._easing.setCurrentIndex(self._easing.findData(self.value(state, "easing", EVEN)))
        self._easing.setVisible(not is_loop)
        for widget in (self._radius, self._noise):
            widget.setVisible(is_loop)
        with QSignalBlocker(self._radius):
            self._radius.setValue(self.value(state, "radius", RADIUS))
        self._remove.setEnabled(len(state.keyframes) > 1)

    def show_position(self) -> None:
        state = self.state
        durations, position = self.durations(state), number_of(self.position(state))
        share = share_at(durations, position, self._length(state))
        self._scrubber.set_share(share)
        self._strip.set_share(share if state.single is None else None)
        row = self._row()
        self._keyframe.set_point(state.keyframes[row])
        with QSignalBlocker(self._seconds):
            self._seconds.setValue(state.durations[row])
        self._seconds.setEnabled(row < len(durations))

    def show_overview(self, images: Images) -> None:
        self._strip.set_images(images)

    def toggle(self) -> None:
        self._scrubber.toggle()

    def stop(self) -> None:
        self._scrubber.stop()

    def set_waiting(self, waiting: bool) -> None:
        self._scrubber.set_waiting(waiting)

    # Changes by the user

    def _row(self) -> int:
        """Returns the keyframe at or before the current time."""
        return min(int(number_of(self.position(self.state)) + 1e-6), len(self.state.keyframes) - 1)

    def _go_to(self, share: float) -> None:
        self.move_to(position_at(self.durations(self.state), share, self._length(self.state)))

    def _take(self, state: ExploreState, gesture: str = "") -> None:
        self.change(
            gesture,
            keyframes=state.keyframes,
            durations=state.durations,
            single=state.single,
            values=state.values,
        )
        if gesture:
            self.show_state(self.state)

    def _set_keyframe(self, point: Point, gesture: str = "") -> None:
        self._take(self._replaced(self.state, point), gesture)

    def _replaced(self, state: ExploreState, point: Point) -> ExploreState:
        """Returns the state with the current keyframe replaced and the timeline moved to it."""
        row = self._row()
        keyframes = (*state.keyframes[:row], point, *state.keyframes[row + 1 :])
        return self.moved(replace(state, keyframes=keyframes), float(row))

    def _add_random(self) -> None:
        row = self._row() + 1
        self._take(self.moved(self.state.with_keyframe(row, Point(random.randint(0, LARGEST_SEED))), float(row)))

    def _move(self, row: int, to: int) -> None:
        self._take(self.moved(self.state.with_keyframe_moved(row, to), float(to)))

    def _remove_keyframe(self, row: int) -> None:
        self._take(self.state.without_keyframe(row))

    def _set_seconds(self, seconds: float) -> None:
        row, durations = self._row(), self.state.durations
        self._take(replace(self.state, durations=(*durations[:row], seconds, *durations[row + 1 :])), "duration")

    def _drop(self, row: int, request: LatentRequest) -> None:
        def put(state: ExploreState, point: Point) -> ExploreState:
            return self.moved(state.with_keyframe(row, point), float(row))

        points = request.trajectory.points
        if isinstance(request.trajectory, Walk) and len(points) == 1:
            self.dropped.emit(points[0], put)
        else:
            self.image_dropped.emit(request, put)


def position_at(durations: Sequence[float], share: float, length: float) -> float:
    """Returns the position at an elapsed share of the time, for segments of these durations."""
    ends = list(accumulate(durations))
    if not ends:
        return 0.0
    time = share * ends[-1]
    segment = min(bisect_right(ends, time), len(ends) - 1)
    within = (time - (ends[segment] - durations[segment])) / durations[segment]
    return min((segment + within) * length / len(ends), length)


def share_at(durations: Sequence[float], position: float, length: float) -> float:
    """Returns the elapsed share of the time at a position; the inverse of `position_at`."""
    whole = sum(durations)
    if not whole or not length:
        return 0.0
    number = position * len(durations) / length
    segment = min(int(number), len(durations) - 1)
    return (sum(durations[:segment]) + (number - segment) * durations[segment]) / whole
