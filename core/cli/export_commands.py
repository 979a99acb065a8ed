"""Commands that export images, animations, reports and generators: `gan-studio generate | interpolate | timelapse |
report | export | project`.

Imports no torch before one of them runs: `core.cli.main` is imported before there is a window.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from tqdm import tqdm

from core.cli.messages import MESSAGES
from core.cli.paths import checkpoint, place
from core.concurrency import run_to_end
from core.errors import UserError
from core.events import Event, Notice, Progress
from core.export.animation import MOST_FPS, MOST_FRAMES, MOST_SCALE, Animation, frame_positions
from core.export.selection import FileOptions, ImageFormat, Packing, SeedSelection
from core.generator_inputs import LARGEST_SEED, parse_seeds
from core.latent.request import Loop, Point, Walk

if TYPE_CHECKING:
    from core.latent.sampler import Sampler

OTHER_FILES = (".mp4", ".mov", ".tar", ".tgz", ".gz", ".7z", ".rar")
"""Endings of names that no folder should have, beside those of pictures."""

Parser = TypeVar("Parser", bound=argparse.ArgumentParser)
T = TypeVar("T")


def generate(options: argparse.Namespace) -> int:
    from core.export.image_files import SUFFIXES, export_images

    seeds = parse_seeds(options.seeds)
    sampler, like = _opened(options)
    if options.each_class and not sampler.conditions.classes:
        raise UserError("This generator knows no classes.", "Leave --each-class out.")
    selection = SeedSelection.of(seeds, like, sampler.meta.classes if options.each_class else ())
    ending = options.out.suffix.lower()
    endings: dict[str, ImageFormat] = {**{end: name for name, end in SUFFIXES.items()}, ".jpeg": "jpeg"}
    drawn = endings.get(ending)
    packing: Packing = "zip" if ending == ".zip" else "sheet" if drawn else "folder"
    if packing == "folder":
        _refuse_file_name(options.out, f"End its name in {', '.join(endings)} or .zip, or name a folder.")
    if drawn and options.format not in (None, drawn):
        raise UserError(f"{options.out.name} is no {options.format}.", "Leave --format out, or name a folder.")
    file_options = FileOptions(drawn or options.format or "png", packing, options.scale, recipe=options.recipe)
    show(export_images(sampler, selection, options.out, file_options, options.overwrite), "image")
    print(f"{len(selection)} images in {options.out}", file=MESSAGES)
    return 0


def interpolate(options: argparse.Namespace) -> int:
    from core.export.video_encoder import format_of
    from core.export.walk_video import export_walk

    seeds = parse_seeds(options.seeds)
    format_of(options.out)  # a name that says nothing is no reason to read a checkpoint first
    animation = Animation(
        options.fps, options.frames / options.fps, options.loop, options.scale, options.smooth, options.recipe
    )
    if options.around and len(seeds) > 1:
        raise UserError(f"There is no way around {len(seeds)} seeds.", "Give one, or leave --around out.")
    if not options.around and len(seeds) == 1:
        raise UserError("One seed is no walk.", "Give several, or --around.")
    sampler, like = _opened(options)
    points = tuple(replace(like, seed=seed) for seed in seeds)
    trajectory: Walk | Loop
    if options.around:
        # Another seed's noise: its own would lead to itself and back.
        trajectory = Loop(points[0], seeds[0] + 1 if seeds[0] < LARGEST_SEED else 0, options.radius)
    else:
        trajectory = Walk(points, options.mode, easing=options.easing)
    show(export_walk(sampler, trajectory, options.out, animation, options.overwrite), "frame")
    print(f"{len(frame_positions(trajectory, animation))} frames in {options.out}", file=MESSAGES)
    return 0


def timelapse(options: argparse.Namespace) -> int:
    from core.export.timelapse import export_timelapse

    animation = Animation(options.fps, options.seconds, scale=options.scale, smooth=options.smooth)
    show(export_timelapse(options.run, options.out, animation, options.overwrite, options.caption), "frame")
    print(f"{animation.frames} frames in {options.out}", file=MESSAGES)
    return 0


def report(options: argparse.Namespace) -> int:
    from core.report.write import write_report

    show(write_report(options.run, options.out, options.overwrite), "stage")
    print(f"{options.out} tells of {options.run}", file=MESSAGES)
    return 0


def export(options: argparse.Namespace) -> int:
    from core.export.generator import export_generator, note_of
    from core.latent.sampler import Sampler

    show(export_generator(Sampler.open(options.checkpoint, "cpu"), options.out, options.overwrite), "stage")
    print(f"{options.out}, and how to use it: {note_of(options.out)}", file=MESSAGES)
    return 0


def project(options: argparse.Namespace) -> int:
    from core.checkpoint import load
    from core.export.projection import export_projection
    from core.latent.sampler import Sampler
    from core.projection.projector import STEPS, ProjectionStep
    from core.projection.search_space import FixedConditions
    from core.projection.target_image import open_picture

    _refuse_file_name(options.out, "Name a folder: two images are put into it.")
    opened = load(options.checkpoint)
    picture = open_picture(options.picture, opened.meta)
    sampler = Sampler.of(opened, options.device)
    sampler.path = options.checkpoint
    given = FixedConditions(_label(options.label, sampler.meta.classes, sampler.conditions.classes))
    steps = STEPS if options.steps is None else options.steps
    wanted = {"given": given, "steps": steps, "seed": options.seed}
    wanted |= {"overwrite": options.overwrite, "recipe": options.recipe}
    psnr = 0.0
    with (
        closing(export_projection(opened, sampler, picture, options.out, **wanted)) as events,
        tqdm(total=steps, unit="step", disable=None, file=MESSAGES) as bar,
    ):
        for event in events:
            if isinstance(event, ProjectionStep):
                psnr = event.psnr
                bar.update(event.step - bar.n)
                bar.set_postfix_str(f"{psnr:.1f} dB")
    print(f"PSNR {psnr:.2f} dB")
    print(f"target.png and projected.png in {options.out}", file=MESSAGES)
    return 0


def _opened(options: argparse.Namespace) -> tuple[Sampler, Point]:
    """The checkpoint's sampler, and what all points are like."""
    from core.latent.sampler import Sampler

    sampler = Sampler.open(options.checkpoint, options.device)
    classes = _label(options.label, sampler.meta.classes, sampler.conditions.classes)
    return sampler, Point(psi=options.psi, classes=classes)


