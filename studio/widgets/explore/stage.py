"""Center of the Explore workspace: the large image, and below it the current tool."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from PySide6.QtCore import QDir, QMimeData, QSignalBlocker, Qt, QUrl, Signal
from PySide6.QtGui import QDrag, QPixmap
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSplitter, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from core.events import Images
from core.latent.explore_state import Edit, ExploreState
from core.latent.request import LatentRequest, Mode, Walk
from studio import theme
from studio.widgets.basic.fitting_area import FittingArea
from studio.widgets.explore.point_mime import to_mime
from studio.widgets.explore.tools.tool import ToolModule, ToolView, discover
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.images.image_viewer import ImageViewer
from studio.widgets.images.tile_view import NO_IMAGES

MODES: dict[str, Mode] = {"Spherical (slerp)": "slerp", "Straight (lerp)": "lerp"}
LOW = 176
"""Height of a tool, unless it is tall."""


class ExploreStage(QSplitter):
    """Shows an `ExploreState`, and says what a hand changes in it. The setters emit nothing."""

    changed = Signal(object, str)
    """As `ToolView.changed`."""
    dropped = Signal(object, object)
    """As `ToolView.dropped`."""
    save_requested = Signal(str)
    """What of the small images, as an `ImageGrid` says it, or "image" for the large one."""

    neighbours_requested = Signal()
    """The training images nearest to the large image are wanted."""
    file_requested = Signal(object, object)
    """A `LatentRequest` whose image is being dragged away, and the `Path` at which other programs will look for it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._image = ImageGrid(generated=True, comparable=True)
        self._image.setAccessibleName("Image")
        self._image.set_empty_text("Rendering…")
        self._request: LatentRequest | None = None
        self._state = ExploreState()
        self._tabs, self._mode, self._pages = QTabBar(), QComboBox(), QStackedWidget()
        modules = discover()
        self._tools: dict[str, ToolView] = {name: module.View() for name, module in modules.items()}
        self._describe(modules)
        self._build()
        self._connect()

    @property
    def tool(self) -> ToolView:
        """The tool in hand."""
        return self._tools[self._state.tool]

    def restored(self, state: ExploreState, request: LatentRequest) -> ExploreState:
        """Returns the state that shows a request's first image, in the first tool that can; without an edit."""
        plain = replace(state, edit=Edit())
        for name, tool in self._tools.items():
            found = tool.restored(plain, request.trajectory)
            if found is not None:
                return tool.moved(replace(found, tool=name), request.positions[0] if request.positions else 0.0)
        return plain

    def show_state(self, state: ExploreState) -> None:
        """Shows what is set."""
        self._state = state
        with QSignalBlocker(self._tabs):
            self._tabs.setCurrentIndex(list(self._tools).index(state.tool))
        for view in self._tools.values():
            if view is not self.tool:
                view.stop()
        page = list(self._tools).index(state.tool)
        if self._pages.currentIndex() != page:
            self._pages.setCurrentIndex(page)
            below = self.height() // 2 if self.tool.is_tall else LOW
            self.setSizes([self.height() - below, below])
        self._mode.setCurrentIndex(self._mode.findData(state.mode))
        self._mode.setVisible(self.tool.interpolates)
        self.tool.show_state(state)

    def show_overview(self, images: Images) -> None:
        """Shows the tool's small images."""
        self.tool.show_overview(images)

    def await_image(self, request: LatentRequest) -> None:
        """Says that the large image has been asked for."""
        self._request = request
        self.tool.set_waiting(True)

    def show_image(self, request: LatentRequest, image: Images) -> None:
        """Shows an answer, perhaps to an older request."""
        self._image.set_images(image)
        if request == self._request:
            self.tool.set_waiting(False)

    def clear(self) -> None:
        """Shows nothing: there is no generator."""
        self.tool.stop()
        self._image.set_images(NO_IMAGES)
        self.tool.show_overview(NO_IMAGES)

    def image(self) -> Images:
        """Returns the large image, (1, H, W, C); none before it was rendered."""
        return self._image.images()

    def copy(self) -> bool:
        """Puts the image on the clipboard; returns whether there was one."""
        if not len(self._image.images()):
            return False
        self._image.copy(0)
        return True

    def _drag(self) -> None:
        """Drags the image away: as a file, as a picture, and as a point where it is the image of one."""
        assert self._request is not None
        first, picture = self._request.part(0, 1), self._image.image(0)
        name = uuid4().hex[:8]
        file = Path(QDir.tempPath(), f"gan-studio-{name}", f"{name}.png")  # a folder that is nobody else's
        self.file_requested.emit(first, file)  # it is there long before a hand lets go
        is_point = isinstance(first.trajectory, Walk) and len(first.trajectory.points) == 1
        mime = to_mime(first.trajectory.points[0]) if is_point else QMimeData()
        self._image.add_to(mime, 0)
        mime.setUrls([QUrl.fromLocalFile(str(file))])
        drag = QDrag(self)
        drag.setMimeData(mime)
        drag.setPixmap(QPixmap.fromImage(picture).scaled(72, 72, Qt.AspectRatioMode.KeepAspectRatio))
        drag.exec(Qt.DropAction.CopyAction)

    def _enlarge(self) -> None:
        viewer = ImageViewer(self._image.images(), 0, self, generated=True, comparable=True)
        viewer.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        viewer.save_requested.connect(lambda _: self.save_requested.emit("image"))
        viewer.neighbours_requested.connect(lambda _: self.neighbours_requested.emit())
        viewer.open()

    def _describe(self, modules: dict[str, ToolModule]) -> None:
        self._tabs.setAccessibleName("Tool")
        self._tabs.setDrawBase(False)
        self._tabs.setExpanding(False)
        for module in modules.values():
            self._tabs.addTab(theme.icon(module.ICON), module.TITLE)
        for label, mode in MODES.items():
            self._mode.addItem(label, mode)
        self._mode.setAccessibleName("Interpolation")
        self._mode.setToolTip("The way: around the sphere on which latents lie (slerp), or straight through it (lerp).")

    def _build(self) -> None:
        for view in self._tools.values():
            self._pages.addWidget(FittingArea(view))
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 12, 0)
        head.addWidget(self._tabs, 1)
        head.addWidget(self._mode)
        below = QWidget()
        below.setAutoFillBackground(True)  # or all that it stands on is painted with every move of a slider
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._pages, 1)
        self.setChildrenCollapsible(False)
        self.addWidget(self._image)
        self.addWidget(below)
        self.setStretchFactor(0, 1)
        self.setStretchFactor(1, 0)
        self.setSizes([10_000, LOW])

    def _connect(self) -> None:
        names = list(self._tools)
        self._tabs.currentChanged.connect(lambda index: self.changed.emit({"tool": names[index]}, ""))
        self._mode.activated.connect(lambda _: self.changed.emit({"mode": self._mode.currentData()}, ""))
        self._image.activated.connect(self._enlarge)
        self._image.neighbours_requested.connect(lambda _: self.neighbours_requested.emit())
        self._image.dragged.connect(self._drag)
        self._image.save_requested.connect(lambda _: self.save_requested.emit("image"))
        for view in self._tools.values():
            view.changed.connect(self.changed)
            view.dropped.connect(self.dropped)
            view.save_requested.connect(self.save_requested)
