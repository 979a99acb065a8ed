"""Export of a walk through latent space as a video, or as a folder of frames."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

from core.events import Images, Notice, Progress, Saved
from core.export.animation import Animation, frame_requests
from core.export.image_files import export_images
from core.export.selection import FileOptions, RequestSelection
from core.export.video_encoder import FRAME, format_of, older_frames, write_video
from core.latent.request import LatentRequest, Loop, Walk
from core.latent.sampler import STEADY, Sampler


def export_walk(
    sampler: Sampler, trajectory: Walk | Loop, target: Path, animation: Animation, overwrite: bool = False
) -> Generator[Progress | Notice, None, Saved]:
    """Writes the images along a trajectory to the target: .mp4, .gif or .webp, or without an extension a folder of
    frame00000.png etc., each with its recipe unless the animation says otherwise.

    Yields `Progress`, and returns `Saved`. Raises `UserError` before anything is written if a file exists and
    `overwrite` is not set, as `core.export.animation.frame_positions` does, and if the format does not support the
    frames.
    """
    request = frame_requests(trajectory, animation)
    count = len(request.positions)
    if format_of(target) is not None:

        def frames(numbers: Sequence[int]) -> Generator[Images, None, None]:
            return _rendered(sampler, request, numbers)

        yield from write_video(frames, count, target, animation, overwrite)
    else:
        file_options = FileOptions(scale=animation.scale, smooth=animation.smooth, recipe=animation.recipe)
        yield from export_images(sampler, RequestSelection(request, FRAME), target, file_options, overwrite)
        yield from older_frames(target, count)
    return Saved(target, sampler.meta.step)


def _rendered(sampler: Sampler, request: LatentRequest, numbers: Sequence[int]) -> Generator[Images, None, None]:
    """Renders some images of the request, as many at once as the sampler does."""
    for start in range(0, len(numbers), STEADY):
        positions = tuple(request.positions[number] for number in numbers[start : start + STEADY])
        chunk = LatentRequest(request.trajectory, positions)
        yield from sampler.render(chunk.part(0, len(positions)), steady=True)
