"""Parser of the command line: errors in one line with a suggestion, choices and defaults in each help, `--help-all`.

argparse takes its texts from Python's own catalogs, so that those a person reads are replaced here.
"""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, NoReturn, overload

from core.cli.messages import QUIET, VERBOSE
from core.errors import UserError
from core.formatting import columns
from core.language import _, sentences

USAGE = _("usage: ")
OPTIONS = _("[options]")
EXIT_CODES = _(
    "Exit codes: 0 success; 2 a problem, described in one line with its remedy; 70 a crash, with a report file; "
    "130 Ctrl-C; 128 + n ended by signal n, such as 143 for SIGTERM. A training that a signal ends is saved."
)
SIMILARITY = 0.65
"""Ratio of equal letters, in [0, 1], from which a word is taken for a mistyped one."""
WIDEST_OPTION = 28
"""Columns that options may take before their help begins on a line of its own."""
MISSING = "the following arguments are required: "
"""Beginning of argparse's error for arguments that are missing."""
_MARK = "\0"
"""Stands between the help of an option and its default."""
_PIECES = re.compile(r" |[“（《]*(?:[\u2e80-\uffef]|[^ \u2e80-\uffef]+)[，。：；？！、”）》]*")
"""Words, and Chinese signs with the punctuation that stays beside them: a line may end after each."""


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Returns "Did you mean 'train'?" for a word that is close to one of `words`; else an empty text."""
    plain = {known.lower().lstrip("-"): known for known in words}
    close = difflib.get_close_matches(word.lower().lstrip("-"), plain, 1, SIMILARITY)
    return _("Did you mean {word!r}?").format(word=plain[close[0]]) if close else ""


def with_default(help: str, default: str) -> str:
    """Returns the help of an option whose default is told in words."""
    return f"{help}{_MARK}{default}"


def wrapped(text: str, width: int) -> list[str]:
    """Returns lines of text for a terminal. Chinese text has no spaces at which to break it."""
    lines = [""]
    for piece in _PIECES.findall(text):
        if columns(lines[-1] + piece) > width:
            lines.append("")
        if lines[-1] or piece != " ":
            lines[-1] += piece
    return [line.rstrip() for line in lines if line]


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

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, USAGE if prefix is None else prefix)

    def _format_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None) -> str:
        wider = " " * (columns(prefix or "") - len(prefix or ""))
        return super()._format_usage(usage, actions, groups, prefix).replace("\n ", f"\n {wider}")

    def _split_lines(self, text: str, width: int) -> list[str]:
        if columns(text) == len(text):
            return super()._split_lines(text, width)
        return wrapped(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if columns(text) == len(text):
            return super()._fill_text(text, width, indent)
        return "\n".join(f"{indent}{line}" for line in wrapped(text, width - len(indent)))

    def _get_help_string(self, action: argparse.Action) -> str:
        help, given, default = (action.help or "").partition(_MARK)
        choices = ""
        if action.choices is not None and not isinstance(action.choices, dict):
            choices = _listed(action.choices)
        if not given and action.nargs != 0 and action.default not in (None, argparse.SUPPRESS):
            default = str(action.default)
        usual = _("Default: {default}.").format(default=default) if default else ""
        return sentences(help, choices, usual).replace("%", "%%")


class Parser(argparse.ArgumentParser):
    """Parser of the program or of one of its commands.

    `rare` holds the help of the options that `--help` leaves out and `--help-all` shows, `commands` the parser of each
    command of the program.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"formatter_class": Formatter, "epilog": EXIT_CODES, "add_help": False, **options})
        self._positionals.title, self._optionals.title = _("Arguments"), _("Options")
        self.rare: dict[argparse.Action, str] = {}
        self.commands: Mapping[str, Parser] = {}
        self.add_argument("-h", "--help", action="help", help=_("Show this help and exit."))

    def add_levels(self) -> None:
        """Adds `--quiet` and `--verbose`, which every command has."""
        quiet = _("Print errors and warnings only, without a progress bar.")
        verbose = _("Print the reports of a training, and the technical details of an error.")
        for flags, level, help in ((("-q", "--quiet"), QUIET, quiet), (("-v", "--verbose"), VERBOSE, verbose)):
            self.add_argument(
                *flags, dest="level", action="store_const", const=level, default=argparse.SUPPRESS, help=help
            )

    def hide(self, action: argparse.Action) -> None:
        """Leaves an option out of `--help`."""
        if not self.rare:
            self.add_argument("--help-all", action=_HelpAll, nargs=0, help=_("Show all options and exit."))
        self.rare[action] = action.help or ""
        action.help = argparse.SUPPRESS

    def help_of(self, action: argparse.Action) -> str:
        """Returns the help of an option without its default, whether `--help` shows it or not."""
        return self.rare.get(action, action.help or "").partition(_MARK)[0]

    def print_all_help(self) -> None:
        """Prints the help with all options."""
        for action, help in self.rare.items():
            action.help = help
        self.print_help()
        for action in self.rare:
            action.help = argparse.SUPPRESS

    def error(self, message: str) -> NoReturn:
        """Raises `UserError`, which becomes one line without the usage, for arguments that are missing."""
        if message.startswith(MISSING):
            what = _("The following arguments are required: {names}.").format(names=message.removeprefix(MISSING))
        else:
            what = _("The arguments cannot be read: {reason}.").format(reason=message)
        raise UserError(what, self._see_help)

    @property
    def _see_help(self) -> str:
        return _("See {command} --help.").format(command=self.prog)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parses as argparse does. Raises `UserError` for what is left over."""
        options, rest = self.parse_known_args(args, namespace)
        if rest:
            raise UserError(_("Unrecognized arguments: {names}.").format(names=" ".join(rest)), self._see_help)
        return options

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parses as argparse does. Raises `UserError` for an option that does not exist, before any that is missing."""
        known = self._option_string_actions
        for text in self._flags(args or ()):
            flag, equals, _value = text.partition("=")
            meant = [flag] if flag in known else [option for option in known if option.startswith(flag)]
            if not meant:
                remedy = did_you_mean(flag, known) or self._see_help
                raise UserError(_("There is no option {option}.").format(option=flag), remedy)
            if len(meant) > 1:
                names = ", ".join(meant)
                raise UserError(_("{option} may mean {names}.").format(option=flag, names=names), self._see_help)
            if equals and known[meant[0]].nargs == 0:
                raise UserError(_("{option} takes no value.").format(option=flag), self._see_help)
        return super().parse_known_args(args, namespace)

    def _flags(self, arguments: Sequence[str]) -> Iterator[str]:
        """Returns the long options among the arguments of this parser itself, each with its `=VALUE`."""
        ours = takewhile(lambda text: text != "--" and (not self._subparsers or text.startswith("-")), arguments)
        return (text for text in ours if text.startswith("--"))

    def _match_argument(self, action: argparse.Action, arg_strings_pattern: str) -> int:
        try:
            return super()._match_argument(action, arg_strings_pattern)
        except argparse.ArgumentError as error:
            raise UserError(_("{option} needs a value.").format(option=_name(action)), self._see_help) from error

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError as error:
            cause = error.__context__
            remedy = str(cause) if isinstance(cause, argparse.ArgumentTypeError) else self._see_help
            raise UserError(_refusal(action, arg_string), remedy) from error

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        names = [str(choice) for choice in action.choices]
        if isinstance(action.choices, dict):  # the commands
            remedy = did_you_mean(value, names) or self._see_help
            raise UserError(_("There is no command {name!r}.").format(name=value), remedy)
        remedy = did_you_mean(value, names) if isinstance(value, str) else ""
        raise UserError(_refusal(action, value), remedy or _choose(action.choices))


class _HelpAll(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_rest: object) -> None:
        assert isinstance(parser, Parser)
        parser.print_all_help()
        parser.exit()


def _name(action: argparse.Action) -> str:
    return "/".join(action.option_strings) or str(action.metavar or action.dest)


def _refusal(action: argparse.Action, value: Any) -> str:
    return _("{option} cannot be {value!r}.").format(option=_name(action), value=value)


def _listed(choices: Iterable[Any]) -> str:
    if isinstance(choices, range):
        return _("From {low} to {high}.").format(low=choices[0], high=choices[-1])
    return _("One of {choices}.").format(choices=", ".join(map(str, choices)))


def _choose(choices: Iterable[Any]) -> str:
    if isinstance(choices, range):
        return _("Choose from {low} to {high}.").format(low=choices[0], high=choices[-1])
    return _("Choose one of {choices}.").format(choices=", ".join(map(str, choices)))
