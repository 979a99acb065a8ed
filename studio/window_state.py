"""State that the window stores between sessions: geometry, splitters, choices of view, looks, and what was opened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast, get_args

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QSplitter, QWidget

from studio.theme import Theme

MOST_RECENTS = 10
SCALES = (80, 90, 100, 110, 125, 150, 175, 200)
"""Percent of the usual size of letters and icons."""


def recents() -> list[str]:
    """Returns the datasets, runs and checkpoints that were opened, the last one first."""
    return cast(list[str], QSettings().value("recents", [], type=list))


def add_recent(source: str) -> list[str]:
    """The same, with one that is opened now."""
    names = [source, *(recent for recent in recents() if recent != source)][:MOST_RECENTS]
    QSettings().setValue("recents", names)
    return names


def theme() -> Theme:
    """The theme that the person chose."""
    chosen = QSettings().value("theme")
    return cast(Theme, chosen) if chosen in get_args(Theme) else "system"


def keep_theme(chosen: Theme) -> None:
    QSettings().setValue("theme", chosen)


def scale() -> int:
    """The scale that the person chose, in percent."""
    chosen = cast(int, QSettings().value("scale", 100, type=int))
    return chosen if chosen in SCALES else 100


def keep_scale(percent: int) -> None:
    QSettings().setValue("scale", percent)


def has_projects() -> bool:
    """Whether Home showed cards when it was seen last, so that it keeps room for them from its first paint on."""
    return cast(bool, QSettings().value("has projects", False, type=bool))


def keep_has_projects(shown: bool) -> None:
    """Remembers whether Home shows cards."""
    QSettings().setValue("has projects", shown)


def told_crash() -> str:
    """Returns the name of the last crash report that the window told of; empty if there was none."""
    return cast(str, QSettings().value("crash report", "", type=str))


def keep_told_crash(name: str) -> None:
    """Remembers the name of the last crash report that the window told of."""
    QSettings().setValue("crash report", name)


def forget_recents() -> None:
    """Forgets what was opened."""
    QSettings().remove("recents")


def restore_geometry(window: QWidget) -> None:
    """Where the window was, and how large."""
    if geometry := QSettings().value("geometry"):
        window.restoreGeometry(geometry)


def restore_splitters(splitters: Mapping[str, QSplitter]) -> None:
    """How it was divided; splitters that were never moved stay as they are."""
    for name, splitter in splitters.items():
        if state := QSettings().value(f"splitter/{name}"):
            splitter.restoreState(state)


def choices(workspace: str) -> dict[str, Any]:
    """How a person had arranged a workspace, as it was kept; empty if nothing was, or it cannot be read."""
    with suppress(ValueError, TypeError, RecursionError):
        kept = json.loads(cast(str, QSettings().value(f"choices/{workspace}", "{}", type=str)))
        return kept if isinstance(kept, dict) else {}
    return {}


def keep_choices(workspace: str, chosen: Mapping[str, Any]) -> None:
    """Remembers how a workspace is arranged: values that JSON can hold, by name."""
    QSettings().setValue(f"choices/{workspace}", json.dumps(chosen))


def save(window: QWidget, splitters: Mapping[str, QSplitter]) -> None:
    """Place, size and division for the next day."""
    settings = QSettings()
    settings.setValue("geometry", window.saveGeometry())
    for name, splitter in splitters.items():
        settings.setValue(f"splitter/{name}", splitter.saveState())
