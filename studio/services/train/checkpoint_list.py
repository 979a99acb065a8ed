"""Service that lists checkpoints and runs, and renames, annotates and deletes saved ones."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from core.concurrency import as_generator
from core.errors import UserError
from core.events import Progress
from core.language import _
from core.runs.enlarging_model import EnlargingModel, enlarges, enlarging_model
from core.runs.retention import best, is_pinned, numbered
from core.runs.run import is_run
from core.runs.saved_checkpoints import delete_checkpoint, is_saved, note_of, rename_checkpoint, set_note
from core.stats.keys import label
from studio.background.workers import Workers
from studio.model.train import CheckpointRow, CheckpointRows

MOST = 200
"""Largest number of listed checkpoints, which are quick to read."""
PATTERNS = ("[!.]*/checkpoints", "[!.]*", "checkpoints", ".")
"""Places of checkpoints: in a folder of runs, except unfinished ones, and beside them, where a person saves them; in
one run; and in a folder of copies."""


class CheckpointList(QObject):
    """Lists the checkpoints. Read errors are the workers' `problem`."""

    checkpoints_listed = Signal(object)
    """`CheckpointRows`."""
    enlarging_listed = Signal(object)
    """Tuple of `EnlargingModel`."""
    enlarging_read = Signal(object)
    """The `EnlargingModel` of a file, or the `UserError` that says why it is none."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workers = workers
        self._folder = Path()

    def list(self, runs: Path) -> None:
        """Reads the checkpoints of every run in a folder."""
        self._folder = runs
        self._workers.spawn(lambda: read_checkpoints(runs), done=self.checkpoints_listed.emit)

    def list_enlarging(self, runs: Path) -> None:
        """Reads which runs in a folder enlarge images."""
        self._workers.spawn(lambda: read_enlarging(runs), done=self.enlarging_listed.emit)

    def read_enlarging(self, checkpoint: Path) -> None:
        """Reads a checkpoint that should enlarge images."""
        self._workers.spawn(partial(as_generator, _enlarging_model, checkpoint), done=self.enlarging_read.emit)

    def note(self, checkpoint: Path, text: str) -> None:
        """Writes a note on a checkpoint, then lists them all again."""
        self._change(_("Writing the note"), lambda: set_note(checkpoint, text))

    def rename(self, checkpoint: Path, name: str) -> None:
        """Renames a saved checkpoint, then lists them all again."""
        self._change(_("Renaming {name}").format(name=checkpoint.name), lambda: rename_checkpoint(checkpoint, name))

    def delete(self, checkpoint: Path) -> None:
        """Deletes a saved checkpoint, then lists them all again."""
        self._change(_("Deleting {name}").format(name=checkpoint.name), lambda: delete_checkpoint(checkpoint))

    def _change(self, what: str, do: Callable[[], object]) -> None:
        def work() -> Generator[Progress, None, None]:
            yield Progress(what, 0, 0)
            do()

        self._workers.spawn(work, done=lambda _: self.list(self._folder))


def read_checkpoints(runs: Path) -> Generator[Progress, None, CheckpointRows]:
    """Reads the newest `MOST` checkpoints of a folder of runs or of one run.

    Yields `Progress`. A missing folder has no checkpoints.
    """
    yield Progress(_("Listing checkpoints"), 0, 0)
    rows: list[CheckpointRow] = []
    damaged: list[Path] = []
    paths = _newest(runs)
    for done, path in enumerate(paths):
        yield Progress(_("Reading checkpoints"), done, len(paths))
        try:
            rows.append(_row(path))
        except UserError:
            damaged.append(path)
    rows.sort(key=lambda row: row.created.timestamp(), reverse=True)
    yield Progress(_("Reading checkpoints"), len(paths), len(paths))
    return CheckpointRows(tuple(rows), tuple(damaged))


def read_runs(runs: Path) -> Generator[Progress, None, CheckpointRows]:
    """Reads the newest readable checkpoint of each run in a folder."""
    yield Progress(_("Listing runs"), 0, 0)
    rows: list[CheckpointRow] = []
    damaged: list[Path] = []
    found = _by_run(runs)
    for done, paths in enumerate(found):
        yield Progress(_("Reading runs"), done, len(found))
        for path in paths:
            try:
                rows.append(_row(path))
                break
            except UserError:
                damaged.append(path)
    rows.sort(key=lambda row: row.created.timestamp(), reverse=True)
    return CheckpointRows(tuple(rows), tuple(damaged))


def read_enlarging(runs: Path) -> Generator[Progress, None, tuple[EnlargingModel, ...]]:
    """Reads the newest readable checkpoint of each run in a folder, and returns those that enlarge images."""
    from core.checkpoint import summary

    found: list[EnlargingModel] = []
    runs_found = _by_run(runs)
    for done, paths in enumerate(runs_found):
        yield Progress(_("Reading runs"), done, len(runs_found))
        for path in paths:
            with contextlib.suppress(UserError):
                found += [enlarging_model(path)] if enlarges(summary(path)) else []
                break
    return tuple(found)


def _enlarging_model(checkpoint: Path) -> EnlargingModel | UserError:
    try:
        return enlarging_model(checkpoint)
    except UserError as error:  # shown in the dialog, which covers the banner
        return error


def _by_run(runs: Path) -> list[list[Path]]:
    """Returns each run's checkpoints, newest first; at most `MOST` runs, those of the highest numbers."""
    folders = sorted((path.parent for path in runs.glob("[!.]*/config.json") if is_run(path.parent)), reverse=True)
    return [numbered(folder / "checkpoints")[::-1] for folder in folders[:MOST]]


def _newest(runs: Path) -> list[Path]:
    times: dict[Path, float] = {}
    for pattern in PATTERNS:
        for path in runs.glob(f"{pattern}/*.safetensors"):
            with contextlib.suppress(OSError):  # deleted since it was found
                times[path] = path.stat().st_mtime
    return sorted(times, key=lambda path: times[path], reverse=True)[:MOST]


def _row(path: Path) -> CheckpointRow:
    from core.checkpoint import summary

    found = summary(path)
    meta = found.meta
    settings = meta.settings
    marks = [_("best {metric}").format(metric=label(each.key)) for each in best(path.parent) if each.path == path]
    marks += [_("kept")] if is_pinned(path) else []
    size = _("2-D") if settings.points else "{} × {} px".format(*settings.size)
    return CheckpointRow(
        path,
        meta.step,
        settings.preset,
        size,
        meta.dataset,
        meta.created,
        found.preview,
        tuple(marks),
        note_of(path),
        is_saved(path),
    )
