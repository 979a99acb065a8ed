"""Commands, and the arguments that several of them share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

from core.cli.parser import Parser
from core.cli.paths import checkpoint
from core.language import _

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def add_command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int], help: str, **options: Any
) -> Parser:
    """Adds a command to those of the program. `run` returns its exit code; `options`: of its parser."""
    command = commands.add_parser(name, **{"help": help, "description": help, **options})
    command.set_defaults(command=run)
    return command


def add_checkpoint(command: Parser) -> None:
    command.add_argument(
        "checkpoint", type=checkpoint, metavar="CKPT", help=_("Checkpoint, or the folder of a run for its newest one.")
    )


def add_device(command: Parser) -> None:
    command.add_argument(
        "--device", default="auto", metavar="DEVICE", help=_("Device to compute on: auto, cpu, cuda:0, xpu:0, mps ...")
    )


def between(kind: type[int] | type[float], low: int, high: int) -> Callable[[str], float]:
    """Returns a parser of numbers from `low` to `high`."""

    def read(text: str) -> float:
        with suppress(ValueError):
            if low <= kind(text) <= high:
                return kind(text)
        whole, any_ = _("Give a whole number from {low} to {high}."), _("Give a number from {low} to {high}.")
        raise argparse.ArgumentTypeError((whole if kind is int else any_).format(low=low, high=high))

    return read
