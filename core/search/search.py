"""Search for settings: chooses the settings of trials by Optuna, trains and measures them in this process, and prunes.

Successive halving (Li et al. 2018, A System for Massively Parallel Hyperparameter Tuning, arXiv:1810.05934): every
trial is measured at the same training times, and goes on only if its KID is among the best third at that time.
Settings are chosen by TPE (Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from math import isfinite
from time import monotonic, sleep
from typing import Any, TypeVar

import optuna

from core.config.devices import device_names
from core.config.settings import Settings
from core.devices import resolve
from core.devices.memory import enough_memory
from core.errors import UserError
from core.events import Event, Progress, Rewound, Stepped
from core.jobs.autotune import trial as tune
from core.jobs.training_job import TrainingJob
from core.language import _, number
from core.queue.devices import occupied
from core.queue.folder import Queue
from core.search.journal import LostTrialError, Trials
from core.search.meter import Measurement, Meter
from core.search.study import Study, Worker
from core.search.trial import (
    RUNGS,
    Plan,
    SearchEnded,
    SearchState,
    Trial,
    TrialEnded,
    TrialMeasured,
    TrialStarted,
    TrialState,
)

LOOK_SECONDS = 1.0
"""Seconds between two looks at requests to end, and two records of a trial's progress."""
MOST_FAILURES = 3
"""Trials that fail one after another in this process before it ends the search."""

Found = TypeVar("Found")


class _EndedError(Exception):
    """The search has to end; the argument says why."""


def search(study: Study, is_interrupted: Callable[[], bool] = bool) -> Generator[Event, None, None]:
    """Runs trials of a study until the budget is spent, by the trials of all processes together, or it is asked to end.

    Several processes and machines may search in one study. The queue starts nothing on the device meanwhile, and what
    it trains there already is waited for. Yields `Progress`, `TrialStarted`, `TrialMeasured`, `TrialEnded` and at last
    `SearchEnded`, besides the events of the trainings. Raises `UserError` if the images cannot be measured, or the
    study cannot be written to.
    """
    plan, queue = study.read().plan, Queue()
    devices = [str(resolve(name)) for name in device_names(plan.settings.device)]
    with study.working() as worker, occupied(queue.folder, *devices):
        try:
            yield from _Search(study, plan, worker, is_interrupted, queue, {*devices}).events()
        except UserError as problem:
            study.tell(reason=str(problem))
            raise


