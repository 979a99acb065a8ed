"""Export of the sample grids of a run in the order of steps, as a video or a folder of frames."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from core.errors import UserError
from core.events import Images, Notice, Progress, Saved
from core.export.animation import Animation
from core.export.image_files import CAPTION, enlarged, export_pictures
from core.export.video_encoder import format_of, frame_names, older_frames, spread, write_video
from core.language import _, sentences
from core.runs.run import Run
from core.runs.sample_grid import read_grid


def export_timelapse(
    run_folder: Path, target: Path, animation: Animation, overwrite: bool = False, caption: bool = False
) -> Generator[Progress | Notice, None, Saved]:
    """Writes the sample grids of a run, one after another, like `core.export.walk_video.export_walk`.

    The video lasts `animation.seconds` and shows every grid equally long; if there are more grids than frames, evenly
    spaced grids are shown, with the first and the last. `caption`: show the step below.

    Yields a `Notice` for each damaged grid, which is left out. Raises `UserError` if no grid can be read, and as
    `export_walk` does.
    """
    format, count = format_of(target), animation.frames
    grids = yield from _readable(Run(run_folder).samples())
    if not grids:
        raise UserError(
            _("{run} has no sample grids.").format(run=run_folder.name),
            _("Choose another run, or continue this training."),
        )
    shown = [grids[number] for number in _grid_numbers(len(grids), count)]
    like = read_grid(grids[-1])

    def frames(numbers: Sequence[int]) -> Generator[Images, None, None]:
        drawn: tuple[Path, Images] | None = None
        for path in (shown[number] for number in numbers):
            if drawn is None or drawn[0] != path:
                drawn = path, _drawn(path, like, animation, caption)
            yield drawn[1]

    if format is not None:
        yield from write_video(frames, count, target, replace(animation, scale=1), overwrite)
    else:
        yield from export_pictures(
            frames(range(count)), frame_names(count), target, overwrite=overwrite, generated=True
        )
        yield from older_frames(target, count)
    return Saved(target, int(grids[-1].stem))


def _readable(paths: Sequence[Path]) -> Generator[Progress | Notice, None, list[Path]]:
    """Yields `Progress` and `Notice`; returns the readable files."""
    found = []
    for done, path in enumerate(paths, 1):
        try:
            read_grid(path)
            found.append(path)
        except UserError as problem:
            yield Notice(sentences(problem.what, _("It is left out.")))
        yield Progress(_("Checking the sample grids"), done, len(paths))
    return found


def _grid_numbers(grids: int, frames: int) -> list[int]:
    """Returns the grid number of each frame."""
    return [frame * grids // frames for frame in range(frames)] if frames >= grids else spread(grids, frames)


def _drawn(path: Path, like: Image.Image, animation: Animation, caption: bool) -> Images:
    """Returns a frame HWC: the grid with the size and channels of `like`, enlarged."""
    grid = read_grid(path).convert(like.mode)
    if grid.size != like.size:
        grid = ImageOps.pad(grid, like.size, Image.Resampling.LANCZOS)
    frame = enlarged(np.asarray(grid).reshape(grid.height, grid.width, -1), animation.scale, animation.smooth)
    return _captioned(frame, int(path.stem)) if caption else frame


def _captioned(frame: Images, step: int) -> Images:
    """Adds the step below the frame; the caption stays empty if even the number is too wide.

    It is English in all languages: Pillow's font has few other letters.
    """
    picture = Image.fromarray(frame[:, :, 0] if frame.shape[2] == 1 else frame)
    sheet = Image.new(picture.mode, (picture.width, picture.height + CAPTION), "white")
    sheet.paste(picture)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(CAPTION - 4)
    fitting = [text for text in (f"step {step:,}", str(step)) if pen.textlength(text, font) <= sheet.width - 2]
    pen.text((1, picture.height), next(iter(fitting), ""), "black", font)
    return np.asarray(sheet).reshape(sheet.height, sheet.width, -1)