def _label(text: str | None, classes: Sequence[str], known: int) -> tuple[float, ...]:
    """The shares of a class that is given by its name or its number."""
    if text is None:
        return ()
    if not known:
        raise UserError("This generator knows no classes.", "Leave --label out.")
    names = [*classes]
    if text in names:
        chosen = names.index(text)
    elif text.isdecimal() and int(text) < len(names):
        chosen = int(text)
    else:
        choices = ", ".join(names[:20]) + ", ..." * (len(names) > 20)
        raise UserError(f"There is no class {text!r}.", f"Choose one of {choices}.")
    return tuple(float(index == chosen) for index in range(len(names)))


def show(events: Generator[Event, None, T], unit: str) -> T:
    """Runs long work to its end with a bar on stderr, and returns its result."""
    with tqdm(unit=unit, disable=None, file=MESSAGES) as bar:
        return run_to_end(events, partial(_show, bar))


def _show(bar: tqdm[NoReturn], event: Event) -> None:
    if isinstance(event, Progress):
        if event.total != bar.total or event.done < bar.n:
            bar.reset(event.total)
        bar.set_description(event.text, refresh=False)
        bar.update(event.done - bar.n)
    elif isinstance(event, Notice):
        bar.write(event.text, file=MESSAGES)


def add_exports(commands: argparse._SubParsersAction[Parser]) -> None:
    """The commands and their flags."""
    command = commands.add_parser("generate", help="images of seeds")
    command.set_defaults(command=generate)
    _add_sampling(command)
    command.add_argument("--out", type=place, required=True, metavar="DIR", help="folder, .zip, or .png for one sheet")
    _add_recipe(command)
    command.add_argument("--each-class", action="store_true", help="the seeds for each class")
    command.add_argument("--format", choices=["png", "jpeg", "webp"], help="of a folder or zip; default: png")
    _add_writing(command)

    command = commands.add_parser("interpolate", help="a film of a walk from seed to seed")
    command.set_defaults(command=interpolate)
    _add_sampling(command)
    command.add_argument("--frames", type=_between(int, 1, MOST_FRAMES), default=60, help="from one seed to the next")
    command.add_argument("--mode", choices=["slerp", "lerp"], default="slerp", help="on a sphere, or straight on")
    command.add_argument("--easing", choices=["even", "smooth"], default="even", help="smooth: slower at each seed")
    command.add_argument("--loop", action="store_true", help="from the last seed back to the first, without a jump")
    command.add_argument("--around", action="store_true", help="a round of so many frames about a single seed")
    command.add_argument(
        "--radius", type=_between(float, 0, 1), default=0.5, metavar="R", help="of --around: 0 stands still, 1 is far"
    )
    _add_recipe(command)
    _add_animation_options(command)

    command = commands.add_parser("export", help="the generator for other programs")
    command.set_defaults(command=export)
    command.add_argument("checkpoint", type=checkpoint, metavar="CKPT")
    command.add_argument("--out", type=place, required=True, metavar="FILE", help="model.onnx or model.pt2")
    command.add_argument("--overwrite", action="store_true", help="replace the file if it exists")

    command = commands.add_parser("project", help="the image that comes nearest to a picture of your own")
    command.set_defaults(command=project)
    command.add_argument("checkpoint", type=checkpoint, metavar="CKPT")
    command.add_argument("picture", type=place, metavar="PICTURE")
    command.add_argument("--out", type=place, required=True, metavar="FOLDER", help="for target.png and projected.png")
    command.add_argument("--steps", type=int, metavar="N", help="more come nearer")
    command.add_argument("--label", metavar="CLASS", help="the name or number of a class; without it the best is taken")
    command.add_argument("--device", default="auto")
    command.add_argument("--seed", type=int, default=0, help="of the starts")
    _add_recipe(command)
    command.add_argument("--overwrite", action="store_true", help="replace images that exist already")

    command = commands.add_parser("timelapse", help="a film of a training's samples")
    command.set_defaults(command=timelapse)
    command.add_argument("run", type=place, metavar="RUN")
    command.add_argument("--seconds", type=_finite, default=10.0, metavar="S", help="of the whole film")
    command.add_argument("--caption", action="store_true", help="write the step below")
    _add_animation_options(command)

    command = commands.add_parser("report", help="one page that tells of a training: samples, curves, settings")
    command.set_defaults(command=report)
    command.add_argument("run", type=place, metavar="RUN")
    command.add_argument("--out", type=place, required=True, metavar="FILE", help="report.html")
    command.add_argument("--overwrite", action="store_true", help="replace the file if it exists")


