"""Trials of a study: in Optuna's journal, to which several processes and machines append, and in the study's files.

Both change together, under one lock, so that every trial is begun, ended and repeated once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState as OptunaState

from core.errors import UserError
from core.language import _
from core.search.space import Variation
from core.search.study import JOURNAL, Study, Worker
from core.search.trial import RUNGS, Plan, Trial, TrialState

STATES = {
    TrialState.DONE: OptunaState.COMPLETE,
    TrialState.PRUNED: OptunaState.PRUNED,
    TrialState.FAILED: OptunaState.FAIL,
}
LOCK = "study"
"""Name of the lock, without its suffix."""
SEEDS = 2**32
"""Number of seeds of a sampler."""


class LostTrialError(Exception):
    """Another process has ended the trial, because the process that trained it seemed dead, as on a laptop that
    slept."""


class Trials:
    """Trials of a study, for one of the processes that search. Every method reads or writes the disk, and raises
    `UserError` if it cannot."""

    def __init__(self, study: Study, plan: Plan, worker: Worker) -> None:
        self._study, self._plan, self._worker = study, plan, worker
        with changing(study):
            self._optuna = _opened(study.folder / JOURNAL, seed=int(worker.name, 16) % SEEDS)
            self._begin()

    def next(self) -> tuple[Trial, optuna.Trial]:
        """Begins a trial; returns it as it is in the study, and in Optuna's journal."""
        with changing(self._study):
            asked = self._optuna.ask()
            values = {each.name: _suggestion(asked, each) for each in self._plan.variations}
            run = self._study.run_of(asked.number)
            trial = Trial(number=asked.number, values=values, run=run, worker=self._worker.name)
            self._study.write_trial(trial)
        return trial, asked

    def record(self, trial: Trial) -> None:
        """Records how far a trial is. Raises `LostTrialError`."""
        with self._owned(trial):
            self._study.write_trial(trial)

    def has_to_end(self, trial: Trial, asked: optuna.Trial, rung: int) -> bool:
        """Records the KID of a trial at a rung; returns whether it is not among the best there. Raises
        `LostTrialError`."""
        assert trial.kid is not None
        with self._owned(trial):
            self._study.write_trial(trial)
            asked.report(trial.kid, rung)
            return rung != RUNGS[-1] and asked.should_prune()

    def end(self, trial: Trial) -> None:
        """Records the end of a trial. Raises `LostTrialError`."""
        with self._owned(trial):
            self._study.write_trial(trial)
            self._tell(trial)

    def _begin(self) -> None:
        """Enqueues the user's own settings first, and the values of trials whose process was killed again."""
        trials = self._study.read().state.trials
        listed = self._optuna.get_trials(deepcopy=False)
        if trials and trials[-1].number >= len(listed):
            what = _("The journal of the search {name} is damaged.").format(name=self._study.folder.name)
            raise UserError(what, _("Begin another search; the trainings of this one stay."))
        for trial in trials:
            if trial.state is TrialState.RUNNING and not self._study.is_working(trial.worker):
                reason = _("Its process was killed; its values are tried again.")
                trial = trial.model_copy(update={"state": TrialState.FAILED, "reason": reason})
                self._study.write_trial(trial)
                self._enqueue(trial.values)
            if trial.state is not TrialState.RUNNING and listed[trial.number].state is OptunaState.RUNNING:
                self._tell(trial)
        if not trials and not any(each.state is OptunaState.WAITING for each in listed):
            usual = {each.name: each.clipped(getattr(self._plan.settings, each.name)) for each in self._plan.variations}
            self._enqueue(usual)

    def _enqueue(self, values: Mapping[str, Any]) -> None:
        """Lets the next trial have these values."""
        encoded = {
            each.name: each.choices.index(values[each.name]) if each.choices else values[each.name]
            for each in self._plan.variations
        }
        self._optuna.enqueue_trial(encoded)

    def _tell(self, trial: Trial) -> None:
        value = trial.kid if trial.state is TrialState.DONE else None
        self._optuna.tell(trial.number, value, STATES[trial.state], skip_if_finished=True)

    @contextmanager
    def _owned(self, trial: Trial) -> Iterator[None]:
        """Context of a change to a trial that this process trains. Raises `LostTrialError` if it no longer does."""
        with changing(self._study):
            found = self._study.trial(trial.number)
            if found is None or found.state is not TrialState.RUNNING or found.worker != self._worker.name:
                raise LostTrialError
            yield


def extend(study: Study, minutes: float) -> None:
    """Adds minutes to the time budget of a search, which its running processes notice. Raises `UserError`."""
    with changing(study):
        study.write_plan(study.read().plan.extended(minutes))


@contextmanager
def changing(study: Study) -> Iterator[None]:
    """Context in which no other process changes a study. Raises `UserError` if it cannot be written to."""
    lock = JournalFileOpenLock(str(study.folder / LOCK))
    try:
        lock.acquire()
        try:
            yield
        finally:
            lock.release()
    except OSError as error:
        raise study.unwritable(error) from error


def _opened(journal: Path, seed: int) -> optuna.Study:
    """Returns the trials in a journal, which is created if there is none.

    A last line that a power cut left unfinished is removed: the next one would be appended to it. `seed`: of the
    sampler; processes with the same seed would try the same values.
    """
    lock = JournalFileOpenLock(str(journal))
    lock.acquire()
    try:
        _remove_unfinished(journal)
    finally:
        lock.release()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(journal), lock)),
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=RUNGS[0], reduction_factor=RUNGS[1]),
        study_name="search",
        load_if_exists=True,
    )


def _remove_unfinished(file: Path) -> None:
    with file.open("a+b") as opened:
        opened.seek(0)
        text = opened.read()
        if not text.endswith(b"\n"):
            opened.truncate(text.rfind(b"\n") + 1)


def _suggestion(asked: optuna.Trial, variation: Variation) -> int | float | str:
    if variation.choices:
        return variation.choices[asked.suggest_categorical(variation.name, range(len(variation.choices)))]
    return float(asked.suggest_float(variation.name, variation.low, variation.high, log=variation.log))
