"""Retention of checkpoints: the newest, best, noted and pinned ones are kept, others are pruned.

A pinned checkpoint has an empty file `<its name>.pin` beside it; `best.json` lists the best by each metric. Both may be
deleted by hand.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data.names import content
from core.durable_write import flush_folder, replaced, unwritable
from core.errors import FOREIGN_ERRORS
from core.stats.metric_key import higher_is_better, parse

BEST = "best.json"
STEP = re.compile("[0-9]{9}|[1-9][0-9]{9,17}")
"""Pattern of the names of files of a step."""


@dataclass(frozen=True)
class Best:
    """Checkpoint with the best value so far of a metric, with the metric's full key (`core.stats.metric_key`).

    `latest`: last step whose checkpoint was measured.
    """

    path: Path
    key: str
    value: float
    latest: int

    @property
    def step(self) -> int:
        return int(self.path.stem)

    @property
    def is_past(self) -> bool:
        """True if later checkpoints were measured and are not better."""
        return self.step < self.latest


def pin(checkpoint: Path, pinned: bool = True) -> None:
    """Pins or unpins a checkpoint, so that it is kept. Raises `UserError` if the folder cannot be written to."""
    mark = mark_of(checkpoint)
    try:
        if pinned:
            with suppress(FileExistsError):  # O_EXCL follows no existing link either
                os.close(os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        else:
            mark.unlink(missing_ok=True)
        flush_folder(mark.parent)
    except OSError as error:
        raise unwritable(mark, error) from error


def is_pinned(checkpoint: Path) -> bool:
    """Returns whether a checkpoint is pinned."""
    return os.path.lexists(mark_of(checkpoint))


def record_metric(checkpoint: Path, key: str, value: float) -> bool:
    """Records a metric of a checkpoint; returns whether the checkpoint is the best by this metric.

    Values with different keys are never compared. Raises `UserError` if the folder cannot be written to.
    """
    notes = _notes(checkpoint.parent)
    before = _best(checkpoint.parent, key, notes.get(key))
    sign = 1 if higher_is_better(parse(key)[0]) else -1
    latest = max(int(checkpoint.stem), before.latest if before else 0)
    leader = before
    if leader is None or sign * value > sign * leader.value:
        leader = Best(checkpoint, key, value, latest)
    notes.pop(key, None)
    notes[key] = {"file": leader.path.name, "value": leader.value, "latest": latest}
    with replaced(checkpoint.parent / BEST) as partial:
        partial.write_text(json.dumps(notes, indent=2), "utf-8")
    return leader.path == checkpoint


def best(folder: Path) -> list[Best]:
    """Returns the best checkpoints in a folder, one per metric, the one measured last at the end."""
    found = (_best(folder, key, note) for key, note in _notes(folder).items())
    return [each for each in found if each is not None]


def prune(folder: Path, newest: Path, most: int, needed: Path | None = None) -> list[Path]:
    """Deletes the oldest checkpoints in a folder until at most `most` remain, not counting pinned, noted, best and
    `needed` ones, which are kept.

    `newest`: the checkpoint that was just saved. Later ones are kept and not counted: they are damaged, and the
    training continued from an earlier one. Returns the deleted files. Raises `OSError`.
    """
    precious = {each.path for each in best(folder)} | {needed}
    past = [path for path in numbered(folder) if int(path.stem) <= int(newest.stem)]
    loose = [path for path in past if path not in precious and not _is_kept(path)]
    surplus = loose[: max(len(loose) - most, 0)]
    for path in surplus:
        path.unlink()
    return surplus


def _is_kept(checkpoint: Path) -> bool:
    return is_pinned(checkpoint) or os.path.lexists(note_file(checkpoint))


def numbered(folder: Path) -> list[Path]:
    """Returns every complete checkpoint in the checkpoint folder of a run, newest last.

    Files with other names belong to the user and are ignored.
    """
    return by_step(folder, ".safetensors")


def by_step(folder: Path, suffix: str) -> list[Path]:
    """Returns files whose name is a step of at least nine digits and the suffix, in order of steps."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        found = (folder / entry.name for entry in entries if entry.name.endswith(suffix) and _is_file(entry))
        return sorted((path for path in found if STEP.fullmatch(path.stem)), key=lambda path: int(path.stem))
    return []


def _is_file(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):  # circular link
        return entry.is_file()
    return False


def mark_of(checkpoint: Path) -> Path:
    """Returns the path of the mark that pins a checkpoint."""
    return checkpoint.with_suffix(".pin")


def note_file(checkpoint: Path) -> Path:
    """Returns the path of the user's note on a checkpoint, which also keeps it."""
    return checkpoint.with_name(checkpoint.name + ".note")


def _notes(folder: Path) -> dict[str, Any]:
    with suppress(*FOREIGN_ERRORS):  # nothing measured yet, or damaged
        notes = json.loads(content(folder / BEST))
        return notes if isinstance(notes, dict) else {}
    return {}


def _best(folder: Path, key: str, note: Any) -> Best | None:
    """Returns the best checkpoint of an entry; None if it is invalid or the checkpoint is gone."""
    with suppress(*FOREIGN_ERRORS):
        parse(key)
        found = Best(folder / Path(note["file"]).name, key, float(note["value"]), int(note["latest"]))
        return found if found.path.is_file() and found.step >= 0 else None
    return None
