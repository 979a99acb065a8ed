"""Tools of the Explore workspace: each module of this folder that defines `TITLE` is one."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Protocol, TypeVar, cast, runtime_checkable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from core.events import Images
from core.latent.explore_state import DirectionSets, ExploreState
from core.latent.request import LatentRequest, Point, Position, Trajectory, number_of
from core.registry import by_rank, components_in
from studio.widgets.explore import tools

T = TypeVar("T")
Points = tuple[Point, ...]


class ToolModule(Protocol):
    """Interface of a tool's module. `RANK`: order of the tools."""

    TITLE: str
    ICON: str
    RANK: int
    View: type[ToolView]


def discover() -> dict[str, ToolModule]:
    """Imports the modules of the tools; returns them by name, ordered by `RANK`."""
    found = [component for folder in tools.__path__ for component in components_in(Path(folder)).values()]
    names = [component.name for component in by_rank(found)]
    return {name: cast(ToolModule, import_module(f"{tools.__name__}.{name}")) for name in names}


@runtime_checkable
class Timed(Protocol):
    """A tool whose trajectories have durations."""

    def durations(self, state: ExploreState) -> tuple[float, ...]:
        """Returns the seconds of each segment."""


class ToolView(QWidget):
    """Controls of a tool, and its conversion of an `ExploreState` to requests. Setters emit nothing."""

    changed = Signal(object, str)
    """Changed fields of the `ExploreState`, and the gesture id; an empty id is a single change, after which everything
    is shown again."""
    dropped = Signal(object, object)
    """A pin's `Point`, and a function that inserts it into an `ExploreState`."""
    image_dropped = Signal(object, object)
    """`LatentRequest` of an image between points, and a function that inserts the resulting point."""
    save_requested = Signal(str)
    """Small images to save, as in `ImageGrid`."""

    start: Position = 0.0
    """Initial position."""
    is_line = True
    """Tells whether its trajectories can be exported as videos."""
    interpolates = True
    """Tells whether its trajectories depend on the `ExploreState`'s interpolation mode."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = ExploreState()

    # Conversions of a state

    @property
    def name(self) -> str:
        """Returns the name of the tool's module, its key in a state."""
        return type(self).__module__.rpartition(".")[2]

    def trajectory(self, state: ExploreState) -> Trajectory:
        """Returns the trajectory through the state's points before the edit."""
        raise NotImplementedError

    def restored(self, state: ExploreState, trajectory: Trajectory) -> ExploreState | None:
        """Returns the state with the points of a trajectory; None if the tool cannot show it."""
        return None

    def position(self, state: ExploreState) -> Position:
        """Returns the position of the large image on the trajectory."""
        return self.value(state, "position", self.start)

    def moved(self, state: ExploreState, position: Position) -> ExploreState:
        """Returns the state at another position; the same state if it is there already."""
        return self._at(state, number_of(position))

    def wanted_sum(self, state: ExploreState) -> tuple[Points, Points, Points] | None:
        """Returns three groups whose sum is still to be computed; None for none."""
        return None

    def edited(self, state: ExploreState, directions: DirectionSets) -> Trajectory:
        """Returns the trajectory through the edited points."""
        return state.edit.apply_along(self.trajectory(state), directions.offset(state.edit))

    def request(
        self, state: ExploreState, directions: DirectionSets, positions: tuple[Position, ...] = ()
    ) -> LatentRequest:
        """Returns a request for images at `positions`; for the large image if empty."""
        return LatentRequest(self.edited(state, directions), positions or (self.position(state),))

    def nearest_point(self, state: ExploreState) -> Point:
        """Returns the current point, or the nearest one on the trajectory."""
        points, position = self.trajectory(state).points, self.position(state)
        if state.single is not None or isinstance(position, tuple):
            return state.a
        return points[min(round(position), len(points) - 1)]

    def value(self, state: ExploreState, name: str, default: T) -> T:
        """Returns a value of the state that only this tool uses, or its default."""
        return state.value(f"{self.name}.{name}", default)

    def with_value(self, state: ExploreState, name: str, value: Position | str) -> ExploreState:
        """Returns the state with a value that only this tool uses."""
        return state.with_value(f"{self.name}.{name}", value)

    def _at(self, state: ExploreState, position: Position) -> ExploreState:
        stands_there = self.value(state, "position", self.start) == position
        return state if stands_there else self.with_value(state, "position", position)

    # Small images

    def positions(self, state: ExploreState) -> tuple[Position, ...]:
        """Returns the positions of the small images."""
        return ()

    def overview(self, state: ExploreState, directions: DirectionSets) -> LatentRequest | None:
        """Returns a request for the small images; None for none."""
        positions = self.positions(state)
        return self.request(state, directions, positions) if positions else None

    def show_overview(self, images: Images) -> None:
        """Shows the small images."""
        raise NotImplementedError

    def selected_positions(self) -> tuple[Position, ...]:
        """Returns the positions of the selected small images; fewer than two mean the large image."""
        return ()

    # Controls

    def show_state(self, state: ExploreState) -> None:
        """Shows a state and the position of the large image."""
        self.state = state
        self.show_position()

    def show_position(self) -> None:
        """Shows the position of the large image."""

    def toggle(self) -> None:
        """Starts or stops playback; does nothing in tools without it."""

    def stop(self) -> None:
        """Stops playback."""

    def set_waiting(self, waiting: bool) -> None:
        """Sets whether the image of the current position is still being rendered."""

    def change(self, gesture: str = "", /, **fields: object) -> None:
        """Changes fields of the state on behalf of the user."""
        self.state = replace(self.state, **fields)  # type: ignore[arg-type]
        self.changed.emit(fields, gesture)

    def set_value(self, name: str, value: Position | str, gesture: str = "") -> None:
        """Changes a value that only this tool uses, on behalf of the user."""
        self.change(gesture, values=self.with_value(self.state, name, value).values)

    def move_to(self, position: Position) -> None:
        """Moves to a position, by the user or playback."""
        state = self.moved(self.state, position)
        if state is not self.state:
            self.change("position", values=state.values)
            self.show_position()
