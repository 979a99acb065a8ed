"""The window: builds the panels, and shows on them what the session tells it. `studio.controllers.connections` connects
them."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox, QStackedWidget, QVBoxLayout, QWidget

from core import diagnosis
from core.config.settings import Settings, live_settings
from core.errors import UserError
from core.events import Images, Report, Saved, Tuned
from studio import window_state
from studio.controllers import connections
from studio.controllers.data import DataController
from studio.controllers.data_library import DataLibraryController
from studio.controllers.explore import ExploreController
from studio.controllers.menus import Menus
from studio.controllers.run_comparison import RunComparisonController
from studio.controllers.saving import SavingController
from studio.controllers.training_health import TrainingHealthController
from studio.model.data import FILES
from studio.model.explore import ExploreSource, NeighbourQuery
from studio.model.train import OpenedRun, TrainingState
from studio.panels.data import DataPanel
from studio.services.session import Session
from studio.widgets.basic.banner import Banner
from studio.widgets.basic.job_strip import JobStrip
from studio.widgets.plots.pyqtgraph_import import pyqtgraph_import
from studio.widgets.train.footer import Footer

if TYPE_CHECKING:
    from studio.panels.explore import ExplorePanel
    from studio.panels.train import TrainPanel

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
        self.banner, self.footer = Banner(), Footer()
        self.jobs = JobStrip("Stop this job; what is written already stays")
        self.reading = JobStrip("Read no more of this run; what is on screen already stays")
        self.pages = QStackedWidget()
        self._train: TrainPanel | None = None
        self._explore: ExplorePanel | None = None
        self._closing = False
        self._live = True
        self._is_painted = False
        self.setWindowTitle("GAN Studio")
        self.setAcceptDrops(True)
        self._build()
        self.save_dialogs = SavingController(self)
        self.stock_dialogs = DataLibraryController(self)
        self.lab_dialogs = ExploreController(self)
        self.comparing = RunComparisonController(self)
        self.intake = DataController(self)
        self.health = TrainingHealthController(self)
        self.menus = Menus(self)
        connections.connect_data(self)
        connections.connect_messages(self)
        window_state.restore_place(self)
        self.data.set_recents(window_state.recents())

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
        self.settings = self._train.form.settings()
        connections.connect_training(self)
        connections.connect_explore(self)
        window_state.restore_splitters(self._train.splitters)
        self.show_state(TrainingState.IDLE)

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
        column.addWidget(self.reading)
        column.addWidget(self.jobs)
        column.addWidget(self.footer)
        self.setCentralWidget(central)
        room = self.screen().availableSize()
        self.resize(min(1280, room.width()), min(800, room.height() - 40))  # 40: the frame that the desktop adds

    # Opening

    def open_path(self, source: str) -> None:
        """A dataset, a run, a checkpoint, an exported image or `sample:NAME`, from wherever it came."""
        self.banner.dismiss()
        self.session.reader.recognise(source)

    def ask_folder(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "Open a folder of images"):
            self.open_path(folder)

    def ask_file(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, "Open a file of images", filter=FILES)
        if file:
            self.open_path(file)

    def ask_run(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "Open the folder of a run", str(self.session.runs)):
            self.open_path(folder)

    def ask_checkpoint(self) -> None:
        from studio.dialogs.open_checkpoint import OpenCheckpointDialog

        dialog = OpenCheckpointDialog(self)
        dialog.chosen.connect(lambda path: self.open_path(str(path)))
        dialog.folder_requested.connect(self.session.reader.list_checkpoints)
        self.session.reader.checkpoints_listed.connect(dialog.show_summaries)
        self.session.problem.connect(dialog.show_problem)  # the banner is behind the dialog
        dialog.show_busy(True)
        self.session.reader.list_checkpoints(self.session.runs)
        dialog.exec()
        dialog.deleteLater()

    def show_opened(self, source: str, workspace: str) -> None:
        """Something was recognised and is being opened: go where it will appear, and remember it."""
        self.show_workspace({"data": DATA, "run": TRAIN}.get(workspace, EXPLORE))
        if workspace == "data":
            self.data.set_recents(window_state.add_recent(source))
            self.intake.open(source)

    # Showing

    def show_workspace(self, index: int) -> None:
        self.complete()
        self.pages.setCurrentIndex(index)

    def show_settings(self) -> None:
        self.show_workspace(TRAIN)
        self.train.form.widget("preset").setFocus()

    def show_state(self, state: TrainingState) -> None:
        """What can be done now, everywhere in the window."""
        running = state in (TrainingState.RUNNING, TrainingState.PAUSED)
        if state is TrainingState.IDLE:
            self.footer.show_idle(self.session.dataset is not None, self.session.resume is not None)
        elif state is TrainingState.STARTING:
            self.footer.show_starting()
        elif state is TrainingState.STOPPING:
            self.footer.show_stopping()
        else:
            self.footer.show_running(state is TrainingState.PAUSED)
        self.train.set_running(state is not TrainingState.IDLE)
        self.intake.show_state(state)
        self.train.playground.set_paused(state is TrainingState.PAUSED)
        if state is TrainingState.STARTING:
            self._live = True
            self.explore.set_live(True)
        self.explore.set_training(running)
        self.menus.start.setEnabled(state is TrainingState.IDLE and self.session.dataset is not None)
        self.menus.pause.setEnabled(running)
        self.menus.measure.setEnabled(running or (state is TrainingState.IDLE and self.session.resume is not None))
        self.menus.stop.setEnabled(running or state is TrainingState.STARTING)
        self.menus.save.setEnabled(running or self.session.resume is not None)
        if state is TrainingState.IDLE and self._closing:
            self.close()

    def show_arrival(self, index: int) -> None:
        """Another workspace is on screen."""
        self.menus.show_workspace(index)
        self.follow(self._live)

    def follow(self, live: bool) -> None:
        """Whether Explore shows what the running training has learned so far; it costs nothing while nobody looks."""
        self._live = live
        self.session.explore_training(live and self.pages.currentIndex() == EXPLORE)

    def show_source(self, source: ExploreSource) -> None:
        if source.path is not None:  # a checkpoint is shown for itself, whatever is trained meanwhile
            self.follow(False)
        self.explore.set_live(self._live)
        self.explore.show_source(source)

    def show_tuned(self, tuned: Tuned) -> None:
        self.footer.show_tuned(tuned, self.settings)

    def show_reports(self, reports: list[Report]) -> None:
        self.train.show_reports(reports)
        self.footer.show_report(reports[-1], self.settings)

    def show_run(self, run: OpenedRun) -> None:
        self.train.set_history(run.history, run.facts.edits)
        self.settings = run.settings
        self.train.form.set_settings(run.settings)
        self.train.show_samples(run.samples)

    def show_resume(self, checkpoint: Path | None) -> None:
        text = f"Continues from step {int(checkpoint.stem):,}" if checkpoint and checkpoint.stem.isdecimal() else ""
        self.train.set_resume(text or (f"Continues from {checkpoint.name}" if checkpoint else ""))
        if self.session.state is TrainingState.IDLE:
            self.show_state(TrainingState.IDLE)

    def offer_resume(self, checkpoint: Path) -> None:
        """Other images were opened than those that the checkpoint was trained on."""
        self.banner.show_offer(
            f"A new training begins with these images: {checkpoint.name} was trained on others.",
            "Continue from it anyway",
            lambda: self.session.set_resume(checkpoint),
        )

    def show_saved(self, saved: Saved, asked: bool) -> None:
        if asked and saved.path.suffix.lower() in (".html", ".htm"):
            url = QUrl.fromLocalFile(str(saved.path))
            self.banner.show_offer(f"Saved: {saved.path}", "Open", lambda: QDesktopServices.openUrl(url), "good")
        elif asked:
            url = QUrl.fromLocalFile(str(saved.path if saved.path.suffix == "" else saved.path.parent))
            self.banner.show_offer(f"Saved: {saved.path}", "Show", lambda: QDesktopServices.openUrl(url), "good")
        else:
            self.footer.show_saved(saved.step)

    def show_problem(self, problem: UserError) -> None:
        self._closing = False
        self.banner.show_problem(problem.what, problem.remedy, problem.details)

    def enlarge(self, images: Images, index: int, generated: bool = False) -> None:
        """One of some images; generated ones can be compared with the training's."""
        from studio.widgets.images.image_viewer import ImageViewer

        viewer = ImageViewer(images, index, self, comparable=generated)
        viewer.neighbours_requested.connect(lambda at: self.compare(images, at))
        self.session.jobs.ended.connect(viewer.end_comparing)
        viewer.save_requested.connect(lambda at: self.save_dialogs.save_images(images[at : at + 1], "image"))
        viewer.exec()
        viewer.deleteLater()

    def compare(self, images: Images, index: int) -> None:
        """The training images that are nearest to one of the generated ones that are shown."""
        self.session.laboratory.compare(NeighbourQuery(images, index, self.settings))

    def toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ self.windowState().WindowFullScreen)

    # Training

    def start(self) -> None:
        """Begins, or continues from the checkpoint that is set."""
        try:
            self.settings = self.train.form.settings()
        except UserError as problem:
            self.show_problem(problem)
            return
        self.banner.dismiss()
        self.show_workspace(TRAIN)
        self.session.start(self.settings)

    def edit(self, settings: Settings) -> None:
        """The person changed a setting of the running training.

        Only what can change counts: another dataset may have been opened meanwhile, and have fitted the rest to itself.
        """
        self.settings = self.settings.changed(**{name: getattr(settings, name) for name in live_settings()})
        self.session.edit(self.settings)

    # Dropping, painting, closing

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        # An image that is dragged out of this window is a file for other programs only.
        if event.source() is None and any(url.isLocalFile() for url in event.mimeData().urls()):
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
        Thread(target=diagnosis.load).start()
        # Torch last: while the system loads its libraries, whoever imports another compiled module stops the window.
        pyqtgraph_import.ended.connect(self.session.exploration.find_devices, Qt.ConnectionType.SingleShotConnection)
        pyqtgraph_import.begin()
        self.session.exploration.start()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.session.state is not TrainingState.IDLE:
            event.ignore()
            if not self._closing:
                self._ask_before_closing()
            return
        self.train.show_plane(False)  # what is remembered is how images are laid out
        window_state.keep(self, self.train.splitters)
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
