"""Collects the texts of the program into the catalogs of its languages and compiles them: `make messages`.

A text is an argument of `_`, `in_context`, `in_language` or `plural`, the title or first docstring line of a component
(a module that defines `TITLE`), or the description of a preset.
"""

from __future__ import annotations

import ast
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
CATALOGS = ROOT / "core" / "language" / "catalogs"
KEYWORDS: Any = {"_": None, "in_context": ((1, "c"), 2), "in_language": (2,), "plural": (1, 2)}
METHODS = {".py": "python", ".jinja": "jinja2.ext:babel_extract"}
PRESET_TEXTS = ("title", "when")
DATED = ('"POT-', '"PO-', '"Last-', '"Language-Team', '"Report-', '"Project-', '"Generated-')
"""Header lines that would change at each run, or that nobody reads."""


def collected() -> Catalog:
    """Returns a catalog of every text, in the order of files and lines, without translations."""
    catalog = Catalog()
    for file in sorted((*ROOT.joinpath("core").rglob("*"), *ROOT.joinpath("studio").rglob("*"))):
        place = file.relative_to(ROOT).as_posix()
        for text, context in _texts(file):
            catalog.add(text, locations=[(place, 0)], context=context)
    return catalog


def _texts(file: Path) -> Iterator[tuple[Any, str | None]]:
    if file.parent == ROOT / "core" / "presets" and file.suffix == ".json":
        preset = json.loads(file.read_text("utf-8"))
        yield from ((preset[name], None) for name in PRESET_TEXTS)
    if file.suffix in METHODS:
        content = file.read_bytes()
        for _line, text, _comments, context in extract(METHODS[file.suffix], io.BytesIO(content), KEYWORDS):
            yield text, context
        if b"\nTITLE = " in content:
            yield from _of_component(ast.parse(content))


def _of_component(tree: ast.Module) -> Iterator[tuple[str, None]]:
    yield (ast.get_docstring(tree) or "").partition("\n")[0], None
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="TITLE")], value=ast.Constant(value=str(title))):
                yield title, None


def file_of(language: str) -> Path:
    """Returns the file of translations of a language."""
    return CATALOGS / f"{language}.po"


def read(language: str) -> Catalog:
    """Returns the translations of a language."""
    with file_of(language).open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def compiled(catalog: Catalog) -> bytes:
    """Returns the content of a catalog's binary file."""
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=UTC)  # the same texts, the same file
    content = io.BytesIO()
    write_mo(content, catalog)
    return content.getvalue()


def update(language: str) -> int:
    """Adds new texts to a catalog, removes those that are gone, compiles it, returns how many lack a translation."""
    catalog = read(language)
    catalog.update(collected(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    content = io.BytesIO()
    write_po(content, catalog, width=120, include_lineno=False)
    lines = content.getvalue().decode().splitlines(keepends=True)
    file_of(language).write_text("".join(line for line in lines if not line.startswith(DATED)), "utf-8", newline="\n")
    file_of(language).with_suffix(".mo").write_bytes(compiled(read(language)))
    return sum(not is_translated(message) for message in catalog if message.id)


def is_translated(message: Message) -> bool:
    """Returns whether each form of a message has a translation."""
    return all(forms(message))


def forms(message: Message) -> Iterable[str]:
    """Returns the translations of a message, one for each plural form."""
    return (message.string or "",) if isinstance(message.string, str | None) else message.string


if __name__ == "__main__":
    for found in sorted(CATALOGS.glob("*.po")):
        print(f"{found.stem}: {update(found.stem)} texts without a translation")
