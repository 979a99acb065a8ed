"""Measures a training's images while it goes on: a piece of work at a time, as its share of the time allows."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from core.config import Settings
from core.data.dataset import Dataset
from core.data.split import held_rows, kept
from core.errors import Diverged, Problem
from core.evaluate import LEAST, evaluate
from core.events import Event, Judging, Measured, Notice, Progress
from core.features import Extractor, build, default_for
from core.keeping import rate
from core.protocol import Split, parse
from core.registry import components
from core.sampler import Sampler

if TYPE_CHECKING:
    from core.run import Run
    from core.trainer import Trainer

BEST_BY = "fid"
"""The number by which a run's best checkpoint is known."""
MOST_REAL = 5000
"""Training images that generated ones are compared with."""
LATER = 1.1
"""The next evaluation waits until the training is so many times as long: it learns ever more slowly."""
SOONEST = 60.0
"""Seconds of training before the first evaluation, and from one to the next at least."""
HURRY = 1.0
"""Time for an evaluation that a person asked for, as a part of the training's own."""


class Judge:
    """Evaluates a run's training now and then. What is measured is a checkpoint of the run, or was one.

    It draws from no random generator of the training's, and the weights become the same with it and without.
    """

    def __init__(self, run: Run, trainer: Trainer) -> None:
        self._run, self._trainer = run, trainer
        self.subject: Path | None = None
        """The checkpoint that is being measured: it has to be there when it turns out to be the best."""
        self._features = ""
        self._extractor: Extractor | None = None
        self._work: Generator[Event, None, None] | None = None
        self._asked = False
        self._failed = ""
        """The features by which nothing could be measured: only a person tries them again."""
        self._measured = self._seen = trainer.seconds
        self._credit = 0.0

    def ask(self) -> None:
        """A person wants numbers of the present state, soon."""
        self._asked, self._failed = True, ""

    def turn(self) -> Generator[Event, None, None]:
        """Some pieces of work, between two of the training's events: as many as the time since the last turn allows.

        Yields `Judging` on the way and what was `Measured` in the end. What goes wrong is a `Notice`; nothing
        more is then measured until a person asks, or compares by other features.
        """
        seconds = self._trainer.seconds
        self._credit += self._share * max(seconds - self._seen, 0.0)  # less after a rewind
        self._seen = seconds
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
            event = next(work)
        except StopIteration:
            self._end()
            return None
        except Diverged:
            raise
        except Problem as problem:
            self._failed = self._trainer.settings.evaluation_features
            self._end()
            return Notice(f"The images could not be measured. {problem} The training goes on.")
        if isinstance(event, Progress):
            return Judging(event.text, event.done, event.total)
        if isinstance(event, Notice):  # nobody asked for what an extractor has to say
            self._run.log(event.text)
            return None
        return event

    def _end(self) -> None:
        self._work, self.subject, self._asked = None, None, False
        self._measured = self._trainer.seconds

    def close(self) -> None:
        """Drops what is under way."""
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
        if trainer.dataset.points or has_failed or self._few or not self._share:
            return False
        return trainer.seconds >= max(self._measured * LATER, self._measured + SOONEST)

    @property
    def _few(self) -> bool:
        return len(self._trainer.dataset.images) - len(self._trainer.held) < LEAST

    def _evaluation(self) -> Generator[Event, None, None]:
        trainer = self._trainer
        saved = self._run.save(trainer)
        self.subject = saved.path
        sampler = Sampler(trainer.meta(), trainer.published(), str(trainer.device))
        yield saved
        name = _features(trainer.settings, trainer.dataset)
        if self._extractor is None or self._features != name:
            self._features, self._extractor = name, (yield from build(name, trainer.dataset, trainer.device))
        yield from _measured(sampler, saved.path, trainer.dataset, self._extractor)


def measure(run: Run, checkpoint: Path, dataset: Dataset) -> Generator[Event, None, None]:
    """Measures a checkpoint of a run that is not being trained, all at once, and adds what was `Measured` to the run's
    numbers.

    Raises `Problem` for other images, and for what cannot be measured or written.
    """
    sampler = Sampler.open(checkpoint)
    if dataset.fingerprint != sampler.meta.dataset_fingerprint:
        remedy = f"Open {sampler.meta.dataset}, prepared as it was then."
        raise Problem("The images that are open are not those that the run was trained on.", remedy)
    extractor = yield from build(_features(sampler.meta.settings, dataset), dataset, sampler.device)
    for event in _measured(sampler, checkpoint, dataset, extractor):
        if isinstance(event, Measured):
            run.note_measured(event)
        yield event


def _measured(
    sampler: Sampler, checkpoint: Path, dataset: Dataset, extractor: Extractor
) -> Generator[Event, None, None]:
    """Against training images only, as many as the settings say. Notes whether the checkpoint is the best so far."""
    settings = sampler.meta.settings
    held = held_rows(settings, dataset)
    rows = kept(len(dataset.images), held)
    real = np.sort(np.random.RandomState(0).permutation(rows)[:MOST_REAL])
    split: Split = "train" if len(held) else "all"
    for event in evaluate(sampler, dataset, _metrics(extractor), extractor, settings.evaluation_images, real, split):
        if isinstance(event, Measured):
            for key, value in event.values.items():
                if parse(key)[0] == BEST_BY:
                    rate(checkpoint, key, value)
        yield event


def _features(settings: Settings, dataset: Dataset) -> str:
    """The extractor's name."""
    chosen = settings.evaluation_features
    return default_for(dataset) if chosen == "auto" else chosen


def _metrics(extractor: Extractor) -> list[str]:
    """All that the extractor's output allows, in the order in which they are listed."""
    known = sorted(components("metrics").items(), key=lambda item: int(item[1].facts["RANK"]))
    return [name for name, found in known if extractor.classifies or "logits" not in found.facts["NEEDS"]]
