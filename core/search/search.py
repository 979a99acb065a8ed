"""Search for settings: chooses the settings of trials by Optuna, trains and measures them in this process, and prunes.

Successive halving (Li et al. 2018, A System for Massively Parallel Hyperparameter Tuning, arXiv:1810.05934): every
trial is measured at the same training times, and goes on only if its KID is among the best third at that time.
Settings are chosen by TPE (Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from time import monotonic
from typing import Any

import optuna
from optuna.trial import TrialState as OptunaState

from core.config.settings import Settings
from core.devices import resolve
from core.devices.memory import enough_memory
from core.errors import UserError
from core.events import Event, Progress, Rewound, Stepped
from core.jobs.autotune import trial as tune
from core.jobs.training_job import TrainingJob
from core.language import _, number
from core.search.journal import opened
from core.search.meter import Meter
from core.search.space import Variation
from core.search.study import Study
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

TELL_SECONDS = 1.0
"""Seconds between two looks at requests to end, and two records of a trial's progress."""
STATES = {
    TrialState.DONE: OptunaState.COMPLETE,
    TrialState.PRUNED: OptunaState.PRUNED,
    TrialState.FAILED: OptunaState.FAIL,
}
MOST_FAILURES = 3
"""Trials that fail one after another before the search ends."""


class _EndedError(Exception):
    """The search has to end; the argument says why."""


def search(study: Study, is_interrupted: Callable[[], bool] = bool) -> Generator[Event, None, None]:
    """Runs trials of a study until the budget is spent, by the trials of all processes together, or it is asked to end.

    Several processes and machines may search in one study. Yields `Progress`, `TrialStarted`, `TrialMeasured`,
    `TrialEnded` and at last `SearchEnded`, besides the events of the trainings. Raises `UserError` if the images cannot
    be measured, or the study cannot be written to.
    """
    plan = study.read().plan
    with study.working() as (worker, lock):
        try:
            yield from _Search(study, plan, worker, lambda: is_interrupted() or lock.is_lost()).events()
        except UserError as problem:
            study.tell(reason=str(problem))
            raise


