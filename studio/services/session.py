"""Session: all services of the window, and the rules between them. Panels never use torch; the services do.

Modules of `core` that import torch are imported inside functions that run in threads, so that the window comes first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from core.concurrency import as_generator
from core.config.settings import Settings
from core.errors import UserError
from core.events import Edited, Event, Measured, Notice, Points, Rewound, Samples, Saved
from core.language import _
from core.runs.run import runs_folder
from studio.background.job_runner import JobRunner
from studio.background.workers import Workers
from studio.model.data import DataRequest, OpenedDataset, SourceKind, images_of_epoch
from studio.model.explore import ExploreSource, PublishedWeights, Translator
from studio.model.train import BestCheckpoint, Continuation, OpenedRun, TrainingState
from studio.services.apply.service import ApplyService
from studio.services.data.library import DataLibrary
from studio.services.data.loader import DatasetLoader
from studio.services.data.opened_sources import OpenedSources
from studio.services.data.review import DatasetReview
from studio.services.data.tiles import TileReader
from studio.services.data.translation_examples import TranslationExamples
from studio.services.explore.generator_jobs import GeneratorJobs
from studio.services.explore.service import ExploreService
from studio.services.file_saving import FileSaving
from studio.services.opening import Opening
from studio.services.projects import Projects
from studio.services.queue import QueueService
from studio.services.search import SearchService
from studio.services.train.checkpoint_list import CheckpointList
from studio.services.train.continuation import read_continuation
from studio.services.train.diagnosis_watcher import DiagnosisWatcher
from studio.services.train.evaluation import measure_checkpoint, read_best
from studio.services.train.run_comparison import RunComparison
from studio.services.train.run_flags import RunFlags
from studio.services.train.run_loader import RunLoader
from studio.services.train.run_naming import RunNaming
from studio.services.train.run_watcher import RunWatcher
from studio.services.train.sample_images import SampleImages
from studio.services.train.training import TrainingService
from studio.services.train.training_start import Origin, TrainingStart


class Session(QObject):
    """Owns the services. Emits every signal in the GUI thread."""

    recognized = Signal(str, str)
    """An opened source and its `SourceKind`."""
    run_opened = Signal(object)
    """An `OpenedRun` to show."""
    settings_opened = Signal(object)
    """The `Settings` of an opened checkpoint, for the next start."""
    resume_changed = Signal(object)
    """The checkpoint that the next start continues from, or None."""
    reading_changed = Signal()
    """`reading` may have changed."""
    resume_left = Signal(object)
    """A `Continuation` of the checkpoint that the next start no longer continues from, as other images are open."""
    saved = Signal(object, bool)
    """A `Saved`, and whether the person requested it."""
    measured = Signal(object)
    """A `Measured` of the training or the open run."""
    images_named = Signal(object, object)
    """An opened checkpoint, and a `DataRequest` for its images, which are opened only with the person's consent."""
    watch_ended = Signal(object)
    """The other process has stopped training the open run; carries the checkpoint to continue from, or None."""
    best_found = Signal(object)
    """The `BestCheckpoint` of an ended training, if it is not its last."""
    problem = Signal(object)
    notice = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runs_folder = runs_folder()
        self.resume: Path | None = None
        self._resume_data = ""
        self._follows_training = False
        self._is_read_again = False
        """Tells whether the watched run is read again, as its training went back."""
        self.workers = Workers(self)
        self.jobs = JobRunner(self.workers, self)
        self.files = FileSaving(self.jobs)
        self.data = DatasetLoader(self.workers, self)
        self.opened_sources = OpenedSources()
        self.review = DatasetReview(self.workers, self)
        self.tiles = TileReader(self)
        self.examples = TranslationExamples(self)
        self.library = DataLibrary(self.workers, self)
        self.projects = Projects(self.workers, self)
        self.queue = QueueService(self)
        self.search = SearchService(self.runs_folder, self)
        self.training = TrainingService(self.workers, self)
        self.diagnosis = DiagnosisWatcher(self.training, self)
        self.checkpoints = CheckpointList(self.workers, self)
        self.runs = RunLoader(self.workers, self)
        self.opening = Opening(self.workers, self.data, self.runs, self.training, self)
        self.naming = RunNaming(self.workers, self)
        self.flags = RunFlags(self.workers, self)
        self.watcher = RunWatcher(self.workers, self)
        self.samples = SampleImages(self)
        self.comparison = RunComparison(self.workers, self)
        self.explore = ExploreService(self)
        self.applying = ApplyService(self.workers, self.jobs, self)
        self.starting = TrainingStart(
            self.opening, self.data, self.review, self.runs, self.training, self.explore, self
        )
        self.generator = GeneratorJobs(self.explore, self.jobs, self.data, self)
        self._connect()

    def _connect(self) -> None:
        for service in (
            self.workers,
            self.opening,
            self.starting,
            self.training,
            self.explore,
            self.queue,
            self.tiles,
            self.examples,
        ):
            service.problem.connect(self.problem)
        for teller in (self.jobs, self.starting, self.training, self.explore, self.generator):
            teller.notice.connect(self.notice)
        self.jobs.saved.connect(lambda saved: self.saved.emit(saved, True))
        for changed in (self.saved, self.measured):
            changed.connect(lambda *_: self.flags.refresh())
        self.data.dataset_opened.connect(self._show_dataset)
        self.data.examined.connect(self.review.set_examined)
        self.data.scan_ended.connect(self._leave_others)  # the source to open with the checkpoint may have failed
        self.opening.changed.connect(self.reading_changed)
        self.opening.recognized.connect(self.recognized)
        self.opening.recognized.connect(self._open_in_explorer)
        self.starting.began.connect(self._note_data)
        self.review.changed.connect(self.data.replace)
        self.runs.opened.connect(self._show_run)
        self.runs.ended.connect(self._follow_run)
        self.watcher.drawn.connect(self.samples.list_pictures)
        self.watcher.measured.connect(self.measured)
        self.watcher.edited.connect(self._show_edited)
        self.watcher.saved.connect(self._show_watched_checkpoint)
        self.watcher.replaced.connect(self._read_again)
        self.watcher.ended.connect(self._end_watch)
        self.explore.opened.connect(self._show_checkpoint)
        self.explore.translator_found.connect(self.applying.set_translator)
        self.workers.reported.connect(self.diagnosis.add)
        self.training.began.connect(self._begin_run)
        self.training.continued.connect(self._go_on)
        self.training.edited.connect(self.diagnosis.edit)
        self.training.rewound.connect(self._show_rewound)
        self.training.sampled.connect(self._show_samples)
        self.training.saved.connect(self._show_saved)
        self.training.measured.connect(self.measured)
        self.training.state_changed.connect(self._show_state)
        self.training.ended.connect(self._offer_best)

    # Opening

    @property
    def reading(self) -> str:
        """Returns the dataset or run being read, or a source that may be one; empty if there is none."""
        return self.opening.reading

    def open(self, request: DataRequest) -> None:
        """Opens a dropped or chosen source: a dataset, a run, a checkpoint, a recipe or an image.

        Drops a source that is not recognized yet.
        """
        self.opening.open(request)

    def _open_in_explorer(self, source: str, kind: SourceKind) -> None:
        if kind in ("checkpoint", "recipe"):
            self._follows_training = False
        match kind:
            case "checkpoint":
                self.explore.open(Path(source))
            case "recipe":
                self.explore.restore(Path(source), self.runs_folder)
            case "picture":
                self.generator.project(Path(source))

    def _show_dataset(self, opened: OpenedDataset) -> None:
        self.opened_sources.add(opened.dataset.source)
        self.review.open(opened)
        self.tiles.open(opened)
        self.examples.open(opened)
        self._leave_others()

    def _show_run(self, run: OpenedRun) -> None:
        if self.training.state is not TrainingState.IDLE:  # another training has begun meanwhile, with its own curves
            self.runs.cancel()
            return
        self.training.open(run.folder, run.settings)
        self.watcher.open(run)
        self.naming.open(run.folder)
        self.flags.open(run.folder)
        self.diagnosis.begin(run.report_history, run.facts)
        self.diagnosis.go_on(0)
        self.run_opened.emit(run)
        self.samples.open(run.folder, run.samples)
        self._continue_from(run.checkpoint, run.dataset, run.settings)
        if not self._is_read_again:
            self.explore.open_newest(run.folder)

    def _show_checkpoint(self, path: Path, source: ExploreSource | Translator) -> None:
        """Shows an opened checkpoint, which the next training continues from."""
        if self.training.state is TrainingState.IDLE:
            self.settings_opened.emit(source.settings)
            self._continue_from(path, source.dataset, source.settings)

    def _continue_from(self, checkpoint: Path, dataset: str, settings: Settings) -> None:
        opened = self.data.dataset.source if self.data.dataset is not None else None
        self._resume_data = dataset
        if opened == dataset:
            self.set_resume(checkpoint)
            self.data.prepare(settings.preparation, settings.augment)
            return
        request = DataRequest(dataset, settings.preparation, settings.augment)
        if dataset in self.opened_sources:
            self.continue_on(checkpoint, request)
        else:  # the open images are not its training images
            self.set_resume(checkpoint if opened is None else None)
            self.images_named.emit(checkpoint, request)

    def continue_on(self, checkpoint: Path, request: DataRequest) -> None:
        """Continues from a checkpoint at the next start, and opens its training images."""
        self._resume_data = request.source
        self.set_resume(checkpoint)
        self.data.scan(request)

    def _leave_others(self) -> None:
        """Stops continuing from a checkpoint of other images, until the person confirms it."""
        dataset, left = self.data.dataset, self.resume
        if self.training.state is TrainingState.IDLE and left and dataset and dataset.source != self._resume_data:
            self.set_resume(None)
            read = partial(as_generator, read_continuation, left, dataset)
            self.workers.spawn(read, done=partial(self._tell_left, dataset.source))

    def _tell_left(self, source: str, found: Continuation) -> None:
        if self.is_open(source) and self.training.state is TrainingState.IDLE and self.resume is None:
            self.resume_left.emit(found)

    def continue_on_others(self, found: Continuation) -> None:
        """Continues from a checkpoint at the next start on the open images, prepared like its own."""
        if self.data.dataset is None or found.settings is None or self.training.state is not TrainingState.IDLE:
            return
        self._resume_data = self.data.dataset.source
        self.settings_opened.emit(found.settings)
        self.set_resume(found.checkpoint)
        self.data.prepare(found.settings.preparation, found.settings.augment)

    def set_resume(self, checkpoint: Path | None) -> None:
        """Sets the checkpoint that the next start continues from; None for a new run."""
        self.resume = checkpoint
        self.resume_changed.emit(checkpoint)

    # Watched runs

    def watch(self, run: Path) -> None:
        """Opens a run that another process trains, and follows it."""
        if self.training.state is TrainingState.IDLE:
            self.opening.open_run(run)

    @property
    def copied(self) -> Path | None:
        """Returns the watched run, if the next start trains a copy of it."""
        run, resume = self.watcher.folder, self.resume
        return run if run is not None and resume is not None and resume.is_relative_to(run) else None

    def _follow_run(self) -> None:
        self._is_read_again = False
        self.watcher.follow(self.runs.end)

    def _read_again(self, run: Path) -> None:
        self._is_read_again = True
        self.watch(run)

    def _show_edited(self, edited: Edited) -> None:
        if self.training.run_folder is not None:
            self.training.open(self.training.run_folder, self.training.settings.changed(**edited.changes))
        self.diagnosis.edit(edited)

    def _show_watched_checkpoint(self, saved: Saved) -> None:
        if self.copied is not None:
            self.set_resume(saved.path)
        self.saved.emit(saved, False)
        self._follow()

    def _end_watch(self, newest: Path | None) -> None:
        run = self.training.run_folder
        if newest is not None and self.resume is not None and run is not None and self.resume.is_relative_to(run):
            self.set_resume(newest)
        self._offer_best()
        self.watch_ended.emit(newest)

    # Training

    def is_open(self, source: str) -> bool:
        """Returns whether this dataset is open and is not being replaced."""
        return self.opening.is_open(source)

    def start(self, settings: Callable[[], Settings], copy: Path | None = None) -> None:
        """Starts a training on the open dataset, or continues from `resume`; starts nothing else if it has to wait.

        `settings` is called at the very start. `copy`: a run of another process to copy and train. A watched run is
        copied in any case.
        """
        self.starting.start(settings, self.runs_folder, lambda: Origin(self.resume, copy or self.copied))

    def _note_data(self, source: str) -> None:
        self._resume_data = source

    def save(self, path: Path | None = None) -> None:
        """Writes a checkpoint of the running training, or copies the newest one, to `path` (the run's own folder)."""
        origin = self.resume
        if self.watcher.can_steer and path is None:
            self.watcher.ask("save")
        elif refused := self.watcher.refuse():
            self.problem.emit(refused)
        elif self.training.state is not TrainingState.IDLE:
            self.training.save(path)
        elif origin is not None and path is not None:
            self.files.copy_checkpoint(origin, path)
        else:
            self.problem.emit(UserError(_("There is no training to save."), _("Start a training first.")))

    def measure(self) -> None:
        """Measures the current images of the running training, or those of the open run."""
        run, checkpoint, dataset = self.training.run_folder, self.resume, self.data.dataset
        if self.watcher.can_steer:
            self.watcher.ask("measure")
        elif refused := self.watcher.refuse():
            self.problem.emit(refused)
        elif self.training.state is not TrainingState.IDLE:
            self.training.measure()
        elif run is None or checkpoint is None or dataset is None or not checkpoint.is_relative_to(run):
            self.problem.emit(UserError(_("There is no run to measure."), _("Train, or open a run first.")))
        else:
            make = partial(measure_checkpoint, run, checkpoint, dataset)
            self.jobs.start(make, self._tell, partial(self._show_measured, run), title=_("Measurement"))

    def _tell(self, event: Event) -> None:
        if isinstance(event, Notice):
            self.notice.emit(event.text)

    def _show_measured(self, run: Path, measured: Measured) -> None:
        if self.training.run_folder == run:  # another one may have been opened meanwhile
            self.measured.emit(measured)
            if self.training.state is TrainingState.IDLE:
                self._offer_best()

    def draw_sheet(self, settings: Settings, count: int, seed: int) -> None:
        """Draws a random sheet as the discriminator sees it in the running training, or with these settings."""
        if self.training.is_running and self.data.dataset and self.data.dataset.source != self.training.source:
            self.notice.emit(_("The training uses other images than the open ones: stop it first."))
        elif self.training.is_running:
            self.training.draw_sheet(count, seed)
        elif self.training.state is TrainingState.IDLE:
            self.data.preview(settings, count, seed)
        else:
            self.notice.emit(_("The training is starting or stopping. Try again in a moment."))

    def _images(self) -> int:
        facts = self.data.facts
        return images_of_epoch(self.training.settings.task, facts.count, facts.sides) if facts else 0

    def _go_on(self, _: int) -> None:
        self.diagnosis.go_on(self._images())
        if self.training.run_folder is not None:
            self.naming.begin(self.training.run_folder)
            self.flags.open(self.training.run_folder)

    def _begin_run(self) -> None:
        self.naming.leave()
        self.flags.close()
        self.samples.close()
        self.diagnosis.begin()
        self.diagnosis.go_on(self._images())

    def _show_rewound(self, rewound: Rewound) -> None:
        self.diagnosis.rewind(rewound.step)

    def _show_samples(self, samples: Samples | Points) -> None:
        self._follow()
        if self.training.run_folder is not None:
            self.samples.open(self.training.run_folder, samples)

    def _show_saved(self, saved: Saved) -> None:
        # A copy saved by the person, even into the run folder, is not what the run continues from.
        run = self.training.run_folder
        own = run is not None and saved.path.parent == run / "checkpoints"
        if own:
            self.set_resume(saved.path)
        self.saved.emit(saved, not own)

    def _show_state(self, state: TrainingState) -> None:
        if state is TrainingState.STARTING:  # from now on the curves are the training's own
            self.watcher.close()
        self.explore.yield_to_training(state in (TrainingState.STARTING, TrainingState.RUNNING))
        if state is TrainingState.IDLE:
            self._leave_others()
            self._follow()

    def _offer_best(self) -> None:
        if (run := self.training.run_folder) is not None:
            self.workers.spawn(partial(as_generator, read_best, run), done=self._show_best)

    def _show_best(self, best: BestCheckpoint | None) -> None:
        if best is not None:
            self.best_found.emit(best)

    # Explore

    def explore_training(self, live: bool) -> None:
        """Follows the training's newest averaged generator; after its end, its newest checkpoint."""
        self._follows_training = live
        self._follow()

    def explore_newest(self) -> None:
        """Explores the newest averaged weights of the training once, or the newest checkpoint of the open run."""
        if self.training.is_running:
            self.training.publish(self.explore.load)
        elif (run := self.training.run_folder) is not None:
            self.explore.open_newest(run)

    def _follow(self) -> None:
        if not self._follows_training:
            return
        run = self.training.run_folder
        if self.training.is_running:
            self.training.publish(self._take_weights)
        elif self.training.state is TrainingState.IDLE and run is not None:
            self.explore.open_newest(run)

    def _take_weights(self, weights: PublishedWeights) -> None:
        """Takes over weights, in the training's thread."""
        if self._follows_training:  # no checkpoint was opened meanwhile
            self.explore.load(weights, lambda: self._follows_training)

    def shutdown(self) -> None:
        """Ends every thread and waits for it. Stop the training first, or its unsaved steps are lost."""
        self.comparison.close()
        self.workers.shutdown()
        self.queue.shutdown()
        self.search.shutdown()
        self.samples.shutdown()
        self.tiles.shutdown()
        self.examples.shutdown()
        self.explore.shutdown()
