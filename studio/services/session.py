"""The one object that owns the dataset, the training, the sampler and the threads. Panels never meet torch; this does.

`core` modules that import torch are imported inside functions that run in threads, so that the window comes first.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from platformdirs import user_documents_path
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage

from core.concurrency import as_generator
from core.errors import UserError
from core.events import (
    Edited,
    EvaluationProgress,
    Event,
    Finished,
    Images,
    Measured,
    Notice,
    Points,
    Progress,
    Rewound,
    Samples,
    Saved,
    Tuned,
)
from core.export.selection import Shape
from studio.background.job_runner import JobRunner
from studio.background.workers import Workers
from studio.model.data import DatasetSheet
from studio.model.explore import ExploreSource, PublishedWeights
from studio.model.history import ReportRows
from studio.model.train import BestCheckpoint, OpenedRun, TrainingState
from studio.services.data.loader import DatasetLoader
from studio.services.data.review import DatasetReview
from studio.services.explore.engine import NewestOf
from studio.services.explore.generator_jobs import GeneratorJobs
from studio.services.explore.service import ExploreService
from studio.services.file_saving import copy_checkpoint, save_grid, save_images, save_numbers, save_picture
from studio.services.train.evaluation import measure_checkpoint, read_best
from studio.services.train.run_comparison import RunComparison
from studio.services.train.run_loader import RunLoader
from studio.services.train.sample_images import SampleImages
from studio.services.train.training import RunningTraining

if TYPE_CHECKING:
    from core.config.settings import Settings
    from core.data.dataset import Dataset


def runs_folder() -> Path:
    """Where new runs are made: `GAN_STUDIO_RUNS`, or `GAN Studio/runs` among the person's documents."""
    chosen = os.environ.get("GAN_STUDIO_RUNS")
    return Path(chosen) if chosen else user_documents_path() / "GAN Studio" / "runs"


