"""Completion of commands, options and choices for bash, zsh and fish: scripts made from the parser.

The scripts are static, so that the Tab key starts no Python.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.cli.arguments import Commands, add_command
from core.cli.parser import Parser
from core.cli.paths import PATHS
from core.language import _, sentences

INSTALL = {
    "bash": "echo 'eval \"$(gan-studio completion bash)\"' >> ~/.bashrc",
    "zsh": _("{command} (below compinit)").format(command="echo 'eval \"$(gan-studio completion zsh)\"' >> ~/.zshrc"),
    "fish": "mkdir -p ~/.config/fish/completions &&"
    " gan-studio completion fish > ~/.config/fish/completions/gan-studio.fish",
}
_FISH_COMMAND = """\
function __gan_studio_command_is
    for word in (commandline -opc)[2..-1]
        if not string match -q -- "-*" $word
            test $word = $argv[1]
            return
        end
    end
    return 1
end"""
"""Function of fish: the command is the first word that is no option, as a folder may have the name of another."""


@dataclass(frozen=True)
class Argument:
    """An option, or a positional argument where it has no flags. `is_path`: its value is the name of a file."""

    flags: tuple[str, ...]
    help: str
    metavar: str
    choices: tuple[str, ...]
    takes_value: bool
    is_path: bool


def add_completion(commands: Commands, parser: Callable[[], Parser]) -> None:
    """Adds the command to those of the program; `parser` returns the whole parser when it is asked for."""
    help = _("Print the script that completes commands and options in a shell.")
    how = _("To install it in {commands}.").format(
        commands="; ".join(f"{shell}: {command}" for shell, command in INSTALL.items())
    )

    def run(options: argparse.Namespace) -> int:
        print(script(parser(), options.shell))
        return 0

    command = add_command(commands, "completion", run, help, description=sentences(help, how))
    command.add_argument("shell", choices=[*_SCRIPTS], metavar="SHELL", help=_("Shell that runs the script."))


def script(parser: Parser, shell: str) -> str:
    """Returns the completion script of a shell: "bash", "zsh" or "fish"."""
    return _SCRIPTS[shell](parser)


def arguments_of(parser: Parser) -> list[Argument]:
    """Returns the arguments of a command, those that `--help` leaves out included."""
    found = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            if not parser.commands:  # the actions of a command, without those for the program itself
                names = tuple(each.dest for each in action._choices_actions)
                found.append(Argument((), _("Action of the command."), str(action.metavar), names, True, True))
        else:
            help = _first_sentence(parser.help_of(action))
            choices = tuple(map(str, action.choices or ()))
            takes_value = action.nargs != 0
            metavar = str(action.metavar or action.dest)
            is_path = action.type in PATHS
            found.append(Argument(tuple(action.option_strings), help, metavar, choices, takes_value, is_path))
    return found


def _bash(parser: Parser) -> str:
    lines = [
        "# bash completion of gan-studio. Where nothing is completed here, bash completes names of files.",
        "_gan_studio() {",
        '    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" command="" words="" word',
        '    [[ $current == "=" ]] && current=""',
        '    [[ $previous == "=" ]] && previous="${COMP_WORDS[COMP_CWORD-2]}"',
        '    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
        "        [[ $word != -* ]] && { command=$word; break; }",
        "    done",
        '    case "$command" in',
        f'    "") words="{" ".join([*parser.commands, *_flags(parser)])}" ;;',
    ]
    for name, command in parser.commands.items():
        lines += [f"    {name})", '        case "$previous" in']
        for argument in arguments_of(command):
            if argument.flags and argument.takes_value:
                words = f' words="{" ".join(argument.choices)}"' if argument.choices else " return"
                lines.append(f"        {'|'.join(argument.flags)}){words} ;;")
        positional = [choice for each in arguments_of(command) if not each.flags for choice in each.choices]
        lines += [
            f'        *) if [[ $current == -* ]]; then words="{" ".join(_flags(command))}"'
            f'; else words="{" ".join(positional)}"; fi ;;',
            "        esac ;;",
        ]
    lines += [
        "    esac",
        '    COMPREPLY=($(compgen -W "$words" -- "$current"))',
        "}",
        "complete -o default -F _gan_studio gan-studio",
    ]
    return "\n".join(lines)


def _zsh(parser: Parser) -> str:
    commands = " ".join(_quoted(f"{name}:{_about(parser, name)}") for name in parser.commands)
    lines = [
        "#compdef gan-studio",
        "_gan_studio() {",
        "  local -a commands",
        f"  commands=({commands})",
        "  integer place=2",
        "  while (( place < CURRENT )) && [[ $words[place] == -* ]]; do (( place++ )); done",
        "  if (( place == CURRENT )); then",
        "    _describe -t commands command commands",
        f"    _arguments {' '.join(_zsh_argument(each) for each in arguments_of(parser))} '*:PATH:_files'",
        "    return",
        "  fi",
        "  local command=$words[place]",
        "  shift $((place - 1)) words",
        "  (( CURRENT -= place - 1 ))",
        "  case $command in",
    ]
    for name, command in parser.commands.items():
        given = [_zsh_argument(argument) for argument in arguments_of(command)]
        given += ["'*:PATH:_files'"] if command._subparsers else []
        lines.append(f"  {name}) _arguments {' '.join(given)} ;;")
    lines += [
        "  esac",
        "}",
        'if [[ "$funcstack[1]" == "_gan-studio" ]]; then _gan_studio "$@"; else compdef _gan_studio gan-studio; fi',
    ]
    return "\n".join(lines)


def _zsh_argument(argument: Argument) -> str:
    values = f"({' '.join(argument.choices)})" if argument.choices else "_files" if argument.is_path else " "
    value = f":{argument.metavar}:{values}" if argument.takes_value else ""
    if not argument.flags:
        return _quoted(value)
    help = re.sub(r"([\[\]:\\])", r"\\\1", argument.help)
    equals = "=" if argument.takes_value else ""
    return " ".join(_quoted(f"{flag}{equals * flag.startswith('--')}[{help}]{value}") for flag in argument.flags)


def _fish(parser: Parser) -> str:
    lines = ["# fish completion of gan-studio", _FISH_COMMAND]
    lines += [
        f"complete -c gan-studio -n __fish_use_subcommand -a {name} -d {_quoted(_about(parser, name))}"
        for name in parser.commands
    ]
    lines += [f"complete -c gan-studio -n __fish_use_subcommand{each}" for each in _fish_options(parser)]
    for name, command in parser.commands.items():
        where = f"complete -c gan-studio -n '__gan_studio_command_is {name}'"
        lines += [f"{where}{each}" for each in _fish_options(command)]
        for argument in arguments_of(command):
            if not argument.flags and argument.choices:
                files = "" if argument.is_path else " -f"
                lines.append(f"{where}{files} -a {_quoted(' '.join(argument.choices))}")
    return "\n".join(lines)


def _fish_options(parser: Parser) -> Iterator[str]:
    for argument in arguments_of(parser):
        if argument.flags:
            names = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in argument.flags)
            value = (" -r" if argument.is_path else " -x") if argument.takes_value else ""
            choices = f" -a {_quoted(' '.join(argument.choices))}" if argument.choices else ""
            yield f" {names}{value}{choices} -d {_quoted(argument.help)}"


def _flags(parser: Parser) -> list[str]:
    return [flag for argument in arguments_of(parser) for flag in argument.flags]


def _about(parser: Parser, command: str) -> str:
    return _first_sentence(parser.commands[command].description or "")


def _first_sentence(text: str) -> str:
    return re.split(r" ?\.+(?: |$)|。", text)[0]


def _quoted(text: str) -> str:
    """Returns text in single quotes, as zsh and fish both read it."""
    text = text.replace("\\'", "'").replace("'", "\u2019")
    return f"'{text}'"


_SCRIPTS: dict[str, Callable[[Parser], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
