"""Command that applies a trained translator to pictures and films: `gan-studio apply`.

Imports no torch before it runs: `core.cli.main` is imported before there is a window.
"""

from __future__ import annotations

import argparse
from contextlib import suppress

from core.cli.messages import MESSAGES, as_json
from core.cli.parser import Parser, with_default
from core.cli.paths import checkpoint, place
from core.cli.progress import show
from core.language import _, in_context, plural


def apply(options: argparse.Namespace) -> int:
    from core.jobs.apply_job import Application, LoadedTranslator
    from core.jobs.apply_job import apply as apply_to

    loaded = LoadedTranslator.open(options.checkpoint, options.device, options.tile)
    application = Application(tuple(options.sources), options.out, options.strength, options.mask, options.recipe)
    results = show(apply_to(loaded, application), in_context("unit", "part"))
    if options.json:
        print(as_json([{"source": result.source, "file": str(result.path)} for result in results]))
    MESSAGES.say(plural("{count} file in {place}", "{count} files in {place}", len(results), place=options.out))
    return 0


def add_translation(commands: argparse._SubParsersAction[Parser]) -> None:
    """Adds the command and its options to those of the program."""
    help = _("Apply a model of a training from image to image to pictures, folders and films.")
    command = commands.add_parser("apply", help=help, description=help)
    command.set_defaults(command=apply)
    command.add_argument(
        "checkpoint", type=checkpoint, metavar="CKPT", help=_("Checkpoint, or the folder of a run for its newest one.")
    )
    command.add_argument("sources", type=place, nargs="+", metavar="IN", help=_("Pictures, folders and films."))
    command.add_argument(
        "--out", type=place, required=True, metavar="DIR", help=_("Folder for the results. No file is replaced.")
    )
    command.add_argument(
        "--strength",
        type=_share,
        default=1.0,
        metavar="X",
        help=_("Strength from 0 (the picture itself) to 1 (the translation)."),
    )
    command.add_argument(
        "--tile",
        type=_pixels,
        metavar="N",
        help=with_default(
            _("Side of the tiles in pixels. Smaller tiles need less memory."),
            _("what suits the network and the device"),
        ),
    )
    command.add_argument(
        "--mask",
        type=place,
        metavar="FILE",
        help=with_default(
            _("Image that is white where the task repair fills the pictures."),
            _("NAME.mask.png beside each picture, or its transparent pixels"),
        ),
    )
    command.add_argument(
        "--device", default="auto", metavar="DEVICE", help=_("Device to compute on: auto, cpu, cuda:0, xpu:0, mps ...")
    )
    command.add_argument("--json", action="store_true", help=_("Print the files as JSON."))
    command.add_argument(
        "--no-recipe",
        dest="recipe",
        action="store_false",
        help=_("Leave the recipe (checkpoint, strength) out of PNGs."),
    )


def _share(text: str) -> float:
    with suppress(ValueError):
        if 0 <= float(text) <= 1:
            return float(text)
    raise argparse.ArgumentTypeError(_("Give a number from {low} to {high}.").format(low=0, high=1))


def _pixels(text: str) -> int:
    with suppress(ValueError):
        if int(text) >= 1:
            return int(text)
    raise argparse.ArgumentTypeError(_("Give a whole number from {low} to {high}.").format(low=1, high=4096))