@dataclass
class _Search:
    study: Study
    plan: Plan
    worker: Worker
    is_interrupted: Callable[[], bool]
    queue: Queue
    devices: set[str]

    def __post_init__(self) -> None:
        self._meter = Meter(self.plan)
        self._trials = Trials(self.study, self.plan, self.worker)
        self._fixed: Mapping[str, Any] = {}
        self._next_look, self._failures = 0.0, 0

    def events(self) -> Generator[Event, None, None]:
        try:
            yield from self._watched(self._prepared())
            while True:
                yield from self._freed()
                self.study.tell()
                self._check_budget()
                yield from self._trial()
        except _EndedError as ended:
            self.study.tell(reason=str(ended))
            yield SearchEnded(str(ended), self._state())

    def _prepared(self) -> Generator[Event, None, None]:
        """Reads the images, builds the extractor and finds the number format, once for all trials."""
        said = ""
        with closing(self._preparation()) as events:
            for event in events:
                if isinstance(event, Progress) and event.text != said:
                    said = event.text
                    self.study.tell(activity=said)
                yield event

    def _preparation(self) -> Generator[Event, None, None]:
        yield from self._freed()
        yield from self._meter.prepare()
        assert self._meter.dataset is not None
        settings = self.plan.settings
        tuned = yield from tune(settings, self._meter.dataset, resolve(settings.device))
        self._fixed = {"precision": tuned.precision, "memory_format": tuned.memory_format}

    def _freed(self) -> Generator[Event, None, None]:
        """Waits until the queue trains nothing on the device."""
        while True:
            self._check_stop()
            active = (each for each in self.queue.entries() if each.state.is_active)
            busy = [each for each in active if self.devices & {*device_names(each.device)}]
            if not busy:
                return
            text = _("Waiting for the device: {run} is trained there.").format(run=busy[0].entry.title)
            self.study.tell(activity=text)
            yield Progress(text, 0, 0)
            sleep(LOOK_SECONDS)

    def _trial(self) -> Generator[Event, None, None]:
        (trial, asked), began = self._trials.next(), monotonic()
        yield TrialStarted(trial, self._state())
        running = _Running(trial, began)
        ended: _EndedError | None = None
        try:
            try:
                reason = yield from self._rungs(asked, running)
                state = TrialState.PRUNED if reason else TrialState.DONE
            except _EndedError as error:
                ended, state, reason = error, TrialState.PRUNED, str(error)
            except UserError as problem:
                state, reason = TrialState.FAILED, str(problem)
            self._trials.end(running.changed(state=state, reason=reason))
        except LostTrialError:  # what the other process recorded stays
            running.trial = self.study.trial(trial.number) or running.trial
        yield TrialEnded(running.trial, self._state())
        if ended:
            raise ended
        self._failures = self._failures + 1 if running.trial.state is TrialState.FAILED else 0
        if self._failures == MOST_FAILURES:
            raise _EndedError(running.trial.reason)

    def _rungs(self, asked: optuna.Trial, running: _Running) -> Generator[Event, None, str]:
        """Trains and measures a trial from rung to rung; returns why it was pruned, empty if it was not."""
        settings = self._settings(running.trial)
        job = TrainingJob(settings, self.plan.source, out=running.trial.run)
        full = _("There is not enough memory for these settings.")
        with enough_memory(full, device=resolve(settings.device)), closing(job.events()) as events:
            for place, (rung, minutes) in enumerate(zip(RUNGS, self.plan.rungs, strict=True)):
                yield from self._train(job, events, minutes, running)
                found = yield from self._measured(job)
                has_to_end = self._trials.has_to_end(
                    running.changed(kid=found.kid, recall=found.recall, step=found.step), asked, rung
                )
                yield TrialMeasured(running.trial, place, self._state())
                if has_to_end:
                    reason = _("KID {kid} after {minutes} min is not among the best third.")
                    return reason.format(kid=f"{found.kid:.4f}", minutes=number(minutes, 1))
        return ""

    def _settings(self, trial: Trial) -> Settings:
        limits = {"minutes": self.plan.rungs[-1], "steps": None, "patience": None, "evaluation": 0.0}
        return self.plan.settings.changed(**{**trial.values, **self._fixed, **limits})

    def _train(
        self, job: TrainingJob, events: Generator[Event, None, None], minutes: float, running: _Running
    ) -> Generator[Event, None, None]:
        for event in events:
            yield event
            if isinstance(event, Rewound):
                raise UserError(_("The training diverged."), _("Vary lower learning rates."))
            if self._looks():
                step = job.trainer.step if job.trainer else 0
                # once measured, the step is that of the checkpoint that was
                self._trials.record(running.changed(**({"step": step} if running.trial.kid is None else {})))
                self._check_budget()
            if isinstance(event, Stepped) and job.trainer and job.trainer.seconds >= 60 * minutes:
                return

    def _measured(self, job: TrainingJob) -> Generator[Event, None, Measurement]:
        assert job.run is not None
        found = yield from self._watched(self._meter.measured(job.run, job.save().path))
        if not isfinite(found.kid):
            raise UserError(_("The KID of the images is not a number."), _("Vary lower learning rates."))
        return found

    def _watched(self, events: Generator[Event, None, Found]) -> Generator[Event, None, Found]:
        """Yields events until the search is asked to stop; a spent budget lets them end."""
        with closing(events):
            while True:
                try:
                    event = next(events)
                except StopIteration as end:
                    found: Found = end.value
                    return found
                self._looks()
                yield event

    def _looks(self) -> bool:
        """Returns whether it is time to look at the study again, about once a second. Raises `_EndedError` if the
        search was stopped."""
        if self.is_interrupted():
            raise _EndedError(_("The search was stopped."))
        if monotonic() < self._next_look:
            return False
        self._next_look = monotonic() + LOOK_SECONDS
        self._check_stop()
        return True

    def _check_stop(self) -> None:
        if self.is_interrupted() or self.worker.is_stop_asked:
            raise _EndedError(_("The search was stopped."))

    def _check_budget(self) -> None:
        """Raises `_EndedError` if the budget is spent, to which another process may have added."""
        snapshot = self.study.read()
        if snapshot.state.seconds >= 60 * snapshot.plan.minutes:
            budget = _("The time budget of {minutes} min is spent.")
            raise _EndedError(budget.format(minutes=number(snapshot.plan.minutes, 1)))

    def _state(self) -> SearchState:
        return self.study.read().state


@dataclass
class _Running:
    """Trial that this process trains. `began`: time of `monotonic`."""

    trial: Trial
    began: float

    def changed(self, **values: Any) -> Trial:
        """Changes and returns the trial, with the time that it has taken."""
        self.trial = self.trial.model_copy(update={**values, "seconds": monotonic() - self.began})
        return self.trial