def _add_sampling(command: argparse.ArgumentParser) -> None:
    command.add_argument("checkpoint", type=checkpoint, metavar="CKPT")
    command.add_argument("--seeds", required=True, help="such as 0-63 or 1,5,9")
    command.add_argument("--label", metavar="CLASS", help="the name or number of a class; without it they take turns")
    command.add_argument("--psi", type=_finite, default=1.0, help="truncation: below 1 is safer, above 1 is wilder")
    command.add_argument("--device", default="auto")


def _add_animation_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--out", type=place, required=True, metavar="FILM", help=".mp4, .gif, .webp, or a folder of PNGs"
    )
    command.add_argument("--fps", type=_between(int, 1, MOST_FPS), default=30, help="frames a second")
    command.add_argument("--smooth", action="store_true", help="enlarge without square pixels")
    _add_writing(command)


def _add_recipe(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--no-recipe", dest="recipe", action="store_false", help="leave the checkpoint and latents out of PNGs"
    )


def _refuse_file_name(path: Path, remedy: str) -> None:
    """Raises `UserError` for a folder that would be called like a picture, a film or an archive."""
    from PIL import Image

    Image.init()
    if path.suffix.lower() in {*Image.EXTENSION, *OTHER_FILES}:
        raise UserError(f"{path.name} would be the name of a folder.", remedy)


def _add_writing(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--scale", type=int, choices=range(1, MOST_SCALE + 1), default=1, metavar="N", help="pixels for each one"
    )
    command.add_argument("--overwrite", action="store_true", help="replace what exists already")


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(text)
    return value


def _between(kind: type[int] | type[float], low: int, high: int) -> Callable[[str], float]:
    """What reads a number from `low` to `high`."""

    def read(text: str) -> float:
        with suppress(ValueError):
            if low <= kind(text) <= high:
                return kind(text)
        raise argparse.ArgumentTypeError(f"{text!r} is not a {'whole ' * (kind is int)}number from {low} to {high}")

    return read
