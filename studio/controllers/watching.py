"""Controller of a run that another process trains: offers to watch it or train a copy, shows its progress, and steers
it where it takes requests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from core.config.settings import Settings, live_settings
from core.errors import MirroredRunError, RunBusyError, UserError
from core.events import Edited
from core.language import _, number
from studio.main_window import QUEUE, MainWindow
from studio.model.train import OpenedRun, TrainingState
from studio.services.session import Session
from studio.widgets.basic.banner import Offer

COPY = _("Train a copy")


class WatchController:
    """Watches a run, or steers the training of this window: the same buttons and keys serve both."""

    def __init__(self, window: MainWindow, session: Session, start: Callable[[Path | None], None]) -> None:
        """`start` begins a training with the settings of the form; given a run, in a copy of it."""
        self._window, self._session, self._start = window, session, start

    def show_problem(self, problem: UserError) -> None:
        """Shows an error; if the run is trained elsewhere, offers to watch it or train a copy, and if it follows a run
        on another machine, a copy."""
        offers: list[Offer] = []
        if isinstance(problem, MirroredRunError):
            offers.append((COPY, partial(self._start, problem.folder)))
        if isinstance(problem, RunBusyError) and self._session.training.state is not TrainingState.STOPPING:
            if self._session.watcher.folder != problem.folder:
                offers.append((_("Watch"), partial(self._session.watch, problem.folder)))
            offers.append((COPY, partial(self._start, problem.folder)))
        self._window.banner.show_problem(problem.what, problem.remedy, problem.details, offers)

    def show_run(self, run: OpenedRun) -> None:
        """Says what trains the opened run: the queue, or another process."""
        if run.owner is None:
            return
        offers: list[Offer]
        queue = self._session.queue
        if (row := queue.listing.running(run.folder)) is not None:
            text = _("The queue trains this run ({place}). You are watching it.").format(place=run.owner.place)
            show = partial(self._window.show_workspace, QUEUE)
            offers = [(_("Show the queue"), show), (_("Stop"), partial(queue.stop, row))]
        else:
            text = _("Training in another process ({place}). You are watching it.").format(place=run.owner.place)
            offers = [(COPY, partial(self._start, run.folder)), (_("Stop watching"), self.leave)]
        self._window.banner.show_offers(text, offers)

    def show_edit(self, edited: Edited) -> None:
        """Shows settings changed in the other process."""
        self._window.train.form.set_values(edited.changes)
        self._window.train.show_edit(edited)

    def show_end(self, newest: Path | None) -> None:
        """Shows that the training elsewhere has ended."""
        if newest is None:
            text = _("The training in the other process has ended. The run has no readable checkpoint.")
        else:
            step = int(newest.stem)
            text = _("The training in the other process has ended. Continue resumes here from step {step}.").format(
                step=number(step)
            )
        self._window.banner.show_notice(text)

    def stop(self) -> None:
        """Saves and stops the watched training, or that of this window; only stops watching one that takes no
        requests."""
        watcher = self._session.watcher
        if watcher.can_steer:
            watcher.ask("stop")
        elif watcher.owner is not None:
            self.leave()
        else:
            self._session.training.stop()

    def leave(self) -> None:
        """Stops watching; the other process keeps training."""
        self._session.watcher.close()

    def pause(self) -> None:
        """Pauses the watched training, or that of this window."""
        watcher = self._session.watcher
        watcher.ask("pause") if watcher.owner is not None else self._session.training.pause()

    def resume(self) -> None:
        """Resumes the watched training, or that of this window."""
        watcher = self._session.watcher
        watcher.ask("resume") if watcher.owner is not None else self._session.training.resume()

    def edit(self, settings: Settings) -> None:
        """Changes live settings of the watched training, or of that of this window."""
        if self._session.watcher.owner is None:
            self._session.training.edit(settings)
            return
        known = self._session.training.settings
        values = {name: getattr(settings, name) for name in live_settings()}
        changes = {name: value for name, value in values.items() if value != getattr(known, name)}
        if changes:
            self._session.watcher.ask("edit", **changes)

    def show_refused(self) -> None:
        """Shows the live settings in force again, after a change of them was refused."""
        settings = self._session.training.settings
        self._window.train.form.set_values({name: getattr(settings, name) for name in live_settings()})

    def begin_anew(self) -> None:
        """Stops watching; the next start begins a new run."""
        self._session.watcher.close()
        self._session.set_resume(None)
