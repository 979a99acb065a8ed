"""State of the Explore workspace as one frozen value, which is also the undo item."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from core.data.names import MOST_BYTES
from core.errors import UserError
from core.formatting import size_text
from core.generator_inputs import Latents
from core.language import _, plural
from core.latent.request import Loop, Mix, Mode, Numbers, Point, Square, Trajectory, to_numbers

DirectionKind = Literal["closed", "components", "own"]
"""Kinds of directions: closed form (SeFa), principal components (GANSpace), or defined by the user."""
Corners = tuple[Point, Point, Point, Point]
T = TypeVar("T")

MOST_PINS, MOST_DIRECTIONS = 1000, 100
"""Maximum pins and directions of a run; each pin is rendered, and each direction has a slider."""
LONGEST_NAME = 2**12
"""Characters."""
SECONDS = 2.0
"""Default duration from one keyframe to the next."""
PICTURE_SIDE, MOST_PICTURE = 96, 2**16
"""Side in pixels, and maximum characters, of the thumbnail of a pin."""
Name = Annotated[str, Field(max_length=LONGEST_NAME)]


@dataclass(frozen=True)
class Maker:
    """Generator that made the image of a pin. `weights`: fingerprint of its EMA weights."""

    step: Annotated[int, Field(ge=0, lt=10**18)]
    weights: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]


@dataclass(frozen=True)
class Pin:
    """Saved point with a name.

    `maker`: generator that it was pinned with; None if unknown. `picture`: its image at that time, a PNG of at most
    `PICTURE_SIDE` px in base64, or empty.
    """

    point: Point
    name: Name = ""
    favourite: bool = False
    maker: Maker | None = None
    picture: Annotated[str, Field(max_length=MOST_PICTURE, pattern="^[A-Za-z0-9+/=]*$")] = ""


@dataclass(frozen=True)
class Direction:
    """Saved direction. `vector`: one unit of its slider, with the size of `Point.offset`."""

    name: Name
    vector: Numbers


@dataclass(frozen=True)
class DirectionName:
    """User's name for the direction of a kind and number, shared by all generators of a run."""

    kind: Literal["closed", "components"]
    number: Annotated[int, Field(ge=0, lt=MOST_DIRECTIONS)]
    name: Name


@dataclass(frozen=True)
class SavedPins:
    """Pins and directions that are saved with a run. `names`: names of closed-form directions and components."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", allow_inf_nan=False)

    pins: Annotated[tuple[Pin, ...], Field(max_length=MOST_PINS)] = ()
    directions: Annotated[tuple[Direction, ...], Field(max_length=MOST_DIRECTIONS)] = ()
    names: Annotated[tuple[DirectionName, ...], Field(max_length=MOST_DIRECTIONS)] = ()

    def name(self, kind: DirectionKind, number: int) -> str:
        """Returns the user's name of a closed-form direction or component; empty if it has none."""
        return next((each.name for each in self.names if (each.kind, each.number) == (kind, number)), "")

    @property
    def excess(self) -> str:
        """Message about a limit that is exceeded; empty if none is."""
        if len(self.pins) > MOST_PINS:
            return plural("At most {count} pin can be saved.", "At most {count} pins can be saved.", MOST_PINS)
        if len(self.directions) > MOST_DIRECTIONS:
            return plural(
                "At most {count} direction can be saved.", "At most {count} directions can be saved.", MOST_DIRECTIONS
            )
        return ""

    def json(self) -> str:
        """Returns text that `read_pins` reads back. Raises `UserError` if a limit is exceeded."""
        text = _SAVED_PINS.dump_json(self)
        if self.excess or len(text) > MOST_BYTES:
            size = _("The pins take {size}, more than the limit.").format(size=size_text(len(text)))
            remedy = _("Remove some pins. Until then, the pins saved before are kept.")
            raise UserError(self.excess or size, remedy)
        return text.decode()


_SAVED_PINS = TypeAdapter(SavedPins)


def read_pins(text: str | bytes) -> SavedPins:
    """Reads the text of `SavedPins.json`. Raises `UserError` for any other text, and if a limit is exceeded."""
    try:
        return _SAVED_PINS.validate_json(text)
    except ValidationError as error:
        raise UserError(
            _("The pins of this run cannot be read."),
            _("Their file is damaged or was written by another version. Restore it from a backup, or delete it."),
            str(error),
        ) from error


