"""A training that runs in a thread: what is asked of it here is done there, between two of its steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from core.events import Event
from studio.background.threads import Events
from studio.background.torch_import import import_torch
from studio.background.workers import Workers
from studio.model.data import DatasetSheet
from studio.model.explore import PublishedWeights

if TYPE_CHECKING:
    from core.config.settings import Settings
    from core.jobs.training_job import TrainingJob
    from core.trainer import Trainer


class RunningTraining:
    """Every method returns at once; what comes of it is an event, or a problem that leaves the training paused."""

    def __init__(
        self,
        settings: Settings,
        source: str,
        runs: Path,
        resume: Path | None,
        workers: Workers,
        show: Callable[[Event], None],
        end: Callable[[], None],
    ) -> None:
        """Begins at once. The first four are `TrainingJob`'s; `show` and `end` are called as `Workers.spawn` does."""
        self._training: TrainingJob | None = None

        def events() -> Events:
            import_torch()
            from core.jobs.training_job import TrainingJob

            self._training = TrainingJob(settings, source, runs=runs, resume=resume)
            yield from self._training.events()

        self._thread = workers.spawn(events, show, end=end, background=True)
        self.paused, self.refused = self._thread.paused, self._thread.refused
        """Signals, as `IteratorThread` has them."""

    @property
    def folder(self) -> Path:
        """The run's, from the first samples on."""
        assert self._begun.run is not None
        return self._begun.run.folder

    def pause(self) -> None:
        self._thread.pause()
        self._thread.post(self._look)

    def go_on(self) -> None:
        self._thread.resume()

    def single_step(self, network: Literal["D", "G"]) -> None:
        """Trains one network once, while the training is paused."""
        self._thread.post(lambda: self._begun.single_step(network))

    def set_pace(self, seconds: float) -> None:
        """Slow motion for points: each step takes at least so long, and is shown."""
        self._thread.set_pace(seconds, self._look)

    def edit(self, settings: Settings) -> None:
        """Changes settings that can change while it runs."""
        self._thread.post(lambda: self._begun.edit(settings))

    def draw_sheet(self, count: int, seed: int) -> None:
        """Real images as the discriminator sees them now, as a `DatasetSheet`."""
        self._thread.post(lambda: DatasetSheet(self._trainer.sheet(count, seed), "As the discriminator sees them now"))

    def save(self, path: Path | None = None) -> None:
        """Writes a checkpoint to `path`, or into the run's own folder."""
        self._thread.post(lambda: self._begun.keep() if path is None else self._begun.save_as(path))

    def measure(self) -> None:
        """Asks for the quality of the images as they are now."""

        def ask() -> None:
            self._begun.measure()

        self._thread.post(ask)

    def stop(self) -> None:
        """Saves, then ends. If it cannot be saved the training stays, paused."""
        self._thread.stop(self._save_what_began)

    def abandon(self) -> None:
        """Ends without saving."""
        self._thread.stop()

    def publish(self, take: Callable[[PublishedWeights], None]) -> None:
        """Has `take` called, in the training's thread, with the averaged generator as it is now."""

        def hand_over() -> None:
            take(PublishedWeights(self._trainer.meta(), self._trainer.published(), self.folder))

        self._thread.post(hand_over)

    @property
    def _begun(self) -> TrainingJob:
        assert self._training is not None
        return self._training

    @property
    def _trainer(self) -> Trainer:
        assert self._begun.trainer is not None
        return self._begun.trainer

    def _look(self) -> Event | None:
        """Points as they are at this moment; of images the newest grid will do."""
        trainer = self._begun.trainer
        return trainer.look() if trainer is not None and trainer.dataset.points else None

    def _save_what_began(self) -> Event | None:
        return self._begun.save() if self._begun.run is not None else None
