"""What to render, as one frozen value: the request is also the bookmark, the undo item and the export recipe.

A `Point` is one image. A way leads through points: a `Walk` from one to the next, a `Square` between four, a `Loop`
around one. A `LatentRequest` asks for images at places on a way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from core.errors import UserError

Mode = Literal["slerp", "lerp"]
Easing = Literal["even", "smooth"]
Numbers = tuple[float, ...]
Position = float | tuple[float, float]

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Listable(Protocol):
    def tolist(self) -> Any: ...


def to_numbers(values: _Listable) -> Numbers:
    """Returns a row of numbers, in a numpy array or a tensor, as a tuple of floats."""
    return tuple(map(float, values.tolist()))


@dataclass(frozen=True)
class Point:
    """A place in latent space, and all else that its image depends on.

    z is that of the seed unless `z` (latent_dim,) gives another one. `psi` scales its distance from the mean latent
    (truncation); `offset` is added then. Both act on z, or on w in networks with styles, whose `w`, a row for each
    layer, may be given in place of what z is mapped to, and some of whose layers may come from another point (`mix`).

    `classes` are the shares of the classes, which mix them, and `codes` the categorical code's shares followed by the
    continuous codes in [-1, 1]; where they are empty, the seed brings its own.
    """

    __pydantic_config__: ClassVar = _STRICT

    seed: int = 0
    z: Numbers = ()
    psi: float = 1.0
    offset: Numbers = ()
    classes: Numbers = ()
    codes: Numbers = ()
    w: tuple[Numbers, ...] = ()
    mix: Mix | None = None


@dataclass(frozen=True)
class Mix:
    """The styles of `point` in the layers from `first` to `last`, both included; 0 is the coarsest."""

    __pydantic_config__: ClassVar = _STRICT

    point: Point
    first: int
    last: int


@dataclass(frozen=True)
class Walk:
    """From point to point. Place 1.25 lies a quarter of the way from the second to the third.

    A `closed` walk goes on from the last to the first. With "smooth" easing it slows down at each point.
    """

    __pydantic_config__: ClassVar = _STRICT

    points: Annotated[tuple[Point, ...], Field(min_length=1)]
    mode: Mode = "slerp"
    closed: bool = False
    easing: Easing = "even"
    kind: Literal["walk"] = "walk"

    @property
    def length(self) -> int:
        """The last place."""
        return len(self.points) if self.closed else len(self.points) - 1


@dataclass(frozen=True)
class Square:
    """Between four corners: top left, top right, bottom left, bottom right. A place is (x, y), each in [0, 1]."""

    __pydantic_config__: ClassVar = _STRICT

    points: tuple[Point, Point, Point, Point]
    mode: Mode = "slerp"
    kind: Literal["square"] = "square"


@dataclass(frozen=True)
class Loop:
    """A circle of noise around a point: place 1 is place 0, and every place is as likely a latent as any other.

    z = sqrt(1 - r^2) * centre + r * (cos(2 pi t) * u + sin(2 pi t) * v), with u and v drawn from the seed, and the
    radius r in [0, 1]: from standing still to leaving the centre altogether.
    """

    __pydantic_config__: ClassVar = _STRICT

    centre: Point
    seed: int = 0
    radius: Annotated[float, Field(ge=0, le=1)] = 0.5
    kind: Literal["loop"] = "loop"

    @property
    def points(self) -> tuple[Point, ...]:
        return (self.centre,)


Trajectory = Walk | Square | Loop


@dataclass(frozen=True)
class LatentRequest:
    """Images at places on a way, one for each place."""

    __pydantic_config__: ClassVar = _STRICT

    way: Annotated[Trajectory, Field(discriminator="kind")]
    places: tuple[Position, ...]

    @classmethod
    def of(cls, *points: Point) -> LatentRequest:
        """The points themselves."""
        return cls(Walk(points), tuple(map(float, range(len(points)))))

    @classmethod
    def of_seeds(cls, seeds: Sequence[int], psi: float = 1.0, classes: Numbers = ()) -> LatentRequest:
        return cls.of(*(Point(seed, psi=psi, classes=classes) for seed in seeds))

    def part(self, start: int, stop: int) -> LatentRequest:
        """Some of the places only, and of a walk only the points that these lie between."""
        places, way = self.places[start:stop], self.way
        if not isinstance(way, Walk) or way.closed:
            return replace(self, places=places)
        numbers = [_number(place) for place in places]
        first, last = int(min(numbers)), -int(-max(numbers) // 1)
        points = way.points[first : last + 1]
        return LatentRequest(replace(way, points=points), tuple(number - first for number in numbers))

    def json(self) -> str:
        """As text that `read_request` reads back."""
        return _REQUESTS.dump_json(self).decode()


_REQUESTS = TypeAdapter(LatentRequest)


def read_request(text: str | bytes) -> LatentRequest:
    """Raises `UserError` for what `LatentRequest.json` did not write."""
    try:
        return _REQUESTS.validate_json(text)
    except ValidationError as error:
        raise UserError(
            "This recipe cannot be read.", "It was made by another version of GAN Studio, or changed.", str(error)
        ) from error


# Interpolation


def _number(place: Position) -> float:
    return place[0] if isinstance(place, tuple) else place
