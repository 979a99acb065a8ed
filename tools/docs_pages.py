"""Generated parts of the documentation: settings, glossary, presets, commands, and the architecture page.

A page of docs/ holds a line `<!-- generated: NAME -->`, which `tools/docs_hook.py` replaces while MkDocs builds the
site. What is generated is not committed. Imports no torch and no Qt.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, get_args

from core.cli.main import commands, main
from core.config.choices import PACKAGES, choice_title
from core.config.fields import title_of
from core.config.setting import Group, unit_text
from core.config.settings import Settings
from core.learn.glossary import GROUPS
from core.presets import Preset, all_presets, presets
from core.registry import components

ROOT = Path(__file__).resolve().parent.parent
MARK = re.compile(r"^<!-- generated: ([a-z]+) -->$", re.MULTILINE)


def settings_reference() -> str:
    """Returns a heading and a table for each group of settings: flag, default, values, help."""
    return "\n".join(line for group in get_args(Group) for line in _settings_of(group))


def glossary() -> str:
    """Returns every term by group: its sentence, formula, papers, and the place in the window."""
    return "\n".join(line for title, terms in GROUPS.items() for line in _terms(title, terms))


def preset_table() -> str:
    """Returns a table of the presets for images from noise, one of those for translations, and the settings of each."""
    translations = {name: p for name, p in all_presets().items() if name not in presets()}
    return "\n".join([*_presets(presets()), "", "### Presets of translations", "", *_presets(translations)])


def _presets(found: dict[str, Preset]) -> list[str]:
    rows = ["| preset | title | paper | when to use it |", "| --- | --- | --- | --- |"]
    rows += [f"| `{name}` | {p.title} | {p.paper} | {p.when} |" for name, p in found.items()]
    for name, p in found.items():
        values = ", ".join(f"`{_flag(key)} {_plain(value)}`" for key, value in p.settings.items())
        rows += ["", f"`{name}`: {values}"]
    return rows


def command_reference() -> str:
    """Returns the help of every command, as the command line prints it."""
    parts = [f"### {name}\n\n```text\n{_help(name)}\n```" for name in commands()]
    return "\n\n".join(parts)


def architecture() -> str:
    """Returns the text of ARCHITECTURE.md."""
    return (ROOT / "ARCHITECTURE.md").read_text("utf-8")


GENERATED: dict[str, Callable[[], str]] = {
    "settings": settings_reference,
    "glossary": glossary,
    "presets": preset_table,
    "commands": command_reference,
    "architecture": architecture,
}


def expanded(text: str) -> str:
    """Returns the text of a page with its generated parts. Raises `KeyError` for a name that is not generated."""
    return MARK.sub(lambda match: GENERATED[match[1]](), text)


# -- parts of the pages ----------------------------------------------------------------------------------------------


def _settings_of(group: str) -> Iterator[str]:
    yield from ("", f"## {group}", "", "| setting | flag | default | values | live | what it does |")
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, field in Settings.model_fields.items():
        extra: Any = field.json_schema_extra
        if extra["group"] == group:
            default = "" if field.default is None else f"`{_plain(field.default)}`"
            unit = f" {unit_text(extra['unit'], field.default)}" if extra["unit"] and default else ""
            live = "yes" if extra["live"] else ""
            flag = f"`{_flag(name)}`" if field.annotation is not bool else f"`{_flag(name)}`, `--no-{_flag(name)[2:]}`"
            cells = (title_of(name), flag, default + unit, _values(name, field), live, field.description or "")
            yield "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _values(name: str, field: Any) -> str:
    if name == "preset":
        return ", ".join(f"`{key}`" for key in all_presets())
    if name in PACKAGES:
        first = ["`auto`"] if field.default == "auto" else []
        return ", ".join([*first, *(f"`{key}`" for key in components(PACKAGES[name]))])
    choices = get_args(field.annotation)
    if choices and type(None) not in choices:
        titles = ((choice, choice_title(name, choice)) for choice in choices)
        return ", ".join(f"`{c}`" if str(c) == t or t.lower() == str(c) else f"`{c}` ({t})" for c, t in titles)
    signs = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
    known = [(sign, getattr(bound, key)) for key, sign in signs for bound in field.metadata if hasattr(bound, key)]
    return ", ".join(f"{sign} {_plain(bound)}" for sign, bound in known)


def _terms(title: str, terms: Any) -> Iterator[str]:
    yield from ("", f"## {title}")
    for term in terms:
        yield from ("", f"### {term.title} {{ #{term.key} }}", "", term.sentence)
        if term.formula:
            yield from ("", "```text", term.formula, "```")
        facts = [f"*Paper:* {term.paper}."] if term.paper else []
        facts += [f"*In the window:* {term.where}."] if term.where else []
        yield from ("", " ".join(facts))


def _help(name: str) -> str:
    out, columns = io.StringIO(), os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "100"  # argparse wraps to the width of the terminal
    try:
        with redirect_stdout(out):
            main([name, "--help"])
    except SystemExit:  # argparse ends the program after its help
        pass
    finally:
        os.environ.pop("COLUMNS")
        if columns is not None:
            os.environ["COLUMNS"] = columns
    return out.getvalue().rstrip()


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)
