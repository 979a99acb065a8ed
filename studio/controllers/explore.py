"""The Explore workspace: follows the training, and opens the dialogs for films, directions, pictures and neighbours."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog

from core.errors import UserError
from core.events import Images
from core.export.animation import frame_positions, frame_requests
from core.latent.request import LatentRequest, Loop
from studio.main_window import EXPLORE, MainWindow
from studio.model.explore import ExploreSource, NeighbourQuery
from studio.model.train import TrainingState

if TYPE_CHECKING:
    from studio.dialogs.export_video import ExportVideoDialog, VideoChoice
    from studio.dialogs.find_direction import FindDirectionDialog
    from studio.dialogs.projection import ProjectionDialog
    from studio.model.explore import NearestImages, ProjectionProgress
    from studio.services.session import Session

SAMPLES, FRAME = "samples", "frame"
"""The slots of the images that a direction is made of, and of a video's preview."""
MODELS = "ONNX, for other programs (*.onnx);;PyTorch (*.pt2)"


class ExploreController:
    """Connects the Explore workspace with the generator."""

    def __init__(self, window: MainWindow, session: Session, save_images: Callable[[Images, str], None]) -> None:
        """`save_images` asks where to save images of a name."""
        self._window, self._session, self._save_images = window, session, save_images
        self._follows = True
        self._projection: ProjectionDialog | None = None
        self._samples: FindDirectionDialog | None = None
        self._film: ExportVideoDialog | None = None

    @property
    def _folder(self) -> Path:
        return (self._window.explore.home() or self._session.runs_folder) / "export"

    # Following the training

    def follow(self, live: bool) -> None:
        """Shows what the running training has learned so far; it costs nothing while nobody looks."""
        self._follows = live
        self._session.explore_training(live and self._window.pages.currentIndex() == EXPLORE)

    def show_workspace(self, _index: int) -> None:
        """Another workspace is on screen."""
        self.follow(self._follows)

    def show_state(self, state: TrainingState) -> None:
        """A training that begins is followed."""
        if state is TrainingState.STARTING:
            self._follows = True
            self._window.explore.set_live(True)

    def show_source(self, source: ExploreSource) -> None:
        """Another generator is explored."""
        if source.path is not None:  # a checkpoint is shown for itself, whatever is trained meanwhile
            self.follow(False)
        self._window.explore.set_live(self._follows)
        self._window.explore.show_source(source)

    # Images

    def enlarge(self, images: Images, index: int, generated: bool = False) -> None:
        """Enlarges one of some images; generated ones can be compared with the training's."""
        from studio.widgets.images.image_viewer import ImageViewer

        viewer = ImageViewer(images, index, self._window, comparable=generated)
        viewer.neighbours_requested.connect(lambda at: self.compare(images, at))
        self._session.jobs.ended.connect(viewer.end_comparing)
        viewer.save_requested.connect(lambda at: self._save_images(images[at : at + 1], "image"))
        viewer.exec()
        viewer.deleteLater()

    def compare(self, images: Images, index: int) -> None:
        """Finds the training images that are nearest to one of the generated ones that are shown."""
        self._session.generator.compare(NeighbourQuery(images, index, self._session.training.settings))

    # Dialogs

    def film(self) -> None:
        """Exports the trajectory of the tool in hand as a video."""
        from studio.dialogs.export_video import ExportVideoDialog

        explore = self._window.explore
        trajectory = explore.line()
        if trajectory is None:
            self._session.problem.emit(UserError("There is no way to film.", "Lead a path through two pins or more."))
            return
        per = "the whole turn" if isinstance(trajectory, Loop) else "each segment"
        dialog = ExportVideoDialog(
            "Export a film",
            self._folder,
            "walk",
            seconds=4.0 if isinstance(trajectory, Loop) else 2.0,
            count=lambda film: len(frame_positions(trajectory, film)),
            per=per,
            loops=not isinstance(trajectory, Loop),
            size=explore.exported()[1],
            frames=partial(frame_requests, trajectory),
            parent=self._window,
        )
        dialog.frame_requested.connect(lambda request: self._session.explore.render(FRAME, request))
        self._ask(
            dialog,
            lambda choice: self._session.generator.export_video(
                trajectory, choice.target, choice.film, choice.overwrite
            ),
        )

    def timelapse(self) -> None:
        """Exports the samples of the run that is open as a video."""
        from studio.dialogs.export_video import ExportVideoDialog

        run = self._session.training.run_folder
        if run is None:
            self._session.problem.emit(UserError("No run is open.", "Train, or open a run, and export its time-lapse."))
            return
        dialog = ExportVideoDialog(
            "Export a time-lapse",
            run / "export",
            "time-lapse",
            seconds=10.0,
            count=lambda film: film.frames,
            per="the whole film",
            parent=self._window,
        )
        self._ask(
            dialog,
            lambda choice: self._session.generator.export_timelapse(run, choice.target, choice.film, choice.overwrite),
        )

    def report(self) -> None:
        """A page about the run that is open, which may be training."""
        run = self._session.training.run_folder
        if run is None:
            self._session.problem.emit(UserError("No run is open.", "Train, or open a run, and save its report."))
            return
        start = str(run / f"{run.name}.html")  # a dialog can begin only in a folder that is there
        file, _ = QFileDialog.getSaveFileName(self._window, "Save a report", start, "Pages (*.html)")
        if file:
            path = Path(file)
            if path.suffix.lower() not in (".html", ".htm"):
                path = path.with_name(f"{path.name}.html")
            # The dialog has asked about the file of the name that was given, and about no other.
            self._session.generator.export_report(run, path, overwrite=path == Path(file))

    def _ask(self, dialog: ExportVideoDialog, use: Callable[[VideoChoice], None]) -> None:
        self._film = dialog
        dialog.accepted_film.connect(use)
        dialog.exec()
        self._film = None
        dialog.deleteLater()

    def generator(self) -> None:
        """The generator that is explored, for other programs."""
        start = str(self._folder / "generator.onnx")
        file, kind = QFileDialog.getSaveFileName(self._window, "Export the generator", start, MODELS)
        if file:
            path = Path(file)
            if path.suffix not in (".onnx", ".pt2"):
                path = path.with_name(path.name + (".pt2" if "pt2" in kind else ".onnx"))
            # The dialog has asked about the file of the name that was given, and about no other.
            self._session.generator.export_generator(path, overwrite=path == Path(file) and path.exists())

    def show_neighbours(self, found: NearestImages) -> None:
        """The answer to what was asked for."""
        from studio.dialogs.neighbours import NeighboursDialog

        # A viewer that is open is modal, and would keep the hand from what belongs to the window.
        dialog = NeighboursDialog(found, QApplication.activeModalWidget() or self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.asked_otherwise.connect(lambda: self._session.generator.compare(found.asked.otherwise()))
        dialog.show()

    def show_projection(self, progress: ProjectionProgress) -> None:
        """Opens the dialog at the first one, and shows how the search goes on."""
        from studio.dialogs.projection import ProjectionDialog

        if self._projection is None:
            dialog = self._projection = ProjectionDialog(self._window)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.kept.connect(self._window.explore.use)
            dialog.stopped.connect(self._session.jobs.cancel)
            dialog.finished.connect(self._forget_projection)
            dialog.show()
        a = progress
        self._projection.show_projection(a.name, a.picture, a.image, a.done, a.psnr, a.point)

    def _forget_projection(self) -> None:
        self._projection = None

    def samples(self) -> None:
        """Images to be marked, from which a direction is made."""
        from studio.dialogs.find_direction import FindDirectionDialog

        dialog = self._samples = FindDirectionDialog(self._window.explore.like(), self._window)
        dialog.requested.connect(lambda request: self._session.explore.render(SAMPLES, request))
        dialog.chosen.connect(self._session.explore.contrast)
        dialog.ask()
        dialog.exec()
        self._samples = None
        dialog.deleteLater()

    def show_images(self, slot: str, request: LatentRequest, images: Images) -> None:
        """What was rendered for the dialog that is open."""
        if slot == SAMPLES and self._samples is not None:
            self._samples.show_images(request, images)
        elif slot == FRAME and self._film is not None:
            self._film.show_frame(images)