@dataclass
class _Search:
    study: Study
    plan: Plan
    worker: str
    is_interrupted: Callable[[], bool]

    def __post_init__(self) -> None:
        self._meter = Meter(self.plan)
        self._trials = opened(self.study, self.plan.settings.seed + len(self._state().trials))
        self._fixed: Mapping[str, Any] = {}
        self._next_look = 0.0

    def events(self) -> Generator[Event, None, None]:
        self._begin()
        try:
            for event in self._prepared():
                self._check()
                yield event
            self.study.tell()
            while True:
                self._check(now=True)
                yield from self._trial()
        except _EndedError as ended:
            self.study.tell(reason=str(ended))
            yield SearchEnded(str(ended), self._state())

    def _begin(self) -> None:
        """Enqueues the user's own settings first, and the values of trials whose process was killed again."""
        base = self.plan.settings
        if not self._trials.get_trials(deepcopy=False):
            usual = {each.name: each.clipped(getattr(base, each.name)) for each in self.plan.variations}
            self._trials.enqueue_trial(_encoded(self.plan.variations, usual), skip_if_exists=True)
        for trial in self._state().trials:
            if trial.state is TrialState.RUNNING and not self.study.is_working(trial.worker):
                reason = _("Its process was killed; its values are tried again.")
                update = {"state": TrialState.FAILED, "reason": reason}
                self.study.write_trial(trial.model_copy(update=update))
                self._trials.tell(trial.number, state=OptunaState.FAIL, skip_if_finished=True)
                self._trials.enqueue_trial(_encoded(self.plan.variations, trial.values), skip_if_exists=False)

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
        yield from self._meter.prepare()
        assert self._meter.dataset is not None
        settings = self.plan.settings
        tuned = yield from tune(settings, self._meter.dataset, resolve(settings.device))
        self._fixed = {"precision": tuned.precision, "memory_format": tuned.memory_format}

    def _trial(self) -> Generator[Event, None, None]:
        asked, began = self._trials.ask(), monotonic()
        values = {each.name: _suggestion(asked, each) for each in self.plan.variations}
        trial = Trial(number=asked.number, values=values, run=self.study.run_of(asked.number), worker=self.worker)
        self.study.write_trial(trial)
        yield TrialStarted(trial, self._state())
        ended: _EndedError | None = None
        state, reason = TrialState.DONE, ""
        running = _Running(trial, began)
        try:
            reason = yield from self._rungs(asked, running)
            state = TrialState.PRUNED if reason else TrialState.DONE
        except _EndedError as error:
            ended, state, reason = error, TrialState.PRUNED, str(error)
        except UserError as problem:
            state, reason = TrialState.FAILED, str(problem)
        trial = running.changed(state=state, reason=reason)
        value = trial.kid if state is TrialState.DONE else None
        self._trials.tell(asked, value, STATES[state], skip_if_finished=True)
        self.study.write_trial(trial)
        yield TrialEnded(trial, self._state())
        if ended:
            raise ended

    def _rungs(self, asked: optuna.Trial, running: _Running) -> Generator[Event, None, str]:
        """Trains and measures a trial from rung to rung; returns why it was pruned, empty if it was not."""
        settings = self._settings(running.trial)
        job = TrainingJob(settings, self.plan.source, out=running.trial.run)
        full = _("There is not enough memory for these settings.")
        with enough_memory(full, device=resolve(settings.device)), closing(job.events()) as events:
            for place, (rung, minutes) in enumerate(zip(RUNGS, self.plan.rungs, strict=True)):
                yield from self._train(job, events, minutes, running)
                assert job.run is not None
                found = yield from self._meter.measured(job.run, job.save().path)
                self.study.write_trial(running.changed(kid=found.kid, recall=found.recall, step=found.step))
                yield TrialMeasured(running.trial, place, self._state())
                asked.report(found.kid, rung)
                if rung != RUNGS[-1] and asked.should_prune():
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
            if self._check():
                step = job.trainer.step if job.trainer else 0
                # once measured, the step is that of the checkpoint that was
                self.study.write_trial(running.changed(**({"step": step} if running.trial.kid is None else {})))
            if isinstance(event, Stepped) and job.trainer and job.trainer.seconds >= 60 * minutes:
                return

    def _check(self, now: bool = False) -> bool:
        """Raises `_EndedError` if the search has to end; returns whether it looked, about once a second."""
        if self.is_interrupted():
            raise _EndedError(_("The search was stopped."))
        if not now and monotonic() < self._next_look:
            return False
        self._next_look = monotonic() + TELL_SECONDS
        if self.study.is_stop_asked:
            raise _EndedError(_("The search was stopped."))
        state = self._state()
        if state.seconds >= 60 * self.plan.minutes:
            budget = _("The time budget of {minutes} min is spent.")
            raise _EndedError(budget.format(minutes=number(self.plan.minutes, 1)))
        last = [trial for trial in state.trials if trial.state is not TrialState.RUNNING][-MOST_FAILURES:]
        if now and len(last) == MOST_FAILURES and all(trial.state is TrialState.FAILED for trial in last):
            raise _EndedError(last[-1].reason)
        return True

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


def _suggestion(asked: optuna.Trial, variation: Variation) -> int | float | str:
    if variation.choices:
        return variation.choices[asked.suggest_categorical(variation.name, range(len(variation.choices)))]
    return float(asked.suggest_float(variation.name, variation.low, variation.high, log=variation.log))


def _encoded(variations: tuple[Variation, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values as `_suggestion` asks for them: choices by their places."""
    return {
        each.name: each.choices.index(values[each.name]) if each.choices else values[each.name] for each in variations
    }
