"""Service of the Apply panel: lists pictures, translates the chosen one in a thread, and writes all in a job."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.concurrency import as_generator
from core.errors import UserError
from core.events import Event, Images, Notice, Progress
from core.language import _
from studio.background.job_runner import JobRunner
from studio.background.newest_task import NewestTask
from studio.background.workers import Workers
from studio.model.apply import Picture, Pictures, Thumbnail, Translation, Written
from studio.model.explore import Translator
from studio.services.apply.engine import (
    TranslatorWeights,
    export_model,
    list_pictures,
    translate,
    write_all,
    write_image,
)

if TYPE_CHECKING:
    from core.jobs.apply_job import Applied

MEMORY = 2**29
"""Bytes of translations that are kept, so that a picture chosen again is shown at once."""


class ApplyService(QObject):
    """Applies one translator to pictures. Emits every signal in the GUI thread."""

    listed = Signal(object)
    """Further `Pictures`."""
    thumbnail_made = Signal(object)
    """A `Thumbnail`."""
    progressed = Signal(object)
    """`Progress` of the chosen picture."""
    translated = Signal(object)
    """The `Translation` of the chosen picture."""
    failed = Signal(object, object)
    """A `Picture`, and the `UserError` that says why there is no translation of it."""
    canceled = Signal()
    ended = Signal()
    """The chosen picture is translated or not; nothing is worked at."""
    written = Signal(object)
    """The `Written` of a job."""

    def __init__(self, workers: Workers, jobs: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workers, self._jobs = workers, jobs
        self._weights: TranslatorWeights | None = None
        self._paths: list[Path] = []
        self._known: set[Path] = set()
        self._removed: set[Path] = set()
        """Pictures of an added folder that are left out."""
        self._chosen: Picture | None = None
        self._working: TranslatorWeights | None = None
        """Weights that translate the chosen picture."""
        self._is_renewed = False
        """Tells whether newer weights of the same training arrived while a picture is translated."""
        self._made: dict[Picture, Translation] = {}
        """Translations of the present translator, the least recently shown first."""
        self._task = NewestTask(workers)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Returns the files and folders to translate."""
        return tuple(self._paths)

    def set_translator(self, translator: Translator) -> None:
        """Applies another translator, or newer weights of the same training, from now on."""
        before = self._weights.translator if self._weights is not None else None
        is_newer = before is not None and before.path is None and translator.path is None
        self._weights = TranslatorWeights(translator)
        self._made.clear()
        if is_newer and self._task.is_running:
            self._is_renewed = True  # what is shown would otherwise never be complete while weights keep coming
        elif self._chosen is not None:
            self.translate(self._chosen)

    def add(self, paths: Sequence[Path]) -> None:
        """Lists the pictures in further files and folders, as `listed`, then makes thumbnails."""
        if self._weights is not None:
            make = partial(list_pictures, self._weights.translator, paths)
            self._workers.spawn(make, partial(self._show_listed, paths))

    def clear(self) -> None:
        """Forgets the pictures. Their files stay."""
        self._task.drop()
        self._paths.clear()
        self._known.clear()
        self._removed.clear()
        self._made.clear()
        self._chosen = None

    def remove(self, picture: Picture) -> None:
        """Forgets a picture. Its file stays."""
        if picture.path in self._paths:
            self._paths.remove(picture.path)
        self._removed.add(picture.path)
        self._known.discard(picture.path)
        self._made.pop(picture, None)
        if picture == self._chosen:
            self._chosen = None
            self._task.drop()
            self.ended.emit()

    def translate(self, picture: Picture) -> None:
        """Translates a picture instead of the one before, as `translated` or `failed`."""
        is_begun = self._task.is_running and self._chosen == picture and self._working is self._weights
        if self._weights is None or is_begun:
            return
        self._chosen, self._working, self._is_renewed = picture, self._weights, False
        if (made := self._made.pop(picture, None)) is not None:
            self._task.drop()
            self._keep(made)
            self.translated.emit(made)
            self.ended.emit()
            return
        thread = self._workers.spawn(partial(translate, self._weights, picture), background=True)
        self._task.adopt(thread, self._show_progress, partial(self._show, self._weights, picture), self._end)

    def cancel(self) -> None:
        """Stops translating the chosen picture."""
        if self._task.is_running:
            self._task.drop()
            self.canceled.emit()
            self.ended.emit()

    def save_all(self, target: Path, strength: float) -> None:
        """Writes the translations of all pictures and films into a folder, as a job; replaces no file."""
        if self._weights is not None and self._paths:
            problems: list[str] = []

            def tell(event: Event) -> None:
                if isinstance(event, Notice):
                    problems.append(event.text)

            def show(results: tuple[Applied, ...]) -> None:
                self.written.emit(Written(target, len(results), tuple(problems)))

            make = partial(write_all, self._weights, self.paths, frozenset(self._removed), target, strength)
            self._jobs.start(make, tell, show, title=_("Translation"))

    def export_model(self, target: Path, overwrite: bool) -> None:
        """Writes the translator for other programs, as a job."""
        if self._weights is not None:
            make = partial(export_model, self._weights, target, overwrite)
            self._jobs.start(make, title=_("Generator export"))

    def write(self, image: Images, path: Path) -> None:
        """Writes an image that is dragged to another program."""
        self._workers.spawn(partial(as_generator, write_image, image, path))

    def _show_listed(self, paths: Sequence[Path], event: Event) -> None:
        if isinstance(event, Pictures):
            if event.pictures:
                self._paths += [path for path in paths if path not in self._paths]
            fresh = tuple(each for each in event.pictures if each.path not in self._known)
            self._known |= {each.path for each in fresh}
            self._removed -= self._known
            self.listed.emit(Pictures(fresh, event.problems))
        elif isinstance(event, Thumbnail) and event.picture.path in self._known:
            self.thumbnail_made.emit(event)

    def _show_progress(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progressed.emit(event)

    def _show(self, weights: TranslatorWeights, picture: Picture, made: Translation | UserError) -> None:
        if isinstance(made, UserError):
            self.failed.emit(picture, made)
            return
        if weights is self._weights:
            self._keep(made)
        self.translated.emit(made)

    def _end(self) -> None:
        self.ended.emit()
        if self._is_renewed and self._chosen is not None:
            self.translate(self._chosen)

    def _keep(self, made: Translation) -> None:
        self._made[made.picture] = made
        while sum(each.bytes for each in self._made.values()) > MEMORY and len(self._made) > 1:
            del self._made[next(iter(self._made))]
