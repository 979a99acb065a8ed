"""What a film shows and how: a plain value, and the places on a way that are its frames."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

from core.errors import UserError
from core.latent.request import LatentRequest, Loop, Walk

MOST_FRAMES = 100_000
"""Of one film, nearly an hour: a slip such as 9999 seconds for each of many seeds must not fill the memory."""
MOST_FPS = 120
MOST_SCALE = 16


@dataclass(frozen=True)
class Animation:
    """`fps`: images a second. `seconds`: how long each segment of a walk lasts, the whole turn of a loop, or the whole
    of a time-lapse. `loop`: a walk goes on from its last point to its first, so that the film can be repeated without
    a jump. `scale`: so many pixels for each one, in both directions; without `smooth` they stay square.

    Raises `UserError` for what no film can be.
    """

    fps: int = 30
    seconds: float = 2.0
    loop: bool = False
    scale: int = 1
    smooth: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.fps <= MOST_FPS:
            raise UserError(f"A film cannot show {self.fps} images a second.", f"Choose from 1 to {MOST_FPS}.")
        if not (isfinite(self.seconds) and self.seconds > 0):
            raise UserError(f"A film cannot last {self.seconds:g} seconds.", "Choose a number above 0.")
        if not 1 <= self.scale <= MOST_SCALE:
            raise UserError(f"Images cannot be enlarged {self.scale} times.", f"Choose from 1 to {MOST_SCALE}.")

    @property
    def frames(self) -> int:
        """In `seconds`; at least one. Raises `UserError` for too many."""
        return checked(max(round(self.seconds * self.fps), 1))


def checked(frames: int) -> int:
    """The number of a film's frames. Raises `UserError` when there are too many."""
    if frames > MOST_FRAMES:
        raise UserError(f"{frames:,} frames are too many for one film.", f"Make it shorter: at most {MOST_FRAMES:,}.")
    return frames


def frame_positions(way: Walk | Loop, film: Animation) -> tuple[float, ...]:
    """Where on the way each frame lies, all the same step apart.

    A walk shows every one of its points, so an open one of n segments has n * `film.frames` + 1 frames. What closes
    ends a step before it would begin again. Raises `UserError` for a walk of one point, and for too many frames.
    """
    if isinstance(way, Walk) and len(way.points) < 2:
        raise UserError("One image is no walk.", "Choose another one to walk to, or go round the one.")
    step = film.frames
    if isinstance(way, Loop):
        count = step
    else:
        closed = way.closed or film.loop
        count = checked(len(way.points) * step if closed else (len(way.points) - 1) * step + 1)
    return tuple(number / step for number in range(count))


def frame_requests(way: Walk | Loop, film: Animation) -> LatentRequest:
    """The film's frames in order. Raises as `places`.

    A closed walk is written out with its first point once more at the end. The images are the same, and the recipe of
    each holds the two points that it lies between, not all of them.
    """
    found = frame_positions(way, film)
    if isinstance(way, Walk) and (way.closed or film.loop):
        way = replace(way, points=(*way.points, way.points[0]), closed=False)
    return LatentRequest(way, found)
