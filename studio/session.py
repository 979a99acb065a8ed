"""The one object that owns the dataset, the training, the sampler and the threads. Panels never meet torch; this does.

`core` modules that import torch are imported inside functions that run in threads, so that the window comes first.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from platformdirs import user_documents_path
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from core.errors import Problem
from core.events import Edited, Event, Finished, Images, Notice, Points, Progress, Samples, Saved, Tuned
from core.latent import LatentRequest
from studio.checkpoint_list import CheckpointRows, read_checkpoints
from studio.explorer import Explorer, Source, Weights
from studio.history import Rows
from studio.opening import (
    OpenedDataset,
    OpenedRun,
    Recognised,
    Sheet,
    draw_seen,
    draw_sheet,
    read_run,
    recognise,
    scan,
)
from studio.saving import copy_checkpoint, save_grid, save_numbers, save_picture
from studio.threads import Events, IteratorThread, LatestThread
from studio.torch_import import import_torch
from studio.workers import Workers

if TYPE_CHECKING:
    from core.config import Settings
    from core.data import Dataset
    from core.training import Training


class State(Enum):
    """Of the training."""

    IDLE = auto()
    STARTING = auto()
    RUNNING = auto()
    PAUSED = auto()
    STOPPING = auto()

    @property
    def active(self) -> bool:
        return self is not State.IDLE


def runs_folder() -> Path:
    """Where new runs are made: `GAN_STUDIO_RUNS`, or `GAN Studio/runs` among the person's documents."""
    chosen = os.environ.get("GAN_STUDIO_RUNS")
    return Path(chosen) if chosen else user_documents_path() / "GAN Studio" / "runs"


