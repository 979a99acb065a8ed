"""How well the training does, in the window: findings and their remedies, measured numbers, and the best checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.diagnosis.case import Remedy, RunFacts
from core.diagnosis.report_history import ReportHistory
from core.errors import UserError
from core.events import Edited, EvaluationProgress, Measured
from core.stats.keys import in_words, label, protocol_text
from studio.model.train import TrainingState
from studio.services.train.diagnosis_watcher import DiagnosisWatcher
from studio.widgets.basic.labels import wrapped_tip

if TYPE_CHECKING:
    from studio.main_window import MainWindow
    from studio.model.train import BestCheckpoint, OpenedRun


class TrainingHealthController:
    """`watch` says what is found; the rest shows it, and does what the person chooses."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._before: dict[str, Any] = {}
        self._anew: dict[str, Any] | None = None
        self.watch = DiagnosisWatcher(window)

    def begin(self) -> None:
        """A new training begins."""
        self.watch.begin(ReportHistory(), RunFacts())
        self.go_on()

    def go_on(self) -> None:
        """The training runs, with the window's settings."""
        dataset, settings = self._window.session.dataset, self._window.settings
        self.watch.set_training(settings, len(dataset.images) if dataset else 0)

    def show_run(self, run: OpenedRun) -> None:
        self.watch.begin(run.course, run.facts)
        self.watch.set_training(run.settings, 0)

    def apply(self, remedy: Remedy) -> None:
        """Changes the running training's settings as a remedy says, which `take_back` undoes, or begins another one."""
        if remedy.anew:
            self._begin_anew(remedy.changes)
            return
        settings = self._window.settings
        self._before = {name: getattr(settings, name) for name in remedy.changes}
        if self._change(remedy.changes):
            self._window.train.health.show_applied(remedy.changes)

    def take_back(self) -> None:
        self._change(self._before)

    def show_edit(self, edited: Edited) -> None:
        """The running training took other settings, perhaps of itself."""
        self._window.settings = self._window.settings.changed(**edited.changes)
        self.watch.edit(edited)

    def show_judging(self, progress: EvaluationProgress) -> None:
        """An evaluation goes on beside the training."""
        done = f" {100 * progress.done // progress.total} %" if progress.total else ""
        self._window.footer.show_aside(f"measuring{done}: {progress.text[:1].lower()}{progress.text[1:]}")

    def show_measured(self, found: Measured) -> None:
        self._window.train.show_measured(found)
        said: dict[str, list[str]] = {}
        for key, words in in_words(found.values).items():
            said.setdefault(protocol_text(key.partition("@")[2]), []).append(words)
        how, (first, *_) = next(iter(said.items()))
        tip = wrapped_tip(*(f"By {each}: {', '.join(numbers)}." for each, numbers in said.items()))
        self._window.footer.show_aside(f"step {found.step:,}: {first} ({how.partition(',')[0]})", tip)

    def offer_best(self, found: BestCheckpoint) -> None:
        """The training has ended, and an earlier checkpoint is better than what was measured after it."""
        how = protocol_text(found.key.partition("@")[2])
        number = f"{label(found.key)} {found.value:.4g} ({how})"
        text = f"The best images were made at step {found.step:,} of {found.last:,}: {number}. Later ones were worse."
        self._window.banner.show_offer(
            text, "Explore the best", lambda: self._window.open_path(str(found.path)), kind="good"
        )

    def _begin_anew(self, changes: Mapping[str, Any]) -> None:
        """A run of its own: the one that is stopped for it stays as it is."""
        if self._window.session.state is not TrainingState.STOPPING:  # asked for twice
            self._anew = dict(changes)
            self._window.session.stop()

    def show_state(self, state: TrainingState) -> None:
        """Begins anew when what was stopped for that has ended, and no more if it could not be saved."""
        changes = self._anew
        if changes is None or state is TrainingState.STOPPING:
            return
        self._anew = None
        window = self._window
        if state is TrainingState.IDLE and window.isVisible():  # and was not closed
            window.session.set_resume(None)
            window.train.form.set_settings(window.settings.changed(**changes))
            window.start()

    def _change(self, changes: Mapping[str, Any]) -> bool:
        window = self._window
        try:
            window.train.form.set_settings(window.train.form.settings().changed(**changes))
            window.edit(window.settings.changed(**changes))
        except UserError as problem:
            window.show_problem(problem)
            return False
        return True
