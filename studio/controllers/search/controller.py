"""Controller of the search for settings: shows its dialog, opens the run of a trial, and continues one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from core.data.names import quoted
from core.errors import UserError
from core.language import _
from core.runs.run_name import dataset_title
from core.search.space import is_searchable, suggested
from core.search.trial import Trial
from studio.main_window import MainWindow
from studio.model.queue import NewEntry
from studio.model.search.listing import SearchListing
from studio.model.train import TrainingState
from studio.services.session import Session

if TYPE_CHECKING:
    from core.config.settings import Settings
    from core.data.dataset import Dataset
    from studio.dialogs.find_settings import FindSettingsDialog


class SearchController:
    """Connects the footer, the menu and the dialog with the search."""

    def __init__(self, window: MainWindow, session: Session, open_path: Callable[[str], None]) -> None:
        self._window, self._session, self._open_path = window, session, open_path
        self._search = session.search
        self._dialog: FindSettingsDialog | None = None
        self._is_told = False
        """Tells whether the window has told what was searched for when it opened."""

    def show(self) -> None:
        """Shows the search that is running; asks what to search for if none is."""
        if self._search.listing is not None and self._search.listing.is_running:
            self.show_results()
        else:
            self.prepare()

    def show_results(self) -> None:
        """Shows the newest search."""
        self._opened().show_results()

    def prepare(self) -> None:
        """Asks what to search for."""
        if (ready := self._ready()) is not None:
            dataset, settings = ready
            self._opened().show_setup(dataset.source, quoted(dataset.title), settings, suggested(settings))

    def show_listing(self, listing: SearchListing) -> None:
        """Shows the newest search; the first time, tells what is searched for."""
        if self._dialog is not None:
            self._dialog.show_listing(listing)
        elif not self._is_told and listing.is_running and self._window.banner.isHidden():
            text = _("A search for settings is running.")
            self._window.banner.show_offer(text, _("Show the trials"), self.show_results)
        self._is_told = True

    def show_problem(self, problem: UserError) -> None:
        """Shows a problem where the person looks."""
        if self._dialog is not None:
            self._dialog.show_problem(problem)
        else:
            self._session.problem.emit(problem)

    def show_begun(self) -> None:
        """Shows the trials of a search that has begun."""
        if self._dialog is not None:
            self._dialog.show_results()

    def open(self, trial: Trial) -> None:
        """Opens the run of a trial, and watches it if it is being trained."""
        if self._session.training.state is TrainingState.IDLE:
            self._open_path(str(trial.run))
            return
        what = _("A training is running in this window.")
        self.show_problem(UserError(what, _("Stop it before you open another run.")))

    def go_on(self, trial: Trial) -> None:
        """Adds the full training of a trial to the queue: with its settings, from its checkpoint, in a new run."""
        if (listing := self._search.listing) is None:
            return
        plan = listing.snapshot.plan
        new = NewEntry(
            plan.source,
            dataset_title(plan.source),
            plan.trained(trial),
            resume=trial.checkpoint,
            is_copy=True,
        )
        self._session.queue.add([new], self._session.runs_folder)
        if self._dialog is not None:
            self._dialog.close()

    def _ready(self) -> tuple[Dataset, Settings] | None:
        """Returns the open images and the settings of the form, or says why there are none."""
        session = self._session
        dataset, problem = session.data.dataset, None
        if dataset is None:
            problem = UserError(_("There are no images to train on."), _("Open a folder, or try a sample."))
        elif session.reading:
            what = _("{name} is being read.").format(name=quoted(session.reading))
            problem = UserError(what, _("Search when it is open, or cancel it."))
        else:
            try:
                settings = self._window.train.form.settings()
                if is_searchable(settings):
                    return dataset, settings
                what = _("Only trainings that make images from noise can be compared by KID.")
                problem = UserError(what, _("Choose another preset."))
            except UserError as error:
                problem = error
        session.problem.emit(problem)
        return None

    def _opened(self) -> FindSettingsDialog:
        if self._dialog is None:
            from studio.dialogs.find_settings import FindSettingsDialog  # imports pyqtgraph

            self._dialog = FindSettingsDialog(self._window)
            self._dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self._connect(self._dialog)
            self._search.set_visible(True)
            if self._search.listing is not None:
                self._dialog.show_listing(self._search.listing)
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()
        return self._dialog

    def _connect(self, dialog: FindSettingsDialog) -> None:
        search, results = self._search, dialog.results
        dialog.finished.connect(self._close)
        dialog.again_requested.connect(self.prepare)
        dialog.setup.begin_requested.connect(lambda plan: search.begin(plan, dataset_title(plan.source)))
        results.stop_requested.connect(search.stop)
        results.resume_requested.connect(search.resume)
        results.open_requested.connect(self.open)
        results.continue_requested.connect(self.go_on)
        results.samples.requested.connect(search.read_samples)
        search.sampled.connect(results.samples.show_grid)

    def _close(self) -> None:
        self._dialog = None
        self._search.set_visible(False)
