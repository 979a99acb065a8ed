"""Controller of the queue: adds trainings to it, and asks before an entry is changed or removed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from core.config.settings import Settings
from core.data.names import quoted
from core.errors import UserError
from core.language import _, plural, sentences
from core.presets import presets
from core.queue.entry import State
from core.runs.run_name import dataset_title
from studio.dialogs.queue.add_with import AddWithDialog
from studio.dialogs.queue.edit_entry import EditEntryDialog
from studio.main_window import PROGRAM, QUEUE, MainWindow
from studio.model.queue import NewEntry, QueueListing, QueueRow
from studio.model.train import TrainingState
from studio.services.session import Session
from studio.widgets.basic.banner import Offer

if TYPE_CHECKING:
    from core.data.dataset import Dataset


class QueueController:
    """Connects the Queue workspace, the footer and the menu with the queue."""

    def __init__(self, window: MainWindow, session: Session, open_path: Callable[[str], None]) -> None:
        self._window, self._session, self._open_path = window, session, open_path
        self._is_told = False
        """Tells whether the window has told what was training in the queue when it opened."""

    # Adding

    def add(self) -> None:
        """Adds the training that Start would begin now; during a training, a new one with the same settings."""
        if (ready := self._ready(self.add)) is not None:
            dataset, settings = ready
            self._add([self._new(dataset, settings)])

    def add_with(self) -> None:
        """Asks for presets and seeds, and adds a new training of the open images with each of them."""
        if (ready := self._ready(self.add_with)) is None:
            return
        dataset, settings = ready
        suited = {
            name: preset.title
            for name, preset in presets(settings.task).items()
            if preset.apply().points == settings.points
        }
        dialog = AddWithDialog(quoted(dataset.title), suited, settings.preset, settings.seed, self._window)
        if dialog.exec():
            try:
                chosen = [self._window.train.form.with_preset(name) for name in dialog.presets()]
                self._add(
                    [
                        NewEntry(dataset.source, dataset.title, each.changed(seed=seed))
                        for each in chosen
                        for seed in dialog.seeds()
                    ]
                )
            except UserError as problem:
                self._session.problem.emit(problem)
        dialog.deleteLater()

    def drop(self, sources: list[str]) -> None:
        """Adds a training of each dropped dataset with the preset and the changed settings of the form."""
        form = self._window.train.form
        try:
            settings, given = form.settings(), form.given()
        except UserError as problem:
            self._session.problem.emit(problem)
            return
        self._add([NewEntry(source, dataset_title(source), settings, given) for source in sources])

    def show_added(self, titles: list[str]) -> None:
        """Tells what was added, unless it shows."""
        if self._window.pages.currentIndex() == QUEUE:
            return
        text = plural(
            "{title} was added to the queue.",
            "{count} trainings were added to the queue.",
            len(titles),
            title=titles[0],
        )
        if self._session.queue.listing.is_paused:
            text = sentences(text, _("The queue is paused."))
        self._window.banner.show_offer(text, _("Show the queue"), self._show, "good")

    def _ready(self, again: Callable[[], None]) -> tuple[Dataset, Settings] | None:
        """Returns the open images and the settings of the form, or says why there are none. Calls `again` as soon as
        the devices are known, which presets fit themselves to."""
        session = self._session
        dataset, problem = session.data.dataset, None
        if dataset is None:
            problem = UserError(_("There are no images to train on."), _("Open a folder, or try a sample."))
        elif session.reading:
            what = _("{name} is being read.").format(name=quoted(session.reading))
            problem = UserError(what, _("Add it when it is open, or cancel it."))
        elif not session.explore.devices:
            session.notice.emit(_("The training is added as soon as the devices of this computer are known."))
            session.explore.devices_found.connect(lambda _: again(), Qt.ConnectionType.SingleShotConnection)
        else:
            try:
                return dataset, self._window.train.form.settings()
            except UserError as error:
                problem = error
        if problem is not None:
            session.problem.emit(problem)
        return None

    def _new(self, dataset: Dataset, settings: Settings) -> NewEntry:
        session = self._session
        resume = session.resume if session.training.state is TrainingState.IDLE else None
        is_copy = session.copied is not None
        return NewEntry(dataset.source, dataset.title, settings, resume=resume, is_copy=is_copy)

    def _add(self, wanted: list[NewEntry]) -> None:
        self._window.banner.dismiss()
        self._session.queue.add(wanted, self._session.runs_folder)

    # Entries

    def show_listing(self, listing: QueueListing) -> None:
        """Shows the queue; the first time, tells what trains in it."""
        self._window.queue.show_listing(listing)
        running = [row for row in listing.rows if row.state is State.RUNNING]
        if not self._is_told and running and self._window.banner.isHidden():
            text = _("{title} is training in the queue.").format(title=running[0].title)
            offers: list[Offer] = [(_("Watch"), partial(self.open, running[0])), (_("Show the queue"), self._show)]
            self._window.banner.show_offers(text, offers)
        self._is_told = True

    def show_workspace(self, index: int) -> None:
        """Looks at the queue more often while it is on screen."""
        self._session.queue.set_visible(index == QUEUE)

    def open(self, row: QueueRow) -> None:
        """Opens the run of an entry, and watches it if it is being trained."""
        if self._session.training.state is TrainingState.IDLE:
            self._session.opened_sources.add(row.entry.source)  # whoever fills the queue has named these images
            self._open_path(str(row.entry.out))
            return
        what = _("A training is running in this window.")
        self._session.problem.emit(UserError(what, _("Stop it before you open another run.")))

    def edit(self, row: QueueRow) -> None:
        """Asks for the device and the limits of a waiting entry."""
        dialog = EditEntryDialog(row.entry, self._session.explore.devices, self._window)
        if dialog.exec():
            try:
                self._session.queue.replace(row, row.entry.changed(**dialog.values()))
            except UserError as problem:
                self._session.problem.emit(problem)
        dialog.deleteLater()

    def remove(self, rows: list[QueueRow]) -> None:
        """Removes entries; asks first if one of them is running."""
        running = [row for row in rows if row.state is State.RUNNING]
        if not running or self._agrees(running[0]):
            self._session.queue.remove(rows)

    def _agrees(self, row: QueueRow) -> bool:
        question = _("{title} is running.").format(title=row.title)
        box = QMessageBox(QMessageBox.Icon.Question, PROGRAM, question, parent=self._window)
        box.setInformativeText(_("It is saved and stopped before it is removed; its run stays."))
        remove = box.addButton(_("Stop and remove"), QMessageBox.ButtonRole.AcceptRole)
        box.addButton(_("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.exec()
        agrees = box.clickedButton() is remove
        box.deleteLater()
        return agrees

    def _show(self) -> None:
        self._window.show_workspace(QUEUE)
