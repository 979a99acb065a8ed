"""Settings of an animation, and the positions of its frames on a trajectory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

from core.errors import UserError
from core.language import _, plural
from core.latent.request import LatentRequest, Loop, Walk

MOST_FRAMES = 100_000
"""Maximum frames of an animation, nearly an hour, to bound memory and time."""
MOST_FPS = 120
MOST_SCALE = 32


@dataclass(frozen=True)
class Animation:
    """Settings of an animation.

    `fps`: frames per second. `seconds`: duration of each segment of a walk, of a whole loop, or of a whole time-lapse.
    `durations`: seconds of each segment of a walk, if they differ. `loop`: a walk continues from its last point to its
    first, so that the animation repeats without a jump. `scale`: integer upscaling factor; `smooth`: interpolate,
    otherwise pixels stay square. `recipe`: whether single frames store the checkpoint and latents they were made from.

    Raises `UserError` for values out of range.
    """

    fps: int = 30
    seconds: float = 2.0
    loop: bool = False
    scale: int = 1
    smooth: bool = False
    recipe: bool = True
    durations: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.fps <= MOST_FPS:
            raise UserError(
                _("A frame rate of {fps} fps is out of range.").format(fps=self.fps),
                _("Choose from 1 to {most} fps.").format(most=MOST_FPS),
            )
        for seconds in (self.seconds, *self.durations):
            if not (isfinite(seconds) and seconds > 0):
                raise UserError(
                    _("A duration of {seconds} seconds is out of range.").format(seconds=f"{seconds:g}"),
                    _("Choose a number above 0."),
                )
        if not 1 <= self.scale <= MOST_SCALE:
            raise UserError(
                _("A scale of {scale} is out of range.").format(scale=self.scale),
                _("Choose from 1 to {most}.").format(most=MOST_SCALE),
            )

    @property
    def frames(self) -> int:
        """Number of frames in `seconds`, at least one. Raises `UserError` for too many."""
        return checked(max(round(self.seconds * self.fps), 1))


def checked(frames: int) -> int:
    """Returns the number of frames. Raises `UserError` if there are too many."""
    if frames > MOST_FRAMES:
        raise UserError(
            plural("{count} frame is too many for a video.", "{count} frames are too many for a video.", frames),
            plural("Make it shorter: at most {count} frame.", "Make it shorter: at most {count} frames.", MOST_FRAMES),
        )
    return frames


def frame_positions(trajectory: Walk | Loop, animation: Animation) -> tuple[float, ...]:
    """Returns the position of each frame on the trajectory, evenly spaced within a segment.

    A walk shows every point, so an open walk of n segments has n * `animation.frames` + 1 frames. A closed one ends a
    step before its start. Raises `UserError` for a walk of one point, and for too many frames.
    """
    if isinstance(trajectory, Walk) and len(trajectory.points) < 2:
        raise UserError(_("A walk needs at least 2 images."), _("Add an image, or make a loop around this one."))
    if isinstance(trajectory, Walk) and animation.durations:
        return _timed(trajectory, animation)
    if isinstance(trajectory, Loop) and animation.durations:
        animation = replace(animation, seconds=sum(animation.durations))
    step = animation.frames
    if isinstance(trajectory, Loop):
        count = step
    else:
        closed = trajectory.closed or animation.loop
        count = checked(len(trajectory.points) * step if closed else (len(trajectory.points) - 1) * step + 1)
    return tuple(number / step for number in range(count))


def _timed(trajectory: Walk, animation: Animation) -> tuple[float, ...]:
    """Returns the positions of the frames on a walk with the segment durations `animation.durations`."""
    segments = len(trajectory.points) if trajectory.closed or animation.loop else len(trajectory.points) - 1
    if len(animation.durations) < segments:
        raise UserError(
            plural("The video has {count} segment.", "The video has {count} segments.", segments),
            plural("Give {count} duration.", "Give {count} durations.", segments),
        )
    steps = [max(round(seconds * animation.fps), 1) for seconds in animation.durations[:segments]]
    checked(sum(steps) + 1)
    found = [segment + number / step for segment, step in enumerate(steps) for number in range(step)]
    return tuple(found if trajectory.closed or animation.loop else [*found, float(segments)])


def frame_requests(trajectory: Walk | Loop, animation: Animation) -> LatentRequest:
    """Returns a request for the frames in order. Raises as `frame_positions` does.

    A closed walk becomes an open one with its first point repeated at the end, so that the recipe of each image holds
    only the two points around it. The images are the same.
    """
    found = frame_positions(trajectory, animation)
    if isinstance(trajectory, Walk) and (trajectory.closed or animation.loop):
        trajectory = replace(trajectory, points=(*trajectory.points, trajectory.points[0]), closed=False)
    return LatentRequest(trajectory, found)
