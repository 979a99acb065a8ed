"""Measures a training's images while it goes on: a piece of work at a time, as its share of the time allows."""

from __future__ import annotations

from collections.abc import Generator
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from core.data.split import kept
from core.errors import Diverged, Problem
from core.evaluate import evaluate
from core.events import Event, Judging, Notice, Progress
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
        self._extractor: Extractor | None = None
        self._work: Generator[Event, None, None] | None = None
        self._asked = self._failed = False
        self._measured = self._seen = trainer.seconds
        self._credit = 0.0

    def ask(self) -> None:
        """A person wants numbers of the present state, soon."""
        self._asked, self._failed = True, False

    def turn(self) -> Generator[Event, None, None]:
        """Some pieces of work, between two of the training's events: as many as the time since the last turn allows.

        Yields `Judging` on the way and what was `Measured` in the end. What goes wrong is a `Notice`; nothing
        more is then measured until a person asks.
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
            return next(work)
        except StopIteration:
            event = None
        except Diverged:
            raise
        except Problem as problem:
            self._failed = True
            event = Notice(f"The images could not be measured. {problem} The training goes on.")
        self._work, self._asked, self._measured = None, False, self._trainer.seconds
        return event

    def close(self) -> None:
        """Drops what is under way."""
        if self._work is not None:
            self._work.close()
            self._work = None

    @property
    def _share(self) -> float:
        return HURRY if self._asked else self._trainer.settings.evaluation / 100

    def _due(self) -> bool:
        trainer = self._trainer
        if trainer.dataset.points or self._failed:
            return False
        later = max(self._measured * LATER, self._measured + SOONEST)
        return self._asked or (self._share > 0 and trainer.seconds >= later)

    def _evaluation(self) -> Generator[Event, None, None]:
        trainer = self._trainer
        settings, dataset = trainer.settings, trainer.dataset
        saved = self._run.save(trainer)
        sampler = Sampler(trainer.meta(), trainer.published(), str(trainer.device))
        yield saved
        if self._extractor is None:
            self._extractor = yield from self._built(default_for(dataset))
        rows = kept(len(dataset.images), trainer.held)
        rows = np.sort(np.random.RandomState(0).permutation(rows)[:MOST_REAL])
        split: Split = "train" if len(trainer.held) else "all"
        count = settings.evaluation_images
        for event in evaluate(sampler, dataset, _metrics(self._extractor), self._extractor, count, rows, split):
            if isinstance(event, Progress):
                yield Judging(event.text, event.done, event.total)
            else:
                for key, value in event.values.items():
                    if parse(key)[0] == BEST_BY:
                        rate(saved.path, key, value)
                yield event

    def _built(self, name: str) -> Generator[Event, None, Extractor]:
        work = build(name, self._trainer.dataset, self._trainer.device)
        while True:
            try:
                event = next(work)
            except StopIteration as done:
                extractor: Extractor = done.value
                return extractor
            if isinstance(event, Progress):
                yield Judging(event.text, event.done, event.total)
            else:
                self._run.log(event.text)


def _metrics(extractor: Extractor) -> list[str]:
    """All that the extractor's output allows."""
    known = components("metrics").items()
    return [name for name, found in known if extractor.classifies or "logits" not in found.facts["NEEDS"]]
