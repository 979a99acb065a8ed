"""Run folders: writing during a training, and reading. There is no index besides the folders."""

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
from core.data.holdout import epoch_images
from core.data.names import content, printable
from core.durable_write import PARTIAL, append, flush_folder, remove_partials, replaced, unwritable
from core.errors import FOREIGN_ERRORS, DivergenceError, UserError
from core.events import Edited, Event, Measured, Notice, Points, Refused, Report, Samples, Saved
from core.imaging.grid import grid, write_png
from core.imaging.points import picture
from core.language import _, sentences
from core.runs.jsonl_log import LARGEST_REPORTS, JsonlLog, LogTail, Record, is_number, with_known_keys
from core.runs.report_table import REQUIRED, TableReader
from core.runs.retention import best, by_step, numbered, prune

if TYPE_CHECKING:
    from core.training.loop import TrainingLoop

GRID_SECONDS = 2.0
GRID_SHARE = 0.01
"""Minimum time between kept sample grids, as a fraction of the training time so far: dense at the start, and some
hundred files a day."""
COMPLAINT_SECONDS = 60.0
"""Seconds after which a persisting disk error is reported again."""
MOST_EDITS = 500
"""Maximum number of changes of settings, and of rewinds, that are read; the newest."""
MOST_CHANGES, LONGEST_WORD = 100, 200
"""Maximum settings in one change, and maximum characters of a name or a value."""
LEFT_SECONDS = 3600.0
"""Seconds without a write after which an unfinished new run is left over from a crash."""
_BEGUN = {"checkpoints", "config.json", "edits.jsonl", "reals.png", "rewinds.jsonl", "samples", "stats.jsonl"}
"""Files of a new run before it is renamed to its final name."""


