"""Mirrors: run folders that follow a run on another machine (`core.remote.mirror`), and that nothing else trains in.

The mark of a mirror is beside its folder, so that a copy of the folder elsewhere is a run like any other.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from core.data.names import content
from core.durable_write import replaced
from core.errors import FOREIGN_ERRORS, MirroredRunError, UserError
from core.language import _

MARK = "mirror.json"
MOST_BYTES = 2**16


@dataclass(frozen=True)
class Origin:
    """Run that a mirror follows. `host`: name of the other machine here. `entry`: ID in the queue there. `run`: name
    of the mirror's folder."""

    host: str
    entry: str
    run: str


def origin(folder: Path) -> Origin | None:
    """Returns what a run folder mirrors; None if it is no mirror."""
    with suppress(*FOREIGN_ERRORS):
        folder = folder.resolve()
        found = Origin(**json.loads(content(folder.with_name(MARK), MOST_BYTES)))
        if all(isinstance(text, str) for text in asdict(found).values()):
            return found if folder.with_name(found.run).samefile(folder) else None
    return None


def refuse_mirror(folder: Path) -> None:
    """Raises `MirroredRunError` if a run folder is a mirror: the next news from there would replace what is written."""
    if (found := origin(folder)) is not None:
        raise MirroredRunError(folder, found.host)


def become_mirror(folder: Path, host: str, entry: str) -> None:
    """Makes a new or empty folder the mirror of an entry's run; does nothing if it is.

    Raises `UserError` if it has other files, which are never replaced, and if it cannot be written to.
    """
    wanted = Origin(host, entry, folder.name)
    if origin(folder) == wanted:
        return
    if any(folder.iterdir()):
        raise UserError(
            _("{folder} has files that are not from the run on {host}.").format(folder=folder, host=host),
            _("Move this folder to another place, then watch the run again."),
        )
    with replaced(folder.with_name(MARK)) as file:
        file.write_text(json.dumps(asdict(wanted)), "utf-8")
