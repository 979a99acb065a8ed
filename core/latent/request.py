"""Latent request: images to render, as a frozen value that is also the bookmark, the undo item and the export recipe.

A `Point` is one image. A trajectory leads through points: a `Walk` from one to the next, a `Square` between four, a
`Loop` around one. A `LatentRequest` asks for images at positions on a trajectory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from core.errors import UserError
from core.language import _

Mode = Literal["slerp", "lerp"]
Easing = Literal["even", "smooth"]
MOST_POINTS = MOST_PLACES = 10_000
"""Maximum points and positions of a request that is read, as many images as fit on a contact sheet."""
MOST_NUMBERS, MOST_LAYERS = 2**12, 2**8
"""Maximum numbers in one part of a point, and maximum layers of its styles, that are read."""
Number = Annotated[float, Field(ge=-1e6, le=1e6)]
Numbers = Annotated[tuple[Number, ...], Field(max_length=MOST_NUMBERS)]
Position = Number | tuple[Number, Number]
Seed = Annotated[int, Field(ge=0, lt=2**32)]

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Listable(Protocol):
    def tolist(self) -> Any: ...


def to_numbers(values: _Listable) -> Numbers:
    """Returns a row of numbers, in a numpy array or a tensor, as a tuple of floats."""
    return tuple(map(float, values.tolist()))


@dataclass(frozen=True)
class Point:
    """Point of latent space with all conditions of its image.

    z is drawn from the seed unless `z` (latent_dim,) is given. `psi` scales its distance from the mean latent
    (truncation); then `offset` is added. Both act on z, or on w in networks with styles. There, `w` (a row per layer)
    may be given instead of the mapped z, and some layers may come from another point (`mix`).

    `classes`: shares of the classes, which mix them. `codes`: shares of the categorical code, then continuous codes in
    [-1, 1]. If they are empty, they are drawn from the seed.
    """

    __pydantic_config__: ClassVar = _STRICT

    seed: Seed = 0
    z: Numbers = ()
    psi: Number = 1.0
    offset: Numbers = ()
    classes: Numbers = ()
    codes: Numbers = ()
    w: Annotated[tuple[Numbers, ...], Field(max_length=MOST_LAYERS)] = ()
    mix: Mix | None = None


@dataclass(frozen=True)
class Mix:
    """Style mixing: styles of `point` in the layers from `first` to `last`, inclusive; 0 is the coarsest layer."""

    __pydantic_config__: ClassVar = _STRICT

    point: Point
    first: int
    last: int


@dataclass(frozen=True)
class Walk:
    """Walk from point to point. Position 1.25 is a quarter of the way from the second point to the third.

    A `closed` walk continues from the last point to the first. "smooth" easing slows it down at each point.
    """

    __pydantic_config__: ClassVar = _STRICT

    points: Annotated[tuple[Point, ...], Field(min_length=1, max_length=MOST_POINTS)]
    mode: Mode = "slerp"
    closed: bool = False
    easing: Easing = "even"
    kind: Literal["walk"] = "walk"

    @property
    def length(self) -> int:
        """Last position."""
        return len(self.points) if self.closed else len(self.points) - 1


@dataclass(frozen=True)
class Square:
    """Square between four corners: top left, top right, bottom left, bottom right. Positions: (x, y) in [0, 1]^2."""

    __pydantic_config__: ClassVar = _STRICT

    points: tuple[Point, Point, Point, Point]
    mode: Mode = "slerp"
    kind: Literal["square"] = "square"


@dataclass(frozen=True)
class Loop:
    """Closed loop of noise around a point. Position 1 equals position 0; all latents on it are equally likely.

    z = sqrt(1 - r^2) * center + r * (cos(2 pi t) * u + sin(2 pi t) * v), with u and v drawn from the seed, and the
    radius r in [0, 1]: 0 is the center alone, 1 a circle independent of the center.
    """

    __pydantic_config__: ClassVar = _STRICT

    centre: Point
    seed: Seed = 0
    radius: Annotated[float, Field(ge=0, le=1)] = 0.5
    kind: Literal["loop"] = "loop"

    @property
    def points(self) -> tuple[Point, ...]:
        return (self.centre,)


Trajectory = Walk | Square | Loop


@dataclass(frozen=True)
class LatentRequest:
    """Images at positions on a trajectory, one per position. The JSON keys are "way" and "places"."""

    __pydantic_config__: ClassVar = _STRICT

    trajectory: Annotated[Trajectory, Field(discriminator="kind", alias="way")]
    positions: Annotated[tuple[Position, ...], Field(alias="places", min_length=1, max_length=MOST_PLACES)]

    @classmethod
    def of(cls, *points: Point) -> LatentRequest:
        """Returns a request for the images of points."""
        return cls(Walk(points), tuple(map(float, range(len(points)))))

    @classmethod
    def of_seeds(cls, seeds: Sequence[int], psi: float = 1.0, classes: Numbers = ()) -> LatentRequest:
        """Returns a request for the images of seeds."""
        return cls.of(*(Point(seed, psi=psi, classes=classes) for seed in seeds))

    def part(self, start: int, stop: int) -> LatentRequest:
        """Returns the request for some of the positions; a walk keeps only the points they lie between."""
        positions, trajectory = self.positions[start:stop], self.trajectory
        if not isinstance(trajectory, Walk) or trajectory.closed:
            return replace(self, positions=positions)
        numbers = [number_of(position) for position in positions]
        first, last = int(min(numbers)), -int(-max(numbers) // 1)
        points = trajectory.points[first : last + 1]
        return LatentRequest(replace(trajectory, points=points), tuple(number - first for number in numbers))

    def json(self) -> str:
        """Returns text that `read_request` reads back."""
        return _REQUESTS.dump_json(self, by_alias=True).decode()


def _inside(request: LatentRequest) -> LatentRequest:
    """Returns the request. Raises `ValueError` for positions beyond the walk."""
    if isinstance(request.trajectory, Walk):
        last = request.trajectory.length
        outside = [place for place in request.positions if not 0 <= number_of(place) <= last]
        if outside:
            raise ValueError(f"position {outside[0]} on a walk from 0 to {last}")
    return request


ForeignRequest = Annotated[LatentRequest, AfterValidator(_inside)]
"""Request in foreign data."""
_REQUESTS = TypeAdapter[LatentRequest](ForeignRequest)


def read_request(text: str | bytes) -> LatentRequest:
    """Reads the text of `LatentRequest.json`. Raises `UserError` for any other text."""
    try:
        return _REQUESTS.validate_json(text)
    except ValidationError as error:
        raise UserError(
            _("This recipe cannot be read."),
            _("It is damaged or was written by another version. Update GAN Studio and try again."),
            str(error),
        ) from error


def number_of(position: Position) -> float:
    """Returns a position as a number; x for a position in a square."""
    return position[0] if isinstance(position, tuple) else position