class Session(QObject):
    """What the panels' intents act on. Every signal is emitted in the GUI thread."""

    devices_found = Signal(list)
    opened = Signal(str, str)
    """What was recognised ("data", "run" or "checkpoint") in a source, before it is read."""

    scan_progressed = Signal(object)
    scan_ended = Signal()
    dataset_opened = Signal(object)
    sheet_drawn = Signal(object)
    """A `Sheet`."""

    state_changed = Signal(object)
    start_progressed = Signal(object)
    tuned = Signal(object)
    """What the trial chose for this device."""
    run_began = Signal()
    """A new training begins, with empty curves."""
    run_continued = Signal(int)
    """The step at which the training now goes on; reports after it belong to a time that did not happen."""
    run_opened = Signal(object)
    """An `OpenedRun`, to be shown as it was."""
    reported = Signal(list)
    sampled = Signal(object)
    """`Samples`, or `Points`."""
    saved = Signal(object, bool)
    """A `Saved`, and whether the person asked for it."""
    edited = Signal(object)
    """An `Edited`: settings that the running training took."""
    resume_changed = Signal(object)
    """The checkpoint from which the next start continues, or None."""
    checkpoints_listed = Signal(object)

    source_changed = Signal(object)
    rendered = Signal(str, object, object)

    job_progressed = Signal(object)
    job_ended = Signal()

    problem = Signal(object)
    notice = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dataset: Dataset | None = None
        self.state = State.IDLE
        self.runs = runs_folder()
        self.run_folder: Path | None = None
        self.resume: Path | None = None
        self.live = False
        self._pace = 0.0
        self._training: Training | None = None
        self._train_thread: IteratorThread | None = None
        self._scan_thread: IteratorThread | None = None
        self._job_thread: IteratorThread | None = None
        self._previews: set[IteratorThread] = set()
        self._workers = Workers(self)
        self._workers.problem.connect(self.problem)
        self._workers.reported.connect(self.reported)
        self._explorer = Explorer()
        self._explore_thread = LatestThread(self._explorer.answer, self)
        self._explore_thread.answered.connect(self._show_answer)
        self._explore_thread.failed.connect(self.problem)

    def warm_up(self) -> None:
        """Imports torch on a thread and finds the devices; call it when the window is on screen."""
        self._explore_thread.start()
        self._explore_thread.ask("devices", Explorer.DEVICES)

    # Opening

    def open_path(self, source: str) -> None:
        """A folder, zip, run, checkpoint or `sample:NAME`; what it is decides what happens."""
        self._workers.spawn(lambda: recognise(source), self._open)

    def _open(self, event: Event) -> None:
        assert isinstance(event, Recognised)
        self.opened.emit(event.source, event.kind)
        if event.kind == "data":
            self.open_data(event.source)
        elif event.kind == "run":
            self.open_run(Path(event.source))
        else:
            self.open_checkpoint(Path(event.source))

    def open_data(self, source: str, resolution: int | None = None) -> None:
        """Reads images; a scan that is under way is given up for it."""
        self.cancel_scan()

        def show(event: Event) -> None:
            if self._scan_thread is thread:  # and not one that was given up
                self._show_scan(event)

        def end() -> None:
            if self._scan_thread is thread:
                self._scan_thread = None
                self.scan_ended.emit()

        thread = self._workers.spawn(lambda: scan(source, resolution), show, end)
        self._scan_thread = thread

    def cancel_scan(self) -> None:
        if self._scan_thread is not None:
            self._scan_thread.stop()

    def draw_sheet(self, count: int, seed: int) -> None:
        """Another random sheet of the dataset, as `sheet_drawn`."""
        if self.dataset is not None:
            dataset = self.dataset
            self._workers.spawn(lambda: draw_sheet(dataset, count, seed), self._show_scan)

    def draw_seen(self, settings: Settings, count: int, seed: int) -> None:
        """The same as the discriminator is shown it, by the running training or else by these settings."""
        training, dataset = self._training, self.dataset
        if self._train_thread and training and training.trainer and self.state in (State.RUNNING, State.PAUSED):
            trainer = training.trainer
            caption = "As the discriminator sees them now"
            self._train_thread.post(lambda: Sheet(trainer.sheet(count, seed), caption))
        elif dataset is not None and self.state is State.IDLE:
            make = partial(draw_seen, dataset, settings, count, seed)
            thread = self._workers.spawn(make, self._show_scan, lambda: self._previews.discard(thread))
            self._previews.add(thread)
        else:
            self.notice.emit("The training is starting or stopping: ask again in a moment.")

    def list_checkpoints(self, runs: Path) -> None:
        """Reads the checkpoints of every run in a folder, as `checkpoints_listed`."""
        self._workers.spawn(lambda: read_checkpoints(runs), self._show_checkpoints)

    def open_run(self, folder: Path) -> None:
        """Reads a run folder and shows it; the next start continues it."""
        if self._may_replace():
            self.start_job(lambda: read_run(folder), self._show_run)

    def open_checkpoint(self, path: Path) -> None:
        """Explores a checkpoint, and continues from it at the next start."""
        self._explore_thread.ask("source", path)

    def _show_scan(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.scan_progressed.emit(event)
        elif isinstance(event, OpenedDataset):
            self.dataset = event.dataset
            self.dataset_opened.emit(event)
        elif isinstance(event, Sheet):
            self.sheet_drawn.emit(event)

    def _show_checkpoints(self, event: Event) -> None:
        if isinstance(event, CheckpointRows):
            self.checkpoints_listed.emit(event)

    def _show_run(self, event: Event) -> None:
        assert isinstance(event, OpenedRun)
        self.run_folder = event.folder
        self.run_opened.emit(event)
        self._continue_from(event.checkpoint, event.dataset, event.settings.resolution)
        self._explore_thread.ask("source", event.checkpoint)

    def _continue_from(self, checkpoint: Path, dataset: str, resolution: int) -> None:
        self.set_resume(checkpoint)
        if self.dataset is None or self.dataset.source != dataset:
            self.open_data(dataset, resolution)

    def _may_replace(self) -> bool:
        if self.state is State.IDLE:
            return True
        self.problem.emit(Problem("A training is running.", "Stop it before you open another run."))
        return False

    # Training

    def start(self, settings: Settings) -> None:
        """Begins a training on the open dataset, or continues from `resume`."""
        if self.dataset is None:
            self.problem.emit(Problem("There are no images to train on.", "Open a folder, or try the sample."))
            return
        if self._previews:
            # They borrow torch's random numbers for a moment, which belong to the training from its first step on.
            next(iter(self._previews)).ended.connect(lambda: self.start(settings))
            return
        source, runs, resume = self.dataset.source, self.runs, self.resume
        if resume is None or self.run_folder is None or not resume.is_relative_to(self.run_folder):
            self.run_folder = None
            self.run_began.emit()

        def make() -> Events:
            import_torch()
            from core.training import Training

            self._training = Training(settings, source, runs=runs, resume=resume)
            yield from self._training.events()

        self._set_state(State.STARTING)
        thread = self._workers.spawn(make, self._show_training, self._end_training, background=True)
        thread.paused.connect(self._show_paused)
        thread.refused.connect(self._refuse)
        self._train_thread = thread
        if self.dataset.points:
            self.set_pace(self._pace)

    def pause(self) -> None:
        if self._train_thread:
            self._train_thread.pause()
            self._train_thread.post(self._look)

    def go_on(self) -> None:
        if self._train_thread:
            self._train_thread.resume()

    def single_step(self, network: Literal["D", "G"]) -> None:
        """Trains one network once, while the training is paused."""
        if self._train_thread:
            self._train_thread.post(lambda: self._step_once(network))

    def set_pace(self, seconds: float) -> None:
        """Slow motion for points: each step takes at least so long, and is shown."""
        self._pace = seconds
        if self._train_thread:
            self._train_thread.set_pace(seconds, self._look)

    def stop(self) -> None:
        """Saves, then ends the training. If it cannot be saved it stays paused, so that nothing is lost."""
        if self._train_thread:
            self._set_state(State.STOPPING)
            self._train_thread.stop(self._save_if_begun)

    def abandon(self) -> None:
        """Ends the training without saving; for a person who was told that saving is impossible and said so."""
        if self._train_thread:
            self._set_state(State.STOPPING)
            self._train_thread.stop()

    def save(self, path: Path | None = None) -> None:
        """Writes a checkpoint of the running training, or copies the newest one, to `path` (the run's own folder)."""
        if self._train_thread:
            self._train_thread.post(lambda: self._save_to(path))
        elif self.resume is not None and path is not None:
            origin = self.resume
            self.start_job(lambda: copy_checkpoint(origin, path))
        else:
            self.problem.emit(Problem("There is nothing to save yet.", "Train first."))

    def edit(self, settings: Settings) -> None:
        """Changes settings of the running training, between two of its steps."""
        if self._train_thread:
            self._train_thread.post(lambda: self._edit_to(settings))

    def set_resume(self, checkpoint: Path | None) -> None:
        """The next start continues from this checkpoint, or begins anew."""
        self.resume = checkpoint
        self.resume_changed.emit(checkpoint)

    def begin_anew(self) -> None:
        """The next start begins a new training."""
        self.set_resume(None)

    def _save_to(self, path: Path | None) -> Event | None:
        assert self._training is not None
        return self._training.save() if path is None else self._training.save_as(path)

    def _edit_to(self, settings: Settings) -> Event | None:
        assert self._training is not None
        return self._training.edit(settings)

    def _step_once(self, network: Literal["D", "G"]) -> Event | None:
        assert self._training is not None
        return self._training.single_step(network)

    def _look(self) -> Event | None:
        """Points as they are at this moment; of images the newest grid will do."""
        trainer = self._training.trainer if self._training else None
        return trainer.look() if trainer is not None and trainer.dataset.points else None

    def _save_if_begun(self) -> Event | None:
        begun = self._training is not None and self._training.run is not None
        return self._save_to(None) if begun else None

    def _show_training(self, event: Event) -> None:
        if isinstance(event, Samples | Points):
            if self.state is State.STARTING:
                assert self._training is not None
                assert self._training.run is not None
                self.run_folder = self._training.run.folder
                self._set_state(State.RUNNING)
                self.run_continued.emit(event.step)
            self.sampled.emit(event)
            self._publish()
        elif isinstance(event, Saved):
            # A copy that the person saved, even into the run's folder, is not what the run continues from.
            own = self.run_folder is not None and event.path.parent == self.run_folder / "checkpoints"
            if own:
                self.set_resume(event.path)
            self.saved.emit(event, not own)
        elif isinstance(event, Sheet):
            self.sheet_drawn.emit(event)
        elif isinstance(event, Edited):
            self.edited.emit(event)
        elif isinstance(event, Notice):
            self.notice.emit(event.text)
        elif isinstance(event, Finished):
            self.notice.emit(f"Training is complete: {event.reason}")
        elif isinstance(event, Progress):
            self.start_progressed.emit(event)
        elif isinstance(event, Tuned):
            self.tuned.emit(event)

    def _show_paused(self, paused: bool) -> None:
        if self.state in (State.RUNNING, State.PAUSED):
            self._set_state(State.PAUSED if paused else State.RUNNING)

    def _refuse(self, problem: Problem) -> None:
        if self.state is State.STOPPING:
            self._set_state(State.PAUSED)
        self.problem.emit(problem)

    def _end_training(self) -> None:
        self._train_thread = None
        self._training = None
        self._set_state(State.IDLE)

    def _set_state(self, state: State) -> None:
        self.state = state
        self.state_changed.emit(state)

    # Explore

    def explore_training(self, live: bool) -> None:
        """Follows the running training's newest averaged generator, from now on."""
        self.live = live
        self._publish()

    def render(self, slot: str, request: LatentRequest) -> None:
        self._explore_thread.ask(slot, request)

    def _publish(self) -> None:
        if self.live and self._train_thread and self.state in (State.RUNNING, State.PAUSED):
            self._train_thread.post(self._hand_over_weights)

    def _hand_over_weights(self) -> None:
        """Runs in the training's thread, between two steps."""
        assert self._training is not None
        assert self._training.trainer is not None
        trainer = self._training.trainer
        self._explore_thread.ask("source", Weights(trainer.meta(), trainer.published()))

    def _show_answer(self, slot: str, request: object, answer: object) -> None:
        if slot == "devices":
            self.devices_found.emit(answer)
        elif isinstance(answer, Source):
            self.source_changed.emit(answer)
            if answer.path is not None and self.state is State.IDLE:
                self._continue_from(answer.path, answer.dataset, answer.settings.resolution)
        elif answer is not None:
            self.rendered.emit(slot, request, answer)

    # Jobs: one at a time, with progress and cancel

    def export(self, request: LatentRequest, folder: Path, overwrite: bool) -> None:
        """Writes the request's seeds as PNGs, with the generator that is on screen."""
        self.start_job(lambda: self._explorer.export(request, folder, overwrite))

    def export_images(self, images: Images, names: list[str], folder: Path, overwrite: bool) -> None:
        """Writes images that are on screen as PNGs."""

        def make() -> Events:
            from core.export import export_images

            yield from export_images(images, names, folder, overwrite)

        self.start_job(make)

    def save_grid(self, images: Images, path: Path, columns: int = 0) -> None:
        """Writes images as one PNG."""
        self.start_job(lambda: save_grid(images, path, columns))

    def save_plot(self, plot: QImage | Rows, path: Path) -> None:
        """Writes curves as a picture, or as their numbers."""
        self.start_job(lambda: save_picture(plot, path) if isinstance(plot, QImage) else save_numbers(plot, path))

    def export_folder(self) -> Path:
        """Where exported images go unless the person chooses another place."""
        return (self.run_folder or self.runs) / "export"

    def start_job(self, make: Callable[[], Events], show: Callable[[Event], None] | None = None) -> None:
        """Runs a generator beside the training; its progress is `job_progressed`."""
        if self._job_thread is not None:
            self.problem.emit(Problem("Another job is still running.", "Wait for it, or cancel it first."))
            return
        self._job_thread = self._workers.spawn(make, lambda event: self._show_job(event, show), self._end_job)

    def cancel_job(self) -> None:
        if self._job_thread is not None:
            self._job_thread.stop()

    def _show_job(self, event: Event, show: Callable[[Event], None] | None) -> None:
        if isinstance(event, Progress):
            self.job_progressed.emit(event)
        elif isinstance(event, Saved):
            self.saved.emit(event, True)
        elif show is not None:
            show(event)

    def _end_job(self) -> None:
        self._job_thread = None
        self.job_ended.emit()

    def shutdown(self) -> None:
        """Ends every thread and waits for it. Stop the training first, or its unsaved steps are gone."""
        self._workers.shutdown()
        self._explore_thread.stop()
        self._explore_thread.wait()
