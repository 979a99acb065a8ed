"""The window: builds the panels and lists every wire between them and the session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from PySide6.QtCore import QSettings, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox, QStackedWidget, QVBoxLayout, QWidget

from core.config import Settings, live_settings
from core.errors import Problem
from core.events import Images, Points, Report, Samples, Saved
from core.latent import LatentRequest
from studio.explorer import Source
from studio.menus import Menus
from studio.opening import OpenedDataset, OpenedRun
from studio.panels.data import DataPanel
from studio.session import Session, State
from studio.widgets.banner import Banner
from studio.widgets.footer import Footer
from studio.widgets.image_grid import ImageGrid
from studio.widgets.job_strip import JobStrip

if TYPE_CHECKING:
    from studio.dialogs.export import ExportChoice
    from studio.panels.explore import ExplorePanel
    from studio.panels.train import TrainPanel
    from studio.widgets.curve_plot import CurvePlot

MOST_RECENTS = 8
DATA, TRAIN, EXPLORE = range(3)


class MainWindow(QMainWindow):
    """Three workspaces that share one session.

    Only what the first look needs is built before the first paint; the Train and Explore workspaces, and the imports
    that they cause, follow right after it, or when somebody asks for them.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.data = DataPanel()
        self.banner, self.footer, self.jobs = Banner(), Footer(), JobStrip()
        self.pages = QStackedWidget()
        self._train: TrainPanel | None = None
        self._explore: ExplorePanel | None = None
        self._closing = False
        self._live = True
        self._is_painted = False
        self.setWindowTitle("GAN Studio")
        self.setAcceptDrops(True)
        self._build()
        self.menus = Menus(self)
        self._connect_data()
        self._connect_messages()
        self._restore()

    @property
    def train(self) -> TrainPanel:
        """The Train workspace."""
        self.complete()
        assert self._train is not None
        return self._train

    @property
    def explore(self) -> ExplorePanel:
        """The Explore workspace."""
        self.complete()
        assert self._explore is not None
        return self._explore

    def complete(self) -> None:
        """Builds what was left for after the first paint; a second call does nothing."""
        if self._train is not None:
            return
        from studio.panels.explore import ExplorePanel
        from studio.panels.train import TrainPanel

        self._train, self._explore = TrainPanel(), ExplorePanel()
        self.pages.addWidget(self._train)
        self.pages.addWidget(self._explore)
        self._settings = self._train.form.settings()
        self._connect_training()
        self._connect_explore()
        for name, splitter in self._train.splitters.items():
            if state := QSettings().value(f"splitter/{name}"):
                splitter.restoreState(state)
        self.show_state(State.IDLE)

    def _build(self) -> None:
        self.pages.addWidget(self.data)
        central = QWidget()
        column = QVBoxLayout(central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        messages = QVBoxLayout()
        messages.setContentsMargins(16, 8, 16, 0)
        messages.addWidget(self.banner)
        column.addLayout(messages)
        column.addWidget(self.pages, 1)
        column.addWidget(self.jobs)
        column.addWidget(self.footer)
        self.setCentralWidget(central)
        room = self.screen().availableSize()
        self.resize(min(1280, room.width()), min(800, room.height() - 40))  # 40: the frame that the desktop adds

    # Wires

    def _connect_data(self) -> None:
        self.data.opened.connect(self.open_path)
        self.data.open_folder_requested.connect(self.ask_folder)
        self.data.open_zip_requested.connect(self.ask_zip)
        self.data.cancelled.connect(self.session.cancel_scan)
        self.data.sheet_requested.connect(self.draw_sheet)
        self.data.train_requested.connect(self.show_settings)
        self.session.scan_progressed.connect(self.data.show_progress)
        self.session.scan_ended.connect(self.data.end_progress)
        self.session.dataset_opened.connect(self.show_dataset)
        self.session.sheet_drawn.connect(self.data.show_sheet)

    def _connect_training(self) -> None:
        self.footer.start_requested.connect(self.start)
        self.footer.pause_requested.connect(self.session.pause)
        self.footer.resume_requested.connect(self.session.go_on)
        self.footer.stop_requested.connect(self.session.stop)
        self.train.pause_requested.connect(self.footer.toggle_pause)
        self.train.fresh_requested.connect(self.session.begin_anew)
        self.train.image_activated.connect(self.enlarge)
        self.train.grid_save_requested.connect(self.save_grid)
        self.train.plot_save_requested.connect(self.save_plot)
        self.train.plane_save_requested.connect(self.save_plane)
        self.train.playground.step_requested.connect(self.session.single_step)
        self.train.playground.pace_changed.connect(self.session.set_pace)
        self.train.form.live_edited.connect(self.edit)
        self.session.edited.connect(self.train.show_edit)
        self.session.devices_found.connect(self.train.set_devices)
        self.session.state_changed.connect(self.show_state)
        self.session.start_progressed.connect(self.footer.show_starting)
        self.session.tuned.connect(self.footer.show_tuned)
        self.session.run_began.connect(self.train.clear)
        self.session.run_continued.connect(self.train.rewind)
        self.session.run_opened.connect(self.show_run)
        self.session.reported.connect(self.show_reports)
        self.session.sampled.connect(self.show_samples)
        self.session.resume_changed.connect(self.show_resume)

    def _connect_explore(self) -> None:
        self.explore.requested.connect(self.session.render)
        self.explore.live_changed.connect(self.follow)
        self.pages.currentChanged.connect(lambda _: self.follow(self._live))
        self.explore.open_requested.connect(self.ask_checkpoint)
        self.explore.export_requested.connect(self.ask_export)
        self.session.source_changed.connect(self.show_source)
        self.session.rendered.connect(self.explore.show_images)

    def _connect_messages(self) -> None:
        self.session.problem.connect(self.show_problem)
        self.session.notice.connect(self.banner.show_notice)
        self.session.saved.connect(self.show_saved)
        self.session.opened.connect(self.show_opened)
        self.session.job_progressed.connect(self.jobs.show_progress)
        self.session.job_ended.connect(self.jobs.hide)
        self.jobs.cancelled.connect(self.session.cancel_job)
        self.pages.currentChanged.connect(self.menus.show_workspace)

    # Opening

    def open_path(self, source: str) -> None:
        """A folder, zip, run, checkpoint or `sample:NAME`, from wherever it came."""
        self.banner.dismiss()
        self.session.open_path(source)

    def ask_folder(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "Open a folder of images"):
            self.open_path(folder)

    def ask_zip(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, "Open a zip of images", filter="Zip files (*.zip)")
        if file:
            self.open_path(file)

    def ask_run(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "Open the folder of a run", str(self.session.runs)):
            self.open_path(folder)

    def ask_checkpoint(self) -> None:
        from studio.dialogs.open_checkpoint import OpenCheckpointDialog

        dialog = OpenCheckpointDialog(self)
        dialog.chosen.connect(lambda path: self.open_path(str(path)))
        dialog.folder_requested.connect(self.session.list_checkpoints)
        self.session.checkpoints_listed.connect(dialog.show_summaries)
        self.session.problem.connect(dialog.show_problem)  # the banner is behind the dialog
        dialog.show_busy(True)
        self.session.list_checkpoints(self.session.runs)
        dialog.exec()
        dialog.deleteLater()

    def show_opened(self, source: str, workspace: str) -> None:
        """Something was recognised and is being opened: go where it will appear, and remember it."""
        self.show_workspace({"data": DATA, "run": TRAIN, "checkpoint": EXPLORE}[workspace])
        if workspace == "data":
            recents = [source, *(recent for recent in self._recents() if recent != source)][:MOST_RECENTS]
            QSettings().setValue("recents", recents)
            self.data.set_recents(recents)

    def draw_sheet(self, count: int, seed: int, seen: bool) -> None:
        """Some of the images, as they are or as the discriminator sees them."""
        if not seen:
            self.session.draw_sheet(count, seed)
            return
        try:
            self.session.draw_seen(self.train.form.settings(), count, seed)
        except Problem as problem:
            self.show_problem(problem)

    # Showing

    def show_workspace(self, index: int) -> None:
        self.complete()
        self.pages.setCurrentIndex(index)

    def show_settings(self) -> None:
        self.show_workspace(TRAIN)
        self.train.form.widget("preset").setFocus()

    def show_dataset(self, opened: OpenedDataset) -> None:
        self.data.show_dataset(opened.facts, opened.sheet)
        self.train.form.set_data(len(opened.facts.classes), opened.facts.points)
        self.train.fit_to_data(opened.facts.size, opened.facts.count)
        if opened.facts.points:
            self.train.show_real_points(opened.dataset.images[:, :, 0, 0].astype(np.float32))
        else:
            self.train.show_reals(opened.sheet)
        self.show_state(self.session.state)

    def show_state(self, state: State) -> None:
        """What can be done now, everywhere in the window."""
        running = state in (State.RUNNING, State.PAUSED)
        if state is State.IDLE:
            self.footer.show_idle(self.session.dataset is not None, self.session.resume is not None)
        elif state is State.STARTING:
            self.footer.show_starting()
        elif state is State.STOPPING:
            self.footer.show_stopping()
        else:
            self.footer.show_running(state is State.PAUSED)
        self.train.set_running(state is not State.IDLE)
        self.train.playground.set_paused(state is State.PAUSED)
        if state is State.STARTING:
            self._live = True
            self.explore.set_live(True)
        self.explore.set_training(running)
        self.menus.start.setEnabled(state is State.IDLE and self.session.dataset is not None)
        self.menus.pause.setEnabled(running)
        self.menus.stop.setEnabled(running or state is State.STARTING)
        self.menus.save.setEnabled(running or self.session.resume is not None)
        if state is State.IDLE and self._closing:
            self.close()

    def follow(self, live: bool) -> None:
        """Whether Explore shows what the running training has learned so far; it costs nothing while nobody looks."""
        self._live = live
        self.session.explore_training(live and self.pages.currentIndex() == EXPLORE)

    def show_source(self, source: Source) -> None:
        self._live = source.path is None
        self.explore.set_live(self._live)
        self.explore.show_source(source)
        if source.path is not None and self.session.state is State.IDLE:
            self.train.form.set_settings(source.settings)

    def show_reports(self, reports: list[Report]) -> None:
        self.train.show_reports(reports)
        self.footer.show_report(reports[-1], self._settings)

    def show_samples(self, samples: Samples | Points) -> None:
        if isinstance(samples, Points):
            self.train.show_points(samples)
        else:
            self.train.show_samples(samples)

    def show_run(self, run: OpenedRun) -> None:
        self.train.set_history(run.history, run.edits)
        self.train.form.set_settings(run.settings)
        self.show_samples(run.samples)

    def show_resume(self, checkpoint: Path | None) -> None:
        text = f"Continues from step {int(checkpoint.stem):,}" if checkpoint and checkpoint.stem.isdecimal() else ""
        self.train.set_resume(text or (f"Continues from {checkpoint.name}" if checkpoint else ""))
        if self.session.state is State.IDLE:
            self.show_state(State.IDLE)

    def show_saved(self, saved: Saved, asked: bool) -> None:
        self._save_failed = False
        if asked:
            self.banner.show_good(f"Saved: {saved.path}")
        else:
            self.footer.show_saved(saved.step)

    def show_problem(self, problem: Problem) -> None:
        self._closing = False
        self.banner.show_problem(problem.what, problem.remedy, problem.details)

    def enlarge(self, images: Images, index: int) -> None:
        from studio.widgets.image_viewer import ImageViewer

        viewer = ImageViewer(images, index, self)
        viewer.save_requested.connect(lambda at: self._save_images(images[at : at + 1], "image"))
        viewer.exec()
        viewer.deleteLater()

    def toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ self.windowState().WindowFullScreen)

    # Training and saving

    def start(self) -> None:
        """Begins, or continues from the checkpoint that is set."""
        try:
            self._settings = self.train.form.settings()
        except Problem as problem:
            self.show_problem(problem)
            return
        self.banner.dismiss()
        self.show_workspace(TRAIN)
        self.session.start(self._settings)

    def edit(self, settings: Settings) -> None:
        """The person changed a setting of the running training.

        Only what can change counts: another dataset may have been opened meanwhile, and have fitted the rest to itself.
        """
        self._settings = self._settings.changed(**{name: getattr(settings, name) for name in live_settings()})
        self.session.edit(self._settings)

    def ask_save(self) -> None:
        start = str((self.session.run_folder or Path.home()) / "checkpoint.safetensors")
        file, _ = QFileDialog.getSaveFileName(self, "Save a checkpoint", start, "Checkpoints (*.safetensors)")
        if file:
            self.session.save(Path(file).with_suffix(".safetensors"))

    def ask_export(self, request: LatentRequest | None = None) -> None:
        from studio.dialogs.export import ExportDialog

        request = request or self.explore.current_request()
        images, names = self._chosen_images(request)
        folder = self.session.export_folder()
        size = (images.shape[2], images.shape[1]) if len(images) else self.train.form.settings().size
        dialog = ExportDialog(request, len(images), folder, self, size=size)
        dialog.accepted_request.connect(lambda choice: self._export(choice, images, names))
        dialog.exec()
        dialog.deleteLater()

    def save_grid(self, what: str, grid: ImageGrid) -> None:
        """The grid as one PNG, or some of its images as one each."""
        images = grid.images()
        if what == "grid":
            if path := self._ask_picture("grid.png"):
                self.session.save_grid(images, path, grid.columns())
        elif what == "image":
            self._save_images(images[grid.current() : grid.current() + 1], "image")
        else:
            self._save_images(images[grid.selected()], "sample")

    def save_plot(self, kind: str, plot: CurvePlot) -> None:
        if path := self._ask_picture(f"losses.{kind}"):
            self.session.save_plot(plot.picture() if kind == "png" else plot.numbers(), path)

    def save_plane(self) -> None:
        """The playground's plane as it is seen."""
        if path := self._ask_picture("points.png"):
            self.session.save_plot(self.train.playground.view.picture(), path)

    def _chosen_images(self, request: LatentRequest) -> tuple[Images, list[str]]:
        """The images that are selected on the workspace that is open, and names that say which they are."""
        if self.pages.currentIndex() == EXPLORE:
            images, seeds = self.explore.current_images(), "-".join(f"{seed:04d}" for seed in request.seeds)
            return images, [f"seeds{seeds}-at-{position:.3f}.png" for position in request.positions[: len(images)]]
        return self.train.samples.images()[self.train.samples.selected()], self.train.sample_names()

    def _export(self, choice: ExportChoice, images: Images, names: list[str]) -> None:
        if choice.request is not None:
            self.session.export(choice.request, choice.folder, choice.overwrite)
        else:
            self.session.export_images(images, names, choice.folder, choice.overwrite)

    def _save_images(self, images: Images, name: str) -> None:
        if len(images) == 1:
            if path := self._ask_picture(f"{name}.png"):
                self.session.save_grid(images, path)
        elif folder := QFileDialog.getExistingDirectory(self, "Save the images in a folder"):
            names = [f"{name}{index:04d}.png" for index in range(len(images))]
            self.session.export_images(images, names, Path(folder), overwrite=False)

    def _ask_picture(self, name: str) -> Path | None:
        kind = Path(name).suffix
        start = str(self.session.export_folder() / name)
        file, _ = QFileDialog.getSaveFileName(self, "Save", start, f"{kind[1:].upper()} (*{kind})")
        return Path(file).with_suffix(kind) if file else None

    # Dropping, closing, remembering

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self.data.drop_area.set_highlighted(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.data.drop_area.set_highlighted(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.data.drop_area.set_highlighted(False)
        event.acceptProposedAction()
        self.open_path(next(url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self._go_on_after_first_paint)

    def _go_on_after_first_paint(self) -> None:
        self.complete()
        self.session.warm_up()  # torch takes seconds to import

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.session.state is not State.IDLE:
            event.ignore()
            if not self._closing:
                self._ask_before_closing()
            return
        self._remember()
        self.session.shutdown()
        event.accept()

    def _ask_before_closing(self) -> None:
        box = QMessageBox(QMessageBox.Icon.Question, "GAN Studio", "A training is running.", parent=self)
        box.setInformativeText("It can be saved now and continued another day, exactly where it stopped.")
        save = box.addButton("Save and close", QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton("Close without saving", QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton("Keep training", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(save)
        box.setEscapeButton(keep)
        box.exec()
        chosen = box.clickedButton()
        box.deleteLater()
        if chosen in (save, discard):
            self._closing = True
            self.session.stop() if chosen is save else self.session.abandon()

    def _recents(self) -> list[str]:
        return cast(list[str], QSettings().value("recents", [], type=list))

    def _restore(self) -> None:
        settings = QSettings()
        if geometry := settings.value("geometry"):
            self.restoreGeometry(geometry)
        self.data.set_recents(self._recents())

    def _remember(self) -> None:
        settings = QSettings()
        settings.setValue("geometry", self.saveGeometry())
        self.train.show_plane(False)  # what is remembered is how images are laid out
        for name, splitter in self.train.splitters.items():
            settings.setValue(f"splitter/{name}", splitter.saveState())
