"""State stored between sessions: geometry, splitters, view options, appearance and recent items."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast, get_args

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QSplitter, QWidget

from core.durable_write import written
from core.errors import UserError
from core.language import _, choice
from studio.theme import Theme

MOST_RECENTS = 10
SCALES = (80, 90, 100, 110, 125, 150, 175, 200)
"""Percent of the usual size of letters and icons."""


def recents() -> list[str]:
    """Returns the opened datasets, runs and checkpoints, newest first."""
    return cast(list[str], QSettings().value("recents", [], type=list))


def add_recent(source: str) -> list[str]:
    """Adds an item to the recents and returns them."""
    names = [source, *(recent for recent in recents() if recent != source)][:MOST_RECENTS]
    QSettings().setValue("recents", names)
    return names


def theme() -> Theme:
    """Returns the chosen theme."""
    chosen = QSettings().value("theme")
    return cast(Theme, chosen) if chosen in get_args(Theme) else "system"


def keep_theme(chosen: Theme) -> None:
    QSettings().setValue("theme", chosen)


def scale() -> int:
    """Returns the chosen scale in percent."""
    chosen = cast(int, QSettings().value("scale", 100, type=int))
    return chosen if chosen in SCALES else 100


def keep_scale(percent: int) -> None:
    QSettings().setValue("scale", percent)


def language() -> str:
    """Returns the code of the chosen language; empty for the system's."""
    chosen = choice.stored()
    return chosen if chosen in choice.languages() else ""


def keep_language(code: str) -> None:
    """Stores the code of the language from the next start on; empty for the system's. Raises `UserError`."""
    file = choice.stored_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with written(file) as partial:
            partial.write_text(code, "utf-8")
    except OSError as error:
        remedy = _("Make sure that the folder {folder} can be written.").format(folder=file.parent)
        raise UserError(_("The language was not stored."), remedy, str(error)) from error


def has_projects() -> bool:
    """Returns whether Home showed cards last time, so that it reserves room for them from the first paint."""
    return cast(bool, QSettings().value("has projects", False, type=bool))


def keep_has_projects(shown: bool) -> None:
    """Stores whether Home shows cards."""
    QSettings().setValue("has projects", shown)


def told_crash() -> str:
    """Returns the name of the last crash report that the window told of; empty if there was none."""
    return cast(str, QSettings().value("crash report", "", type=str))


def keep_told_crash(name: str) -> None:
    """Remembers the name of the last crash report that the window told of."""
    QSettings().setValue("crash report", name)


def forget_recents() -> None:
    """Clears the recent items."""
    QSettings().remove("recents")


def restore_geometry(window: QWidget) -> None:
    """Restores the window's position and size."""
    if geometry := QSettings().value("geometry"):
        window.restoreGeometry(geometry)


def restore_splitters(splitters: Mapping[str, QSplitter]) -> None:
    """Restores the splitters; those never moved keep their default."""
    for name, splitter in splitters.items():
        if state := QSettings().value(f"splitter/{name}"):
            splitter.restoreState(state)


def choices(workspace: str) -> dict[str, Any]:
    """Returns the stored arrangement of a workspace; empty if there is none or it cannot be read."""
    with suppress(ValueError, TypeError, RecursionError):
        kept = json.loads(cast(str, QSettings().value(f"choices/{workspace}", "{}", type=str)))
        return kept if isinstance(kept, dict) else {}
    return {}


def keep_choices(workspace: str, chosen: Mapping[str, Any]) -> None:
    """Stores the arrangement of a workspace: JSON values by name."""
    QSettings().setValue(f"choices/{workspace}", json.dumps(chosen))


def save(window: QWidget, splitters: Mapping[str, QSplitter]) -> None:
    """Stores geometry and splitters."""
    settings = QSettings()
    settings.setValue("geometry", window.saveGeometry())
    for name, splitter in splitters.items():
        settings.setValue(f"splitter/{name}", splitter.saveState())
