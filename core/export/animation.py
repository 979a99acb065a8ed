"""Settings of an animation, and the positions of its frames on a trajectory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

from core.errors import UserError
from core.latent.request import LatentRequest, Loop, Walk

MOST_FRAMES = 100_000
"""Limit of one animation, nearly an hour: 9999 seconds for each of many seeds, say, must not fill the memory."""
MOST_FPS = 120
MOST_SCALE = 16


@dataclass(frozen=True)
class Animation:
    """Settings of an animation.

    `fps`: images a second. `seconds`: duration of each segment of a walk, of the whole turn of a loop, or of the whole
    time-lapse. `loop`: a walk goes on from its last point to its first, so that the animation can be repeated without
    a jump. `scale`: so many pixels for each one, in both directions; without `smooth` they stay square. `recipe`:
    whether single frames tell from which checkpoint and latents they were made.

    Raises `UserError` for values out of range.
    """

    fps: int = 30
    seconds: float = 2.0
    loop: bool = False
    scale: int = 1
    smooth: bool = False
    recipe: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.fps <= MOST_FPS:
            raise UserError(f"A film cannot show {self.fps} images a second.", f"Choose from 1 to {MOST_FPS}.")
        if not (isfinite(self.seconds) and self.seconds > 0):
            raise UserError(f"A film cannot last {self.seconds:g} seconds.", "Choose a number above 0.")
        if not 1 <= self.scale <= MOST_SCALE:
            raise UserError(f"Images cannot be enlarged {self.scale} times.", f"Choose from 1 to {MOST_SCALE}.")

    @property
    def frames(self) -> int:
        """Number of frames in `seconds`, at least one. Raises `UserError` for too many."""
        return checked(max(round(self.seconds * self.fps), 1))


def checked(frames: int) -> int:
    """Returns the number of frames. Raises `UserError` when there are too many."""
    if frames > MOST_FRAMES:
        raise UserError(f"{frames:,} frames are too many for one film.", f"Make it shorter: at most {MOST_FRAMES:,}.")
    return frames


def frame_positions(trajectory: Walk | Loop, animation: Animation) -> tuple[float, ...]:
    """Returns the position of each frame on the trajectory, all the same step apart.

    A walk shows every one of its points, so an open one of n segments has n * `animation.frames` + 1 frames. A closed
    one ends a step before it would begin again. Raises `UserError` for a walk of one point, and for too many frames.
    """
    if isinstance(trajectory, Walk) and len(trajectory.points) < 2:
        raise UserError("One image is no walk.", "Choose another one to walk to, or go round the one.")
    step = animation.frames
    if isinstance(trajectory, Loop):
        count = step
    else:
        closed = trajectory.closed or animation.loop
        count = checked(len(trajectory.points) * step if closed else (len(trajectory.points) - 1) * step + 1)
    return tuple(number / step for number in range(count))


def frame_requests(trajectory: Walk | Loop, animation: Animation) -> LatentRequest:
    """Returns a request for the frames in order. Raises as `frame_positions`.

    A closed walk is written out with its first point once more at the end. The images are the same, and the recipe of
    each holds the two points that it lies between, not all of them.
    """
    found = frame_positions(trajectory, animation)
    if isinstance(trajectory, Walk) and (trajectory.closed or animation.loop):
        trajectory = replace(trajectory, points=(*trajectory.points, trajectory.points[0]), closed=False)
    return LatentRequest(trajectory, found)