class Run:
    """Existing run folder. `record` writes it during a training; other methods read it."""

    def __init__(self, folder: Path) -> None:
        """Opens a run folder. Raises `UserError` if it is none."""
        if not is_run(folder):
            raise UserError(
                _("{folder} is not a run folder.").format(folder=folder),
                _("Choose a folder that contains a config.json."),
            )
        self.folder = folder
        self._next_grid = 0.0
        self._stats = JsonlLog(folder / "stats.jsonl", ("images", "seconds"), LARGEST_REPORTS)
        self._edits = JsonlLog(folder / "edits.jsonl", ("changes",))
        self._rewinds = JsonlLog(folder / "rewinds.jsonl", ())

    @classmethod
    def begin(cls, folder: Path, trainer: TrainingLoop, history: Run | None = None) -> Run:
        """Creates a run at `folder` with the first checkpoint of the training, atomically.

        `history`: a run whose reports and samples up to the present step are copied. Raises `UserError` if the folder
        exists and is not empty, or cannot be written.
        """
        refuse_taken(folder)
        # A random name for a new folder, so that nothing is written to an existing file or link.
        partial = folder.with_name(f".{token_hex(8)}.partial")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            _remove_left(folder.parent)
            partial.mkdir()
            (partial / "samples").mkdir()
            config = {
                "settings": trainer.settings.model_dump(),
                "dataset": printable(trainer.dataset.source),
                "images": epoch_images(trainer.settings, trainer.dataset),
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
            raise UserError(
                _("The run folder {folder} could not be created.").format(folder=folder),
                _("Choose a folder that you can write to, on a disk with free space."),
                str(error),
            ) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return cls(folder)

    def record(
        self,
        trainer: TrainingLoop,
        events: Generator[Event, None, None],
        protected: Callable[[], Path | None] = lambda: None,
    ) -> Generator[Event, None, None]:
        """Passes the events of a training on, and writes reports, samples and automatic checkpoints.

        As many checkpoints are kept as the settings say, besides those that `core.runs.retention` keeps and the one
        that `protected` returns. A write error yields a `Notice`; the training continues, and the next write tries
        again. Only the last checkpoint is tried again at once, after each `Refused` that is yielded. Raises what the
        events raise.
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
                        yield Notice(sentences(str(error), _("The training continues.")))
                yield event
        yield (yield from self.save_at_last(trainer))

    def save(self, trainer: TrainingLoop) -> Saved:
        """Writes the checkpoint of the present step and its sample grid, unless they exist. Raises `UserError`.

        When it returns, earlier reports are on the disk too.
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
        """Writes a training state kept in memory, with the preview of the newest checkpoint if any. Raises
        `UserError`."""
        import torch

        path = self.folder / "checkpoints" / f"{state.meta.step:09d}.safetensors"
        try:
            picture = torch.from_numpy(summary(self.newest()).preview)
        except (OSError, UserError):
            picture = torch.zeros((1, 1, 3), dtype=torch.uint8)
        save(Checkpoint(state.meta, {**state.tensors, "preview": picture}), path)
        return Saved(path, state.meta.step)

    def checkpoints(self) -> list[Path]:
        """Returns every complete checkpoint, newest last."""
        return numbered(self.folder / "checkpoints")

    def best(self) -> Path | None:
        """Returns the best checkpoint by the metric measured last; None if nothing was measured."""
        found = best(self.folder / "checkpoints")
        return found[-1].path if found else None

    def without_progress(self, seconds: float) -> tuple[str, float]:
        """Returns the key of the metric measured last, and the training time since its best value, in seconds.

        `seconds`: training time now. The time is 0 if nothing was measured. Raises `UserError` if the best checkpoint
        cannot be read.
        """
        found = best(self.folder / "checkpoints")
        return (found[-1].key, seconds - summary(found[-1].path).meta.seconds) if found else ("", 0.0)

    def newest(self) -> Path:
        """Returns the newest undamaged checkpoint. Raises `UserError` if there is none."""
        damaged: UserError | None = None
        for path in reversed(self.checkpoints()):
            try:
                if summary(path).meta.step == int(path.stem):  # otherwise a foreign file, such as one named by a date
                    refuse_damaged(path)
                    return path
            except UserError as problem:
                damaged = problem
        if damaged:
            what = _("No checkpoint of {run} can be read.").format(run=self.folder.name)
            raise UserError(what, _("Open another run."), str(damaged))
        raise UserError(_("{run} has no checkpoint.").format(run=self.folder.name), _("Open another run."))

    def samples(self) -> list[Path]:
        """Returns every sample grid, newest last."""
        return by_step(self.folder / "samples", ".png")

    def reports(self) -> Iterator[Report]:
        """Yields the recorded reports in order. Raises `UserError`."""
        return chain.from_iterable(self.report_blocks())

    def report_blocks(self) -> Iterator[list[Report]]:
        """Yields the reports as lists, one for each piece of the file, some of them empty. Raises `UserError`."""
        known = set(REQUIRED)
        for block in self._stats.blocks():
            yield [report_of(with_known_keys(values, known)) for values in block]

    def report_tail(self, end: int | None = None) -> LogTail:
        """Returns a reader of reports that are added after the first `end` bytes of the file; None: from now on."""
        return self._stats.tail(end)

    def edit_tail(self, end: int | None = None) -> LogTail:
        """Returns a reader of changes of settings that are added, like `report_tail`."""
        return self._edits.tail(end)

    def edits_end(self) -> int:
        """Returns the size of the log of settings changes in bytes."""
        with suppress(OSError):
            return self._edits.path.stat().st_size
        return 0

    def table_reader(self) -> TableReader:
        """Returns a reader of the reports as arrays. Raises `UserError`."""
        return TableReader(self._stats.path)

    def edits(self) -> list[Edited]:
        """Returns the last `MOST_EDITS` changes of settings during the training, in order; none if the file is
        unreadable."""
        found: deque[Edited] = deque(maxlen=MOST_EDITS)
        with suppress(UserError):
            edits = map(edit_of, self._edits.each())
            found.extend(edit for edit in edits if edit.changes)
        return list(found)

    def images(self) -> int:
        """Returns the number of training images; 0 if unknown."""
        try:
            return int(json.loads(content(self.folder / "config.json"))["images"])
        except FOREIGN_ERRORS:
            return 0

    def rewinds(self) -> list[int]:
        """Returns the last `MOST_EDITS` steps to which the training was rewound after divergence, in order; none if the
        file is unreadable."""
        found: deque[int] = deque(maxlen=MOST_EDITS)
        with suppress(UserError):
            found.extend(values["step"] for values in self._rewinds.each())
        return list(found)

    def note(self, edit: Edited) -> None:
        """Appends a change of settings to `edits.jsonl`. Raises `UserError` if it cannot be written."""
        self._edits.append({"step": edit.step, "changes": dict(edit.changes)}, durable=True)

    def note_rewind(self, step: int) -> None:
        """Appends a rewind to a step to `rewinds.jsonl`. Raises `UserError`."""
        self._rewinds.append({"step": step}, durable=True)

    def note_measured(self, found: Measured) -> None:
        """Appends the metrics of a checkpoint to `stats.jsonl`. Raises `UserError`."""
        self._stats.append(_with_step(found, found.values), durable=True)

    def log(self, text: str) -> None:
        """Appends a line with the time to `log.txt`; ignores write errors."""
        with suppress(OSError):
            append(self.folder / "log.txt", f"{datetime.now().isoformat(timespec='seconds')} {text}\n")

    @property
    def _journals(self) -> tuple[JsonlLog, ...]:
        return self._stats, self._edits, self._rewinds

    def save_at_last(self, trainer: TrainingLoop) -> Generator[Refused, None, Saved]:
        """Returns as `save` does; yields `Refused` for each try that failed before. Raises `DivergenceError`."""
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
        """Removes leftovers of a crash: unfinished files, and reports, edits and samples after the present step."""
        for folder in (self.folder, self.folder / "checkpoints", self.folder / "samples"):
            if folder.is_symlink() and folder != self.folder:
                raise UserError(
                    _("{folder} of the run {run} is a link to another folder.").format(
                        folder=folder.name, run=self.folder.name
                    ),
                    _("Remove the link, or continue from the checkpoint in another folder."),
                )
            folder.mkdir(exist_ok=True)  # a copied run may lack the samples folder
            remove_partials(folder)
        for samples in self.samples():
            if int(samples.stem) > step:
                samples.unlink()
        for journal in self._journals:
            journal.truncate(step)


def _take_over(samples: Iterable[Path], folder: Path, step: int) -> None:
    """Links or copies sample grids up to a step into the folder of another run. Grids are never modified in place, so
    both runs may share a file."""
    for path in samples:
        if int(path.stem) <= step and not path.is_symlink():
            try:
                os.link(path, folder / path.name)
            except OSError:  # another drive, or no support for links
                with suppress(FileNotFoundError):  # removed by a rewind of the other training
                    shutil.copyfile(path, folder / path.name)


def _with_step(event: Report | Measured, numbers: Mapping[str, float]) -> dict[str, float]:
    """Returns the values of a line of `stats.jsonl`."""
    return {"step": event.step, "images": event.images, "seconds": round(event.seconds, 3), **numbers}


def report_of(values: Record) -> Report:
    """Returns the report of a line of `stats.jsonl`."""
    place = values.pop("step"), values.pop("images"), values.pop("seconds")
    return Report(*place, {key: value for key, value in values.items() if is_number(value)})


def edit_of(values: Record) -> Edited:
    """Returns the change of a line of `edits.jsonl`; it is empty if the line has none that is valid."""
    return Edited(values["step"], _changes(values["changes"]))


def _changes(values: object) -> dict[str, str | float | None]:
    """Returns the valid names and values of changed settings."""
    if not isinstance(values, dict) or len(values) > MOST_CHANGES:
        return {}
    return {name: value for name, value in values.items() if len(name) <= LONGEST_WORD and _is_value(value)}


def _is_value(value: object) -> bool:
    return len(value) <= LONGEST_WORD if isinstance(value, str) else value is None or is_number(value)


def _remove_left(folder: Path) -> None:
    """Deletes unfinished new runs that crashes left, except recent ones and ones with other files."""
    with suppress(OSError):  # leftovers do no harm
        for left in folder.iterdir():
            if not PARTIAL.fullmatch(left.name) or left.is_symlink() or not left.is_dir():
                continue
            is_ours = all(path.name in _BEGUN or PARTIAL.fullmatch(path.name) for path in left.iterdir())
            if is_ours and time() - left.stat().st_mtime > LEFT_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def refuse_taken(folder: Path) -> None:
    """Raises `UserError` if `folder` exists and is not empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(_("{path} already exists.").format(path=folder), _("Choose another folder."))


def _holds(path: Path, trainer: TrainingLoop) -> bool:
    """Returns whether a checkpoint has the present state; an edit, or an update of D alone, keeps the step number."""
    try:
        meta = summary(path).meta
        return meta.images == trainer.images and meta.settings == trainer.settings
    except UserError:  # missing or damaged
        return False


def runs_folder() -> Path:
    """Returns the folder of new runs: `GAN_STUDIO_RUNS` if set, else `GAN Studio/runs` in the user's documents."""
    chosen = os.environ.get("GAN_STUDIO_RUNS")
    return Path(chosen) if chosen else platformdirs.user_documents_path() / "GAN Studio" / "runs"


def next_folder(runs: Path, title: str, kind: str, promised: Iterable[str] = ()) -> Path:
    """Returns the next free folder such as `00003-title-kind` in `runs`. `kind`: the preset, after the task of a
    translation. `promised`: names of folders that do not exist yet."""
    names = chain((path.name for path in runs.iterdir()) if runs.is_dir() else (), promised)
    taken = [int(name[:5]) for name in names if re.match("[0-9]{5}-", name)]
    name = re.sub(r"[^\w]+", "-", title.lower()).strip("-") or "run"
    return runs / f"{max(taken, default=-1) + 1:05d}-{name[:40]}-{kind}"


def is_run(folder: Path) -> bool:
    """Returns whether a folder is a run folder."""
    return (folder / "config.json").is_file() and (folder / "stats.jsonl").is_file()


def is_checkpoint(path: Path) -> bool:
    """Returns whether a file has the extension of a checkpoint, ours or that of another program."""
    return path.suffix.lower() in (".safetensors", ".pt", ".pth", ".ckpt", ".pkl")
