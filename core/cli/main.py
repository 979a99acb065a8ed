"""Command line without a window: `gan-studio train | generate | inspect ...`, with the commands of this package."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from io import TextIOWrapper
from typing import Any

from core import __version__
from core.cli.commands.completion import add_completion
from core.cli.commands.desktop import add_desktop
from core.cli.commands.exports import add_exports
from core.cli.commands.hosts import add_hosts
from core.cli.commands.information import add_information
from core.cli.commands.queue import add_queue
from core.cli.commands.search import add_search
from core.cli.commands.training import add_training
from core.cli.commands.translation import add_translation
from core.cli.messages import MESSAGES, NORMAL
from core.cli.parser import OPTIONS, USAGE, Parser
from core.devices.memory import REMEDY, is_out_of_memory
from core.distributed.ranks import Ranks
from core.errors import MirroredRunError, RunBusyError, UserError, refused_by_system
from core.language import _, sentences

BAD_INPUT, INTERRUPTED = 2, 130


def main(arguments: Sequence[str], window: Callable[[], Mapping[str, Any]] = dict) -> int:
    """Runs one command and returns the exit code: 0, 2 for bad input, 128 and the signal's number when interrupted.

    `window`: tells facts about the window system, which only `doctor` asks for (see `core.jobs.doctor.examine`).
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the encoding lacks is no reason to stop
    MESSAGES.level = NORMAL
    try:
        options = parser().parse_args(arguments, argparse.Namespace(window=window, level=NORMAL))
    except UserError as problem:
        if Ranks.launched().leads:  # all processes of torchrun have the same arguments
            MESSAGES.complain(str(problem), problem.details)
        return BAD_INPUT
    try:
        MESSAGES.level = options.level
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except (RunBusyError, MirroredRunError) as problem:
        MESSAGES.complain(sentences(str(problem), _("See gan-studio watch, and --copy.")), problem.details)
    except UserError as problem:
        MESSAGES.complain(str(problem), problem.details)
    except KeyboardInterrupt:
        MESSAGES.complain(_("interrupted"))
        return INTERRUPTED
    except BrokenPipeError:  # whoever read it, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains as it ends
        return 0
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        MESSAGES.complain(sentences(_("There is not enough memory for this."), REMEDY, str(error)))
    except OSError as error:
        refusal = refused_by_system(error)
        MESSAGES.complain(str(refusal), refusal.details)
    return BAD_INPUT


def commands() -> tuple[str, ...]:
    """Names of the commands, by which one is told from a path."""
    return tuple(parser().commands)


@cache
def parser() -> Parser:
    """Returns the parser of the program."""
    program = Parser(
        "gan-studio",
        description=_("Train, explore and evaluate GANs. Without a command the window opens, on PATH if one is given."),
        usage=f"gan-studio [PATH]\n{' ' * len(USAGE)}gan-studio COMMAND {OPTIONS}",
    )
    program.add_argument(
        "--version", action="version", version=f"GAN Studio {__version__}", help=_("Show the version and exit.")
    )
    commands = program.add_subparsers(
        title=_("Commands"), required=True, metavar="COMMAND", prog="gan-studio", parser_class=Parser
    )
    program.commands = commands.choices
    add_training(commands)
    add_queue(commands)
    add_search(commands)
    add_hosts(commands)
    add_exports(commands)
    add_translation(commands)
    add_information(commands)
    add_completion(commands, parser)
    add_desktop(commands)
    for each in (program, *commands.choices.values()):
        each.add_levels()
    return program
