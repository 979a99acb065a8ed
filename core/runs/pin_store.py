"""Where a run's pins and directions are kept: in the run's folder, or for a checkpoint outside of any run with the
program's own data."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from platformdirs import user_data_path

from core.atomic_write import replaced
from core.latent.explore_state import SavedPins, read_pins
from core.runs.run import is_run

FILE = "explore.json"


def saved_pins_of(home: Path | None) -> SavedPins:
    """The board of a run's folder or of a checkpoint; an empty one if nothing was kept. Raises `UserError`."""
    if home is None or not (place := _place(home)).exists():
        return SavedPins()
    return read_pins(place.read_bytes())


def keep_pins(home: Path, board: SavedPins) -> None:
    """Raises `UserError` when it cannot be written."""
    place = _place(home)
    with replaced(place) as partial:
        place.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(board.json(), "utf-8")


def _place(home: Path) -> Path:
    if is_run(home):
        return home / FILE
    # The path, not the contents: a checkpoint that is trained further is still the same one to whoever made the pins.
    name = blake2b(str(home.absolute()).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return user_data_path("gan-studio") / "boards" / f"{name}.json"