@dataclass(frozen=True)
class DirectionSets:
    """Directions with sliders, each kind (k, n): closed form, principal components, and the user's own."""

    closed: Latents = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    components: Latents = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    own: Latents = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def offset(self, edit: Edit) -> Numbers:
        """Returns the sum of all slider offsets; empty if it is zero, so that equal images have equal requests."""
        pairs = ((edit.closed, self.closed), (edit.components, self.components), (edit.own, self.own))
        found = [
            np.asarray(amounts[: len(base)], np.float32) @ base[: len(amounts)]
            for amounts, base in pairs
            if any(amounts) and len(base)
        ]
        return to_numbers(np.sum(found, 0)) if found else ()


@dataclass(frozen=True)
class Edit:
    """Changes that apply to every image on screen.

    `closed`, `components`, `own`: amounts along the directions of that kind, empty if all are 0. `psi` multiplies the
    point's own; `classes`, `codes` and `mix` replace the point's own unless they are empty.
    """

    psi: float = 1.0
    classes: Numbers = ()
    codes: Numbers = ()
    closed: Numbers = ()
    components: Numbers = ()
    own: Numbers = ()
    mix: Mix | None = None

    def amounts(self, kind: DirectionKind) -> Numbers:
        """Returns the amounts along the directions of a kind."""
        return {"closed": self.closed, "components": self.components, "own": self.own}[kind]

    def moved(self, kind: DirectionKind, amounts: Numbers) -> Edit:
        """Returns the edit with other amounts along the directions of a kind."""
        fields: dict[str, Any] = {kind: amounts if any(amounts) else ()}
        return replace(self, **fields)

    def with_amount(self, kind: DirectionKind, number: int, amount: float) -> Edit:
        """Returns the edit with another amount along one direction."""
        amounts = [*self.amounts(kind)]
        amounts += [0.0] * (number + 1 - len(amounts))
        amounts[number] = amount
        return self.moved(kind, tuple(amounts))

    def apply(self, point: Point, offset: Numbers) -> Point:
        """Returns the edited point. `offset`: sum of the directions."""
        moved = to_numbers(np.asarray(point.offset or 0.0) + np.asarray(offset)) if offset else point.offset
        return replace(
            point,
            psi=point.psi * self.psi,
            offset=moved,
            classes=self.classes or point.classes,
            codes=self.codes or point.codes,
            mix=self.mix or point.mix,
        )

    def apply_along(self, trajectory: Trajectory, offset: Numbers) -> Trajectory:
        """Returns the trajectory through the edited points."""
        if isinstance(trajectory, Loop):
            return replace(trajectory, centre=self.apply(trajectory.centre, offset))
        if isinstance(trajectory, Square):
            first, second, third, fourth = (self.apply(point, offset) for point in trajectory.points)
            return replace(trajectory, points=(first, second, third, fourth))
        return replace(trajectory, points=tuple(self.apply(point, offset) for point in trajectory.points))


