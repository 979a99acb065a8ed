"""Service that runs the training in a thread, and handles requests between two of its steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Signal

from core.config.devices import device_names
from core.config.settings import Settings, live_settings
from core.errors import UserError
from core.events import (
    Edited,
    EvaluationProgress,
    Event,
    Finished,
    Measured,
    Notice,
    Points,
    Progress,
    Rewound,
    Samples,
    Saved,
    Tuned,
)
from core.language import _
from core.presets import presets
from studio.background.threads import Events, IteratorThread
from studio.background.torch_import import import_torch
from studio.background.workers import Workers
from studio.model.data import DatasetSheet
from studio.model.explore import PublishedWeights
from studio.model.train import TrainingState

if TYPE_CHECKING:
    from core.data.dataset import Dataset
    from core.jobs.training_job import TrainingJob
    from core.training.loop import TrainingLoop


class TrainingService(QObject):
    """Runs one training at a time, and owns the current settings.

    Every method returns at once. Results are signals in the GUI thread, or a `problem` that leaves the training paused.
    """

    state_changed = Signal(object)
    progressed = Signal(object)
    """`Progress` before the first step."""
    tuned = Signal(object)
    """A `Tuned`: number format and memory layout chosen by the trial of this device."""
    began = Signal()
    """A new run begins, with empty curves."""
    continued = Signal(int)
    """Step from which the training continues; later reports are void."""
    sampled = Signal(object)
    """`Samples`, or `Points`."""
    evaluating = Signal(object)
    """An `EvaluationProgress`."""
    measured = Signal(object)
    """A `Measured`."""
    edited = Signal(object)
    """An `Edited`: settings in force from now on."""
    rewound = Signal(object)
    """A `Rewound`: the training diverged, and continues from an earlier step with other settings."""
    saved = Signal(object)
    """A `Saved`."""
    sheet_drawn = Signal(object)
    """A `DatasetSheet`: real images as the discriminator sees them."""
    ended = Signal()
    """The training has ended; `state` changes right after."""
    problem = Signal(object)
    notice = Signal(str)

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = TrainingState.IDLE
        self.run_folder: Path | None = None
        """Folder of the training or open run."""
        self.source = ""
        """Dataset of the current or last training."""
        self.settings: Settings = next(iter(presets().values())).apply()
        """Settings in force: of the training, or of the open run."""
        self._workers = workers
        self._pace = 0.0
        self._thread: IteratorThread | None = None
        self._job: TrainingJob | None = None

    @property
    def is_running(self) -> bool:
        """Returns whether a training exists, paused ones included."""
        return self._thread is not None and self.state in (TrainingState.RUNNING, TrainingState.PAUSED)

    def open(self, run: Path, settings: Settings) -> None:
        """Opens another run while no training runs."""
        self.run_folder, self.settings = run, settings

    def start(
        self, settings: Settings, dataset: Dataset, runs: Path, resume: Path | None, copy: Path | None = None
    ) -> None:
        """Starts a training in a new run below `runs`, or continues from the checkpoint `resume`.

        `copy`: folder of a run to copy and train from its newest checkpoint, whatever `resume` is.
        """
        self.settings = settings
        self.source = source = dataset.source
        if resume is None or self.run_folder is None or not resume.is_relative_to(self.run_folder):
            self.run_folder = None
            self.began.emit()
        self._set_state(TrainingState.STARTING)
        self._job = None

        def events() -> Events:
            import_torch()
            from core.devices import resolve
            from core.jobs.training_job import TrainingJob
            from core.queue.devices import occupied
            from core.queue.folder import queue_folder
            from core.runs.run import Run

            origin = (
                Run(copy).newest() if copy is not None else resume
            )  # the other process may have deleted an older one
            self._job = TrainingJob(settings, source, runs=runs, resume=origin, copy=copy is not None)
            devices = [str(resolve(name)) for name in device_names(settings.device)]
            with occupied(queue_folder(), *devices):
                yield from self._job.events()

        self._thread = self._workers.spawn(events, self._show, end=self._end, background=True)
        self._thread.paused.connect(self._show_paused)
        self._thread.refused.connect(self._refuse)
        if dataset.points:
            self.set_pace(self._pace)

    def edit(self, settings: Settings) -> None:
        """Changes live settings of the running training; ignores others, which may belong to other images."""
        changed = self.settings.changed(**{name: getattr(settings, name) for name in live_settings()})
        self._post(lambda: self._begun.edit(changed))

    def pause(self) -> None:
        if self._thread:
            self._thread.pause()
            self._thread.post(self._snapshot)

    def resume(self) -> None:
        if self._thread:
            self._thread.resume()

    def single_step(self, network: Literal["D", "G"]) -> None:
        """Trains one network for one step, while the training is paused."""
        self._post(lambda: self._begun.single_step(network))

    def set_pace(self, seconds: float) -> None:
        """Sets the slow motion for points: the shortest duration of a step, each of which is shown."""
        self._pace = seconds
        if self._thread:
            self._thread.set_pace(seconds, self._snapshot)

    def stop(self) -> None:
        """Saves, then ends the training. If saving fails, the training stays paused, so that nothing is lost."""
        if self._thread:
            self._set_state(TrainingState.STOPPING)
            self._thread.stop(self._save_what_began)

    def end(self) -> None:
        """Saves if possible, then ends the training in any case, as the program ends."""
        if self._thread:
            self._set_state(TrainingState.STOPPING)
            self._thread.stop(self._save_at_end)

    def abandon(self) -> None:
        """Ends the training without saving."""
        if self._thread:
            self._set_state(TrainingState.STOPPING)
            self._thread.stop()

    def save(self, path: Path | None = None) -> None:
        """Writes a checkpoint to `path`, or into the run's own folder."""
        self._post(lambda: self._begun.save_pinned() if path is None else self._begun.save_as(path))

    def measure(self) -> None:
        """Measures the current images, beside the training."""

        def ask() -> None:
            self._begun.measure()

        self._post(ask)

    def draw_sheet(self, count: int, seed: int) -> None:
        """Draws real images as the discriminator sees them now, as `sheet_drawn`."""
        self._post(lambda: DatasetSheet(self._trainer.sheet(count, seed), _("As the discriminator sees them now")))

    def publish(self, take: Callable[[PublishedWeights], None]) -> None:
        """Calls `take` in the training's thread with the current averaged generator."""

        def hand_over() -> None:
            assert self._begun.run is not None
            trainer, run = self._trainer, self._begun.run.folder
            take(PublishedWeights(trainer.meta(), trainer.published(), run, str(trainer.device)))

        self._post(hand_over)

    # In the training's thread

    @property
    def _begun(self) -> TrainingJob:
        assert self._job is not None
        return self._job

    @property
    def _trainer(self) -> TrainingLoop:
        assert self._begun.trainer is not None
        return self._begun.trainer

    def _snapshot(self) -> Event | None:
        """Returns points of this moment; for images the newest grid suffices."""
        trainer = self._begun.trainer
        return trainer.snapshot() if trainer is not None and trainer.dataset.points else None

    def _save_what_began(self) -> Event | None:
        return self._job.save() if self._job and self._job.run is not None else None

    def _save_at_end(self) -> Event | None:
        return self._job.save_at_end() if self._job and self._job.run is not None else None

    # In the GUI thread

    def _post(self, message: Callable[[], Event | None]) -> None:
        if self._thread:
            self._thread.post(message)

    def _show(self, event: Event) -> None:
        match event:
            case Samples() | Points():
                self._show_samples(event)
            case Saved():
                self.saved.emit(event)
            case DatasetSheet():
                self.sheet_drawn.emit(event)
            case Rewound():
                self.continued.emit(event.step)
                self.rewound.emit(event)
            case Edited():
                self.settings = self.settings.changed(**event.changes)
                self.edited.emit(event)
            case Notice():
                self.notice.emit(event.text)
            case Finished():
                self.notice.emit(_("Training is complete: {reason}").format(reason=event.reason))
            case EvaluationProgress():
                self.evaluating.emit(event)
            case Measured():
                self.measured.emit(event)
            case Progress():
                self.progressed.emit(event)
            case Tuned():
                self.tuned.emit(event)

    def _show_samples(self, event: Samples | Points) -> None:
        if self.state is TrainingState.STARTING:
            assert self._begun.run is not None
            self.run_folder = self._begun.run.folder
            self._set_state(TrainingState.RUNNING)
            self.continued.emit(event.step)
        self.sampled.emit(event)

    def _show_paused(self, paused: bool) -> None:
        if self.is_running:
            self._set_state(TrainingState.PAUSED if paused else TrainingState.RUNNING)

    def _refuse(self, problem: UserError) -> None:
        if self.state is TrainingState.STOPPING:
            self._set_state(TrainingState.PAUSED)
        self.problem.emit(problem)

    def _end(self) -> None:
        self._thread = self._job = None
        self.ended.emit()  # before the window may close, which waits for running work
        self._set_state(TrainingState.IDLE)

    def _set_state(self, state: TrainingState) -> None:
        self.state = state
        self.state_changed.emit(state)
