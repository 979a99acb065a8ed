"""Registry of components (networks, losses, penalties, metrics, feature extractors, data formats, findings): modules
that define `TITLE`.

The first line of the docstring and the constants in capitals are read from the text of the file, so that the form and
the settings need not import torch before the first window is on screen. Title, first line and whatever stands in `_()`
are translated.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from core.language import _


@dataclass(frozen=True)
class Component:
    """Component: the module's name, its title, the first line of its docstring, and its constants."""

    name: str
    title: str
    summary: str
    facts: Mapping[str, Any]


@cache
def components(package: str) -> Mapping[str, Component]:
    """Returns every component of `core.<package>` ("losses", "evaluation.metrics") by name, in alphabetical order."""
    return components_in(Path(__file__).parent.joinpath(*package.split(".")))


@cache
def components_in(folder: Path) -> Mapping[str, Component]:
    """Returns every component of a folder of modules by name, in alphabetical order."""
    found = (_component(file) for file in sorted(folder.glob("*.py")))
    return {component.name: component for component in found if component is not None}


def ranked(package: str) -> list[Component]:
    """Returns the components of a package whose modules define `RANK`, the lowest first."""
    return by_rank(components(package).values())


def by_rank(found: Iterable[Component]) -> list[Component]:
    """Returns components sorted by `RANK`, the lowest first."""
    return sorted(found, key=lambda component: int(component.facts["RANK"]))


def module(package: str, name: str) -> ModuleType:
    """Imports and returns a component's module; those of networks and losses import torch."""
    return importlib.import_module(f"core.{package}.{name}")


def _component(file: Path) -> Component | None:
    text = file.read_text("utf-8")
    if "\nTITLE = " not in text:
        return None
    tree, translation = ast.parse(text), _Translation()
    facts = {
        target.id: ast.literal_eval(value)
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and target.id.isupper()
        if _is_literal(value := translation.visit(statement.value))
    }
    summary = (ast.get_docstring(tree) or "").partition("\n")[0]
    return Component(file.stem, _(facts["TITLE"]), _(summary), facts)


def _is_literal(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except ValueError:
        return False
    return True


class _Translation(ast.NodeTransformer):
    """Puts translations in place of `_("...")`."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node:
            case ast.Call(func=ast.Name(id="_"), args=[ast.Constant(value=str(text))]):
                return ast.Constant(_(text))
        return node
