"""Options of `gan-studio train` for the settings, made from the settings models: groups, help, choices and defaults."""

from __future__ import annotations

import argparse
from typing import Any, cast, get_args

from core.cli.parser import Parser, with_default
from core.config.choices import choices_of
from core.config.devices import device_names, joined_devices
from core.config.setting import GROUP_TITLES, Unit, unit_text
from core.config.settings import Settings
from core.language import _
from core.presets import all_presets, presets

COMMON = (
    "preset", "task", "resolution", "mirror", "augment", "condition", "batch", "steps", "minutes",
    "patience", "lr_g", "lr_d", "device", "seed",
)  # fmt: skip
"""Settings that `train --help` shows; `--help-all` shows all."""
NUMBERS = {int: "N", float: "X"}


def add_settings(command: Parser) -> None:
    """Adds an option for each setting, in the groups of the window's settings form.

    Values stay text, and those that are not given None: the settings themselves check them.
    """
    usual = next(iter(presets().values())).apply()
    groups: dict[str, argparse._ArgumentGroup] = {}
    for name, field in Settings.model_fields.items():
        extra = cast(dict[str, Any], field.json_schema_extra)
        if extra["group"] not in groups:
            groups[extra["group"]] = command.add_argument_group(GROUP_TITLES[extra["group"]])
        group = groups[extra["group"]]
        flag, default = "--" + name.replace("_", "-"), _value_text(getattr(usual, name), extra["unit"])
        help = with_default(field.description or "", default)
        if field.annotation is bool:
            action: argparse.Action = group.add_argument(flag, action=argparse.BooleanOptionalAction, help=help)
        else:
            choices = all_presets() if name == "preset" else choices_of(name, field)
            kinds = get_args(field.annotation) or (field.annotation,)
            metavar = name.upper() if choices else NUMBERS.get(kinds[0], name.upper())
            names = [str(choice) for choice in choices] or None
            action = group.add_argument(flag, metavar=metavar, choices=names, help=help)
        if name not in COMMON:
            command.hide(action)
        if name == "device":
            help = _("GPUs of NVIDIA or AMD that train together, by number: 0,1 is --device cuda:0,cuda:1.")
            group.add_argument("--gpus", dest=name, type=_gpus, metavar="N,N", help=help)


def _gpus(text: str) -> str:
    numbers = device_names(text)
    if not all(number.isdecimal() for number in numbers):
        raise argparse.ArgumentTypeError(_("Give the numbers of GPUs, as in 0,1."))
    return joined_devices([f"cuda:{int(number)}" for number in numbers])


def given_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Returns the settings that were given on the command line."""
    return {name: getattr(options, name) for name in Settings.model_fields if getattr(options, name) is not None}


def _value_text(value: Any, unit: Unit) -> str:
    """Returns a default as the command line takes it, with its unit."""
    if value is None:
        return _("no limit")
    if isinstance(value, bool):
        return _("on") if value else _("off")
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{text} {unit_text(unit, value)}" if unit and not isinstance(value, str) else text
