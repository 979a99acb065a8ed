"""Pin store: pins and directions of a run in its folder, those of other checkpoints in the user's data folder."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from platformdirs import user_data_path

from core.data.names import content
from core.durable_write import replaced
from core.errors import UserError
from core.language import _
from core.latent.explore_state import SavedPins, read_pins
from core.runs.run import is_run

FILE = "explore.json"


def saved_pins_of(home: Path | None) -> SavedPins:
    """Returns the saved pins of a run folder or a checkpoint; empty if none were saved. Raises `UserError`."""
    if home is None or not (file := _file(home)).exists():
        return SavedPins()
    try:
        return read_pins(content(file))
    except OSError as error:
        raise UserError(
            _("The pins of this run cannot be read."),
            _("Check {file} in its folder.").format(file=file.name),
            str(error),
        ) from error


def save_pins(home: Path, saved: SavedPins) -> None:
    """Saves pins and directions. Raises `UserError` if they cannot be written."""
    file = _file(home)
    with replaced(file) as partial:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(saved.json(), "utf-8")


def _file(home: Path) -> Path:
    if is_run(home):
        return home / FILE
    # By path, not by content: a checkpoint that was overwritten keeps its pins.
    name = blake2b(str(home.absolute()).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return user_data_path("gan-studio") / "boards" / f"{name}.json"
