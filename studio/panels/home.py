"""Panel of the Home workspace: a drop target, and recent runs and datasets."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.language import _
from studio.model.home import Project, ProjectRead, ProjectsListed
from studio.widgets.basic.flow_layout import FlowLayout
from studio.widgets.basic.labels import Label
from studio.widgets.home.drop_area import DropArea
from studio.widgets.home.project_card import ProjectCard


class HomePanel(QWidget):
    """First page of the window, the only one built before the first paint."""

    opened = Signal(str)
    """A path, `sample:NAME` or `toy:NAME`."""
    open_folder_requested = Signal()
    open_file_requested = Signal()
    download_requested = Signal()
    tour_requested = Signal()

    def __init__(self, has_projects: bool = False, parent: QWidget | None = None) -> None:
        """`has_projects`: reserve room for expected cards."""
        super().__init__(parent)
        self.drop_area = DropArea()
        self.drop_area.chosen.connect(self.opened)
        self.drop_area.open_folder_requested.connect(self.open_folder_requested)
        self.drop_area.open_file_requested.connect(self.open_file_requested)
        self.drop_area.download_requested.connect(self.download_requested)
        self.drop_area.tour_requested.connect(self.tour_requested)
        self._runs, self._datasets = _Shelf(_("Runs")), _Shelf(_("Datasets"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(16)
        layout.addWidget(self.drop_area, 1)
        for shelf in (self._runs, self._datasets):
            shelf.chosen.connect(self.opened)
            layout.addWidget(shelf)
        layout.addStretch()
        self._column = layout
        self._leave_room(has_projects)

    def show_projects(self, found: ProjectsListed) -> None:
        """Shows the runs and datasets."""
        self._runs.show_projects(found.runs)
        self._datasets.show_projects(found.datasets)
        self._leave_room(bool(found.runs or found.datasets))
        self._offer_last()

    def show_read(self, read: ProjectRead) -> None:
        """Shows a project's preview, or why it cannot be read."""
        for card in self.cards():
            if card.project.source == read.source:
                card.show_read(read)
        self._offer_last()

    def cards(self) -> list[ProjectCard]:
        """Returns the cards of runs, then those of datasets."""
        return [*self._runs.cards, *self._datasets.cards]

    def _leave_room(self, for_cards: bool) -> None:
        """Gives the drop area all the room, unless there are cards below it."""
        self.drop_area.set_compact(for_cards)
        self._column.setStretchFactor(self.drop_area, 0 if for_cards else 1)

    def _offer_last(self) -> None:
        whole = (card.project for card in self._runs.cards if not card.problem and card.project.step >= 0)
        self.drop_area.offer(next(whole, None))


class _Shelf(QWidget):
    """Cards of one kind below their title; hidden while there are none."""

    chosen = Signal(str)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards: list[ProjectCard] = []
        label = Label(title)
        label.setObjectName("title")
        self._flow = FlowLayout(spacing=12)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(label)
        column.addLayout(self._flow)
        self.hide()

    def show_projects(self, projects: Sequence[Project]) -> None:
        """Updates the cards; remaining ones keep their preview and the focus."""
        held = {card.project.source: card for card in self.cards}
        while self._flow.takeAt(0) is not None:
            pass
        self.cards = []
        for project in projects:
            card = held.pop(project.source, None)
            if card is None:
                card = ProjectCard(project)
                card.chosen.connect(self.chosen)
            card.show_project(project)
            self._flow.addWidget(card)
            self.cards.append(card)
        for card in held.values():
            card.setParent(None)
            card.deleteLater()
        for before, after in zip(self.cards, self.cards[1:], strict=False):
            QWidget.setTabOrder(before, after)
        self.setVisible(bool(self.cards))
