"""Commands that export images, animations, reports and generators: `gan-studio generate | interpolate | timelapse |
report | export | project`.

Imports no torch before one of them runs: `core.cli.main` is imported before there is a window.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.arguments import Commands, add_checkpoint, add_command, add_device, between
from core.cli.messages import MESSAGES, as_json
from core.cli.parser import Parser, did_you_mean, with_default
from core.cli.paths import checkpoint, place
from core.cli.progress import Bar, show
from core.errors import UserError
from core.export.animation import MOST_FPS, MOST_FRAMES, MOST_SCALE, Animation, frame_positions
from core.export.selection import FileOptions, ImageFormat, Packing, SeedSelection
from core.generator_inputs import LARGEST_SEED, parse_seeds
from core.language import _, in_context, number, one_of, plural
from core.latent.request import Loop, Point, Walk

if TYPE_CHECKING:
    from core.latent.sampler import Sampler

OTHER_FILES = (".mp4", ".mov", ".tar", ".tgz", ".gz", ".7z", ".rar")
"""Endings of names that no folder should have, beside those of pictures."""


def generate(options: argparse.Namespace) -> int:
    from core.export.image_files import SUFFIXES, export_images
    from core.jobs.apply_job import open_enlarger

    seeds = parse_seeds(options.seeds)
    enlarger = open_enlarger(options.enlarge_with, options.device) if options.enlarge_with else None
    sampler, like = _opened(options)
    if options.each_class and not sampler.conditions.classes:
        raise UserError(_("This generator knows no classes."), _("Leave --each-class out."))
    selection = SeedSelection.of(seeds, like, sampler.meta.classes if options.each_class else ())
    ending = options.out.suffix.lower()
    endings: dict[str, ImageFormat] = {**{end: name for name, end in SUFFIXES.items()}, ".jpeg": "jpeg"}
    drawn = endings.get(ending)
    packing: Packing = "zip" if ending == ".zip" else "sheet" if drawn else "folder"
    if packing == "folder":
        remedy = _("End its name in {endings}, or name a folder.").format(endings=one_of([*endings, ".zip"]))
        _refuse_file_name(options.out, remedy)
    if drawn and options.format not in (None, drawn):
        what = _("{file} is no {format}.").format(file=options.out.name, format=options.format)
        raise UserError(what, _("Leave --format out, or name a folder."))
    file_options = FileOptions(drawn or options.format or "png", packing, options.scale, recipe=options.recipe)
    events = export_images(sampler, selection, options.out, file_options, options.overwrite, enlarger)
    show(events, in_context("unit", "image"))
    MESSAGES.say(plural("{count} image in {place}", "{count} images in {place}", len(selection), place=options.out))
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
        what = plural("There is no way around {count} seed.", "There is no way around {count} seeds.", len(seeds))
        raise UserError(what, _("Give one, or leave --around out."))
    if not options.around and len(seeds) == 1:
        raise UserError(_("One seed is no walk."), _("Give several, or --around."))
    sampler, like = _opened(options)
    points = tuple(replace(like, seed=seed) for seed in seeds)
    trajectory: Walk | Loop
    if options.around:
        # Another seed's noise: its own would lead to itself and back.
        trajectory = Loop(points[0], seeds[0] + 1 if seeds[0] < LARGEST_SEED else 0, options.radius)
    else:
        trajectory = Walk(points, options.mode, easing=options.easing)
    show(export_walk(sampler, trajectory, options.out, animation, options.overwrite), in_context("unit", "frame"))
    _say_frames(len(frame_positions(trajectory, animation)), options.out)
    return 0


def timelapse(options: argparse.Namespace) -> int:
    from core.export.timelapse import export_timelapse

    animation = Animation(options.fps, options.seconds, scale=options.scale, smooth=options.smooth)
    show(
        export_timelapse(options.run, options.out, animation, options.overwrite, options.caption),
        in_context("unit", "frame"),
    )
    _say_frames(animation.frames, options.out)
    return 0


def _say_frames(frames: int, place: Path) -> None:
    MESSAGES.say(plural("{count} frame in {place}", "{count} frames in {place}", frames, place=place))


def report(options: argparse.Namespace) -> int:
    from core.report.write import write_report

    show(write_report(options.run, options.out, options.overwrite), in_context("unit", "stage"))
    MESSAGES.say(_("{report} tells of {run}").format(report=options.out, run=options.run))
    return 0


def export(options: argparse.Namespace) -> int:
    from core.checkpoint import load
    from core.export.generator import export_checkpoint, note_of
    from core.export.translator import WEIGHTS, export_weights

    opened = load(options.checkpoint, ("G_ema",))
    if options.out.suffix.lower() == WEIGHTS:
        show(export_weights(opened, options.out, options.overwrite), in_context("unit", "stage"))
        MESSAGES.say(str(options.out))
        return 0
    show(export_checkpoint(opened, options.out, options.overwrite), in_context("unit", "stage"))
    MESSAGES.say(_("{file}, and how to use it: {note}").format(file=options.out, note=note_of(options.out)))
    return 0


def project(options: argparse.Namespace) -> int:
    from core.checkpoint import load
    from core.export.projection import export_projection
    from core.latent.sampler import Sampler, refuse_translation
    from core.projection.projector import STEPS, ProjectionStep
    from core.projection.search_space import FixedConditions
    from core.projection.target_image import open_picture

    _refuse_file_name(options.out, _("Name a folder: two images are put into it."))
    opened = load(options.checkpoint)
    refuse_translation(opened.meta)
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
        Bar(in_context("unit", "step"), steps) as bar,
    ):
        for event in events:
            if isinstance(event, ProjectionStep):
                psnr = event.psnr
                bar.advance(event.step, _("Projecting"), f"{number(psnr, 1)} dB")
    files = {name: str(options.out / f"{name}.png") for name in ("target", "projected")}
    print(as_json({"psnr": psnr, **files}) if options.json else f"PSNR {number(psnr, 2)} dB")
    MESSAGES.say(_("target.png and projected.png in {folder}").format(folder=options.out))
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
        raise UserError(_("This generator knows no classes."), _("Leave --label out."))
    names = [*classes]
    if text in names:
        chosen = names.index(text)
    elif text.isdecimal() and int(text) < len(names):
        chosen = int(text)
    else:
        choices = ", ".join(names[:20]) + ", ..." * (len(names) > 20)
        remedy = did_you_mean(text, names) or _("Choose one of {choices}.").format(choices=choices)
        raise UserError(_("There is no class {name!r}.").format(name=text), remedy)
    return tuple(float(index == chosen) for index in range(len(names)))


def add_exports(commands: Commands) -> None:
    """Adds the commands and their options to those of the program."""
    _add_generate(commands)
    _add_interpolate(commands)
    _add_export(commands)
    _add_project(commands)
    _add_timelapse(commands)
    _add_report(commands)


def _add_generate(commands: Commands) -> None:
    command = add_command(commands, "generate", generate, _("Generate images of seeds."))
    _add_sampling(command)
    command.add_argument(
        "--out", type=place, required=True, metavar="OUT", help=_("Folder, .zip, or .png, .jpg or .webp for one sheet.")
    )
    command.add_argument("--each-class", action="store_true", help=_("Generate each seed in each class."))
    command.add_argument(
        "--format",
        choices=["png", "jpeg", "webp"],
        metavar="FORMAT",
        help=with_default(_("File format of the images in a folder or .zip."), "png"),
    )
    command.add_argument(
        "--enlarge-with",
        type=checkpoint,
        metavar="CKPT",
        help=_("Enlarge the images with a checkpoint or run whose task is enlarge."),
    )
    _add_recipe(command)
    _add_writing(command)


def _add_interpolate(commands: Commands) -> None:
    command = add_command(commands, "interpolate", interpolate, _("Interpolate between seeds, as a video."))
    _add_sampling(command)
    command.add_argument(
        "--frames",
        type=between(int, 1, MOST_FRAMES),
        default=60,
        metavar="N",
        help=_("Frames from one seed to the next; with --around the frames of the whole video."),
    )
    command.add_argument(
        "--mode",
        choices=["slerp", "lerp"],
        default="slerp",
        metavar="MODE",
        help=_("Spherical or linear interpolation."),
    )
    command.add_argument(
        "--easing",
        choices=["even", "smooth"],
        default="even",
        metavar="EASING",
        help=_("Speed between two seeds: even, or slower near each seed."),
    )
    command.add_argument("--loop", action="store_true", help=_("Return from the last seed to the first."))
    command.add_argument("--around", action="store_true", help=_("Move in a circle around a single seed."))
    command.add_argument(
        "--radius",
        type=between(float, 0, 1),
        default=0.5,
        metavar="R",
        help=_("Radius of the circle of --around, from 0 (no motion) to 1 (unrelated images)."),
    )
    _add_recipe(command)
    _add_animation_options(command)


def _add_export(commands: Commands) -> None:
    command = add_command(
        commands,
        "export",
        export,
        _("Export the generator for other programs, as .onnx or .pt2; a translator also as .safetensors."),
    )
    add_checkpoint(command)
    command.add_argument(
        "--out", type=place, required=True, metavar="FILE", help=_("File to write: .onnx, .pt2 or .safetensors.")
    )
    _add_overwrite(command)


def _add_project(commands: Commands) -> None:
    command = add_command(
        commands, "project", project, _("Project a picture: find the latent of the most similar image.")
    )
    add_checkpoint(command)
    command.add_argument("picture", type=place, metavar="PICTURE", help=_("Picture to project."))
    command.add_argument(
        "--out", type=place, required=True, metavar="FOLDER", help=_("Folder for target.png and projected.png.")
    )
    command.add_argument(
        "--steps",
        type=int,
        metavar="N",
        help=with_default(_("Optimizer steps; more come closer to the picture."), "500"),
    )
    command.add_argument(
        "--label", metavar="CLASS", help=with_default(_("Name or number of a class."), _("the class that fits best"))
    )
    add_device(command)
    command.add_argument("--seed", type=int, default=0, metavar="N", help=_("Seed of the latents to start from."))
    command.add_argument("--json", action="store_true", help=_("Print the PSNR and the files as JSON."))
    _add_recipe(command)
    _add_overwrite(command)


def _add_timelapse(commands: Commands) -> None:
    command = add_command(commands, "timelapse", timelapse, _("Make a time-lapse video of a run's samples."))
    command.add_argument("run", type=place, metavar="RUN", help=_("Folder of the run."))
    command.add_argument(
        "--seconds", type=_finite, default=10.0, metavar="S", help=_("Length of the video in seconds.")
    )
    command.add_argument("--caption", action="store_true", help=_("Write the step below the samples."))
    _add_animation_options(command)


def _add_report(commands: Commands) -> None:
    command = add_command(commands, "report", report, _("Write an HTML report of a run: samples, curves, settings."))
    command.add_argument("run", type=place, metavar="RUN", help=_("Folder of the run."))
    command.add_argument(
        "--out", type=place, required=True, metavar="FILE", help=_("File to write, such as report.html.")
    )
    _add_overwrite(command)


def _add_sampling(command: Parser) -> None:
    add_checkpoint(command)
    command.add_argument("--seeds", required=True, metavar="SEEDS", help=_("Seeds, such as 0-63 or 1,5,9."))
    command.add_argument(
        "--label", metavar="CLASS", help=with_default(_("Name or number of a class."), _("the classes take turns"))
    )
    command.add_argument(
        "--psi",
        type=_finite,
        default=1.0,
        metavar="X",
        help=_("Truncation psi. Below 1 images are more typical, above 1 more varied."),
    )
    add_device(command)


def _add_animation_options(command: Parser) -> None:
    command.add_argument(
        "--out",
        type=place,
        required=True,
        metavar="VIDEO",
        help=_("File .mp4, .gif or .webp, or a folder for PNG files."),
    )
    command.add_argument("--fps", type=between(int, 1, MOST_FPS), default=30, metavar="N", help=_("Frames per second."))
    command.add_argument("--smooth", action="store_true", help=_("Enlarge smoothly, without square pixels."))
    _add_writing(command)


def _add_recipe(command: Parser) -> None:
    command.add_argument(
        "--no-recipe",
        dest="recipe",
        action="store_false",
        help=_("Leave the recipe (checkpoint, latents) out of PNGs."),
    )


def _refuse_file_name(path: Path, remedy: str) -> None:
    """Raises `UserError` for a folder that would be called like a picture, a film or an archive."""
    from PIL import Image

    Image.init()
    if path.suffix.lower() in {*Image.EXTENSION, *OTHER_FILES}:
        raise UserError(_("{name} would be the name of a folder.").format(name=path.name), remedy)


def _add_overwrite(command: Parser) -> None:
    command.add_argument("--overwrite", action="store_true", help=_("Replace files that exist."))


def _add_writing(command: Parser) -> None:
    command.add_argument(
        "--scale",
        type=int,
        choices=range(1, MOST_SCALE + 1),
        default=1,
        metavar="N",
        help=_("Factor by which images are enlarged."),
    )
    _add_overwrite(command)


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(text)
    return value
