"""Parser of the command line: errors in one line with a suggestion, choices and defaults in each help, `--help-all`."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, NoReturn, overload

from core.cli.messages import QUIET, VERBOSE
from core.errors import UserError

EXIT_CODES = (
    "Exit codes: 0 success; 2 a problem, described in one line with its remedy; 70 a crash, with a report file; "
    "130 Ctrl-C; 128 + n ended by signal n, such as 143 for SIGTERM. A training that a signal ends is saved."
)
SIMILARITY = 0.65
"""Ratio of equal letters, in [0, 1], from which a word is taken for a mistyped one."""
WIDEST_OPTION = 28
"""Columns that options may take before their help begins on a line of its own."""


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Returns "Did you mean 'train'?" for a word that is close to one of `words`; else an empty text."""
    plain = {known.lower().lstrip("-"): known for known in words}
    close = difflib.get_close_matches(word.lower().lstrip("-"), plain, 1, SIMILARITY)
    return f"Did you mean {plain[close[0]]!r}?" if close else ""


class LazyChoices(Sequence[str]):
    """Choices that are only looked up when they are needed, since that takes time or imports much."""

    def __init__(self, look_up: Callable[[], Iterable[str]]) -> None:
        self._look_up = look_up

    def __len__(self) -> int:
        return len([*self._look_up()])

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return [*self._look_up()][index]


class Formatter(argparse.HelpFormatter):
    """Help of each option with its choices and its default."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max_help_position": WIDEST_OPTION, **options})

    def _get_help_string(self, action: argparse.Action) -> str:
        help, given, default = (action.help or "").partition(" Default: ")
        if action.choices is not None and not isinstance(action.choices, dict):
            help = f"{help} {_listed(action.choices)}"
        if not given and action.nargs != 0 and action.default not in (None, argparse.SUPPRESS):
            given, default = " Default: ", "%(default)s."
        return help + given + default


class Parser(argparse.ArgumentParser):
    """Parser of the program or of one of its commands.

    `rare` holds the help of the options that `--help` leaves out and `--help-all` shows, `commands` the parser of each
    command of the program.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"formatter_class": Formatter, "epilog": EXIT_CODES, "add_help": False, **options})
        self._positionals.title, self._optionals.title = "Arguments", "Options"
        self.rare: dict[argparse.Action, str] = {}
        self.commands: Mapping[str, Parser] = {}
        self.add_argument("-h", "--help", action="help", help="Show this help and exit.")

    def add_levels(self) -> None:
        """Adds `--quiet` and `--verbose`, which every command has."""
        quiet = "Print errors and warnings only, without a progress bar."
        verbose = "Print the reports of a training, and the technical details of an error."
        for flags, level, help in ((("-q", "--quiet"), QUIET, quiet), (("-v", "--verbose"), VERBOSE, verbose)):
            self.add_argument(
                *flags, dest="level", action="store_const", const=level, default=argparse.SUPPRESS, help=help
            )

    def hide(self, action: argparse.Action) -> None:
        """Leaves an option out of `--help`."""
        if not self.rare:
            self.add_argument("--help-all", action=_HelpAll, nargs=0, help="Show all options and exit.")
        self.rare[action] = action.help or ""
        action.help = argparse.SUPPRESS

    def help_of(self, action: argparse.Action) -> str:
        """Returns the help of an option, whether `--help` shows it or not."""
        return self.rare.get(action, action.help or "")

    def print_all_help(self) -> None:
        """Prints the help with all options."""
        for action, help in self.rare.items():
            action.help = help
        self.print_help()
        for action in self.rare:
            action.help = argparse.SUPPRESS

    def error(self, message: str) -> NoReturn:
        """Raises `UserError`, which becomes one line without the usage."""
        message = message.removeprefix("argument ")
        raise UserError(f"{message[:1].upper()}{message[1:]}.", f"See {self.prog} --help.")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parses as argparse does. Raises `UserError` for an option that does not exist, before any that is missing."""
        for flag in self._flags(args or ()):
            known = self._option_string_actions
            if not any(option.startswith(flag) for option in known):
                raise UserError(f"There is no option {flag}.", did_you_mean(flag, known) or f"See {self.prog} --help.")
        return super().parse_known_args(args, namespace)

    def _flags(self, arguments: Sequence[str]) -> Iterator[str]:
        """Returns the long options among the arguments of this parser itself."""
        ours = takewhile(lambda text: text != "--" and (not self._subparsers or text.startswith("-")), arguments)
        return (text.partition("=")[0] for text in ours if text.startswith("--"))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        names = [str(choice) for choice in action.choices]
        if isinstance(action.choices, dict):  # the commands
            raise UserError(f"There is no command {value!r}.", did_you_mean(value, names) or f"See {self.prog} --help.")
        what = "/".join(action.option_strings) or action.metavar or action.dest
        remedy = did_you_mean(str(value), names) if isinstance(value, str) else ""
        raise UserError(f"{what} cannot be {value!r}.", remedy or f"Choose {_listed(action.choices).lower()}")


class _HelpAll(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        assert isinstance(parser, Parser)
        parser.print_all_help()
        parser.exit()


def _listed(choices: Iterable[Any]) -> str:
    if isinstance(choices, range):
        return f"From {choices[0]} to {choices[-1]}."
    return f"One of {', '.join(map(str, choices))}."
