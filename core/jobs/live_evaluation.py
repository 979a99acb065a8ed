"""Evaluation during a training, in small steps, within a fraction of the training time."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from time import perf_counter

from core.data.dataset import Dataset
from core.devices.memory import enough_memory
from core.errors import DivergenceError, UserError
from core.evaluation.evaluate import LEAST
from core.evaluation.features import Extractor, build
from core.events import EvaluationProgress, Event, Notice, Progress, Stepped
from core.jobs.compared_images import ComparedImages
from core.jobs.evaluation_job import chosen_features, rate_checkpoint
from core.language import _, sentences
from core.runs.run import Run
from core.training.loop import TrainingLoop

LATER = 1.1
"""Factor of the training time between evaluations, because training progress slows down."""
SOONEST = 60.0
"""Minimum seconds of training before the first evaluation, and between evaluations."""
HURRY = 1.0
"""Time for an evaluation on request, relative to the training time."""


class LiveEvaluator:
    """Evaluates a training from time to time, by measuring checkpoints of its run.

    It does not draw from the random generators of the training, whose weights are the same with and without it.
    """

    def __init__(self, run: Run, trainer: TrainingLoop, dataset: Dataset) -> None:
        """`dataset`: the images with their own classes, even if the training uses clusters."""
        self._run, self._trainer, self._dataset = run, trainer, dataset
        self.subject: Path | None = None
        """Checkpoint that is being measured; it must be kept, as it may be the best."""
        self._features = ""
        self._extractor: Extractor | None = None
        self._work: Generator[Event, None, None] | None = None
        self._asked = False
        self._failed = ""
        """Feature extractor that failed; it is tried again only on request."""
        self._measured = self._last_seconds = trainer.seconds
        self._credit = 0.0

    def ask(self) -> None:
        """Requests an evaluation of the present state, soon."""
        self._asked, self._failed = True, ""

    def beside(self, events: Generator[Event, None, None]) -> Generator[Event, None, None]:
        """Passes the events of the training on, and after each step those of a `turn`."""
        with closing(events), closing(self):
            for event in events:
                yield event
                if isinstance(event, Stepped):
                    yield from self.turn()

    def turn(self) -> Generator[Event, None, None]:
        """Works on the evaluation between two events of the training, as long as its fraction of the time allows.

        Yields `EvaluationProgress`, and `Measured` at the end. An error yields a `Notice`; then nothing is measured
        until the user asks for it or chooses other features.
        """
        seconds = self._trainer.seconds
        self._credit += self._share * max(seconds - self._last_seconds, 0.0)  # the time is less after a rewind
        self._last_seconds = seconds
        if self._work is None:
            self._credit = 0.0
            if not self._due():
                return
            self._work = self._evaluation()
        while self._work is not None and self._credit >= 0:
            started = perf_counter()
            event = self._piece(self._work)
            self._credit -= perf_counter() - started
            if event is not None:
                yield event

    def _piece(self, work: Generator[Event, None, None]) -> Event | None:
        try:
            with enough_memory(
                _("There is not enough memory to measure the images beside the training."), device=self._trainer.device
            ):
                event = next(work)
        except StopIteration:
            self._end()
            return None
        except DivergenceError:
            raise
        except UserError as problem:
            self._failed = self._trainer.settings.evaluation_features
            self._end()
            failed, goes_on = _("The images could not be measured."), _("The training continues.")
            return Notice(sentences(failed, str(problem), goes_on))
        if isinstance(event, Progress):
            return EvaluationProgress(event.text, event.done, event.total)
        if isinstance(event, Notice):  # notices of an extractor are shown only on request
            self._run.log(event.text)
            return None
        return event

    def _end(self) -> None:
        self._work, self.subject, self._asked = None, None, False
        self._measured = self._trainer.seconds

    def close(self) -> None:
        """Cancels the current evaluation."""
        if self._work is not None:
            self._work.close()
            self._work = self.subject = None

    @property
    def _share(self) -> float:
        return HURRY if self._asked else self._trainer.settings.evaluation / 100

    def _due(self) -> bool:
        trainer = self._trainer
        if self._asked:
            return True
        has_failed = self._failed == trainer.settings.evaluation_features
        if trainer.dataset.points or has_failed or not self._share:
            return False
        return trainer.seconds >= max(self._measured * LATER, self._measured + SOONEST) and not self._few

    @cached_property
    def _few(self) -> bool:
        """True for a dataset with too few images to be measured."""
        return ComparedImages.most(self._trainer.settings, self._dataset) < LEAST

    def _evaluation(self) -> Generator[Event, None, None]:
        trainer = self._trainer
        saved = self._run.save(trainer)
        self.subject = saved.path
        images = ComparedImages.beside_training(trainer.meta(), trainer.published(), self._dataset, str(trainer.device))
        yield saved
        name = chosen_features(trainer.settings, self._dataset)
        if name and (self._extractor is None or self._features != name):
            self._features, self._extractor = name, (yield from build(name, self._dataset, trainer.device))
        yield (yield from rate_checkpoint(images, saved.path, self._dataset, self._extractor))