@dataclass(frozen=True)
class ExploreState:
    """State of the Explore workspace: points of the tools, current tool, edit, and saved pins.

    `tool`: module name of the tool. `keyframes`: points of the timeline, at least one; `durations`: seconds from each
    to the next, and from the last to the first if the timeline is closed. `single`: a point shown apart from the
    timeline. `corners` and the groups `plus`, `minus` and `also` are shared by all tools; `total` is plus - minus +
    also of the groups' means, None until the generator has computed it. `values`: values of single tools, such as a
    position, sorted by name; each name starts with that of the tool.
    """

    tool: str = "timeline"
    keyframes: tuple[Point, ...] = (Point(0), Point(1))
    durations: tuple[float, ...] = (SECONDS, SECONDS)
    single: Point | None = None
    corners: Corners = field(default_factory=lambda: (Point(0), Point(1), Point(2), Point(3)))
    mode: Mode = "slerp"
    plus: tuple[Point, ...] = ()
    minus: tuple[Point, ...] = ()
    also: tuple[Point, ...] = ()
    total: Point | None = None
    values: tuple[tuple[str, Hashable], ...] = ()
    edit: Edit = Edit()
    saved: SavedPins = SavedPins()

    @property
    def points(self) -> tuple[Point, ...]:
        """All points that the user has chosen."""
        single = (self.single,) if self.single is not None else ()
        return (*single, *self.keyframes, *self.corners, *self.plus, *self.minus, *self.also)

    @property
    def a(self) -> Point:
        """Current point: the single one, else the first keyframe. Its codes and classes are shown."""
        return self.single if self.single is not None else self.keyframes[0]

    def value(self, name: str, default: T) -> T:
        """Returns a value of a single tool, or the default until it is set."""
        values: dict[str, Any] = dict(self.values)
        found: T = values.get(name, default)
        return found

    def with_value(self, name: str, value: Hashable) -> ExploreState:
        """Returns the state with a value of a single tool."""
        return replace(self, values=tuple(sorted({**dict(self.values), name: value}.items())))

    def baked(self, directions: DirectionSets) -> ExploreState:
        """Returns the state with the same images and an empty edit; the points are edited instead.

        Then a pin can replace one point unchanged, without changing the others.
        """
        offset = directions.offset(self.edit)
        first, second, third, fourth = (self.edit.apply(point, offset) for point in self.corners)
        return replace(
            self,
            keyframes=tuple(self.edit.apply(point, offset) for point in self.keyframes),
            single=self.edit.apply(self.single, offset) if self.single is not None else None,
            corners=(first, second, third, fourth),
            total=self.edit.apply(self.total, offset) if self.total else None,
            edit=Edit(),
        )

    def with_pin(self, pin: Pin) -> ExploreState:
        """Returns the state with one more saved pin."""
        return replace(self, saved=replace(self.saved, pins=(*self.saved.pins, pin)))

    def with_keyframe(self, row: int, point: Point) -> ExploreState:
        """Returns the state with a keyframe inserted before a row, with the duration of its predecessor."""
        lasts = self.durations[max(row - 1, 0)]
        return replace(
            self,
            keyframes=(*self.keyframes[:row], point, *self.keyframes[row:]),
            durations=(*self.durations[:row], lasts, *self.durations[row:]),
            single=None,
        )

    def with_keyframe_moved(self, row: int, to: int) -> ExploreState:
        """Returns the state with a keyframe and its duration moved to another row."""
        keyframes, durations = list(self.keyframes), list(self.durations)
        keyframes.insert(to, keyframes.pop(row))
        durations.insert(to, durations.pop(row))
        return replace(self, keyframes=tuple(keyframes), durations=tuple(durations), single=None)

    def without_keyframe(self, row: int) -> ExploreState:
        """Returns the state without a keyframe; the last remaining one stays."""
        if len(self.keyframes) == 1:
            return self
        return replace(
            self,
            keyframes=(*self.keyframes[:row], *self.keyframes[row + 1 :]),
            durations=(*self.durations[:row], *self.durations[row + 1 :]),
        )

    def with_direction(self, direction: Direction) -> ExploreState:
        """Returns the state with one more user-defined direction."""
        direction = replace(direction, name=direction.name[:LONGEST_NAME])
        return replace(self, saved=replace(self.saved, directions=(*self.saved.directions, direction)))

    def with_name(self, kind: DirectionKind, number: int, name: str) -> ExploreState:
        """Returns the state with a direction renamed, to at most `LONGEST_NAME` characters; empty restores its
        number."""
        name = name[:LONGEST_NAME]
        if kind != "own":
            others = [each for each in self.saved.names if (each.kind, each.number) != (kind, number)]
            added = [DirectionName(kind, number, name)] if name else []
            return replace(self, saved=replace(self.saved, names=(*others, *added)))
        directions = self.saved.directions
        renamed = (replace(each, name=name) if index == number else each for index, each in enumerate(directions))
        return replace(self, saved=replace(self.saved, directions=tuple(renamed)))

    def without_direction(self, number: int) -> ExploreState:
        """Returns the state without one user-defined direction and its slider offset."""
        directions, own = self.saved.directions, self.edit.own
        saved = replace(self.saved, directions=(*directions[:number], *directions[number + 1 :]))
        return replace(self, saved=saved, edit=self.edit.moved("own", (*own[:number], *own[number + 1 :])))
