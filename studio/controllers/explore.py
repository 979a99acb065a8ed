"""Controller of the Explore workspace: follows the training, shows directions, projections and nearest images."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from core.events import Images
from core.language import _
from core.latent.request import LatentRequest, Point
from studio.main_window import EXPLORE, MainWindow
from studio.model.explore import ExploreSource, NearestQuery, Translator
from studio.model.train import TrainingState

if TYPE_CHECKING:
    from core.jobs.privacy_job import PrivacyReport
    from studio.dialogs.projection import ProjectionDialog
    from studio.model.explore import NearestImages, ProjectionProgress
    from studio.services.session import Session
    from studio.widgets.images.image_grid import ImageGrid

SAMPLES = "samples"
"""Slot of the images marked for a direction."""


class ExploreController:
    """Connects the Explore workspace with the generator service."""

    def __init__(self, window: MainWindow, session: Session, save_images: Callable[[Images, str, bool], None]) -> None:
        """`save_images` asks where to save images under a suggested name."""
        self._window, self._session, self._save_images = window, session, save_images
        self._follows = True
        self._newest: int | None = None
        """Newest step of the running training or the open run."""
        self._projection: ProjectionDialog | None = None
        self._then: Callable[[], object] | None = None
        """Function that waits for a generator."""

    # Following the training

    def follow(self, live: bool) -> None:
        """Explores the newest weights of the running training; costs nothing while Explore is hidden."""
        self._follows = live
        self._session.explore_training(live and self._window.pages.currentIndex() == EXPLORE)
        for panel in (self._window.explore, self._window.apply):
            panel.set_live(live)
        self.show_kind()
        self._show_newest()

    def stay(self, *_: object) -> None:
        """Explores an opened checkpoint, whatever is trained meanwhile."""
        self.follow(False)

    def with_generator(self, then: Callable[[], object]) -> None:
        """Calls `then` once the chosen generator is explored: the one in Explore or, where the training is followed,
        its newest weights."""
        if self._window.pages.currentIndex() == EXPLORE or not self._follows:
            then()
        else:
            self._then = then
            self._window.setCursor(Qt.CursorShape.BusyCursor)
            self._fetch()

    def give_up(self, *_: object) -> None:
        """Waits for a generator no longer: it cannot be explored."""
        self._then = None
        self._window.unsetCursor()

    def _fetch(self) -> None:
        """Explores the newest weights for what waits. A training that begins or ends has them after that."""
        state = self._session.training.state
        if state is TrainingState.IDLE and not self._has_newer():
            self._go_on()
        elif state not in (TrainingState.STARTING, TrainingState.STOPPING):
            self._session.explore_newest()

    def _go_on(self) -> None:
        if self._then is not None:
            QTimer.singleShot(0, self._then)  # a dialog may stay open long
            self.give_up()

    def set_newest(self, step: int | None) -> None:
        """Notes the newest step; None when another training begins."""
        self._newest = step
        self._show_newest()

    def _show_newest(self) -> None:
        """Offers weights newer than the explored ones, unless the training is followed."""
        is_followed = self._follows and self._session.training.is_running
        is_offered = self._session.explore.shown is not None and not is_followed and self._has_newer()
        for panel in (self._window.explore, self._window.apply):
            panel.set_newest(self._newest if is_offered else None)

    def _has_newer(self) -> bool:
        """Returns whether the training, or the run that is open, has newer weights than the explored ones."""
        source, run = self._session.explore.shown, self._session.training.run_folder
        if source is None or run is None:
            return run is not None
        return self._newest is not None and (source.home != run or self._newest > source.step)

    def show_workspace(self, _index: int) -> None:
        """Follows the switch to another workspace."""
        self.follow(self._follows)

    def show_state(self, state: TrainingState) -> None:
        """Follows a training that begins if nothing is explored yet; otherwise the person decides."""
        if state is TrainingState.STARTING and self._session.explore.shown is None:
            self.follow(True)
        self.show_kind()
        if self._then is not None:
            self._fetch()  # a training that ended may not have published its weights
        self._show_newest()

    def show_kind(self, *_: object) -> None:
        """Shows Explore or Apply: after the training that is followed, which may have no weights yet, or else after the
        generator that is shown."""
        explore, training = self._session.explore, self._session.training
        is_followed = self._follows and training.state is not TrainingState.IDLE
        settings = (explore.shown if explore.shown and not is_followed else training).settings
        if settings.translates and explore.translator is None:
            self._window.apply.show_translator(None)
        self._window.set_translates(settings.translates)

    def show_opening(self, name: str) -> None:
        """Shows which generator is being opened; empty: none is any more."""
        for panel in (self._window.explore, self._window.apply):
            panel.show_opening(name)

    def show_source(self, source: ExploreSource) -> None:
        """Shows another generator."""
        self.show_opening("")
        self.show_kind()
        self._window.explore.show_source(source)
        self._show_newest()
        self._go_on()

    def show_translator(self, translator: Translator) -> None:
        """Shows a generator that makes images from images, in place of Explore."""
        self.show_opening("")
        self._window.explore.show_source(None)
        self._window.apply.show_translator(translator)
        self.show_kind()
        self._show_newest()
        self.give_up()

    # Images

    def enlarge(self, grid: ImageGrid, index: int) -> None:
        """Enlarges an image of a grid."""
        from studio.widgets.images.image_viewer import ImageViewer

        images, generated = grid.images(), grid.is_generated
        viewer = ImageViewer(images, index, self._window, generated=generated, comparable=grid.comparable)
        viewer.nearest_requested.connect(lambda at: self.compare(images, at))
        self._session.jobs.ended.connect(viewer.end_comparing)
        viewer.save_requested.connect(lambda at: self._save_images(images[at : at + 1], _("image"), generated(at)))
        viewer.exec()
        viewer.deleteLater()

    def compare(self, images: Images, index: int) -> None:
        """Finds the training images nearest to one of the generated images."""
        self._session.generator.compare(NearestQuery(images, index, self._session.training.settings))

    # Dialogs

    def show_nearest(self, found: NearestImages) -> None:
        """Shows the nearest training images."""
        from studio.dialogs.nearest_images import NearestImagesDialog

        # An open viewer is modal and would block a dialog of the main window.
        dialog = NearestImagesDialog(found, QApplication.activeModalWidget() or self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.asked_otherwise.connect(lambda: self._session.generator.compare(found.asked.otherwise()))
        dialog.show()

    def show_privacy(self, report: PrivacyReport) -> None:
        """Shows the privacy report of a checkpoint."""
        from studio.dialogs.privacy import PrivacyDialog

        dialog = PrivacyDialog(list(report.lines()), self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def show_projection(self, progress: ProjectionProgress) -> None:
        """Opens the dialog on the first progress, then shows how the search proceeds."""
        from studio.dialogs.projection import ProjectionDialog

        if self._projection is None:
            dialog = self._projection = ProjectionDialog(self._window)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.use_requested.connect(partial(self._use, progress.source))
            dialog.stopped.connect(self._session.jobs.cancel)
            dialog.finished.connect(self._forget_projection)
            dialog.show()
        a = progress
        self._projection.show_projection(a.name, a.picture, a.image, a.done, a.psnr, a.point)

    def _use(self, source: ExploreSource, point: Point, name: str) -> None:
        """Shows the closest match with the generator that it was found for."""
        if source is not self._session.explore.source:
            self.follow(False)
        self._session.explore.recall(source, partial(self._window.explore.use, point, name))

    def _forget_projection(self) -> None:
        self._projection = None

    def samples(self) -> None:
        """Renders images to be marked for a direction."""
        from studio.dialogs.find_direction import FindDirectionDialog

        service = self._session.explore
        dialog = FindDirectionDialog(self._window.explore.like(), self._window)

        def show_images(slot: str, request: LatentRequest, images: Images) -> None:
            if slot == SAMPLES:
                dialog.show_images(request, images)

        dialog.requested.connect(lambda request: service.render(SAMPLES, request))
        dialog.chosen.connect(service.contrast)
        service.rendered.connect(show_images)
        dialog.ask()
        dialog.exec()
        service.rendered.disconnect(show_images)
        dialog.deleteLater()
