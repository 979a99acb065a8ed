"""Run folders: writing them during a training, and reading them. There is no index beside them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import datetime
from itertools import chain
from pathlib import Path
from secrets import token_hex
from time import monotonic, time
from typing import TYPE_CHECKING

import platformdirs

from core.checkpoint import Checkpoint, refuse_damaged, save, summary
from core.data.names import content, printable
from core.durable_write import PARTIAL, append, flush_folder, remove_partials, replaced, unwritable
from core.errors import FOREIGN_ERRORS, DivergenceError, UserError
from core.events import Edited, Event, Measured, Notice, Points, Refused, Report, Samples, Saved
from core.imaging.grid import grid, write_png
from core.imaging.points import picture
from core.runs.jsonl_log import LARGEST_REPORTS, JsonlLog, LogTail, Record, is_number, with_known_keys
from core.runs.report_table import REQUIRED, TableReader
from core.runs.retention import best, by_step, numbered, prune

if TYPE_CHECKING:
    from core.trainer import Trainer

GRID_SECONDS = 2.0
GRID_SHARE = 0.01
"""A grid is kept when it is this much later than the last one, in seconds and as a part of the whole training: dense at
the start, where much happens, and some hundred files a day instead of ten thousands."""
COMPLAINT_SECONDS = 60.0
"""A disk that stays full is mentioned again after this time, not at every report."""
MOST_EDITS = 500
"""Changes of settings, and steps gone back to, that are read: the newest."""
MOST_CHANGES, LONGEST_WORD = 100, 200
"""Settings that one of them changes, and characters of a name or a value."""
LEFT_SECONDS = 3600.0
"""A new run that nobody has written to for so long was left half made by a crash."""
_BEGUN = {"checkpoints", "config.json", "edits.jsonl", "reals.png", "rewinds.jsonl", "samples", "stats.jsonl"}
"""What is in a new run before it has its name."""


class Run:
    """An existing run folder. `record` fills it while a training goes on; the rest reads it."""

    def __init__(self, folder: Path) -> None:
        """Raises `UserError` if the folder holds no run."""
        if not is_run(folder):
            raise UserError(f"{folder} is not the folder of a training.", "Choose a folder that holds a config.json.")
        self.folder = folder
        self._next_grid = 0.0
        self._stats = JsonlLog(folder / "stats.jsonl", ("images", "seconds"), LARGEST_REPORTS)
        self._edits = JsonlLog(folder / "edits.jsonl", ("changes",))
        self._rewinds = JsonlLog(folder / "rewinds.jsonl", ())

    @classmethod
    def begin(cls, folder: Path, trainer: Trainer, history: Run | None = None) -> Run:
        """A new run at `folder`, with the training's first checkpoint in it from the first moment.

        `history`: a run whose reports and samples up to the training's present step are taken over. Raises `UserError`
        if the folder exists and is not empty, or cannot be written.
        """
        refuse_taken(folder)
        # A random name, and made anew: whatever waits under a name that can be guessed is not written to.
        partial = folder.with_name(f".{token_hex(8)}.partial")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            _remove_left(folder.parent)
            partial.mkdir()
            (partial / "samples").mkdir()
            images = len(trainer.dataset.images) - len(trainer.held)
            config = {
                "settings": trainer.settings.model_dump(),
                "dataset": printable(trainer.dataset.source),
                "images": images,
            }
            with replaced(partial / "config.json") as file:
                file.write_text(json.dumps(config, indent=2, ensure_ascii=False), "utf-8")
            (partial / "stats.jsonl").touch()
            write_png(partial / "reals.png", grid(trainer.dataset.sheet(trainer.settings.samples)), generated=False)
            run = cls(partial)
            if history:
                for ours, theirs in zip(run._journals, history._journals, strict=True):
                    for block in filter(None, theirs.blocks(trainer.step)):
                        ours.extend(block)
                _take_over(history.samples(), partial / "samples", trainer.step)
            run.save(trainer)
            if folder.exists():
                folder.rmdir()
            partial.replace(folder)
            flush_folder(folder.parent)
        except OSError as error:
            remedy = "Choose a folder on a disk with free space that you may write to."
            raise UserError(f"The run folder {folder} could not be made.", remedy, str(error)) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return cls(folder)

    def record(
        self,
        trainer: Trainer,
        events: Generator[Event, None, None],
        protected: Callable[[], Path | None] = lambda: None,
    ) -> Generator[Event, None, None]:
        """Passes a training's events on, and writes reports, samples and automatic checkpoints on the way.

        Of checkpoints as many are kept as the settings say, those that `core.runs.retention` knows to be precious, and
        what `protected` returns at that moment.
        A disk that refuses is a `Notice`, not the end: the training goes on and the next write tries again. Only the
        last checkpoint cannot wait for a next one: it is tried again each time that a `Refused` was yielded. Raises
        what the events raise.
        """
        try:
            self._tidy(trainer.step)
        except OSError as error:
            raise unwritable(self.folder, error) from error
        autosave = 60 * trainer.settings.autosave_minutes
        next_save, next_complaint = monotonic() + autosave, monotonic()
        with closing(events):
            for event in events:
                try:
                    self._write(event, trainer.seconds)
                    if monotonic() >= next_save:
                        next_save = monotonic() + autosave
                        saved = self.save(trainer)
                        yield saved
                        prune(self.folder / "checkpoints", saved.path, trainer.settings.checkpoints, protected())
                except DivergenceError:
                    raise
                except (OSError, UserError) as error:
                    if monotonic() >= next_complaint:
                        next_complaint = monotonic() + COMPLAINT_SECONDS
                        yield Notice(f"{error} The training goes on.")
                yield event
        yield (yield from self._save_at_last(trainer))

    def save(self, trainer: Trainer) -> Saved:
        """Writes the checkpoint of the present step and its sample grid, unless they are there. Raises `UserError`.

        When it returns, the reports before it are on the disk as well.
        """
        path = self.folder / "checkpoints" / f"{trainer.step:09d}.safetensors"
        picture = self.folder / "samples" / f"{trainer.step:09d}.png"
        if is_new := not _holds(path, trainer):
            save(trainer.checkpoint(), path)
        if is_new or not picture.is_file():
            write_png(picture, grid(trainer.render(), len(trainer.columns)), generated=True)
        for journal in self._journals:
            journal.flush()
        return Saved(path, trainer.step)

    def save_state(self, state: Checkpoint) -> Saved:
        """Writes a state of the training that was kept in memory, with the picture of the newest checkpoint, or none.
        Raises `UserError`."""
        import torch

        path = self.folder / "checkpoints" / f"{state.meta.step:09d}.safetensors"
        try:
            picture = torch.from_numpy(summary(self.newest()).preview)
        except (OSError, UserError):
            picture = torch.zeros((1, 1, 3), dtype=torch.uint8)
        save(Checkpoint(state.meta, {**state.tensors, "preview": picture}), path)
        return Saved(path, state.meta.step)

    def checkpoints(self) -> list[Path]:
        """Every complete checkpoint, the newest last."""
        return numbered(self.folder / "checkpoints")

    def best(self) -> Path | None:
        """The best checkpoint by what was measured last; None where nothing was."""
        found = best(self.folder / "checkpoints")
        return found[-1].path if found else None

    def newest(self) -> Path:
        """Returns the newest checkpoint that is whole, to the last bit. Raises `UserError` if there is none."""
        damaged: UserError | None = None
        for path in reversed(self.checkpoints()):
            try:
                if summary(path).meta.step == int(path.stem):  # or it is somebody's file, called by a date
                    refuse_damaged(path)
                    return path
            except UserError as problem:
                damaged = problem
        if damaged:
            raise UserError(f"No checkpoint of {self.folder.name} can be read.", "Open another run.", str(damaged))
        raise UserError(f"{self.folder.name} holds no checkpoint.", "Open another run.")

    def samples(self) -> list[Path]:
        """Every sample grid, the newest last."""
        return by_step(self.folder / "samples", ".png")

    def reports(self) -> Iterator[Report]:
        """The recorded reports in order."""
        return chain.from_iterable(self.report_blocks())

    def report_blocks(self) -> Iterator[list[Report]]:
        """The same in lists, one for each piece of the file: some are empty, and none takes more than a moment. Raises
        `UserError`."""
        known = set(REQUIRED)
        for block in self._stats.blocks():
            yield [report_of(with_known_keys(values, known)) for values in block]

    def report_tail(self, end: int | None = None) -> LogTail:
        """Reads the reports that are added after the first `end` bytes of the file; None: from now on."""
        return self._stats.tail(end)

    def edit_tail(self, end: int | None = None) -> LogTail:
        """The same of changes of settings."""
        return self._edits.tail(end)

    def edits_end(self) -> int:
        """Returns how many bytes of changes of settings there are."""
        with suppress(OSError):
            return self._edits.path.stat().st_size
        return 0

    def table_reader(self) -> TableReader:
        """Reads the recorded reports as arrays. Raises `UserError`."""
        return TableReader(self._stats.path)

    def edits(self) -> list[Edited]:
        """The last `MOST_EDITS` times that settings were changed while the run trained, in order; none where the file
        cannot be read."""
        found: deque[Edited] = deque(maxlen=MOST_EDITS)
        with suppress(UserError):
            edits = map(edit_of, self._edits.each())
            found.extend(edit for edit in edits if edit.changes)
        return list(found)

    def images(self) -> int:
        """How many images the training sees; 0 where that was not written down."""
        try:
            return int(json.loads(content(self.folder / "config.json"))["images"])
        except FOREIGN_ERRORS:
            return 0

    def rewinds(self) -> list[int]:
        """The last `MOST_EDITS` steps that the training went back to because it had diverged, in order; none where the
        file cannot be read."""
        found: deque[int] = deque(maxlen=MOST_EDITS)
        with suppress(UserError):
            found.extend(values["step"] for values in self._rewinds.each())
        return list(found)

    def note(self, edit: Edited) -> None:
        """Adds a change of settings to `edits.jsonl`. Raises `UserError` when it cannot be written."""
        self._edits.append({"step": edit.step, "changes": dict(edit.changes)}, durable=True)

    def note_rewind(self, step: int) -> None:
        """Adds a step that the training went back to to `rewinds.jsonl`. Raises `UserError`."""
        self._rewinds.append({"step": step}, durable=True)

    def note_measured(self, found: Measured) -> None:
        """Adds what was measured of a checkpoint to `stats.jsonl`. Raises `UserError`."""
        self._stats.append(_with_step(found, found.values), durable=True)

    def log(self, text: str) -> None:
        """Adds a line with the time to `log.txt`, if the disk takes it: no training ends for want of a line."""
        with suppress(OSError):
            append(self.folder / "log.txt", f"{datetime.now().isoformat(timespec='seconds')} {text}\n")

    @property
    def _journals(self) -> tuple[JsonlLog, ...]:
        return self._stats, self._edits, self._rewinds

    def _save_at_last(self, trainer: Trainer) -> Generator[Refused, None, Saved]:
        while True:
            try:
                return self.save(trainer)
            except DivergenceError:
                raise
            except UserError as problem:
                yield Refused(problem)

    def _write(self, event: Event, seconds: float) -> None:
        if isinstance(event, Report):
            self._stats.append(_with_step(event, event.stats))
        elif isinstance(event, Measured):
            self._stats.append(_with_step(event, event.values))
        elif isinstance(event, Samples | Points) and seconds >= self._next_grid:
            self._next_grid = seconds + max(GRID_SECONDS, GRID_SHARE * seconds)
            shown = picture(event) if isinstance(event, Points) else grid(event.images, len(event.columns))
            write_png(self.folder / "samples" / f"{event.step:09d}.png", shown, generated=True)

    def _tidy(self, step: int) -> None:
        """Drops what a crash left behind: half-written files, and reports, edits and samples later than the present
        step."""
        for folder in (self.folder, self.folder / "checkpoints", self.folder / "samples"):
            if folder.is_symlink() and folder != self.folder:
                raise UserError(
                    f"{folder.name} of the run {self.folder.name} is a link to another folder.",
                    "Train a copy: continue from the checkpoint in another folder.",
                )
            folder.mkdir(exist_ok=True)  # a copy may lack the folder of samples
            remove_partials(folder)
        for samples in self.samples():
            if int(samples.stem) > step:
                samples.unlink()
        for journal in self._journals:
            journal.truncate(step)


def _take_over(samples: Iterable[Path], folder: Path, step: int) -> None:
    """Puts sample grids up to a step into another run's folder. They are replaced and never written into, so one file
    can stand in both."""
    for path in samples:
        if int(path.stem) <= step and not path.is_symlink():
            try:
                os.link(path, folder / path.name)
            except OSError:  # another drive, or one without links
                with suppress(FileNotFoundError):  # the other training went back meanwhile
                    shutil.copyfile(path, folder / path.name)


def _with_step(event: Report | Measured, numbers: Mapping[str, float]) -> dict[str, float]:
    """A line of `stats.jsonl`."""
    return {"step": event.step, "images": event.images, "seconds": round(event.seconds, 3), **numbers}


def report_of(values: Record) -> Report:
    """Returns the report that a line of `stats.jsonl` says."""
    place = values.pop("step"), values.pop("images"), values.pop("seconds")
    return Report(*place, {key: value for key, value in values.items() if is_number(value)})


def edit_of(values: Record) -> Edited:
    """Returns what a line of `edits.jsonl` says; without changes where it says none that can be understood."""
    return Edited(values["step"], _changes(values["changes"]))


def _changes(values: object) -> dict[str, str | float | None]:
    """What a line says of changed settings, as far as a settings' names and values go."""
    if not isinstance(values, dict) or len(values) > MOST_CHANGES:
        return {}
    return {name: value for name, value in values.items() if len(name) <= LONGEST_WORD and _is_value(value)}


