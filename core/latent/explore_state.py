"""Everything that a person has set in the latent laboratory, as one frozen value: undo goes back to an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from core.errors import UserError
from core.generator_inputs import Latents
from core.latent.request import (
    Easing,
    LatentRequest,
    Loop,
    Mix,
    Mode,
    Numbers,
    Point,
    Position,
    Square,
    Trajectory,
    Walk,
)

Tool = Literal["between", "square", "path", "loop", "sum"]
Group = Literal["plus", "minus", "also"]
"""Of the points of a sum, plus - minus + also."""
DirectionKind = Literal["closed", "components", "own"]
"""Of directions: in closed form (SeFa), principal components (GANSpace), or the person's own."""
PLACES = frozenset({"between_place", "square_place", "path_place", "loop_place"})
"""Fields of a `ExploreState` that move along its way without changing it."""
Corners = tuple[Point, Point, Point, Point]


@dataclass(frozen=True)
class Pin:
    """A point that was kept, with the name that it was given."""

    point: Point
    name: str = ""
    favourite: bool = False


@dataclass(frozen=True)
class Direction:
    """A direction that was kept. `vector`: one unit of its slider, as long as `Point.offset`."""

    name: str
    vector: Numbers


@dataclass(frozen=True)
class SavedPins:
    """What belongs to a run and is kept with it."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", allow_inf_nan=False)

    pins: tuple[Pin, ...] = ()
    directions: tuple[Direction, ...] = ()

    def json(self) -> str:
        return _SAVED_PINS.dump_json(self).decode()


_SAVED_PINS = TypeAdapter(SavedPins)


def read_pins(text: str | bytes) -> SavedPins:
    """Raises `UserError` for what `SavedPins.json` did not write."""
    try:
        return _SAVED_PINS.validate_json(text)
    except ValidationError as error:
        raise UserError(
            "The pins of this run cannot be read.", "They were changed, or kept by another version.", str(error)
        ) from error


@dataclass(frozen=True)
class DirectionSets:
    """The directions that there are sliders for, each (k, numbers): closed-form ones, principal components, own."""

    closed: Latents = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    components: Latents = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    own: Latents = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def offset(self, lens: Edit) -> Numbers:
        """What the sliders together add; empty if that is nothing, so that equal images have equal requests."""
        pairs = ((lens.closed, self.closed), (lens.components, self.components), (lens.own, self.own))
        found = [
            np.asarray(amounts[: len(base)], np.float32) @ base[: len(amounts)]
            for amounts, base in pairs
            if any(amounts) and len(base)
        ]
        return tuple(np.sum(found, 0).tolist()) if found else ()


@dataclass(frozen=True)
class Edit:
    """What bends every image on screen, whichever point it is of.

    `closed`, `components`, `own`: amounts along the directions of that kind, empty if all are 0. `psi` is multiplied
    with a point's own; `classes`, `codes` and `mix` take the place of its own unless they are empty.
    """

    psi: float = 1.0
    classes: Numbers = ()
    codes: Numbers = ()
    closed: Numbers = ()
    components: Numbers = ()
    own: Numbers = ()
    mix: Mix | None = None

    def moved(self, kind: DirectionKind, amounts: Numbers) -> Edit:
        """Other amounts along the directions of a kind."""
        amounts = amounts if any(amounts) else ()
        if kind == "closed":
            return replace(self, closed=amounts)
        return replace(self, components=amounts) if kind == "components" else replace(self, own=amounts)

    def bend(self, point: Point, offset: Numbers) -> Point:
        """The point as it is seen. `offset`: what the directions add."""
        moved = tuple((np.asarray(point.offset or 0.0) + np.asarray(offset)).tolist()) if offset else point.offset
        return replace(
            point,
            psi=point.psi * self.psi,
            offset=moved,
            classes=self.classes or point.classes,
            codes=self.codes or point.codes,
            mix=self.mix or point.mix,
        )


@dataclass(frozen=True)
class ExploreState:
    """Points, the tool in hand with the place in it, the lens, and what is pinned.

    Between `a` and `b` leads a walk; around `a` a loop of noise, drawn from the seed `noise`. `total` is the sum of the
    three groups' means, None until the generator was asked for it; what needs it stands at `a` meanwhile.
    """

    tool: Tool = "between"
    a: Point = field(default_factory=Point)
    b: Point = field(default_factory=lambda: Point(1))
    corners: Corners = field(default_factory=lambda: (Point(0), Point(1), Point(2), Point(3)))
    path: tuple[Point, ...] = ()
    mode: Mode = "slerp"
    easing: Easing = "even"
    closed: bool = False
    noise: int = 0
    radius: float = 0.5
    plus: tuple[Point, ...] = ()
    minus: tuple[Point, ...] = ()
    also: tuple[Point, ...] = ()
    total: Point | None = None
    between_place: float = 0.0
    square_place: tuple[float, float] = (0.5, 0.5)
    path_place: float = 0.0
    loop_place: float = 0.0
    lens: Edit = Edit()
    board: SavedPins = SavedPins()

    @property
    def place(self) -> Position:
        """In the tool in hand."""
        if self.tool == "square":
            return self.square_place
        if self.tool == "path":
            return min(self.path_place, float(self._walk().length))
        return {"between": self.between_place, "loop": self.loop_place}.get(self.tool, 0.0)

    def at(self, place: Position) -> ExploreState:
        """Another place in the tool in hand."""
        if self.tool == "square":
            return replace(self, square_place=place if isinstance(place, tuple) else (place, 0.0))
        number = place[0] if isinstance(place, tuple) else place
        if self.tool == "path":
            return replace(self, path_place=number)
        if self.tool == "loop":
            return replace(self, loop_place=number)
        return replace(self, between_place=number) if self.tool == "between" else self

    def way(self, bases: DirectionSets) -> Trajectory:
        """The way of the tool in hand, seen through the lens."""
        offset = bases.offset(self.lens)

        def seen(point: Point) -> Point:
            return self.lens.bend(point, offset)

        if self.tool == "between":
            return Walk((seen(self.a), seen(self.b)), self.mode)
        if self.tool == "square":
            first, second, third, fourth = map(seen, self.corners)
            return Square((first, second, third, fourth), self.mode)
        if self.tool == "loop":
            return Loop(seen(self.a), self.noise, self.radius)
        if self.tool == "sum":
            return Walk((seen(self.total or self.a),))
        walk = self._walk()
        return replace(walk, points=tuple(map(seen, walk.points)))

    def group(self, name: Group) -> tuple[Point, ...]:
        """Its points."""
        return {"plus": self.plus, "minus": self.minus, "also": self.also}[name]

    @property
    def wants_total(self) -> bool:
        """Whether a sum is looked at that nobody has added up yet."""
        return self.tool == "sum" and self.total is None and bool(self.plus and self.minus and self.also)

    def request(self, bases: DirectionSets, places: Sequence[Position] = ()) -> LatentRequest:
        """Images at places on that way; without any, the one image that is looked at."""
        return LatentRequest(self.way(bases), tuple(places) or (self.place,))

    def settled(self, bases: DirectionSets) -> ExploreState:
        """The same images with nothing left in the lens: what it did is in the points now.

        So a pin can take the place of one point, and look as it did, without changing the others.
        """
        offset = bases.offset(self.lens)
        first, second, third, fourth = (self.lens.bend(point, offset) for point in self.corners)
        return replace(
            self,
            a=self.lens.bend(self.a, offset),
            b=self.lens.bend(self.b, offset),
            corners=(first, second, third, fourth),
            path=tuple(self.lens.bend(point, offset) for point in self.path),
            total=self.lens.bend(self.total, offset) if self.total else None,
            lens=Edit(),
        )

    def with_pin(self, pin: Pin) -> ExploreState:
        """One more on the board."""
        return replace(self, board=replace(self.board, pins=(*self.board.pins, pin)))

    def with_direction(self, direction: Direction) -> ExploreState:
        """One more of the person's own."""
        return replace(self, board=replace(self.board, directions=(*self.board.directions, direction)))

    def with_name(self, number: int, name: str) -> ExploreState:
        """Another name for one of the own directions."""
        directions = self.board.directions
        renamed = (replace(each, name=name) if index == number else each for index, each in enumerate(directions))
        return replace(self, board=replace(self.board, directions=tuple(renamed)))

    def without_direction(self, number: int) -> ExploreState:
        """One of the own ones is taken away, with what its slider added."""
        directions, own = self.board.directions, self.lens.own
        board = replace(self.board, directions=(*directions[:number], *directions[number + 1 :]))
        return replace(self, board=board, lens=self.lens.moved("own", (*own[:number], *own[number + 1 :])))

    def restored(self, request: LatentRequest) -> ExploreState:
        """The tool and the points that a request's first image was made with."""
        way, lab = request.way, replace(self, lens=Edit())
        if isinstance(way, Loop):
            lab = replace(lab, tool="loop", a=way.centre, noise=way.seed, radius=way.radius)
        elif isinstance(way, Square):
            lab = replace(lab, tool="square", corners=way.points, mode=way.mode)
        elif len(way.points) <= 2 and not way.closed and way.easing == "even":
            b = way.points[1] if len(way.points) == 2 else self.b
            lab = replace(lab, tool="between", a=way.points[0], b=b, mode=way.mode)
        else:
            lab = replace(lab, tool="path", path=way.points, mode=way.mode, easing=way.easing, closed=way.closed)
        return lab.at(request.places[0] if request.places else 0.0)

    def _walk(self) -> Walk:
        return Walk(self.path or (self.a,), self.mode, self.closed and len(self.path) > 1, self.easing)