class Session(QObject):
    """What the panels' intents act on. Every signal is emitted in the GUI thread."""

    opened = Signal(str, str)
    """A source and what was recognised in it: "data", which whoever knows how to prepare it lets the reader scan, or
    "run", "checkpoint", "recipe" or "picture", which is read now."""
    sheet_drawn = Signal(object)
    """A `DatasetSheet`."""

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
    judged = Signal(object)
    """The progress of an evaluation beside the training."""
    measured = Signal(object)
    """What was `Measured` of a checkpoint of the training."""
    sampled = Signal(object)
    """`Samples`, or `Points`."""
    saved = Signal(object, bool)
    """A `Saved`, and whether the person asked for it."""
    edited = Signal(object)
    """An `Edited`: settings that the running training took."""
    rewound = Signal(int)
    """The step to which the running training went back of itself, because its numbers ran away."""
    corrected = Signal(object)
    """Settings by name that the running training took of itself."""
    best_found = Signal(object)
    """The `BestCheckpoint` of a training that has ended, where it is not its last."""
    resume_changed = Signal(object)
    """The checkpoint from which the next start continues, or None."""
    resume_left = Signal(object)
    """The checkpoint from which it does not continue any more, because other images are open."""
    settings_opened = Signal(object)
    """The `Settings` of a checkpoint that was opened, for the next start."""

    problem = Signal(object)
    notice = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = TrainingState.IDLE
        self.runs = runs_folder()
        self.run_folder: Path | None = None
        self.resume: Path | None = None
        self._resume_data = ""
        self._live = False
        self._pace = 0.0
        self._running: RunningTraining | None = None
        self._workers = Workers(self)
        self._workers.problem.connect(self.problem)
        self._workers.reported.connect(self.reported)
        self.reader = DatasetLoader(self._workers, self)
        self.reader.recognised.connect(self._open)
        self.reader.dataset_opened.connect(self._leave_others)
        self.reader.sheet_drawn.connect(self.sheet_drawn)
        self.curator = DatasetReview(self._workers, self)
        self.curator.changed.connect(self.reader.reopen)
        self.jobs = JobRunner(self._workers, self)
        self.jobs.saved.connect(lambda saved: self.saved.emit(saved, True))
        self.jobs.problem.connect(self.problem)
        self.comparison = RunComparison(self._workers, self)
        self.frames = SampleImages(self)
        self.runs_reader = RunLoader(self._workers, self)
        self.runs_reader.opened.connect(self._show_run)
        self.exploration = ExploreService(self)
        self.exploration.opened.connect(self._show_checkpoint)
        self.exploration.problem.connect(self.problem)
        self.exploration.notice.connect(self.notice)
        self.laboratory = GeneratorJobs(self.exploration.explorer, self.jobs, self.reader, self)
        self.laboratory.notice.connect(self.notice)

    @property
    def dataset(self) -> Dataset | None:
        """The one that is open."""
        return self.reader.dataset

    # Opening

    def _open(self, source: str, kind: str) -> None:
        self.opened.emit(source, kind)
        if kind == "run":
            self.open_run(Path(source))
        elif kind == "checkpoint":
            self.open_checkpoint(Path(source))
        elif kind == "recipe":
            self._live = False
            self.exploration.restore(Path(source), self.runs)
        elif kind == "picture":
            self.laboratory.invert(Path(source))

    def open_run(self, folder: Path) -> None:
        """Reads a run folder and shows it; the next start continues it."""
        if self.state is not TrainingState.IDLE:
            self.problem.emit(UserError("A training is running.", "Stop it before you open another run."))
        else:
            self.runs_reader.open(folder)

    def open_checkpoint(self, path: Path) -> None:
        """Explores a checkpoint, and continues from it at the next start."""
        self._live = False
        self.exploration.open(path)

    def draw_seen(self, settings: Settings, count: int, seed: int) -> None:
        """A random sheet as the discriminator is shown it, by the running training or else by these settings."""
        if self._running and self.state in (TrainingState.RUNNING, TrainingState.PAUSED):
            self._running.draw_sheet(count, seed)
        elif self.state is TrainingState.IDLE:
            self.reader.preview(settings, count, seed)
        else:
            self.notice.emit("The training is starting or stopping: ask again in a moment.")

    def _show_run(self, run: OpenedRun) -> None:
        if self.state is not TrainingState.IDLE:  # a training has begun meanwhile, whose curves are on screen now
            self.runs_reader.cancel()
            return
        self.run_folder = run.folder
        self.run_opened.emit(run)
        self.frames.open(run.folder, run.samples)
        self._continue_from(run.checkpoint, run.dataset, run.settings)
        self.exploration.open(NewestOf(run.folder))

    def _continue_from(self, checkpoint: Path, dataset: str, settings: Settings) -> None:
        self._resume_data = dataset
        self.set_resume(checkpoint)
        if self.dataset is None or self.dataset.source != dataset:
            self.reader.scan(dataset, settings.preparation)
        else:
            self.reader.prepare(settings.preparation)

    def _leave_others(self) -> None:
        """What was trained on other images than those that are open is continued on them only if the person says so."""
        if (
            self.state is TrainingState.IDLE
            and self.resume
            and self.dataset
            and self.dataset.source != self._resume_data
        ):
            left = self.resume
            self.set_resume(None)
            self.resume_left.emit(left)

    # Training

    def start(self, settings: Settings) -> None:
        """Begins a training on the open dataset, or continues from `resume`."""
        if self.state is not TrainingState.IDLE:  # it was asked for again while the first start waited
            return
        if self.dataset is None:
            self.problem.emit(UserError("There are no images to train on.", "Open a folder, or try the sample."))
            return
        later = partial(self._start_if_same, settings, self.resume)
        if self.runs_reader.is_replaying:  # what is trained then is added to the whole of it
            self.notice.emit("The training begins as soon as the run has been read.")
            self.runs_reader.ended.connect(later, Qt.ConnectionType.SingleShotConnection)
            return
        if self.reader.previews:
            # They borrow torch's random numbers for a moment, which belong to the training from its first step on.
            next(iter(self.reader.previews)).ended.connect(later, Qt.ConnectionType.SingleShotConnection)
            return
        source, runs, resume = self.dataset.source, self.runs, self.resume
        if resume is None or self.run_folder is None or not resume.is_relative_to(self.run_folder):
            self.run_folder = None
            self.frames.close()
            self.run_began.emit()
        self._resume_data = source
        self._set_state(TrainingState.STARTING)
        self._running = RunningTraining(
            settings, source, runs, resume, self._workers, self._show_training, self._end_training
        )
        self._running.paused.connect(self._show_paused)
        self._running.refused.connect(self._refuse)
        if self.dataset.points:
            self._running.set_pace(self._pace)

    def _start_if_same(self, settings: Settings, resume: Path | None) -> None:
        """After a wait, in which the person may have opened something else."""
        if self.resume == resume:
            self.start(settings)
        else:
            self.notice.emit("The training did not begin, because something else was opened meanwhile.")

    def pause(self) -> None:
        if self._running:
            self._running.pause()

    def go_on(self) -> None:
        if self._running:
            self._running.go_on()

    def single_step(self, network: Literal["D", "G"]) -> None:
        """Trains one network once, while the training is paused."""
        if self._running:
            self._running.single_step(network)

    def set_pace(self, seconds: float) -> None:
        """Slow motion for points: each step takes at least so long, and is shown."""
        self._pace = seconds
        if self._running:
            self._running.set_pace(seconds)

    def stop(self) -> None:
        """Saves, then ends the training. If it cannot be saved it stays paused, so that nothing is lost."""
        if self._running:
            self._set_state(TrainingState.STOPPING)
            self._running.stop()

    def abandon(self) -> None:
        """Ends the training without saving; for a person who was told that saving is impossible and said so."""
        if self._running:
            self._set_state(TrainingState.STOPPING)
            self._running.abandon()

    def save(self, path: Path | None = None) -> None:
        """Writes a checkpoint of the running training, or copies the newest one, to `path` (the run's own folder)."""
        if self._running:
            self._running.save(path)
        elif self.resume is not None and path is not None:
            origin = self.resume
            self.jobs.start(lambda: copy_checkpoint(origin, path))
        else:
            self.problem.emit(UserError("There is nothing to save yet.", "Train first."))

    def measure(self) -> None:
        """Measures the images of the running training as they are now, or of the run that is open."""
        run, checkpoint, dataset = self.run_folder, self.resume, self.dataset
        if self._running:
            self._running.measure()
        elif run is None or checkpoint is None or dataset is None or not checkpoint.is_relative_to(run):
            self.problem.emit(
                UserError("There is no run whose images could be measured.", "Train, or open a run first.")
            )
        else:
            self.jobs.start(
                lambda: measure_checkpoint(run, checkpoint, dataset),
                self._tell,
                lambda found: self._show_measured(run, found),
            )

    def _tell(self, event: Event) -> None:
        if isinstance(event, Notice):
            self.notice.emit(event.text)

    def _show_measured(self, run: Path, found: Measured) -> None:
        if self.run_folder == run:  # another one may have been opened meanwhile
            self.measured.emit(found)
            if self.state is TrainingState.IDLE:
                self._offer_best()

    def edit(self, settings: Settings) -> None:
        """Changes settings of the running training, between two of its steps."""
        if self._running:
            self._running.edit(settings)

    def set_resume(self, checkpoint: Path | None) -> None:
        """The next start continues from this checkpoint, or begins anew."""
        self.resume = checkpoint
        self.resume_changed.emit(checkpoint)

    def _show_training(self, event: Event) -> None:
        if isinstance(event, Samples | Points):
            if self.state is TrainingState.STARTING:
                assert self._running is not None
                self.run_folder = self._running.folder
                self._set_state(TrainingState.RUNNING)
                self.run_continued.emit(event.step)
            self.sampled.emit(event)
            self._follow()
            if self.run_folder is not None:
                self.frames.open(self.run_folder, event)
        elif isinstance(event, Saved):
            # A copy that the person saved, even into the run's folder, is not what the run continues from.
            own = self.run_folder is not None and event.path.parent == self.run_folder / "checkpoints"
            if own:
                self.set_resume(event.path)
            self.saved.emit(event, not own)
        elif isinstance(event, DatasetSheet):
            self.sheet_drawn.emit(event)
        elif isinstance(event, Rewound):
            self.run_continued.emit(event.step)
            self.rewound.emit(event.step)
            self.corrected.emit(event.changes)
        elif isinstance(event, Edited):
            self.edited.emit(event)
        elif isinstance(event, Notice):
            self.notice.emit(event.text)
        elif isinstance(event, Finished):
            self.notice.emit(f"Training is complete: {event.reason}")
        elif isinstance(event, EvaluationProgress):
            self.judged.emit(event)
        elif isinstance(event, Measured):
            self.measured.emit(event)
        elif isinstance(event, Progress):
            self.start_progressed.emit(event)
        elif isinstance(event, Tuned):
            self.tuned.emit(event)

    def _show_paused(self, paused: bool) -> None:
        if self.state in (TrainingState.RUNNING, TrainingState.PAUSED):
            self._set_state(TrainingState.PAUSED if paused else TrainingState.RUNNING)

    def _refuse(self, problem: UserError) -> None:
        if self.state is TrainingState.STOPPING:
            self._set_state(TrainingState.PAUSED)
        self.problem.emit(problem)

    def _end_training(self) -> None:
        self._running = None
        self._offer_best()  # before the window may close, which waits for what is under way
        self._set_state(TrainingState.IDLE)
        self._leave_others()
        self._follow()

    def _offer_best(self) -> None:
        if (run := self.run_folder) is not None:
            self._workers.spawn(lambda: as_generator(read_best, run), done=self._show_best)

    def _show_best(self, found: BestCheckpoint | None) -> None:
        if found is not None:
            self.best_found.emit(found)

    def _set_state(self, state: TrainingState) -> None:
        self.state = state
        self.exploration.give_way(state in (TrainingState.STARTING, TrainingState.RUNNING))
        self.state_changed.emit(state)

    # Explore

    def explore_training(self, live: bool) -> None:
        """Follows the training's newest averaged generator from now on; when it has ended, its newest checkpoint."""
        self._live = live
        self._follow()

    def _follow(self) -> None:
        if not self._live:
            return
        if self._running and self.state in (TrainingState.RUNNING, TrainingState.PAUSED):
            self._running.publish(self._take_weights)
        elif self.state is TrainingState.IDLE and self.run_folder is not None:
            self.exploration.open(NewestOf(self.run_folder))

    def _take_weights(self, weights: PublishedWeights) -> None:
        """Runs in the training's thread."""
        if self._live:  # no checkpoint was opened meanwhile
            self.exploration.open(weights)

    def _show_checkpoint(self, path: Path, source: ExploreSource) -> None:
        """A checkpoint that was opened is also what the next training continues from."""
        if self.state is TrainingState.IDLE:
            self.settings_opened.emit(source.settings)
            self._continue_from(path, source.dataset, source.settings)

    # Saving and exporting

    def export_images(self, images: Images, names: Sequence[str], target: Path, shape: Shape, overwrite: bool) -> None:
        """Writes images that are on screen."""
        self.jobs.start(lambda: save_images(images, names, target, shape, overwrite))

    def save_grid(self, images: Images, path: Path, columns: int = 0) -> None:
        """Writes images as one PNG."""
        self.jobs.start(lambda: save_grid(images, path, columns))

    def save_plot(self, plot: QImage | ReportRows, path: Path) -> None:
        """Writes curves as a picture, or as their numbers."""
        self.jobs.start(lambda: save_picture(plot, path) if isinstance(plot, QImage) else save_numbers(plot, path))

    def shutdown(self) -> None:
        """Ends every thread and waits for it. Stop the training first, or its unsaved steps are gone."""
        self.comparison.close()
        self._workers.shutdown()
        self.frames.shutdown()
        self.exploration.shutdown()
