"""Controller of a training's health: findings and remedies, metrics, and the best checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.data.names import quoted
from core.diagnosis.case import Remedy
from core.errors import UserError
from core.events import EvaluationProgress, Measured
from core.language import _, listed, number
from core.stats.keys import in_words, label, protocol_text
from studio.main_window import MainWindow
from studio.model.train import BestCheckpoint, TrainingState
from studio.services.session import Session
from studio.widgets.basic.labels import wrapped_tip


class TrainingHealthController:
    """Shows findings and applies the chosen remedies."""

    def __init__(
        self, window: MainWindow, session: Session, start: Callable[[], None], open_path: Callable[[str], None]
    ) -> None:
        """`start` begins a training with the settings of the form."""
        self._window, self._session, self._start, self._open_path = window, session, start, open_path
        self._training = session.training
        self._before: dict[str, Any] = {}
        self._restart: dict[str, Any] | None = None

    def apply(self, remedy: Remedy) -> None:
        """Changes the running training's settings as a remedy says, or starts another training."""
        if remedy.anew:
            self._start_anew(remedy.changes)
            return
        settings = self._training.settings
        self._before = {name: getattr(settings, name) for name in remedy.changes}
        if self._change(remedy.changes):
            self._window.train.health.show_applied(remedy.changes)

    def undo_remedy(self) -> None:
        self._change(self._before)

    def show_evaluation(self, progress: EvaluationProgress) -> None:
        """Shows the progress of an evaluation during the training."""
        text = _("measuring: {what}").format(what=progress.text)
        if progress.total:
            percent = 100 * progress.done // progress.total
            text = _("measuring {percent} %: {what}").format(percent=percent, what=progress.text)
        self._window.footer.show_status(text)

    def show_measured(self, found: Measured) -> None:
        self._window.train.show_measured(found)
        said: dict[str, list[str]] = {}
        for key, words in in_words(found.values).items():
            said.setdefault(protocol_text(key.partition("@")[2]), []).append(words)
        first = next(iter(said.values()))[0]
        by = _("By {protocol}: {numbers}.")
        tip = wrapped_tip(*(by.format(protocol=each, numbers=listed(numbers)) for each, numbers in said.items()))
        text = _("measured step {step}: {value}").format(step=number(found.step), value=first)
        self._window.footer.show_status(text, tip)

    def offer_best(self, found: BestCheckpoint) -> None:
        """Offers the best checkpoint when the training has ended at a worse one."""
        text = _(
            "Best at step {step} of {last}: {name} {value} ({protocol}). Later checkpoints measured no better."
        ).format(
            step=number(found.step),
            last=number(found.last),
            name=label(found.key),
            value=f"{found.value:.4g}",
            protocol=protocol_text(found.key.partition("@")[2]),
        )
        self._window.banner.show_offer(
            text, _("Explore best checkpoint"), lambda: self._open_path(str(found.path)), kind="good"
        )

    def open_step(self, step: int) -> None:
        """Opens the checkpoint of a step of the visible run in Explore."""
        if (run := self._training.run_folder) is not None:
            self._open_path(str(run / "checkpoints" / f"{step:09d}.safetensors"))

    def _start_anew(self, changes: Mapping[str, Any]) -> None:
        """Starts a new run with the remedy; the stopped run stays as it is."""
        if not self._session.is_open(self._training.source):
            what, name = _("This training used other images than the open ones."), self._training.source
            remedy = _("Open {name} again, then choose the remedy.").format(name=quoted(name))
            self._session.problem.emit(UserError(what, remedy))
        elif self._training.state is not TrainingState.STOPPING:  # requested twice
            self._restart = dict(changes)
            self._training.stop()

    def show_state(self, state: TrainingState) -> None:
        """Starts the new training once the stopped one has ended; drops it if that one could not be saved."""
        changes = self._restart
        if changes is None or state is TrainingState.STOPPING:
            return
        self._restart = None
        if state is not TrainingState.IDLE or not self._window.isVisible():  # closed meanwhile
            return
        if self._session.is_open(self._training.source):
            self._session.set_resume(None)
            self._window.train.form.set_settings(self._training.settings.changed(**changes))
            self._start()
        else:
            self._session.notice.emit(_("The training did not start, because something else was opened meanwhile."))

    def _change(self, changes: Mapping[str, Any]) -> bool:
        form = self._window.train.form
        try:
            form.set_settings(form.settings().changed(**changes))
            self._training.edit(self._training.settings.changed(**changes))
        except UserError as problem:
            self._session.problem.emit(problem)
            return False
        return True
