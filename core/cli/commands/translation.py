"""Command that applies a trained translator to pictures and films: `gan-studio apply`.

Imports no torch before it runs: `core.cli.main` is imported before there is a window.
"""

from __future__ import annotations

import argparse

from core.cli.arguments import Commands, add_checkpoint, add_command, add_device, between
from core.cli.messages import MESSAGES, as_json
from core.cli.parser import with_default
from core.cli.paths import place
from core.cli.progress import show
from core.language import _, in_context, plural

LARGEST_TILE = 2**16
"""Side in pixels; a tile that is larger than the picture is the picture."""


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


def add_translation(commands: Commands) -> None:
    """Adds the command and its options to those of the program."""
    command = add_command(
        commands, "apply", apply, _("Apply a model of a training from image to image to pictures, folders and films.")
    )
    add_checkpoint(command)
    command.add_argument("sources", type=place, nargs="+", metavar="IN", help=_("Pictures, folders and films."))
    command.add_argument(
        "--out", type=place, required=True, metavar="DIR", help=_("Folder for the results. No file is replaced.")
    )
    command.add_argument(
        "--strength",
        type=between(float, 0, 1),
        default=1.0,
        metavar="X",
        help=_("Strength from 0 (the picture itself) to 1 (the translation)."),
    )
    command.add_argument(
        "--tile",
        type=between(int, 1, LARGEST_TILE),
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
    add_device(command)
    command.add_argument("--json", action="store_true", help=_("Print the files as JSON."))
    command.add_argument(
        "--no-recipe",
        dest="recipe",
        action="store_false",
        help=_("Leave the recipe (checkpoint, strength) out of PNGs."),
    )
