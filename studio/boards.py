"""Where a run's pins and directions are kept: in the run's folder, or for a checkpoint outside of any run with the
program's own data."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from platformdirs import user_data_path

from core.lab import Board, read_board
from core.run_folder import is_run
from core.writing import replaced

FILE = "explore.json"


def board_of(home: Path | None) -> Board:
    """The board of a run's folder or of a checkpoint; an empty one if nothing was kept. Raises `Problem`."""
    if home is None or not (place := _place(home)).exists():
        return Board()
    return read_board(place.read_bytes())


def keep_board(home: Path, board: Board) -> None:
    """Raises `Problem` when it cannot be written."""
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
