"""What to render, as one frozen value: the request is also the bookmark, the undo item and the export recipe.

A `Point` is one image. A way leads through points: a `Walk` from one to the next, a `Square` between four, a `Loop`
around one. A `LatentRequest` asks for images at places on a way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from core.errors import Problem
from core.seeds import Conditions, Latents, seed_class, seed_codes, seed_latent

Mode = Literal["slerp", "lerp"]
Easing = Literal["even", "smooth"]
Numbers = tuple[float, ...]
Place = float | tuple[float, float]

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


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


Way = Walk | Square | Loop


@dataclass(frozen=True)
class LatentRequest:
    """Images at places on a way, one for each place."""

    __pydantic_config__: ClassVar = _STRICT

    way: Annotated[Way, Field(discriminator="kind")]
    places: tuple[Place, ...]

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
    """Raises `Problem` for what `LatentRequest.json` did not write."""
    try:
        return _REQUESTS.validate_json(text)
    except ValidationError as error:
        raise Problem(
            "This recipe cannot be read.", "It was made by another version of GAN Studio, or changed.", str(error)
        ) from error


# Interpolation


def slerp(a: Latents, b: Latents, t: float) -> Latents:
    """Spherical interpolation (Shoemake 1985) of two latents; the length is interpolated linearly (White 2016)."""
    norm_a, norm_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if min(norm_a, norm_b) < 1e-12:
        return lerp(a, b, t)  # zero has no direction
    angle = np.arccos(float(np.clip(np.dot(a, b) / (norm_a * norm_b), -1.0, 1.0)))
    if np.sin(angle) < 1e-4:
        return lerp(a, b, t)
    unit = (np.sin((1 - t) * angle) * a / norm_a + np.sin(t * angle) * b / norm_b) / np.sin(angle)
    return np.asarray(unit * ((1 - t) * norm_a + t * norm_b), np.float32)


def lerp(a: Latents, b: Latents, t: float) -> Latents:
    """Linear interpolation of two latents."""
    return np.asarray((1 - t) * a + t * b, np.float32)


class Resolved(NamedTuple):
    """A point in numbers, float32: z (latent_dim,), psi (1,), offset (1,) or as long as what it is added to, classes,
    codes, and w (layers, numbers), without rows unless it is given."""

    z: Latents
    psi: Latents
    offset: Latents
    classes: Latents
    codes: Latents
    w: Latents


def resolved(point: Point, latent_dim: int, conditions: Conditions) -> Resolved:
    """Raises `Problem` for a point of another generator, which has other numbers."""
    given = Resolved(
        np.asarray(point.z, np.float32) if point.z else seed_latent(point.seed, latent_dim),
        np.array([point.psi], np.float32),
        np.asarray(point.offset or (0.0,), np.float32),
        np.asarray(point.classes, np.float32) if point.classes else seed_class(point.seed, conditions),
        np.asarray(point.codes, np.float32) if point.codes else seed_codes(point.seed, conditions),
        np.asarray(point.w, np.float32).reshape(len(point.w), len(point.w[0]) if point.w else 0),
    )
    if (len(given.z), len(given.classes), len(given.codes)) != (latent_dim, conditions.classes, conditions.codes):
        raise foreign(f"z {len(given.z)}, classes {len(given.classes)}, codes {len(given.codes)}")
    return given


def foreign(details: str) -> Problem:
    """For what does not fit the generator that should draw it."""
    return Problem(
        "This place in latent space belongs to another generator.",
        "Open the checkpoint that it was made with.",
        details,
    )


def at(way: Way, ends: Sequence[Resolved], place: Place) -> Resolved:
    """Where a place on the way lies, given its points' numbers."""
    if isinstance(way, Square):
        x, y = place if isinstance(place, tuple) else (place, 0.0)
        top, bottom = blend(ends[0], ends[1], x, way.mode), blend(ends[2], ends[3], x, way.mode)
        return blend(top, bottom, y, way.mode)
    number = _number(place)
    if isinstance(way, Loop):
        (centre,) = ends
        stays, goes = np.float32((1 - way.radius**2) ** 0.5), np.float32(way.radius)
        return centre._replace(z=stays * centre.z + goes * circle(way, number, len(centre.z)))
    left = min(int(number), max(way.length - 1, 0))
    t = number - left
    t = t * t * (3 - 2 * t) if way.easing == "smooth" else t
    return blend(ends[left], ends[(left + 1) % len(ends)], t, way.mode)


def circle(way: Loop, place: float, latent_dim: int) -> Latents:
    """The latent on the great circle through the loop's two drawn ones, (latent_dim,)."""
    u, v = np.random.RandomState(way.seed).standard_normal((2, latent_dim)).astype(np.float32)
    turn = 2 * np.pi * (place % 1.0)
    return np.asarray(np.cos(turn) * u + np.sin(turn) * v, np.float32)


def blend(a: Resolved, b: Resolved, t: float, mode: Mode) -> Resolved:
    """z as `mode` says, everything else evenly; exactly the ends at 0 and 1."""
    if t <= 0.0 or t >= 1.0:
        return a if t <= 0.0 else b
    between: Callable[[Latents, Latents, float], Latents] = slerp if mode == "slerp" else lerp
    return Resolved(between(a.z, b.z, t), *(lerp(one, other, t) for one, other in zip(a[1:], b[1:], strict=True)))


def _number(place: Place) -> float:
    return place[0] if isinstance(place, tuple) else place
