"""Name of a run: a line of text from the user, in a small file of the run folder."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from core.config.choices import choice_title
from core.config.translation_fields import GENERATE
from core.data.builtin.toys import TOYS
from core.data.names import content, printable
from core.data.sides import two_sources
from core.durable_write import flush_folder, replaced, unwritable
from core.errors import FOREIGN_ERRORS, UserError
from core.language import _

FILE = "name.txt"
LONGEST_NAME = 80
"""Characters."""
MOST_BYTES = 16 * LONGEST_NAME
"""Maximum size of the file; a larger one is not ours."""


def plain_name(text: str) -> str:
    """Returns a text as a name: one line of at most `LONGEST_NAME` characters, without control characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:LONGEST_NAME].rstrip()


def read_name(folder: Path) -> str:
    """Returns the name of a run; empty if it has none or it is unreadable."""
    with suppress(*FOREIGN_ERRORS):
        return plain_name(content(folder / FILE, MOST_BYTES).decode("utf-8", "replace"))
    return ""


def write_name(folder: Path, name: str) -> str:
    """Names a run, or removes its name if `name` is blank; returns the name as written.

    Raises `UserError` if the folder cannot be written to.
    """
    file, name = folder / FILE, plain_name(name)
    if name:
        with replaced(file) as partial:
            partial.write_text(name, "utf-8", "replace")  # a lone surrogate cannot be encoded
        return name
    try:
        file.unlink(missing_ok=True)
        flush_folder(folder)
    except OSError as error:
        raise unwritable(file, error) from error
    return name


def run_title(folder: Path) -> str:
    """Returns the title of a run: its name, else that of its dataset and its translation, else the folder's name."""
    return read_name(folder) or _title(folder) or plain_name(printable(folder.name))


def copy_name(name: str) -> str:
    """Returns the name for a copy of a run, such as "flowers (copy)", then "flowers (copy 2)"."""
    first, ending = _(" (copy)"), _(" (copy {number})")
    before, after = ending.split("{number}")
    if name.endswith(first):
        name, ending = name.removesuffix(first), ending.format(number=2)
    elif (parts := name.removesuffix(after).rpartition(before))[1] and parts[2].isdecimal() and name.endswith(after):
        name, ending = parts[0], ending.format(number=int(parts[2]) + 1)
    else:
        ending = first
    return f"{name[: LONGEST_NAME - len(ending)].rstrip()}{ending}"


def dataset_title(source: str) -> str:
    """Returns the title of a dataset from its source, such as "flowers" for the folder /data/flowers."""
    with suppress(UserError):
        if two_sources.opens(source):
            inputs, targets = map(dataset_title, two_sources.parts(source))
            return plain_name(two_sources.title(inputs, targets))
    kind, _colon, short = source.partition(":")
    if kind == "toy" and short in TOYS:
        return TOYS[short].title
    if kind == "sample":
        return plain_name(short)
    return plain_name(printable(source.replace("\\", "/").rstrip("/").rpartition("/")[2]))


def _title(folder: Path) -> str:
    """Returns the title that the settings of a run give it, such as "flowers" or "flowers: Enlarge"; empty if
    unknown."""
    with suppress(*FOREIGN_ERRORS):
        config = json.loads(content(folder / "config.json"))
        dataset = dataset_title(str(config["dataset"]))
        task = str(dict(config.get("settings", {})).get("task", GENERATE))
        if task == GENERATE or not dataset:
            return dataset
        return plain_name(_("{dataset}: {task}").format(dataset=dataset, task=choice_title("task", task)))
    return ""
