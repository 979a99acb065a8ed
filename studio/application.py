"""Composition root: builds the session, the window and the controllers, and connects them."""

from __future__ import annotations

from threading import Thread

from PySide6.QtCore import Qt

from core import diagnosis
from studio.controllers import connections
from studio.controllers.apply import ApplyController
from studio.controllers.computer import ComputerController
from studio.controllers.connections import Controllers
from studio.controllers.data import DataController
from studio.controllers.dialogs.context import DialogContext
from studio.controllers.explore import ExploreController
from studio.controllers.feature_weights import FeatureWeightsController
from studio.controllers.learn import LearnController
from studio.controllers.menus import Menus
from studio.controllers.open import OpenController
from studio.controllers.queue import QueueController
from studio.controllers.saving import SavingController
from studio.controllers.search.controller import SearchController
from studio.controllers.shell.appearance import AppearanceController
from studio.controllers.shell.closing import ClosingController
from studio.controllers.shell.crashes import CrashController
from studio.controllers.shell.editing import EditingController
from studio.controllers.shell.help import HelpController
from studio.controllers.shell.home import HomeController
from studio.controllers.shell.language import LanguageController
from studio.controllers.shell.title import TitleController
from studio.controllers.tour import TourController
from studio.controllers.train import TrainController
from studio.controllers.training_health import TrainingHealthController
from studio.controllers.watching import WatchController
from studio.main_window import MainWindow
from studio.model.train import TrainingState
from studio.services.session import Session
from studio.widgets.plots.pyqtgraph_import import pyqtgraph_import


class Application:
    """One window with everything behind it. The only place that knows services, controllers and views."""

    def __init__(self, window: MainWindow | None = None) -> None:
        self.session = Session()
        self.window = window or MainWindow()
        self.controllers = self._build_controllers()
        parts = self.window, self.session, self.controllers
        connections.connect_window(*parts)
        connections.connect_menus(*parts)
        connections.connect_home(*parts)
        connections.connect_shell(*parts)
        self.window.completed.connect(self._connect_the_rest)
        self.window.painted.connect(self._warm_up)
        self.window.closed.connect(self.session.shutdown)

    def open(self, source: str) -> None:
        """Opens a dataset, run, checkpoint, image or `sample:NAME`."""
        self.controllers.open.open(source)

    def end(self) -> None:
        """Saves a running training and closes the window, without asking."""
        self.controllers.closing.end()

    @property
    def is_ending(self) -> bool:
        """Returns whether a training is being saved before the window closes."""
        return self.controllers.closing.is_closing and self.session.training.state is not TrainingState.IDLE

    def _build_controllers(self) -> Controllers:
        window, session = self.window, self.session
        menus = Menus(window)
        opening, saving = OpenController(window, session), SavingController(window, session)
        train = TrainController(window, session, menus)
        explore = ExploreController(window, session, saving.save_images)
        return Controllers(
            menus,
            opening,
            DataController(window, session),
            train,
            WatchController(window, session, train.start),
            TrainingHealthController(window, session, train.start, opening.open),
            explore,
            ApplyController(window, session, opening),
            QueueController(window, session, opening.open),
            SearchController(window, session, opening.open),
            saving,
            FeatureWeightsController(window, session),
            DialogContext(window, session, opening.open, explore.with_generator),
            ComputerController(window, session),
            LearnController(window),
            TourController(window, session, opening.open, train.start),
            HomeController(window, session, opening.open),
            ClosingController(window, session),
            AppearanceController(menus),
            LanguageController(window, menus),
            EditingController(window, menus),
            HelpController(window, session),
            TitleController(window, session),
            CrashController(window, session),
        )

    def _connect_the_rest(self) -> None:
        """Connects the workspaces built after the first paint."""
        connections.connect_data(self.window, self.session, self.controllers)
        connections.connect_train(self.window, self.session, self.controllers)
        connections.connect_explore(self.window, self.session, self.controllers)
        connections.connect_apply(self.window, self.session, self.controllers)
        connections.connect_queue(self.window, self.session, self.controllers)
        self.controllers.train.refresh()

    def _warm_up(self) -> None:
        """Imports modules that will be needed in threads."""
        Thread(target=diagnosis.load).start()
        # Torch last: while the system loads its libraries, an import of another compiled module blocks the window.
        pyqtgraph_import.ended.connect(self.session.explore.find_devices, Qt.ConnectionType.SingleShotConnection)
        pyqtgraph_import.begin()
        self.session.explore.start()
        self.session.queue.start()
        self.session.search.start()