def _is_value(value: object) -> bool:
    return len(value) <= LONGEST_WORD if isinstance(value, str) else value is None or is_number(value)


def _remove_left(folder: Path) -> None:
    """Deletes new runs that crashes left half made, and none that is being made, or that holds anything else."""
    with suppress(OSError):  # what cannot be deleted is in nobody's way
        for left in folder.iterdir():
            if not PARTIAL.fullmatch(left.name) or left.is_symlink() or not left.is_dir():
                continue
            is_ours = all(path.name in _BEGUN or PARTIAL.fullmatch(path.name) for path in left.iterdir())
            if is_ours and time() - left.stat().st_mtime > LEFT_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def refuse_taken(folder: Path) -> None:
    """Raises `UserError` if a new run cannot be made at `folder` without overwriting something."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} exists already.", "Choose another folder, so that nothing is overwritten.")


def _holds(path: Path, trainer: Trainer) -> bool:
    """Whether a checkpoint is of the present state: an edit, or a step of D alone, leaves the number of the step."""
    try:
        meta = summary(path).meta
        return meta.images == trainer.images and meta.settings == trainer.settings
    except UserError:  # not there, or damaged
        return False


def runs_folder() -> Path:
    """Where new runs are made: `GAN_STUDIO_RUNS`, or `GAN Studio/runs` among the person's documents."""
    chosen = os.environ.get("GAN_STUDIO_RUNS")
    return Path(chosen) if chosen else platformdirs.user_documents_path() / "GAN Studio" / "runs"


def next_folder(runs: Path, title: str, preset: str) -> Path:
    """The next free `00003-title-preset` below `runs`."""
    taken = [int(path.name[:5]) for path in runs.glob("[0-9][0-9][0-9][0-9][0-9]-*")] if runs.is_dir() else []
    name = re.sub(r"[^\w]+", "-", title.lower()).strip("-") or "run"
    return runs / f"{max(taken, default=-1) + 1:05d}-{name[:40]}-{preset}"


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run."""
    return (folder / "config.json").is_file() and (folder / "stats.jsonl").is_file()


def is_checkpoint(path: Path) -> bool:
    """Whether a file is called like a checkpoint, of ours or of another program."""
    return path.suffix.lower() in (".safetensors", ".pt", ".pth", ".ckpt", ".pkl")
